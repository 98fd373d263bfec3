"""Weights alone, of real frameworks, with `--architecture infer`: found by what was recorded, or refused."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import lstm_migrate
from lstm_migrate.cli.app import app
from lstm_migrate.errors import UsageError
from tests.corpus.expect import VALID, source_of

FOUND = {
    "k033-stacked-weights": {"layer_0.mask_zero=True", "layer_3.return_sequences=True"},
    "k122tf-lstm-gpu-weights": {"lstm_2.recurrent_activation=hard_sigmoid", "dense_2.activation=linear"},
    "k122th-conv1d-lstm-weights": {"convolution1d_1.padding=same", "maxpooling1d_1.pool_size=2"},
    "k208-embed-mask-bn-weights": {"embedding_1.mask_zero=True", "dense_1.activation=softmax"},
    "k231-cudnn-bidir-weights": {"embedding_1.mask_zero=False", "bidirectional_2.return_sequences=False"},
    "k231-odd-names-weights": {"rnn/block.recurrent_activation=sigmoid"},
    "tfk20-bidir-stacked-weights": {"bidirectional_1.merge_mode=sum", "dense.activation=linear"},
    "tfk215-convlstm2d-weights": {"conv_lstm2d.padding=same", "conv_lstm2d_1.padding=valid"},
    "tfk215-rnn-stackedcells-weights": {"rnn/0.activation=tanh", "rnn/2.activation=tanh"},
    "tfk24-simplernn-weights": {"simple_rnn.go_backwards=True", "simple_rnn_1.activation=relu"},
}

REFUSED = {
    "k224-seq2seq-weights": "'decoder' takes 3 features and is given 4",
    "tfk28-custom-registered-weights": "layer 'attention_pool' cannot be inferred",
    "tfk28-tfa-peephole-weights": "input_gate_peephole_weights",
    "k122th-nested-weights": "a model inside the model",
}


@pytest.fixture(autouse=True)
def quiet_keras() -> Iterator[None]:
    """Keras and TensorFlow warn of what is not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def recording_of(case: str) -> Path:
    return VALID / case / "io.npz"


@pytest.mark.parametrize("case", FOUND)
def test_recorded_outputs_tell_what_the_arrays_do_not(case: str, tmp_path: Path) -> None:
    target = tmp_path / "new.keras"
    report = lstm_migrate.convert(source_of(case), target, architecture="infer", recorded=recording_of(case))
    assert report.verdict == "verified"
    assert target.exists()
    (said,) = [note.text for note in report.notes if note.where == "inferred"]
    assert "reproduces the recorded outputs" in said
    for expected in FOUND[case]:
        assert expected in said
    noted = {note.text.partition(":")[0] for note in report.notes if note.kind == "assumed"}
    assert FOUND[case] <= noted


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_chain_of_stock_layers_is_refused(case: str, tmp_path: Path) -> None:
    with pytest.raises(lstm_migrate.PlanError) as caught:
        lstm_migrate.convert(
            source_of(case), tmp_path / "new.keras", architecture="infer", recorded=recording_of(case)
        )
    assert REFUSED[case] in str(caught.value)
    assert "--architecture FILE" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_without_recorded_outputs_nothing_is_written(tmp_path: Path) -> None:
    source, target = source_of("k208-embed-mask-bn-weights"), tmp_path / "new.keras"
    with pytest.raises(
        lstm_migrate.VerificationError, match=r"lstm_1\.activation=tanh: no array tells"
    ) as caught:
        lstm_migrate.convert(source, target, architecture="infer")
    assert "--recorded" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_unproven_assumptions_can_be_accepted_and_are_listed(tmp_path: Path) -> None:
    source, target = source_of("k208-embed-mask-bn-weights"), tmp_path / "new.keras"
    stated = {"embedding_1.mask_zero": "True"}
    report = lstm_migrate.convert(source, target, architecture="infer", assume=stated, allow_unproven=True)
    assert (report.verdict, report.verified) == ("unproven", False)
    assert target.exists()
    (check,) = [check for check in report.checks if check.name == "assumptions"]
    assert "embedding_1.mask_zero=True: stated by the caller" in check.unproven
    assert len(check.unproven) > 5


def test_what_a_recording_leaves_open_stays_unproven_until_it_is_stated(tmp_path: Path) -> None:
    case = "tfk24-bidir-backwardlayer-weights"
    given = {"architecture": "infer", "recorded": recording_of(case)}
    with pytest.raises(
        lstm_migrate.VerificationError, match=r"dense\.activation=linear: relu or elu"
    ) as caught:
        lstm_migrate.convert(source_of(case), tmp_path / "open.keras", **given)  # type: ignore[arg-type]
    assert "--assume dense.activation=linear" in str(caught.value)
    report = lstm_migrate.convert(
        source_of(case),
        tmp_path / "new.keras",
        architecture="infer",
        recorded=recording_of(case),
        assume={"dense.activation": "linear"},
    )
    assert report.verdict == "verified"


def test_a_foreign_recording_writes_nothing(tmp_path: Path) -> None:
    case = "k231-cudnn-bidir-weights"
    io = dict(np.load(recording_of(case)))
    np.savez(tmp_path / "io.npz", **{**io, "output_0": io["output_0"][::-1] * 0.5})
    with pytest.raises(lstm_migrate.VerificationError, match="no combination of assumptions") as caught:
        lstm_migrate.convert(
            source_of(case), tmp_path / "new.keras", architecture="infer", recorded=tmp_path / "io.npz"
        )
    assert "closest" in str(caught.value)
    assert not (tmp_path / "new.keras").exists()


def test_verify_infers_again_and_agrees(tmp_path: Path) -> None:
    case = "k231-cudnn-bidir-weights"
    target = tmp_path / "new.keras"
    lstm_migrate.convert(source_of(case), target, architecture="infer", recorded=recording_of(case))
    report = lstm_migrate.verify(source_of(case), target, architecture="infer", recorded=recording_of(case))
    assert report.verdict == "verified"


def test_inspect_shows_what_the_weights_seem_to_be() -> None:
    found = lstm_migrate.inspect(source_of("k208-embed-mask-bn-weights"))
    assert [line.kind for line in found.layers][:3] == ["Embedding", "SpatialDropout1D", "LSTM"]
    assert found.convert_would.startswith("refuse: ")
    assert "--architecture infer would assume embedding_1.mask_zero=False" in found.convert_would
    refused = lstm_migrate.inspect(source_of("tfk28-custom-registered-weights"))
    assert refused.layers == ()
    assert "infer would" not in refused.convert_would


def test_plan_tells_the_assumptions_without_reading_values() -> None:
    found = lstm_migrate.plan(source_of("tfk24-simplernn-weights"), architecture="infer")
    noted = {note.text.partition(":")[0] for note in found.notes}
    assert {"simple_rnn.activation=tanh", "simple_rnn_1.return_sequences=False"} <= noted


def test_assumptions_without_inference_are_wrong_usage() -> None:
    with pytest.raises(UsageError, match="--architecture infer"):
        lstm_migrate.plan(source_of("tfk24-simplernn-weights"), assume={"simple_rnn.activation": "relu"})
    with pytest.raises(UsageError, match="holds its own architecture"):
        lstm_migrate.plan(source_of("k208-bidir-concat"), architecture="infer")


def test_the_command_line_takes_assumptions(tmp_path: Path) -> None:
    source = str(source_of("tfk24-simplernn-weights"))
    ask = ["plan", source, "--architecture", "infer", "--json"]
    stated = ["--assume", "simple_rnn.activation=relu", "--assume", "simple_rnn.go_backwards=True"]
    done = CliRunner().invoke(app, [*ask, *stated])
    assert done.exit_code == 0
    noted = [note["text"] for note in json.loads(done.stdout)["notes"]]
    assert "simple_rnn.activation=relu: stated by the caller" in noted
    assert CliRunner().invoke(app, [*ask, "--assume", "simple_rnn.activation"]).exit_code == 2
    assert CliRunner().invoke(app, [*ask, "--assume", "foo.activation=relu"]).exit_code == 2
