"""verify SOURCE TARGET, for files that this program made and for files that others made."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lstm_migrate
from lstm_migrate.cli import main
from tests.corpus.expect import source_of

SOURCE = source_of("tfk215-lstm-options")


@pytest.fixture(scope="module")
def keras() -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras

        yield keras


@pytest.fixture(scope="module")
def converted(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("own") / "new.keras"
    lstm_migrate.convert(SOURCE, target)
    return target


ByHand = Callable[..., Path]


@pytest.fixture
def by_hand(keras: Any, converted: Path, tmp_path: Path) -> ByHand:
    """Somebody's own Keras 3 model of the same layers under other names, with the weights copied over.

    `change(weights)` spoils them, `alter(config)` a layer's config, `features` the input.
    """

    def by_hand(
        change: Callable[[list[Any]], list[Any]] = lambda weights: weights,
        alter: Callable[[dict[str, Any]], None] = lambda config: None,
        suffix: str = ".keras",
    ) -> Path:
        own = keras.models.load_model(converted, compile=False)

        def renamed(layer: Any) -> Any:
            config = {**layer.get_config(), "name": f"my_{layer.name}"}
            alter(config)
            return type(layer).from_config(config)

        copy = keras.models.clone_model(own, clone_function=renamed)
        copy.set_weights(change(own.get_weights()))
        path = tmp_path / f"theirs{suffix}"
        copy.save(path)
        return path

    return by_hand


def checks(report: Any) -> dict[str, str]:
    return {check.name: check.verdict for check in report.checks}


def test_what_convert_wrote_verifies(converted: Path) -> None:
    report = lstm_migrate.verify(SOURCE, converted)
    assert report.verified
    assert checks(report) == dict.fromkeys(("placement", "behaviour", "power"), "verified")


def test_the_same_model_under_other_names_is_verified_by_what_it_computes(by_hand: ByHand) -> None:
    report = lstm_migrate.verify(SOURCE, by_hand())
    assert report.verified
    assert checks(report) == {"placement": "unproven", "behaviour": "verified", "power": "verified"}
    placement = report.checks[0]
    assert any("no such variable" in part for part in placement.unproven)
    assert any("my_" in part and "no recipe makes it" in part for part in placement.unproven)


def failure(source: Path, target: Path, **options: Any) -> Any:
    with pytest.raises(lstm_migrate.VerificationError) as caught:
        lstm_migrate.verify(source, target, **options)
    return caught.value.report


def test_other_names_and_wrong_weights_fail(by_hand: ByHand) -> None:
    report = failure(SOURCE, by_hand(change=lambda weights: [*weights[:-1], weights[-1] + 0.1]))
    assert checks(report)["behaviour"] == "failed"


def test_weights_in_another_gate_order_fail(by_hand: ByHand) -> None:
    def swapped(weights: list[Any]) -> list[Any]:
        i, f, c, o = np.split(weights[0], 4, axis=-1)
        return [np.concatenate([i, c, f, o], axis=-1), *weights[1:]]

    assert checks(failure(SOURCE, by_hand(change=swapped)))["behaviour"] == "failed"


def test_another_activation_fails_even_if_unproven_parts_are_allowed(by_hand: ByHand) -> None:
    def alter(config: dict[str, Any]) -> None:
        if config.get("recurrent_activation"):
            config["recurrent_activation"] = "hard_sigmoid"

    assert checks(failure(SOURCE, by_hand(alter=alter), allow_unproven=True))["behaviour"] == "failed"


def test_the_right_names_and_one_wrong_element_fail_by_placement(
    keras: Any, converted: Path, tmp_path: Path
) -> None:
    model = keras.models.load_model(converted, compile=False)
    weights = model.get_weights()
    weights[0].flat[0] += 1e-6
    model.set_weights(weights)
    model.save(tmp_path / "new.keras")
    assert checks(failure(SOURCE, tmp_path / "new.keras")) == {"placement": "failed"}


def test_another_architecture_is_told_in_words(keras: Any, tmp_path: Path) -> None:
    for inputs in ([keras.Input((5, 2))], [keras.Input((6, 3)), keras.Input((6, 3))]):
        other = keras.Model(inputs, keras.layers.LSTM(2)(keras.layers.concatenate([*inputs, *inputs])))
        other.save(tmp_path / "other.keras")
        report = failure(SOURCE, tmp_path / "other.keras", allow_unproven=True)
        assert checks(report)["behaviour"] == "failed"
        assert "the target takes inputs of shapes" in report.checks[-1].detail


def test_another_number_of_outputs_fails(keras: Any, converted: Path, tmp_path: Path) -> None:
    model = keras.models.load_model(converted, compile=False)
    more = keras.Model(model.inputs, [*model.outputs, *model.outputs])
    more.save(tmp_path / "more.keras")
    assert checks(failure(SOURCE, tmp_path / "more.keras"))["behaviour"] == "failed"


def test_a_recording_of_other_outputs_fails_what_else_verifies(converted: Path, tmp_path: Path) -> None:
    with np.load(SOURCE.parent / "io.npz") as io:
        np.savez(tmp_path / "io.npz", **{key: io[key] + (key == "output_0") for key in io.files})
    report = failure(SOURCE, converted, recorded=tmp_path / "io.npz")
    assert checks(report)["recorded"] == "failed"
    assert (
        checks(lstm_migrate.verify(SOURCE, converted, recorded=SOURCE.parent / "io.npz"))["recorded"]
        == "verified"
    )


@pytest.mark.parametrize("content", [b"", b"text", SOURCE.read_bytes()], ids=["empty", "text", "hdf5"])
def test_a_target_that_is_no_keras_file_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "new.keras").write_bytes(content)
    with pytest.raises(lstm_migrate.TargetError, match=r"no \.keras file of Keras 3"):
        lstm_migrate.verify(SOURCE, tmp_path / "new.keras")


def test_a_zip_of_something_else_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "io.npz", a=np.zeros(1))
    (tmp_path / "io.npz").rename(tmp_path / "new.keras")
    with pytest.raises(lstm_migrate.TargetError, match="Keras 3 cannot open"):
        lstm_migrate.verify(SOURCE, tmp_path / "new.keras")


def test_a_target_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(lstm_migrate.TargetError, match="no such file"):
        lstm_migrate.verify(SOURCE, tmp_path / "new.keras")


def test_a_keras_file_with_a_lambda_is_not_run(keras: Any, tmp_path: Path) -> None:
    inputs = keras.Input((6, 3))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x)(inputs)).save(tmp_path / "new.keras")
    with pytest.raises(lstm_migrate.TargetError, match="Keras 3 cannot open"):
        lstm_migrate.verify(SOURCE, tmp_path / "new.keras")


@pytest.mark.parametrize(
    ("spoil", "code"), [(None, 0), (lambda weights: [weight * 1.5 for weight in weights], 7)]
)
def test_the_command_line_ends_with_the_exit_code_of_the_verdict(
    spoil: Any, code: int, by_hand: ByHand, capsys: pytest.CaptureFixture[str]
) -> None:
    target = by_hand(change=spoil) if spoil else by_hand()
    before = target.read_bytes()
    with pytest.raises(SystemExit) as end:
        main(["verify", str(SOURCE), str(target)])
    assert int(end.value.code or 0) == code
    shown = capsys.readouterr()
    assert "behaviour" in shown.out
    assert "Traceback" not in shown.err
    assert target.read_bytes() == before
