"""TensorFlow functions called on Keras tensors: TensorFlowOpLayer up to 2.3, TFOpLambda and
SlicingOpLambda from 2.4."""

from record import Made, case


@case("tf20 tf24", "operators: scalars, tensors on both sides, slices")
def ops_arithmetic(k):
    """x*2+1, 1-x, x/y, -x, x**2, x[:, 1:], x[:, -1], x[:, ::2, 0:2], LSTM in between"""
    L = k.L
    x = k.Input((6, 3))
    y = L.LSTM(3, return_sequences=True)(x * 2.0 + 1.0)
    outputs = [1.0 - y, y * x - y, -y[:, 1:], y**2.0, y[:, -1], y[:, ::2, 0:2] / 3.0]
    return Made(k.Model(x, [L.Activation("linear")(t) for t in outputs]), k.x(6, 3))


@case("tf20 tf212", "shape functions")
def ops_shapes(k):
    """tf.reshape, transpose, expand_dims, squeeze, concat, stack, reverse, tile, split, unstack, pad, cast"""
    tf, L = k.tf, k.L
    x = k.Input((4, 3))
    y = tf.transpose(tf.reshape(x, [-1, 3, 4]), [0, 2, 1])
    e = tf.squeeze(tf.expand_dims(y, 2), axis=2)
    c = tf.concat([e, tf.reverse(x, axis=[1])], axis=-1)
    parts = tf.split(c, 2, axis=2)
    t = tf.tile(tf.stack([parts[0], parts[1]], axis=1), [1, 2, 1, 1])
    outputs = [
        L.GRU(2)(c),
        t,
        tf.pad(x, [[0, 0], [1, 0], [0, 2]]),
        tf.cast(tf.cast(x * 2.0, "int32"), "float32"),
    ]
    return Made(k.Model(x, outputs), k.x(4, 3))


@case("tf20 tf28", "reductions and elementwise functions")
def ops_mathematics(k):
    """reduce_mean/sum/max(keepdims), softmax, matmul(transpose_b), exp, tanh, sigmoid, relu, abs,
    maximum, clip, sqrt"""
    tf, L = k.tf, k.L
    x = k.Input((4, 3))
    y = L.LSTM(3, return_sequences=True)(x)
    a = tf.nn.softmax(tf.matmul(y, x, transpose_b=True) / 1.7, axis=-1)
    context = tf.matmul(a, y)
    # TF 2.0 names the two layers of clip_by_value "clip_by_value/Minimum" and "clip_by_value": HDF5 refuses.
    clipped = tf.minimum(tf.maximum(x, -0.5), 0.7) if k.name == "tf20" else tf.clip_by_value(x, -0.5, 0.7)
    outputs = [
        tf.reduce_mean(context, axis=1),
        tf.reduce_sum(y, axis=[1, 2]),
        tf.reduce_max(x, axis=-1, keepdims=True),
        tf.exp(y),
        tf.tanh(x),
        tf.nn.sigmoid(x),
        tf.nn.relu(x),
        tf.abs(x),
        tf.maximum(x, y),
        clipped,
        tf.sqrt(tf.square(x) + 1.0),
        tf.math.log(tf.abs(x) + 1.0),
    ]
    return Made(k.Model(x, outputs), k.x(4, 3))


@case("tf24 tf212", "argmax, one_hot, gather, where, comparisons, l2_normalize, backend functions")
def ops_other(k):
    """tf.one_hot(tf.argmax), tf.gather, tf.where(x > 0), tf.math.l2_normalize, K.mean, K.batch_dot"""
    tf, K, L = k.tf, k.K, k.L
    x = k.Input((4, 3))
    outputs = [
        tf.one_hot(tf.argmax(x, axis=-1), 3),
        tf.gather(x, [2, 0], axis=1),
        tf.where(x > 0.1, x, x * 0.3),
        tf.math.l2_normalize(x, axis=-1),
        K.mean(x, axis=1),
        K.batch_dot(x, x, axes=2),
        L.Dense(2)(tf.nn.leaky_relu(x, alpha=0.1)),
        tf.cumsum(x, axis=1),
    ]
    return Made(k.Model(x, outputs), k.x(4, 3))


@case(
    "tf24 tf215",
    "constants from NumPy inside calls; operations inside a nested model; shape-dependent ones",
)
def ops_nested(k):
    """nested Model with x + constant array and tf.shape; the outer model adds two calls of it"""
    tf, L = k.tf, k.L
    import numpy as np

    a = k.Input((4, 3))
    y = L.GRU(3, return_sequences=True)(a + np.array([0.1, -0.2, 0.3], "float32"))
    inner = k.Model(a, y * 0.5)
    p, q = k.Input((4, 3)), k.Input((4, 3))
    both = inner(p) + inner(q)
    return Made(
        k.Model([p, q], [L.Dense(2)(both), tf.reshape(both, (tf.shape(both)[0], -1))]), [k.x(4, 3), k.x(4, 3)]
    )


@case("tf24", "the file holds tf.einsum's equation, but not its operands: nothing can be made of it")
def ops_einsum_lost(k):
    """tf.einsum("bij,bkj->bik", x, y) -> GRU: positional operands after a constant are not written to
    the config"""
    x = k.Input((4, 3))
    y = k.L.LSTM(3, return_sequences=True)(x)
    return Made(k.Model(x, k.L.GRU(2)(k.tf.einsum("bij,bkj->bik", x, y))), k.x(4, 3))
