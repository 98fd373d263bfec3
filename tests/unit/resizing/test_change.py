"""Elements and the changes of their axes, wherever the axes turn up."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_migrate.errors import PlanError
from lstm_migrate.resizing.change import Asked, Change, Changes
from lstm_migrate.resizing.elements import Elements, Ids
from lstm_migrate.restriction import NEW


def changes(elements: Elements, *asked: tuple[Ids, Change]) -> Changes:
    return Changes(
        elements, [Asked(ids, change, f"units of l{n}", f"rule {n}") for n, (ids, change) in enumerate(asked)]
    )


def test_a_chain_of_ties_makes_one_class_of_all() -> None:
    elements = Elements()
    first, second, third = (elements.new(3) for _ in range(3))
    elements.tie(third, second)
    elements.tie(second[::-1], first)
    assert elements.roots(third).tolist() == [2, 1, 0]
    assert elements.roots(second).tolist() == [2, 1, 0]


def test_ties_that_contradict_the_order_fall_together() -> None:
    elements = Elements()
    one, other = elements.new(2), elements.new(2)
    elements.tie(one, other)
    elements.tie(one, other[::-1])
    assert set(elements.roots(np.concatenate([one, other])).tolist()) == {0}


def test_a_change_acts_on_its_own_part_of_a_concatenation() -> None:
    elements = Elements()
    before, units = elements.new(2), elements.new(3)
    found = changes(elements, (units, Change.taken(3, (2, 0)))).of(
        np.concatenate([units, before, units]), "here"
    )
    assert found is not None
    assert found.places == (2, 0, 3, 4, 7, 5)
    assert found.gone == (1, 6)


def test_new_ones_stand_behind_their_own_run_each_time_it_turns_up() -> None:
    elements = Elements()
    units, other = elements.new(2), elements.new(1)
    found = changes(elements, (units, Change.grown(2, (1, NEW)))).of(
        np.concatenate([units, other, units]), "here"
    )
    assert found is not None
    assert found.places == (0, 1, 1, NEW, 2, 3, 4, 4, NEW)
    assert found.fresh == (False, False, True, True, False, False, False, True, True)


def test_units_that_stand_several_times_in_a_row_move_as_blocks() -> None:
    elements = Elements()
    units = elements.new(2)
    found = changes(elements, (units, Change.grown(2, (0,)))).of(np.repeat(units, 3), "here")
    assert found is not None
    assert found.places == (0, 1, 2, 3, 4, 5, 0, 1, 2)
    assert found.fresh == (False,) * 6 + (True,) * 3


def test_tied_axes_change_alike_and_others_do_not() -> None:
    elements = Elements()
    one, other, apart = (elements.new(4) for _ in range(3))
    elements.tie(one, other)
    held = changes(elements, (one, Change.taken(4, (3, 1))))
    found = held.of(other, "here")
    assert found is not None
    assert found.places == (3, 1)
    assert held.of(apart, "here") is None


def test_single_elements_can_go_but_not_be_put_in_order() -> None:
    elements = Elements()
    units = elements.new(4)
    some = units[[3, 0]]
    found = changes(elements, (units, Change.taken(4, (0, 1, 2)))).of(some, "here")
    assert found is not None
    assert found.places == (1,)
    for change in (Change.taken(4, (3, 2, 1, 0)), Change.grown(4, (0,))):
        with pytest.raises(PlanError, match=r"here: only some of the units of l0 stand here.*rule 0"):
            changes(elements, (units, change)).of(some, "here")


def test_two_changes_in_one_axis_are_told_apart() -> None:
    elements = Elements()
    one, other = elements.new(2), elements.new(2)
    held = changes(elements, (one, Change.grown(2, (0,))), (other, Change.taken(2, (1,))))
    found = held.of(np.concatenate([one, other]), "here")
    assert found is not None
    assert found.places == (0, 1, 0, 3)
    assert found.by == (0, 0, 0, 1)
    assert held.touching(other) == [1]


def test_a_change_of_nothing_is_none() -> None:
    elements = Elements()
    units = elements.new(3)
    assert changes(elements, (units, Change.taken(3, (0, 1, 2)))).of(units, "here") is None
    assert Change.taken(3, (0, 1, 2)).idle
    assert Change.taken(3, (1, 0, 2)).reorders


def test_one_unit_at_several_steps_gets_its_new_ones_at_each() -> None:
    elements = Elements()
    unit = elements.new(1)
    found = changes(elements, (unit, Change.grown(1, (0,)))).of(np.repeat(unit, 2), "here")
    assert found is not None
    assert found.places == (0, 0, 1, 1)
    assert found.fresh == (False, True, False, True)
