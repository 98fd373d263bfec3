"""`.npz` archives: arrays come as NumPy wrote them, objects never, and damage is one SourceError."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstm_migrate.errors import SourceError
from lstm_migrate.readers import open_checkpoint, raw
from lstm_migrate.readers.npz import open_npz
from tests.unit.readers.any_arrays import any_array, joined, same_bits
from tests.unit.readers.hostile import Hostile


def saved(path: Path, *, packed: bool = False, **named: Any) -> Path:
    (np.savez_compressed if packed else np.savez)(path, **named)
    return path


def npy(header: str | bytes, data: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    """An `.npy` file of this header."""
    text = header.encode("latin-1") if isinstance(header, str) else header
    return (
        b"\x93NUMPY"
        + bytes(version)
        + struct.pack("<H" if version == (1, 0) else "<I", len(text))
        + text
        + data
    )


def described(descr: str = "<f4", shape: str = "(2,)", fortran: str = "False") -> str:
    return f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n"


# ---- what is sound


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from(["a", "rnn/lstm/kernel", "W:0", "ü", "x.npy"]), any_array(), min_size=1),
    st.booleans(),
)
def test_what_numpy_saves_is_read_bit_for_bit(tmp_path: Path, named: dict[str, Any], packed: bool) -> None:
    with open_npz(saved(tmp_path / "a.npz", packed=packed, **named)) as checkpoint:
        assert list(checkpoint.tensors) == list(named)
        for name, value in named.items():
            info = checkpoint.tensors[name]
            assert (info.shape, info.dtype) == (value.shape, value.dtype.newbyteorder("=").name)
            assert same_bits(checkpoint.read(name), value)
            assert same_bits(joined(checkpoint, name), value)


def test_an_archive_holds_tensors_and_says_nothing_of_layers(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5.npz", **{"lstm/kernel": np.zeros((2, 3), ">f8")})
    with open_checkpoint(path) as checkpoint:
        assert (checkpoint.format, checkpoint.groups, checkpoint.architecture) == ("npz", {}, None)
        assert (checkpoint.writer.name, checkpoint.writer.version) == ("unknown", "")
        assert "NumPy" in checkpoint.writer.evidence[0]
        assert checkpoint.tensors["lstm/kernel"].dtype == "float64"


def test_payloads_of_nan_and_signs_of_zero_come_through(tmp_path: Path) -> None:
    bits = np.array([0x7F800001, 0xFFC12345, 0x80000000, 1], "<u4")
    for order in "<>":
        path = saved(tmp_path / "a.npz", a=bits.view("<f4").astype(f"{order}f4"))
        with open_npz(path) as checkpoint:
            np.testing.assert_array_equal(checkpoint.read("a").view(np.uint32), bits)


def test_a_large_tensor_comes_in_blocks_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "BLOCK_BYTES", 100)
    value = np.arange(7 * 10, dtype="float32").reshape(7, 10)
    with open_npz(saved(tmp_path / "a.npz", a=value, f=np.asfortranarray(value))) as checkpoint:
        blocks = list(checkpoint.blocks("a"))
        assert [(part.start, part.stop) for part, _ in blocks] == [(0, 2), (2, 4), (4, 6), (6, 7)]
        np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), value)
        [(part, whole)] = checkpoint.blocks("f")
        assert part == slice(None)
        np.testing.assert_array_equal(whole, value)


def test_two_tensors_are_read_in_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "BLOCK_BYTES", 16)
    a, b = np.arange(20.0).reshape(10, 2), -np.arange(20.0).reshape(10, 2)
    with open_npz(saved(tmp_path / "a.npz", a=a, b=b)) as checkpoint:
        for (part, left), (_, right) in zip(checkpoint.blocks("a"), checkpoint.blocks("b"), strict=True):
            assert left.tolist() == a[part].tolist()
            assert right.tolist() == b[part].tolist()


def test_headers_of_python_2_and_of_version_2_are_read(tmp_path: Path) -> None:
    path, data = tmp_path / "a.npz", np.array([1, 2], "<f4").tobytes()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("old.npy", npy(described(shape="(2L,)"), data))
        archive.writestr("long.npy", npy(described(), data, (2, 0)))
    with open_npz(path) as checkpoint:
        assert checkpoint.read("old").tolist() == checkpoint.read("long").tolist() == [1, 2]


def test_text_and_dates_are_left_behind(tmp_path: Path) -> None:
    dates = np.array(["2016-05-01"], "M8[D]")
    path = saved(tmp_path / "a.npz", a=np.ones(2), words=np.array(["i", "f"]), raw=np.bytes_("x"), day=dates)
    with open_npz(path) as checkpoint:
        assert list(checkpoint.tensors) == ["a"]
        assert checkpoint.left_behind == {
            "words": "text of shape (2,)",
            "raw": "text of shape ()",
            "day": "dates of shape (1,)",
        }


def test_opening_reads_headers_and_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", a=np.zeros((3000, 1000)))
    before = path.stat()
    tracemalloc.start()
    with open_npz(path) as checkpoint:
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
        assert checkpoint.tensors["a"].nbytes == 24_000_000
    tracemalloc.stop()
    assert (path.stat().st_mtime_ns, path.stat().st_size) == (before.st_mtime_ns, before.st_size)


def test_a_closed_archive_gives_nothing_more(tmp_path: Path) -> None:
    with open_npz(saved(tmp_path / "a.npz", a=np.ones(2))) as checkpoint:
        pass
    with pytest.raises(SourceError, match=r"a\.npy"):
        checkpoint.read("a")


# ---- what is hostile


class Evil:
    """Unpickled, it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("dtype", [object, [("a", object)]])
def test_objects_are_refused_by_name_and_not_unpickled(dtype: Any, tmp_path: Path) -> None:
    marker, evil = tmp_path / "evil", np.empty(1, dtype)
    evil[0] = Evil(marker) if dtype is object else (Evil(marker),)
    path = saved(tmp_path / "a.npz", kernel=np.ones(2), config=evil)
    with pytest.raises(SourceError) as caught:
        open_npz(path)
    [problem] = caught.value.problems
    assert (problem.where, problem.what) == ("config.npy", "is an array of Python objects")
    assert "pickle" in problem.hint
    assert not marker.exists()


def _members(content: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, value in content.items():
                archive.writestr(name, value)

    return make


def _headed(
    header: str | bytes, data: bytes = bytes(8), version: tuple[int, int] = (1, 0)
) -> Callable[[Path], None]:
    return _members({"a.npy": npy(header, data, version)})


def _array(value: Any) -> Callable[[Path], None]:
    return lambda path: _saved_as(path, value)


def _saved_as(path: Path, value: Any) -> None:
    with path.open("wb") as file:
        np.savez(file, a=value)


def _patched(offset: int, value: bytes, of: bytes = b"PK\x01\x02") -> Callable[[Path], None]:
    """A maker: a sound archive with some bytes of its directory replaced."""

    def make(path: Path) -> None:
        _saved_as(path, np.ones(3))
        data = bytearray(path.read_bytes())
        start = data.find(of) + offset
        data[start : start + len(value)] = value
        path.write_bytes(data)

    return make


def _twice(path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "w") as archive:
        for _ in range(2):
            archive.writestr("a.npy", npy(described(), bytes(8)))


def _cut(path: Path) -> None:
    _saved_as(path, np.ones(30))
    path.write_bytes(path.read_bytes()[:-40])


def _long_directory(path: Path) -> None:
    """A directory that claims 60 GB, packed well, in a file of some hundred bytes."""
    huge = 60 * 2**30
    count = huge // 4
    member = npy(described(shape=f"({count},)"))
    info = zipfile.ZipInfo("a.npy")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, member)
        info.file_size, info.compress_size = huge + len(member), huge // 100


DIGITS = "9" * 4000
HOSTILE_NPZ = {
    "a name that climbs out": Hostile(_members({"../a.npy": b""}), "paths", "leads out of the archive"),
    "an absolute name": Hostile(_members({"/a.npy": b""}), "paths", "has an absolute path"),
    "a drive": Hostile(_members({"C:a.npy": b""}), "paths", "has an absolute path"),
    "a control character": Hostile(_members({"a\x1b[2J.npy": b""}), "terminals", "has a name that"),
    "a member twice": Hostile(_twice, "two readers, two tensors", "more than once"),
    "two names for one": Hostile(_members({"b/a.npy": b"", "b//a.npy": b""}), "the same", "more than once"),
    "an encrypted member": Hostile(_patched(8, b"\1\0"), "what cannot be read", "is encrypted"),
    "another compression": Hostile(_patched(10, b"\x63\0"), "other decoders", "unknown (99)"),
    "lzma": Hostile(
        _members({"a.npy": npy(described(), bytes(8))}, zipfile.ZIP_LZMA), "other decoders", "lzma (14)"
    ),
    "a bomb": Hostile(
        _members({"a.npy": npy(described(shape="(8388608,)"), bytes(32 << 20))}, zipfile.ZIP_DEFLATED),
        "memory",
        "is compressed beyond belief",
    ),
    "a lying directory": Hostile(_long_directory, "memory", "reaches beyond the end of the file"),
    "cut off": Hostile(_cut, "a truncated download", "truncated"),
    "a stranger inside": Hostile(_members({"a.npy": b"PK\3\4"}), "parsers", "has no header of an .npy file"),
    "an empty member": Hostile(_members({"a.npy": b""}), "parsers", "has no header of an .npy file"),
    "another member": Hostile(
        _members({"a.npy": npy(described(), bytes(8)), "b.txt": b"b"}),
        "strangers",
        "a name that ends in .npy",
    ),
    "nothing but text": Hostile(_array(np.array("a")), "an empty source", "holds no tensors"),
    "version 9": Hostile(_headed(described(), version=(9, 0)), "parsers", "version 9.0"),
    "half a header": Hostile(_headed(described()[:20], b""), "parsers", "has no header"),
    "a header of 4 GB": Hostile(
        _members({"a.npy": b"\x93NUMPY\2\0\xff\xff\xff\xff{"}), "memory", "has no header"
    ),
    "a long header": Hostile(_headed(described() + " " * 20_000), "parsers", "has no header"),
    "a header in brackets": Hostile(_headed("(" * 9000), "recursion", "has no header"),
    "a header of minus signs": Hostile(_headed("-" * 9000 + "1"), "recursion", "has no header"),
    "a header that calls": Hostile(_headed("__import__('os').getcwd()"), "evaluation", "has no header"),
    "a header without a shape": Hostile(_headed("{'descr': '<f4'}"), "parsers", "has no header"),
    "no numbers": Hostile(_headed(described("V8")), "types", "is no array of numbers"),
    "complex numbers": Hostile(_array(np.ones(2, "complex64")), "types", "complex64"),
    "a structure": Hostile(_array(np.zeros(2, [("a", "f4")])), "types", "is no array of numbers"),
    "arrays of arrays": Hostile(_headed(described("(2,)f4")), "types", "is no array of numbers"),
    "bfloat16": Hostile(_headed(described("|V2"), bytes(4)), "types", "save it as float32"),
    "objects that are none": Hostile(_headed(described("|O")), "pickles", "is an array of Python objects"),
    "a negative axis": Hostile(_headed(described(shape="(-2,)")), "shapes", "an axis of negative length"),
    "a huge shape": Hostile(_headed(described(shape="(200000, 200000)")), "memory", "is too large"),
    "a shape beyond numbers": Hostile(_headed(described(shape=f"({DIGITS},)")), "memory", "over 30 digits"),
    "a huge shape of nothing": Hostile(
        _headed(described(shape="(0, 4611686018427387904)"), b""), "memory", "is too large"
    ),
    "many axes": Hostile(_headed(described(shape=f"({'1,' * 40})"), bytes(4)), "shapes", "too many axes"),
    "too few values": Hostile(_headed(described(shape="(3,)")), "shapes", "does not hold what"),
    "too many values": Hostile(_headed(described(shape="(1,)")), "shapes", "does not hold what"),
}


@pytest.mark.parametrize("name", HOSTILE_NPZ)
def test_a_hostile_archive_is_refused_by_what_it_abuses(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    HOSTILE_NPZ[name].make(path)
    with pytest.raises(SourceError) as caught:
        open_npz(path)
    [problem] = caught.value.problems
    assert HOSTILE_NPZ[name].error in str(problem)
    assert len(str(problem)) < 600


def test_all_bad_members_are_told_at_once(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", a=np.ones(1), b=np.ones(1, "complex64"), c=np.array([{}]))
    with pytest.raises(SourceError) as caught:
        open_npz(path)
    assert [problem.where for problem in caught.value.problems] == ["b.npy", "c.npy"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_flipped_bit_is_told_when_the_values_are_read(packed: bool, tmp_path: Path) -> None:
    value = np.random.default_rng(0).normal(size=20_000)
    path = saved(tmp_path / "a.npz", packed=packed, a=value)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with open_npz(path) as checkpoint:
        with pytest.raises(SourceError, match=r"a\.npy"):
            checkpoint.read("a")
        with pytest.raises(SourceError, match=r"a\.npy"):
            list(checkpoint.blocks("a"))


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_anywhere_is_a_source_error_or_harmless(tmp_path: Path, data: st.DataObject) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, a=np.arange(6.0).reshape(2, 3), b=np.asfortranarray(np.ones((2, 2), "int16")))
    damaged = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(len(damaged) - 60, len(damaged)))]
    (tmp_path / "a.npz").write_bytes(damaged)
    try:
        with open_npz(tmp_path / "a.npz") as checkpoint:
            for name, info in checkpoint.tensors.items():
                assert checkpoint.read(name).shape == info.shape
    except SourceError as error:
        assert error.problems
