"""Assumptions: what the arrays of a file leave open, each with its likely value, the others and a reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lstm_migrate.errors import PlanError, UsageError
from lstm_migrate.graph import Graph

# What a value may be besides those that are listed, and how it is written.
FREE = {
    "a number": re.compile(r"-?[0-9]{1,20}(\.[0-9]{0,20})?(e-?[0-9]{1,2})?"),
    "a whole number": re.compile(r"[1-9][0-9]{0,8}"),
    "sizes": re.compile(r"-?[0-9]{1,9}(,-?[0-9]{1,9})*"),
    "sizes or None": re.compile(r"(None|[1-9][0-9]{0,8})(,(None|[1-9][0-9]{0,8}))*"),
}


@dataclass(frozen=True)
class Assumption:
    """One thing that names and shapes do not tell.

    `key` is "<layer>.<what>", `value` what was taken, `values` all that it may be, likely ones first;
    `free` says what further values it takes ("a number"). `cost`: how unlikely each further value is
    beside the first, for whoever tries them in turn. `shaping`: other values give outputs of other shapes.
    """

    key: str
    value: str
    values: tuple[str, ...]
    reason: str
    free: str = ""
    cost: float = 1.0
    shaping: bool = False

    @property
    def alternatives(self) -> tuple[str, ...]:
        """What else it may be."""
        return tuple(value for value in self.values if value != self.value)

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


@dataclass(frozen=True)
class Inferred:
    """A model that was built from arrays alone, and what it took for granted."""

    graph: Graph
    assumptions: tuple[Assumption, ...]

    def stated(self) -> dict[str, str]:
        """Every assumption with the value it has, as `infer` takes them."""
        return {item.key: item.value for item in self.assumptions}


@dataclass
class Choices:
    """Settles what is open: by what the user stated, else by what is likely. Keeps the assumptions."""

    stated: Mapping[str, str]
    made: dict[str, Assumption] = field(default_factory=dict)

    def pick(
        self,
        key: str,
        values: Sequence[str],
        reason: str,
        *,
        free: str = "",
        rare: Sequence[str] = (),
        cost: float = 1.0,
        shaping: bool = False,
    ) -> str:
        """The value for `key`: the stated one, else the first of `values`; `rare` ones must be stated.

        Without any value it is an error that the user has not stated one.
        """
        values = tuple(dict.fromkeys(values))
        value = self.stated.get(key)
        if value is None and not values:
            raise PlanError(
                f"{key} is not told by the arrays, and nothing likely stands out",
                where=key.rpartition(".")[0],
                expected=free,
                hint=f"State it with --assume {key}=…, or pass the architecture with --architecture FILE.",
            )
        value = values[0] if value is None else value
        if value not in (*values, *rare) and not (free and FREE[free].fullmatch(value)):
            allowed = [*values, *rare, *([free] if free else [])]
            raise UsageError(
                f"no value of {key}", where="--assume", found=repr(value[:80]), expected=" or ".join(allowed)
            )
        self.made[key] = Assumption(key, value, values, reason, free, cost, shaping)
        return value

    def finish(self) -> tuple[Assumption, ...]:
        """All assumptions; UsageError if something was stated that is not open."""
        unknown = [key for key in self.stated if key not in self.made]
        if unknown:
            raise UsageError(
                f"nothing is assumed of {', '.join(map(repr, sorted(unknown)))}",
                where="--assume",
                expected=", ".join(self.made) or "no --assume: the arrays tell everything",
                hint="--assume takes KEY=VALUE with one of these keys.",
            )
        return tuple(self.made.values())
