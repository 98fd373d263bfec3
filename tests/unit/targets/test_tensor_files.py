"""What is written is what is read again, bit for bit, by us and by those whose formats these are."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file

from lstm_migrate.errors import SourceError, TargetError
from lstm_migrate.readers import open_checkpoint
from lstm_migrate.readers.npz import open_npz
from lstm_migrate.readers.safetensors_file import open_safetensors
from lstm_migrate.targets.tensor_files import FORMATS, format_of, write_tensors
from tests.unit.readers.any_arrays import any_array, same_bits

OPEN = {"npz": open_npz, "safetensors": open_safetensors}
BOTH = pytest.mark.parametrize("format", FORMATS)
NAMES = st.sampled_from(["z", "rnn/lstm/kernel", "a.npy", "W:0", "ü", "file", "allow_pickle", "arr_0", "a"])
LAW = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SOME = {"z": np.ones((2, 3), "float16"), "b": np.arange(3), "a": np.float64([-0.0, np.nan])}


# ---- laws


@LAW
@given(st.dictionaries(NAMES, any_array(), min_size=1), st.sampled_from(sorted(FORMATS)))
def test_what_is_written_is_read_bit_for_bit_in_its_order(
    tmp_path: Path, tensors: dict[str, Any], format: str
) -> None:
    path = tmp_path / ".a.partial.keras"
    write_tensors(path, tensors, format)
    with OPEN[format](path) as checkpoint:
        assert list(checkpoint.tensors) == list(tensors)
        for name, value in tensors.items():
            assert same_bits(checkpoint.read(name), value)


@LAW
@given(st.dictionaries(NAMES, any_array(), min_size=1))
def test_those_whose_formats_these_are_read_the_same(tmp_path: Path, tensors: dict[str, Any]) -> None:
    write_tensors(tmp_path / "a.npz", tensors, "npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert archive.files == list(tensors)
        # By the member's name: NumPy takes "a.npy" for the member of "a".
        assert all(same_bits(archive[f"{name}.npy"], value) for name, value in tensors.items())
    write_tensors(tmp_path / "a.safetensors", tensors, "safetensors")
    loaded = load_file(tmp_path / "a.safetensors")
    assert set(loaded) == set(tensors)
    assert all(same_bits(loaded[name], value) for name, value in tensors.items())


@LAW
@given(st.text(max_size=12), st.sampled_from(sorted(FORMATS)))
@example("../a", "npz")
@example("C:a", "npz")
@example("a//b", "npz")
@example("__metadata__", "safetensors")
@example("a\ud800", "safetensors")
def test_a_name_is_refused_or_read_again(tmp_path: Path, name: str, format: str) -> None:
    path = tmp_path / "a"
    path.unlink(missing_ok=True)  # of the example before
    try:
        write_tensors(path, {name: np.ones(2), "other": np.ones(1)}, format)
    except TargetError:
        assert not path.exists()
    else:
        with open_checkpoint(path) as checkpoint:
            assert list(checkpoint.tensors) == list(dict.fromkeys([name, "other"]))


@BOTH
def test_the_same_tensors_give_the_same_bytes(
    format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tensors(tmp_path / "first", SOME, format)
    monkeypatch.setattr("time.time", lambda: 2e9)
    others = {
        name: np.asfortranarray(value.astype(value.dtype.newbyteorder(">"))) for name, value in SOME.items()
    }
    write_tensors(tmp_path / "second.other", others, format)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second.other").read_bytes()


@BOTH
def test_another_bit_or_order_gives_other_bytes(format: str, tmp_path: Path) -> None:
    written = []
    for tensors in (SOME, {**SOME, "a": np.float64([0.0, np.nan])}, dict(reversed(SOME.items()))):
        write_tensors(tmp_path / "a", tensors, format)
        written.append((tmp_path / "a").read_bytes())
    assert len(set(written)) == 3


# ---- the files


def test_an_npz_is_what_numpy_itself_saves(tmp_path: Path) -> None:
    write_tensors(tmp_path / "ours.npz", SOME, "npz")
    np.savez(tmp_path / "theirs.npz", **SOME)
    assert (tmp_path / "ours.npz").read_bytes() == (tmp_path / "theirs.npz").read_bytes()


def test_safetensors_stand_where_their_types_may_be_mapped(tmp_path: Path) -> None:
    tensors = {"c": np.ones(3, "int8"), "b": np.ones(1), "a": np.ones(3, "float16"), "d": np.ones(2)}
    write_tensors(tmp_path / "a", tensors, "safetensors")
    data = (tmp_path / "a").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    assert list(header) == list(tensors)
    assert length % 8 == 0
    for name, value in tensors.items():
        assert header[name]["data_offsets"][0] % value.itemsize == 0
    with safe_open(tmp_path / "a", framework="numpy") as file:
        assert file.get_tensor("d").tolist() == [1, 1]


def test_bfloat16_of_other_software_is_kept_where_the_format_has_it(tmp_path: Path) -> None:
    import ml_dtypes

    value = np.array([[1, -3.140625], [np.nan, -0.0]], ml_dtypes.bfloat16)
    write_tensors(tmp_path / "a.safetensors", {"a": value.T}, "safetensors")
    with open_checkpoint(tmp_path / "a.safetensors") as checkpoint:
        assert checkpoint.tensors["a"].dtype == "bfloat16"
        np.testing.assert_array_equal(checkpoint.read("a"), value.T.astype("float32"))
    with pytest.raises(TargetError, match="bfloat16"):
        write_tensors(tmp_path / "a.npz", {"a": value}, "npz")


def test_a_suffix_tells_the_format() -> None:
    assert format_of(Path("a.b.npz")) == "npz"
    assert format_of(Path("A.SAFETENSORS")) == "safetensors"


@pytest.mark.parametrize("name", ["a.keras", "a.h5", "npz", "a.npz.gz", "a"])
def test_another_suffix_is_refused_with_both_that_would_do(name: str) -> None:
    with pytest.raises(TargetError) as caught:
        format_of(Path(name))
    [problem] = caught.value.problems
    assert problem.where == name
    assert ".npz" in problem.expected and ".safetensors" in problem.expected


# ---- what cannot be written


@BOTH
def test_all_that_cannot_be_written_is_told_at_once_and_nothing_is_there(format: str, tmp_path: Path) -> None:
    tensors = {
        "object": np.array([{}]),
        "fine": np.ones(1),
        "complex": np.ones(1, "complex64"),
        "text": np.array("a"),
        "bell\a": np.ones(1),
        "": np.ones(1),
        "l" * 70_000: np.ones(1),
    }
    with pytest.raises(TargetError) as caught:
        write_tensors(tmp_path / "a", tensors, format)
    places = [problem.where for problem in caught.value.problems]
    assert places[:4] == ["object", "complex", "text", r"'bell\x07'"]
    assert len(places) == 6
    assert list(tmp_path.iterdir()) == []


@contextmanager
def no_room_beyond(size: int) -> Any:
    """No file of this process may grow beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@BOTH
@pytest.mark.parametrize("size", [0, 100, 60_000])
def test_a_full_disk_leaves_nothing(format: str, size: int, tmp_path: Path) -> None:
    with no_room_beyond(size), pytest.raises(TargetError, match="cannot be written"):
        write_tensors(tmp_path / "a", {"a": np.ones(10_000)}, format)
    assert list(tmp_path.iterdir()) == []


class Interrupting(dict[str, Any]):
    """Tensors whose second is never reached."""

    def __getitem__(self, name: str) -> Any:
        if name == "b":
            raise KeyboardInterrupt
        return super().__getitem__(name)


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_tensors(tmp_path / "a", Interrupting(a=np.ones(2), b=np.ones(2)), "safetensors")
    assert list(tmp_path.iterdir()) == []


@BOTH
def test_a_folder_that_is_not_there_is_a_target_error(format: str, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="No such file"):
        write_tensors(tmp_path / "none" / "a", SOME, format)


@BOTH
def test_it_writes_into_a_partial_file_and_is_moved_into_place(format: str, tmp_path: Path) -> None:
    from lstm_migrate.targets.partial import commit, partial_file

    target = tmp_path / f"new{FORMATS[format].suffix}"
    with partial_file(target) as partial:
        write_tensors(partial, SOME, format)
        commit(partial, target, overwrite=False)
    assert list(tmp_path.iterdir()) == [target]
    with open_checkpoint(target) as checkpoint:
        assert (checkpoint.format, list(checkpoint.tensors)) == (format, list(SOME))
    with pytest.raises(SourceError), partial_file(target) as partial:
        OPEN[format](partial)
    assert list(tmp_path.iterdir()) == [target]


def test_nothing_compressed_and_no_pickle_stands_in_an_npz(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a.npz", SOME, "npz")
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_neither_reading_nor_writing_imports_a_framework(tmp_path: Path) -> None:
    code = """
import sys, numpy
from pathlib import Path
from lstm_migrate.readers import open_checkpoint
from lstm_migrate.targets.tensor_files import format_of, write_tensors
for name in sys.argv[1:]:
    write_tensors(Path(name), {"a": numpy.ones(2)}, format_of(Path(name)))
    with open_checkpoint(name) as checkpoint:
        assert checkpoint.read("a").tolist() == [1, 1]
print(sorted({"keras", "tensorflow", "torch", "jax"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", code, str(tmp_path / "a.npz"), str(tmp_path / "a.safetensors")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")
