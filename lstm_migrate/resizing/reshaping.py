"""Reshaping: other numbers of samples and steps that a rule wants a model's input to take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import LayerPath
from lstm_migrate.planning.sizes import Sized, Sizes
from lstm_migrate.resizing.origins import Origins

BATCH, TIME = 0, 1


@dataclass(frozen=True)
class Reshape:
    """For one input of the target the new sizes of some axes, None for free ones. `rule`: where it stands."""

    path: LayerPath
    axes: Mapping[int, int | None]
    rule: str


@dataclass
class Reshaping:
    """Gathers what rules say of `batch` and `time`."""

    origins: Origins
    found: dict[tuple[str, int], tuple[int | None, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def gather(self, sized: Sized) -> tuple[Reshape, ...]:
        """A Reshape for each input of which something changes."""
        for path, said in sized.items():
            try:
                self._hear(path, said)
            except PlanError as error:
                self.problems += error.problems
        if self.problems:
            raise PlanError(self.problems)
        return tuple(self._made())

    def _made(self) -> Iterator[Reshape]:
        for name in dict.fromkeys(name for name, _ in self.found):
            shape = self._shape(name)
            said = {axis: one for (own, axis), one in self.found.items() if own == name}
            other = {axis: one for axis, one in said.items() if one[0] != shape[axis]}
            if other:
                rules = dict.fromkeys(rule for _, rule in other.values())
                yield Reshape((name,), {axis: one for axis, (one, _) in other.items()}, " and ".join(rules))

    def _hear(self, path: LayerPath, said: Sizes) -> None:
        for key, value, axis in (("batch", said.batch, BATCH), ("time", said.time, TIME)):
            if value is None:
                continue
            where = said.places[key]
            inputs = self.origins.fed_by(path)
            if not inputs:
                raise PlanError(
                    f"{'/'.join(path)} is not fed by an input of the model, whose `{key}` could be changed",
                    where=where,
                    expected=f"an input, or a layer behind one: {', '.join(self.origins.plan.source.inputs)}",
                )
            wanted = None if value == "free" else value
            if axis == BATCH:
                self._check_batch(wanted, inputs, where)
                # All inputs of a model come in one batch.
                inputs = list(self.origins.plan.target.inputs)
            for name in inputs:
                if axis == TIME:
                    self._check_time(name, where)
                self._want(name, axis, wanted, where)

    def _want(self, name: str, axis: int, wanted: int | None, where: str) -> None:
        other, place = self.found.setdefault((name, axis), (wanted, where))
        if other != wanted:
            raise PlanError(
                f"two rules contradict each other over the {'steps' if axis else 'samples'} of {name}",
                where=where,
                found=f"{_word(other)} at {place}, {_word(wanted)} here",
                expected="one of them",
            )

    def _check_batch(self, wanted: int | None, inputs: list[str], where: str) -> None:
        walked = self.origins.plan.target.walk()
        stateful = ["/".join(path) for path, layer in walked if layer.config.get("stateful")]
        fixed = [name for name in self.origins.plan.target.inputs if self._shape(name)[BATCH] is not None]
        if wanted is not None and not stateful and not fixed:
            raise PlanError(
                "the model takes batches of any size: no layer keeps its states from one to the next",
                where=where,
                found=f"batch: {wanted}",
                expected="no `batch`",
            )
        if wanted is None and stateful:
            raise PlanError(
                f"{stateful[0]} keeps its states from batch to batch, and must know how many samples one has",
                where=where,
                found="batch: free",
                expected="batch: N",
            )

    def _check_time(self, name: str, where: str) -> None:
        shape = self._shape(name)
        if len(shape) > 2 or (len(shape) == 2 and self.origins.features(name) is None):
            return
        raise PlanError(f"input {name} has no axis of time", where=where, found=f"shape {tuple(shape)}")

    def _shape(self, name: str) -> tuple[int | None, ...]:
        return tuple(self.origins.plan.target.layers[name].config["batch_shape"])


def _word(size: int | None) -> str:
    return "free" if size is None else str(size)
