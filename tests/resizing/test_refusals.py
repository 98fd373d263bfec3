"""Sizes that cannot be: what is said, with which exit code, and that nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lstm_migrate.cli.app import app
from lstm_migrate.errors import PlanError
from tests.corpus.expect import VALID
from tests.resizing.by_hand import arrays_of, cut, differences, opened, saved
from tests.resizing.models import Draft, made
from tests.resizing.old_models import source
from tests.resizing.workshop import Rules, mapping, resized

WRONG: dict[str, tuple[str, Rules, int, list[str]]] = {
    "no units": ("stacked", {"lstm": {"units": 0}}, 4, ["units", "0"]),
    "less than none": ("stacked", {"lstm": {"units": -4}}, 4, ["units", "-4"]),
    "half a unit": ("stacked", {"lstm": {"units": 2.5}}, 4, ["units", "2.5"]),
    "units in words": ("stacked", {"lstm": {"units": "many"}}, 4, ["units", "many"]),
    "far too many units": ("stacked", {"lstm": {"units": 10**9}}, 4, ["units"]),
    "more kept than there are": (
        "stacked",
        {"lstm": {"units": 10, "keep": [*range(10)]}},
        5,
        ["keep", "lstm", "10", "9"],
    ),
    "more kept than units": ("stacked", {"lstm": {"units": 2, "keep": [0, 1, 2]}}, 5, ["keep", "3", "2"]),
    "a unit that is not there": ("stacked", {"lstm": {"units": 2, "keep": [0, 9]}}, 5, ["keep", "9"]),
    "a negative unit": ("stacked", {"lstm": {"units": 2, "keep": [0, -1]}}, 4, ["keep"]),
    "a unit twice": ("stacked", {"lstm": {"units": 2, "keep": [3, 3]}}, 4, ["keep", "3"]),
    "no such way to keep": ("stacked", {"lstm": {"units": 2, "keep": "best"}}, 4, ["keep", "best"]),
    "no such way to fill": ("stacked", {"lstm": {"units": 12, "fill": "ones"}}, 4, ["fill", "ones"]),
    "a filled cut": ("stacked", {"lstm": {"units": 3, "fill": "incoming"}}, 5, ["fill", "lstm"]),
    "what can never learn": ("stacked", {"lstm": {"units": 12, "fill": "zeros"}}, 5, ["lstm", "never learn"]),
    "no such layer": ("stacked", {"lstn": {"units": 3}}, 4, ["lstn"]),
    "a layer without units": ("stacked", {"drop": {"units": 3}}, 5, ["drop"]),
    "two rules over one axis": (
        "residual",
        {"wide": {"units": 9}, "lstm_1": {"units": 10}},
        5,
        ["wide", "lstm_1", "9", "10"],
    ),
    "two ways to keep one axis": (
        "residual",
        {"wide": {"units": 2, "keep": [0, 1]}, "gru_1": {"units": 2, "keep": [1, 0]}},
        5,
        ["wide", "gru_1"],
    ),
    "encoder and decoder apart": (
        "encoder-decoder",
        {"encoder": {"units": 6}, "decoder": {"units": 7}},
        5,
        ["encoder", "decoder", "6", "7"],
    ),
    "a model inside": ("siamese", {"inner": {"units": 3}}, 5, ["inner", "inner_gru"]),
    "activity without inputs": (
        "stacked",
        {"lstm": {"units": 3, "keep": "activity"}},
        2,
        ["activity", "inputs"],
    ),
    "a vocabulary of an LSTM": ("vocabulary", {"lstm": {"vocabulary": {"size": 4}}}, 5, ["lstm"]),
    "no rows": ("vocabulary", {"words": {"input_dim": 0}}, 4, ["input_dim", "0"]),
    "an output that is no Dense": (
        "vocabulary",
        {"words": {"vocabulary": {"size": 12, "output": "lstm"}}},
        5,
        ["output", "lstm"],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_bad_sizes_end_with_an_error_and_write_nothing(name: str, target: Path) -> None:
    case, rules, code, words = WRONG[name]
    file = mapping(target.parent, rules)
    said = ["convert", str(source(case)), "--to", str(target), "--mapping", str(file), "--allow-lossy"]
    done = CliRunner().invoke(app, said)
    assert (done.exit_code, done.exception is None or isinstance(done.exception, SystemExit)) == (code, True)
    assert "Traceback" not in done.output
    for word in words:
        assert word in done.output
    assert [path.name for path in target.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        (["lstm.units=0"], 4, ["lstm.units=0"]),
        (["lstm.units=x"], 4, ["lstm.units=x"]),
        (["units=3"], 4, ["units=3"]),
        (["lstm.unit=3"], 4, ["unit", "units"]),
        (["nothing.units=3"], 4, ["nothing"]),
        (["lstm.units=3", "lstm.units=4"], 4, ["lstm.units=3", "lstm.units=4"]),
        (["lstm.units"], 4, ["lstm.units"]),
    ],
)
def test_bad_settings_are_named_as_they_were_given(
    settings: list[str], code: int, words: list[str], target: Path
) -> None:
    said = ["convert", str(source("stacked")), "--to", str(target), "--allow-lossy"]
    done = CliRunner().invoke(app, [*said, *(part for one in settings for part in ("--set", one))])
    assert done.exit_code == code
    assert "Traceback" not in done.output
    assert all(word in done.output for word in words)
    assert not target.exists()


def test_a_setting_that_contradicts_the_mapping_file_names_both(target: Path) -> None:
    file = mapping(target.parent, {"lstm": {"units": 4}})
    said = ["convert", str(source("stacked")), "--to", str(target), "--allow-lossy", "--mapping", str(file)]
    done = CliRunner().invoke(app, [*said, "--set", "lstm.units=5"])
    assert done.exit_code == 4
    assert "sizes.yaml" in done.output
    assert "lstm.units=5" in done.output


def _softmax_between(d: Draft) -> Any:
    import keras

    x = d.input((5, 3))
    y = d.rnn("LSTM", x, "a", 4, name="lstm", return_sequences=True)
    y = d.plain(keras.layers.Softmax(name="soft"), y)
    return keras.Model(x.tensor, d.dense(d.rnn("GRU", y, "b", 4, name="gru"), "out", 2, name="head").tensor)


def _softmax_of_a_cell(d: Draft) -> Any:
    import keras

    x = d.input((5, 3))
    y = d.rnn("SimpleRNN", x, "a", 4, name="rnn", activation="softmax")
    return keras.Model(x.tensor, d.dense(y, "out", 2, name="head").tensor)


def _layer_norm(d: Draft) -> Any:
    import keras

    x = d.input((5, 3))
    y = d.rnn("LSTM", x, "a", 6, name="lstm", return_sequences=True)
    y = d.vectors("LayerNormalization", y, "norm")
    return keras.Model(x.tensor, d.dense(d.rnn("GRU", y, "b", 4, name="gru"), "out", 2, name="head").tensor)


def _interleaved(d: Draft) -> Any:
    import keras

    x = d.input((5, 3))
    y = d.rnn("LSTM", x, "a", 4, name="lstm", return_sequences=True)
    y = d.plain(keras.layers.Permute((2, 1), name="turn"), y)
    y = d.plain(keras.layers.Flatten(name="flat"), y, labels=[one for one in y.labels for _ in range(5)])
    return keras.Model(x.tensor, d.dense(y, "out", 2, name="head").tensor)


PINNED: dict[str, tuple[Callable[[Draft], Any], str, str]] = {
    "softmax": (_softmax_between, "lstm", "soft"),
    "softmax of a cell": (_softmax_of_a_cell, "rnn", "rnn"),
    "layer norm": (_layer_norm, "lstm", "norm"),
}


@pytest.mark.parametrize("name", PINNED)
def test_what_cannot_grow_is_refused_with_the_layer_and_the_axis(name: str, target: Path) -> None:
    build, layer, where = PINNED[name]
    file = saved(made(build), target.with_name("old.keras"))
    with pytest.raises(PlanError, match=rf"(?s){where}.*axis|axis.*{where}"):
        resized(file, target, {layer: {"units": 7}})
    assert not target.exists()


@pytest.mark.parametrize("name", ["softmax", "softmax of a cell"])
def test_what_cannot_shrink_is_refused_with_the_layer_and_the_axis(name: str, target: Path) -> None:
    build, layer, where = PINNED[name]
    file = saved(made(build), target.with_name("old.keras"))
    with pytest.raises(PlanError, match=rf"(?s){where}.*axis|axis.*{where}"):
        resized(file, target, {layer: {"units": 2}}, allow_lossy=True)
    assert not target.exists()


def test_a_layer_norm_over_fewer_units_is_never_exact_and_says_so(target: Path) -> None:
    model = made(_layer_norm)
    file = saved(model, target.with_name("old.keras"))
    report = resized(file, target, {"lstm": {"units": 4, "keep": [5, 0, 2, 1]}}, allow_lossy=True)
    assert report.verified
    assert (
        differences(arrays_of(opened(target)), cut(arrays_of(model.model), _layer_norm, {"a": [5, 0, 2, 1]}))
        == []
    )
    assert any(
        "norm" in note.where or "norm" in note.text
        for note in report.notes
        if note.kind in ("limit", "resized")
    )


def test_units_that_a_permute_and_a_flatten_lay_apart_can_go(target: Path) -> None:
    model = made(_interleaved)
    file = saved(model, target.with_name("old.keras"))
    assert resized(file, target, {"lstm": {"units": 3, "keep": [0, 1, 3]}}, allow_lossy=True).verified
    assert (
        differences(arrays_of(opened(target)), cut(arrays_of(model.model), _interleaved, {"a": [0, 1, 3]}))
        == []
    )


def test_a_layer_of_the_users_own_cannot_be_followed(target: Path) -> None:
    from tests.custom import my_parts

    custom = {"swishy": my_parts.swishy, "AttentionPool": my_parts.AttentionPool}
    file = VALID / "tfk215-custom-registered" / "model.h5"
    with pytest.raises(PlanError, match=r"(?s)attention_pool.*axis|axis.*attention_pool"):
        resized(file, target, {"lstm*": {"units": 3}}, custom_objects=custom, allow_lossy=True)
    assert not target.exists()
