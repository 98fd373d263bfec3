"""Rules that were once followed wrongly, refused without reason or not refused in time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lstm_migrate.errors import LstmMigrateError, PlanError, UsageError
from lstm_migrate.pipeline import plan
from lstm_migrate.report import PlanReport

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import keras

L = keras.layers


@pytest.fixture
def planned(tmp_path: Path) -> Iterator[Any]:
    def made(inputs: Any, outputs: Any, rules: dict[str, Any], **options: Any) -> PlanReport:
        file = tmp_path / "model.keras"
        keras.Model(inputs, outputs).save(file)
        return plan(file, resize=rules, **options)

    keras.utils.clear_session()
    yield made


def refused(planned: Any, *given: Any, **options: Any) -> str:
    with pytest.raises(LstmMigrateError) as error:
        planned(*given, **options)
    assert isinstance(error.value, (PlanError, UsageError))
    return str(error.value)


def test_units_that_the_same_others_are_added_to_cannot_change_by_themselves(planned: Any) -> None:
    x = keras.Input((4, 3))
    h = L.LSTM(3, return_sequences=True, name="l")(x)
    wide = L.Dense(6, name="d")(x)
    outputs = L.Dense(2)(L.Add()([wide, L.Concatenate()([h, h])]))
    assert "are tied to each other" in refused(planned, x, outputs, {"d.units": 4}, allow_lossy=True)
    assert {line.after for line in planned(x, outputs, {"l.units": 5}).resized if line.axis == "u"} == {5, 10}


def test_features_that_are_an_output_as_well_stay_as_they_are(planned: Any) -> None:
    x = keras.Input((4, 3), name="x")
    h = L.LSTM(3, return_sequences=True, name="l")(x)
    said = refused(planned, x, L.Add()([x, h]), {"x.features": [2, 1, 0]})
    assert "are tied to what the model puts out: output 0" in said


def test_new_features_are_anything_where_they_would_count(planned: Any) -> None:
    x = keras.Input((4, 3), name="x")
    h = L.LSTM(3)(L.UnitNormalization()(x))
    assert "unit_normalization" in refused(planned, x, h, {"x.features": [0, 1, 2, None]})


def test_new_features_of_a_masked_input_are_told_to_be_masked_too(planned: Any) -> None:
    x = keras.Input((4, 3), name="x")
    h = L.LSTM(2, name="l")(L.Masking(name="m")(x))
    (note,) = (one for one in planned(x, h, {"x.features": [0, 1, 2, None]}).notes if one.kind == "resized")
    assert "at a step that m masks they must be its mask_value, too" in note.text


def test_a_normalisation_that_moves_zero_lets_no_unit_be_silent(planned: Any) -> None:
    x = keras.Input((4, 3))
    h = L.Normalization(mean=0.5, variance=2.0, name="n")(L.LSTM(3, name="l")(x))
    said = refused(planned, x, L.Dense(2)(h), {"l.units": 5, "l.fill": "outgoing"})
    assert "n gives another number than 0 for 0" in said
    assert "use fill: duplicate" in said


def test_one_direction_alone_keeps_its_size(planned: Any) -> None:
    x = keras.Input((4, 3))
    h = L.Bidirectional(L.LSTM(3), name="b")(x)
    said = refused(planned, x, L.Dense(2)(h), {"b/forward.units": 5})
    assert "the directions of b would differ in size (found 5 and 3)" in said


def test_an_output_that_grows_is_said_to(planned: Any) -> None:
    x = keras.Input((4, 3))
    (note,) = planned(x, L.Dense(2, name="d")(L.LSTM(3)(x)), {"d.units": 4}).notes
    assert "output 0 of the model has 4 numbers for 2" in note.text


def test_other_numbers_of_samples_and_steps_are_told(planned: Any) -> None:
    x = keras.Input(batch_shape=(4, 5, 3), name="x")
    h = L.LSTM(3, stateful=True)(x)
    report = planned(x, h, {"x.batch": 2, "x.time": "free"})
    said = [note.text for note in report.notes if note.where == "x"]
    assert said == ["takes 2 samples at once and any number of steps"]


def test_what_is_asked_for_and_changes_nothing_is_refused(planned: Any) -> None:
    x = keras.Input((4, 3))
    h = L.LSTM(3, name="l")(x)
    assert "no rule changes a size" in refused(planned, x, h, {}, compensate=True)
    assert "no units go that could be made up for" in refused(planned, x, h, {"l.units": 4}, compensate=True)


def test_an_einsum_over_passing_units_has_as_many_as_there_are(planned: Any) -> None:
    x = keras.Input((4, 3))
    h = L.LSTM(5, return_sequences=True, name="l")(x)
    scaled = L.EinsumDense("abc,c->abc", output_shape=(None, 5), name="e")(h)
    report = planned(x, L.Dense(2)(scaled), {"l.units": 7})
    assert ("e.kernel", 7) in {(line.tensor, line.after) for line in report.resized}


def test_tokens_that_the_model_computes_keep_their_numbers(planned: Any) -> None:
    x = keras.Input((4,), dtype="int32", name="x")
    table = L.Embedding(6, 3, name="e")
    h = L.Subtract()([table(x), table(keras.ops.maximum(x - 1, 0))])
    rules = {"e.input_dim": 4, "e.keep": [3, 0, 1, 2]}
    said = refused(planned, x, L.LSTM(2)(h), rules, allow_lossy=True)
    assert "the model computes by itself which ones it looks up" in said


def test_classes_that_may_be_the_same_tokens_are_pointed_at(planned: Any) -> None:
    x = keras.Input((4,), dtype="int32", name="x")
    h = L.LSTM(3)(L.Embedding(6, 3, name="e")(x))
    report = planned(x, L.Dense(6, activation="softmax")(h), {"e.vocabulary": {"size": 8}})
    (note,) = (one for one in report.notes if one.kind == "limit")
    assert "has 6 classes, which keep their numbers; if these are the same tokens, say `output`" in note.text
