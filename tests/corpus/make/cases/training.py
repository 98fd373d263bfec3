"""What surrounds the weights: regularisers, constraints, initialisers, optimisers, losses, metrics."""

from record import Made, case

KERNELS = [
    "Zeros",
    "Ones",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Orthogonal",
    "lecun_uniform",
    "lecun_normal",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
]


@case("k224 tf215", "regularisers, constraints and initialisers of every kind")
def initialisers(k):
    """thirteen Dense layers with an initialiser each; LSTM, GRU and Conv1D with regularisers and
    constraints"""
    L, starts, R, C = k.L, k.keras.initializers, k.keras.regularizers, k.keras.constraints
    x = k.Input((6, 3))
    named = {
        "Constant": lambda: starts.Constant(0.3),
        "VarianceScaling": lambda: starts.VarianceScaling(2.0, "fan_avg", seed=3),
    }
    y = x
    l1_l2 = getattr(R, "l1_l2")
    norms = (
        [C.MaxNorm(2.0, axis=0), C.NonNeg(), C.UnitNorm(), C.MinMaxNorm(0.1, 1.5, rate=0.9)]
        if hasattr(C, "MaxNorm")
        else [C.max_norm(2.0), C.non_neg(), C.unit_norm()]
    )
    y = L.LSTM(
        3,
        return_sequences=True,
        kernel_regularizer=R.l1(0.01),
        recurrent_regularizer=R.l2(0.02),
        bias_regularizer=l1_l2(0.01, 0.02),
        kernel_constraint=norms[0],
        recurrent_constraint=norms[2],
        bias_constraint=norms[1],
        bias_initializer="ones",
        recurrent_initializer="identity",
    )(y)
    y = L.GRU(
        3,
        return_sequences=True,
        kernel_initializer=named["VarianceScaling"](),
        activity_regularizer=R.l2(0.01),
        bias_initializer=named["Constant"](),
    )(y)
    y = L.Conv1D(3, 2, padding="same", kernel_constraint=norms[-1], kernel_regularizer=l1_l2(0.1, 0.2))(y)
    for name in KERNELS:
        y = L.add([y, L.Dense(3, kernel_initializer=name, activation="tanh")(y)])
    return Made(
        k.Model(x, L.BatchNormalization(beta_regularizer=R.l2(0.1), gamma_constraint=norms[1])(y)),
        k.x(6, 3),
        scale=0.3,
    )


def trained(k, optimizer, loss, metrics=None, outputs=1):
    L = k.L
    i = k.Input((5, 3))
    y = L.BatchNormalization()(
        L.LSTM(3, return_sequences=True, kernel_regularizer="l2" if k.at_least(2, 1) else None)(i)
    )
    heads = [L.Dense(2, name="head%d" % n, activation="softmax")(L.GRU(2)(y)) for n in range(outputs)]
    m = k.Model(i, heads)
    m.compile(optimizer, loss, metrics=metrics)
    x = k.x(5, 3)
    targets = [k.random.uniform(size=(3, 2)).astype("float32") for _ in heads]
    m.train_on_batch(x, targets if outputs > 1 else targets[0])
    return Made(m, x, weights=True)


@case("k202 tf113", "optimizer_weights and training_config; Adam")
def trained_adam(k):
    """LSTM BN GRU Dense, Adam(0.01), categorical_crossentropy, metrics accuracy and mae, one step"""
    return trained(k, k.keras.optimizers.Adam(0.01), "categorical_crossentropy", ["accuracy", "mae"])


@case("k216", "optimizer_weights and training_config; two heads, a loss each, RMSprop")
def trained_rmsprop(k):
    """two outputs, losses by name, RMSprop"""
    return trained(k, "rmsprop", {"head0": "mse", "head1": "binary_crossentropy"}, outputs=2)


@case("k208 tf24", "SGD with momentum and a custom loss named in training_config: nobody has it")
def trained_custom_loss(k):
    """LSTM BN GRU Dense, SGD(momentum), loss my_own_loss and metric my_own_metric that exist nowhere else"""

    def my_own_loss(y_true, y_pred):
        return k.K.mean(k.K.square(y_true - y_pred) * 3.0, axis=-1)

    def my_own_metric(y_true, y_pred):
        return k.K.max(k.K.abs(y_true - y_pred))

    return trained(k, k.keras.optimizers.SGD(0.01, momentum=0.9), my_own_loss, [my_own_metric])


@case(
    "k231",
    "Keras 2.3 saves the initialiser under the name recurrent_identity, which it does not know itself",
)
def initialiser_recurrent_identity(k):
    """LSTM(recurrent_initializer="identity") -> Dense"""
    x = k.Input((6, 3))
    return Made(k.Model(x, k.L.Dense(2)(k.L.LSTM(3, recurrent_initializer="identity")(x))), k.x(6, 3))
