"""Whether Keras 3's own loader for old HDF5 files would open one, and whether that computes the same.

What it refuses, and why, was measured with Keras 3.15 on files of every era; no Keras is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lstm_migrate.mapping.sources import target_vocabulary
from lstm_migrate.planning.plan import Plan

MODELS = frozenset({"Sequential", "Model", "Functional"})
RECURRENT = frozenset(
    {"LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Bidirectional"}
)

# Keys that old Keras writes and these constructors of Keras 3 reject, whatever their value.
REJECTED = {
    "Dense": "output_dim",
    "LSTM": "output_dim time_major zero_output_for_mask",
    "GRU": "output_dim time_major zero_output_for_mask",
    "SimpleRNN": "output_dim time_major zero_output_for_mask implementation",
    "RNN": "time_major",
    "ConvLSTM1D": "time_major zero_output_for_mask implementation",
    "ConvLSTM2D": "time_major zero_output_for_mask implementation",
    "ConvLSTM3D": "time_major zero_output_for_mask implementation",
    "Attention": "causal score_mode",  # score_mode is taken for the name of a function
    "AdditiveAttention": "causal",
    "MultiHeadAttention": "query_shape key_shape value_shape",
    "BatchNormalization": "virtual_batch_size",
    "Conv1DTranspose": "groups",
    "Conv2DTranspose": "groups",
    "Conv3DTranspose": "groups",
    "DepthwiseConv1D": "groups",
    "DepthwiseConv2D": "groups",
    "SeparableConv1D": "groups kernel_initializer kernel_regularizer kernel_constraint",
    "SeparableConv2D": "groups kernel_initializer kernel_regularizer kernel_constraint",
    "SpatialDropout1D": "trainable noise_shape",
    "SpatialDropout2D": "trainable noise_shape",
    "SpatialDropout3D": "trainable noise_shape",
    "CategoryEncoding": "max_tokens",
    "Discretization": "trainable bins",
    "IntegerLookup": "max_values mask_value oov_value",
}

LOST_INITIALIZERS = ("recurrent_identity",)


def opens_in_keras_3(
    config: Mapping[str, Any] | None, plan: Plan | None, version: str = "", format: str = ""
) -> str:
    """ "yes", "no: <reason>" or "yes, but computes something else: <reason>". `plan` if there is one.

    `version` of Keras wrote it, in `format`: what Keras 3 wrote in its own words, it reads, though in HDF5
    no operations.
    """
    if config is None:
        return "no: it holds no model config"
    reasons = REASONS
    if version.startswith("3") and plan is not None:
        reasons = () if format == "keras-archive" else (_unknown,)
    for entry in _entries(config):
        for reason in reasons:
            if said := reason(entry):
                return f"no: {said}"
    if plan is None:
        changed = "hard_sigmoid is another function in Keras 3" if _mentions(config, "hard_sigmoid") else ""
    else:
        changed = _changed(plan)
    return f"yes, but computes something else: {changed}" if changed else "yes"


def _changed(plan: Plan) -> str:
    """The first thing that convert does and that loader does not: it copies arrays as they are."""
    for item in plan.assignments:
        if item.steps:
            return f"{'/'.join(item.tensors)} needs: {item.steps[-1]}"
    for note in plan.notes:
        if note.kind in ("rebuilt", "limit"):
            return f"{note.where}: {note.text}"
    return ""


@dataclass(frozen=True)
class Entry:
    """A layer's entry in the config. `inside` is the class of the layer that wraps it, if one does."""

    class_name: str
    config: Any
    whole: Mapping[str, Any]
    inside: str = ""

    @property
    def name(self) -> str:
        own = self.config.get("name") if isinstance(self.config, Mapping) else None
        return str(self.whole.get("name") or own or self.class_name)

    def get(self, key: str) -> Any:
        return self.config.get(key) if isinstance(self.config, Mapping) else None


def _entries(item: Any, inside: str = "") -> Iterator[Entry]:
    """Every layer of every depth, in the order in which they are made."""
    waiting = [(item, inside)]
    while waiting:
        item, inside = waiting.pop()
        if not isinstance(item, Mapping) or not isinstance(item.get("class_name"), str):
            continue
        entry = Entry(item["class_name"], item.get("config"), item, inside)
        yield entry
        below = [(child, "") for child in _layers(entry)]
        for key in ("layer", "backward_layer", "cell"):
            below.append((entry.get(key), entry.class_name))
        below += [(cell, entry.class_name) for cell in _list(entry.get("cells"))]
        waiting += reversed(below)


def _layers(entry: Entry) -> list[Any]:
    return _list(entry.config if isinstance(entry.config, list) else entry.get("layers"))


def _by_name(entry: Entry) -> dict[str, Mapping[str, Any]]:
    found = {str(_mapping(item).get("name")): _mapping(item) for item in _layers(entry)}
    return {name: item for name, item in found.items() if item}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


# ---- reasons why it does not open: each says it in words, or "" if it does not apply


def _unknown(entry: Entry) -> str:
    found = target_vocabulary().layer(entry.class_name)
    known = entry.class_name in MODELS or (found is not None and not found[1].module)
    if entry.class_name == "Lambda":
        return f"{entry.name} is a Lambda, whose code Keras 3 does not load"
    return "" if known else f"Keras 3 has no layer {entry.class_name} ({entry.name})"


def _nameless(entry: Entry) -> str:
    return f"the name {entry.name!r} holds a '/'" if "/" in entry.name else ""


def _listed(entry: Entry) -> str:
    if entry.class_name == "Sequential" and isinstance(entry.config, list):
        return f"{entry.name} is a list of layers without a name, as up to Keras 2.2.2"
    return ""


def _wrapped(entry: Entry) -> str:
    """Inside wrappers another loader works, which wants to know the module of each class."""
    module = str(entry.whole.get("module") or "")
    if entry.inside and (not module or module.startswith("keras.src.")):
        return f"the {entry.class_name} inside a {entry.inside} names no module that Keras 3 has"
    return ""


def _rejected(entry: Entry) -> str:
    if not isinstance(entry.config, Mapping):
        return ""
    keys = REJECTED.get(entry.class_name, "").split()
    if entry.inside:
        keys.append("batch_input_shape")
    found = [key for key in keys if key in entry.config]
    return f"{entry.class_name} of Keras 3 rejects {', '.join(found)} ({entry.name})" if found else ""


def _initialised(entry: Entry) -> str:
    if not isinstance(entry.config, Mapping):
        return ""
    for key, value in entry.config.items():
        if not key.endswith("initializer"):
            continue
        if "dtype" in _mapping(_mapping(value).get("config")):
            return f"{entry.name}: {key} has a dtype, as in TensorFlow 1"
        if value in LOST_INITIALIZERS:
            return f"{entry.name}: Keras 3 has no initializer {value}"
    return ""


def _activated(entry: Entry) -> str:
    for key in ("activation", "recurrent_activation"):
        value = entry.get(key)
        if isinstance(value, Mapping) and (value.get("registered_name") or "module" not in value):
            return f"{entry.name}: {key} is an object of class {value.get('class_name')}"
    return ""


def _early_gru(entry: Entry) -> str:
    if entry.class_name != "GRU" or entry.get("reset_after") is not None or entry.get("use_bias") is False:
        return ""
    return f"{entry.name} was written before reset_after, which Keras 3 takes for granted: another bias"


def _several_axes(entry: Entry) -> str:
    axis = entry.get("axis")
    return f"{entry.name}: several axes are forgotten" if isinstance(axis, list) and len(axis) > 1 else ""


def _integer(entry: Entry) -> str:
    dtype = str(entry.get("dtype"))
    if entry.class_name == "Embedding" and "int" in dtype:
        return f"{entry.name}: an Embedding of {dtype} has no first values"
    return ""


def _fed_batches(entry: Entry) -> str:
    """The batch's size is taken for one more axis."""
    if entry.class_name != "Sequential":
        return ""
    first = _mapping(next(iter(_layers(entry)), None))
    if (
        first.get("class_name") == "InputLayer"
        or _mapping(first.get("config")).get("batch_input_shape") is None
    ):
        return ""
    return f"{entry.name} has no input layer, and Keras 3 gives its first layer one axis too many"


def _given_states(entry: Entry) -> str:
    if entry.class_name not in RECURRENT or not isinstance(entry.whole.get("inbound_nodes"), list):
        return ""
    if any(isinstance(node, list) and len(node) > 1 for node in entry.whole["inbound_nodes"]):
        return f"{entry.name} is given states, which Keras 3 takes for more inputs"
    return ""


def _counted_from_one(entry: Entry) -> str:
    """Old Keras counts a model's own outputs as its call 0; Keras 3 never finds the last call."""
    layers = _by_name(entry)
    for item in layers.values():
        for node in _list(item.get("inbound_nodes")):
            for ref in _list(node):
                called = layers.get(ref[0]) if _is_ref(ref) else None
                if called is not None and called.get("class_name") in MODELS:
                    calls = len(_list(called.get("inbound_nodes")))
                    if ref[1] >= calls:
                        return f"{ref[0]} is called as a layer, and Keras 3 counts its calls otherwise"
    return ""


def _given_by_name(entry: Entry) -> str:
    """Tensors among keyword arguments stay what they are in the config: lists of a name and two numbers."""
    layers = _by_name(entry)
    for name, item in layers.items():
        refs = [ref for node in _list(item.get("inbound_nodes")) for ref in _list(node)]
        for ref in refs:
            kwargs = _mapping(ref[3] if _is_ref(ref) and len(ref) > 3 else None)
            for key, value in kwargs.items():
                if _is_ref(value) and value[0] in layers:
                    return f"{name} is given a tensor as {key}, which Keras 3 does not look up"
    return ""


def _is_ref(item: Any) -> bool:
    return isinstance(item, list) and len(item) >= 3 and isinstance(item[0], str) and isinstance(item[1], int)


REASONS: tuple[Callable[[Entry], str], ...] = (
    _unknown,
    _nameless,
    _listed,
    _wrapped,
    _rejected,
    _initialised,
    _activated,
    _early_gru,
    _several_axes,
    _integer,
    _fed_batches,
    _given_states,
    _counted_from_one,
    _given_by_name,
)


def _mentions(item: Any, word: str) -> bool:
    waiting = [item]
    while waiting:
        inner = waiting.pop()
        if inner == word:
            return True
        waiting += inner.values() if isinstance(inner, Mapping) else _list(inner)
    return False
