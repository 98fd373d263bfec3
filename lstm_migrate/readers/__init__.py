"""From a file to a Checkpoint: one format a module, known by its content and never by its suffix.

Readers know names, shapes and dtypes; what a tensor means is for `architecture/` and `planning/`.
"""

from __future__ import annotations

from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import cast

from lstm_migrate.checkpoint import Checkpoint
from lstm_migrate.readers.sniffing import sniff

READERS = {
    "keras-archive": "lstm_migrate.readers.archive:open_archive",
    "hdf5": "lstm_migrate.readers.hdf5:open_hdf5",
    "npz": "lstm_migrate.readers.npz:open_npz",
    "safetensors": "lstm_migrate.readers.safetensors_file:open_safetensors",
    "sharded-weights": "lstm_migrate.readers.sharded:open_sharded",
}
"""Format, as `sniff` calls it → the function that opens it, imported when a file asks for it."""


def open_checkpoint(path: str | PathLike[str]) -> Checkpoint:
    """Opens `path` read-only and reads headers alone. Use it in a `with` block: values come on demand.

    Raises SourceError for whatever cannot be read, is damaged or unsafe.
    """
    source = Path(path)
    module, function = READERS[sniff(source)].split(":")
    return cast(Checkpoint, getattr(import_module(module), function)(source))
