"""An architecture beside the arrays may have the sizes already that rules give to the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lstm_migrate.beside import Given
from lstm_migrate.errors import PlanError
from lstm_migrate.opening import planned
from tests.unit.diagnosis.sides import bidirectional, dense, layer, lstm, target, weights

Shapes = dict[str, tuple[int, ...]]


def full(source: Path, model: Path, *said: str) -> tuple[Shapes, Shapes]:
    """The arrays before and after what is said of sizes, biases left out."""
    with planned(source, Given(architecture=model, resize=said), allow_lossy=True) as found:
        before = found.plan if found.resized is None else found.resized.full
        plans = (before.assignments, found.plan.assignments)
        first, second = (
            {str(item.target): item.shape for item in items if item.role != "bias"} for items in plans
        )
        return first, second


@pytest.fixture
def tagger(tmp_path: Path) -> Path:
    """A table of 20 rows of 6, both ways of 4 units, a Dense layer of 20 for each step."""
    both = [
        (f"{side}/{role}", shape) for side in ("forward_lstm", "backward_lstm") for role, shape in lstm(4, 6)
    ]
    groups = {"table": [("embeddings", (20, 6))], "both": both, "out": dense(20, 8)}
    return weights(tmp_path, groups)


def tagger_of(folder: Path, rows: int, width: int, units: int) -> Path:
    return target(
        folder,
        layer("Embedding", "table", input_dim=rows, output_dim=width, mask_zero=False),
        bidirectional("both", layer("LSTM", "lstm", units=units)),
        layer("Dense", "out", units=rows, activation="softmax"),
        inputs=(5,),
    )


OLD = {
    "table.embeddings": (20, 6),
    "both/forward_layer.kernel": (6, 16),
    "both/forward_layer.recurrent_kernel": (4, 16),
    "both/backward_layer.kernel": (6, 16),
    "both/backward_layer.recurrent_kernel": (4, 16),
    "out.kernel": (8, 20),
}
SAID = ("table.input_dim=30", "table.output_dim=3", "both.units=2", "out.vocabulary={size: 30}")


@pytest.mark.parametrize("sizes", [(20, 6, 4), (30, 3, 2)])
def test_the_arrays_tell_what_there_was(sizes: tuple[int, int, int], tagger: Path, tmp_path: Path) -> None:
    before, after = full(tagger, tagger_of(tmp_path, *sizes), *SAID)
    assert before == OLD
    assert (after["table.embeddings"], after["out.kernel"]) == ((30, 3), (4, 30))
    assert after["both/backward_layer.recurrent_kernel"] == (2, 8)


def test_other_layers_are_as_the_architecture_says(tagger: Path, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="table"):
        full(tagger, tagger_of(tmp_path, 30, 6, 2), "both.units=2")


def reader(folder: Path, features: int, *before: dict[str, Any]) -> tuple[Path, Path]:
    """Weights of a cell that reads 8 features, and a model that is fed with others."""
    source = weights(folder, {"cell": lstm(4, 8), "out": dense(2, 4)})
    layers = [*before, layer("LSTM", "cell", units=4), layer("Dense", "out", units=2)]
    return source, target(folder, *layers, inputs=(5, features))


@pytest.mark.parametrize("said", ["cell.inputs=6", "input.inputs=6", "cell.features=[7, 6, 5, 4, 3, 2]"])
def test_inputs_are_as_many_as_the_arrays_read(said: str, tmp_path: Path) -> None:
    source, model = reader(tmp_path, 6, layer("Dropout", "drop", rate=0.1, noise_shape=None, seed=None))
    before, after = full(source, model, said)
    assert (before["cell.kernel"], after["cell.kernel"]) == ((8, 16), (6, 16))


def test_inputs_that_no_rule_speaks_of_are_as_the_architecture_says(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="for other inputs than this layer has"):
        full(*reader(tmp_path, 6), "cell.inputs=5")
