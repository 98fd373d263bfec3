"""What was recorded tells the order of gates, the biases and the activations; or that nothing fits."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from lstm_migrate.diagnosis import sifting
from tests.corpus.expect import VALID
from tests.unit.diagnosis.sides import layer, target, told

FORKS = VALID.parent / "forks"
FUSED = FORKS / "keras1_fused_gru"


def test_a_fork_is_found_by_its_outputs() -> None:
    found = told(FUSED / "weights.h5", FUSED / "architecture_keras3.json", recorded=FUSED / "io.npz")
    assert found.recorded == (
        "recurrent activation clip(0.2x + 0.5); reset after False; update gate renews; activation tanh; "
        "gates r, z, h: this alone reproduces the recorded outputs, all 2880 tried",
    )
    assert "    gates: [r, z, h]\n    update_gate: renews\n" in found.mapping
    assert found.verdict == "mended"
    assert "as the recorded outputs show" in found.sentence
    assert "  #" not in found.mapping  # nothing is doubtful any more


def test_what_is_as_declared_needs_no_further_word() -> None:
    case = FORKS / "tf1_gru"
    found = told(case / "weights.npz", case / "architecture_keras3.json", recorded=case / "io.npz")
    (said,) = found.recorded
    assert "this alone reproduces the recorded outputs, all 480 tried" in said
    assert "rnn/gru_cell: {to: gru, layout: tf1.gru}\n" in found.mapping


def test_outputs_of_another_model_fit_nothing(tmp_path: Path) -> None:
    case = FORKS / "tf1_gru"
    recorded = dict(np.load(case / "io.npz"))
    recorded["output_0"] = recorded["output_0"][::-1] + 0.25
    np.savez(tmp_path / "io.npz", **recorded)
    found = told(case / "weights.npz", case / "architecture_keras3.json", recorded=tmp_path / "io.npz")
    assert found.verdict == "misfit"
    assert found.recorded[0].startswith("no combination reproduces the recorded outputs, all 480 tried")
    assert found.sentence.endswith("nothing that was tried computes the recorded outputs")


def test_too_long_a_search_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sifting, "MOST_SECONDS", 0.0)
    case = FORKS / "tf1_gru"
    found = told(case / "weights.npz", case / "architecture_keras3.json", recorded=case / "io.npz")
    assert "5 of 480 (cut by the clock) tried" in found.recorded[0]


def test_two_that_fit_are_both_named(tmp_path: Path) -> None:
    """One step from a zero state tells nothing of the recurrent kernel, nor of the forget gate."""
    rng = np.random.default_rng(3)
    kernel, recurrent, bias = (
        rng.standard_normal(shape).astype("float32") for shape in ((3, 8), (2, 8), (8,))
    )
    np.savez(
        tmp_path / "weights.npz",
        **{"lstm/kernel": kernel, "lstm/recurrent_kernel": recurrent, "lstm/bias": bias},
    )
    x = rng.standard_normal((4, 1, 3)).astype("float32")
    i, _, c, o = np.split(x[:, 0] @ kernel + bias, 4, axis=1)
    gate = lambda value: 1 / (1 + np.exp(-value))  # noqa: E731
    np.savez(tmp_path / "io.npz", input_0=x, output_0=gate(o) * np.tanh(gate(i) * np.tanh(c)))
    model = target(tmp_path, layer("LSTM", "lstm", units=2), inputs=(1, 3))
    found = told(tmp_path / "weights.npz", model, recorded=tmp_path / "io.npz")
    assert found.recorded[0].startswith(
        "recurrent activation sigmoid; forget bias 0; activation tanh; gates i, f, c, o"
    )
    assert "alone" not in found.recorded[0]
    assert (
        found.recorded[1]
        == "as well: recurrent activation sigmoid; forget bias 1; activation tanh; gates i, f, c, o"
    )
    assert found.recorded[-1].endswith("combinations fit: record more inputs to tell them apart")


def test_every_order_of_gates_is_tried() -> None:
    from lstm_migrate.diagnosis.variants import Variants

    case = FORKS / "tf1_lstm"
    seen: set[tuple[str, ...]] = set()
    original = Variants.likely_first

    def spy(self: Variants) -> list[tuple[object, ...]]:
        found = original(self)
        place = [item.key for item in self.dimensions].index("gates")
        seen.update(item[place] for item in found if item[place] is not None)
        return found[:1]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Variants, "likely_first", spy)
        told(case / "weights.npz", case / "architecture_keras3.json", recorded=case / "io.npz")
    assert seen | {("i", "c", "f", "o")} == set(permutations("icfo"))
