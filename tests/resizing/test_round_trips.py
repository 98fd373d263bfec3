"""Laws on random models: padding and slicing back changes nothing, slices compose, rules and labels agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.resizing.by_hand import Keep, arrays_of, cut, differences, gap, opened, outputs, saved, small_model
from tests.resizing.chains import chain, symbols
from tests.resizing.models import Made, inputs_for, made
from tests.resizing.workshop import ROUNDING, Rules, record, resized

SEEDS = range(10)


def chosen(seed: int, among: dict[str, int]) -> list[str]:
    """Two symbols, or the only one."""
    names = sorted(among)
    return [str(name) for name in np.random.default_rng(seed).permutation(names)[:2]]


def some(seed: int, among: dict[str, int]) -> dict[str, list[int]]:
    """For two symbols the numbers to keep, in any order, at least two of them."""
    random = np.random.default_rng(seed + 100)
    found = {}
    for symbol in chosen(seed, among):
        size = among[symbol]
        found[symbol] = [int(n) for n in random.permutation(size)[: int(random.integers(2, size))]]
    return found


def rules(model: Made, keep: Keep) -> Rules:
    return {model.rule(symbol): {"units": len(kept), "keep": list(kept)} for symbol, kept in keep.items()}


def sizes(model: Made, counts: dict[str, int], **how: Any) -> Rules:
    return {model.rule(symbol): {"units": count, **how} for symbol, count in counts.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_slice_of_any_model_is_the_one_cut_by_hand_at_the_reported_price(seed: int, tmp_path: Path) -> None:
    build = chain(seed)
    model, keep = made(build, seed=seed), some(seed, symbols(build))
    inputs = inputs_for(model.model)
    recorded = record(tmp_path / "io.npz", model.model, inputs)
    source, target = saved(model, tmp_path / "full.keras"), tmp_path / "small.keras"
    report = resized(source, target, rules(model, keep), allow_lossy=True, recorded=recorded)
    assert report.verified
    found, full = opened(target), arrays_of(model.model)
    assert differences(arrays_of(found), cut(full, build, keep)) == []
    by_hand = outputs(small_model(build, keep, full), inputs)
    assert gap(outputs(found, inputs), by_hand) < ROUNDING
    (cost,) = (cost for cost in report.costs if cost.inputs == "recorded")
    assert cost.max == pytest.approx(gap(by_hand, outputs(model.model, inputs)), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize(
    ("seed", "fill"), [(seed, ("duplicate", "incoming")[seed % 3 == 0]) for seed in SEEDS]
)
def test_padding_changes_no_output_and_slicing_back_gives_the_same_bits(
    seed: int, fill: str, tmp_path: Path
) -> None:
    build = chain(seed)
    model, among = made(build, seed=seed), symbols(build)
    counts = {symbol: among[symbol] + 1 + (seed + among[symbol]) % 5 for symbol in chosen(seed, among)}
    source, wide, back = (tmp_path / name for name in ("full.keras", "wide.keras", "back.keras"))
    saved(model, source)
    report = resized(source, wide, sizes(model, counts, fill=fill, seed=seed))
    assert report.verified
    inputs = inputs_for(model.model)
    assert gap(outputs(opened(wide), inputs), outputs(model.model, inputs)) < ROUNDING
    returned = resized(wide, back, sizes(model, {symbol: among[symbol] for symbol in counts}))
    assert returned.verified
    assert differences(arrays_of(opened(back)), arrays_of(model.model)) == []
    assert {line.effect for line in returned.resized} <= {"exact", "bitwise"}


@pytest.mark.parametrize("seed", SEEDS[1::3])
def test_slices_compose(seed: int, tmp_path: Path) -> None:
    build = chain(seed)
    model, first = made(build, seed=seed), some(seed, symbols(build))
    second = some(seed, {symbol: max(len(kept), 3) for symbol, kept in first.items()})
    second = {symbol: [n for n in kept if n < len(first[symbol])] for symbol, kept in second.items()}
    both = {symbol: [first[symbol][n] for n in kept] for symbol, kept in second.items()}
    source, once, twice, direct = (tmp_path / f"{name}.keras" for name in ("full", "once", "twice", "direct"))
    saved(model, source)
    resized(source, once, rules(model, first), allow_lossy=True)
    resized(once, twice, rules(model, second), allow_lossy=True)
    resized(source, direct, rules(model, both), allow_lossy=True)
    assert differences(arrays_of(opened(twice)), arrays_of(opened(direct))) == []


@pytest.mark.parametrize("seed", SEEDS[::5])
def test_the_same_seed_gives_the_same_file_and_another_seed_another_one(seed: int, tmp_path: Path) -> None:
    build = chain(seed)
    model, among = made(build, seed=seed), symbols(build)
    counts = {symbol: among[symbol] + 2 for symbol in chosen(seed, among)}
    source = saved(model, tmp_path / "full.keras")
    found = []
    for number, drawn in enumerate((7, 7, 8)):
        target = tmp_path / f"{number}.keras"
        resized(source, target, sizes(model, counts, fill="incoming", seed=drawn))
        found.append(arrays_of(opened(target)))
    assert differences(found[0], found[1]) == []
    assert differences(found[0], found[2]) != []


@pytest.mark.parametrize("seed", SEEDS[2::3])
def test_every_new_number_of_a_random_model_moves_in_the_first_step(seed: int, tmp_path: Path) -> None:
    import keras

    from tests.resizing.by_hand import new_parts

    build = chain(seed)
    model, among = made(build, seed=seed), symbols(build)
    counts = {symbol: among[symbol] + 2 for symbol in chosen(seed, among)}
    target = tmp_path / "wide.keras"
    resized(saved(model, tmp_path / "full.keras"), target, sizes(model, counts))
    wide = opened(target)
    before = arrays_of(wide)
    keras.utils.set_random_seed(5)
    fed = inputs_for(wide, batch=64)
    wide.compile("adam", "mse", run_eagerly=True, jit_compile=False)
    wide.train_on_batch(fed, np.random.default_rng(6).normal(size=(64, 2)))
    after = arrays_of(wide)
    keep = {symbol: list(range(count)) for symbol, count in counts.items()}
    still = [
        f"{layer}[{number}]"
        for layer, number, new in new_parts(build, keep)
        if (after[layer][number] == before[layer][number])[new].any()
    ]
    assert not still
