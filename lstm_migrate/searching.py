"""Searching: which of the things assumed of a model without architecture reproduce what was recorded.

Combinations are tried in an order of likelihood, in NumPy, on the arrays as stored. Those of one shape
of outputs are tried only where one of them gave the shape that was recorded.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from lstm_migrate.architecture.drafting import text
from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.errors import LstmMigrateError, PlanError, UsageError, VerificationError
from lstm_migrate.inference.assumptions import Assumption, Inferred
from lstm_migrate.inference.infer import Unchained, infer
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.trials import Trial, Trials
from lstm_migrate.verification.recorded import Recording

MOST_TRIED = 20_000
MOST_LOOKED_AT = 200_000  # with those that are left out, since their outputs have another shape
MOST_SECONDS = 300.0
TRIED_BEYOND, MOST_SECONDS_BEYOND = 2_000, 60.0  # after the first that fits: is it the only one?
STEP = 0.5  # how much less likely each further alternative is

Deviation = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Found:
    """The combination that reproduces the recording.

    `others`: further ones that do, each with all its values, and that compute something else on other
    inputs: the recording cannot tell them from it. `same`: how many more compute the same on all inputs
    that were tried. `tried`: how many there were; `complete`: whether that is all.
    """

    inferred: Inferred
    others: tuple[Deviation, ...]
    same: int
    tried: int
    complete: bool

    def open(self) -> dict[str, tuple[str, ...]]:
        """The assumptions that the recording leaves open, with the values that fit it as well."""
        stated = self.inferred.stated()
        left: dict[str, dict[str, None]] = {}
        for other in self.others:
            for key, value in other:
                if stated.get(key, value) != value:
                    left.setdefault(key, {})[value] = None
        return {key: tuple(values) for key, values in left.items()}


def search(
    checkpoint: Checkpoint, vocabulary: Vocabulary, recording: Recording, assume: Mapping[str, str]
) -> Found:
    """The assumptions under which the arrays compute what was recorded; `assume` is not varied.

    Raises VerificationError if none do, and names the closest.
    """
    if len(recording.inputs) != 1 or len(recording.outputs) != 1:
        infer(checkpoint, vocabulary, assume)  # which says where the branches are, if it sees any
        raise UsageError(
            "only chains can be inferred",
            found=f"{len(recording.inputs)} inputs and {len(recording.outputs)} outputs recorded",
            expected="one of each",
        )
    return _Search(checkpoint, vocabulary, recording, dict(assume)).run()


@dataclass
class _Search:
    checkpoint: Checkpoint
    vocabulary: Vocabulary
    recording: Recording
    assume: dict[str, str]
    tried: int = 0
    closest: tuple[float, Inferred | None] = (float("inf"), None)
    misshapen: set[Deviation] = field(default_factory=set)
    first_error: LstmMigrateError | None = None
    limit: int = 0
    complete: bool = True

    def __post_init__(self) -> None:
        self.trials = Trials(self.checkpoint, self.vocabulary, self.recording)
        self.deadline = time.monotonic() + MOST_SECONDS
        self.limit = MOST_TRIED

    def run(self) -> Found:
        matches: list[tuple[Deviation, Inferred]] = []
        for deviation, inferred, trial in self._combinations():
            if trial.fits:
                matches.append((deviation, inferred))
            if trial.fits and len(matches) == 1:
                self.limit = min(self.limit, self.tried + TRIED_BEYOND)
                self.deadline = min(self.deadline, time.monotonic() + MOST_SECONDS_BEYOND)
        if not matches:
            raise self._nothing()
        best = matches[0][1]
        rivals = dict(matches[1:] if self.complete else [*matches[1:], *self._neighbours(best)])
        same = {item for item, other in rivals.items() if self.trials.compute_the_same(best, other)}
        others = tuple(tuple(rivals[item].stated().items()) for item in rivals if item not in same)
        return Found(best, others, len(same), self.tried, self.complete)

    def _combinations(self) -> Iterator[tuple[Deviation, Inferred, Trial]]:
        """Every combination with what it gave, likely ones first."""
        queue: list[tuple[float, int, Deviation]] = [(0.0, 0, ())]
        pushed = looked_at = 0
        while queue:
            looked_at += 1
            if looked_at > MOST_LOOKED_AT or self.tried >= self.limit or time.monotonic() > self.deadline:
                self.complete = False
                return
            cost, _, deviation = heappop(queue)
            inferred, assumptions = self._inferred(deviation)
            shaped = False
            if inferred is not None:
                trial = self._tried(inferred)
                shaped = trial is not None and trial.shaped
                if trial is not None:
                    yield deviation, inferred, trial
            for more, further in _successors(deviation, self._open(assumptions), shaped):
                pushed += 1
                heappush(queue, (cost + more, pushed, further))

    def _inferred(self, deviation: Deviation) -> tuple[Inferred | None, Sequence[Assumption]]:
        stated = {**self.assume, **dict(deviation)}
        shapes = [tuple(each.shape) for each in (self.recording.inputs[0], self.recording.outputs[0])]
        try:
            found = infer(self.checkpoint, self.vocabulary, stated, fed=shapes[:1], given=shapes[1:])
        except Unchained as error:
            self._note(error)
            return None, error.assumptions
        except LstmMigrateError as error:
            if not deviation:
                raise
            self._note(error)
            return None, ()
        return found, found.assumptions

    def _open(self, assumptions: Sequence[Assumption]) -> list[Assumption]:
        return [item for item in assumptions if item.key not in self.assume]

    def _note(self, error: LstmMigrateError) -> None:
        self.first_error = self.first_error or error

    def _tried(self, inferred: Inferred) -> Trial | None:
        """What the combination gives; None if others of its shape have shown that it cannot fit."""
        shape = tuple((item.key, item.value) for item in inferred.assumptions if item.shaping)
        if shape in self.misshapen:
            return None
        self.tried += 1
        trial = self.trials.run(inferred)
        if not trial.shaped:
            self.misshapen.add(shape)
        elif trial.gap < self.closest[0] or self.closest[1] is None:
            self.closest = (trial.gap, inferred)
        return trial

    def _neighbours(self, best: Inferred) -> Iterator[tuple[Deviation, Inferred]]:
        """Those that fit as well and differ from the best one in a single assumption."""
        stated = {key: value for key, value in best.stated().items() if key not in self.assume}
        for item in self._open(best.assumptions):
            for value in item.alternatives:
                deviation = tuple({**stated, item.key: value}.items())
                inferred, _ = self._inferred(deviation)
                if inferred is not None and self.trials.run(inferred).fits:
                    yield deviation, inferred

    def _nothing(self) -> LstmMigrateError:
        gap, closest = self.closest
        if closest is None:
            if isinstance(self.first_error, PlanError):
                return self.first_error
            seen = f", of which one {self.trials.obstacle}" if self.trials.obstacle else ""
            return VerificationError(
                "no combination of assumptions gives outputs of the recorded shape",
                found=f"{self.tried} combinations tried{seen}",
                expected=str(self.recording.outputs[0].shape),
                hint="Are the weights and the recording those of one model?",
            )
        said = (
            f"all {self.tried} tried"
            if self.complete
            else f"the {self.tried} likeliest tried, then it was cut"
        )
        return VerificationError(
            f"no combination of assumptions reproduces the recorded outputs ({said})",
            found=f"closest, {gap:.1e} off: {text(', '.join(map(str, closest.assumptions)), 500)}",
            expected="one that differs by rounding alone",
            hint="State what you know with --assume KEY=VALUE, or pass --architecture FILE.",
        )


def _successors(
    deviation: Deviation, assumptions: Sequence[Assumption], shaped: bool
) -> Iterator[tuple[float, Deviation]]:
    """(further cost, combination): the last deviation moved on, or a further one.

    What shapes the outputs comes first; the rest is varied only where the outputs have their shape.
    """
    ordered = sorted(assumptions, key=lambda item: not item.shaping)
    places = {item.key: place for place, item in enumerate(ordered)}
    if deviation and deviation[-1][0] in places:
        item = ordered[places[deviation[-1][0]]]
        following = _following(item)
        if following is not None:
            yield STEP * item.cost, (*deviation[:-1], (item.key, following))
    last = max((places.get(key, -1) for key, _ in deviation), default=-1)
    for item in ordered[last + 1 :]:
        if len(item.values) < 2 or not (shaped or item.shaping):
            continue
        yield item.cost, (*deviation, (item.key, item.values[1]))


def _following(item: Assumption) -> str | None:
    """The value behind the one that is taken."""
    place = item.values.index(item.value) + 1
    return item.values[place] if place < len(item.values) else None
