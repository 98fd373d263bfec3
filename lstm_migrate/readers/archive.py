"""`.keras` files, of Keras 2.12 to 2.15 and of Keras 3 alike: an archive → Checkpoint.

A version, a config and a weight store, each a member of one ZIP archive.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lstm_migrate.checkpoint import Checkpoint, Writer
from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers.hdf5.leftovers import described_training
from lstm_migrate.readers.hdf5.store import collected, open_part, store_checkpoint
from lstm_migrate.readers.json_text import parse_object
from lstm_migrate.readers.writer import detect_writer
from lstm_migrate.readers.zipped import Archive

METADATA, CONFIG, WEIGHTS, ASSETS = "metadata.json", "config.json", "model.weights.h5", "assets/"
OTHER_WEIGHTS = ("model.weights.npz", "model.weights.json")


def open_archive(path: Path) -> Checkpoint:
    """Opens a `.keras` file; SourceError for every way in which it can be none."""
    archive = Archive(path)
    try:
        metadata = parse_object(archive.text(METADATA), METADATA)
        config = parse_object(archive.text(CONFIG), CONFIG)
        _check_weights(archive)
        part = open_part(WEIGHTS, archive.unpacked(WEIGHTS))
        try:
            return store_checkpoint(
                path,
                collected([part], path.stat().st_size, str(path)),
                writer=_writer(metadata, config),
                architecture=config,
                left_behind=_left_behind(archive, config),
            )
        except BaseException:
            part.close()
            raise
    finally:
        archive.close()


def _check_weights(archive: Archive) -> None:
    other = [name for name in OTHER_WEIGHTS if name in archive.names]
    if other and WEIGHTS not in archive.names:
        raise SourceError(
            Problem(
                "keeps its weights in a form that is not read here",
                where=str(archive.path),
                found=other[0],
                expected=WEIGHTS,
                hint="Save the model again without `weights_format` and without sharding",
            )
        )


def _writer(metadata: Mapping[str, Any], config: Mapping[str, Any]) -> Writer:
    version = metadata.get("keras_version")
    stamp = {"keras_version": version} if isinstance(version, str) else {}
    writer = detect_writer([stamp], config)
    date = metadata.get("date_saved")
    if not isinstance(date, str):
        return writer
    return Writer(writer.name, writer.version, writer.backend, (*writer.evidence, f"saved {date[:40]}"))


def _left_behind(archive: Archive, config: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    training = config.get("compile_config")
    if isinstance(training, Mapping) and training:
        found["training_config"] = described_training(training)
    assets = [name for name in archive.names if name.startswith(ASSETS)]
    others = [name for name in archive.names if name not in (METADATA, CONFIG, WEIGHTS, *assets)]
    if assets:
        found["assets"] = f"{len(assets)} file{'s' * (len(assets) != 1)}: {', '.join(assets[:4])}"
    if others:
        found["other members"] = ", ".join(others[:8])
    return found
