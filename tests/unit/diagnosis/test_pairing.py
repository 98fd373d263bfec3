"""Layers are aligned by name, kind, size and order: one too many leaves the others in place."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lstm_migrate.diagnosis.pairing import paired
from lstm_migrate.diagnosis.part import Core, Held, Part
from lstm_migrate.graph import Layer
from tests.unit.diagnosis.sides import dense, layer, line, lstm, pairs, target, told, weights


def part(name: str, kind: str, units: int) -> Part:
    own = Layer(name, kind, {"units": units})
    array = Held("kernel", (3, units))
    return Part((name,), own, (Core("", own, "", (array,), {"u": units}),), (array,))


def test_a_layer_that_the_file_lacks_leaves_the_others_paired(tmp_path: Path) -> None:
    source = weights(tmp_path, {"lstm_1": lstm(4, 8), "dense_1": dense(1, 4)})
    model = target(
        tmp_path,
        layer("LSTM", "lstm", units=4),
        layer("Dense", "mid", units=4),
        layer("Dense", "out", units=1),
    )
    found = told(source, model)
    assert pairs(found) == [("lstm_1", "lstm"), ("", "mid"), ("dense_1", "out")]
    assert line(found, "Dense, 4 units").verdict == "missing"
    assert found.verdict == "misfit"


def test_a_layer_too_many_is_named_and_the_others_fit(tmp_path: Path) -> None:
    source = weights(tmp_path, {"lstm_1": lstm(4, 8), "dense_1": dense(4, 4), "dense_2": dense(1, 4)})
    model = target(tmp_path, layer("LSTM", "lstm", units=4), layer("Dense", "dense", units=1))
    found = told(source, model)
    assert pairs(found) == [("lstm_1", "lstm"), ("dense_1", ""), ("dense_2", "dense")]
    (extra,) = [item for item in found.lines if item.verdict == "extra"]
    assert extra.why.startswith("the target has no layer for it: its arrays (4, 4), (4,) go nowhere")


def test_names_that_keras_counted_give_way_to_sizes() -> None:
    source = [part("lstm_1", "LSTM", 8), part("lstm_2", "LSTM", 4)]
    goal = [part("lstm", "LSTM", 8), part("lstm_1", "LSTM", 4)]
    found = [
        (pair.source.name, pair.target.name) for pair in paired(source, goal) if pair.source and pair.target
    ]
    assert found == [("lstm_1", "lstm"), ("lstm_2", "lstm_1")]


def test_layers_of_a_store_are_paired_in_its_order() -> None:
    """There the layers of an inner model stand behind those beside it."""

    def stored(name: str, store: str, inputs: int) -> Part:
        layer = Layer(name, "LSTM", {"units": 4})
        arrays = (Held("kernel", (inputs, 16)),)
        return Part(
            (name,), layer, (Core("", layer, "", arrays, {"u": 4, "x": inputs}),), arrays, store=store
        )

    source = [stored("lstm", "layers/lstm", 6), stored("sequential/lstm", "layers/sequential/layers/lstm", 8)]
    goal = [stored("inner", "layers/sequential/layers/lstm", 7), stored("outer", "layers/lstm", 5)]
    found = {
        pair.target.name: pair.source.name
        for pair in paired(source, goal, ordered=False)
        if pair.source and pair.target
    }
    assert found == {"inner": "sequential/lstm", "outer": "lstm"}


def test_chosen_names_pair_layers_that_stand_in_another_order(tmp_path: Path) -> None:
    source = weights(tmp_path, {"first": lstm(8, 8), "second": lstm(8, 8), "out": dense(1, 8)})
    model = target(
        tmp_path,
        layer("LSTM", "second", units=8, return_sequences=True),
        layer("LSTM", "first", units=8),
        layer("Dense", "out", units=1),
    )
    found = told(source, model)
    assert set(pairs(found)) == {("first", "first"), ("second", "second"), ("out", "out")}
    assert line(found, "order").why.startswith("number 1 in the source, number 2 in the target")


@given(st.lists(st.sampled_from(["LSTM", "GRU", "Dense"]), max_size=8), st.data())
def test_every_layer_stands_in_one_pair_and_equal_models_pair_all(
    kinds: list[str], data: st.DataObject
) -> None:
    source = [part(f"{kind.lower()}_{number}", kind, 4) for number, kind in enumerate(kinds)]
    goal = [item for item in source if data.draw(st.booleans())]
    found = paired(source, goal)
    assert sorted(pair.source.name for pair in found if pair.source) == sorted(item.name for item in source)
    assert [pair.target for pair in found if pair.target] == goal
    assert all(pair.source and pair.target for pair in paired(source, source))
    # Left out of the model, a layer is left over in the file, and no other one is.
    assert sum(pair.target is None for pair in found) == len(source) - len(goal)
