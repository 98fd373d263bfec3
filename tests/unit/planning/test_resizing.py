"""Which cuts there can be: what is asked is held against the layers, and against whatever reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

import lstm_migrate
from lstm_migrate.errors import LstmMigrateError, MappingError, PlanError
from tests.corpus.expect import source_of

# An LSTM of 4 units and a Dense layer; two LSTM layers of 4 and 3; Bidirectional layers of 4 and 3 …
DENSE = "k208-optimizer-adam-amsgrad"
CHAIN = "k122tf-cells-options"
BOTH = "k208-bidir-stacked"
STATES = "k231-seq2seq"
CELLS = "k231-bidirectional-cells"
SHARED = "k231-shared-in-series"
NORMALISED = "k122tf-trained-rmsprop"
FLATTENED = "k214-hard-cells"
SUBTRACTED = "tfk20-bidir-none"
NESTED = "k208-seq-in-seq"
PEEPHOLES = "tfk212a-peephole"
SOFT = "k208-lstm-ufbfalse-reg"


def planned(case: str, rules: str, folder: Path, *, allow_lossy: bool = True) -> lstm_migrate.PlanReport:
    mapping = folder / "m.yaml"
    mapping.write_text(f"version: 1\nlayers: {{{rules}}}\n", encoding="utf-8")
    return lstm_migrate.plan(source_of(case), mapping=mapping, allow_lossy=allow_lossy)


def why(case: str, rules: str, folder: Path, **options: bool) -> list[str]:
    with pytest.raises(LstmMigrateError) as caught:
        planned(case, rules, folder, **options)
    assert isinstance(caught.value, PlanError | MappingError)
    return [str(problem).replace(f"{folder}/m.yaml:", "") for problem in caught.value.problems]


def shapes(report: lstm_migrate.PlanReport) -> dict[str, tuple[int, ...]]:
    return {line.variable: line.shape for line in report.tensors}


def test_a_cut_changes_the_shapes_and_the_effects_of_what_it_touches(tmp_path: Path) -> None:
    report = planned(DENSE, "lstm_1: {units: 3}, dense_1: {inputs: 3}", tmp_path)
    assert shapes(report)["lstm_1.recurrent_kernel"] == (3, 12)
    assert shapes(report)["lstm_1.bias"] == (12,)
    assert shapes(report)["dense_1.kernel"] == (3, 2)
    effects = {line.variable: line.effect for line in report.tensors}
    assert effects.pop("dense_1.bias") == "bitwise"
    assert set(effects.values()) == {"approximate"}
    limits = [note for note in report.notes if note.kind == "limit"]
    assert [note.where for note in limits] == ["lstm_1"]
    assert "3 of 4 units are left (numbers 0, 1, 2)" in limits[0].text


def test_what_would_be_lost_is_said_before_anything_is_lost(tmp_path: Path) -> None:
    (said,) = why(DENSE, "lstm_1: {units: 3}, dense_1: {inputs: 3}", tmp_path, allow_lossy=False)
    assert said.startswith("2:18: 1 of 4 units of lstm_1 would be lost")
    assert "--allow-lossy" in said


def test_as_many_units_as_there_are_lose_nothing(tmp_path: Path) -> None:
    report = planned(DENSE, "lstm_1: {units: 4}, dense_1: {inputs: 4}", tmp_path, allow_lossy=False)
    assert {line.effect for line in report.tensors} <= {"bitwise", "exact"}
    assert shapes(report)["dense_1.kernel"] == (4, 2)


def test_layers_that_read_one_another_are_cut_together(tmp_path: Path) -> None:
    rules = "lstm_1: {units: 2, keep: last}, gru_1: {units: 2, inputs: 2, keep: [0, 2]}, dense_1: {inputs: 2}"
    report = planned(CHAIN, rules, tmp_path)
    assert shapes(report)["gru_1.kernel"] == (2, 6)


def test_what_reads_both_directions_keeps_units_of_each(tmp_path: Path) -> None:
    rules = "bidirectional_1: {units: 3}, bidirectional_2: {inputs: 6}"
    report = planned(BOTH, rules, tmp_path)
    assert shapes(report)["bidirectional_2/backward_layer.kernel"][0] == 6


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{units: 0}", "2:26: "),
        ("{units: -3}", "2:26: "),
        ("{units: 2.5}", "2:26: "),
        ("{units: 2, keep: middle}", "2:35: "),
        ("{units: 2, keep: [0, -1]}", "2:39: "),
        ("{units: 2, keep: [1, 1]}", "2:35: `keep` lists a unit twice (found 1)"),
        ("{units: 2, keep: [1, 2, 3]}", "2:18: `keep` is of another length (found 3 numbers, expected 2)"),
        ("{keep: last}", "2:25: `keep` without a number to keep"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_place(rule: str, said: str, tmp_path: Path) -> None:
    assert why(DENSE, f"lstm_1: {rule}", tmp_path)[0].startswith(said)


# case, rules → what every problem says, in their order
MISFITS: dict[str, tuple[str, str, list[str]]] = {
    "more units": (
        DENSE,
        "lstm_1: {units: 5}",
        ["2:18: more units of lstm_1 than there are (found 5, expected at most 4)"],
    ),
    "strange units": (
        DENSE,
        "lstm_1: {units: 2, keep: [0, 4]}",
        ["`keep` names units of lstm_1 that are not there (found 4, expected numbers from 0 to 3)"],
    ),
    "two rules of one layer": (
        DENSE,
        "'lstm_*': {units: 2, keep: [0, 1]}, lstm_1: {units: 3}",
        ["two rules speak of layer 'lstm_1' (found 'lstm_*' and 'lstm_1', expected one)"],
    ),
    "units of Dense": (
        DENSE,
        "dense_1: {units: 1}",
        ["the units of a Dense layer cannot be changed, only its inputs"],
    ),
    "a reader forgotten": (
        DENSE,
        "lstm_1: {units: 2}",
        ["dense_1: reads 4 features of lstm_1, of which 2 are left. Add `dense_1: {inputs: 2}` to `layers`"],
    ),
    "all readers forgotten": (
        CHAIN,
        "lstm_1: {units: 2}, gru_1: {units: 2}",
        ["gru_1: reads", "dense_1: reads"],
    ),
    "a reader with a rule of its own": (
        CHAIN,
        "lstm_1: {units: 2}, gru_1: {units: 2}, dense_1: {inputs: 2}",
        ["Add `inputs: 2` to its rule at 2:37."],
    ),
    "another number": (
        DENSE,
        "lstm_1: {units: 2}, dense_1: {inputs: 3}",
        ["to read another number of inputs than lstm_1 has left (found inputs: 3, expected inputs: 2, of 4)"],
    ),
    "other inputs": (
        DENSE,
        "lstm_1: {units: 2}, dense_1: {inputs: 2, keep: last}",
        ["dense_1 is to keep other inputs than lstm_1 keeps units"],
    ),
    "nothing cut": (DENSE, "dense_1: {inputs: 2}", ["2:19: nothing that dense_1 reads is cut"]),
    "inputs of the model": (DENSE, "lstm_1: {inputs: 2}", ["nothing that lstm_1 reads is cut"]),
    "states": (STATES, "encoder: {units: 2}", ["encoder: returns its states (return_state)"]),
    "states that come in": (STATES, "decoder: {units: 2}", ["decoder: "]),
    "stacked cells": (CELLS, "bidirectional_2: {units: 2}", ["a Bidirectional layer cannot be changed"]),
    "a layer called twice": (
        SHARED,
        "gru_1: {units: 2, inputs: 2}, dense_1: {inputs: 2}",
        ["gru_1: it is called on what is cut", "dense_1: it is"],
    ),
    "a norm behind it": (
        NORMALISED,
        "lstm_1: {units: 2}, one: {inputs: 2}",
        ["through a BatchNormalization layer"],
    ),
    "a Reshape behind it": (FLATTENED, "bidirectional_2: {units: 1}", ["through a Reshape layer"]),
    "two tensors": (SUBTRACTED, "bidirectional: {units: 2}", ["subtract: what is left of bidirectional"]),
    "one direction": (
        BOTH,
        "bidirectional_1/forward: {units: 2}",
        ["the rules do not say the same of both directions of bidirectional_1"],
    ),
    "cells without a cut": (PEEPHOLES, "rnn_1: {units: 2}", ["a RNN layer cannot be changed"]),
    "a model in the model": (NESTED, "'*/lstm_1': {units: 1}", ["a layer of the model"]),
}


@pytest.mark.parametrize("name", MISFITS)
def test_what_cannot_be_cut_is_refused_with_its_reason(name: str, tmp_path: Path) -> None:
    case, rules, expected = MISFITS[name]
    found = why(case, rules, tmp_path)
    assert len(found) == len(expected), found
    for text, part in zip(found, expected, strict=True):
        assert part in text
