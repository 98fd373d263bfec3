"""Units of single layers: what new ones are made of, which go without a trace, what ties and mixes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_migrate.errors import PlanError
from tests.resizing.by_hand import arrays_of, cut, differences, gap, new_parts, opened, outputs, saved
from tests.resizing.models import Draft, Flow, Made, inputs_for, made
from tests.resizing.workshop import ROUNDING, resized

SEQUENCES: dict[str, Any] = {"return_sequences": True}


def plain(d: Draft) -> Any:
    """LSTM(5) -> Dense(2)."""
    import keras

    x = d.input((6, 3))
    return keras.Model(x.tensor, d.dense(d.rnn("LSTM", x, "a", 5, name="lstm"), "out", 2, name="head").tensor)


def attention(d: Draft) -> Any:
    """Dot-product attention of a GRU(4) over an LSTM(4), which its dot products tie."""
    import keras

    x = d.input((6, 3))
    asked, told = (
        d.rnn("GRU", x, "a", 4, name="asks", **SEQUENCES),
        d.rnn("LSTM", x, "a", 4, name="tells", **SEQUENCES),
    )
    y = d.plain(keras.layers.Attention(name="attention"), asked, told)
    y = d.plain(keras.layers.GlobalAveragePooling1D(), y)
    return keras.Model(x.tensor, d.dense(y, "out", 2, name="head").tensor)


def dotted(d: Draft) -> Any:
    """The same written out: Dot, softmax over time, Dot."""
    import keras

    x = d.input((6, 3))
    asked, told = (
        d.rnn("GRU", x, "a", 4, name="asks", **SEQUENCES),
        d.rnn("LSTM", x, "a", 4, name="tells", **SEQUENCES),
    )
    scores = keras.layers.Softmax(name="weights")(
        keras.layers.Dot((2, 2), name="scores")([asked.tensor, told.tensor])
    )
    y = keras.layers.Dot((2, 1), name="mixed")([scores, told.tensor])
    y = keras.layers.GlobalMaxPooling1D()(y)
    head = keras.layers.Dense(2, name="head")
    d.arrays["head"] = [(told.labels, [None] * 2), ([None] * 2,)]
    return keras.Model(x.tensor, head(y))


def arithmetic(d: Draft) -> Any:
    """Sums and products without layers, and a reshape that only splits time."""
    import keras

    x = d.input((6, 3))
    one, two = (
        d.rnn("LSTM", x, "a", 4, name="one", **SEQUENCES),
        d.rnn("GRU", x, "a", 4, name="two", **SEQUENCES),
    )
    y = keras.ops.tanh(one.tensor * 2.0 + one.tensor * two.tensor)
    y = keras.layers.Reshape((2, 3, len(one.labels)), name="split")(y)
    y = keras.layers.TimeDistributed(keras.layers.GlobalMaxPooling1D(), name="parts")(y)
    z = d.rnn("LSTM", Flow(y, one.labels), "b", 3, name="last")
    return keras.Model(x.tensor, d.dense(z, "out", 2, name="head").tensor)


def both_states(d: Draft) -> Any:
    """A bidirectional encoder whose states begin a decoder, and both outputs of another, side by side."""
    import keras

    x, y = d.input((6, 3), name="source"), d.input((4, 2), name="target")
    a = d.labels("a", 4)
    d.owners.update(a=["encoder"])
    encoder = keras.layers.Bidirectional(keras.layers.LSTM(len(a), return_state=True), name="encoder")
    _, fh, fc, bh, bc = encoder(x.tensor)
    states = [keras.layers.Concatenate(name=name)(two) for name, two in (("h", [fh, bh]), ("c", [fc, bc]))]
    decoder = keras.layers.LSTM(2 * len(a), name="decoder", **SEQUENCES)(y.tensor, initial_state=states)
    d.arrays["encoder"] = d.axes("LSTM", x.labels, a) * 2
    both = a * 2
    d.arrays["decoder"] = d.axes("LSTM", y.labels, both)
    return keras.Model([x.tensor, y.tensor], d.dense(Flow(decoder, both), "out", 2, name="head").tensor)


def apart(d: Draft) -> Any:
    """A bidirectional layer whose directions go different ways."""
    import keras

    x = d.input((6, 3))
    a = d.labels("a", 4)
    d.owners.update(a=["both"])
    d.arrays["both"] = d.axes("GRU", x.labels, a) * 2
    inside = keras.layers.GRU(len(a), return_sequences=True)
    there, back = keras.layers.Bidirectional(inside, merge_mode=None, name="both")(x.tensor)
    one, two = d.rnn("LSTM", Flow(there, a), "b", 3, name="one"), d.dense(Flow(back, a), "c", 3, name="two")
    y = keras.layers.Concatenate()([one.tensor, keras.layers.GlobalMaxPooling1D()(two.tensor)])
    y = d.dense(Flow(y, one.labels + two.labels), "out", 2, name="head")
    return keras.Model(x.tensor, y.tensor)


FAMILIES: dict[str, tuple[Any, dict[str, list[int]]]] = {
    "plain": (plain, {"a": [4, 0, 2]}),
    "attention": (attention, {"a": [3, 0]}),
    "dotted": (dotted, {"a": [3, 1, 0]}),
    "arithmetic": (arithmetic, {"a": [2, 0], "b": [1, 2]}),
    "states of both directions": (both_states, {"a": [3, 1]}),
    "directions apart": (apart, {"a": [2, 0, 1], "b": [1, 2], "c": [0, 2]}),
}


def kept(model: Made, keep: dict[str, list[int]]) -> dict[str, Any]:
    return {model.rule(symbol): {"units": len(units), "keep": units} for symbol, units in keep.items()}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_cut_follows_what_ties_and_mixes_units(name: str, target: Path) -> None:
    build, keep = FAMILIES[name]
    model = made(build)
    file = saved(model, target.with_name("old.keras"))
    assert resized(file, target, kept(model, keep), allow_lossy=True).verified
    assert differences(arrays_of(opened(target)), cut(arrays_of(model.model), build, keep)) == []


@pytest.mark.parametrize("fill", ["duplicate", "incoming", "outgoing"])
@pytest.mark.parametrize("name", ["plain", "arithmetic", "states of both directions", "directions apart"])
def test_growth_follows_what_ties_units(name: str, fill: str, target: Path) -> None:
    build, keep = FAMILIES[name]
    model = made(build)
    file = saved(model, target.with_name("old.keras"))
    counts = {model.rule(symbol): {"units": 6, "fill": fill} for symbol in keep}
    assert resized(file, target, counts).verified
    fed = inputs_for(model.model)
    assert gap(outputs(opened(target), fed), outputs(model.model, fed)) < ROUNDING


@pytest.mark.parametrize("name", ["attention", "dotted"])
def test_dot_products_grow_by_silent_units_alone(name: str, target: Path) -> None:
    build, _ = FAMILIES[name]
    model = made(build)
    file = saved(model, target.with_name("old.keras"))
    with pytest.raises(PlanError, match=r"(?s)axis.*outgoing"):
        resized(file, target, {"asks": {"units": 6}})
    assert resized(file, target, {"asks": {"units": 6, "fill": "outgoing"}}).verified
    fed = inputs_for(model.model)
    assert gap(outputs(opened(target), fed), outputs(model.model, fed)) < ROUNDING


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_small_layer_may_be_doubled_whatever_is_drawn(count: int, target: Path) -> None:
    """Of few units each is often repeated in its own order: that must not matter."""

    def build(d: Draft) -> Any:
        import keras

        x = d.input((6, 3))
        y = d.rnn("LSTM", x, "a", count, name="lstm")
        return keras.Model(x.tensor, d.dense(y, "out", 2, name="head").tensor)

    file = saved(made(build), target.with_name("old.keras"))
    for seed in range(3):
        wide = target.with_name(f"{seed}.keras")
        assert resized(file, wide, {"lstm": {"units": 2 * count, "seed": seed}}).verified


@pytest.mark.parametrize("fill", ["duplicate", "incoming", "outgoing"])
def test_whatever_new_units_are_they_go_again_without_leave(fill: str, tmp_path: Path) -> None:
    model = made(plain)
    file, wide, back = saved(model, tmp_path / "old.keras"), tmp_path / "wide.keras", tmp_path / "back.keras"
    resized(file, wide, {"lstm": {"units": 9, "fill": fill}})
    resized(wide, back, {"lstm": {"units": 5}})
    assert differences(arrays_of(opened(back)), arrays_of(model.model)) == []


SIDES = {"incoming": ("head", 0), "outgoing": ("lstm", 0)}


@pytest.mark.parametrize("fill", SIDES)
def test_one_side_of_new_units_is_silent_and_the_other_is_not(fill: str, target: Path) -> None:
    model = made(plain)
    file = saved(model, target.with_name("old.keras"))
    resized(file, target, {"lstm": {"units": 8, "fill": fill}})
    found = arrays_of(opened(target))
    new = {(layer, number): mask for layer, number, mask in new_parts(plain, {"a": list(range(8))})}
    reads, says = found["lstm"][0][new["lstm", 0]], found["head"][0][new["head", 0]]
    silent, loud = (says, reads) if fill == "incoming" else (reads, says)
    assert not silent.any()
    assert len(np.unique(loud)) == loud.size
    for layer, values in arrays_of(model.model).items():
        for number, value in enumerate(values):
            old = ~new.get((layer, number), np.zeros(value.shape, bool))
            assert np.array_equal(found[layer][number][old], value.ravel()), "what was there stays as it was"


@pytest.mark.parametrize("fill", ["duplicate", "incoming", "outgoing"])
def test_whatever_side_is_silent_every_new_number_moves_in_two_steps(fill: str, target: Path) -> None:
    import keras

    file = saved(made(plain), target.with_name("old.keras"))
    resized(file, target, {"lstm": {"units": 9, "fill": fill}})
    model = opened(target)
    before = arrays_of(model)
    keras.utils.set_random_seed(1)
    model.compile("adam", "mse", run_eagerly=True, jit_compile=False)
    fed = inputs_for(model, batch=64)
    for _ in range(2):
        model.train_on_batch(fed, np.random.default_rng(2).normal(size=(64, 2)))
    after = arrays_of(model)
    still = [
        f"{layer}[{number}]"
        for layer, number, new in new_parts(plain, {"a": list(range(9))})
        if (after[layer][number] == before[layer][number])[new].any()
    ]
    assert not still


def test_units_that_are_zero_on_both_sides_come_only_on_demand(target: Path) -> None:
    model = made(plain)
    file = saved(model, target.with_name("old.keras"))
    with pytest.raises(PlanError, match="never learn"):
        resized(file, target, {"lstm": {"units": 8, "fill": "zeros"}})
    assert resized(file, target, {"lstm": {"units": 8, "fill": "zeros", "dead": True}}).verified
    fed = inputs_for(model.model)
    assert gap(outputs(opened(target), fed), outputs(model.model, fed)) < ROUNDING


def silenced(how: str) -> Made:
    """LSTM(5) of which units 1 and 3 are dead, always zero, or say what units 0 and 2 say."""
    model = made(plain)
    lstm, head = model.model.get_layer("lstm"), model.model.get_layer("head")
    kernel, recurrent, bias = lstm.get_weights()
    out, last = head.get_weights()
    gone = np.array([1, 3])
    columns = np.concatenate([gone + 5 * gate for gate in range(4)])
    if how == "dead":
        recurrent[gone], out[gone] = 0, 0
    elif how == "zero":
        kernel[:, columns], recurrent[:, columns], bias[columns] = 0, 0, 0
    else:
        for array in (kernel, recurrent, bias):
            array[..., columns] = array[..., columns - 1]
    lstm.set_weights([kernel, recurrent, bias])
    head.set_weights([out, last])
    return model


@pytest.mark.parametrize("how", ["dead", "zero", "duplicate"])
def test_units_that_nobody_misses_go_without_leave_and_without_loss(how: str, target: Path) -> None:
    model = silenced(how)
    file = saved(model, target.with_name("old.keras"))
    report = resized(file, target, {"lstm": {"units": 3, "keep": [4, 0, 2]}})
    assert report.verified
    assert {line.effect for line in report.resized} <= {"exact", "bitwise"}
    fed = inputs_for(model.model)
    assert gap(outputs(opened(target), fed), outputs(model.model, fed)) < ROUNDING


def test_one_that_is_missed_among_those_that_are_not_is_named(target: Path) -> None:
    file = saved(silenced("dead"), target.with_name("old.keras"))
    with pytest.raises(PlanError, match="--allow-lossy") as caught:
        resized(file, target, {"lstm": {"units": 2, "keep": [0, 2]}})
    assert "lstm" in str(caught.value)
    assert not target.exists()


def test_units_in_another_order_are_the_same_model(target: Path) -> None:
    model = made(plain)
    file = saved(model, target.with_name("old.keras"))
    report = resized(file, target, {"lstm": {"units": 5, "keep": [4, 1, 0, 3, 2]}})
    assert report.verified
    assert (
        differences(arrays_of(opened(target)), cut(arrays_of(model.model), plain, {"a": [4, 1, 0, 3, 2]}))
        == []
    )


def test_units_that_weigh_most_are_kept(target: Path) -> None:
    model = made(plain)
    lstm = model.model.get_layer("lstm")
    arrays, head = lstm.get_weights(), model.model.get_layer("head").get_weights()
    small = np.concatenate([np.array([0, 3]) + 5 * gate for gate in range(4)])
    arrays[0][:, small] *= 1e-3
    arrays[1][:, small] *= 1e-3
    arrays[1][[0, 3]] *= 1e-3
    arrays[2][small] *= 1e-3
    head[0][[0, 3]] *= 1e-3
    lstm.set_weights(arrays)
    model.model.get_layer("head").set_weights(head)
    file = saved(model, target.with_name("old.keras"))
    report = resized(file, target, {"lstm": {"units": 3, "keep": "norm"}}, allow_lossy=True)
    assert [one.unit for one in report.lost] == [0, 3]
    rules = {"lstm": {"units": 3, "keep": [0, 2, 4]}}
    other = resized(file, target.with_name("other.keras"), rules, allow_lossy=True)
    said = {one.unit: one.salience or 0.0 for one in other.lost}
    assert said[3] < 0.01 * said[1]
    assert differences(arrays_of(opened(target)), cut(arrays_of(model.model), plain, {"a": [1, 2, 4]})) == []


def test_a_plan_shows_every_axis_that_changes_without_writing_anything(tmp_path: Path) -> None:
    import lstm_migrate
    from tests.resizing.workshop import mapping

    file = saved(made(attention), tmp_path / "old.keras")
    rules = mapping(tmp_path, {"tells": {"units": 2}})
    plan = lstm_migrate.plan(file, mapping=rules, allow_lossy=True)
    tensors = {line.tensor for line in plan.resized}
    layers = {"asks", "tells"}
    assert tensors == {
        f"{layer}.{role}" for layer in layers for role in ("kernel", "recurrent_kernel", "bias")
    } | {"head.kernel"}
    assert {(line.before, line.after) for line in plan.resized} == {(4, 2)}
    assert len(list(tmp_path.iterdir())) == 2
