"""The archive holds what Keras itself would have put there, and its values pass through one by one."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lstm_migrate.errors import TargetError

CORPUS = Path(__file__).parents[2] / "corpus" / "valid"
CASES = ["k208-seq2seq", "k216-layer-in-two-models", "k224-nested-many-io", "tfk20-bidir-none", "tfk215-mha"]


def members(path: Path) -> dict[str, Any]:
    """What an archive holds: texts, and HDF5 files as their arrays and attributes by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: content(name, archive.read(name)) for name in archive.namelist()}


def content(name: str, value: bytes) -> Any:
    if name == "metadata.json":
        return sorted(json.loads(value))  # one of them is the time of writing
    if not name.endswith(".h5"):
        return value
    found: dict[str, Any] = {}

    def note(place: str, item: Any) -> None:
        found[place] = (
            {key: str(attribute) for key, attribute in item.attrs.items()},
            (item.dtype.str, item.shape, item[()].tobytes()) if isinstance(item, h5py.Dataset) else None,
        )

    with h5py.File(BytesIO(value)) as file:
        file.visititems(note)
    return found


def write(case: str, path: Path) -> None:
    from lstm_migrate.opening import planned
    from lstm_migrate.targets.writing import write_model

    with planned(CORPUS / case / "model.h5") as found:
        write_model(
            found.plan, found.checkpoint.read, path, found.target.activation_name, lambda done, total: None
        )


@pytest.mark.parametrize("case", CASES)
def test_the_archive_holds_what_keras_itself_saves(case: str, keras: Any, tmp_path: Path) -> None:
    keras.utils.clear_session()  # layers inside layers are numbered through
    write(case, tmp_path / "ours.keras")
    keras.utils.clear_session()
    keras.models.load_model(tmp_path / "ours.keras").save(tmp_path / "theirs.keras")
    ours, theirs = members(tmp_path / "ours.keras"), members(tmp_path / "theirs.keras")
    assert list(ours) == list(theirs)
    assert ours["model.weights.h5"] == theirs["model.weights.h5"]
    assert json.loads(ours["config.json"]).keys() == json.loads(theirs["config.json"]).keys()


def test_a_packed_folder_is_the_archive_that_keras_makes(keras: Any, tmp_path: Path) -> None:
    from lstm_migrate.targets.writing import pack

    words = keras.layers.StringLookup(vocabulary=["one", "two"])
    model = keras.Sequential([keras.Input((1,), dtype="string"), words, keras.layers.Embedding(4, 3)])
    model.save(tmp_path / "folder", zipped=False)
    pack(tmp_path / "folder", tmp_path / "ours.keras")
    model.save(tmp_path / "theirs.keras")
    assert members(tmp_path / "ours.keras") == members(tmp_path / "theirs.keras")


def test_a_large_archive_is_opened_from_a_folder_and_holds_the_same(
    keras: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lstm_migrate.targets import reopened

    path = tmp_path / "model.keras"
    write("k208-seq2seq", path)
    plainly = keras.models.load_model(path)
    opened: list[Path] = []
    load = keras.models.load_model
    monkeypatch.setattr(reopened, "LARGE_BYTES", 0)
    monkeypatch.setattr(
        keras.models, "load_model", lambda place, **options: (opened.append(place), load(place, **options))[1]
    )
    live = reopened.reopen(path)
    assert len(opened) == 1 and opened[0] != path
    for one, other in zip(plainly.get_weights(), live.model.get_weights(), strict=True):
        assert np.array_equal(one, other)
    assert [item.name for item in tmp_path.iterdir()] == ["model.keras"]


def test_a_layer_holds_large_values_only_while_it_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lstm_migrate.targets import filling, lending
    from lstm_migrate.targets.keras_model import Builder

    monkeypatch.setattr(lending, "LARGE_BYTES", 0)
    models: list[Any] = []
    build = Builder.model
    monkeypatch.setattr(
        Builder, "model", lambda self, graph: (models.append(build(self, graph)), models[-1])[1]
    )
    held: list[int] = []
    fill = filling.fill

    def counted(*given: Any) -> None:
        fill(*given)
        held.append(sum(bool(np.asarray(value).any()) for value in models[0].get_weights()))

    monkeypatch.setattr(filling, "fill", counted)
    write("k208-bidir-stacked", tmp_path / "model.keras")
    assert max(held) < len(models[0].get_weights())
    assert not any(np.asarray(value).any() for value in models[0].get_weights())


@pytest.mark.parametrize(
    "raised",
    [
        OSError(28, "No space left on device"),
        RuntimeError(
            "can't flush (file write failed: errno = 28, error message = '…', total write size = 8)"
        ),
    ],
)
def test_a_full_disk_is_told_in_the_words_of_the_system(
    raised: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lstm_migrate.targets import writing

    def fail(*_: Any) -> None:
        raise raised

    monkeypatch.setattr(writing, "pack", fail)
    with pytest.raises(TargetError, match="No space left on device"):
        write("k208-seq2seq", tmp_path / "model.keras")
    assert list(tmp_path.iterdir()) == []


def test_a_bug_is_no_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lstm_migrate.targets import writing

    def fail(*_: Any) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(writing, "pack", fail)
    with pytest.raises(ValueError, match="a bug"):
        write("k208-seq2seq", tmp_path / "model.keras")
