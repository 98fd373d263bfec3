"""The `mappings` commands: what is shipped, and a user's own file: checked, or drafted from a source.

Nothing heavy is imported here: `--help` must not wait for NumPy, HDF5 or the mapping files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lstm_migrate.cli.mapping_text import MappingText
from lstm_migrate.cli.options import Architecture, AsJson, Assume, Custom, Source, own_parts, stated
from lstm_migrate.cli.output import Output, failures_shown, shown
from lstm_migrate.errors import LstmMigrateError, UsageError

app = typer.Typer(
    help="Mapping files: what is shipped, and your own.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command("list", short_help="List what is shipped.")
def list_(as_json: AsJson = False) -> None:
    """List the shipped mapping files and the layouts that they declare."""
    with failures_shown():
        from lstm_migrate.mapping.listing import listed

        Output(as_json=as_json).result(listed())


@app.command(short_help="Show a shipped file, or one layout.")
def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", show_default=False, help="A shipped file or layout, as listed.")
    ],
) -> None:
    """Show a shipped mapping file, or a layout with all that it extends written out, to copy and change."""
    with failures_shown():
        from lstm_migrate.mapping import listing

        shown(listing.shown(name))


@app.command(short_help="Check a mapping file.")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="The mapping file.")],
    source: Annotated[
        Path | None, typer.Argument(metavar="[SOURCE]", show_default=False, help="The old file.")
    ] = None,
    architecture: Architecture = None,
    assume: Assume = None,
    custom: Custom = None,
    as_json: AsJson = False,
) -> None:
    """Check that a mapping file makes sense and, with SOURCE, that it fits. Reads headers only.

    Every problem is told at its line and column. Exit code 4: the file is wrong; 5: it does not fit.
    """
    output = Output(as_json=as_json)
    with failures_shown():
        if source is None and (architecture or assume):
            raise UsageError("--architecture and --assume are about a SOURCE", hint="Name it behind FILE.")
        from lstm_migrate import pipeline
        from lstm_migrate.report import MappingCheck

        try:
            found = pipeline.check_mapping(
                file,
                source,
                architecture=architecture,
                assume=stated(assume),
                custom_objects=own_parts(custom),
            )
        except LstmMigrateError as error:
            if as_json:
                output.result(MappingCheck(str(file), False, {}, error.problems))
            raise
        output.result(found)


@app.command(short_help="Print the JSON schema for editors.")
def schema() -> None:
    """Print the JSON schema of mapping files, from which editors complete keys and underline mistakes."""
    with failures_shown():
        from lstm_migrate.mapping.schema import text

        shown(text())


@app.command(short_help="Draft a mapping file for SOURCE.")
def draft(
    source: Source,
    architecture: Architecture = None,
    custom: Custom = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write it to FILE instead of printing it.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE if it is there.")] = False,
) -> None:
    """Draft a commented mapping file that converts SOURCE as it is, to be edited. Reads headers only."""
    with failures_shown():
        file = MappingText(to, apart_from=(source,), overwrite=overwrite)
        from lstm_migrate import pipeline

        text = pipeline.draft(source, architecture=architecture, custom_objects=own_parts(custom))
        if to is None:
            shown(text)
        else:
            file.write(text)
