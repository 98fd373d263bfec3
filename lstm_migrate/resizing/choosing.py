"""Choosing: which units stay and what makes up for those that go, where arrays and inputs decide it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from lstm_migrate.errors import PlanError, UsageError
from lstm_migrate.layouts.steps import Array
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.plan import Plan
from lstm_migrate.reference.scope import NoReference
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.resizing.activities import Laboratory
from lstm_migrate.resizing.asking import Request
from lstm_migrate.resizing.assembling import Quiet
from lstm_migrate.resizing.change import Changes
from lstm_migrate.resizing.compensation import Compensation, Compensator
from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.followed import Followed
from lstm_migrate.resizing.salience import by_activity, by_norm, most_salient
from lstm_migrate.resizing.values import Values, Wanted


@dataclass
class Chooser:
    """Looks at the arrays of the full model and, if there are any, at inputs."""

    full: Plan
    followed: Followed
    values: Values
    target: Vocabulary
    wanted: Wanted

    def choose(self, how: str, ids: Ids, count: int) -> Sequence[int]:
        """The places of the `count` units that say most, by their "norm" or by their "activity"."""
        if how == "norm":
            return most_salient(by_norm(self.followed, self.values, ids), count)
        return most_salient(self._activity(ids, "keep: activity"), count)

    def salience(self, request: Request) -> Array:
        """How much each unit of an axis says: on the inputs if there are any, else by its numbers."""
        ids = request.asked.ids
        if self.wanted.inputs is not None:
            with suppress(NoReference):
                return by_activity(self.followed, self._laboratory("salience"), ids)
        return by_norm(self.followed, self.values, ids)

    def compensation(self, requests: Sequence[Request], changes: Changes, quiet: Quiet) -> Compensation:
        """What makes up for the units that go, where a rule or the user asks for it."""
        chosen = {
            number
            for number, one in enumerate(requests)
            if one.asked.change.gone and one.kind == "units" and (one.compensate or self.wanted.compensate)
        }
        asked = self.wanted.compensate or any(one.compensate for one in requests)
        if asked and not chosen:
            raise UsageError(
                "no units go that could be made up for",
                found="compensate",
                expected="a layer that is cut to fewer units",
            )
        if not chosen:
            return Compensation()
        with self._watched("what goes"):
            laboratory = self._laboratory("compensate")
            compensator = Compensator(laboratory, self.followed, changes, requests, quiet, chosen)
            return compensator.compensation()

    def _activity(self, ids: Ids, what: str) -> Array:
        with self._watched("units"):
            return by_activity(self.followed, self._laboratory(what), ids)

    def _laboratory(self, what: str) -> Laboratory:
        if self.wanted.inputs is None:
            raise UsageError(
                f"`{what}` looks at what the model does, and there are no inputs for it",
                expected="inputs of the model, as input_0, input_1, … in an .npz file",
                hint="Give them with --inputs, or with --recorded.",
            )
        semantics = Semantics(**self.target.semantics()[0])
        return Laboratory(self.full.target, self.values, semantics, self.wanted.inputs)

    @contextmanager
    def _watched(self, what: str) -> Iterator[None]:
        try:
            yield
        except NoReference as gap:
            raise PlanError(
                f"{what} cannot be watched: a part of the model has no reference",
                where="/".join(gap.path),
                found=gap.reason,
                hint="Choose units by `keep: norm`, or list them, and do not compensate.",
            ) from None
