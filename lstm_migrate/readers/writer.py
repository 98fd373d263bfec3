"""Who wrote a Keras file, told by its stamps and by words in its config, each guess with its evidence."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from lstm_migrate.checkpoint import Writer


class Stamp(NamedTuple):
    """A `keras_version` and what it means."""

    pattern: str
    name: str
    meaning: str


# First match wins. Several TensorFlows share a stamp; only the config can tell them apart.
STAMPS = (
    Stamp(r"0\.", "keras", "Keras 0"),
    Stamp(r"1\.", "keras", "Keras 1"),
    Stamp(r"2\.2\.4-tf$", "tf.keras", "tf.keras of TensorFlow 1.13 to 1.15, 2.0 or 2.1"),
    Stamp(r"2\.3\.0-tf$", "tf.keras", "tf.keras of TensorFlow 2.2"),
    Stamp(r"2\..*-tf$", "tf.keras", "tf.keras of TensorFlow 1.12 or older"),
    Stamp(r"2\.[0-3]\.", "keras", "standalone Keras 2"),
    Stamp(r"2\.4\.", "tf.keras", "tf.keras of TensorFlow 2.3 or 2.4, also by the name of Keras 2.4"),
    Stamp(r"2\.(?:[5-9]|1[0-5])\.", "tf.keras", "tf.keras of the TensorFlow with the same number"),
    Stamp(r"2\.", "tf.keras", "tf_keras, which goes on as Keras 2 beside Keras 3"),
    Stamp(r"3\.", "keras", "Keras 3"),
)


@dataclass(frozen=True)
class Clue:
    """A word in the config that only some versions write: a class name, or a key of a class's config."""

    class_name: str
    key: str
    meaning: str


# Held against files of Keras 1.2.2 to 2.3.1 and TensorFlow 1.13 to 2.15: none contradicts its own stamp.
CLUES = (
    Clue("Functional", "", "TensorFlow 2.3 or later"),
    Clue("InputLayer", "ragged", "TensorFlow 1.15, 2.0 or later"),
    Clue("", "time_major", "tf.keras, never standalone Keras"),
    Clue("GlorotUniform", "", "tf.keras; standalone Keras writes VarianceScaling"),
    Clue("BatchNormalizationV1", "", "TensorFlow 1.13 or 1.14"),
    Clue("TensorFlowOpLayer", "", "TensorFlow 1.15 to 2.3"),
    Clue("TFOpLambda", "", "TensorFlow 2.4 or later"),
    Clue("SlicingOpLambda", "", "TensorFlow 2.4 or later"),
    Clue("", "shared_object_id", "later than TensorFlow 2.4"),
    Clue("", "registered_name", "TensorFlow 2.13 or later"),
    Clue("", "consume_less", "Keras 1"),
    Clue("", "inner_activation", "Keras 1"),
    Clue("GRU", "reset_after", "Keras 2.1.5 or later, or tf.keras"),
    Clue("__keras_tensor__", "", "Keras 3"),
    Clue("InputLayer", "batch_shape", "Keras 3"),
    Clue("DTypePolicy", "", "Keras 3.4 or later"),
    Clue("InputLayer", "optional", "Keras 3.13 or later"),
)

# Keras 3 puts no version into the JSON of a model alone: the last of these words that stands there tells it.
UNSTAMPED = (
    (("__keras_tensor__", ""), "3.0 to 3.3"),
    (("InputLayer", "batch_shape"), "3.0 to 3.3"),
    (("DTypePolicy", ""), "3.4 or later"),
    (("InputLayer", "optional"), "3.13 or later"),
)


def detect_writer(
    stamps: Sequence[Mapping[str, str]],
    architecture: Mapping[str, Any] | None,
    names: Collection[str] = (),
) -> Writer:
    """The writer by the first stamp found, else by how it names arrays and builds its config.

    `stamps` are the attributes of the root, then of the weights; `names` those of the arrays.
    """
    versions = list(dict.fromkeys(stamp["keras_version"] for stamp in stamps if "keras_version" in stamp))
    backends = list(dict.fromkeys(stamp["backend"] for stamp in stamps if "backend" in stamp))
    version, backend = (versions or [""])[0], (backends or [""])[0]
    name, evidence = _by_version(version)
    unstamped = "" if version else _unstamped(architecture)
    if unstamped:
        name, version, evidence = "keras", unstamped, ["no version in the config, but words of Keras 3"]
    if not version and (habit := _by_habit(architecture, names)) is not None:
        name, version, said = habit
        evidence = [said]
    if not backend and version.startswith(("0.", "1")):
        backend, said = _backend_by_names(names, version)
        evidence.append(said)
    if len(versions) > 1:
        evidence.append(f"the weights disagree with it: keras_version {versions[1]}")
    if backends and backend:
        evidence.append(f"backend {backend}")
    return Writer(name, version, backend, (*evidence, *_clues(architecture)))


def _unstamped(architecture: Mapping[str, Any] | None) -> str:
    words = set(_words(architecture))
    # The dtype policies of TensorFlow stand in configs as well: only what Keras 3 alone writes tells it.
    found = [version for word, version in UNSTAMPED if word in words]
    alone = UNSTAMPED[0][0] in words or UNSTAMPED[1][0] in words
    return found[-1] if found and alone else ""


def _by_version(version: str) -> tuple[str, list[str]]:
    if not version:
        return "unknown", [
            "no attribute keras_version: Keras before 1.0.3, weights of Keras 1, or other software"
        ]
    for stamp in STAMPS:
        if re.match(stamp.pattern, version):
            return stamp.name, [f"keras_version {version}: {stamp.meaning}"]
    return "unknown", [f"keras_version {version[:40]}: no version that is known here"]


# How Keras 1 names arrays: the layer, "W", "U" or "b", and the gate.
_KERAS_1_NAME = re.compile(r"_[WUb](_[a-z]+)?(:\d+)?$|_running_std(:\d+)?$")
_COUNTED_NAME = re.compile(r"(layer_\d+|graph)/param_\d+$")
_KERAS_1_WORDS = frozenset(
    {("", "inner_activation"), ("", "output_dim"), ("", "border_mode"), ("", "nb_filter")}
)


def _by_habit(architecture: Mapping[str, Any] | None, names: Iterable[str]) -> tuple[str, str, str] | None:
    """(writer, version, why) of a file without a stamp, if something else tells."""
    listed = list(names)
    if listed and all(_COUNTED_NAME.match(name) for name in listed):
        return "keras", "0.3", "layers and arrays are counted (layer_0, param_0): Keras 0"
    if any(_KERAS_1_NAME.search(name) for name in listed):
        return "keras", "1", "arrays are named like lstm_1_W_i: Keras 1"
    if architecture is None:
        return None
    if "class_name" not in architecture and architecture.get("name") in ("Sequential", "Graph"):
        return "keras", "0.3", "the config is a flat list of layers: Keras 0"
    if _KERAS_1_WORDS & set(_words(architecture)):
        return "keras", "1", "the config has keys of Keras 1 (output_dim, inner_activation, nb_filter …)"
    return None


def _backend_by_names(names: Iterable[str], version: str) -> tuple[str, str]:
    listed = [name for name in names if not re.search(r"param_\d+$", name)]
    if version.startswith("0."):
        return "theano", "Keras 0 computed with Theano unless told otherwise, and the file does not say"
    if not listed:
        return "", "nothing tells the backend"
    if any(re.search(r":\d+$", name) for name in listed):
        return "tensorflow", "arrays are named like lstm_1_W:0, as TensorFlow does"
    return "theano", "no array's name ends in :0, as TensorFlow's do: Theano"


def _clues(architecture: Mapping[str, Any] | None) -> tuple[str, ...]:
    words = set(_words(architecture))
    return tuple(
        f"config says {' '.join(filter(None, (clue.class_name, clue.key)))}: {clue.meaning}"
        for clue in CLUES
        if (clue.class_name, clue.key) in words
    ) + (
        ("config of Sequential is a list: up to Keras 2.2.2, or tf.keras before 1.13",)
        if _is_list(architecture)
        else ()
    )


def _is_list(architecture: Mapping[str, Any] | None) -> bool:
    return architecture is not None and isinstance(architecture.get("config"), list)


def _words(value: Any) -> Iterator[tuple[str, str]]:
    """Every class name, every key, and every key of a class's config, at all depths."""
    stack = [value]
    while stack:
        here = stack.pop()
        if isinstance(here, list):
            stack += here
        elif isinstance(here, Mapping):
            stack += here.values()
            yield from (("", key) for key in here)
            name, config = here.get("class_name"), here.get("config")
            if isinstance(name, str):
                yield name, ""
                if isinstance(config, Mapping):
                    yield from ((name, key) for key in config)
