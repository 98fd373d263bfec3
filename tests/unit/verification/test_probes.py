"""Probes: long enough, of several lengths, with holes where the model masks, ids in range, repeatable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lstm_migrate.graph import Call, Graph, Layer, Ref
from lstm_migrate.reference.scope import Array, ShapeTooSmall
from lstm_migrate.verification.probes import probe, probes

FREE = (None, None, 3)


def chain(shape: tuple[int | None, ...], *layers: Layer, dtype: str = "float32") -> Graph:
    source = Layer("x", "InputLayer", {"batch_shape": shape, "dtype": dtype})
    names = ["x", *(layer.name for layer in layers)]
    calls = tuple(
        Call(layer.name, 0, (Ref(before, 0, 0),)) for layer, before in zip(layers, names, strict=False)
    )
    return Graph(
        "m", {layer.name: layer for layer in (source, *layers)}, calls, ("x",), [Ref(names[-1], 0, 0)]
    )


def layer(kind: str, **config: Any) -> Layer:
    return Layer(kind.lower(), kind, config)


def drawn(graph: Graph) -> list[Array]:
    return [inputs[0] for inputs, _ in probes(graph, lambda inputs: None)]


def test_free_axes_get_eight_steps_or_more_and_several_lengths() -> None:
    found = drawn(chain(FREE, layer("LSTM")))
    assert min(value.shape[1] for value in found) >= 8
    assert len({value.shape[1] for value in found}) > 1


def test_the_size_of_the_batch_differs_as_well() -> None:
    assert len({value.shape[0] for value in drawn(chain(FREE, layer("LSTM")))}) > 1


def test_sizes_that_the_model_names_are_kept() -> None:
    assert {value.shape for value in drawn(chain((2, 5, 3), layer("LSTM")))} == {(2, 5, 3)}


def test_the_same_seed_gives_the_same_probe_and_another_another() -> None:
    graph = chain(FREE, layer("LSTM"))
    np.testing.assert_array_equal(probe(graph, 3, 9)[0], probe(graph, 3, 9)[0])
    assert not np.array_equal(probe(graph, 3, 9)[0], probe(graph, 4, 9)[0])


def test_where_the_model_masks_samples_have_holes_behind_in_front_and_inside() -> None:
    value = probe(chain(FREE, layer("Masking", mask_value=7.0), layer("LSTM")), 0, 12)[0]
    holes = (value == 7.0).all(axis=-1)
    assert not holes[0].any()
    assert holes[1, -1] and not holes[1, 0]
    assert holes[2, 0] and not holes[2, -1]
    inner = holes[3, 1:-1]
    assert inner.any() and not inner.all() and not holes[3, -1]


def test_where_nothing_masks_there_are_no_holes() -> None:
    assert (probe(chain(FREE, layer("LSTM")), 0, 12)[0] != 0).all()


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_ids_are_in_range_and_zero_only_where_it_masks(dtype: str) -> None:
    embedding = layer("Embedding", input_dim=5, output_dim=2, mask_zero=True)
    value = probe(chain((None, None), embedding, layer("LSTM"), dtype=dtype), 0, 12)[0]
    assert value.dtype == dtype
    assert set(np.unique(value)) <= set(range(5))
    assert (value[0] > 0).all()
    assert (value == 0).any()


def test_without_a_mask_zero_is_an_id_like_any() -> None:
    embedding = layer("Embedding", input_dim=2, output_dim=2, mask_zero=False)
    assert set(np.unique(probe(chain((None, None), embedding), 0, 12)[0])) == {0, 1}


def test_what_an_embedding_behind_a_reshape_or_in_a_model_asks_is_asked_of_the_input() -> None:
    inner = chain((None, None), layer("Embedding", input_dim=3, output_dim=2))
    graph = chain((None, 6), layer("Reshape", target_shape=(6,)), Layer("inner", "Model", graph=inner))
    assert probe(graph, 0, 9)[0].max() <= 2


def test_a_probe_that_is_too_short_is_tried_again_longer() -> None:
    lengths: list[int] = []

    def run(inputs: list[Array]) -> None:
        lengths.append(inputs[0].shape[1])
        if lengths[-1] < 30:
            raise ShapeTooSmall

    found = list(probes(chain(FREE, layer("LSTM")), run))
    assert all(inputs[0].shape[1] >= 30 for inputs, _ in found)
    assert len(found) == 2


def test_if_no_length_helps_that_is_told() -> None:
    def run(inputs: list[Array]) -> None:
        raise ShapeTooSmall

    for shape in (FREE, (None, 5, 3)):
        with pytest.raises(ShapeTooSmall):
            list(probes(chain(shape, layer("LSTM")), run))
