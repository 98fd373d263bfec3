"""One case on disk: model.h5 as the framework saves it, io.npz as it computes, case.json in words."""

import collections
import json
import os
import re
import shutil

import numpy as np

VALID = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "valid")
CASES = []
Case = collections.namedtuple("Case", "name eras hard build")


def why(error, most=160):
    """An error in one line, without the folders of the machine that met it."""
    text = re.sub(r"(/[\w.+-]+){2,}/", "", " ".join(str(error).split()))
    return "%s: %s" % (type(error).__name__, text[:most])


class Made(object):
    """What a case hands over: the model, its inputs, and how they are to be recorded.

    `twin`: a model without cuDNN that loads the saved file and computes in its place. `stateful`: record two
    successive predictions. `scale`: how large the random kernels are; `weights`: False keeps those there.
    `needs`: modules that must be imported before Keras 3 can open what the file becomes.
    """

    def __init__(self, model, inputs, twin=None, stateful=False, scale=0.6, weights=True, note="", needs=()):
        self.model, self.twin, self.stateful = model, twin, stateful
        self.inputs = inputs if isinstance(inputs, list) else [inputs]
        self.scale, self.weights, self.note, self.needs = scale, weights, note, list(needs)


def case(eras, hard=""):
    """Registers a builder `build(era) -> Made` under its function's name; its docstring is the
    architecture in words."""

    def register(build):
        CASES.append(Case(build.__name__.replace("_", "-"), eras.split(), hard, build))
        return build

    return register


def randomise(era, model, scale):
    """Seeded values for every float variable: variances and gammas positive, biases and moving means
    not zero."""
    seen, pairs = set(), []
    for variable in model.weights:
        if id(variable) in seen:
            continue
        seen.add(id(variable))
        now = np.asarray(era.K.get_value(variable))
        if now.dtype.kind != "f" and "bfloat16" not in str(now.dtype):
            continue
        name = variable.name
        if "variance" in name or "gamma" in name or name.rsplit("/", 1)[-1].startswith("scale"):
            new = era.random.uniform(0.5, 1.5, now.shape)
        elif now.ndim > 1 and "bias" not in name:
            new = era.random.normal(size=now.shape) * scale
        else:
            new = era.random.normal(size=now.shape) * 0.4 + 0.05
        pairs.append((variable, new.astype(now.dtype)))
    era.K.batch_set_value(pairs)


def as_list(outputs):
    """Outputs in flat order: lists depth first, dicts by sorted key."""
    if isinstance(outputs, dict):
        return [flat for key in sorted(outputs) for flat in as_list(outputs[key])]
    return [flat for o in outputs for flat in as_list(o)] if isinstance(outputs, (list, tuple)) else [outputs]


def predict(model, inputs):
    got = model.predict(inputs if len(inputs) > 1 else inputs[0], batch_size=len(inputs[0]))
    return [np.asarray(o).astype("float32") for o in as_list(got)]


def arrays(inputs, outputs):
    stored = {"input_%d" % i: x for i, x in enumerate(inputs)}
    stored.update({"output_%d" % i: y for i, y in enumerate(outputs)})
    return stored


def reload_says(era, path, made, outputs, folder):
    """Does the framework itself read its own file back to the same function? (README: TF 2.0 does not
    always.)"""
    try:
        options = {} if era.standalone and not era.at_least(2, 1) else {"compile": False}
        got = predict(era.models.load_model(path, **options), made.inputs)
    except Exception as error:
        return "fails: " + why(error)
    if [g.shape for g in got] != [y.shape for y in outputs]:
        return "other shapes: %s" % [g.shape for g in got]
    gap = max([float(np.max(np.abs(g - y))) for g, y in zip(got, outputs) if y.size] or [0.0])
    if gap < 1e-5:
        return "same outputs"
    np.savez_compressed(os.path.join(folder, "io_reload.npz"), **arrays(made.inputs, got))
    return "differs by %.2g" % gap


def write(era, case, name):
    folder = os.path.join(VALID, name)
    shutil.rmtree(folder, ignore_errors=True)
    made = case.build(era)
    os.makedirs(folder)
    try:
        said = fill(era, case, made, name, folder)
    except Exception:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return said


def fill(era, case, made, name, folder):
    path = os.path.join(folder, "model.h5")
    if made.weights:
        randomise(era, made.model, made.scale)
    made.model.save(path) if era.standalone or era.name == "tf113" else made.model.save(
        path, save_format="h5"
    )
    computing = made.model
    if made.twin is not None:
        made.twin.load_weights(path)
        computing = made.twin
    outputs = predict(computing, made.inputs)
    if not all(np.isfinite(o).all() for o in outputs):
        raise ValueError("outputs are not finite")
    np.savez_compressed(os.path.join(folder, "io.npz"), **arrays(made.inputs, outputs))
    about = {
        "id": name,
        "format": ("keras2" if era.standalone else "tf.keras") + " full-model HDF5",
        "files": ["model.h5"],
        "architecture": " ".join((case.build.__doc__ or case.name).split()),
        "hard": case.hard,
        "needs_architecture": False,
        "seed": era.seed,
        "io": "model.predict of the saving framework, same process, inference mode",
    }
    about.update(era.facts())
    if made.twin is not None:
        about["io"] = (
            "cuDNN kernels cannot run on a CPU: the cuDNN graph was built, its variables assigned and saved; "
            "the outputs are the plain LSTM / GRU(reset_after) twin's, after the same framework's "
            "load_weights converted this file"
        )
    if made.stateful:
        second = predict(computing, made.inputs)
        stored = {"input_%d" % i: x for i, x in enumerate(made.inputs)}
        for call, got in ((1, outputs), (2, second)):
            stored.update({"output_%d_call%d" % (i, call): y for i, y in enumerate(got)})
        np.savez_compressed(os.path.join(folder, "io_stateful.npz"), **stored)
        about["stateful_io"] = "io_stateful.npz: same batch predicted twice without reset_states between"
    if made.needs:
        about["needs"] = made.needs
    if made.note:
        about["note"] = made.note
    if era.skips:
        about["left_out"] = dict(era.skips)
    if made.twin is None:
        about["reload"] = reload_says(era, path, made, outputs, folder)
    with open(os.path.join(folder, "case.json"), "w") as f:
        json.dump(about, f, indent=1, sort_keys=True)
        f.write("\n")
    size = sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder))
    return "%6d B  %2d outputs  reload %s" % (size, len(outputs), about.get("reload", "-"))
