"""Every other layer class: a table of entries a topic; an era gets those that it can build and run
(rest: skipped.tsv)."""

import numpy as np
from record import Made, case, randomise, why

SEQ, IMAGE, FLAT, VOLUME, IDS = (8, 3), (6, 6, 2), (5,), (4, 4, 4, 2), (6,)


def zoo(k, entries, scale=0.6):
    """One functional model: each entry (name, shapes, build) is one branch and one output."""
    shapes, chosen = [], []
    for name, wanted, build in entries:
        wanted = wanted if isinstance(wanted, list) else [wanted]
        try:
            probe = [k.Input(s) for s in wanted]
            y = build(k.L)(probe if len(probe) > 1 else probe[0])
            if not hasattr(y, "_keras_history") and not hasattr(y, "_keras_shape"):
                raise TypeError("not a layer's output")
            got = k.Model(probe, y).predict([np.ones((2,) + s, "float32") for s in wanted])
            if not np.isfinite(got).all():
                raise ValueError("not finite")
            if not k.standalone:
                k.Model(probe, y).get_config()
        except Exception as error:
            k.skips[name] = why(error)
            continue
        chosen.append((name, wanted, build))
        most = {s: wanted.count(s) for s in wanted}
        for s, n in most.items():
            shapes += [s] * (n - shapes.count(s))
    inputs = {}
    for i, s in enumerate(shapes):
        inputs.setdefault(s, []).append(k.Input(s, name="in_%d" % i))
    ordered = [t for s in inputs for t in inputs[s]]
    outputs = []
    for name, wanted, build in chosen:
        fresh = {s: iter(inputs[s]) for s in wanted}
        got = [next(fresh[s]) for s in wanted]
        layer = build(k.L)
        outputs.append(layer(got if len(got) > 1 else got[0]))
    if not outputs:
        raise ValueError("nothing of this topic can be built")
    data = [k.x(*s) for s in inputs for _ in inputs[s]]
    return Made(k.Model(ordered, outputs), data, scale=scale)


def option(layer, *args, **options):
    return lambda L: getattr(L, layer)(*args, **options)


CONVOLUTIONS = [
    ("conv1d_causal", SEQ, option("Conv1D", 2, 3, padding="causal", dilation_rate=2, activation="relu")),
    ("conv1d_stride", SEQ, option("Conv1D", 2, 3, strides=2, padding="same", use_bias=False)),
    ("conv2d", IMAGE, option("Conv2D", 2, (3, 2), strides=(2, 1), padding="same", activation="elu")),
    ("conv2d_dilation", IMAGE, option("Conv2D", 2, 2, dilation_rate=2)),
    ("conv3d", VOLUME, option("Conv3D", 2, 2, strides=2, padding="same")),
    ("conv2d_transpose", IMAGE, option("Conv2DTranspose", 2, 3, strides=2, padding="same")),
    ("conv2d_transpose_output_padding", IMAGE, option("Conv2DTranspose", 2, 3, strides=2, output_padding=1)),
    ("conv3d_transpose", VOLUME, option("Conv3DTranspose", 2, 2, strides=2, activation="tanh")),
    ("conv1d_transpose", SEQ, option("Conv1DTranspose", 2, 3, strides=2, padding="same")),
    ("separable1d", SEQ, option("SeparableConv1D", 2, 3, depth_multiplier=2, dilation_rate=2)),
    ("separable2d", IMAGE, option("SeparableConv2D", 3, 3, strides=2, padding="same", depth_multiplier=2)),
    ("depthwise2d", IMAGE, option("DepthwiseConv2D", 3, depth_multiplier=2, padding="same", use_bias=False)),
    ("depthwise1d", SEQ, option("DepthwiseConv1D", 3, strides=2, depth_multiplier=2)),
]
SPATIAL = [
    ("upsampling1d", SEQ, option("UpSampling1D", 3)),
    ("upsampling2d", IMAGE, option("UpSampling2D", (2, 3))),
    ("upsampling2d_bilinear", IMAGE, option("UpSampling2D", 2, interpolation="bilinear")),
    ("upsampling3d", VOLUME, option("UpSampling3D", (1, 2, 1))),
    ("zeropadding1d", SEQ, option("ZeroPadding1D", (1, 2))),
    ("zeropadding2d", IMAGE, option("ZeroPadding2D", ((1, 0), (2, 3)))),
    ("zeropadding3d", VOLUME, option("ZeroPadding3D", 1)),
    ("cropping1d", SEQ, option("Cropping1D", (2, 1))),
    ("cropping2d", IMAGE, option("Cropping2D", ((1, 0), (2, 1)))),
    ("cropping3d", VOLUME, option("Cropping3D", 1)),
    ("maxpooling1d_same", SEQ, option("MaxPooling1D", 3, strides=2, padding="same")),
    ("averagepooling1d_same", SEQ, option("AveragePooling1D", 3, strides=2, padding="same")),
    ("maxpooling2d", IMAGE, option("MaxPooling2D", (2, 3), strides=1)),
    ("averagepooling2d_same", IMAGE, option("AveragePooling2D", 4, padding="same")),
    ("maxpooling3d", VOLUME, option("MaxPooling3D", 2)),
    ("averagepooling3d_same", VOLUME, option("AveragePooling3D", 3, strides=2, padding="same")),
    ("globalaverage1d", SEQ, option("GlobalAveragePooling1D")),
    ("globalmax1d", SEQ, option("GlobalMaxPooling1D")),
    ("globalaverage1d_keepdims", SEQ, option("GlobalAveragePooling1D", keepdims=True)),
    ("globalmax2d_keepdims", IMAGE, option("GlobalMaxPooling2D", keepdims=True)),
    ("globalaverage2d", IMAGE, option("GlobalAveragePooling2D")),
    ("globalmax2d", IMAGE, option("GlobalMaxPooling2D")),
    ("globalaverage3d", VOLUME, option("GlobalAveragePooling3D")),
    ("globalmax3d", VOLUME, option("GlobalMaxPooling3D")),
    ("globalmax1d_first", SEQ, option("GlobalMaxPooling1D", data_format="channels_first")),
    ("globalaverage2d_first", IMAGE, option("GlobalAveragePooling2D", data_format="channels_first")),
    ("upsampling2d_first", IMAGE, option("UpSampling2D", 2, data_format="channels_first")),
    ("flatten_first", IMAGE, option("Flatten", data_format="channels_first")),
    ("zeropadding2d_first", IMAGE, option("ZeroPadding2D", 1, data_format="channels_first")),
    ("cropping2d_first", IMAGE, option("Cropping2D", ((1, 2), (1, 0)), data_format="channels_first")),
]
NORMALISATIONS = [
    ("batch", IMAGE, option("BatchNormalization", epsilon=1e-2, momentum=0.9)),
    ("batch_axis1", IMAGE, option("BatchNormalization", axis=1)),
    ("batch_plain", SEQ, option("BatchNormalization", scale=False, center=False)),
    ("batch_scale_only", SEQ, option("BatchNormalization", center=False)),
    ("batch_center_only", FLAT, option("BatchNormalization", scale=False)),
    ("batch_fused", IMAGE, option("BatchNormalization", fused=True)),
    ("layer", SEQ, option("LayerNormalization", epsilon=1e-2)),
    ("layer_two_axes", IMAGE, option("LayerNormalization", axis=[1, 2])),
    ("layer_plain", SEQ, option("LayerNormalization", axis=1, center=False, scale=False)),
    ("group", IMAGE, option("GroupNormalization", groups=2)),
    ("group_instance", (5, 4), option("GroupNormalization", groups=-1, scale=False)),
    ("unit", SEQ, option("UnitNormalization", axis=1)),
]
ACTIVATION_LAYERS = [
    ("leaky_relu", SEQ, option("LeakyReLU", 0.2)),
    ("leaky_relu_default", SEQ, option("LeakyReLU")),
    ("prelu", SEQ, option("PReLU")),
    ("prelu_shared", IMAGE, option("PReLU", shared_axes=[1, 2])),
    ("elu", SEQ, option("ELU", 0.7)),
    ("thresholded", SEQ, option("ThresholdedReLU")),
    ("thresholded_half", SEQ, option("ThresholdedReLU", 0.5)),
    ("relu", SEQ, option("ReLU")),
    ("relu6", SEQ, option("ReLU", max_value=1.5)),
    ("relu_all", SEQ, option("ReLU", max_value=1.5, negative_slope=0.3, threshold=0.4)),
    ("softmax", SEQ, option("Softmax")),
    ("softmax_axis", SEQ, option("Softmax", axis=1)),
    ("softmax_axes", IMAGE, option("Softmax", axis=[1, 2])),
] + [
    ("activation_" + name, SEQ, option("Activation", name))
    for name in (
        "elu",
        "selu",
        "softplus",
        "softsign",
        "exponential",
        "swish",
        "gelu",
        "relu",
        "mish",
        "linear",
        "tanh",
        "sigmoid",
        "softmax",
        "silu",
        "leaky_relu",
        "relu6",
        "log_softmax",
    )
]
CORE = [
    ("reshape_rest", SEQ, option("Reshape", (2, -1, 3))),
    ("permute", IMAGE, option("Permute", (3, 1, 2))),
    ("repeat", FLAT, option("RepeatVector", 3)),
    ("flatten", IMAGE, option("Flatten")),
    ("dropout", SEQ, option("Dropout", 0.4, noise_shape=(None, 1, 3))),
    ("spatial1d", SEQ, option("SpatialDropout1D", 0.4)),
    ("spatial2d", IMAGE, option("SpatialDropout2D", 0.4)),
    ("spatial3d", VOLUME, option("SpatialDropout3D", 0.4)),
    ("alpha_dropout", SEQ, option("AlphaDropout", 0.4)),
    ("gaussian_dropout", SEQ, option("GaussianDropout", 0.4)),
    ("gaussian_noise", SEQ, option("GaussianNoise", 0.4)),
    ("activity", SEQ, option("ActivityRegularization", l1=0.1, l2=0.2)),
    ("masking", SEQ, option("Masking", 0.3)),
    ("embedding", IDS, option("Embedding", 4, 3)),
    ("dense_3d", SEQ, option("Dense", 2, activation="selu")),
    ("dense_4d_nobias", IMAGE, option("Dense", 2, use_bias=False)),
    ("layer_base", SEQ, option("Activation", "linear")),
    ("einsum", SEQ, option("EinsumDense", "abc,cde->abde", (None, 2, 3), bias_axes="de")),
    ("einsum_ellipsis", SEQ, option("EinsumDense", "...x,xy->...y", output_shape=4, activation="relu")),
    ("identity", SEQ, option("Identity")),
]
MERGES = [
    ("add", [SEQ, SEQ], option("Add")),
    ("subtract", [SEQ, SEQ], option("Subtract")),
    ("multiply", [SEQ, SEQ], option("Multiply")),
    ("average", [SEQ, SEQ, SEQ], option("Average")),
    ("maximum", [SEQ, SEQ], option("Maximum")),
    ("minimum", [SEQ, SEQ], option("Minimum")),
    ("concatenate", [SEQ, SEQ], option("Concatenate", axis=1)),
    ("concatenate_last", [SEQ, SEQ, SEQ], option("Concatenate")),
    ("dot_time", [SEQ, SEQ], option("Dot", axes=2)),
    ("dot_features", [SEQ, SEQ], option("Dot", axes=1)),
    ("dot_normalized", [FLAT, (5,)], option("Dot", axes=1, normalize=True)),
    ("dot_mixed", [SEQ, (3, 4)], option("Dot", axes=(2, 1))),
    ("dot_negative", [FLAT, FLAT], option("Dot", axes=-1)),
    ("add_broadcast", [SEQ, (1, 3)], option("Add")),
    ("multiply_rank", [SEQ, (3,)], option("Multiply")),
]
# TF 2.12 obeys `causal` and does not write it to the config: only where the config keeps it.
ATTENTION = [
    ("attention", [SEQ, (5, 3)], option("Attention")),
    ("attention_scale", [SEQ, (5, 3)], option("Attention", use_scale=True)),
    (
        "attention_causal",
        [SEQ, SEQ],
        lambda L: L.Attention(causal=True) if "causal" in L.Attention(causal=True).get_config() else None,
    ),
    ("attention_concat", [SEQ, (5, 3)], option("Attention", score_mode="concat")),
    ("attention_dropout", [SEQ, (5, 3)], option("Attention", dropout=0.3)),
    ("additive", [SEQ, (5, 3)], option("AdditiveAttention")),
    ("additive_plain", [SEQ, (5, 3)], option("AdditiveAttention", use_scale=False)),
]
LOCAL = [
    ("local1d", SEQ, option("LocallyConnected1D", 2, 3, activation="relu")),
    ("local1d_stride", SEQ, option("LocallyConnected1D", 2, 3, strides=2, use_bias=False)),
    ("local2d", IMAGE, option("LocallyConnected2D", 2, (3, 2), strides=(2, 1))),
] + [
    (
        "local%dd_implementation%d" % (d, i),
        SEQ if d == 1 else IMAGE,
        option("LocallyConnected%dD" % d, 2, 3, implementation=i, padding="same" if i > 1 else "valid"),
    )
    for d in (1, 2)
    for i in (1, 2, 3)
]
# Normalization(invert=True) is left out: TF 2.12's config does not say it.
PREPROCESSING = [
    ("rescaling", IMAGE, option("Rescaling", 0.5, offset=-0.2)),
    ("rescaling_list", IMAGE, option("Rescaling", [0.5, 2.0], offset=[0.1, -0.1])),
    ("resizing", IMAGE, option("Resizing", 4, 9)),
    ("resizing_nearest", IMAGE, option("Resizing", 3, 8, interpolation="nearest")),
    ("resizing_bicubic", IMAGE, option("Resizing", 9, 4, interpolation="bicubic")),
    ("resizing_crop", IMAGE, option("Resizing", 3, 5, crop_to_aspect_ratio=True)),
    ("center_crop", IMAGE, option("CenterCrop", 4, 3)),
    ("center_crop_odd", IMAGE, option("CenterCrop", 3, 3)),
    ("normalization", FLAT, option("Normalization", mean=[0.5] * 5, variance=[2.0, 1.0, 0.5, 3.0, 1.5])),
    ("normalization_scalar", SEQ, option("Normalization", axis=None, mean=0.3, variance=1.7)),
    ("random_flip", IMAGE, option("RandomFlip")),
    ("random_rotation", IMAGE, option("RandomRotation", 0.2)),
    ("random_zoom", IMAGE, option("RandomZoom", 0.2)),
    ("random_contrast", IMAGE, option("RandomContrast", 0.2)),
    ("random_translation", IMAGE, option("RandomTranslation", 0.2, 0.2)),
]


@case("k202 tf28", "convolutions with every option the era has")
def zoo_convolutions(k):
    """one branch a convolution class and option"""
    return zoo(k, CONVOLUTIONS)


@case("k208 tf215", "poolings, paddings, croppings, up-samplings, channels_first where no kernel is needed")
def zoo_spatial(k):
    """one branch a pooling, padding, cropping, up-sampling layer"""
    return zoo(k, SPATIAL)


@case("k224 tf113 tf215", "normalisations: axis as number and list, without scale, without centre")
def zoo_normalisation(k):
    """one branch a normalisation"""
    return zoo(k, NORMALISATIONS)


@case("k231 tf24 tf215", "activation layers and activation names")
def zoo_activations(k):
    """one branch an activation layer, and Activation of every name the era has"""
    return zoo(k, ACTIVATION_LAYERS)


@case("k231 tf212", "core layers, the Dropout family, noise")
def zoo_core(k):
    """one branch a core layer"""
    made = zoo(k, CORE)
    made.inputs = [np.abs(x).astype("int32") % 4 if x.shape[1:] == IDS else x for x in made.inputs]
    return made


@case("k214 tf28", "merge layers: axes, normalize, broadcasting")
def zoo_merges(k):
    """one branch a merge layer"""
    return zoo(k, MERGES)


# TF 2.0 cannot save Attention layers (no get_config).
@case("tf24 tf212", "Attention and AdditiveAttention options")
def zoo_attention(k):
    """one branch an attention layer"""
    return zoo(k, ATTENTION)


@case("k224 tf24", "LocallyConnected layers, implementations 1, 2, 3")
def zoo_local(k):
    """one branch a LocallyConnected layer"""
    return zoo(k, LOCAL)


@case("tf28 tf212", "preprocessing layers with float inputs")
def zoo_preprocessing(k):
    """one branch a preprocessing layer"""
    made = zoo(k, PREPROCESSING)
    return made


@case("tf24", "preprocessing layers under layers.experimental.preprocessing")
def zoo_preprocessing_experimental(k):
    """Rescaling, Resizing, CenterCrop from the experimental package"""
    P = k.L.experimental.preprocessing
    x = k.Input(IMAGE)
    return Made(
        k.Model(x, [P.Rescaling(0.5, offset=-0.2)(x), P.Resizing(4, 9)(x), P.CenterCrop(4, 3)(x)]),
        k.x(*IMAGE),
    )


@case("tf24 tf215", "Normalization adapted to data: mean, variance and an integer count as weights")
def normalization_adapted(k):
    """Normalization(axis=-1).adapt(data) -> LSTM"""
    N = getattr(k.L, "Normalization", None) or k.L.experimental.preprocessing.Normalization
    layer = N(axis=-1)
    x = k.x(5, 3)
    layer.adapt(x * 3 + 1)
    i = k.Input((5, 3))
    m = k.Model(i, k.L.LSTM(3)(layer(i)))
    randomise(k, m, 0.6)
    layer.adapt(x * 3 + 1)  # later versions compute with what adapt left beside the variables
    return Made(m, x, weights=False)


@case("tf28", "Discretization with given bins, CategoryEncoding, Hashing")
def discretization(k):
    """Discretization(bins) -> Embedding -> GRU; CategoryEncoding multi_hot and one_hot"""
    L = k.L
    x, c = k.Input((6,)), k.Input((4,), dtype="int32")
    y = L.GRU(2)(L.Embedding(5, 3)(L.Discretization(bin_boundaries=[-1.0, 0.0, 0.4, 1.0])(x)))
    m = k.Model(
        [x, c],
        [y, L.CategoryEncoding(6, output_mode="multi_hot")(c), L.CategoryEncoding(6, output_mode="count")(c)],
    )
    return Made(m, [k.x(6), k.ids(4, 6)])


@case("tf215", "IntegerLookup with a vocabulary given in its config")
def integer_lookup(k):
    """IntegerLookup(vocabulary=[12, 36, 1138, 42]) -> Embedding -> LSTM"""
    L = k.L
    x = k.Input((5,), dtype="int64")
    y = L.LSTM(2)(L.Embedding(6, 3)(L.IntegerLookup(vocabulary=[12, 36, 1138, 42])(x)))
    return Made(k.Model(x, y), k.random.choice([12, 36, 1138, 42, 7], size=(3, 5)).astype("int64"))


@case("tf24 tf215", "MultiHeadAttention options")
def multi_head_attention(k):
    """MHA(value_dim, no bias), cross attention with a key, attention axes, output_shape"""
    L = k.L
    a, b = k.Input((5, 4)), k.Input((7, 3))
    y = L.MultiHeadAttention(2, 3)(a, b)
    z = L.MultiHeadAttention(2, 2, value_dim=3, use_bias=False, output_shape=5, dropout=0.2)(y, b, b)
    m = k.Model(
        [a, b],
        [
            z,
            L.MultiHeadAttention(2, 3, attention_axes=(1, 2))(
                L.Reshape((5, 2, 2))(a), L.Reshape((5, 2, 2))(y)
            ),
        ],
    )
    return Made(m, [k.x(5, 4), k.x(7, 3)])


@case("tf113 tf215", "activations given as functions: the config holds the function's own name (softmax_v2)")
def activation_functions(k):
    """Dense layers with tf.nn.relu, tanh, softmax, sigmoid, selu, leaky_relu, tf.sin, and an LSTM with
    tf.nn.elu"""
    L, tf = k.L, k.tf
    x = k.Input((5, 3))
    y = L.LSTM(3, activation=tf.nn.elu, recurrent_activation=tf.nn.sigmoid, return_sequences=True)(x)
    functions = [tf.nn.relu, tf.nn.tanh, tf.nn.softmax, tf.nn.sigmoid, tf.nn.selu, tf.nn.softplus]
    return Made(k.Model(x, [L.Dense(3, activation=f)(y) for f in functions]), k.x(5, 3))


@case("tf215", "an activation that is a layer: the config holds a dict")
def activation_layer_objects(k):
    """Dense(activation=LeakyReLU(0.2)), Conv1D(activation=ReLU(max_value=1))"""
    L = k.L
    x = k.Input((5, 3))
    y = L.Conv1D(3, 2, activation=L.ReLU(max_value=1.0))(L.Dense(3, activation=L.LeakyReLU(0.2))(x))
    return Made(k.Model(x, L.LSTM(2)(y)), k.x(5, 3))


# virtual_batch_size is left out: TF 1.13 saves the axis shifted by one and cannot read its own file.
@case("tf215", "BatchNormalization over two axes, which Keras 3's does not take")
def batch_two_axes(k):
    """BatchNormalization(axis=[1, 3])"""
    x = k.Input(IMAGE)
    return Made(k.Model(x, k.L.BatchNormalization(axis=[1, 3])(x)), k.x(*IMAGE))


@case("tf20", "batch renormalisation, which Keras 3 lacks: at inference it is plain normalisation")
def batch_renorm(k):
    """BatchNormalization(renorm=True) of TF1's class or TF2's -> LSTM"""
    V = k.tf.compat.v1.keras.layers
    x = k.Input((5, 3))
    return Made(k.Model(x, k.L.LSTM(2)(V.BatchNormalization(renorm=True)(x))), k.x(5, 3))


# TF 2.4 and 2.8 have no CPU kernel for it.
@case("tf215", "grouped convolution")
def conv2d_groups(k):
    """Conv2D(4, 3, groups=2, relu), without bias as well"""
    L = k.L
    x = k.Input(IMAGE)
    y = L.Conv2D(4, 3, groups=2, use_bias=False)(x)
    return Made(k.Model(x, [y, L.Conv2D(2, 2, groups=2, activation="relu")(y)]), k.x(*IMAGE))
