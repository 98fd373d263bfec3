"""What convert makes of every case of the corpus, and the table that says what it should make of it.

    python tests/corpus/expect.py                    writes expected.tsv anew
    python tests/corpus/expect.py 'tfk20-mask-*'     only these rows
    python tests/corpus/expect.py --print …          shows the rows and writes nothing

A case that convert calls verified and that differs from what its framework recorded is told on
stderr and ends the script with 1; its row says "verified" all the same, so that the test fails.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

CORPUS = Path(__file__).parent
VALID = CORPUS / "valid"
TABLE = CORPUS / "expected.tsv"
COLUMNS = ("case", "outcome", "error", "phrase")

ARCHITECTURES = ("architecture.json", "model.json", "model.yaml")  # beside weights

SAYS_ENOUGH, LONGEST = 40, 110  # characters of an error

TOLERANCE = 2e-4
COARSER = {"bfloat16": 2e-2, "float16": 5e-3}  # by a word in the dtype policies


@dataclass(frozen=True)
class Row:
    """A case and what becomes of it: `outcome` "verified", or "refused" with a class and words of its error."""

    case: str
    outcome: str
    error: str = ""
    phrase: str = ""


@dataclass(frozen=True)
class Result:
    """What happened: the row, and what is wrong with a verified file (nothing, as a rule)."""

    row: Row
    said: str
    wrong: str = ""


def cases() -> list[str]:
    """The names of all cases."""
    return sorted(path.parent.name for path in VALID.glob("*/case.json"))


def source_of(case: str) -> Path:
    """The old file of a case."""
    named = json.loads((VALID / case / "case.json").read_text())["files"]
    return VALID / case / str(next(name for name in named if name not in ARCHITECTURES))


def architecture_of(case: str) -> Path | None:
    """The architecture beside a case's weights, if it has one."""
    return next((path for name in ARCHITECTURES if (path := VALID / case / name).exists()), None)


def table() -> dict[str, Row]:
    """The rows of expected.tsv by case."""
    with TABLE.open(newline="") as file:
        return {row["case"]: Row(**row) for row in csv.DictReader(file, delimiter="\t")}


def converted(case: str, folder: Path) -> Result:
    """Converts the case into `folder`, without showing it what was recorded, and holds the two together."""
    import lstm_migrate

    target = folder / "new.keras"
    try:
        report = lstm_migrate.convert(source_of(case), target, architecture=architecture_of(case))
    except lstm_migrate.LstmMigrateError as error:
        left = ", ".join(path.name for path in folder.iterdir())
        row = Row(case, "refused", type(error).__name__, phrase_of(error))
        return Result(row, " ".join(str(error).split()), f"left behind: {left}" if left else "")
    return Result(Row(case, report.verdict), "", differences(case, target))


def phrase_of(error: Any) -> str:
    """The beginning of a message, up to the first measured number or list: what stays the same."""
    said = error.problems[0].what
    text = " ".join((said if len(said) > SAYS_ENOUGH else str(error)).split())
    words = re.split(r" by \d|; ", text, maxsplit=1)[0]
    return words if len(words) <= LONGEST else words[:LONGEST].rsplit(" ", 1)[0]


def differences(case: str, target: Path) -> str:
    """How plain Keras, opening `target`, differs from what the old framework computed; "" if it does not.

    A stateful model is called as often as it was when it was recorded. Where the framework disagrees
    with itself after a reload, either answer is right.
    """
    model = opened(target)
    allowed = tolerance(model)
    recorded = [name for name in ("io.npz", "io_reload.npz") if (VALID / case / name).exists()]
    answers = [recording(case, name) for name in recorded]
    found = outputs(model, numbered(answers[0], "input_"))
    said = min((gap(found, numbered(answer, "output_"), allowed) for answer in answers), key=len)
    if said or not (VALID / case / "io_stateful.npz").exists():
        return said
    # The model has now been called once, with the inputs of the stateful recording's first call.
    twice = recording(case, "io_stateful.npz")
    said = gap(found, _of_call(twice, 1), allowed)
    return said or gap(outputs(model, numbered(twice, "input_")), _of_call(twice, 2), allowed)


def _of_call(recorded: Mapping[str, Any], call: int) -> list[Any]:
    return [value for key, value in sorted(recorded.items()) if key.endswith(f"_call{call}")]


def opened(target: Path) -> Any:
    """The file in plain Keras: safe mode, no custom objects."""
    import keras

    return keras.models.load_model(target, compile=False)


def recording(case: str, name: str) -> dict[str, Any]:
    with np.load(VALID / case / name, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def numbered(arrays: Mapping[str, Any], stem: str) -> list[Any]:
    """stem0, stem1, … as far as they go."""
    return [arrays[f"{stem}{index}"] for index in range(sum(key.startswith(stem) for key in arrays))]


def outputs(model: Any, inputs: Sequence[Any]) -> list[Any]:
    """The model's outputs, flat."""
    import keras

    fed = [keras.ops.convert_to_tensor(value) for value in inputs]
    found = model(fed if len(fed) > 1 else fed[0], training=False)
    return [keras.ops.convert_to_numpy(item) for item in keras.tree.flatten(found)]


def tolerance(model: Any) -> float:
    """How far the outputs may lie from the recorded ones, by the model's dtype policies."""
    policies = " ".join(layer.dtype_policy.name for layer in model._flatten_layers())
    return next((allowed for word, allowed in COARSER.items() if word in policies), TOLERANCE)


def gap(found: Sequence[Any], wanted: Sequence[Any], allowed: float) -> str:
    """In words, how two lists of outputs differ; "" if they do not."""
    if len(found) != len(wanted):
        return f"{len(found)} outputs, recorded {len(wanted)}"
    shapes = [(a.shape, b.shape) for a, b in zip(found, wanted, strict=True) if a.shape != b.shape]
    if shapes:
        return f"shapes {shapes}"
    for number, (a, b) in enumerate(zip(found, wanted, strict=True)):
        if not np.allclose(a.astype("f8"), b.astype("f8"), rtol=0, atol=allowed, equal_nan=True):
            worst = np.max(np.abs(a.astype("f8") - b.astype("f8")))
            return f"output {number} differs by {worst:.3g}, allowed {allowed:g}"
    return ""


def main() -> int:
    """Converts every chosen case and writes its row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="*", default=["*"], help="names of cases, also as patterns")
    parser.add_argument("--print", action="store_true", help="show the rows, write nothing")
    options = parser.parse_args()
    known = table() if TABLE.exists() else {}
    chosen = [case for case in cases() if any(fnmatch(case, pattern) for pattern in options.case)]
    wrong, rows = 0, {}
    for case in chosen:
        result = _safely(case)
        wrong += bool(result.wrong)
        rows[case] = _kept(known.get(case), result)
        if options.print or result.wrong:
            print(*vars(rows[case]).values(), result.wrong or result.said, sep="\t", file=sys.stderr if result.wrong else None)
    if not options.print:
        write({case: (known | rows)[case] for case in cases() if case in known | rows})
    print(dict(Counter(row.outcome for row in rows.values())), f"wrong: {wrong}", file=sys.stderr)
    return int(wrong > 0)


def _safely(case: str) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return converted(case, Path(folder))
        except Exception as error:
            # One crash must not hide the other rows.
            said = " ".join(traceback.format_exception_only(error)).strip()
            return Result(Row(case, "crashed", type(error).__name__), said, said)


def _kept(old: Row | None, result: Result) -> Row:
    """The old row where it still fits, with the words that somebody chose; else the new one."""
    new = result.row
    if old and (old.outcome, old.error) == (new.outcome, new.error) and old.phrase in result.said:
        return old
    return new


def write(rows: Mapping[str, Row]) -> None:
    """Writes expected.tsv."""
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((row.case, row.outcome, row.error, row.phrase) for row in rows.values())


if __name__ == "__main__":
    sys.exit(main())
