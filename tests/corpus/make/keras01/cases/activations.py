"""Advanced activations: alone, on vectors and on sequences."""

from record import Made, case


@case("k033 k122tf", "weights", "alphas and betas as arrays; thresholds in the config")
def activations_vectors(era):
    """LSTM, LeakyReLU, Dense, PReLU, Dense, ELU, Dense, ThresholdedReLU, Dense"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, input_shape=(6, 3)))
    model.add(L.LeakyReLU(0.2))
    model.add(L.Dense(5))
    model.add(L.PReLU())
    model.add(L.Dense(5))
    model.add(L.ELU(0.7))
    model.add(L.Dense(5))
    model.add(L.ThresholdedReLU(0.1))
    model.add(L.Dense(4))
    return Made(model, era.x(6, 3))


@case("k122tf", "weights", "PReLU with an alpha for each step")
def activations_sequences(era):
    """LSTM(seq), PReLU, LeakyReLU, ELU, GRU"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, return_sequences=True, input_shape=(6, 3)))
    model.add(L.PReLU())
    model.add(L.LeakyReLU())
    model.add(L.ELU())
    model.add(L.GRU(3))
    return Made(model, era.x(6, 3), scale=0.9)


@case("k122tf", "weights", "ParametricSoftplus: alpha * softplus(beta * x)")
def parametric_softplus(era):
    """LSTM, ParametricSoftplus, Dense"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, input_shape=(6, 3)))
    model.add(L.ParametricSoftplus())
    model.add(L.Dense(3))
    return Made(model, era.x(6, 3))


@case("k122tf", "weights", "SReLU: four arrays")
def srelu(era):
    """LSTM, Dense, SReLU, Dense"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, input_shape=(6, 3)))
    model.add(L.Dense(5))
    model.add(L.SReLU())
    model.add(L.Dense(3))
    return Made(model, era.x(6, 3), scale=1.0)


@case("k122tf", "weights", "shared_axes")
def prelu_shared(era):
    """LSTM(seq), PReLU(shared over steps), GRU"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, return_sequences=True, input_shape=(6, 3)))
    model.add(L.PReLU(shared_axes=[1]))
    model.add(L.GRU(3))
    return Made(model, era.x(6, 3), scale=0.9)


@case("k122tf", "weights", "layers that do nothing in inference")
def noise_and_dropout(era):
    """LSTM(seq), Dropout, GaussianNoise, GaussianDropout, ActivityRegularization, GRU, Dense"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, return_sequences=True, input_shape=(6, 3)))
    model.add(L.Dropout(0.4))
    model.add(L.GaussianNoise(0.3))
    model.add(L.GaussianDropout(0.2))
    model.add(L.GRU(3))
    model.add(L.ActivityRegularization(l1=0.01, l2=0.02))
    model.add(L.Dense(2))
    return Made(model, era.x(6, 3))
