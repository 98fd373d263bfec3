"""Large arrays reach Keras variables bit for bit, whatever memory they came in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_migrate.reference.scope import Array

SHAPE = (700, 1001)  # more than LARGE_BYTES, and no multiple of what is poured at a time


@pytest.fixture
def lending(keras: Any) -> Any:
    from lstm_migrate.targets import lending

    return lending


def values(seed: int = 0, dtype: str = "float32") -> Array:
    return np.random.default_rng(seed).normal(size=SHAPE).astype(dtype)


def variable(keras: Any, dtype: str = "float32") -> Any:
    return keras.Variable(np.zeros(SHAPE, dtype), dtype=dtype)


def as_itself(array: Array) -> Array:
    return array


def as_view_of_all(array: Array) -> Array:
    return array.reshape(-1)[:].reshape(array.shape)


def as_part_of_more(array: Array) -> Array:
    return np.concatenate([array, array])[: len(array)]


def as_columns_first(array: Array) -> Array:
    return np.asfortranarray(array)


@pytest.mark.parametrize("shown", [as_itself, as_view_of_all, as_part_of_more, as_columns_first])
def test_an_array_that_nobody_else_holds_arrives_unchanged(
    keras: Any, lending: Any, shown: Callable[[Array], Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lending, "POURED_BYTES", 100_000)
    target = variable(keras)
    with lending.lent_values():
        target.assign(shown(values()))
    assert np.array_equal(np.asarray(target.numpy()), values())


@pytest.mark.parametrize("shown", [as_itself, as_view_of_all])
def test_an_array_that_somebody_holds_stays_whole(
    keras: Any, lending: Any, shown: Callable[[Array], Array]
) -> None:
    target, held = variable(keras), values()
    with lending.lent_values():
        target.assign(shown(held))
    assert np.array_equal(held, values())
    assert np.array_equal(np.asarray(target.numpy()), values())


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_an_array_of_another_type_is_cast(keras: Any, lending: Any, dtype: str) -> None:
    target = variable(keras, "float64")
    with lending.lent_values():
        target.assign(values(dtype=dtype))
    assert np.array_equal(np.asarray(target.numpy()), values(dtype=dtype).astype("float64"))


def test_a_change_of_the_array_does_not_reach_the_variable(keras: Any, lending: Any) -> None:
    target, given = variable(keras), values()
    target.assign(lending.tensor(given, "float32"))
    given[:] = 0
    assert np.array_equal(np.asarray(target.numpy()), values())


def test_lazy_zeros_are_zeros_and_can_be_written_to(keras: Any, lending: Any) -> None:
    target = keras.Variable(lending.zeros(SHAPE, "float32"))
    other = keras.Variable(lending.zeros(SHAPE, "float32"))
    target.assign_add(values())
    assert np.array_equal(np.asarray(target.numpy()), values())
    assert not np.asarray(other.numpy()).any()


def test_assigning_is_as_before_afterwards(keras: Any, lending: Any) -> None:
    before = keras.Variable.assign
    with pytest.raises(ValueError, match="must match"), lending.lent_values():
        variable(keras).assign(np.zeros((2, 2), "float32"))
    assert keras.Variable.assign is before


def test_a_model_is_loaded_with_every_bit(keras: Any, lending: Any, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((None, 300)), keras.layers.LSTM(300)])
    model.save(tmp_path / "model.keras")
    with lending.lent_values():
        loaded = keras.models.load_model(tmp_path / "model.keras")
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(one, other)
