"""The four commands: each parses its arguments, makes one call of the pipeline and shows the result.

Nothing heavy is imported here: `--help` must not wait for NumPy, HDF5 or Keras.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstm_migrate.cli.noise import kept_away
from lstm_migrate.cli.output import Output, ReportFile, failures_shown
from lstm_migrate.errors import UsageError, VerificationError

if TYPE_CHECKING:
    from lstm_migrate.report import Report

EPILOG = (
    "Exit codes: 0 done and verified, 1 a bug, 2 wrong usage, 3 the source cannot be read, is damaged or "
    "unsafe, 4 the mapping is wrong, 5 the model cannot be carried over, 6 the target cannot be written, "
    "7 verification failed or could decide nothing."
)

app = typer.Typer(
    help="Turn recurrent models of old Keras into files that Keras 3 opens, and prove them equal.",
    epilog=EPILOG,
    add_completion=False,
    no_args_is_help=True,
    # Typer would import rich for the help text alone: that doubles the time of --help.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

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
Destination = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write the report to FILE, as JSON.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print errors only, and what --json asks for; no progress.")
]


@app.command(epilog=EPILOG, short_help="Convert SOURCE and prove the result.")
def convert(
    source: Source,
    to: Annotated[Path, typer.Option("--to", metavar="TARGET", help="The .keras file to write.")],
    architecture: Architecture = None,
    assume: Assume = None,
    mapping: MappingFile = None,
    custom: Custom = None,
    recorded: Recorded = None,
    allow_unproven: AllowUnproven = False,
    allow_lossy: AllowLossy = False,
    allow_nonfinite: AllowNonfinite = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace TARGET if it is there.")] = False,
    report: Destination = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Convert SOURCE to a .keras file and prove that it computes the same.

    TARGET is written only if the proof succeeds.
    """
    output = Output(as_json=as_json, quiet=quiet)
    with failures_shown():
        report_file = ReportFile(report, apart_from=(source, to, recorded))
        from lstm_migrate import pipeline

        def run() -> Report:
            with output.long_work() as progress:
                return pipeline.convert(
                    source,
                    to,
                    architecture=architecture,
                    assume=stated(assume),
                    mapping=mapping,
                    custom_objects=own_parts(custom),
                    recorded=recorded,
                    allow_unproven=allow_unproven,
                    allow_lossy=allow_lossy,
                    allow_nonfinite=allow_nonfinite,
                    overwrite=overwrite,
                    progress=progress,
                )

        _show_evidence(run, output, report_file)


@app.command(epilog=EPILOG, short_help="Prove a conversion made earlier.")
def verify(
    source: Source,
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", show_default=False, help="The .keras file made from it.")
    ],
    architecture: Architecture = None,
    assume: Assume = None,
    mapping: MappingFile = None,
    custom: Custom = None,
    recorded: Recorded = None,
    allow_unproven: AllowUnproven = False,
    report: Destination = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Prove that TARGET, converted earlier or by others, computes what SOURCE computed."""
    output = Output(as_json=as_json, quiet=quiet)
    with failures_shown():
        report_file = ReportFile(report, apart_from=(source, target, recorded))
        from lstm_migrate import pipeline

        def run() -> Report:
            with output.long_work() as progress:
                return pipeline.verify(
                    source,
                    target,
                    architecture=architecture,
                    assume=stated(assume),
                    mapping=mapping,
                    custom_objects=own_parts(custom),
                    recorded=recorded,
                    allow_unproven=allow_unproven,
                    progress=progress,
                )

        _show_evidence(run, output, report_file)


@app.command(short_help="Say what SOURCE is.")
def inspect(
    source: Source,
    architecture: Architecture = None,
    assume: Assume = None,
    mapping: MappingFile = None,
    custom: Custom = None,
    as_json: AsJson = False,
) -> None:
    """Say what SOURCE is: writer, layers, layouts, and what convert would do. Reads headers only."""
    with failures_shown():
        from lstm_migrate import pipeline

        Output(as_json=as_json).result(
            pipeline.inspect(
                source,
                architecture=architecture,
                assume=stated(assume),
                mapping=mapping,
                custom_objects=own_parts(custom),
            )
        )


@app.command(short_help="Show what convert would do.")
def plan(
    source: Source,
    architecture: Architecture = None,
    assume: Assume = None,
    mapping: MappingFile = None,
    custom: Custom = None,
    allow_lossy: AllowLossy = False,
    as_json: AsJson = False,
) -> None:
    """Show everything that convert would do to SOURCE. Reads headers only and writes nothing."""
    with failures_shown():
        from lstm_migrate import pipeline

        Output(as_json=as_json).result(
            pipeline.plan(
                source,
                architecture=architecture,
                assume=stated(assume),
                mapping=mapping,
                custom_objects=own_parts(custom),
                allow_lossy=allow_lossy,
            )
        )


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


def _show_evidence(run: Callable[[], Report], output: Output, report_file: ReportFile) -> None:
    """Shows the report of `run`, also that of a verification that failed."""
    try:
        report = run()
    except VerificationError as error:
        from lstm_migrate.report import Report

        if isinstance(error.report, Report):
            report_file.write(error.report)
            output.result(error.report)
        raise
    report_file.write(report)
    output.result(report)
    if report.verdict in ("failed", "inconclusive"):
        # The pipeline raises for these; whatever it returns, no such report may end with 0.
        raise VerificationError(f"verification is {report.verdict}")
