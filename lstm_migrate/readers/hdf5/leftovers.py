"""What else a Keras HDF5 file holds and nobody reads: optimizer state, training config, stray data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import h5py

from lstm_migrate.errors import SourceError
from lstm_migrate.readers.hdf5.attributes import read_text
from lstm_migrate.readers.hdf5.tree import Tree
from lstm_migrate.readers.json_text import parse_object

READ_ATTRIBUTES = ("keras_version", "backend", "model_config", "layer_names", "training_config")


def leftovers(file: h5py.File, tree: Tree, read: Collection[str]) -> Mapping[str, str]:
    """A word on each thing that stays behind. `read`: the paths of the datasets that do not."""
    taken = frozenset(read)
    counts = Counter(_place(path) for path in tree.datasets() if path not in taken)
    found = {place: f"{count} tensor{'s' * (count != 1)}" for place, count in counts.items()}
    training = _training(file)
    if training is not None:
        found["training_config"] = training
    strange = [name for name in file.attrs if name.rstrip("0123456789") not in READ_ATTRIBUTES]
    if strange:
        found["attributes"] = ", ".join(strange)
    return found


def _place(path: str) -> str:
    place = path.split("/")[0]
    return "model_weights, in no list of a layer" if place == "model_weights" else place


def _training(file: h5py.File) -> str | None:
    """Optimizer and loss by name; the rest of the training config is of no use to another framework."""
    try:
        text = read_text(file, "training_config")
        if text is None:
            return None
        config = parse_object(text, "training_config")
    except SourceError:
        return "unreadable"  # nobody needs it, so it stops nothing
    return described_training(config)


def described_training(config: Mapping[str, Any]) -> str:
    """Optimizer and loss of a training config, by name."""
    optimizer = config.get("optimizer_config") or config.get("optimizer")
    facts = [
        f"optimizer {_name(optimizer)}" if optimizer else "",
        f"loss {_name(config['loss'])}" if config.get("loss") else "",
    ]
    return ", ".join(fact for fact in facts if fact) or "present"


def _name(value: Any) -> str:
    """A name out of whatever Keras wrote there: a string, a serialised object, a list or dict of them."""
    if isinstance(value, str):
        return value[:60]
    if isinstance(value, dict):
        named = value.get("class_name")
        if isinstance(named, str):
            config = value.get("config")
            return (
                _name(config)
                if named == "function" and isinstance(config, str)
                else named.split(">")[-1][:60]
            )
        value = list(value.values())
    if isinstance(value, list):
        names = dict.fromkeys(_name(item) for item in value[:8])
        return " + ".join(name for name in names if name)
    return ""
