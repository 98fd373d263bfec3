"""Every hostile file ends in one SourceError that names what it abuses, and nothing else happens."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest

from lstm_migrate.errors import SourceError
from lstm_migrate.readers import open_checkpoint
from tests.unit.readers.hostile import HOSTILE, write_model

CORPUS = Path(__file__).parents[2] / "corpus" / "hostile"
# The file is sound, only its config means nonsense: that is for the plan to refuse.
SOUND = {
    "cyclic_graph.h5",
    "huge_units.h5",
    "lambda_bytecode_py310.h5",
    "negative_units.h5",
    "unknown_activation.h5",
}
FILES = sorted(CORPUS.glob("*.h5"))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_by_what_it_abuses(name: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.h5"
    HOSTILE[name].make(path)
    with pytest.raises(SourceError) as caught:
        open_checkpoint(path)
    assert HOSTILE[name].error in str(caught.value)


def test_the_model_that_the_hostile_files_are_made_of_is_sound(tmp_path: Path) -> None:
    write_model(tmp_path / "sound.h5")
    with open_checkpoint(tmp_path / "sound.h5") as checkpoint:
        assert checkpoint.groups == {"d": ("d/d/kernel:0", "d/d/bias:0")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_bad_file_of_the_corpus_is_refused_unless_only_its_config_is_bad(path: Path) -> None:
    if path.name in SOUND:
        with open_checkpoint(path) as checkpoint:
            assert checkpoint.format == "keras-hdf5"
    else:
        with pytest.raises(SourceError):
            open_checkpoint(path)


def test_the_hostile_corpus_is_there() -> None:
    assert len(FILES) >= 17
    assert {path.name for path in FILES} >= SOUND


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "two.h5"
    HOSTILE["weight missing"].make(path)
    with h5py.File(path, "r+") as file:
        file["model_weights"].attrs["layer_names"] = [b"d", b"x", b"y"]
    with pytest.raises(SourceError) as caught:
        open_checkpoint(path)
    assert [problem.where for problem in caught.value.problems] == ["d/d/gamma:0", "x", "y"]
