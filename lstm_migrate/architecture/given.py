"""An architecture that the user gives: a file of any era, or a function that builds a Keras 3 model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lstm_migrate.checkpoint import Checkpoint, Writer
from lstm_migrate.errors import SourceError, UsageError
from lstm_migrate.graph import Activation, Graph, Layer
from lstm_migrate.importing import module_named, reported
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.readers import open_checkpoint
from lstm_migrate.readers.architecture_text import read_architecture
from lstm_migrate.readers.json_text import parse_object
from lstm_migrate.readers.writer import detect_writer

CUDNN = (Activation("sigmoid"),)  # cuDNN knows no other gates

FUNCTION = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)")


@dataclass(frozen=True)
class Supplied:
    """A config, and who wrote it as far as it says so."""

    config: Mapping[str, Any]
    writer: Writer
    source: str


def given_architecture(argument: str) -> Supplied:
    """What `argument` names: a file, or "module:function". Errors say what is expected."""
    function = FUNCTION.fullmatch(argument)
    if function is not None and not Path(argument).exists():
        return _built(argument, function["module"], function["name"])
    path = Path(argument)
    if is_model(path):
        return _taken(path)
    config = read_architecture(path)
    return Supplied(config, _writer(config), path.name)


def with_architecture(checkpoint: Checkpoint, given: Supplied) -> Checkpoint:
    """The checkpoint with that architecture for its own.

    The config's version says what the config means; who computed with the arrays is theirs to say.
    """
    arrays, config = checkpoint.writer, given.writer
    known = config if config.name != "unknown" else arrays
    evidence = (*arrays.evidence, *(f"{given.source}: {said}" for said in config.evidence))
    writer = Writer(known.name, known.version, arrays.backend or config.backend, evidence)
    return replace(checkpoint, architecture=given.config, writer=writer, stored_by=arrays)


def is_model(path: Path) -> bool:
    """Whether it is an HDF5 or ZIP file, whatever its name."""
    try:
        with path.open("rb") as file:
            return file.read(8).startswith((b"\x89HDF", b"PK"))
    except OSError:
        return False


def other_defaults(graph: Graph, arrays: Vocabulary) -> list[tuple[str, str]]:
    """(layer, what is doubtful): activations that the weights' own era did not have unless told to.

    A model that is built anew for old weights easily takes today's defaults for theirs.
    """
    found = []
    for path, layer in graph.walk():
        declared = arrays.layer(layer.kind)
        if declared is None or not declared[1].defaults:
            continue
        usual = arrays.fate(layer.kind, {}, "").config
        found += [
            ("/".join(path), f"{key}={layer.config[key]}, where the weights' own era had {value} unless told")
            for key, value in usual.items()
            if isinstance(value, Activation) and layer.config.get(key, value) not in (value, *_sure(layer))
        ]
    return found


def _sure(layer: Layer) -> tuple[Activation, ...]:
    """The activations that the way in which its arrays are packed leaves no choice of."""
    return CUDNN if layer.config.get("packed") == "cudnn" else ()


def _built(argument: str, module: str, name: str) -> Supplied:
    where = f"--architecture {argument}"
    with reported("the module cannot be imported", where, "a file, or module:function"):
        found = module_named(module)
    with reported("no such function", where, "a function without arguments that returns a keras.Model"):
        function = getattr(found, name)
    with reported("the function built no Keras model", where, "a keras.Model of Keras 3"):
        model = function()
        text = model.to_json()
    homes = {base.__module__.split(".")[0] for base in type(model).__mro__ if base.__name__ == "Model"}
    if "keras" not in homes:
        # The words of tf_keras mean something else: its hard_sigmoid is another function.
        raise UsageError(
            "the function built no Keras 3 model",
            where=where,
            found=f"a {type(model).__name__} of {', '.join(sorted(homes)) or type(model).__module__}",
            expected="a keras.Model of Keras 3",
            hint="Write what its to_json() gives into a file, and name that.",
        )
    config = parse_object(text, argument)
    return Supplied(config, Writer("keras", version("keras"), "", (f"built by {argument}",)), argument)


def _taken(path: Path) -> Supplied:
    """The architecture of a full model, whose weights nobody looks at."""
    with open_checkpoint(path) as checkpoint:
        if checkpoint.architecture is None:
            raise SourceError(
                "holds no architecture",
                where=str(path),
                found=f"{checkpoint.format}: weights alone",
                expected="JSON or YAML of to_json() or to_yaml(), a .keras file, or a full model",
            )
        return Supplied(checkpoint.architecture, checkpoint.writer, path.name)


def _writer(config: Mapping[str, Any]) -> Writer:
    stamp = {key: str(config[key]) for key in ("keras_version", "backend") if config.get(key)}
    return detect_writer([stamp], config)
