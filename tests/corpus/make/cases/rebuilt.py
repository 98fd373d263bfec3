"""What Keras 3 lacks and stock layers can be put together to compute."""

from record import Made, case


@case("tf24 tf28 tf215", "activations that are layers, with parameters that no activation's name stands for")
def activation_layers(k):
    """Dense and Conv2D with LeakyReLU, ELU(.5), ReLU(6), ThresholdedReLU, Softmax(axis=1); inside TimeDistributed;
    Activation(LeakyReLU()); LSTM(activation=ReLU())"""
    L = k.L
    x = k.Input((5, 3))
    y = L.Dense(4, activation=L.LeakyReLU(), activity_regularizer="l2")(x)
    y = L.TimeDistributed(L.Dense(4, activation=L.ELU(0.5)))(L.Masking()(y))
    z = L.Activation(L.LeakyReLU(0.1))(L.LSTM(4, activation=L.ReLU(), return_sequences=True)(y))
    image = L.Reshape((5, 4, 1))(z)
    outputs = [
        L.Conv2D(2, 2, activation=L.ReLU(6.0, 0.1, 0.2))(image),
        L.Conv2D(2, 2, activation=L.Softmax(axis=1))(image),
        L.Dense(3, activation=L.ThresholdedReLU(0.3))(z),
        L.Dense(3, activation=L.Softmax())(y),
        L.Dense(3, activation=L.LeakyReLU(0.2))(y),
    ]
    return Made(k.Model(x, outputs), k.x(5, 3))
