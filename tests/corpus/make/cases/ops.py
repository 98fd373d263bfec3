"""TensorFlow functions called on Keras tensors: TensorFlowOpLayer up to 2.3, TFOpLambda and
SlicingOpLambda from 2.4."""

import numpy as np
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


@case(
    "tf24 tf215",
    "attention written by hand: heads split by reshapes to tf.shape, scores scaled and masked by -1e9",
)
def ops_attention(k):
    """Embedding -> LSTM; queries, keys and values by Dense, two heads of three, padding hidden by a large
    negative number, softmax, the context of the last step concatenated with mean and maximum over time"""
    tf, L = k.tf, k.L
    ids = k.Input((6,), dtype="int32")
    y = L.LSTM(6, return_sequences=True)(L.Embedding(9, 4)(ids))
    batch = tf.shape(y)[0]

    def heads(layer):
        return tf.transpose(tf.reshape(layer(y), [batch, 6, 2, 3]), perm=[0, 2, 1, 3])

    q, key, v = heads(L.Dense(6)), heads(L.Dense(6)), heads(L.Dense(6))
    scores = tf.matmul(q, key, transpose_b=True) / np.sqrt(3.0).astype("float32")
    padding = tf.cast(tf.equal(ids, 0), tf.float32)[:, tf.newaxis, tf.newaxis, :]
    weights = tf.nn.softmax(scores + padding * -1e9)
    context = tf.reshape(tf.transpose(tf.matmul(weights, v), perm=[0, 2, 1, 3]), [batch, -1, 6])
    joined = tf.concat([context[:, -1], tf.reduce_mean(context, 1), tf.reduce_max(y, axis=1)], axis=-1)
    return Made(
        k.Model(ids, [L.Dense(3, activation="softmax")(joined), weights]), k.padded_ids(6, 9, "mixed")
    )


@case("tf24 tf212", "the number of steps is free: a reshape with the batch and one more unknown")
def ops_attention_free(k):
    """LSTM over free length; heads split by tf.reshape(y, (tf.shape(y)[0], -1, 2, 2)); Bahdanau's attention
    with expand_dims, tanh, softmax over time and a sum"""
    tf, L = k.tf, k.L
    x = k.Input((None, 3))
    y = L.GRU(4, return_sequences=True)(x)
    split = tf.transpose(tf.reshape(y, (tf.shape(y)[0], -1, 2, 2)), [0, 2, 1, 3])
    own = tf.matmul(tf.nn.softmax(tf.matmul(split, split, transpose_b=True) * 0.7), split)
    own = tf.reshape(tf.transpose(own, [0, 2, 1, 3]), (tf.shape(x)[0], -1, 4))
    query = tf.expand_dims(y[:, -1], 1)
    score = L.Dense(1)(tf.nn.tanh(L.Dense(5)(query) + L.Dense(5)(own)))
    context = tf.reduce_sum(tf.nn.softmax(score, axis=1) * own, axis=1)
    return Made(k.Model(x, [context, own]), k.x(7, 3))


@case("tf20 tf24 tf215", "lists of tensors in and out: split by sizes, unstack, top_k, concat of many")
def ops_lists(k):
    """tf.split([1, 2, 3]), tf.split(2), tf.unstack over time, K.repeat_elements, tf.stack, tf.math.top_k"""
    tf, K, L = k.tf, k.K, k.L
    x = k.Input((4, 6))
    y = L.LSTM(6, return_sequences=True)(x)
    a, b, c = tf.split(y, [1, 2, 3], axis=-1)
    first, last = tf.split(x, 2, axis=1)
    steps = tf.unstack(y, axis=1)
    top = tf.math.top_k(x, k=2)
    outputs = [
        tf.concat([c, a, b, x], axis=2),
        tf.stack([steps[3], steps[0] - steps[1]], axis=1),
        last - first,
        K.repeat_elements(x, 2, axis=1),
        top.values,
        tf.cast(top.indices, "float32"),
        L.GRU(2)(tf.concat([b, c], -1)),
    ]
    return Made(k.Model(x, outputs), k.x(4, 6))


@case("tf20 tf24 tf212", "slices: ellipsis, new axes, steps backwards, bounds from the end, tf.slice")
def ops_slices(k):
    """x[..., ::-1], x[:, tf.newaxis, :, 1], x[:, -2:], x[:, 4:0:-2], x[..., 0, :], tf.slice"""
    tf, L = k.tf, k.L
    x = k.Input((5, 3))
    y = L.SimpleRNN(3, return_sequences=True)(x[:, ::-1])
    outputs = [
        y[..., ::-1],
        y[:, tf.newaxis, :, 1],
        y[:, -2:],
        y[:, 4:0:-2, 1:],
        y[..., 0, :],
        tf.slice(y, [0, 1, 0], [-1, 2, 2]),
        L.LSTM(2)(y[:, 1:-1, ..., :2]),
    ]
    return Made(k.Model(x, outputs), k.x(5, 3))


@case(
    "tf20 tf24 tf215",
    "constants: numbers and arrays before and behind the tensor, infinity, a table to look up",
)
def ops_constants(k):
    """2 - x, 1 / x, 2 ** x, arrays in sums and products, tf.where with -inf, tf.gather from a constant"""
    tf, L = k.tf, k.L
    x, ids = k.Input((4, 3)), k.Input((4,), dtype="int32")
    y = L.LSTM(3, return_sequences=True)(x)
    row = np.array([0.3, -0.7, 1.1], "float32")
    table = (np.arange(15).reshape(5, 3) / 7.0).astype("float32")
    column = np.linspace(-1, 1, 4).astype("float32")[:, None]
    outputs = [
        2 - y,
        1.0 / (y + 3.0),
        2.0**y,
        row - y * column,
        tf.matmul(y, table[:3, :2]),
        tf.nn.softmax(tf.where(x > -0.8, x, -np.inf), axis=1),
        tf.gather(table, ids),
        tf.maximum([0.1, 0.2, 0.3], y),
        tf.where(ids > 2, 1.0, 0.25),
    ]
    return Made(k.Model([x, ids], outputs), [k.x(4, 3), k.ids(4, 5)])


@case(
    "tf20 tf24 tf215",
    "every operation ends a mask, but a cast to the same dtype returns the same tensor with it",
)
def ops_masked(k):
    """Masking -> (x * 1.5 | tf.identity | tf.cast to its own dtype | LSTM + x) -> LSTM"""
    tf, L = k.tf, k.L
    x = k.Input((6, 3))
    masked = L.Masking()(x)
    y = L.LSTM(3, return_sequences=True)(masked)
    outputs = [
        L.LSTM(2)(masked * 1.5),
        L.LSTM(2)(tf.identity(masked)),
        L.LSTM(2)(tf.cast(masked, "float32")),
        L.LSTM(2)(y + masked),
        L.LSTM(2, return_sequences=True)(y),
        L.GlobalAveragePooling1D()(tf.stop_gradient(y)),
    ]
    return Made(k.Model(x, outputs), k.padded(6, 3, "mixed"))


@case("tf24 tf215", "operations on half precision: scalars take the tensor's dtype, arrays too")
def ops_mixed_float16(k):
    """mixed_float16: LSTM -> y * 2 + array, softmax, tf.cast to float32, sum with the float32 input"""
    tf, L = k.tf, k.L
    tf.keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        x = k.Input((4, 3))
        y = L.LSTM(3, return_sequences=True)(x)
        z = tf.nn.softmax(y * 2.0 + np.array([0.1, 0.2, 0.3], "float16"))
        outputs = [
            L.Activation("linear", dtype="float32")(z),
            tf.cast(y, "float32") + x,
            L.Dense(2, dtype="float32")(tf.reduce_mean(z, axis=1)),
        ]
        return Made(k.Model(x, outputs), k.x(4, 3))
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")


@case(
    "tf24 tf212", "sizes at run time where a fixed shape means the same; backend functions that reckon them"
)
def ops_sizes(k):
    """tf.reshape to tf.shape(x)[0], to tf.stack of sizes, to tf.unstack of them, to their product;
    K.batch_flatten, K.dot"""
    tf, K, L = k.tf, k.K, k.L
    x = k.Input((4, 3))
    y = L.LSTM(3, return_sequences=True)(x)
    shape = tf.shape(y)
    rows = L.Dense(5)(tf.reshape(y, [shape[0] * shape[1], 3]))
    outputs = [
        tf.reshape(y, [shape[0], -1]),
        tf.reshape(y, tf.stack([shape[0], shape[2], shape[1]])),
        tf.reshape(y, [-1, tf.shape(x)[1] * tf.shape(x)[2]]),
        tf.reshape(y, tf.concat([shape[:1], [2, 6]], axis=0)),
        tf.reshape(y, [tf.unstack(shape)[0], 12]),
        tf.reshape(rows, [shape[0], shape[1], 5]),
        tf.reshape(y, tf.shape(x)),
        K.batch_flatten(y),
        K.dot(y, tf.constant(np.arange(6).reshape(3, 2), "float32")),
    ]
    return Made(k.Model(x, outputs), k.x(4, 3))


@case("tf20 tf24 tf212", "whole numbers and truth values among the operations")
def ops_types(k):
    """an int32 input: sums, products, //, %, comparisons, tf.cast, tf.one_hot, tf.reduce_any, argmax"""
    tf, L = k.tf, k.L
    ids, x = k.Input((5,), dtype="int32"), k.Input((5, 3))
    y = L.GRU(3, return_sequences=True)(x)
    even = tf.equal(ids % 2, 0)
    share = tf.reduce_mean(tf.cast(even, "float32"), axis=1, keepdims=True)
    outputs = [
        L.Dense(2)(tf.one_hot(ids, 4)),
        tf.cast((ids + 3) * 2 // 3, "float32"),
        share,
        tf.cast(tf.argmax(y, axis=-1), "float32") * 0.5,
        tf.cast(tf.reduce_any(y > 0.2, axis=-1), "float32"),
        tf.where(tf.logical_and(even, tf.logical_not(ids > 2)), y[..., 0], tf.zeros_like(y[..., 1])),
        L.Embedding(4, 2)(tf.minimum(ids + 1, 3)),
        tf.cast(tf.reduce_sum(ids, axis=1), "float32"),
    ]
    return Made(k.Model([ids, x], outputs), [k.ids(5, 4), k.x(5, 3)])


@case("tf24 tf212", "layers that bear the names which keras.ops would give to its operations")
def ops_names_taken(k):
    """layers named add, multiply, get_item, concatenate and softmax among operations of these kinds"""
    tf, L = k.tf, k.L
    x = k.Input((4, 3))
    y = L.LSTM(3, return_sequences=True, name="multiply")(x)
    z = L.Add(name="add")([y * 2.0, x + 1.0])
    z = L.Concatenate(name="concatenate")([tf.concat([z, y], -1), x])
    z = L.Softmax(name="get_item")(z[:, 1:])
    return Made(k.Model(x, [L.Dense(2, name="softmax")(tf.nn.softmax(z)), z + 1.0 + 2.0]), k.x(4, 3))


@case("tf212 tf215", "operations in models called twice, in TimeDistributed and in Sequential")
def ops_inside(k):
    """inner: x * w + tf.reduce_mean(x); called on two inputs, within TimeDistributed and at the head of a
    Sequential; two outputs of one inner model"""
    tf, L = k.tf, k.L
    a = k.Input((3,))
    step = k.Model(a, tf.nn.relu(L.Dense(3)(a)) * 0.5 + tf.reduce_mean(a, -1, keepdims=True), name="step")
    b = k.Input((4, 3))
    two = k.Model(b, [L.LSTM(3)(b[:, ::-1]), tf.reduce_max(b, axis=1)], name="two")
    x = k.Input((4, 3))
    y = L.TimeDistributed(step)(x)
    first, second = two(y)
    third, fourth = two(x - y)
    chain = k.Sequential([step, L.Dense(2)], name="chain")
    return Made(k.Model(x, [chain(first - second), step(third), fourth * first, y]), k.x(4, 3))


@case("tf20", "K.batch_flatten as five nodes: shape, slice, product, stack, reshape")
def ops_batch_flatten(k):
    """LSTM -> K.batch_flatten, twice that"""
    x = k.Input((4, 3))
    y = k.L.LSTM(3, return_sequences=True)(x)
    return Made(k.Model(x, k.K.batch_flatten(y) * 2.0), k.x(4, 3))
