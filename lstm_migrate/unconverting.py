"""Unconverting: a `.keras` file written as named tensors of another layout, and proven.

The way there is the way back, read backwards: the conversion of the tensors into this very model is
planned, its steps are run in reverse, and what is written is then proven as any source is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_migrate.beside import Given
from lstm_migrate.checkpoint import Checkpoint, TensorInfo, Writer
from lstm_migrate.errors import MappingError, PlanError, Problem, UsageError
from lstm_migrate.graph import WeightKey
from lstm_migrate.inspection import source_line
from lstm_migrate.layouts.steps import Array
from lstm_migrate.mapping.readback import OPTION, ReadBack
from lstm_migrate.mapping.user import UserRules
from lstm_migrate.opening import Planned, plan_of, planned
from lstm_migrate.planning.headers import Headers
from lstm_migrate.planning.inverse import Inverse
from lstm_migrate.planning.plan import Plan
from lstm_migrate.proving import Advance, demanded, prove
from lstm_migrate.readers import open_checkpoint
from lstm_migrate.report import LayerLine, Note, Report, gathered
from lstm_migrate.targets.partial import commit, partial_file
from lstm_migrate.targets.paths import holds_tensors
from lstm_migrate.targets.tensor_files import FORMATS, format_of, write_tensors
from lstm_migrate.verification.rounding import agree
from lstm_migrate.weights import check_finite

if TYPE_CHECKING:
    from lstm_migrate.verification.recorded import Recording

SOURCE = "keras-archive"
SHOWN = 3


@dataclass(frozen=True)
class Layouts:
    """In which layouts the tensors are to be: those that `--as` names, and what mapping files say."""

    given: Given
    names: Sequence[str]

    def check(self, target: Path) -> None:
        """UsageError for what contradicts itself, before anything is opened."""
        if not holds_tensors(target):
            suffixes = " or ".join(format.suffix for format in FORMATS.values())
            raise UsageError(
                f"{OPTION} is for tensors of another layout",
                where=str(target),
                expected=f"a target in {suffixes}",
            )
        if self.given.architecture is not None or self.given.assume:
            raise UsageError("a .keras file has an architecture of its own; none is given for tensors alone")
        if not self.names and not self.given.mapping:
            raise UsageError(
                "nothing says in which layout the tensors are to be",
                where=str(target),
                hint=f"Name one with {OPTION} (keras1.lstm …), or give a mapping file (--mapping).",
            )


def unconvert(
    source: Path,
    target: Path,
    layouts: Layouts,
    recording: Recording | None,
    advance: Advance,
    started: float,
    *,
    allow_unproven: bool = False,
    allow_nonfinite: bool = False,
    overwrite: bool = False,
) -> Report:
    """Writes the arrays of the Keras 3 file `source` to `target`, in the layouts that are asked for.

    The report speaks of `source` and `target` as they are; its evidence is that of the way back.
    """
    layouts.check(target)
    with _model(source, layouts.given) as own:
        check_finite(own.checkpoint, allow=allow_nonfinite)
        back = Back.of(own, target, layouts)
        inverse = Inverse(back.planned.plan, back.tensors, _values(own), agree)
        arrays = inverse.run()
        advance("keras", 0, 1)
        from lstm_migrate.targets.keras_model import Builder  # noqa: F401  imports Keras

        with partial_file(target) as partial:
            advance("write", 0, 1)
            write_tensors(partial, arrays, format_of(target))
            with planned(partial, back.given, recording=recording) as again:
                evidence = prove(again, source, target, recording, advance, started, returned=True)
            report = demanded(back.told(evidence, inverse), allow_unproven, "Nothing was written.")
            commit(partial, target, overwrite=overwrite)
    return report


@contextmanager
def _model(source: Path, given: Given) -> Iterator[Planned]:
    """The Keras 3 file, planned as a source: so the values of its variables are known."""
    with open_checkpoint(source) as opened:
        if opened.format != SOURCE:
            raise UsageError(
                "tensors of another layout are written from a .keras file",
                where=str(source),
                found=opened.format,
                hint="Convert it to .keras first, then that file.",
            )
        yield plan_of(opened, Given(custom=given.custom))


def _values(own: Planned) -> Callable[[WeightKey], Array]:
    made = {item.target: item for item in own.plan.assignments}
    return lambda key: made[key].run(own.checkpoint.read)


@dataclass(frozen=True)
class Back:
    """The conversion of the tensors, not written yet, into the model that they are to come from.

    `own`: that model as a source; `given`: what reads the tensors back; `planned`: how.
    """

    target: Path
    own: Planned
    given: Given
    lines: ReadBack
    tensors: dict[str, TensorInfo]
    planned: Planned

    @staticmethod
    def of(own: Planned, target: Path, layouts: Layouts) -> Back:
        """UsageError, MappingError and PlanError for layouts and rules that do not fit the model."""
        plan, checkpoint, format = own.plan, own.checkpoint, format_of(target)
        _check_format(layouts.given.rules, format)
        lines = ReadBack(layouts.given.rules, layouts.names)
        headers = Headers(plan.source, plan.bound, checkpoint.tensors, own.source, lines.rules, format)
        directed = headers.directed()
        if directed:
            lines = replace(lines, directed=directed)
            headers = replace(headers, rules=lines.rules)
        tensors = headers.gather()
        _check_used(layouts.names, headers)
        given = Given(architecture=checkpoint.path, custom=layouts.given.custom, stated=lines.rules)
        virtual = Checkpoint(target, format, Writer("unknown", "", ""), {}, tensors, None)
        found = plan_of(virtual, given)
        _check_same(found.plan, plan)
        return Back(target, own, given, lines, tensors, found)

    def told(self, evidence: Report, inverse: Inverse) -> Report:
        """The report on what was written, with the evidence of the way back."""
        source = self.own.checkpoint
        origins = {item.target: item.tensors for item in self.own.plan.assignments}
        left = [note for note in self.own.notes if note.kind == "left behind"]
        read = Note("read back", self.target.name, self.lines.said(source.path))
        return replace(
            evidence,
            source=source_line(source),
            tensors=inverse.lines(lambda key: origins.get(key, ())),
            layers=tuple(map(self._layer, evidence.layers)),
            notes=gathered((*evidence.notes, *self._unsaid(), *inverse.notes(), *left, read)),
        )

    def _layer(self, line: LayerLine) -> LayerLine:
        """A layer with the tensors that it becomes."""
        bound = self.planned.plan.bound
        names = [name for key, name in bound.items() if "/".join(key.path) == line.path]
        shown = ", ".join(dict.fromkeys(names[:SHOWN]))
        return replace(line, becomes=f"{shown}, … {len(names)} in all" if len(names) > SHOWN else shown)

    def _unsaid(self) -> Iterator[Note]:
        """What the tensors do not tell and the layout leaves open: whoever reads them must know it."""
        for path, layer in self.planned.plan.source.walk():
            declared = layer.storage and self.planned.source.forks.get(layer.storage.layout)
            if not declared or not declared.cell:
                continue
            keys = [key for key in declared.computes if key not in declared.activations]
            if declared.cell == "gru" and declared.reset_after is None:
                keys.append("reset_after")
            said = ", ".join(f"{key}={layer.config[key]}" for key in keys if key in layer.config)
            if said:
                text = f"layout {declared.name} leaves open what the cell computes with; here it is {said}"
                yield Note("assumed", "/".join(path), text)


def _check_format(rules: UserRules, format: str) -> None:
    wrong = [(said, where) for said, where in rules.formats.items() if said != format]
    if wrong:
        hint = "Write to such a file, or leave `format` out."
        raise MappingError(
            [
                Problem(f"the mapping file is for {said} files", where, format, said, hint)
                for said, where in wrong
            ]
        )


def _check_used(names: Sequence[str], headers: Headers) -> None:
    unused = [name for name in names if name not in headers.defaults]
    if unused:
        kinds = sorted({layer.kind for _, layer in headers.graph.walk() if layer.kind != "InputLayer"})
        raise PlanError(
            [
                Problem(
                    f"the model has no layer for the layout {name}",
                    where=f"{OPTION} {name}",
                    found=f"layers {', '.join(kinds)}",
                )
                for name in unused
            ]
        )


def _check_same(found: Plan, own: Plan) -> None:
    """PlanError if the tensors, read back, would make another model than the one they come from."""
    meant = {path: layer.config for path, layer in found.source.walk()}
    wanted = {path: layer.config for path, layer in own.target.walk()}
    made = {path: layer.config for path, layer in found.target.walk()}
    layouts = {path: layer.storage.layout for path, layer in found.source.walk() if layer.storage}
    problems = [
        Problem(
            f"the layout {layouts.get(path, '')} computes something else than the layer",
            "/".join(path),
            found=f"{key}={wanted[path].get(key)} in the model",
            expected=f"{key}={meant.get(path, made[path]).get(key)}",
            hint="Choose a layout that computes the same: weights cannot make up for it.",
        )
        for path in wanted.keys() & made.keys()
        for key in sorted(wanted[path].keys() | made[path].keys())
        if wanted[path].get(key) != made[path].get(key)
    ]
    if wanted.keys() != made.keys() and not problems:
        differ = ", ".join("/".join(path) for path in sorted(wanted.keys() ^ made.keys()))
        problems.append(Problem("in these layouts the model would be another one", found=f"layers {differ}"))
    lost = {item.target for item in own.assignments} - {item.target for item in found.assignments}
    problems += [
        Problem(
            f"the layout {layouts.get(key.path, '')} has no place for the {key.role}",
            "/".join(key.path),
            hint="Choose a layout that stores it, or change the model: it would be lost.",
        )
        for key in sorted(lost)
    ]
    if problems:
        raise PlanError(problems)
