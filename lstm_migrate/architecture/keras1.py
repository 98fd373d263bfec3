"""Configs of Keras 1.0 to 1.2.2 → Graph: brought into the shapes of Keras 2, then read as those are.

Keras 1 merges in one class with many modes, and a Sequential model may begin with a Merge of models,
whose layers the file then lists as if they were its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lstm_migrate.architecture import keras2
from lstm_migrate.architecture.drafting import MAX_NESTING, Draft, text
from lstm_migrate.architecture.graph_models import functional
from lstm_migrate.errors import SourceError
from lstm_migrate.graph import Graph

# A Merge layer's mode → Keras 3's class, and the config keys that it takes by their new names.
MODES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "sum": ("Add", {}),
    "mul": ("Multiply", {}),
    "ave": ("Average", {}),
    "max": ("Maximum", {}),
    "concat": ("Concatenate", {"concat_axis": "axis"}),
    "dot": ("Dot", {"dot_axes": "axes"}),
    "cos": ("CosineMerge", {"dot_axes": "axes"}),
}

# Layers that compute something else by their mode → what they are called here.
NORMALIZATIONS: Mapping[Any, str] = {1: "SampleNormalization", 2: "BatchStatisticsNormalization"}

# These follow the ordering that Keras was set to and do not write it; others of the same model do.
UNSAID_ORDERING = frozenset(
    "UpSampling2D UpSampling3D ZeroPadding2D ZeroPadding3D Cropping2D Cropping3D".split()
)

Entry = Mapping[str, Any]


def read(architecture: Entry, draft: Draft) -> Graph:
    """The Graph of a Keras 1 model's config; PlanError with every problem found in it."""
    with understood("Keras 1"):
        modern = Modern(draft, _orderings(architecture)).entry(architecture, 0)
    return keras2.read(modern, draft)


@contextmanager
def understood(writer: str) -> Iterator[None]:
    """Turns what goes wrong inside into one error: too many forms to check each by hand."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise SourceError(
            f"the config is not as {writer} writes it", found=f"{type(error).__name__}: {text(error)}"
        ) from error


@dataclass
class Modern:
    """Rewrites configs. `orderings`: the values of dim_ordering that the whole model states."""

    draft: Draft
    orderings: frozenset[str]

    def entry(self, entry: Any, depth: int) -> Any:
        """A layer or model in the shape that Keras 2 gives it."""
        if depth > MAX_NESTING:
            raise SourceError("models nest too deep", expected=f"at most {MAX_NESTING} levels")
        if not isinstance(entry, Mapping):
            return entry
        config = entry.get("config")
        if isinstance(config, list):
            if config and _class(config[0]) == "Merge":
                return Merged(self, depth + 1).model(entry)
            return {**entry, "config": [self.entry(item, depth + 1) for item in config]}
        if not isinstance(config, Mapping):
            return entry
        if entry.get("class_name") == "Graph":
            nodes = config.get("nodes")
            nodes = nodes if isinstance(nodes, Mapping) else {}
            return self.entry({**entry, **functional(config, nodes.get)}, depth + 1)
        if isinstance(config.get("layers"), list) and entry.get("class_name") != "Merge":
            listed = [self.entry(item, depth + 1) for item in config["layers"]]
            return {**entry, "config": {**config, "layers": listed}}
        if entry.get("class_name") == "Merge":
            return merge(entry)
        class_name = str(entry.get("class_name"))
        if class_name == "BatchNormalization":
            class_name = NORMALIZATIONS.get(config.get("mode"), class_name)
        return {**entry, "class_name": class_name, "config": self._layer(class_name, config, depth)}

    def _layer(self, class_name: str, config: Entry, depth: int) -> dict[str, Any]:
        found = {key: _named_object(key, value) for key, value in config.items()}
        if "input_dtype" in found:
            found.setdefault("dtype", found.pop("input_dtype"))
        if "layer" in found:
            found["layer"] = self.entry(found["layer"], depth + 1)
        if class_name in UNSAID_ORDERING and "dim_ordering" not in found:
            found["dim_ordering"] = self._ordering(class_name, str(config.get("name", class_name)))
        return found

    def _ordering(self, class_name: str, where: str) -> str:
        if len(self.orderings) == 1:
            return next(iter(self.orderings))
        # Another ordering may give the same sizes and other numbers, so it cannot be guessed.
        said = "the layers that say so differ" if self.orderings else "no layer of this model says so"
        self.draft.problem(
            f"{class_name} does not write its dim_ordering, and {said}",
            where,
            expected='"dim_ordering": "th" or "tf" in its config',
            hint="Add it to this layer in the architecture's JSON or YAML, as it was in the program.",
        )
        return "tf"


def merge(entry: Entry) -> Entry:
    """A Merge layer as the class of its mode; with a function for a mode it stays what it is."""
    config = entry["config"]
    known = MODES.get(config["mode"]) if isinstance(config.get("mode"), str) else None
    if known is None or config.get("mode_type", "raw") != "raw":
        return {**entry, "config": {"name": config.get("name", "merge")}}
    class_name, keys = known
    kept = {new: config[old] for old, new in keys.items() if old in config}
    return {**entry, "class_name": class_name, "config": {"name": config.get("name", "merge"), **kept}}


@dataclass
class Merged:
    """A Sequential model that begins with a Merge of models, written as one functional model."""

    modern: Modern
    depth: int
    layers: dict[str, dict[str, Any]] = field(default_factory=dict)
    inputs: list[list[Any]] = field(default_factory=list)
    known: dict[str, list[Any]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)  # layers that the file has no group for

    def model(self, entry: Entry) -> Entry:
        """The functional model's entry."""
        output = self._branch(entry)
        config = {
            "name": entry.get("name") or "model",
            "layers": list(self.layers.values()),
            "input_layers": self.inputs,
            "output_layers": [output],
        }
        return {**entry, "class_name": "Model", "config": config}

    def _branch(self, entry: Entry) -> list[Any]:
        """Adds the layers of a branch and gives its output; a branch given twice is the same one."""
        key = json.dumps(entry, sort_keys=True, default=str)
        if key not in self.known:
            config = entry.get("config")
            chain = isinstance(config, list)
            self.known[key] = self._chain(list(config or ())) if chain else self._functional(entry)
        return self.known[key]

    def _chain(self, listed: list[Any]) -> list[Any]:
        first = listed[0] if listed else None
        if _class(first) == "Merge":
            last = self._merge(first)
            listed = listed[1:]
        else:
            last = self._input(first)
        for layer in listed:
            entry = self.modern.entry(layer, self.depth + 1)
            last = self._call(entry, [last])
        return last

    def _merge(self, entry: Any) -> list[Any]:
        branches = entry.get("config", {}).get("layers")
        fed = [self._unmasked(branch) for branch in branches or [] if isinstance(branch, Mapping)]
        return self._call(merge(entry), fed, listed=False)

    def _unmasked(self, branch: Entry) -> list[Any]:
        """The output of a branch as Merge sees it: of a Sequential model without its mask."""
        output = self._branch(branch)
        if not isinstance(branch.get("config"), list) or not _masks(branch):
            return output
        name = f"{output[0]}_unmasked"
        if name in self.layers:
            return [name, 0, 0]
        return self._call({"class_name": "Unmasked", "config": {"name": name}}, [output], listed=False)

    def _input(self, first: Any) -> list[Any]:
        config = first.get("config") if isinstance(first, Mapping) else None
        while isinstance(config, list) and config:
            # A branch that begins with a model is fed what that model is.
            config = config[0].get("config")
        config = config if isinstance(config, Mapping) else {}
        name = f"{config.get('name', 'merged')}_input"
        shape = {
            key: config[old]
            for key, old in (("batch_input_shape", "batch_input_shape"), ("dtype", "input_dtype"))
            if old in config
        }
        entry = {"class_name": "InputLayer", "name": name, "config": {"name": name, **shape}}
        return self._added(entry)

    def _added(self, entry: dict[str, Any]) -> list[Any]:
        name = entry["name"]
        if name not in self.layers:
            self.layers[name] = {**entry, "inbound_nodes": []}
            self.unlisted.add(name)
            self.inputs.append([name, 0, 0])
        return [name, 0, 0]

    def _call(self, entry: Any, fed: list[list[Any]], listed: bool = True) -> list[Any]:
        config = entry.get("config") if isinstance(entry, Mapping) else None
        name = (config.get("name") if isinstance(config, Mapping) else None) or entry.get("name")
        name = str(name or self._nameless(entry))
        layer = self.layers.setdefault(name, {**entry, "name": name, "inbound_nodes": []})
        layer["inbound_nodes"].append([[*ref, {}] for ref in fed])
        if not listed:
            self.unlisted.add(name)
        return [name, len(layer["inbound_nodes"]) - 1, 0]

    def _nameless(self, entry: Entry) -> str:
        """The name of a model without one; the same model in two branches is one, called twice."""
        key = json.dumps(entry, sort_keys=True, default=str)
        return self.names.setdefault(key, self._group(len(self.layers)))

    def _group(self, place: int) -> str:
        """A name for a model without one: that of its group of arrays, which stands in its place."""
        place, names = place - len(self.unlisted), self.modern.draft.group_names
        return names[place] if place < len(names) else f"model_{place}"

    def _functional(self, entry: Entry) -> list[Any]:
        """A functional branch: its layers become the outer model's own."""
        config = self.modern.entry(entry, self.depth + 1)["config"]
        for layer in config["layers"]:
            self.layers.setdefault(layer["name"], dict(layer))
        self.inputs += [ref for ref in config["input_layers"] if ref not in self.inputs]
        return list(config["output_layers"][0])


def _masks(branch: Entry) -> bool:
    """Whether something in the branch makes a mask."""
    return next(_values(branch, "mask_value"), None) is not None or True in _values(branch, "mask_zero")


def _class(entry: Any) -> str:
    return str(entry.get("class_name", "")) if isinstance(entry, Mapping) else ""


def _named_object(key: str, value: Any) -> Any:
    """A regularizer or constraint: {"name": "MaxNorm", "m": 2} in the form that Keras 2 gave it."""
    if not key.endswith(("regularizer", "constraint")) or not isinstance(value, Mapping):
        return value
    inside = {name: item for name, item in value.items() if name != "name"}
    return {"class_name": str(value.get("name")), "config": inside} if "name" in value else value


def _orderings(architecture: Entry) -> frozenset[str]:
    return frozenset(value for value in _values(architecture, "dim_ordering") if isinstance(value, str))


def _values(item: Any, wanted: str) -> Iterator[Any]:
    stack = [item]
    while stack:
        here = stack.pop()
        if isinstance(here, Mapping):
            if wanted in here:
                yield here[wanted]
            stack += here.values()
        elif isinstance(here, list):
            stack += here
