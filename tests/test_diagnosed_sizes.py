"""`diagnose` against models of other sizes: the mapping file that it gives really carries them through."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lstm_migrate
from lstm_migrate.diagnosis import trying
from lstm_migrate.errors import PlanError
from lstm_migrate.report import Diagnosis

Make = Callable[[int], Any]


@pytest.fixture(autouse=True)
def quiet_keras() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras

        keras.utils.clear_session()
        yield
        keras.utils.clear_session()


def chain(*layers: Any, inputs: tuple[int, ...] = (5, 8)) -> Any:
    import keras

    return keras.Sequential([keras.Input(inputs), *layers])


def stacked(units: int) -> Any:
    from keras import layers as kl

    first = kl.LSTM(units, return_sequences=True, name="l1")
    return chain(first, kl.Dropout(0.2), kl.GRU(units + 1, name="l2"), kl.Dense(3, name="d"))


def both_ways(units: int) -> Any:
    from keras import layers as kl

    first = kl.Bidirectional(kl.LSTM(units, return_sequences=True), name="b1")
    last = kl.Bidirectional(kl.GRU(4), name="b2")
    return chain(first, kl.BatchNormalization(name="bn"), last, kl.Dense(3, name="d"))


def flat(units: int) -> Any:
    from keras import layers as kl

    first = kl.LSTM(units, return_sequences=True, name="l1")
    return chain(first, kl.Flatten(name="f"), kl.Dense(2 * units, name="mid"), kl.Dense(3, name="d"))


def cells(units: int) -> Any:
    from keras import layers as kl

    stack = kl.StackedRNNCells([kl.LSTMCell(units), kl.LSTMCell(units)])
    return chain(kl.RNN(stack, name="rnn"), kl.Dense(2, name="d"))


def convolved(units: int) -> Any:
    from keras import layers as kl

    first = kl.Conv1D(units, 3, padding="same", name="c")
    return chain(first, kl.MaxPooling1D(2, name="mp"), kl.LSTM(4, name="l"), kl.Dense(2, name="d"))


def inside(units: int) -> Any:
    import keras
    from keras import layers as kl

    cell = kl.LSTM(units, return_sequences=True, name="il")
    inner = keras.Sequential([keras.Input((5, 8)), cell], name="inner")
    return chain(inner, kl.LSTM(4, name="o"), kl.Dense(2, name="d"))


def residual(units: int) -> Any:
    import keras
    from keras import layers as kl

    x = keras.Input((5, 8), name="x")
    one = kl.LSTM(units, return_sequences=True, name="a")(x)
    other = kl.LSTM(units, return_sequences=True, name="b")(one)
    added = kl.Add(name="sum")([one, other])
    return keras.Model(x, kl.TimeDistributed(kl.Dense(3), name="td")(added))


def branches(units: int) -> Any:
    import keras
    from keras import layers as kl

    x = keras.Input((5, 8), name="x")
    both = [kl.LSTM(units, name="a")(x), kl.Bidirectional(kl.GRU(units + 2), name="b")(x)]
    return keras.Model(x, kl.Dense(2, name="out")(kl.Concatenate(name="cat")(both)))


def translator(units: int) -> Any:
    import keras
    from keras import layers as kl

    x, y = keras.Input((5, 8), name="x"), keras.Input((4, 3), name="y")
    _, *states = kl.LSTM(units, return_state=True, name="enc")(x)
    decoded = kl.LSTM(units, return_sequences=True, name="dec")(y, initial_state=states)
    return keras.Model([x, y], kl.Dense(2, name="out")(decoded))


def fed_with(features: int) -> Any:
    import keras
    from keras import layers as kl

    x = keras.Input((5, features), name="x")
    read = [kl.LSTM(4, return_sequences=True, name="a")(x), kl.GRU(3, return_sequences=True, name="b")(x), x]
    return keras.Model(x, kl.Dense(2, name="d")(kl.Concatenate(name="cat")(read)))


def multiplied(units: int) -> Any:
    import keras
    from keras import layers as kl

    x = keras.Input((5, units), name="x")
    read = kl.LSTM(units, return_sequences=True, name="l1")(x)
    return keras.Model(x, kl.LSTM(3, name="l2")(kl.Multiply(name="m")([read, x])))


def of_tokens(rows: int) -> Any:
    from keras import layers as kl

    last = kl.Dense(rows, activation="softmax", name="d")
    return chain(kl.Embedding(rows, 6, name="e"), kl.LSTM(4, name="l"), last, inputs=(7,))


def as_wide_as(width: int) -> Any:
    from keras import layers as kl

    return chain(kl.Embedding(20, width, name="e"), kl.LSTM(4, name="l"), kl.Dense(2, name="d"), inputs=(7,))


RULES: dict[str, tuple[Make, str]] = {
    "stacked": (stacked, "l1: {units: 6}|l2: {units: 7}"),
    "both ways": (both_ways, "b1: {units: 6}"),
    "flat": (flat, "l1: {units: 6}|mid: {units: 12}"),
    "cells": (cells, "rnn: {units: 6}"),
    "convolved": (convolved, "c: {filters: 6}"),
    "inside": (inside, "inner/il: {units: 6}"),
    "residual": (residual, "a: {units: 6}|b: {units: 6}"),
    "branches": (branches, "a: {units: 6}|b: {units: 8}"),
    "translator": (translator, "enc: {units: 6}|dec: {units: 6}"),
    "features": (fed_with, "a: {inputs: 6}"),
    "multiplied": (multiplied, "l1: {units: 6, inputs: 6}"),
    "tokens": (of_tokens, "e: {input_dim: 6}|d: {vocabulary: {size: 6}}"),
    "width": (as_wide_as, "e: {output_dim: 6}"),
}
"""For each kind of model what a mapping file says that makes it of 3 to one of 6."""
FED = ("features", "multiplied")  # that then take other inputs


def made(make: Make, size: int) -> Any:
    """A model whose arrays are all drawn."""
    model, random = make(size), np.random.default_rng(3)
    for variable in model.variables:
        if variable.dtype == "float32":
            middle = 1.0 if "variance" in variable.path or "gamma" in variable.path else 0.0
            variable.assign(middle + random.uniform(-0.4, 0.4, variable.shape))
    return model


def saved(model: Any, path: Path) -> Path:
    if path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:
        model.save(path)
    return path


def described(model: Any, folder: Path) -> Path:
    path = folder / "target.json"
    path.write_text(model.to_json())
    return path


def mended(found: Diagnosis, source: Path, model: Path) -> Any:
    """The model that a conversion under the mapping file gives, as the file's heading says."""
    import keras

    assert found.verdict == "mended", found.sentence
    mapping, new = model.parent / "this.yaml", model.parent / "new.keras"
    mapping.write_text(found.mapping)
    options = {"architecture": model} if "--architecture" in found.mapping else {}
    assert ("--allow-lossy" in found.mapping) == found.lossy
    report = lstm_migrate.convert(source, new, mapping=mapping, allow_lossy=found.lossy, **options)
    assert report.verified
    return keras.models.load_model(new)


def shapes(model: Any) -> list[tuple[int, ...]]:
    return [tuple(variable.shape) for variable in model.weights]


def fed(model: Any) -> list[Any]:
    """Something that each of these models takes: tokens that it knows in any size, or numbers."""
    random = np.random.default_rng(5)
    return [
        random.integers(0, 3, (4, 7)) if len(one.shape) == 2 else random.normal(size=(4, *one.shape[1:]))
        for one in model.inputs
    ]


@pytest.mark.parametrize("case", RULES)
def test_a_larger_model_gets_the_weights_and_computes_the_same(case: str, tmp_path: Path) -> None:
    make, rules = RULES[case]
    old = made(make, 3)
    source, model = saved(old, tmp_path / "old.weights.h5"), described(make(6), tmp_path)
    found = lstm_migrate.diagnose(source, model)
    assert not found.lossy
    assert found.mapping.partition("layers:\n")[2].replace("  ", "").splitlines() == rules.split("|")
    new = mended(found, source, model)
    assert shapes(new) == shapes(make(6))
    given = fed(new)
    before = old.predict([one[..., :3] if case in FED else one for one in given], verbose=0)
    after = new.predict(given, verbose=0)
    assert np.allclose(before, after[..., : before.shape[-1]], atol=1e-5)


@pytest.mark.parametrize("case", [case for case in RULES if case not in ("cells", "convolved", "width")])
def test_a_smaller_model_gets_a_part_of_the_weights(case: str, tmp_path: Path) -> None:
    make, _ = RULES[case]
    source, model = saved(made(make, 6), tmp_path / "old.weights.h5"), described(make(3), tmp_path)
    found = lstm_migrate.diagnose(source, model)
    assert found.lossy
    assert "  # " in found.mapping and " of 6 " in found.mapping
    assert shapes(mended(found, source, model)) == shapes(make(3))


@pytest.mark.parametrize("case", ["residual", "inside", "tokens", "features"])
def test_a_file_with_a_model_of_its_own_needs_no_architecture_beside(case: str, tmp_path: Path) -> None:
    make, rules = RULES[case]
    source, model = saved(made(make, 3), tmp_path / "old.keras"), described(make(6), tmp_path)
    found = lstm_migrate.diagnose(source, model)
    assert "--architecture" not in found.mapping
    assert found.mapping.partition("layers:\n")[2].replace("  ", "").splitlines() == rules.split("|")
    assert shapes(mended(found, source, model)) == shapes(make(6))


def test_what_follows_is_said_and_needs_no_rule(tmp_path: Path) -> None:
    source = saved(made(both_ways, 3), tmp_path / "old.keras")
    found = lstm_migrate.diagnose(source, described(both_ways(6), tmp_path))
    assert {(line.source, line.what): line.why for line in found.lines} == {
        ("b1", "units"): "checkpoint has 3 units, target 6; new ones repeat old ones, so that the model "
        "computes the same",
        ("bn", "features"): "checkpoint has 6 features, target 12: follows from the layer before it",
        ("b2", "inputs"): "checkpoint has 6 inputs, target 12: follows from the layer before it",
        ("d", "Dense, 3 units"): "2 arrays of the same shapes",
    }


def normalised(units: int) -> Any:
    from keras import layers as kl

    return chain(kl.LSTM(units, name="l1"), kl.LayerNormalization(name="ln"), kl.Dense(3, name="d"))


def shared_out(units: int) -> Any:
    from keras import layers as kl

    first = kl.LSTM(units, return_sequences=True, name="l1")
    return chain(first, kl.Softmax(name="sm"), kl.LSTM(3, name="l2"))


def answers(units: int) -> Any:
    from keras import layers as kl

    return chain(kl.LSTM(4, name="l"), kl.Dense(units, name="d"))


def encoded(units: int) -> Any:
    from keras import layers as kl

    return chain(kl.LSTM(units, name="l1"))


def uneven(units: int) -> Any:
    from keras import layers as kl

    stack = kl.StackedRNNCells([kl.LSTMCell(units), kl.LSTMCell(units + 1)])
    return chain(kl.RNN(stack, name="rnn"), kl.Dense(2, name="d"))


@pytest.mark.parametrize(
    ("make", "own", "wanted", "said"),
    [
        (normalised, 3, 6, "it cannot be carried through: ln takes means over them, so that each new one"),
        (shared_out, 6, 3, "it cannot be carried through: sm is a softmax over them"),
        (answers, 3, 6, "they are the model's outputs; build the target with units=3"),
        (answers, 6, 3, "they are the model's outputs; build the target with units=6"),
        (encoded, 3, 6, "they are the model's outputs; build the target with units=3"),
        (uneven, 3, 6, "checkpoint has 3 units, target 6; build the target with units=3"),
    ],
)
def test_what_cannot_be_carried_through_keeps_its_way_out(
    make: Make, own: int, wanted: int, said: str, tmp_path: Path
) -> None:
    source = saved(made(make, own), tmp_path / "old.keras")
    found = lstm_migrate.diagnose(source, described(make(wanted), tmp_path))
    assert found.verdict == "misfit"
    (why,) = [line.why for line in found.lines if line.what == "units" and f"{own} units" in line.why]
    assert said in why and why.endswith(f"build the target with units={own}")


def test_the_vectors_of_a_normalisation_are_of_some_size(tmp_path: Path) -> None:
    source, model = saved(made(normalised, 6), tmp_path / "old.keras"), described(normalised(3), tmp_path)
    found = lstm_migrate.diagnose(source, model)
    (why,) = [line.why for line in found.lines if line.source == "ln"]
    assert why == "checkpoint has 6 features, target 3: follows from the layer before it"
    assert shapes(mended(found, source, model)) == shapes(normalised(3))


def test_outputs_of_a_cell_without_a_head_can_be_fewer(tmp_path: Path) -> None:
    source, model = saved(made(encoded, 6), tmp_path / "old.keras"), described(encoded(3), tmp_path)
    found = lstm_migrate.diagnose(source, model)
    assert shapes(mended(found, source, model)) == shapes(encoded(3))


def test_new_classes_that_take_from_the_old_ones_are_a_loss(tmp_path: Path) -> None:
    from keras import layers as kl

    def classes(count: int) -> Any:
        last = kl.Dense(count, activation="softmax", use_bias=False, name="d")
        return chain(kl.LSTM(4, name="l"), last)

    source, model = saved(made(classes, 3), tmp_path / "old.keras"), described(classes(5), tmp_path)
    found = lstm_migrate.diagnose(source, model)
    assert "  # the 2 new classes take from the probabilities of the old ones\n" in found.mapping
    assert shapes(mended(found, source, model)) == shapes(classes(5))


def test_a_mapping_that_would_not_convert_is_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*given: Any, **options: Any) -> None:
        raise PlanError("no way through", where="l1")

    source, model = saved(made(stacked, 3), tmp_path / "old.keras"), described(stacked(6), tmp_path)
    monkeypatch.setattr(trying, "plan_of", refuses)
    found = lstm_migrate.diagnose(source, model)
    assert found.verdict == "misfit"
    assert set(found.ways_out) == {"l1: build the target with units=3", "l2: build the target with units=4"}
    (note,) = [note for note in found.notes if note.where == "sizes"]
    assert note.text == "the model cannot be given the target's: l1: no way through"
