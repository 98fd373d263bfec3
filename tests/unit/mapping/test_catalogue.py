"""The shipped mapping files load, extend one another as documented, and name only what there is."""

from __future__ import annotations

from typing import get_args

import pytest

from lstm_migrate.checkpoint import Writer
from lstm_migrate.errors import MappingError, SourceError
from lstm_migrate.mapping.catalogue import document, folder, names
from lstm_migrate.mapping.conversions import CHECKED_TYPES, CONVERSIONS
from lstm_migrate.mapping.document import Conversion, Document, ValueType
from lstm_migrate.mapping.loading import load_document
from lstm_migrate.mapping.sources import SOURCES, source_vocabulary, target_vocabulary
from lstm_migrate.mapping.vocabulary import Vocabulary


def test_the_catalogue_is_what_lies_in_the_folder() -> None:
    assert names() == sorted(path.stem for path in folder().glob("*.yaml"))
    assert {"keras2", "keras3", "keras_cells", "tfkeras"} <= set(names())


@pytest.mark.parametrize("name", names())
def test_every_shipped_mapping_loads_and_bears_its_file_name(name: str) -> None:
    found = document(name)
    assert found.name == name
    assert found.summary


@pytest.mark.parametrize("name", names())
def test_every_name_in_a_shipped_mapping_leads_somewhere(name: str) -> None:
    found = document(name)
    layouts = Vocabulary(found).layouts
    for kind, cell in found.cells.items():
        for layout in (cell.layout, *cell.when.values()):
            assert layout in layouts, kind
        for symbol in cell.sizes:
            assert all(
                symbol in layouts[cell.layout].tensors[role].axes.symbols for role in ("kernel", "bias")
            )
    for kind, declaration in found.classes.items():
        groups = [key[1:] for key in declaration.keep if key.startswith("@")]
        assert set(groups) <= set(found.groups), kind
        assert set(declaration.axes) <= {entry.partition("?")[0] for entry in declaration.weights}, kind
    for layer, keys in found.linear.items():
        for roles in keys.values():
            held = found.classes.get(layer)
            known = {entry.partition("?")[0] for entry in held.weights} if held else set(roles)
            assert set(roles) <= known | {"kernel", "depthwise_kernel"}, layer


@pytest.mark.parametrize("name", names())
def test_what_an_activation_acts_on_are_gates_or_the_output(name: str) -> None:
    for layout in Vocabulary(document(name)).layouts.values():
        for gates in layout.computes.values():
            assert set(gates) <= {*layout.gates.gates, "output"}
        # Every gate has exactly one activation.
        acted = [gate for gates in layout.computes.values() for gate in gates if gate != "output"]
        assert sorted(acted) == sorted(layout.gates.gates)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(MappingError, match="keras2, keras3, keras_cells, tf1, tfkeras, torch"):
        document("keras9")


def test_the_child_of_a_mapping_has_what_it_says_and_else_what_its_parent_says() -> None:
    own = load_document(folder() / "tfkeras.yaml")
    parent, merged = document("keras2"), document("tfkeras")
    assert own.extends == "keras2"
    for key in ("classes", "activations", "semantics", "value_types", "groups", "cells"):
        mine, theirs, both = (getattr(found, key) for found in (own, parent, merged))
        assert both == {**theirs, **mine}, key
    # A layer class is replaced as a whole, an object by its name in its table.
    assert merged.classes["LSTM"] == own.classes["LSTM"]
    assert merged.classes["Dense"] == parent.classes["Dense"]
    assert merged.objects["initializers"]["Zeros"] == own.objects["initializers"]["Zeros"]
    assert set(merged.objects["constraints"]) >= set(parent.objects["constraints"])
    assert set(merged.never_trained) == {*parent.never_trained, *own.never_trained}


def test_a_mapping_inherits_over_two_generations() -> None:
    assert document("tfkeras").layouts == document("keras_cells").layouts
    assert document("tfkeras").backends == document("keras2").backends


def test_alternatives_and_the_words_of_the_file_itself_are_not_inherited() -> None:
    assert document("keras2").alternatives == []
    assert document("tfkeras").alternatives != []
    assert document("tfkeras").summary != document("keras2").summary


def test_conversions_and_value_types_that_a_file_may_name_are_those_that_exist() -> None:
    assert set(get_args(Conversion)) == set(CONVERSIONS)
    assert set(CHECKED_TYPES) <= set(get_args(ValueType))


@pytest.mark.parametrize(
    ("name", "version", "mapping"),
    [
        ("keras", "2.0.0", "keras2"),
        ("keras", "2.3.1", "keras2"),
        ("tf.keras", "2.2.4-tf", "tfkeras"),
        ("tf.keras", "2.15.0", "tfkeras"),
    ],
)
def test_a_writer_speaks_the_mapping_of_its_version(name: str, version: str, mapping: str) -> None:
    assert source_vocabulary(Writer(name, version, "tensorflow")).document.name == mapping


@pytest.mark.parametrize(
    ("name", "version"), [("keras", "4.0.0"), ("keras", "2.4.0"), ("tf.keras", "3.0.0"), ("unknown", "")]
)
def test_a_writer_that_no_mapping_speaks_for_is_refused_with_the_evidence(name: str, version: str) -> None:
    with pytest.raises(SourceError, match="the attribute keras_version") as caught:
        source_vocabulary(Writer(name, version, "", ("the attribute keras_version",)))
    assert "2.15" in caught.value.problems[0].expected


def test_every_source_names_a_shipped_mapping() -> None:
    assert {mapping for *_, mapping in SOURCES} <= set(names())
    assert target_vocabulary().document.name == "keras3"
    assert isinstance(target_vocabulary().document, Document)
