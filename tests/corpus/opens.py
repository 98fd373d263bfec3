"""Which cases of the corpus Keras 3 opens by itself, and whether they then compute the same.

    python tests/corpus/opens.py      measures all and writes opens.tsv anew

`inspect` predicts this without Keras; the test holds the prediction against the table.
"""

from __future__ import annotations

import csv
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from expect import CORPUS, cases, numbered, outputs, recording, gap, source_of, tolerance

TABLE = CORPUS / "opens.tsv"


def measured(case: str) -> tuple[str, str]:
    """("no", reason), ("yes", "") or ("other", how it differs)."""
    try:
        model = _opened(source_of(case))
    except Exception as error:
        # Keras raises any kind of exception here.
        return "no", f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"
    io = recording(case, "io.npz")
    try:
        found = outputs(model, numbered(io, "input_"))
    except Exception as error:
        return "other", f"cannot be called: {type(error).__name__}"
    differs = gap(found, numbered(io, "output_"), tolerance(model))
    return ("other", differs) if differs else ("yes", "")


def _opened(source: Path) -> Any:
    import keras

    with tempfile.TemporaryDirectory() as folder:
        # Keras goes by the suffix; some cases of HDF5 have another one.
        path = Path(folder) / f"model{'.keras' if zipfile.is_zipfile(source) else '.h5'}"
        shutil.copy(source, path)
        return keras.models.load_model(path, compile=False)


def main() -> None:
    """Writes the table."""
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(("case", "opens", "said"))
        writer.writerows((case, *measured(case)) for case in cases())


if __name__ == "__main__":
    sys.exit(main())
