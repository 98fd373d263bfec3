"""One case on disk: the checkpoint and its architecture as the framework saves them, io.npz as it computes."""

import collections
import json
import os
import re
import shutil

import numpy as np

CORPUS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VALID = os.path.join(CORPUS, "valid")
CASES = []
Case = collections.namedtuple("Case", "name eras form hard build")
POSITIVE = ("gamma", "running_std", "t_right", "running_var")


def case(eras, form="weights", hard=""):
    """Registers `build(era) -> Made`; `form` is full, weights (+ model.json) or yaml (weights + model.yaml)."""

    def register(build):
        CASES.append(Case(build.__name__.replace("_", "-"), eras.split(), form, hard, build))
        return build

    return register


class Made(object):
    """A model, its inputs in the model's order, and how they are recorded.

    `stateful`: two successive predictions are kept. `trained`: one step of this optimiser before the arrays
    are drawn, so that its state is saved. `recorded` False: the backend cannot compute this model.
    """

    def __init__(self, model, inputs, stateful=False, trained=None, scale=0.6, note=""):
        self.model, self.inputs = model, inputs if isinstance(inputs, list) else [inputs]
        self.stateful, self.trained, self.scale, self.note = stateful, trained, scale, note


def leaves(layer):
    """Layers that hold arrays themselves, containers and wrappers opened."""
    inner = [getattr(layer, key) for key in ("forward_layer", "backward_layer") if hasattr(layer, key)]
    if not inner and hasattr(layer, "layers") and layer.layers:
        inner = list(layer.layers)
    elif not inner and hasattr(layer, "nodes") and isinstance(layer.nodes, dict):
        inner = list(layer.nodes.values())
    elif not inner and type(layer).__name__ in ("TimeDistributed", "AutoEncoder"):
        inner = [getattr(layer, key) for key in ("layer", "encoder", "decoder") if hasattr(layer, key)]
    elif not inner and type(layer).__name__ == "Siamese":
        inner = [layer.layer]
    found = [leaf for one in inner for leaf in leaves(one)]
    return found if inner and not own_variables(layer, inner) else [layer] + found


def own_variables(layer, inner):
    return type(layer).__module__.endswith("recurrent") and not hasattr(layer, "forward_layer")


def variables(layer):
    values = list(getattr(layer, "trainable_weights", []) or [])
    return values + list(getattr(layer, "non_trainable_weights", []) or [])


def role(layer, variable):
    """The attribute of the layer that holds this variable."""
    return next((key for key, value in sorted(vars(layer).items()) if value is variable), "")


def randomise(era, model, scale):
    """Seeded values for every variable: scales and variances positive, biases and moving means not zero."""
    seen = set()
    for layer in leaves(model):
        for variable in variables(layer):
            if id(variable) in seen:
                continue
            seen.add(id(variable))
            now = np.asarray(era.K.get_value(variable))
            era.K.set_value(variable, drawn(era, layer, role(layer, variable), now, scale).astype(now.dtype))


def drawn(era, layer, role, now, scale):
    if role in POSITIVE or type(layer).__name__ == "ParametricSoftplus":
        return era.random.uniform(0.5, 1.5, now.shape)
    if type(layer).__name__ in ("PReLU", "SReLU") or now.ndim == 1 or role.startswith("b"):
        return era.random.normal(size=now.shape) * 0.4 + 0.05
    return era.random.normal(size=now.shape) * scale


def computing(era, model):
    """inputs -> outputs, in the model's order; not `predict` where that would first compile a training."""
    if era.version > "1.0.2":
        return lambda inputs: model.predict(inputs if len(inputs) > 1 else inputs[0], batch_size=3)
    if era.version == "1.0.1":
        return computing_101(era, model)
    if type(model).__name__ == "Graph":
        ins = [model.inputs[name].get_input(False) for name in model.input_order]
        outs = [model.outputs[name].get_output(False) for name in model.output_order]
    else:
        ins, outs = model.get_input(False), [model.get_output(False)]
        ins = ins if isinstance(ins, list) else [ins]
    function = era.K.function(ins, outs, updates=model.state_updates)
    return lambda inputs: function(inputs)


def computing_101(era, model):
    if type(model).__name__ == "Sequential":
        model.build()
        model = model.model
    phase = [era.K.learning_phase()] if model.uses_learning_phase else []
    function = era.K.function(model.inputs + phase, model.outputs, updates=model.state_updates)
    return lambda inputs: function(list(inputs) + [0.0] * len(phase))


def outputs_of(got):
    return [np.asarray(o).astype("float32") for o in (got if isinstance(got, (list, tuple)) else [got])]


def arrays(inputs, outputs):
    stored = {"input_%d" % i: np.asarray(x, "float32") for i, x in enumerate(inputs)}
    stored.update(("output_%d" % i, y) for i, y in enumerate(outputs))
    return stored


def train(era, made, optimiser):
    model = made.model
    model.compile(optimiser, "mse")
    targets = [np.random.RandomState(1).normal(size=o.shape) for o in outputs_of(computing(era, model)(made.inputs))]
    single = len(made.inputs) == 1
    model.train_on_batch(made.inputs[0] if single else made.inputs, targets[0] if len(targets) == 1 else targets)


def saved(case, era, made, folder):
    """Names of the files, checkpoint first. Keras 0.3 and 1.0.1 have no full models."""
    if case.form == "full" and era.version[:3] != "0.3" and era.version != "1.0.1":
        made.model.save(os.path.join(folder, "model.h5"))
        return ["model.h5"]
    made.model.save_weights(os.path.join(folder, "weights.h5"), overwrite=True)
    beside = "model.yaml" if case.form == "yaml" else "model.json"
    with open(os.path.join(folder, beside), "w") as f:
        f.write(made.model.to_yaml() if case.form == "yaml" else made.model.to_json())
    return ["weights.h5", beside]


def write(era, case, name):
    folder = os.path.join(VALID, name)
    shutil.rmtree(folder, ignore_errors=True)
    made = case.build(era)
    if era.version[0] == "1" and type(made.model).__name__ == "Graph":
        made.model.build()
    os.makedirs(folder)
    try:
        return fill(era, case, made, name, folder)
    except Exception:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def fill(era, case, made, name, folder):
    if made.trained is not None:
        train(era, made, made.trained)
    randomise(era, made.model, made.scale)
    files = saved(case, era, made, folder)
    predict = computing(era, made.model)
    outputs = outputs_of(predict(made.inputs))
    if not all(np.isfinite(o).all() for o in outputs):
        raise ValueError("outputs are not finite")
    np.savez_compressed(os.path.join(folder, "io.npz"), **arrays(made.inputs, outputs))
    about = described(era, case, made, name, files)
    if made.stateful:
        keep_calls(made, outputs, outputs_of(predict(made.inputs)), folder)
        about["stateful_io"] = "io_stateful.npz: same batch predicted twice without reset_states between"
    with open(os.path.join(folder, "case.json"), "w") as f:
        json.dump(about, f, indent=1, sort_keys=True, separators=(",", ": "))
        f.write("\n")
    size = sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder))
    return "%6d B %s spread %s" % (size, [o.shape for o in outputs], ["%.2g" % o.std() for o in outputs])


def keep_calls(made, first, second, folder):
    stored = {"input_%d" % i: x for i, x in enumerate(made.inputs)}
    for call, got in ((1, first), (2, second)):
        stored.update(("output_%d_call%d" % (i, call), y) for i, y in enumerate(got))
    np.savez_compressed(os.path.join(folder, "io_stateful.npz"), **stored)


def described(era, case, made, name, files):
    full = files == ["model.h5"]
    about = {
        "id": name,
        "format": "keras%s %s" % (era.version[0], "full-model HDF5" if full else "weights-only HDF5 (save_weights)"),
        "files": files,
        "architecture": " ".join((case.build.__doc__ or case.name).split()),
        "hard": case.hard,
        "needs_architecture": not full,
        "seed": era.seed,
        "io": "the saving framework's own inference, same process",
    }
    about.update(era.facts())
    if not full:
        about["architecture_file"] = files[1]
    if made.note:
        about["note"] = made.note
    return about


def why(error, most=160):
    """An error in one line, without the folders of the machine that met it."""
    text = re.sub(r"(/[\w.+-]+){2,}/", "", " ".join(str(error).split()))
    return "%s: %s" % (type(error).__name__, text[:most])
