"""Dense without an activation and Activation behind it are Dense with it, where nobody else reads it."""

from __future__ import annotations

from lstm_migrate.diagnosis.fusing import fused
from lstm_migrate.diagnosis.part import Core, Part
from lstm_migrate.graph import Activation, Call, Graph, Layer, Ref

LINEAR, RELU = Activation("linear"), Activation("relu")


def part(layer: Layer) -> Part:
    return Part((layer.name,), layer, (Core("", layer, "", (), {}),), ())


def chain(*layers: Layer, also: str = "") -> tuple[tuple[Part, ...], Graph]:
    """The layers one behind the other; the output of `also` is one of the model as well."""
    calls, before = [], "input"
    for layer in layers:
        calls.append(Call(layer.name, 0, (Ref(before, 0, 0),)))
        before = layer.name
    outputs = [Ref(before, 0, 0), *([Ref(also, 0, 0)] if also else [])]
    named = {layer.name: layer for layer in layers}
    return tuple(map(part, layers)), Graph("model", named, tuple(calls), ("input",), outputs)


DENSE = Layer("dense", "Dense", {"activation": LINEAR})
ACT = Layer("act", "Activation", {"activation": RELU})


def test_the_activation_is_taken_over() -> None:
    (one,) = fused(*chain(DENSE, ACT))
    assert one.path == ("dense",)
    assert one.cores[0].layer.config["activation"] == RELU


def test_both_stay_where_the_first_has_an_activation_or_is_read_by_others() -> None:
    assert len(fused(*chain(Layer("dense", "Dense", {"activation": RELU}), ACT))) == 2
    assert len(fused(*chain(DENSE, ACT, also="dense"))) == 2
