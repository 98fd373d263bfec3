"""Records layers of Keras 0 and 1 that no later Keras has, as those computed them.

Run once in each environment, from this folder; what it wrote lies beside it:
    Keras 1.2.2 on TensorFlow 1.2  KERAS_BACKEND=tensorflow python make_keras1.py keras122tf
    Keras 1.2.2 on Theano 0.9      KERAS_BACKEND=theano python make_keras1.py keras122th
    Keras 0.3.3 on Theano 0.8      KERAS_BACKEND=theano python make_keras1.py keras033
<era>.npz holds, for each case, <case>/x, <case>/y, the weights by role, and the layer's kind and config in
Keras 3's words as JSON.
"""

import json
import sys

import numpy as np

ERA = sys.argv[1]
from keras.layers import advanced_activations, core  # noqa: E402
from keras.models import Sequential  # noqa: E402

SRELU = "t_left a_left t_right a_right"


def deconvolution(mode, window, stride, size, first):
    """(name, layer, roles, kind, config in Keras 3's words, input shape): four steps to a size."""
    from keras.layers import Deconvolution2D

    shape = (2, 3, size, size) if first else (2, size, size, 3)
    order = "th" if first else "tf"
    layer = Deconvolution2D(
        3,
        window,
        window,
        output_shape=shape,
        subsample=(stride, stride),
        border_mode=mode,
        dim_ordering=order,
        batch_input_shape=(2, 2, 4, 4) if first else (2, 4, 4, 2),
    )
    config = {
        "filters": 3,
        "kernel_size": [window, window],
        "strides": [stride, stride],
        "padding": mode,
        "output_shape": shape,
        "data_format": "channels_first" if first else "channels_last",
    }
    name = "_".join(map(str, ("deconvolution", order, mode, window, stride, size)))
    return name, layer, "kernel bias", "Deconvolution2D", config, (2, 4, 4) if first else (4, 4, 2)


def keras_1():
    for mode, window, stride, size in (
        ("valid", 3, 2, 9),
        ("valid", 3, 2, 10),
        ("valid", 2, 3, 13),
        ("same", 3, 1, 4),
        ("same", 3, 2, 7),
        ("same", 3, 2, 8),
    ):
        for first in (False, True):
            yield deconvolution(mode, window, stride, size, first)
    for shape, shared in (((4,), None), ((5, 4), None), ((5, 4), [1]), ((5, 4), [2]), ((2, 3, 4), [1, 2])):
        own = "{}d_{}".format(len(shape), "".join(map(str, shared or ())))
        given = {"shared_axes": shared, "input_shape": shape}
        yield "srelu_" + own, advanced_activations.SReLU(**given), SRELU, "SReLU", {}, shape
        layer = advanced_activations.ParametricSoftplus(**given)
        yield "softplus_" + own, layer, "alpha beta", "ParametricSoftplus", {}, shape
    highway = core.Highway(activation="tanh", input_shape=(4,))
    config = {"activation": {"function": "tanh"}}
    yield "highway", highway, "kernel carry_kernel bias carry_bias", "Highway", config, (4,)
    yield (
        "maxout",
        core.MaxoutDense(3, nb_feature=2, input_shape=(4,)),
        "kernel bias",
        "MaxoutDense",
        {"units": 3, "nb_feature": 2},
        (4,),
    )


def keras_0():
    for mode in ("sum", "ave", "mul"):
        layer = core.TimeDistributedMerge(mode, input_shape=(5, 3))
        yield "merged_" + mode, layer, "", "TimeDistributedMerge", {"mode": mode}, (5, 3)
    layer = advanced_activations.ThresholdedLinear(0.5, input_shape=(4,))
    yield "thresholded", layer, "", "ThresholdedLinear", {"theta": 0.5}, (4,)


everything = {}
for name, layer, roles, kind, config, shape in keras_0() if ERA == "keras033" else keras_1():
    random = np.random.RandomState(len(name))
    model = Sequential()
    model.add(layer)
    model.compile("sgd", "mse")
    arrays = [random.normal(size=w.shape).astype("float32") for w in model.get_weights()]
    model.set_weights(arrays)
    x = random.normal(size=[2] + list(shape))  # noqa: RUF005  (Python 2.7).astype("float32")
    found = dict(zip(roles.split(), arrays), x=x, y=model.predict(x))  # noqa: B905  (Python 2.7)
    found["config"] = np.array(json.dumps({"kind": kind, "config": config}), dtype="U")
    everything.update({"/".join((name, key)): value for key, value in found.items()})
np.savez_compressed(ERA + ".npz", **everything)
