"""BatchNormalization: modes, axes, epsilon."""

from record import Made, case


@case("k033 k101 k108 k122tf", "weights", "running_std is what each version says; large epsilon")
def norm_mode0(era):
    """LSTM(seq), BatchNormalization, GRU, BatchNormalization(epsilon 0.1), Dense"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, return_sequences=True, input_shape=(6, 3)))
    model.add(L.BatchNormalization())
    model.add(L.GRU(3))
    model.add(L.BatchNormalization(epsilon=0.1, momentum=0.8))
    model.add(L.Dense(4))
    return Made(model, era.x(6, 3))


@case("k033 k122tf", "weights", "normalised over the steps' axis")
def norm_axis1(era):
    """BatchNormalization(axis 1, epsilon 0.2), GRU"""
    L, model = era.L, era.Sequential()
    model.add(L.BatchNormalization(axis=1, epsilon=0.2, input_shape=(6, 3)))
    model.add(L.GRU(3))
    return Made(model, era.x(6, 3))


@case("k033 k101 k122tf", "weights", "each sample by itself; epsilon twice")
def norm_mode1(era):
    """LSTM, BatchNormalization(mode 1, epsilon 0.1), Dense, BatchNormalization(mode 1), Dense"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, input_shape=(6, 3)))
    model.add(L.BatchNormalization(mode=1, epsilon=0.1))
    model.add(L.Dense(5))
    model.add(L.BatchNormalization(mode=1))
    model.add(L.Dense(2))
    return Made(model, era.x(6, 3))


@case("k122tf", "weights", "mode 1 on sequences")
def norm_mode1_sequence(era):
    """LSTM(seq), BatchNormalization(mode 1, epsilon 0.1), GRU"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, return_sequences=True, input_shape=(6, 3)))
    model.add(L.BatchNormalization(mode=1, epsilon=0.1))
    model.add(L.GRU(3))
    return Made(model, era.x(6, 3))


@case("k122tf", "weights", "statistics of the batch even in inference: not to be had in Keras 3")
def norm_mode2(era):
    """LSTM, BatchNormalization(mode 2), Dense"""
    L, model = era.L, era.Sequential()
    model.add(L.LSTM(4, input_shape=(6, 3)))
    model.add(L.BatchNormalization(mode=2))
    model.add(L.Dense(2))
    return Made(model, era.x(6, 3))
