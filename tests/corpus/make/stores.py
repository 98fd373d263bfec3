"""Writes the corpus cases in the formats that tf.keras 2.12 brought: `.keras`, `.weights.h5` and its shards.

    python stores.py kr305          run by that era's own interpreter, KERAS_BACKEND=jax for Keras 3

The pins of every era:

tf212   3.10    tensorflow-cpu==2.12.1
tf214   3.11    tensorflow-cpu==2.14.1
tf215   3.11    tensorflow-cpu==2.15.1
kr30    3.11    keras==3.0.5  jax[cpu]==0.4.30 numpy==1.26.4 h5py==3.11.0
kr36    3.11    keras==3.6.0  the others as kr30
kr310   3.11    keras==3.10.0 the others as kr30
kr315   3.11    keras==3.15.1 jax==0.10.2 numpy==2.4.6 h5py==3.16.0

A case's name is <era>-<model>-<suffix>: keras, keraszip (tf.keras 2.12 alone, whose "keras" is HDF5), weightsv3 with
model.json beside it, shards likewise, h5 for what Keras 3 writes as HDF5.
"""

import argparse
import fnmatch
import json
import os
import platform
import re
import shutil
import zlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import h5py
import numpy as np

VALID = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "valid")

WANTED = {
    "tf212": "bidirectional-keraszip compiled-keraszip",
    "tf214": "nested-keras",
    "tf215": "masks-keras attention-keras states-keras operations-keras",
    "kr30": "bidirectional-keras masks-keras attention-keras stateful-keras options-keras cloned-keras"
    " bidirectional-weightsv3",
    "kr36": "policies-keras compiled-h5",
    "kr310": "nested-weightsv3",
    "kr315": "nested-keras masks-keras cells-keras stateful-keras states-keras convolutions-keras"
    " operations-keras compiled-keras cells-shards nested-h5 operations-h5",
}


class Era(object):
    """The framework: `keras`, its `layers`, and seeded numbers."""

    def __init__(self, name):
        self.name, self.prefix = name, name.replace("tf", "tfk")
        if name.startswith("tf"):
            import tensorflow

            self.tf, self.keras = tensorflow, tensorflow.keras
            self.framework, self.backend = "tf.keras", "tensorflow " + tensorflow.__version__
            self.version = tensorflow.__version__
            self.keras_version = ".".join(self.version.split(".")[:2])
        else:
            import keras

            self.tf, self.keras = None, keras
            self.framework, self.backend, self.version = "keras", keras.backend.backend(), keras.__version__
            self.keras_version = self.version
        self.layers = self.keras.layers

    def fresh(self, case):
        self.keras.backend.clear_session()
        self.seed = zlib.crc32(case.encode()) & 0xFFFFFF
        self.random = np.random.RandomState(self.seed)

    def x(self, *shape):
        return self.random.normal(size=(3,) + shape).astype("float32")

    def padded(self, *shape):
        """Sequences of which one starts, one goes on and one ends with zeros."""
        x = self.x(*shape)
        x[0, :2] = x[1, 2] = x[2, -2:] = 0
        return x

    def padded_ids(self, steps, high):
        ids = self.random.randint(1, high, size=(3, steps)).astype("int32")
        ids[0, :2] = ids[1, 2] = ids[2, -2:] = 0
        return ids

    def randomise(self, model):
        """Draws every variable anew, biases and moving statistics too."""
        for variable in model.weights:
            now = np.asarray(variable)
            if "seed" in variable.name or not ("float" in str(now.dtype)):
                continue
            name = getattr(variable, "path", variable.name)
            if "variance" in name or "gamma" in name:
                new = self.random.uniform(0.5, 1.5, now.shape)
            else:
                new = self.random.normal(size=now.shape) * (0.6 if now.ndim > 1 else 0.4)
            variable.assign(new.astype("float32"))


def bidirectional(era):
    """Bidirectional(GRU, sum), Bidirectional(LSTM, backward_layer=GRU), Dense"""
    L = era.layers
    x = era.keras.Input((6, 4))
    y = L.Bidirectional(L.GRU(2, return_sequences=True, dropout=0.3), merge_mode="sum", name="first")(x)
    y = L.Bidirectional(L.LSTM(2), backward_layer=L.GRU(2, go_backwards=True), name="second")(y)
    return era.keras.Model(x, L.Dense(2, name="last")(y)), [era.x(6, 4)]


def cloned(era):
    """clone_model of Bidirectional(LSTM), Bidirectional(GRU): wrapped layers with arrays of their own"""
    L = era.layers
    model = era.keras.Sequential(
        [
            era.keras.Input((6, 4)),
            L.Bidirectional(L.LSTM(3, return_sequences=True)),
            L.Bidirectional(L.GRU(2)),
            L.Dense(2),
        ]
    )
    return era.keras.models.clone_model(model), [era.x(6, 4)]


def nested(era):
    """A model called twice, a Sequential called twice, a shared LSTM, frozen BatchNormalization inside"""
    L, keras = era.layers, era.keras
    x = keras.Input((5, 3))
    y = L.TimeDistributed(L.Dense(4))(L.LSTM(4, return_sequences=True)(x))
    inner = keras.Model(x, L.BatchNormalization(trainable=False)(y), name="inner")
    tower = keras.Sequential([keras.Input((5, 4)), L.GRU(3), L.Dense(3), L.Dense(2)], name="tower")
    shared = L.LSTM(3)
    a, b = keras.Input((5, 3)), keras.Input((5, 3))
    y = L.Concatenate()([tower(inner(a)), tower(inner(b)), shared(a), shared(b)])
    return keras.Model([a, b], [L.Dense(2)(y), inner(b)]), [era.x(5, 3), era.x(5, 3)]


def masks(era):
    """Embedding(mask_zero), Bidirectional, stacked LSTM; Masking, GRU; Add, Concatenate, TimeDistributed"""
    L, keras = era.layers, era.keras
    ids, x = keras.Input((7,), dtype="int32"), keras.Input((7, 4))
    words = L.Embedding(11, 4, mask_zero=True)(ids)
    y = L.Bidirectional(L.LSTM(2, return_sequences=True))(words)
    steps = L.Masking()(x)
    z = L.GRU(4, return_sequences=True)(steps)
    both = L.Concatenate()([y, z])
    added = L.Add()([y, z])
    last = L.LSTM(3)(both)
    backwards = L.LSTM(3, go_backwards=True)(L.TimeDistributed(L.Dense(3))(added))
    return keras.Model([ids, x], [y, z, last, backwards]), [era.padded_ids(7, 11), era.padded(7, 4)]


def cells(era):
    """RNN of stacked cells, Bidirectional of RNN, SimpleRNN"""
    L = era.layers
    x = era.keras.Input((5, 3))
    a = L.RNN([L.GRUCell(2), L.LSTMCell(3), L.LSTMCell(2)], return_sequences=True)(x)
    b = L.Bidirectional(L.RNN(L.LSTMCell(2)))(a)
    return era.keras.Model(x, [a, b, L.SimpleRNN(2)(x)]), [era.x(5, 3)]


def attention(era):
    """MultiHeadAttention, LayerNormalization, Attention, AdditiveAttention, LSTM"""
    L = era.layers
    x = era.keras.Input((5, 4))
    y = L.LayerNormalization()(L.MultiHeadAttention(2, 3)(x, x))
    y = L.MultiHeadAttention(2, 2, use_bias=False)(y, x)
    y = L.AdditiveAttention()([L.Attention(use_scale=True)([y, x]), x])
    return era.keras.Model(x, L.LSTM(3)(y)), [era.x(5, 4)]


def stateful(era):
    """Stateful LSTM, stateful GRU, Dense"""
    L = era.layers
    x = era.keras.Input(batch_shape=(3, 5, 4))
    y = L.GRU(2, stateful=True)(L.LSTM(3, stateful=True, return_sequences=True)(x))
    return era.keras.Model(x, L.Dense(2)(y)), [era.x(5, 4)]


def options(era):
    """hard_sigmoid, reset_after=False, go_backwards, unroll, no bias, other activations, zero_output_for_mask"""
    L = era.layers
    x = era.keras.Input((5, 3))
    a = L.LSTM(3, recurrent_activation="hard_sigmoid", return_sequences=True)(x)
    b = L.GRU(3, reset_after=False, recurrent_activation="hard_sigmoid", go_backwards=True, return_sequences=True)(a)
    c = L.LSTM(2, use_bias=False, activation="elu", unroll=True)(b)
    d = L.LSTM(2, zero_output_for_mask=True, return_sequences=True)(L.Masking()(x))
    e = L.Dense(3, activation="hard_sigmoid")(c)
    return era.keras.Model(x, [a, b, c, d, L.Activation("gelu")(e)]), [era.padded(5, 3)]


def states(era):
    """An encoder whose states a decoder starts from; outputs as a dict or list; Bidirectional with states"""
    L, keras = era.layers, era.keras
    source, target = keras.Input((6, 3)), keras.Input((4, 2))
    _, h, c = L.LSTM(3, return_state=True, name="encoder")(source)
    y, h, c = L.LSTM(3, return_sequences=True, return_state=True, name="decoder")(target, initial_state=[h, c])
    both = L.Bidirectional(L.GRU(2, return_state=True))(source)
    z = L.Bidirectional(L.GRU(2, return_sequences=True))(target, initial_state=list(both[1:]))
    return keras.Model([source, target], [y, h, c, z]), [era.x(6, 3), era.x(4, 2)]


def convolutions(era):
    """ConvLSTM1D, SeparableConv1D, TimeDistributed(Conv1D), BatchNormalization, pooling, LSTM"""
    L = era.layers
    x = era.keras.Input((4, 6, 3))
    y = L.ConvLSTM1D(2, 3, return_sequences=True, padding="same")(x)
    y = L.TimeDistributed(L.Conv1D(3, 2, activation="relu"))(L.BatchNormalization()(y))
    y = L.TimeDistributed(L.GlobalMaxPooling1D())(y)
    y = L.SeparableConv1D(3, 2)(y)
    return era.keras.Model(x, L.LSTM(2)(y)), [era.x(4, 6, 3)]


def operations(era):
    """Arithmetic, slices, concatenation and reductions among the layers"""
    L = era.layers
    x = era.keras.Input((5, 4))
    y = L.LSTM(3, return_sequences=True)(x * 2.0 + 1.0)
    last, reverse = y[:, -1], y[:, ::-1, 1:]
    if era.tf is not None:
        mean, joined = era.tf.reduce_mean(reverse, axis=1), era.tf.concat([last, -last], -1)
        scaled = era.tf.nn.softmax(joined) * era.tf.expand_dims(mean[:, 0], -1)
    else:
        ops = era.keras.ops
        mean, joined = ops.mean(reverse, axis=1), ops.concatenate([last, -last], axis=-1)
        scaled = ops.softmax(joined) * ops.expand_dims(mean[:, 0], axis=-1)
    return era.keras.Model(x, [L.Dense(2)(scaled), L.GRU(2)(reverse)]), [era.x(5, 4)]


def compiled(era):
    """A trained Sequential model with the state of its optimizer: Embedding, LSTM, LSTM, Dense, Dense"""
    L = era.layers
    model = era.keras.Sequential(
        [
            era.keras.Input((5,)),
            L.Embedding(9, 3),
            L.LSTM(2, return_sequences=True),
            L.LSTM(3),
            L.Dense(3),
            L.BatchNormalization(),
            L.Dense(2),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"])
    ids = era.padded_ids(5, 9)
    model.fit(ids, np.ones((3, 2), "float32"), verbose=0)
    return model, [ids]


def policies(era):
    """Layers of dtype policy mixed_bfloat16, mixed_float16 and float32"""
    L = era.layers
    x = era.keras.Input((5, 4))
    y = L.LSTM(3, return_sequences=True, dtype="mixed_bfloat16")(x)
    y = L.GRU(3, dtype="mixed_float16")(y)
    return era.keras.Model(x, L.Dense(2, dtype="float32")(y)), [era.x(5, 4)]


MODELS = {
    build.__name__: build
    for build in (
        bidirectional, cloned, nested, masks, cells, attention, stateful, options, states, convolutions, operations,
        compiled, policies,
    )
}  # fmt: skip


def flat(outputs):
    return [item for part in outputs for item in flat(part)] if isinstance(outputs, (list, tuple)) else [outputs]


def compute(model, inputs):
    outputs = flat(model(inputs if len(inputs) > 1 else inputs[0], training=False))
    return [np.asarray(item).astype("float32") for item in outputs]


def saved(era, model, suffix, folder):
    """The names of the files that the framework wrote."""
    if suffix == "h5":
        model.save(os.path.join(folder, "model.h5"))
    elif suffix == "keras":
        model.save(os.path.join(folder, "model.keras"))
    elif suffix == "keraszip":
        model.save(os.path.join(folder, "model.keras"), save_format="keras_v3")
    else:
        with open(os.path.join(folder, "model.json"), "w") as file:
            file.write(model.to_json())
        if suffix == "weightsv3":
            model.save_weights(os.path.join(folder, "model.weights.h5"))
        else:
            model.save_weights(os.path.join(folder, "model.weights.json"), max_shard_size=6e-7)
    names = [name for name in os.listdir(folder) if name not in ("model.json", "io.npz")]
    return sorted(names, key=lambda name: name != "model.weights.json")


def write(era, name, build, suffix):
    folder = os.path.join(VALID, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    era.fresh(name)
    model, inputs = build(era)
    era.randomise(model)
    outputs = compute(model, inputs)
    arrays = {"input_%d" % number: value for number, value in enumerate(inputs)}
    arrays.update({"output_%d" % number: value for number, value in enumerate(outputs)})
    np.savez_compressed(os.path.join(folder, "io.npz"), **arrays)
    files = saved(era, model, suffix, folder)
    about = {
        "id": name, "architecture": build.__doc__, "framework": era.framework, "version": era.version,
        "backend": era.backend, "numpy": np.__version__, "h5py": h5py.__version__,
        "python": platform.python_version(), "keras_version": era.keras_version, "seed": era.seed,
        "files": files, "format": suffix, "hard": build.__name__,
        "io": "the model called by the saving framework, same process, inference mode",
        "needs_architecture": suffix in ("weightsv3", "shards"),
    }  # fmt: skip
    if about["needs_architecture"]:
        about["architecture_file"] = "model.json"
    about["reload"] = reloaded(era, model, folder, files[0], inputs, outputs)
    with open(os.path.join(folder, "case.json"), "w") as file:
        json.dump(about, file, indent=1, sort_keys=True)
        file.write("\n")
    return sum(os.path.getsize(os.path.join(folder, item)) for item in os.listdir(folder))


def reloaded(era, model, folder, name, inputs, outputs):
    """What the framework makes of its own file."""
    path = os.path.join(folder, name)
    try:
        if ".weights." in name:
            model.load_weights(path)
        else:
            model = era.keras.models.load_model(path, compile=False)
        got = compute(model, inputs)
    except Exception as error:
        return "fails: %s: %s" % (type(error).__name__, re.sub(r"(/[\w.+-]+){2,}/", "", " ".join(str(error).split()))[:120])
    gap = max(float(np.max(np.abs(a - b))) for a, b in zip(got, outputs))
    return "same outputs" if gap < 1e-5 else "differs by %.2g" % gap


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("era")
    parser.add_argument("--only", default="*", help="glob over case names")
    options = parser.parse_args()
    era = Era(options.era)
    for wanted in WANTED[options.era].split():
        name = "%s-%s" % (era.prefix, wanted)
        if fnmatch.fnmatch(name, options.only):
            model, _, suffix = wanted.rpartition("-")
            try:
                print("%6d B  %s" % (write(era, name, MODELS[model], suffix), name))
            except Exception as error:
                shutil.rmtree(os.path.join(VALID, name), ignore_errors=True)
                print("cannot  %s: %s: %s" % (name, type(error).__name__, str(error)[:300]))


if __name__ == "__main__":
    main()
