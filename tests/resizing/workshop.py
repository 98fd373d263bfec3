"""Conversions through the public interface, each made once for all tests that look at it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import lstm_migrate
from lstm_migrate.report import Report
from tests.resizing.by_hand import Arrays, arrays_of, opened, outputs
from tests.resizing.models import drafted
from tests.resizing.old_models import BUILDS, recorded, recording, source

Rules = Mapping[str, Mapping[str, Any]]
ROUNDING = 2e-5
"""How far two float32 ways of computing outputs of the size of 1 may be from each other."""


def mapping(folder: Path, rules: Rules) -> Path:
    """A mapping file with these rules on layers; JSON is YAML."""
    file = folder / "sizes.yaml"
    file.write_text(json.dumps({"version": 1, "layers": rules}), encoding="utf-8")
    return file


def resized(source: Path, target: Path, rules: Rules, **options: Any) -> Report:
    """What convert says of a source with these rules."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return lstm_migrate.convert(source, target, mapping=mapping(target.parent, rules), **options)


def units(case: str, sizes: Mapping[str, int], **how: Any) -> Rules:
    """Rules that give the symbols of an old model these sizes."""
    owners = drafted(BUILDS[case]).owners
    return {owners[symbol][0]: {"units": count, **how} for symbol, count in sizes.items()}


def keeping(case: str, keep: Mapping[str, list[int]]) -> Rules:
    """Rules that leave these units."""
    owners = drafted(BUILDS[case]).owners
    return {owners[symbol][0]: {"units": len(kept), "keep": kept} for symbol, kept in keep.items()}


def record(path: Path, model: Any, inputs: list[Any]) -> Path:
    """A recording of what Keras computes."""
    said = {f"input_{number}": value for number, value in enumerate(inputs)}
    said |= {f"output_{number}": value for number, value in enumerate(outputs(model, inputs))}
    np.savez(path, **said)
    return path


@dataclass(frozen=True)
class Result:
    """A written file, opened, and its report."""

    path: Path
    report: Report
    model: Any

    @property
    def arrays(self) -> Arrays:
        return arrays_of(self.model)

    def outputs(self, case: str) -> list[Any]:
        """Of the recorded inputs of an old model."""
        return outputs(self.model, recorded(case)[0])


@dataclass
class Workshop:
    """Converts the old models."""

    folder: Path
    _made: dict[str, Result] = field(default_factory=dict)

    def full(self, case: str) -> Result:
        """An old model as Keras 3 has it, in its own sizes."""
        return self.resized(case, {})

    def resized(self, case: str, rules: Rules, **options: Any) -> Result:
        """An old model under these rules, with its recording."""

        def convert(target: Path) -> Report:
            return resized(source(case), target, rules, recorded=recording(case), **options)

        return self.once(json.dumps([case, rules, sorted(options)]), convert)

    def once(self, key: str, convert: Callable[[Path], Report]) -> Result:
        """What `convert` makes of a target, made when it is first asked for."""
        if key not in self._made:
            target = self.folder / str(len(self._made)) / "new.keras"
            target.parent.mkdir()
            report = convert(target)
            self._made[key] = Result(target, report, opened(target))
        return self._made[key]
