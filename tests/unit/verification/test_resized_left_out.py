"""Whatever step of a resizing is left out, or made of other units than the rest: the second half fails."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lstm_migrate.rules.cut import Cut
from lstm_migrate.verification.behaviour import check_behaviour
from lstm_migrate.verification.placement import check_placement
from lstm_migrate.verification.power import check_power
from lstm_migrate.verification.resizing import Resizing
from tests.corpus.expect import source_of
from tests.unit.verification.spoiling import forgotten, holding

CASES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "an LSTM and a GRU with twins": ("k231-stateful", {"lstm_1.units": 6, "gru_1.units": 5}),
    "cut": ("k231-stateful", {"lstm_1.units": 2, "lstm_1.keep": "last", "gru_1.units": 2}),
    "new units that nobody hears": ("k231-stateful", {"lstm_1.units": 6, "lstm_1.fill": "incoming"}),
    "both directions cut": (
        "k208-bidir-concat",
        {"bidirectional_1.units": 2, "bidirectional_1.keep": [2, 0]},
    ),
    "both directions with twins": ("k208-bidir-concat", {"bidirectional_1.units": 5}),
    "an encoder and its decoder": ("k208-seq2seq", {"encoder.units": 6}),
    "an encoder and its decoder cut": ("k208-seq2seq", {"encoder.units": 3, "encoder.keep": [3, 0, 1]}),
    "filters of a ConvLSTM": ("k224-convlstm2d", {"conv_lst_m2d_1.units": 5}),
}


@pytest.fixture(scope="module")
def resized_for() -> Iterator[Callable[[str], Resizing]]:
    """name → the second half of a resized file's proof, written once."""
    with ExitStack() as kept:
        yield cache(lambda name: _resized(name, kept))


def _resized(name: str, kept: ExitStack) -> Resizing:
    from lstm_migrate.beside import Given
    from lstm_migrate.opening import planned
    from lstm_migrate.proving import halves
    from lstm_migrate.targets.reopened import reopen
    from lstm_migrate.targets.writing import write_model

    case, rules = CASES[name]
    folder = kept.enter_context(tempfile.TemporaryDirectory())
    file = Path(folder) / "new.keras"
    found: Any = kept.enter_context(planned(source_of(case), Given(resize=rules), allow_lossy=True))
    write_model(
        found.plan, found.checkpoint.read, file, found.target.activation_name, lambda done, total: None
    )
    second = halves(found, reopen(file))[1]
    assert second is not None
    # Arrays found equal are not put in each other's place: the target's will be spoilt.
    return replace(second, subject=replace(second.subject, settle=lambda name, array: None))


@pytest.mark.parametrize("name", CASES)
def test_every_step_left_out_is_seen_by_behaviour_and_by_placement(
    name: str, resized_for: Callable[[str], Resizing]
) -> None:
    subject = resized_for(name).subject
    for check in (check_placement, check_behaviour, check_power):
        assert check(subject).verdict == "verified"
    unseen, made = defaultdict(list), 0
    for recipe in subject.recipes:
        for step, wrong in forgotten(recipe, subject):
            made += 1
            with holding(subject, {recipe.target: wrong}) as spoilt:
                if check_placement(spoilt).verdict != "failed":
                    unseen["placement"].append(f"{recipe.target}: {step}")
                if check_behaviour(spoilt).verdict != "failed":
                    unseen["behaviour"].append(f"{recipe.target}: {step}")
    assert made >= len(subject.recipes)
    assert unseen == {}


@pytest.mark.parametrize("name", [name for name in CASES if "cut" in name])
def test_a_cut_that_is_said_to_be_exact_fails(name: str, resized_for: Callable[[str], Resizing]) -> None:
    subject = resized_for(name).subject
    assert subject.source.silences
    whole = replace(subject, source=replace(subject.source, silences={}))
    assert check_behaviour(whole).verdict == "failed"


def test_other_units_than_those_that_are_said_to_stay_are_misplaced(
    resized_for: Callable[[str], Resizing],
) -> None:
    subject = resized_for("both directions cut").subject
    seen = 0
    for recipe in subject.recipes:
        cuts = [step for step in recipe.steps if isinstance(step, Cut)]
        for cut in cuts:
            others = {symbol: places[::-1] for symbol, places in cut.kept.items()}
            steps = [replace(cut, kept=others) if step is cut else step for step in recipe.steps]
            wrong: Any = replace(recipe, steps=tuple(steps))  # type: ignore[type-var]
            recipes = [wrong if one is recipe else one for one in subject.recipes]
            with holding(subject, {recipe.target: wrong.run(subject.read)}) as spoilt:
                check = check_placement(replace(spoilt, recipes=recipes))
            assert check.verdict == "failed"
            assert "stand in its place" in check.detail
            seen += 1
    assert seen >= 7
