"""Records layers that Keras 3 lacks, or computes otherwise, as old frameworks compute them.

Run once in each environment, from this folder; what it wrote lies beside it:
    Keras 2.3.1 on TensorFlow 1.15  python make.py keras231
    TensorFlow 2.4                  python make.py tf24
    TensorFlow 2.15                 python make.py tf215
    Keras 2.2.4 on Theano 1.0       python make.py theano224, with KERAS_BACKEND=theano and, without a BLAS,
                                    THEANO_FLAGS=cxx=,optimizer=None,floatX=float32
<era>.npz holds, for each case, <case>/x, <case>/y, the weights and the layer's config as JSON.
"""

import json
import sys

import numpy as np

ERA = sys.argv[1]
if not ERA.startswith("tf"):
    import keras
else:
    from tensorflow import keras

MASKED = ["Attention", "AdditiveAttention", "MultiHeadAttention", "GlobalAveragePooling1D"]

STEPS, IMAGE = (7, 3), (5, 6, 2)

CASES = [
    ("thresholded_relu", "ThresholdedReLU", {}, STEPS),
    ("local1d", "LocallyConnected1D", {"filters": 2, "kernel_size": 3, "strides": 2}, STEPS),
    ("local2d", "LocallyConnected2D", {"filters": 2, "kernel_size": (2, 3), "activation": "tanh"}, IMAGE),
    (
        "local2d_first",
        "LocallyConnected2D",
        {"filters": 3, "kernel_size": 2, "strides": 2, "data_format": "channels_first"},
        (2, 5, 6),
    ),
    ("up_bilinear", "UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}, IMAGE),
]
if ERA == "theano224":
    CASES = [
        ("conv1d_even", "Conv1D", {"filters": 3, "kernel_size": 4, "strides": 2, "padding": "same"}, STEPS),
        ("conv1d_causal", "Conv1D", {"filters": 3, "kernel_size": 3, "padding": "causal"}, STEPS),
        ("conv2d_odd", "Conv2D", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}, IMAGE),
        ("conv2d_valid", "Conv2D", {"filters": 3, "kernel_size": (2, 3), "dilation_rate": 2}, (5, 7, 2)),
        ("conv3d", "Conv3D", {"filters": 2, "kernel_size": 2, "padding": "same"}, (3, 4, 3, 2)),
        ("separable", "SeparableConv2D", {"filters": 3, "kernel_size": 2, "padding": "same"}, IMAGE),
        ("depthwise", "DepthwiseConv2D", {"kernel_size": 3, "padding": "same"}, IMAGE),
        ("transposed", "Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, IMAGE),
        (
            "transposed_same",
            "Conv2DTranspose",
            {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"},
            IMAGE,
        ),
        ("max_even", "MaxPooling2D", {"pool_size": 2, "strides": 1, "padding": "same"}, IMAGE),
        ("max_odd", "MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, IMAGE),
        ("average_even", "AveragePooling2D", {"pool_size": 2, "padding": "same"}, IMAGE),
        ("average_1d", "AveragePooling1D", {"pool_size": 3, "strides": 2, "padding": "same"}, STEPS),
        ("local1d", "LocallyConnected1D", {"filters": 2, "kernel_size": 3, "strides": 2}, STEPS),
    ]
if ERA == "tf215":
    for implementation in (2, 3):
        for padding in ("valid", "same"):
            for data_format in ("channels_last", "channels_first"):
                last = data_format == "channels_last"
                name = f"{implementation}_{padding}_{'last' if last else 'first'}"
                own = {"implementation": implementation, "padding": padding, "data_format": data_format}
                one = {"filters": 2, "kernel_size": 3, "strides": 2}
                two = {"filters": 2, "kernel_size": (2, 3), "strides": (1, 2), "use_bias": last}
                image = (4, 5, 2) if last else (2, 4, 5)
                CASES += [
                    ("local1d_" + name, "LocallyConnected1D", dict(one, **own), STEPS),
                    ("local2d_" + name, "LocallyConnected2D", dict(two, **own), image),
                ]
if ERA == "tf215":
    CASES.append(("random_crop", "RandomCrop", {"height": 3, "width": 4}, (5, 6, 2)))


def recorded(name, kind, config, shape):
    random = np.random.RandomState(len(name))
    inputs = keras.layers.Input(shape)
    layer = getattr(keras.layers, kind)(**config)
    model = keras.models.Model(inputs, layer(inputs))
    layer.set_weights([random.normal(size=w.shape).astype("float32") for w in layer.get_weights()])
    x = random.normal(size=(2, *shape)).astype("float32")
    y = model.predict(x)
    arrays = {"x": x, "y": y, "config": json.dumps({"kind": kind, "config": config})}
    for weight in layer.weights:
        role = weight.name.split("/")[-1].split(":")[0]
        arrays[role] = layer.get_weights()[len(arrays) - 3]
    return {f"{name}/{key}": array for key, array in arrays.items()}


def recorded_with_masks(kind):
    """A layer behind Masking: two samples, the second one shorter."""
    random = np.random.RandomState(len(kind))
    config = {"num_heads": 2, "key_dim": 2} if kind.startswith("Multi") else {}
    inputs = keras.layers.Input((5, 3))
    masked = keras.layers.Masking()(inputs)
    layer = getattr(keras.layers, kind)(**config)
    if kind.startswith("Multi"):
        outputs = layer(masked, masked)
    else:
        outputs = layer([masked, masked] if "Attention" in kind else masked)
    model = keras.models.Model(inputs, outputs)
    model.set_weights([random.normal(size=w.shape).astype("float32") for w in model.get_weights()])
    x = random.normal(size=(2, 5, 3)).astype("float32")
    x[1, 3:] = 0
    arrays = {"x": x, "y": model.predict(x), "config": json.dumps({"kind": kind, "config": config})}
    for weight, array in zip(layer.weights, layer.get_weights()):  # noqa: B905  (Python 3.6)
        path = weight.name.split(":")[0].split("/")
        arrays["/".join(path[-2:] if kind.startswith("Multi") else path[-1:])] = array
    return {f"masked_{kind}/{key}": array for key, array in arrays.items()}


everything = {}
for kind in MASKED:
    if hasattr(keras.layers, kind):
        everything.update(recorded_with_masks(kind))
for case in CASES:
    everything.update(recorded(*case))
np.savez_compressed(ERA + ".npz", **everything)
