"""The commands: each parses its arguments, makes one call of the pipeline and shows the result.

Nothing heavy is imported here: `--help` must not wait for NumPy, HDF5 or Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstm_migrate.cli import mappings
from lstm_migrate.cli.mapping_text import MappingText
from lstm_migrate.cli.options import (
    AllowLossy,
    AllowNonfinite,
    AllowUnproven,
    Architecture,
    AsJson,
    Assume,
    Compensate,
    Custom,
    Destination,
    Inputs,
    MappingFile,
    Quiet,
    Recorded,
    Resize,
    Source,
    own_parts,
    stated,
)
from lstm_migrate.cli.output import Output, ReportFile, failures_shown, shown
from lstm_migrate.errors import PlanError, Problem, VerificationError

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


app.add_typer(mappings.app, name="mappings", short_help="List, show, check and draft mapping files.")


@app.command(epilog=EPILOG, short_help="Convert SOURCE and prove the result.")
def convert(
    source: Source,
    to: Annotated[
        Path,
        typer.Option("--to", metavar="TARGET", help="The .keras file to write; other formats: see --as."),
    ],
    architecture: Architecture = None,
    assume: Assume = None,
    mapping: MappingFile = None,
    layout: Annotated[
        list[str] | None,
        typer.Option(
            "--as",
            metavar="LAYOUT",
            help="From a .keras file to a TARGET in .npz or .safetensors: the layout that its layers get, as "
            "keras1.lstm. May be given again, one for each kind of layer.",
        ),
    ] = None,
    custom: Custom = None,
    recorded: Recorded = None,
    resize: Resize = None,
    inputs: Inputs = None,
    compensate: Compensate = False,
    allow_unproven: AllowUnproven = False,
    allow_lossy: AllowLossy = False,
    allow_nonfinite: AllowNonfinite = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace TARGET if it is there.")] = False,
    report: Destination = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Convert SOURCE to a .keras file and prove that it computes the same; or back, with --as.

    TARGET is written only if the proof succeeds.
    """
    output = Output(as_json=as_json, quiet=quiet)
    with failures_shown():
        report_file = ReportFile(report, apart_from=(source, to, recorded, inputs))
        from lstm_migrate import pipeline

        def run() -> Report:
            with output.long_work() as progress:
                return pipeline.convert(
                    source,
                    to,
                    architecture=architecture,
                    assume=stated(assume),
                    mapping=mapping,
                    layout=layout,
                    custom_objects=own_parts(custom),
                    recorded=recorded,
                    resize=resize or (),
                    inputs=inputs,
                    compensate=compensate,
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
    resize: Resize = None,
    inputs: Inputs = None,
    compensate: Compensate = False,
    allow_unproven: AllowUnproven = False,
    report: Destination = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Prove that TARGET, converted earlier or by others, computes what SOURCE computed."""
    output = Output(as_json=as_json, quiet=quiet)
    with failures_shown():
        report_file = ReportFile(report, apart_from=(source, target, recorded, inputs))
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
                    resize=resize or (),
                    inputs=inputs,
                    compensate=compensate,
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
    resize: Resize = None,
    inputs: Inputs = None,
    compensate: Compensate = False,
    allow_lossy: AllowLossy = False,
    trace: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VARIABLE[INDEX]",
            help="Say where one number of the new model comes from, e.g. lstm_1.bias[5]. May be given again.",
        ),
    ] = None,
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
                resize=resize or (),
                inputs=inputs,
                compensate=compensate,
                allow_lossy=allow_lossy,
                trace=trace or (),
            )
        )


@app.command(epilog=EPILOG, short_help="Say why SOURCE does not fit a model, and what mends it.")
def diagnose(
    source: Source,
    against: Annotated[
        str,
        typer.Option(
            metavar="FILE|MODULE:FUNCTION",
            help="The model that the weights are to fit: .keras, a full HDF5 model, what to_json() or "
            "to_yaml() wrote, or a function that builds a Keras 3 model.",
        ),
    ],
    architecture: Architecture = None,
    mapping: MappingFile = None,
    custom: Custom = None,
    recorded: Recorded = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Write the mapping file that mends it to FILE."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE if it is there.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say layer by layer why the weights of SOURCE do not fit a model, and print what mends it.

    With --recorded, also find out how SOURCE computed: gate order, biases, activations.
    """
    output = Output(as_json=as_json, quiet=quiet)
    with failures_shown():
        from lstm_migrate import pipeline

        mapping_file = MappingText(to, apart_from=(source, recorded, *(mapping or ())), overwrite=overwrite)
        with output.long_work() as progress:
            found = pipeline.diagnose(
                source,
                against,
                architecture=architecture,
                mapping=mapping,
                custom_objects=own_parts(custom),
                recorded=recorded,
                progress=progress,
            )
        mapping_file.write(found.mapping)
        output.result(found)
        if quiet and not as_json and to is None:
            shown(found.mapping or found.sentence)
        if not found.fits:
            raise PlanError(
                [Problem("cannot be mended by a mapping file", hint=f"{way}.") for way in found.ways_out]
            )


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
