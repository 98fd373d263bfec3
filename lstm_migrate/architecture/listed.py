"""The architecture that a mapping file lists under `model`: a chain of stock layers in Keras 3's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from lstm_migrate.architecture.class_names import snake_case
from lstm_migrate.architecture.given import Supplied
from lstm_migrate.checkpoint import Writer
from lstm_migrate.mapping.catalogue import document
from lstm_migrate.mapping.rule_grammar import INPUTS, ModelLayer


def listed_architecture(model: Sequence[ModelLayer], source: str) -> Supplied:
    """The chain as a config; `source` names the file that lists it."""
    layers = [_entry(layer.class_, name, layer.config) for name, layer in _named(model)]
    config = {"class_name": "Sequential", "config": {"name": "model", "layers": layers}}
    writer = Writer("keras", version("keras"), "", (f"the model that {source} lists",))
    return Supplied(config, writer, source)


def _entry(class_name: str, name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    own = {key: _value(value) for key, value in config.items()}
    if class_name in INPUTS:
        class_name = "InputLayer"
        if isinstance(own.get("shape"), list):
            # Users speak of shapes without the batch, as keras.Input does.
            own["batch_shape"] = [None, *own.pop("shape")]
    # Some layers share their class's name with an operation: the module tells which is meant.
    home = {"module": "keras.layers"} if class_name in document("keras3").classes else {}
    return {**home, "class_name": class_name, "config": {"name": name, **own}}


def _value(value: Any) -> Any:
    """A config value; a layer inside a layer is written as those of the list are."""
    if isinstance(value, list):
        return [_value(item) for item in value]
    if isinstance(value, Mapping) and "class" in value and value.keys() <= {"class", "name", "config"}:
        class_name = str(value["class"])
        return _entry(class_name, str(value.get("name") or snake_case(class_name)), value.get("config") or {})
    return value


def _named(layers: Sequence[ModelLayer]) -> Iterator[tuple[str, ModelLayer]]:
    """The layers with their names; those without one are called as Keras 3 calls them."""
    counts: Counter[str] = Counter()
    for layer in layers:
        stem = snake_case(layer.class_)
        count = counts[stem]
        counts[stem] += 1
        yield layer.name or (f"{stem}_{count}" if count else stem), layer
