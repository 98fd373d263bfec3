"""The layer tables against the configs that the real frameworks wrote.

data/layer_keys.json holds, for each framework, every layer class it exports with the keys and values
of its get_config and the names of its weights; tests/corpus/make/layer_keys.py wrote it there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lstm_migrate.mapping.catalogue import document
from lstm_migrate.mapping.document import Document, LayerDeclaration
from lstm_migrate.mapping.vocabulary import STRUCTURAL, Vocabulary, version_numbers

DATA: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "layer_keys.json").read_text(encoding="utf-8")
)
MAPPINGS = {"keras": "keras2", "tf.keras": "tfkeras"}
WRAPPED = {"layer", "backward_layer", "cell", "cells"}
WRAPPERS = {"Bidirectional", "RNN", "StackedRNNCells", "SpectralNormalization", "TimeDistributed"}

# Keras 3's layers take these through **kwargs.
TAKEN_BY_ALL = {"activity_regularizer"}
# Keys that no Keras 3 layer takes: planning rebuilds what they mean.
REBUILT_KEYS = {"causal", "reverse_state_order", "time_major"}
# What a layer kind that Keras 3 lacks is written as, or None where it is rebuilt from several.
STAND_INS = {
    "CuDNNLSTM": "LSTM",
    "CuDNNGRU": "GRU",
    "ThresholdedReLU": None,
    "LocallyConnected1D": None,
    "LocallyConnected2D": None,
}
# Values that this project refuses, with a way out in the message.
REFUSED_VALUES = {
    ("BatchNormalization", "virtual_batch_size", "2"),
    ("BatchNormalizationV1", "virtual_batch_size", "2"),
    ("CategoryEncoding", "max_tokens", "4"),
    ("Discretization", "bins", '{"type": "ndarray", "value": [0.0, 1.0, Infinity]}'),
    ("IntegerLookup", "mask_value", "0"),
    ("IntegerLookup", "max_values", "null"),
    ("IntegerLookup", "oov_value", "-1"),
}


def mapping_of(era: str) -> str:
    framework, version = era.split()
    return "keras3" if version.startswith("3") else MAPPINGS[framework]


def written(mapping: str | None = None) -> Iterator[tuple[str, str, str, str]]:
    """(era, class, key, value as JSON) of everything that was written, by eras of this mapping."""
    for class_name, keys in DATA["layers"].items():
        for key, values in keys.items():
            for value, eras in values.items():
                for era in (DATA["eras"][number] for number in eras):
                    if mapping is None or mapping_of(era) == mapping:
                        yield era, class_name, key, value


@cache
def kept_by(name: str, class_name: str) -> frozenset[str]:
    found = document(name)
    declaration = declared(name, class_name)
    assert declaration is not None
    return frozenset(expanded(found, declaration) + expanded(found, found.common))


def expanded(found: Document, declaration: LayerDeclaration) -> list[str]:
    kept: list[str] = []
    for key in declaration.keep:
        kept += found.groups[key[1:]] if key.startswith("@") else [key]
    return kept


def declared(name: str, class_name: str) -> LayerDeclaration | None:
    found = Vocabulary(document(name)).layer(class_name)
    return None if found is None else found[1]


def refused(name: str, class_name: str) -> bool:
    declaration = declared(name, class_name)
    return declaration is not None and declaration.refuse is not None


@pytest.mark.parametrize("name", ["keras2", "tfkeras"])
def test_every_class_that_a_framework_wrote_is_declared(name: str) -> None:
    classes = {class_name for _, class_name, _, _ in written(name)}
    assert len(classes) > 70
    assert {class_name for class_name in classes if declared(name, class_name) is None} == set()


@pytest.mark.parametrize("name", ["keras2", "tfkeras", "keras3"])
def test_every_key_that_a_framework_wrote_has_exactly_one_fate(name: str) -> None:
    common = document(name).common
    wrong: set[tuple[str, ...]] = set()
    for era, class_name, key, _ in written(name):
        declaration = declared(name, class_name)
        if declaration is None or declaration.refuse is not None or key in STRUCTURAL:
            continue
        fates = [
            key in kept_by(name, class_name),
            key in declaration.rename,
            key in declaration.drop or key in common.drop,
            key in declaration.only or key in common.only,
        ]
        if sum(fates) != 1:
            wrong.add((era, class_name, key, str(sum(fates))))
    assert wrong == set()


@pytest.mark.parametrize("name", ["keras2", "tfkeras", "keras3"])
def test_every_value_that_a_framework_wrote_is_understood_or_refused_by_name(name: str) -> None:
    wrong: set[tuple[str, ...]] = set()
    for era, class_name, key, value in written(name):
        if declared(name, class_name) is None or refused(name, class_name):
            continue
        vocabulary = Vocabulary(document(name), version_numbers(era.split()[1]))
        plain = value if value == "..." else json.loads(value)
        problems = vocabulary.fate(class_name, {key: plain}, class_name).problems
        if problems and (class_name, key, value) not in REFUSED_VALUES:
            wrong.add((era, class_name, key, value[:60], str(problems[0].what)[:60]))
    assert wrong == set()


@pytest.mark.parametrize("row", sorted(REFUSED_VALUES))
def test_a_value_that_keras_3_cannot_compute_is_refused(row: tuple[str, str, str]) -> None:
    class_name, key, value = row
    fate = Vocabulary(document("tfkeras")).fate(class_name, {key: json.loads(value)}, class_name)
    assert [problem.what for problem in fate.problems if not problem.what.startswith("unknown")]


@pytest.mark.parametrize("name", ["keras2", "tfkeras", "keras3"])
def test_keras_3_takes_every_key_that_is_carried_over(name: str) -> None:
    found = document(name)
    wrong: set[tuple[str, ...]] = set()
    for class_name, declaration in found.layers.items():
        kind = STAND_INS.get(declaration.kind or class_name, declaration.kind or class_name)
        if declaration.refuse is not None or kind is None or kind == "InputLayer":
            continue
        if document("keras3").classes[kind].module:
            continue  # the project's own, held against its mapping in tests/unit/layers
        takes = {*DATA["keras3"][kind], *own_keys(kind), *TAKEN_BY_ALL, *REBUILT_KEYS, *WRAPPED}
        carried = {*expanded(found, declaration), *declaration.rename.values(), *declaration.defaults}
        wrong |= {(class_name, key) for key in carried - takes}
    assert wrong == set()


@pytest.mark.parametrize("name", ["keras2", "tfkeras", "keras3"])
def test_weights_are_declared_in_the_order_of_the_file(name: str) -> None:
    wrong: set[tuple[str, ...]] = set()
    for class_name, tables in DATA["weights"].items():
        declaration = declared(name, class_name)
        if declaration is None or declaration.refuse is not None or class_name in WRAPPERS:
            continue
        roles = [
            entry.partition("?")[0] for entry in document(name).classes[kind_of(name, class_name)].weights
        ]
        for leaves, eras in tables.items():
            names = leaves.split()
            stands = names == [role for role in roles if role in names]
            if not stands and any(mapping_of(DATA["eras"][number]) == name for number in eras):
                wrong.add((class_name, leaves))
    # 1.13 corrects its renorm arrays with weights of their own, as no later version does.
    assert {row for row in wrong if "renorm_mean_weight" not in row[1]} == set()


def own_keys(kind: str) -> set[str]:
    """What Keras 3 writes of a layer and hands to its constructor again."""
    last = len(DATA["eras"]) - 1
    return {
        key for key, values in DATA["layers"].get(kind, {}).items() if any(last in e for e in values.values())
    }


def kind_of(name: str, class_name: str) -> str:
    found = Vocabulary(document(name)).layer(class_name)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("kind", ["initializers", "regularizers", "constraints"])
def test_every_initializer_regularizer_and_constraint_is_declared_with_its_keys(kind: str) -> None:
    wrong: set[tuple[str, ...]] = set()
    for class_name, configs in DATA["objects"][kind].items():
        for config, eras in configs.items():
            for name in {mapping_of(DATA["eras"][number]) for number in eras}:
                declaration = document(name).objects[kind].get(class_name)
                if declaration is None:
                    wrong.add((name, class_name))
                    continue
                fates = {*declaration.keep, *declaration.drop}
                if declaration.refuse is None:
                    wrong |= {(name, class_name, key) for key in json.loads(config) if key not in fates}
    assert wrong == set()


def test_every_activation_name_of_each_era_has_a_meaning() -> None:
    wrong = {
        (DATA["eras"][number], activation)
        for activation, eras in DATA["activations"].items()
        for number in eras
        if activation not in document(mapping_of(DATA["eras"][number])).activations
    }
    assert wrong == set()


def test_only_hard_sigmoid_changed_its_meaning_between_the_eras() -> None:
    old, new = document("tfkeras").activations, document("keras3").activations
    changed = {
        name
        for name, meaning in old.items()
        if meaning != new.get(meaning.function) and name != "swish" and meaning.function in new
    }
    assert changed == {"hard_sigmoid"}


@pytest.mark.parametrize("table", ["operations", "node_operations"])
def test_every_operation_names_one_of_keras_ops_and_its_parameters(table: str) -> None:
    wrong: set[tuple[str, ...]] = set()
    for name, entry in getattr(document("tfkeras"), table).items():
        if entry.get("op", "get_item") == "get_item":
            continue  # a layer, or refused; a slice, whose bounds are put together first
        used = {argument.lstrip("*") for argument in entry["args"]} - set(entry.get("only", {}))
        for field in ("names", "attributes", "transposes"):
            used |= set(entry.get(field, {}).values())
        for field in ("defaults", "set", "convert", "with", "positional", "required"):
            used |= set(entry.get(field, {}))
        wrong |= {(name, parameter) for parameter in used - set(DATA["operations"][entry["op"]])}
    assert wrong == set()


def test_an_unknown_key_is_a_problem_and_not_dropped() -> None:
    fate = Vocabulary(document("keras2")).fate("LSTM", {"units": 2, "peephole": True}, "lstm")
    assert [problem.what for problem in fate.problems] == ["unknown config key 'peephole'"]


@pytest.mark.parametrize(("version", "function"), [("2.2.5", "hard_sigmoid"), ("2.3.0", "sigmoid")])
def test_an_absent_gate_activation_is_that_of_its_version(version: str, function: str) -> None:
    vocabulary = Vocabulary(document("keras2"), version_numbers(version))
    assert vocabulary.fate("LSTM", {"units": 2}, "lstm").config["recurrent_activation"].function == function


def test_an_absent_reset_after_is_false() -> None:
    assert (
        Vocabulary(document("keras2"), (2, 1, 4)).fate("GRU", {"units": 2}, "gru").config["reset_after"]
        is False
    )
