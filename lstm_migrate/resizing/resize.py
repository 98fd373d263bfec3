"""resize(): a plan whose model gets other sizes, followed from what rules say to every array.

It starts from the full-size plan, whose target has Keras 3's stock layers only, and adds steps that act on
the variables as converted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Graph
from lstm_migrate.layouts.steps import Array
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.plan import Assignment, Plan
from lstm_migrate.planning.sizes import Sized
from lstm_migrate.report import LostUnit, ResizeLine
from lstm_migrate.resizing.asking import Requests, requests
from lstm_migrate.resizing.assembling import NO_REFIT, Assembled, Assembler, Quiet
from lstm_migrate.resizing.change import Changes
from lstm_migrate.resizing.choosing import Chooser
from lstm_migrate.resizing.compensation import Compensation
from lstm_migrate.resizing.correspondence import Correspondence
from lstm_migrate.resizing.followed import Followed
from lstm_migrate.resizing.following import follow
from lstm_migrate.resizing.losses import loses, loss, takes_from_others
from lstm_migrate.resizing.obstacles import obstacles
from lstm_migrate.resizing.silent_units import quiet_elements
from lstm_migrate.resizing.sized_graph import reshaped, uneven
from lstm_migrate.resizing.sized_graph import sized as sized_graph
from lstm_migrate.resizing.telling import Telling, layer_lines, measured, resize_lines
from lstm_migrate.resizing.tokens import renumbered
from lstm_migrate.resizing.values import Values, Wanted
from lstm_migrate.restriction import Restriction


@dataclass(frozen=True)
class Resized:
    """What a resized plan was made from, and how both models correspond.

    `full`: the plan before. `graph`: its target, with the batch and time sizes of the resized one.
    `recipes`: how each variable of the resized model is made of the full one's, which they read under the
    name of their WeightKey. `exact`: the resized model computes what the full one does.
    """

    full: Plan
    graph: Graph
    restriction: Restriction
    recipes: tuple[Assignment, ...]
    lines: tuple[ResizeLine, ...]
    lost: tuple[LostUnit, ...]
    exact: bool


def resize(
    full: Plan, sized: Sized, target: Vocabulary, read: Callable[[str], Array], wanted: Wanted
) -> tuple[Plan, Resized | None]:
    """The plan with the sizes that rules ask for, and how it came about; None if they are those it has.

    `full`: the plan with the sizes that the source has; `read`: the source's tensors, of which only those
    are read that a rule decides by. PlanError for sizes that cannot be, for places where they cannot be
    followed, and for any loss that is not allowed.
    """
    followed = follow(full.target, {item.target: item.shape for item in full.assignments}, target)
    values = Values(full.assignments, read)
    chooser = Chooser(full, followed, values, target, wanted)
    asked = requests(full, sized, followed, chooser.choose)
    if not (asked.requests or asked.reshapes):
        return full, None
    changes = Changes(followed.elements, [one.asked for one in asked.requests])
    found = obstacles(followed, asked.requests, changes, full.target.inputs)
    if found:
        raise PlanError(found)
    quiet = quiet_elements(followed, asked.requests, values, full.target)
    lost = [one for one in asked.requests if loses(one, followed, quiet)]
    if lost and not wanted.allow_lossy:
        raise PlanError([loss(one) for one in lost])
    fitted = chooser.compensation(asked.requests, changes, quiet)
    saliences = {number: chooser.salience(one) for number, one in enumerate(asked.requests) if measured(one)}
    telling = Telling(full, followed, asked.requests, changes, quiet, fitted, saliences, asked.reshapes)
    return _Resizing(full, followed, asked, changes, quiet, fitted, telling).made()


@dataclass
class _Resizing:
    """A resizing of which everything is decided."""

    full: Plan
    followed: Followed
    asked: Requests
    changes: Changes
    quiet: Quiet
    fitted: Compensation
    telling: Telling

    def made(self) -> tuple[Plan, Resized]:
        """The new plan, and what it was made from."""
        requests = self.asked.requests
        taking = {n for n, one in enumerate(requests) if takes_from_others(one, self.followed)}
        assembler = Assembler(self.followed.elements, self.changes, requests, self.quiet, frozenset(taking))
        assembled = {
            key: assembler.array(placed, self.fitted.arrays.get(key, NO_REFIT))
            for key, placed in self.followed.arrays.items()
        }
        graph = reshaped(self.full.target, self.followed, self.asked.reshapes)
        target = sized_graph(graph, self.followed, self.changes)
        if directions := uneven(target):
            raise PlanError(directions)
        plan = replace(
            self.full,
            target=target,
            layers=tuple(layer_lines(self.full, target)),
            assignments=tuple(_longer(item, assembled.get(item.target)) for item in self.full.assignments),
            notes=(*self.full.notes, *self.telling.notes()),
        )
        lines = tuple(line for key, one in assembled.items() if one for line in resize_lines(key, one))
        recipes = tuple(
            _recipe(item, assembled.get(item.target), self.followed) for item in self.full.assignments
        )
        exact = all(line.effect != "approximate" for line in lines)
        restriction = self._restriction()
        return plan, Resized(self.full, graph, restriction, recipes, lines, tuple(self.telling.lost()), exact)

    def _restriction(self) -> Restriction:
        tokens = renumbered(self.full.target, self.followed, self.asked.requests)
        return Correspondence(
            self.followed, self.changes, self.asked.requests, self.quiet, self.fitted.reads, tokens
        ).restriction()


def _longer(item: Assignment, one: Assembled | None) -> Assignment:
    return item if one is None else replace(item, resized=one.steps, shape=one.form.shape)


def _recipe(item: Assignment, one: Assembled | None, followed: Followed) -> Assignment:
    """How a variable of the resized model is made of the full one's."""
    plain = Assignment(item.target, (str(item.target),), item.role, (), item.shape, item.dtype)
    if one is None:
        return plain
    forms = (followed.arrays[item.target].form, one.form)
    return replace(plain, steps=one.steps, shape=one.form.shape, forms=forms, kept=one.kept)
