"""What each framework writes about its layers: config keys, values and weight names, as JSON.

Run once in each old environment and once under Keras 3 (the version it finds is in the output):

    python layer_keys.py keras > keras-2.2.4.json        # standalone Keras, Keras 3 too
    python layer_keys.py tf.keras > tfkeras-2.8.json     # tf.keras and its tf.compat.v1.keras
    python layer_keys.py gather *.json > ../../unit/mapping/data/layer_keys.json

It runs on Python 3.6 as well, which is what the oldest frameworks need.
"""

import inspect
import json
import os
import re
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

FLAT, STEPS, IMAGE, VOLUME = (6,), (8, 6), (8, 8, 6), (8, 8, 8, 6)
TEXT = "a string input"

# Constructor arguments and input shapes; a class that is not here takes no argument and a FLAT input.
# A list of shapes is a list of inputs. `None` for the shape: the layer is not called.
RECIPES = {
    "Dense": ({"units": 4}, FLAT),
    "EinsumDense": ({"equation": "ab,bc->ac", "output_shape": 4, "bias_axes": "c"}, FLAT),
    "DenseFeatures": (None, None),
    "Embedding": ({"input_dim": 5, "output_dim": 4}, (7,)),
    "Reshape": ({"target_shape": (2, 3)}, FLAT),
    "Permute": ({"dims": (2, 1)}, STEPS),
    "RepeatVector": ({"n": 3}, FLAT),
    "Activation": ({"activation": "tanh"}, FLAT),
    "MaxoutDense": ({"output_dim": 4}, FLAT),
    "Flatten": ({}, IMAGE),
    "ActivityRegularization": ({"l2": 0.5}, FLAT),
    "Dropout": ({"rate": 0.5}, FLAT),
    "AlphaDropout": ({"rate": 0.5}, FLAT),
    "GaussianDropout": ({"rate": 0.5}, FLAT),
    "GaussianNoise": ({"stddev": 0.5}, FLAT),
    "SpatialDropout1D": ({"rate": 0.5}, STEPS),
    "SpatialDropout2D": ({"rate": 0.5}, IMAGE),
    "SpatialDropout3D": ({"rate": 0.5}, VOLUME),
    "Masking": ({}, STEPS),
    "Dot": ({"axes": 1}, [FLAT, FLAT]),
    "UnitNormalization": ({}, FLAT),
    "GroupNormalization": ({"groups": 2}, IMAGE),
    "Attention": ({}, [STEPS, STEPS]),
    "AdditiveAttention": ({}, [STEPS, STEPS]),
    "MultiHeadAttention": ({"num_heads": 2, "key_dim": 3}, [STEPS, STEPS]),
    "GroupedQueryAttention": ({"head_dim": 3, "num_query_heads": 2, "num_key_value_heads": 1}, [STEPS, STEPS]),
    "RandomFourierFeatures": ({"output_dim": 4}, FLAT),
    "Lambda": ({"function": "lambda"}, None),
    "InputLayer": ({"input_shape": FLAT}, None),
    "UpSampling1D": ({"size": 2}, STEPS),
    "ZeroPadding1D": ({}, STEPS),
    "Cropping1D": ({}, STEPS),
    "Rescaling": ({"scale": 2.0}, IMAGE),
    "Resizing": ({"height": 4, "width": 4}, IMAGE),
    "CenterCrop": ({"height": 4, "width": 4}, IMAGE),
    "RandomCrop": ({"height": 4, "width": 4}, IMAGE),
    "RandomHeight": ({"factor": 0.2}, IMAGE),
    "RandomWidth": ({"factor": 0.2}, IMAGE),
    "RandomFlip": ({}, IMAGE),
    "RandomTranslation": ({"height_factor": 0.2, "width_factor": 0.2}, IMAGE),
    "RandomRotation": ({"factor": 0.2}, IMAGE),
    "RandomZoom": ({"height_factor": 0.2}, IMAGE),
    "RandomContrast": ({"factor": 0.2}, IMAGE),
    "RandomBrightness": ({"factor": 0.2}, IMAGE),
    "Normalization": ({"axis": -1}, FLAT),
    "Discretization": ({"bin_boundaries": [0.0, 1.0]}, FLAT),
    "CategoryEncoding": ({"num_tokens": 4}, (3,)),
    "CategoryCrossing": ({}, None),
    "Hashing": ({"num_bins": 4}, None),
    "HashedCrossing": ({"num_bins": 4}, None),
    "StringLookup": ({"vocabulary": ["a", "b"]}, None),
    "IntegerLookup": ({"vocabulary": [1, 2]}, None),
    "TextVectorization": ({}, None),
    "StackedRNNCells": ({"cells": "cells"}, None),
    "TimeDistributed": ({"layer": "Dense"}, STEPS),
    "Bidirectional": ({"layer": "LSTM"}, STEPS),
    "RNN": ({"cell": "LSTMCell"}, STEPS),
    "SpectralNormalization": ({"layer": "Dense"}, FLAT),
    "Wrapper": ({"layer": "Dense"}, None),
    "JaxLayer": (None, None),
    "FlaxLayer": (None, None),
    "TorchModuleWrapper": (None, None),
    "TFSMLayer": (None, None),
    "STFTSpectrogram": ({}, (600, 1)),
    "MelSpectrogram": ({}, (600,)),
    "AugMix": ({}, None),
    "Pipeline": ({"layers": "cells"}, None),
    "MaxNumBoundingBoxes": ({"max_number": 2}, None),
    "ReversibleEmbedding": ({"input_dim": 5, "output_dim": 4}, None),
}
# What the class took before it took the above.
OLDER = {"CategoryEncoding": {"max_tokens": 4}, "Discretization": {"bins": [0.0, 1.0]}}
for _name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
    RECIPES[_name] = ({}, [FLAT, FLAT])
for _name in ("LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU"):
    RECIPES[_name] = ({"units": 4}, STEPS)
for _name in ("LSTMCell", "GRUCell", "SimpleRNNCell", "PeepholeLSTMCell"):
    RECIPES[_name] = ({"units": 4}, "cell")
for _rank, _shape in ((1, STEPS), (2, IMAGE), (3, VOLUME)):
    for _name in ("Conv{}D", "Conv{}DTranspose", "SeparableConv{}D", "LocallyConnected{}D"):
        RECIPES[_name.format(_rank)] = ({"filters": 4, "kernel_size": 2}, _shape)
    RECIPES["DepthwiseConv{}D".format(_rank)] = ({"kernel_size": 2}, _shape)
    RECIPES["ConvLSTM{}D".format(_rank)] = ({"filters": 4, "kernel_size": 2}, (3,) + _shape)
    for _name in ("MaxPooling{}D", "AveragePooling{}D"):
        RECIPES[_name.format(_rank)] = ({"pool_size": 2}, _shape)
    for _name in ("UpSampling{}D", "ZeroPadding{}D", "Cropping{}D"):
        RECIPES.setdefault(_name.format(_rank), ({}, _shape))
    for _name in ("AdaptiveAveragePooling{}D", "AdaptiveMaxPooling{}D"):
        RECIPES[_name.format(_rank)] = ({"output_size": 2}, _shape)
    for _name in ("GlobalMaxPooling{}D", "GlobalAveragePooling{}D"):
        RECIPES[_name.format(_rank)] = ({}, _shape)
for _name in ("RandomHue", "RandomSaturation", "RandomSharpness", "RandomPosterization", "RandomColorDegeneration"):
    RECIPES[_name] = ({"factor": 0.2}, None)
RECIPES["ConvLSTM2DCell"] = ({"filters": 4, "kernel_size": 2}, None)

# Further spellings of the same class whose config has other keys or values worth knowing.
VARIANTS = {
    "Dense": [{"activation": "relu", "kernel_regularizer": "l2", "kernel_constraint": "non_neg"}],
    "LSTM": [{"use_bias": False, "stateful": False, "go_backwards": True}],
    "GRU": [{"reset_after": True}, {"reset_after": False, "use_bias": False}],
    "BatchNormalization": [{"renorm": True}, {"fused": False}, {"virtual_batch_size": 2},
                           {"synchronized": True}, {"center": False, "scale": False}],
    "Embedding": [{"input_length": 7}, {"mask_zero": True}],
    "Bidirectional": [{"merge_mode": None}],
    "MultiHeadAttention": [{"value_dim": 5, "use_bias": False}],
    "Attention": [{"use_scale": True}, {"causal": True}],
    "Softmax": [{"axis": [1, 2]}],
    "PReLU": [{"shared_axes": [1]}],
    "Flatten": [{"data_format": "channels_first"}],
    "RandomFourierFeatures": [{"scale": 1.0, "trainable": True}],
    "EinsumDense": [{"activation": "relu"}],
    "Normalization": [{"mean": 1.0, "variance": 2.0}],
    "Conv1D": [{"padding": "causal"}],
}  # fmt: skip


def json_value(value):
    """`value` as the framework's own JSON writer would leave it, or its repr where that fails."""
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    if isinstance(value, (list, tuple)):
        return [json_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return {"type": type(value).__name__, "value": json_value(value.tolist())}
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": json_value(value.get_config())}
    return "repr: " + repr(value)


QUERY_FIRST = ("MultiHeadAttention", "GroupedQueryAttention")  # called as f(query, value), not f([…])


class Framework(object):
    """One Keras API: its layer namespace, how to make an input, and how to read a weight's name."""

    def __init__(self, keras):
        self.keras = keras
        self.layers = keras.layers
        self.is_3 = getattr(keras, "__version__", "2").startswith("3")

    def argument(self, value):
        L = self.layers
        made = {
            "Dense": lambda: L.Dense(4), "LSTM": lambda: L.LSTM(4), "LSTMCell": lambda: L.LSTMCell(4),
            "cells": lambda: [L.LSTMCell(4), L.GRUCell(4)], "lambda": lambda: (lambda x: x),
        }  # fmt: skip
        return made[value]() if isinstance(value, str) and value in made else value

    def make(self, cls, arguments):
        ready = {
            key: self.argument(value) if key in ("layer", "cell", "cells", "function", "layers") else value
            for key, value in arguments.items()
        }
        if cls.__name__ == "InputLayer" and self.is_3:
            ready = {"shape": FLAT}
        return cls(**ready)

    def weights(self, layer, shape):
        """Trainable ones first, then the others: [name, shape, trainable]."""
        if shape is None:
            return None
        if shape == "cell":
            layer.build((None, 6))
        else:
            many = isinstance(shape, list)
            inputs = [self.layers.Input(shape=one) for one in (shape if many else [shape])]
            layer(*inputs) if type(layer).__name__ in QUERY_FIRST else layer(
                inputs if many else inputs[0]
            )
        rows = []
        for trainable, found in ((True, layer.trainable_weights), (False, layer.non_trainable_weights)):
            for weight in found:
                name = getattr(weight, "path", None) if self.is_3 else weight.name
                rows.append([name, [int(size) for size in weight.shape], trainable])
        return rows

    def describe(self, cls, arguments, shape):
        layer = self.make(cls, arguments)
        record = {"arguments": json_value(arguments), "class_name": type(layer).__name__}
        try:
            record["weights"] = self.weights(layer, shape)
        except Exception as error:
            record["weights_error"] = repr(error)[:200]
        try:
            record["config"] = json_value(layer.get_config())
        except Exception as error:
            record["config_error"] = repr(error)[:200]
        record["name"] = layer.name
        return record

    def layer_record(self, cls):
        arguments, shape = RECIPES.get(cls.__name__.replace("V1", "").replace("V2", ""), ({}, FLAT))
        if arguments is None:
            return {"skipped": "needs something that a Keras file cannot hold"}
        record = {"variants": []}
        variants = [{}] + VARIANTS.get(cls.__name__.replace("V1", "").replace("V2", ""), [])
        for extra in variants:
            try:
                both = dict(arguments)
                both.update(extra)
                record["variants"].append(self.describe(cls, both, shape))
            except Exception as error:
                record.setdefault("errors", []).append([json_value(extra), repr(error)[:200]])
        if not record["variants"] and cls.__name__ in OLDER:
            record["variants"].append(self.describe(cls, OLDER[cls.__name__], shape))
        signature = inspect.signature(cls.__init__).parameters.values()
        record["signature"] = {
            p.name: "required" if p.default is p.empty else json_value(p.default)
            for p in signature
            if p.name != "self" and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
        }
        record["takes_kwargs"] = any(p.kind == p.VAR_KEYWORD for p in signature)
        return record


def classes_of(namespaces, base):
    """Class → the names it is exported under, over several namespaces."""
    found = {}
    for prefix, namespace in namespaces:
        for name in sorted(dir(namespace)):
            thing = getattr(namespace, name, None)
            if inspect.isclass(thing) and issubclass(thing, base) and thing is not base:
                found.setdefault(thing, []).append(prefix + name)
    return found


def object_records(module, base_names):
    """Initialisers, regularisers, constraints: config under each exported class."""
    bases = tuple(getattr(module, name) for name in base_names if hasattr(module, name))
    records = {}
    for name in sorted(dir(module)):
        thing = getattr(module, name)
        if not inspect.isclass(thing) or (bases and not issubclass(thing, bases)):
            if callable(thing) and not name.startswith("_") and not inspect.ismodule(thing):
                try:
                    made = thing()
                    records[name] = {"class_name": type(made).__name__, "config": json_value(made.get_config())}
                except Exception:
                    pass
            continue
        try:
            made = thing()
            records[name] = {"class_name": type(made).__name__, "config": json_value(made.get_config())}
        except Exception as error:
            records[name] = {"error": repr(error)[:120]}
    return records


def activation_names(module):
    skip = ("get", "serialize", "deserialize", "deserialize_keras_object")
    return [
        n for n in sorted(dir(module))
        if inspect.isfunction(getattr(module, n)) and not n.startswith("_") and n not in skip
    ]  # fmt: skip


def operation_parameters(keras):
    """keras.ops: what each operation takes (Keras 3 alone has them)."""
    found, operations = {}, getattr(keras, "ops", None)
    for name in sorted(dir(operations)):
        function = getattr(operations, name, None)
        if inspect.isfunction(function) and not name.startswith("_"):
            found[name] = sorted(inspect.signature(function).parameters)
    return found


def dump(which):
    if which == "keras":
        import keras

        namespaces = [("", keras.layers)]
        version, base = keras.__version__, getattr(keras.layers, "Layer", None)
        if base is None:
            from keras.engine.topology import Layer as base
        frameworks = [("", keras, namespaces, base)]
    else:
        import tensorflow as tf

        keras, version = tf.keras, tf.__version__
        base = keras.layers.Layer
        frameworks = [("", keras, [("", keras.layers)], base)]
        inner = getattr(keras.layers, "experimental", None)
        if inner is not None:
            frameworks[0][2].append(("experimental.", inner))
            if hasattr(inner, "preprocessing"):
                frameworks[0][2].append(("experimental.preprocessing.", inner.preprocessing))
        if hasattr(keras, "experimental"):
            frameworks[0][2].append(("keras.experimental.", keras.experimental))
        old = tf.compat.v1.keras
        namespaces = [("v1.", old.layers)]
        if hasattr(old.layers, "experimental") and hasattr(old.layers.experimental, "preprocessing"):
            namespaces.append(("v1.preprocessing.", old.layers.experimental.preprocessing))
        frameworks.append(("v1.", old, namespaces, base))
    layers, seen = {}, set()
    for prefix, api, spaces, layer_base in frameworks:
        framework = Framework(api)
        for cls, names in classes_of(spaces, layer_base).items():
            if cls in seen or cls.__name__ in ("Model", "Sequential", "Functional"):
                continue
            seen.add(cls)
            record = framework.layer_record(cls)
            record["exported_as"] = names
            layers[prefix + cls.__name__] = record
    return {
        "framework": which,
        "version": version,
        "layers": layers,
        "initializers": object_records(keras.initializers, ("Initializer",)),
        "regularizers": object_records(keras.regularizers, ("Regularizer",)),
        "constraints": object_records(keras.constraints, ("Constraint",)),
        "activations": activation_names(keras.activations),
        "operations": operation_parameters(keras),
    }


# Bases that no model holds an instance of, and classes whose config needs what no file can hold.
ABSTRACT = {"AbstractRNNCell", "ConvRecurrent2D", "Layer", "PreprocessingLayer", "Recurrent", "Wrapper"}


def gather(paths):
    """All dumps in one compact table: class → key → value → the frameworks that wrote it."""
    gathered = {"eras": [], "layers": {}, "weights": {}, "objects": {}, "activations": {}, "keras3": {}}
    for path in paths:
        with open(path) as file:
            dumped = json.load(file)
        era = "%s %s" % (dumped["framework"], dumped["version"])
        gathered["eras"].append(era)
        for name in dumped["activations"]:
            add(gathered["activations"].setdefault(name, []), era)
        if dumped["version"].startswith("3"):
            gathered["operations"] = dumped["operations"]
            gathered["keras3"] = {
                name: sorted(record["signature"]) for name, record in dumped["layers"].items() if "signature" in record
            }
        for name, record in dumped["layers"].items():
            for variant in record.get("variants", []):
                if "config" in variant and variant["class_name"] not in ABSTRACT:
                    add_variant(gathered, era, variant)
        for kind in ("initializers", "regularizers", "constraints"):
            for record in dumped[kind].values():
                if "config" in record and record["class_name"] not in ("Initializer", "Constraint"):
                    place = gathered["objects"].setdefault(kind, {}).setdefault(record["class_name"], {})
                    add(place.setdefault(json.dumps(record["config"], sort_keys=True), []), era)
    return gathered


def add_variant(gathered, era, variant):
    keys = gathered["layers"].setdefault(variant["class_name"], {})
    add(keys.setdefault("name", {}).setdefault("...", []), era)
    for key, value in variant["config"].items():
        if key in ("layer", "backward_layer", "cell", "cells"):
            value = "..."  # their classes have rows of their own
        elif key not in ("name", "function"):
            value = json.dumps(value, sort_keys=True)
        else:
            value = "..."
        add(keys.setdefault(key, {}).setdefault(value, []), era)
    if variant.get("weights"):
        leaves = " ".join(leaf(name, variant["name"]) for name, _, _ in variant["weights"])
        table = gathered["weights"].setdefault(variant["class_name"], {})
        add(table.setdefault(leaves, []), era)


def add(eras, era):
    if era not in eras:
        eras.append(era)


def leaf(name, layer):
    """A variable's name without the layer's and without what makes it unique in its graph."""
    parts = name.split(":")[0].split("/")
    count = 2 if parts[-2:][0] in ("query", "key", "value", "attention_output") else 1
    return re.sub(r"_\d+$", "", "/".join(parts[-count:]))


def json_rows(table):
    """JSON with one line for each class."""
    if isinstance(table, list):
        return json.dumps(table)
    rows = [
        "%s: %s" % (json.dumps(key), json.dumps(table[key], sort_keys=True, separators=(",", ":")))
        for key in sorted(table)
    ]
    return "{\n" + ",\n".join(rows) + "\n}"


def with_eras_numbered(gathered):
    """Lists of eras as numbers, to keep the file small."""
    number = {era: index for index, era in enumerate(gathered["eras"])}

    def numbered(item):
        if isinstance(item, dict):
            return {key: numbered(value) for key, value in item.items()}
        return [number[era] for era in item]

    for table in ("layers", "weights", "objects", "activations"):
        gathered[table] = numbered(gathered[table])
    return gathered


if __name__ == "__main__":
    if sys.argv[1] == "gather":
        found = with_eras_numbered(gather(sys.argv[2:]))
        rows = ["%s: %s" % (json.dumps(table), json_rows(found[table])) for table in sorted(found)]
        print("{" + ",\n".join(rows) + "}")
    elif sys.argv[1] in ("keras", "tf.keras"):
        out = os.dup(1)
        os.dup2(2, 1)  # frameworks print while they are imported
        text = json.dumps(dump(sys.argv[1]), indent=1, sort_keys=True)
        os.write(out, text.encode())
