"""Models with parts of the user's own: converted with the user's code, proven by what was recorded."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import lstm_migrate
from lstm_migrate.cli.app import app
from lstm_migrate.errors import PlanError, VerificationError
from tests.corpus.expect import VALID, architecture_of, source_of

PARTS = Path(__file__).parent / "custom" / "my_parts.py"
CASE = "tfk215-custom-registered"
CASES = [CASE, "tfk20-custom-registered-weights", "tfk28-custom-registered-weights"]


@pytest.fixture(autouse=True)
def quiet_keras() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras

        yield
        # Names of layers are counted through the whole program: others' tests shall find them unused.
        keras.utils.clear_session()


@pytest.fixture
def mine() -> Any:
    from tests.custom import my_parts

    return my_parts


@pytest.fixture
def custom(mine: Any) -> dict[str, Any]:
    return {"swishy": mine.swishy, "AttentionPool": mine.AttentionPool}


def opened(target: Path, custom: dict[str, Any]) -> Any:
    import keras

    return keras.models.load_model(target, custom_objects=custom, compile=False)


@pytest.mark.parametrize("case", CASES)
def test_a_real_case_is_proven_by_what_its_framework_recorded(
    case: str, custom: dict[str, Any], tmp_path: Path
) -> None:
    target, recorded = tmp_path / "new.keras", VALID / case / "io.npz"
    report = lstm_migrate.convert(
        source_of(case),
        target,
        architecture=architecture_of(case),
        custom_objects=custom,
        recorded=recorded,
    )
    assert report.verified
    io = np.load(recorded)
    outputs = opened(target, custom).predict(io["input_0"], verbose=0)
    assert np.abs(outputs - io["output_0"]).max() < 1e-6


@pytest.mark.parametrize("case", CASES)
def test_without_a_recording_it_is_unproven_and_the_part_is_named(
    case: str, custom: dict[str, Any], tmp_path: Path
) -> None:
    target = tmp_path / "new.keras"
    given = {"architecture": architecture_of(case), "custom_objects": custom}
    with pytest.raises(VerificationError, match="lstm: no reference for the activation 'custom:swishy'"):
        lstm_migrate.convert(source_of(case), target, **given)
    assert not target.exists()
    report = lstm_migrate.convert(source_of(case), target, allow_unproven=True, **given)
    assert (report.verdict, report.checks[0].verdict) == ("unproven", "verified")
    checked = lstm_migrate.verify(source_of(case), target, allow_unproven=True, **given)
    assert [check.verdict for check in checked.checks] == ["verified", "unproven", "unproven"]


def test_without_help_layer_class_and_both_ways_out_are_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError) as caught:
        lstm_migrate.convert(source_of(CASE), tmp_path / "new.keras")
    assert len(caught.value.problems) == 2
    named = (("lstm", "MyPkg>swishy"), ("attention_pool", "MyPkg>AttentionPool"))
    for problem, words in zip(caught.value.problems, named, strict=True):
        for word in (*words, "--custom module:name", "(replace:)"):
            assert word in str(problem)


def test_the_report_says_what_the_file_needs_and_from_where(custom: dict[str, Any]) -> None:
    notes = lstm_migrate.plan(source_of(CASE), custom_objects=custom).notes
    texts = {note.where: note.text for note in notes if note.kind == "converted"}
    assert "swishy of tests.custom.my_parts" in texts["lstm"]
    assert "AttentionPool of tests.custom.my_parts" in texts["attention_pool"]


def test_inspect_takes_custom_objects(custom: dict[str, Any]) -> None:
    found = lstm_migrate.inspect(source_of(CASE), custom_objects=custom)
    assert [line.kind for line in found.layers] == ["LSTM", "custom:AttentionPool", "Dense"]


def test_the_command_line_runs_what_the_user_names(tmp_path: Path) -> None:
    named = ["--custom", f"{PARTS}:swishy", "--custom", f"{PARTS}:AttentionPool"]
    source, target = str(source_of(CASE)), str(tmp_path / "new.keras")
    run = CliRunner().invoke
    assert run(app, ["convert", source, "--to", target, *named]).exit_code == 7
    recorded = ["--recorded", str(VALID / CASE / "io.npz")]
    assert run(app, ["convert", source, "--to", target, *named, *recorded]).exit_code == 0
    assert run(app, ["verify", source, target, *named, *recorded]).exit_code == 0
    planned = run(app, ["plan", source, "--json", *named])
    assert json.loads(planned.stdout)["layers"][1]["kind"] == "custom:AttentionPool"
    assert run(app, ["inspect", source, *named]).exit_code == 0
    assert run(app, ["convert", source, "--to", target, "--custom", f"{PARTS}:Nothing"]).exit_code == 2


def test_a_class_may_have_another_name_than_the_file_says(mine: Any, tmp_path: Path) -> None:
    given = {"MyPkg>AttentionPool": mine.AttentionCalledByItsLayer, "swishy": mine.swishy}
    target, recorded = tmp_path / "new.keras", VALID / CASE / "io.npz"
    report = lstm_migrate.convert(source_of(CASE), target, custom_objects=given, recorded=recorded)
    assert report.verified
    assert not [note for note in report.notes if note.kind == "assumed"]


def test_arrays_with_other_names_are_paired_by_order_and_that_is_said(mine: Any, tmp_path: Path) -> None:
    given = {"AttentionPool": mine.AttentionCalledOtherwise, "swishy": mine.swishy}
    target, recorded = tmp_path / "new.keras", VALID / CASE / "io.npz"
    report = lstm_migrate.convert(source_of(CASE), target, custom_objects=given, recorded=recorded)
    assert report.verified
    (note,) = [note for note in report.notes if note.kind == "assumed"]
    assert "W → projection, v → direction" in note.text


def test_a_shape_that_does_not_fit_names_array_found_and_expected(mine: Any, tmp_path: Path) -> None:
    given = {"AttentionPool": mine.AttentionOfAnotherShape, "swishy": mine.swishy}
    with pytest.raises(PlanError) as caught:
        lstm_migrate.convert(
            source_of(CASE), tmp_path / "new.keras", custom_objects=given, allow_unproven=True
        )
    assert not list(tmp_path.iterdir())
    for word in ("the array attention_pool/attention_pool/v:0", "found (3,)", "expected (1,)"):
        assert word in str(caught.value)


def test_a_variable_that_the_file_has_no_array_for_is_an_error(mine: Any, tmp_path: Path) -> None:
    given = {"AttentionPool": mine.AttentionWithMore, "swishy": mine.swishy}
    with pytest.raises(PlanError, match=r"attention_pool\.b"):
        lstm_migrate.convert(
            source_of(CASE), tmp_path / "new.keras", custom_objects=given, allow_unproven=True
        )


def models(mine: Any) -> dict[str, Any]:
    """Models in which a part of the user's own stands in every place where it may."""
    import keras
    from keras import layers

    inner = keras.Sequential(
        [keras.Input((6, 3)), layers.LSTM(4, return_sequences=True), mine.AttentionPool(2, name="pool")],
        name="inside",
    )
    return {
        "alone": [layers.LSTM(4, return_sequences=True), mine.AttentionPool(2), layers.Dense(2)],
        "of layers": [mine.Gated(5), layers.LSTM(4), layers.Dense(2)],
        "for each step": [layers.TimeDistributed(mine.Gated(3)), layers.GRU(4), layers.Dense(2)],
        "a cell": [layers.RNN(mine.LeakyCell(4)), layers.Dense(2)],
        "in a model": [inner, layers.Dense(2)],
        "twice": [
            layers.LSTM(4, activation=mine.swishy, return_sequences=True),
            mine.Gated(4),
            mine.Gated(3),
        ],
    }


PLACES = ("alone", "of layers", "for each step", "a cell", "in a model", "twice")


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("place", PLACES)
def test_custom_layers_are_found_wherever_they_stand(
    place: str, suffix: str, mine: Any, tmp_path: Path
) -> None:
    import keras

    model = keras.Sequential([keras.Input((6, 3)), *models(mine)[place]])
    random = np.random.default_rng(0)
    model.set_weights([random.normal(size=value.shape) for value in model.get_weights()])
    source, target = tmp_path / f"old{suffix}", tmp_path / "new.keras"
    model.save(source)
    inputs = random.normal(size=(3, 6, 3)).astype("float32")
    np.savez(tmp_path / "io.npz", input_0=inputs, output_0=model.predict(inputs, verbose=0))
    parts = (mine.swishy, mine.AttentionPool, mine.Gated, mine.LeakyCell)
    custom = {part.__name__: part for part in parts}
    report = lstm_migrate.convert(source, target, custom_objects=custom, recorded=tmp_path / "io.npz")
    assert report.verified
    assert report.checks[0].verdict == "verified"


def with_attention(mine: Any, path: Path, activation: str) -> Path:
    import keras
    from keras import layers

    lstm = layers.LSTM(4, activation=activation, return_sequences=True, name="lstm")
    pool = mine.AttentionPool(2, name="pool")
    model = keras.Sequential([keras.Input((6, 3)), lstm, pool, layers.Dense(2, name="dense")], name="model")
    random = np.random.default_rng(0)
    model.set_weights([random.normal(size=value.shape) for value in model.get_weights()])
    model.save(path)
    return path


def test_what_stands_before_a_custom_layer_is_still_checked(
    mine: Any, custom: dict[str, Any], tmp_path: Path
) -> None:
    source = with_attention(mine, tmp_path / "old.h5", "tanh")
    target = tmp_path / "new.keras"
    report = lstm_migrate.convert(source, target, custom_objects=custom, allow_unproven=True)
    behaviour = report.checks[1]
    assert behaviour.measured["layers_before"] == ["lstm"]
    assert behaviour.unproven == ("pool: no reference for a custom:AttentionPool layer",)
    other = with_attention(mine, tmp_path / "other.keras", "relu")
    with pytest.raises(VerificationError, match="first in lstm"):
        lstm_migrate.verify(source, other, custom_objects=custom, allow_unproven=True)


def test_an_activation_that_means_something_else_today_is_said(
    custom: dict[str, Any], tmp_path: Path
) -> None:
    config = json.loads((VALID / CASES[1] / "architecture.json").read_text())
    config["config"]["layers"][1]["config"]["activation"] = "hard_sigmoid"
    changed = tmp_path / "model.json"
    changed.write_text(json.dumps(config))
    notes = lstm_migrate.plan(source_of(CASES[1]), architecture=changed, custom_objects=custom).notes
    (note,) = [note for note in notes if note.kind == "limit"]
    assert note.where == "attention_pool"
    assert "another function in Keras 3" in note.text


def test_a_function_that_is_called_like_one_of_keras_is_refused() -> None:
    def tanh(x: Any) -> Any:
        return 2 * x

    def my_tanh(x: Any) -> Any:
        return 2 * x

    source = VALID / "k122tf-lstm-default-weights" / "weights.h5"
    beside = VALID / "k122tf-lstm-default-weights" / "architecture.json"
    with pytest.raises(PlanError, match=r"lstm_1.*: Keras 3 has an activation called 'tanh'.*tanh = my_tanh"):
        lstm_migrate.plan(source, architecture=beside, custom_objects={"tanh": tanh})
    notes = lstm_migrate.plan(source, architecture=beside, custom_objects={"tanh": my_tanh}).notes
    assert any("opening the file needs my_tanh" in note.text for note in notes)
