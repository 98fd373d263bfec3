"""What each Keras before 2.0 writes about its layers: config keys, values and array names, as JSON.

Run once in each era, then gathered into the form of layer_keys.json (the table of the younger eras):

    python layer_keys.py k122tf > k122tf.json
    python layer_keys.py gather *.json > ../../../unit/mapping/data/layer_keys_keras1.json
"""

from __future__ import print_function

import inspect
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FLAT, STEPS = (6,), (8, 6)
ABSTRACT = "Layer MaskedLayer Wrapper Recurrent ConvRecurrent2D InputLayer Merge Container Model Sequential Graph".split()
ABSTRACT += ["ActivityRegularizer", "Node", "_Pooling1D", "_Pooling2D", "_Pooling3D", "_GlobalPooling1D", "_GlobalPooling2D", "_GlobalPooling3D"]


def recipes(era):
    """Class -> positional arguments and input shape."""
    one, two = (8, 6), era.image(8, 8, 6)
    three = (6, 8, 8, 8) if era.ordering == "th" else (8, 8, 8, 6)
    L = era.L
    found = {
        "Dense": ((4,), FLAT), "TimeDistributedDense": ((4,), STEPS), "MaxoutDense": ((4,), FLAT), "Highway": ((), FLAT),
        "Embedding": ((5, 4), (7,)), "Reshape": (((2, 3),), FLAT), "Permute": (((2, 1),), STEPS), "Masking": ((), STEPS),
        "RepeatVector": ((3,), FLAT), "Activation": (("tanh",), FLAT), "Flatten": ((), STEPS), "Dropout": ((0.5,), FLAT),
        "GaussianNoise": ((0.5,), FLAT), "GaussianDropout": ((0.5,), FLAT), "SpatialDropout1D": ((0.5,), one),
        "SpatialDropout2D": ((0.5,), two), "SpatialDropout3D": ((0.5,), three),
        "LSTM": ((4,), STEPS), "GRU": ((4,), STEPS), "SimpleRNN": ((4,), STEPS),
        "Convolution1D": ((4, 2), one), "AtrousConvolution1D": ((4, 2), one), "LocallyConnected1D": ((4, 2), one),
        "Deconvolution2D": ((4, 2, 2, (3,) + era.image(9, 9, 4)), two), "Convolution3D": ((4, 2, 2, 2), three),
        "ConvLSTM2D": ((4, 2, 2), (3,) + two), "SeparableConvolution2D": ((8, 2, 2), two), "TimeDistributedMerge": (("sum",), STEPS),
    }  # fmt: skip
    for name in ("Convolution2D", "AtrousConvolution2D", "LocallyConnected2D"):
        found[name] = ((4, 2, 2), two)
    for rank, shape in ((1, one), (2, two), (3, three)):
        for name in ("MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling", "UpSampling",
                     "ZeroPadding", "Cropping"):  # fmt: skip
            found["%s%dD" % (name, rank)] = ((), shape)
    if hasattr(L, "TimeDistributed"):
        found["TimeDistributed"] = ((L.Dense(4),), STEPS)
    if hasattr(L, "Bidirectional"):
        found["Bidirectional"] = ((L.LSTM(4),), STEPS)
    return found


def options(era):
    """Class -> further spellings whose config has other keys or values."""
    cell = [{"consume_less": mode} for mode in ("mem", "gpu")] + [{"stateful": True, "batch_input_shape": (3, 8, 6)}]
    cell += [{"return_sequences": True, "go_backwards": True, "unroll": True}, {"W_regularizer": "l2"}]
    weights = {"W_regularizer": "l2", "b_constraint": "nonneg", "W_constraint": "maxnorm", "activity_regularizer": "l1"}
    found = {"LSTM": cell, "GRU": cell, "SimpleRNN": cell, "Dense": [{"bias": False}, weights],
             "BatchNormalization": [{"mode": 1}, {"mode": 2}, {"axis": 1}],
             "Embedding": [{"mask_zero": True, "input_length": 7}, {"dropout": 0.2}],
             "Convolution1D": [{"border_mode": "same", "bias": False}, weights],
             "Convolution2D": [{"border_mode": "same", "dim_ordering": "tf", "batch_input_shape": (3, 8, 8, 6)}, weights],
             "Highway": [{"bias": False}], "MaxoutDense": [{"bias": False}], "PReLU": [{"shared_axes": [1]}]}  # fmt: skip
    if hasattr(era.L, "Bidirectional"):
        found["Bidirectional"] = [{"merge_mode": mode} for mode in ("sum", "mul", "ave", None)]
    return found


def classes(era):
    spaces = [era.L] if era.version.startswith("0") else [era.L, sys.modules["keras.engine.topology"]]
    for space in spaces:
        for name in sorted(dir(space)):
            thing = getattr(space, name)
            if inspect.isclass(thing) and hasattr(thing, "get_config") and thing.__name__ == name:
                yield name, thing


def json_value(value):
    return json.loads(json.dumps(value, default=lambda thing: "repr: " + type(thing).__name__))


def built(era, cls, arguments, shape, extra):
    keywords = {"input_shape": shape}
    keywords.update(extra)
    if "batch_input_shape" in keywords:
        keywords.pop("input_shape")
    if cls.__name__ == "Embedding":
        keywords.pop("input_shape")
    model = era.Sequential()
    model.add(cls(*arguments, **keywords))
    return model.layers[0]


def named(variable):
    return re.sub(r":\d+$", "", str(variable.name))


def leaf(name, layer):
    """A variable's name without the layer's."""
    for prefix in (layer + "_", layer + "/"):
        name = name[len(prefix):] if name.startswith(prefix) else name
    return re.sub(r"_\d+(?=_)", "", name)


def weights_of(layer):
    found = list(layer.trainable_weights) + list(getattr(layer, "non_trainable_weights", []))
    return " ".join(leaf(named(v), str(layer.name)) for v in found)


def dump(era):
    rows, failed = [], {}
    more = options(era)
    for name, cls in classes(era):
        if name in ABSTRACT or name in ("AutoEncoder", "Siamese", "SiameseHead", "Lambda", "LambdaMerge", "MaskedLambda"):
            continue
        for extra in [{}] + more.get(name, []):
            args, shape = recipes(era).get(name, ((), FLAT))
            try:
                layer = built(era, cls, args, shape, extra)
                rows.append([name, json_value(layer.get_config()), weights_of(layer)])
            except Exception as error:
                failed["%s %s" % (name, sorted(extra))] = repr(error)[:150]
    rows += whole_models(era)
    return {"era": "keras %s %s %s" % (era.version, era.backend_name, era.ordering), "rows": rows, "failed": failed}


def whole_models(era):
    """Classes that hold or join others: their own config keys alone."""
    L, rows = era.L, []
    for mode in "sum mul ave concat dot cos max".split():
        parts = [era.Sequential(), era.Sequential()]
        for part in parts:
            part.add(L.Dense(4, input_shape=FLAT))
        try:
            merge = L.Merge(parts, mode=mode, dot_axes=1)
            rows.append(["Merge", json_value(merge.get_config()), ""])
        except Exception:
            pass
    if era.Input is not None:
        rows.append(["InputLayer", json_value(era.Input(shape=STEPS)._keras_history[0].get_config()), ""])
    rows.append(["Lambda", json_value(L.Lambda(lambda x: x, output_shape=(3,)).get_config()), ""])
    return rows


def gather(paths):
    gathered = {"eras": [], "layers": {}, "weights": {}}
    for path in paths:
        with open(path) as f:
            dumped = json.load(f)
        number = len(gathered["eras"])
        gathered["eras"].append(dumped["era"])
        for name, config, weights in dumped["rows"]:
            keys = gathered["layers"].setdefault(name, {})
            for key, value in config.items():
                hidden = key in ("name", "custom_name", "layer", "layers", "function", "output_shape") and name != "Deconvolution2D"
                value = "..." if hidden else json.dumps(value, sort_keys=True)
                add(keys.setdefault(key, {}).setdefault(value, []), number)
            if weights:
                add(gathered["weights"].setdefault(name, {}).setdefault(weights, []), number)
    return gathered


def add(eras, era):
    if era not in eras:
        eras.append(era)


def json_rows(table):
    if isinstance(table, list):
        return json.dumps(table)
    rows = ["%s: %s" % (json.dumps(key), json.dumps(table[key], sort_keys=True, separators=(",", ":"))) for key in sorted(table)]
    return "{\n" + ",\n".join(rows) + "\n}"


if __name__ == "__main__":
    if sys.argv[1] == "gather":
        found = gather(sys.argv[2:])
        print("{" + ",\n".join("%s: %s" % (json.dumps(table), json_rows(found[table])) for table in sorted(found)) + "}")
    else:
        out = os.dup(1)
        os.dup2(2, 1)  # frameworks print while they are imported
        sys.path.insert(0, HERE)
        from era import Era

        text = json.dumps(dump(Era(sys.argv[1], "py")), indent=1, sort_keys=True)
        os.write(out, text.encode("utf8"))
