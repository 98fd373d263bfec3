"""The arguments that several commands take, and what they mean to the pipeline."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer

from lstm_migrate.cli.noise import kept_away
from lstm_migrate.errors import UsageError

Source = Annotated[Path, typer.Argument(metavar="SOURCE", show_default=False, help="The old file.")]
Architecture = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|MODULE:FUNCTION|infer",
        help="Where the architecture is if not in SOURCE: what to_json() or to_yaml() wrote, a full model, "
        "a function that builds a Keras 3 model, or `infer` to build it from the arrays.",
    ),
]
Assume = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="With --architecture infer: what the arrays do not tell, e.g. lstm_1.activation=relu.",
    ),
]
MappingFile = Annotated[
    list[Path] | None,
    typer.Option(
        "--mapping", metavar="FILE", help="A mapping file that says what SOURCE does not. May be given again."
    ),
]
Custom = Annotated[
    list[str] | None,
    typer.Option(
        metavar="MODULE:NAME",
        help="A layer or activation of your own, for Keras 3: module:name or path/file.py:name. Its code is "
        "run. May be given again.",
    ),
]
Recorded = Annotated[
    Path | None,
    typer.Option(
        metavar="IO.npz",
        help="Inputs and outputs of the old system (input_0 …, output_0 …): the strongest evidence.",
    ),
]
AllowUnproven = Annotated[
    bool, typer.Option("--allow-unproven", help="Accept parts that no check can reach; they are named.")
]
AllowNonfinite = Annotated[
    bool, typer.Option("--allow-nonfinite", help="Accept weights that are NaN or infinite.")
]
AllowLossy = Annotated[
    bool, typer.Option("--allow-lossy", help="Accept steps that change what the model computes.")
]
Resize = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="LAYER.KEY=VALUE",
        help="A size that a layer is to have, as in a rule of a mapping file, e.g. lstm_1.units=64. May be "
        "given again.",
    ),
]
Inputs = Annotated[
    Path | None,
    typer.Option(
        metavar="X.npz",
        help="Inputs of the model (input_0 …), by which units are chosen, readers fitted and the cost of a "
        "smaller model measured.",
    ),
]
Compensate = Annotated[
    bool,
    typer.Option("--compensate", help="Fit what reads lost units again, so that less is lost with them."),
]
Destination = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write the report to FILE, as JSON.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print errors only, and what --json asks for; no progress.")
]


def stated(pairs: list[str] | None) -> dict[str, str]:
    """What --assume says, by key."""
    found: dict[str, str] = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not (key and equals and value) or found.get(key, value) != value:
            raise UsageError("not an assumption", found=pair, expected="KEY=VALUE, and one value for a key")
        found[key] = value
    return found


def own_parts(named: list[str] | None) -> dict[str, Any]:
    """What --custom names, imported."""
    if not named:
        return {}
    from lstm_migrate.customizing import custom_objects

    # What the user's code prints must not stand in the result.
    with kept_away(), redirect_stdout(sys.stderr):
        return custom_objects(named)
