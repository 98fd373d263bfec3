"""Files with registered cells: what opens them, and what the mapping of Keras 3 says of their configs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from lstm_migrate import layers
from lstm_migrate.graph import Layer
from lstm_migrate.mapping.catalogue import document
from lstm_migrate.mapping.vocabulary import STRUCTURAL
from lstm_migrate.planning.slots import roles
from tests.unit.layers.made import FEATURES, KINDS, OPTIONS, WORDS, cell, filled, inputs, values, weights

OPENING = """
import sys, warnings
warnings.simplefilter("ignore")
import keras
try:
    keras.models.load_model(sys.argv[1])
except TypeError:
    import lstm_migrate.layers
    print(type(keras.models.load_model(sys.argv[1]).layers[0].cell).__name__)
"""


def model_of(name: str) -> Any:
    recurrent = keras.layers.RNN(cell(name), return_sequences=True)
    both = keras.layers.Bidirectional(keras.layers.RNN(cell(name)))
    model = keras.Sequential([keras.Input((5, FEATURES)), recurrent, both])
    return filled(model, 2, 5, FEATURES)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_saved_model_opens_in_safe_mode_and_computes_the_same(name: str, tmp_path: Path) -> None:
    model = model_of(name)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert type(again.layers[0].cell) is type(model.layers[0].cell)
    assert again.layers[0].cell.get_config() == model.layers[0].cell.get_config()
    x = inputs(2, 5, FEATURES)
    np.testing.assert_array_equal(values(again, x)[0], values(model, x)[0])


@pytest.mark.parametrize("name", OPTIONS)
def test_a_config_makes_the_same_cell_again(name: str) -> None:
    own = cell(name)
    again = type(own).from_config(own.get_config())
    assert again.get_config() == own.get_config()


def test_the_file_opens_when_the_cells_are_imported_and_not_before(tmp_path: Path) -> None:
    model_of("peephole").save(tmp_path / "model.keras")
    done = subprocess.run(
        [sys.executable, "-c", OPENING, str(tmp_path / "model.keras")],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert done.stdout.strip() == "PeepholeLSTMCell"


def test_every_class_says_where_it_is_registered() -> None:
    for kind in KINDS:
        assert keras.saving.get_registered_name(getattr(layers, kind)) == f"lstm_migrate>{kind}"
    declared = {kind for kind, found in document("keras3").classes.items() if found.module}
    assert declared == set(KINDS)
    assert {document("keras3").classes[kind].module for kind in declared} == {layers.__name__}


@pytest.mark.parametrize("kind", KINDS)
def test_the_mapping_knows_every_key_of_the_config(kind: str) -> None:
    found = document("keras3")
    kept = set()
    for key in found.classes[kind].keep:
        kept |= set(found.groups[key[1:]]) if key.startswith("@") else {key}
    assert set(getattr(layers, kind)(2).get_config()) - STRUCTURAL == kept


@pytest.mark.parametrize("name", OPTIONS)
def test_the_mapping_knows_every_array(name: str) -> None:
    own = cell(name)
    own.build((None, FEATURES))
    assert roles(Layer("cell", OPTIONS[name][0], own.get_config()), WORDS) == list(weights(own))
