"""What cannot follow: where elements must stay, against which moves, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import keras
import numpy as np
import pytest

from lstm_migrate.graph import Layer, LayerPath
from lstm_migrate.mapping.document import FlowWord
from lstm_migrate.mapping.sources import target_vocabulary
from lstm_migrate.resizing.flows import FLOWS
from lstm_migrate.resizing.followed import EVERY_MOVE, Followed, Pin
from lstm_migrate.resizing.following import follow
from tests.unit.resizing.keras_models import Opened, opened

L = keras.layers
WITHOUT = {"InputLayer", "SpectralNormalization", "TextVectorization"}
"""Classes through which nothing is followed, the first of which is no layer that is called."""


def model(inputs: Any, outputs: Any) -> Opened:
    return opened(keras.Model(inputs, outputs))


def pins(found: Opened, layer: str) -> list[Pin]:
    """The pins on elements of a layer."""
    return on(found.followed, found.roots(layer))


def on(followed: Followed, roots: list[int]) -> list[Pin]:
    return [pin for pin in followed.pins if np.isin(followed.elements.roots(pin.ids), roots).any()]


def steps(found: Opened, index: int = 0) -> list[Pin]:
    """The pins on the time axis of an input."""
    dims = found.followed.inputs[index]
    assert dims is not None
    return on(found.followed, found.followed.elements.roots(dims[1]).tolist())


def test_every_word_for_a_flow_has_a_function_and_every_class_a_word() -> None:
    document = target_vocabulary().document
    assert set(FLOWS) == set(get_args(FlowWord))
    assert {name for name, one in document.classes.items() if one.flow is None} == WITHOUT
    operations = {one["op"]: one.get("flow") for one in document.operations.values()}
    assert set(operations.values()) - {None} <= set(FLOWS)
    assert sum(word is None for word in operations.values()) < 10


def test_a_layer_that_nobody_knows_pins_what_it_is_called_with() -> None:
    x = keras.Input((5, 3))
    made = model(x, L.Dense(2, name="d")(L.ReLU(name="own")(L.LSTM(4, name="a")(x))))

    def strange(path: LayerPath, layer: Layer) -> Layer:
        return replace(layer, kind="MyLayer") if layer.name == "own" else layer

    shapes = {key: value.shape for key, value in made.weights.items()}
    followed = follow(made.graph.changed(strange), shapes, target_vocabulary())
    found = on(followed, followed.elements.roots(followed.own[("a",)]["u"]).tolist())
    assert [(pin.path, pin.axis, pin.why, pin.against) for pin in found] == [
        (("own",), 1, "computes what nobody can follow", EVERY_MOVE)
    ]
    assert ("d",) not in followed.own


def test_a_softmax_that_is_the_output_pins_nothing_and_is_noted() -> None:
    x = keras.Input((5, 3))
    h = L.LSTM(4, return_sequences=True)(x)
    a = L.TimeDistributed(L.Dense(6, activation="softmax"), name="a")(h)
    b = L.Activation("softmax")(L.Dense(6, name="b")(h))
    c = L.Softmax()(L.Dense(6, name="c")(h))
    found = model(x, [a, L.Identity()(b), c, h])
    assert found.followed.softmaxed == {0, 1, 2}
    assert [pins(found, name) for name in ("a/layer", "b", "c")] == [[], [], []]


def test_a_softmax_that_something_reads_is_pinned() -> None:
    x = keras.Input((3,))
    a = L.Dense(4, activation="softmax", name="a")(x)
    found = model(x, [a, L.Dense(2, name="d")(a)])
    (pin,) = pins(found, "a")
    assert (pin.path, pin.axis) == (("a",), 1)
    assert pin.against == EVERY_MOVE - {"order"}


def test_shares_of_steps_do_not_hold_the_steps() -> None:
    x = keras.Input((5, 3))
    h = L.LSTM(4, return_sequences=True, name="a")(x)
    shares = L.Softmax(axis=1)(L.Dense(1, name="score")(h))
    found = model(x, L.Dense(2)(L.GlobalAveragePooling1D()(L.Multiply()([h, shares]))))
    assert steps(found) == []
    assert pins(found, "a") == []
    against = {pin.why: pin.against for pin in pins(found, "score")}
    assert against == {
        "stands for all elements of another tensor": EVERY_MOVE,
        "gives another number than 0 for 0": {"silent"},
    }


@pytest.mark.parametrize(
    ("layer", "against"),
    [
        (lambda: L.LayerNormalization(), {"grow", "copy", "silent", "loud", "fed"}),
        (lambda: L.UnitNormalization(), {"copy", "loud", "fed"}),
        (lambda: L.Activation("sigmoid"), {"silent"}),
        (lambda: L.Activation("tanh"), set()),
        (lambda: L.ReLU(threshold=0.5), set()),
        (lambda: L.ReLU(threshold=0.5, negative_slope=0.1), {"silent"}),
        (lambda: L.Activation("log_softmax"), EVERY_MOVE),
        (lambda: L.Rescaling(2.0), set()),
        (lambda: L.Rescaling(2.0, offset=1.0), {"silent"}),
        (lambda: L.Rescaling([1.0, 2.0, 3.0, 4.0]), EVERY_MOVE),
        (lambda: L.Masking(), {"loud"}),
        (lambda: L.Masking(1.0), {"cut", "silent", "loud"}),
        (lambda: L.PReLU(), set()),
        (lambda: L.SpatialDropout1D(0.5), set()),
        (lambda: L.GroupNormalization(2), EVERY_MOVE),
        (lambda: L.GlobalMaxPooling1D(), set()),
        (lambda: L.UpSampling1D(2), set()),
        (lambda: L.GlobalAveragePooling1D(data_format="channels_first"), EVERY_MOVE),
        (lambda: L.Conv1D(4, 3, groups=2), EVERY_MOVE),
        (lambda: L.Reshape((5, 2, 2)), EVERY_MOVE),
    ],
)
def test_what_a_layer_holds_against(layer: Any, against: set[str]) -> None:
    x = keras.Input((5, 3))
    h = L.LSTM(4, return_sequences=True, name="a")(x)
    found = model(x, layer()(h))
    assert set().union(*(pin.against for pin in pins(found, "a"))) == against


@pytest.mark.parametrize(
    ("operation", "against"),
    [
        (lambda h: keras.ops.exp(h), {"silent"}),
        (lambda h: h + 1.0, {"silent"}),
        (lambda h: keras.ops.multiply(h, 2.0), set()),
        (lambda h: h * np.array([1.0, 2.0, 3.0, 4.0], "float32"), EVERY_MOVE),
        (lambda h: h + keras.ops.mean(h, axis=-1, keepdims=True), {"grow", "copy", "silent", "loud", "fed"}),
        (lambda h: h + keras.ops.sum(h, axis=1, keepdims=True), set()),
        (lambda h: keras.ops.sum(h, axis=-1), {"copy", "loud", "fed"}),
        (lambda h: keras.ops.max(h, axis=-1), {"silent", "loud", "fed"}),
        (lambda h: h[..., :2], EVERY_MOVE),
        (lambda h: h[:, 1:], set()),
        (lambda h: keras.ops.split(h, 2, axis=-1), EVERY_MOVE),
        (lambda h: keras.ops.argmax(h, axis=-1), EVERY_MOVE),
        (lambda h: keras.ops.flip(h, axis=-1), set()),
        (lambda h: keras.ops.cumsum(h, axis=-1), EVERY_MOVE),
        (lambda h: keras.ops.einsum("btf,bsf->bts", h, h), {"copy", "loud", "fed"}),
        (lambda h: keras.ops.take(h, np.array([2, 0]), axis=-1), EVERY_MOVE),
        (lambda h: keras.ops.any(h > 0.5, axis=-1), {"loud"}),
        (lambda h: keras.ops.repeat(h, 2, axis=1), set()),
        (lambda h: keras.ops.reshape(h, (-1, 5, 4)), EVERY_MOVE),
        (lambda h: keras.ops.stack([h, h], axis=1), set()),
    ],
)
def test_what_an_operation_holds_against(operation: Any, against: set[str]) -> None:
    x = keras.Input((5, 3))
    h = L.LSTM(4, return_sequences=True, name="a")(x)
    found = model(x, operation(h))
    assert set().union(*(pin.against for pin in pins(found, "a"))) == against


def test_units_that_are_taken_for_steps_are_held() -> None:
    x = keras.Input((5, 3))
    h = L.LSTM(4, return_sequences=True, name="a")(x)
    found = model(x, L.GRU(2, name="g")(L.Permute((2, 1))(L.Dense(6, name="d")(h))))
    assert pins(found, "a") == []
    assert {(pin.path, pin.why) for pin in pins(found, "d")} == {
        (("g",), "takes them for steps, one behind the other")
    }


def test_nothing_holds_the_steps_of_a_model_that_takes_any_number_of_them() -> None:
    x = keras.Input((5, 3))
    h = L.Conv1D(4, 3, name="c")(L.Bidirectional(L.LSTM(4, return_sequences=True))(x))
    found = model(x, L.Dense(2)(L.GlobalMaxPooling1D()(L.MaxPooling1D(2)(h))))
    assert steps(found) == []


def test_flatten_holds_steps_through_the_layers_that_make_others_of_them() -> None:
    x = keras.Input((5, 3))
    h = L.Conv1D(4, 3, name="c")(L.LSTM(4, return_sequences=True, name="a")(x))
    found = model(x, L.Dense(2, name="d")(L.Flatten(name="f")(h)))
    assert [pin.path for pin in steps(found)] == [("c",)]
    assert pins(found, "c") == pins(found, "a") == []
    assert any(pin.path == ("f",) for pin in found.followed.pins)


def test_a_mask_that_is_fed_has_the_steps_of_what_it_masks() -> None:
    x, mask = keras.Input((5, 3)), keras.Input((5,), dtype="bool")
    found = model([x, mask], L.LSTM(4, name="a")(x, mask=mask))
    assert found.followed.pins == []
    (one, other) = (dims[1] for dims in found.followed.inputs if dims is not None)
    assert found.followed.elements.roots(one).tolist() == found.followed.elements.roots(other).tolist()


def test_normalised_cells_are_held_whatever_happens() -> None:
    from lstm_migrate.layers import LayerNormLSTMCell

    x = keras.Input((5, 3))
    found = model(x, L.RNN(LayerNormLSTMCell(4), name="r")(x))
    assert {pin.against for pin in pins(found, "r/cell")} == {EVERY_MOVE}


@pytest.mark.parametrize(
    ("activation", "against"), [("tanh", set()), ("sigmoid", {"silent"}), ("softmax", EVERY_MOVE)]
)
def test_a_cells_activation_says_whether_new_units_can_be_silent(activation: str, against: set[str]) -> None:
    x = keras.Input((5, 3))
    found = model(x, L.GRU(4, activation=activation, name="a")(x))
    assert set().union(*(pin.against for pin in pins(found, "a"))) == against
