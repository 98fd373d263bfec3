"""The search for the assumptions that reproduce what was recorded, on models made up here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lstm_migrate import searching
from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import PlanError, UsageError, VerificationError
from lstm_migrate.inference.infer import infer
from lstm_migrate.mapping.sources import source_vocabulary
from lstm_migrate.planning.binding import bind
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.searching import Found, search
from lstm_migrate.verification.recorded import Recording
from lstm_migrate.weights import Weights
from tests.unit.planning.made_up import Arrays, checkpoint

DRAW = np.random.default_rng(5)
LSTM = [("l/kernel:0", (5, 16)), ("l/recurrent_kernel:0", (4, 16)), ("l/bias:0", (16,))]
DENSE = [("d/kernel:0", (4, 3)), ("d/bias:0", (3,))]
LSTM_2 = [("l2/kernel:0", (4, 16)), ("l2/recurrent_kernel:0", (4, 16)), ("l2/bias:0", (16,))]
CHAIN: Arrays = {"l": LSTM, "d": DENSE}
WORDS: Arrays = {"e": [("e/embeddings:0", (9, 5))], "l": LSTM, "d": DENSE}


@pytest.fixture(autouse=True)
def short_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer combinations are tried once one fits: these tests know which others would."""
    monkeypatch.setattr(searching, "TRIED_BEYOND", 200)
    monkeypatch.setattr(searching, "MOST_TRIED", 1_000)


def weights(arrays: Arrays, values: Mapping[str, Any] | None = None, **facts: Any) -> Checkpoint:
    """A file of weights with random values, none of them zero."""
    made = replace(checkpoint({}, arrays, **facts), architecture=None, format="keras-hdf5-weights")
    drawn = {name: DRAW.normal(0.0, 0.6, info.shape).astype("float32") for name, info in made.tensors.items()}
    drawn |= values or {}
    return replace(made, read_values=drawn.__getitem__)


def recorded(file: Checkpoint, inputs: Any, assume: dict[str, str]) -> Recording:
    """What the model computes under these assumptions, rounded as its framework would."""
    words = source_vocabulary(file.writer)
    graph = infer(file, words, assume).graph
    bound, _ = bind(graph, file, words)
    semantics = Semantics(**words.semantics(file.writer.backend)[0])
    outputs = evaluate(graph, Weights(bound, file.read), [inputs], semantics=semantics)
    return Recording((inputs,), tuple(output.astype("float32") for output in outputs))


def found(file: Checkpoint, recording: Recording, assume: dict[str, str] | None = None) -> Found:
    return search(file, source_vocabulary(file.writer), recording, assume or {})


def sequences(batch: int = 6) -> Any:
    return DRAW.normal(0.0, 1.0, (batch, 7, 5)).astype("float32")


@pytest.mark.parametrize(
    "truth",
    [
        {"l.recurrent_activation": "sigmoid", "d.activation": "linear"},
        {"l.return_sequences": "True", "d.activation": "tanh"},
        {"l.activation": "softsign", "l.go_backwards": "True", "d.activation": "sigmoid"},
    ],
)
def test_the_one_combination_is_found(truth: dict[str, str]) -> None:
    file = weights(CHAIN)
    result = found(file, recorded(file, sequences(), truth))
    assert truth.items() <= result.inferred.stated().items()
    assert result.open() == {}


def test_what_is_likely_is_tried_first() -> None:
    file = weights(CHAIN)
    result = found(file, recorded(file, sequences(), {}))
    assert result.inferred.stated()["d.activation"] == "softmax"
    assert result.tried <= searching.TRIED_BEYOND + 1


def test_masks_are_found_where_the_recording_shows_them() -> None:
    file = weights(WORDS)
    masked = np.array([[3, 4, 5, 0, 0], [1, 2, 8, 7, 0], [1, 1, 2, 2, 3]])
    result = found(file, recorded(file, masked, {"e.mask_zero": "True"}))
    assert result.inferred.stated()["e.mask_zero"] == "True"
    assert result.open() == {}


def test_what_the_recording_does_not_show_stays_open() -> None:
    file = weights(WORDS)
    unmasked = np.array([[3, 4, 5, 6, 2], [1, 2, 8, 7, 1], [1, 1, 2, 2, 3]])
    recording = recorded(file, unmasked, {"e.mask_zero": "True"})
    result = found(file, recording)
    assert result.open() == {"e.mask_zero": ("True",)}
    stated = found(file, recording, {"e.mask_zero": "True"})
    assert stated.inferred.stated()["e.mask_zero"] == "True"
    assert stated.open() == {}


def test_combinations_that_always_compute_the_same_leave_nothing_open() -> None:
    # A last layer that gives positive numbers alone: relu changes none of them.
    file = weights(CHAIN, {"d/d/bias:0": np.full(3, 50.0, "float32")})
    result = found(file, recorded(file, sequences(), {"d.activation": "linear"}))
    assert result.inferred.stated()["d.activation"] == "linear"
    assert result.same >= 1
    assert result.open() == {}


def test_a_foreign_recording_is_refused_with_the_closest_combination() -> None:
    file = weights(CHAIN)
    recording = recorded(file, sequences(), {})
    wrong = Recording(recording.inputs, (recording.outputs[0] + 0.25,))
    with pytest.raises(VerificationError, match=r"no combination .* reproduces .*closest.*l\.activation="):
        found(file, wrong)


def test_a_recording_of_another_shape_is_refused() -> None:
    file = weights(CHAIN)
    with pytest.raises(VerificationError, match=r"outputs of the recorded shape"):
        found(file, Recording((sequences(),), (np.zeros((6, 9), "float32"),)))


def test_a_search_that_is_cut_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST_TRIED", 5)
    file = weights(CHAIN)
    with pytest.raises(VerificationError, match=r"the 5 likeliest tried, then it was cut"):
        found(file, Recording((sequences(),), (np.full((6, 3), 9.0, "float32"),)))


def test_several_recorded_inputs_make_no_chain() -> None:
    file, one = weights(CHAIN), sequences()
    with pytest.raises(UsageError, match="only chains can be inferred"):
        found(file, Recording((one, one), (one,)))
    branched = weights({**CHAIN, "second": [("second/kernel:0", (8, 2)), ("second/bias:0", (2,))]})
    with pytest.raises(PlanError, match="'second' takes 8 features"):
        found(branched, Recording((one, one), (one,)))


def test_weights_that_are_no_numbers_fit_nothing() -> None:
    file = weights(CHAIN, {"l/l/kernel:0": np.full((5, 16), np.nan, "float32")})
    with pytest.raises(VerificationError):
        found(file, Recording((sequences(),), (np.full((6, 3), 0.3, "float32"),)))


def test_a_deep_chain_ends_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST_SECONDS", 2.0)
    layers = {
        f"d{place}": [(f"d{place}/kernel:0", (2, 2)), (f"d{place}/bias:0", (2,))] for place in range(200)
    }
    file = weights(layers)
    inputs = np.ones((4, 2), "float32")
    with pytest.raises(VerificationError, match="then it was cut"):
        found(file, Recording((inputs,), (7 * inputs,)))


def test_a_length_is_taken_from_the_recording_where_no_array_tells_it() -> None:
    arrays: Arrays = {"l": LSTM, "repeat_vector_1": [], "l2": LSTM_2}
    file = weights(arrays)
    truth = {"repeat_vector_1.n": "3", "l2.return_sequences": "True"}
    result = found(file, recorded(file, sequences(), truth))
    assert truth.items() <= result.inferred.stated().items()
