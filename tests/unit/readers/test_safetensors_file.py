"""`.safetensors` files: tensors come bit for bit, and whatever is wrong with one is one SourceError."""

from __future__ import annotations

import json
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from lstm_migrate.errors import SourceError
from lstm_migrate.readers import limits, open_checkpoint, raw, safetensors_file
from lstm_migrate.readers.safetensors_file import open_safetensors
from tests.unit.readers.any_arrays import any_array, joined, same_bits
from tests.unit.readers.hostile import Hostile


def entry(dtype: str = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def written(path: Path, header: Any, data: bytes = bytes(8), length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def saved(path: Path, named: dict[str, Any], metadata: dict[str, str] | None = None) -> Path:
    # The library takes what stands in memory row by row.
    save_file({name: np.asarray(value, order="C") for name, value in named.items()}, path, metadata)
    return path


# ---- what is sound


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["a", "rnn/lstm/kernel", "ü", "W:0"]), any_array(), min_size=1))
def test_what_the_library_saves_is_read_bit_for_bit(tmp_path: Path, named: dict[str, Any]) -> None:
    with open_safetensors(saved(tmp_path / "a.safetensors", named)) as checkpoint:
        assert set(checkpoint.tensors) == set(named)
        for name, value in named.items():
            info = checkpoint.tensors[name]
            assert (info.shape, info.dtype) == (value.shape, value.dtype.newbyteorder("=").name)
            assert same_bits(checkpoint.read(name), value)
            assert same_bits(joined(checkpoint, name), value)


def test_a_file_holds_tensors_and_what_it_says_of_itself_is_evidence(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5", {"lstm.bias": np.ones(3)}, {"format": "pt", "by": "me\x1b[2J"})
    with open_checkpoint(path) as checkpoint:
        assert (checkpoint.format, checkpoint.groups, checkpoint.architecture) == ("safetensors", {}, None)
        assert (checkpoint.writer.name, checkpoint.left_behind) == ("unknown", {})
        said = "\n".join(checkpoint.writer.evidence)
        assert "__metadata__ says format: pt" in said
        assert said.count("\n") == 2 and "\x1b" not in said


def test_tensors_come_in_the_order_of_the_header(tmp_path: Path) -> None:
    header = {"z": entry(offsets=(8, 16)), "a": entry(offsets=(0, 8))}
    with open_safetensors(written(tmp_path / "a", header, bytes(16))) as checkpoint:
        assert list(checkpoint.tensors) == ["z", "a"]


def test_bfloat16_comes_as_float32(tmp_path: Path) -> None:
    bits = np.array([[0x3F80, 0xC049], [0x7FA1, 0x8000]], "<u2")  # 1, −3.14, a NaN, −0.0
    path = written(tmp_path / "a", {"a": entry("BF16", (2, 2))}, bits.tobytes())
    with open_safetensors(path) as checkpoint:
        assert checkpoint.tensors["a"].dtype == "bfloat16"
        assert checkpoint.tensors["a"].nbytes == 8
        values = checkpoint.read("a")
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values.view(np.uint32), bits.astype(np.uint32) << 16)
        assert same_bits(joined(checkpoint, "a"), values)


def test_a_bool_is_true_or_false(tmp_path: Path) -> None:
    path = written(tmp_path / "a", {"a": entry("BOOL", (3,), (0, 3))}, b"\0\1\7")
    with open_safetensors(path) as checkpoint:
        assert checkpoint.read("a").view(np.uint8).tolist() == [0, 1, 1]


def test_large_tensors_come_in_blocks_of_rows_and_in_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw, "BLOCK_BYTES", 100)
    a = np.arange(70, dtype="float32").reshape(7, 10)
    with open_safetensors(saved(tmp_path / "a", {"a": a, "b": -a})) as checkpoint:
        for (part, left), (_, right) in zip(checkpoint.blocks("a"), checkpoint.blocks("b"), strict=True):
            assert len(left) <= 2
            np.testing.assert_array_equal(left, a[part])
            np.testing.assert_array_equal(right, -a[part])
            np.testing.assert_array_equal(checkpoint.read("b"), -a)


def test_opening_reads_the_header_alone(tmp_path: Path) -> None:
    path = saved(tmp_path / "a", {"a": np.zeros((3000, 1000))})
    before = path.stat()
    tracemalloc.start()
    with open_safetensors(path) as checkpoint:
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
        assert checkpoint.tensors["a"].nbytes == 24_000_000
    tracemalloc.stop()
    assert (path.stat().st_mtime_ns, path.stat().st_size) == (before.st_mtime_ns, before.st_size)


def test_a_file_that_shrinks_after_opening_ends_in_an_error(tmp_path: Path) -> None:
    path = saved(tmp_path / "a", {"a": np.zeros(100_000)})
    with open_safetensors(path) as checkpoint:
        with path.open("r+b") as file:
            file.truncate(200)
        with pytest.raises(SourceError, match="a: is cut off"):
            checkpoint.read("a")


def test_a_closed_file_gives_nothing_more(tmp_path: Path) -> None:
    with open_safetensors(saved(tmp_path / "a", {"a": np.ones(2)})) as checkpoint:
        pass
    with pytest.raises(SourceError, match="closed"):
        checkpoint.read("a")


# ---- what is hostile


def _of(header: Any, data: bytes = bytes(8), length: int | None = None) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        written(path, header, data, length)

    return make


def _tensor(*described: Any, data: bytes = bytes(8)) -> Callable[[Path], None]:
    return _of({"a": entry(*described)}, data)


def _cut(path: Path) -> None:
    saved(path, {"a": np.ones(100)})
    path.write_bytes(path.read_bytes()[:-9])


TWICE = b'{"a":' + json.dumps(entry()).encode() + b',"a":' + json.dumps(entry("I8", (8,))).encode() + b"}"
HOSTILE_SAFETENSORS = {
    "an empty file": Hostile(lambda path: path.touch(), "parsers", "reaches beyond its end"),
    "seven bytes": Hostile(lambda path: path.write_bytes(bytes(7)), "parsers", "reaches beyond its end"),
    "no header": Hostile(lambda path: path.write_bytes(bytes(8)), "parsers", "is not JSON"),
    "a header of an exabyte": Hostile(_of({"a": entry()}, length=2**60), "memory", "reaches beyond its end"),
    "a header of all bits": Hostile(
        _of({"a": entry()}, length=2**64 - 1), "memory", "reaches beyond its end"
    ),
    "a header behind the file": Hostile(_of({"a": entry()}, length=200), "memory", "reaches beyond its end"),
    "half a header": Hostile(_of({"a": entry()}, length=20), "parsers", "is not JSON"),
    "a header of zeros": Hostile(_of(b"{" + bytes(50)), "parsers", "is not JSON"),
    "a header of other letters": Hostile(_of(b'{"\xff": 1}'), "parsers", "no UTF-8 text"),
    "half a surrogate": Hostile(_of(rb'{"\ud800": 1}'), "parsers", "no Unicode"),
    "a list": Hostile(_of([]), "parsers", "is no JSON object"),
    "a deep header": Hostile(_of(b'{"a":' + b"[" * 5000), "recursion", "is nested too deep"),
    "a tensor twice": Hostile(_of(TWICE), "two readers, two tensors", "the key 'a' twice"),
    "a type twice": Hostile(_of(b'{"a":{"dtype":"U8","dtype":"F8"}}'), "the same", "the key 'dtype' twice"),
    "zero tensors": Hostile(_of({}, b""), "an empty source", "holds no tensors"),
    "words alone": Hostile(_of({"__metadata__": {"a": "b"}}, b""), "an empty source", "holds no tensors"),
    "words that are no text": Hostile(
        _of({"__metadata__": {"a": 1}, "a": entry()}), "types", "cannot be read as safetensors"
    ),
    "words that are no table": Hostile(
        _of({"__metadata__": 7, "a": entry()}), "types", "cannot be read as safetensors"
    ),
    "no name": Hostile(_of({"": entry()}), "nobody", "cannot be shown"),
    "a name for terminals": Hostile(_of({"a\x1b[2J": entry()}), "terminals", r"a\x1b[2J: has a name"),
    "a name with a zero": Hostile(_of({"a\0b": entry()}), "names that end early", "cannot be shown"),
    "a tensor that is a number": Hostile(_of({"a": 7}), "types", "has no shape"),
    "no shape": Hostile(_tensor("F32", None), "types", "has no shape"),
    "a shape of text": Hostile(_tensor("F32", ["2"]), "types", "has no shape"),
    "a shape of fractions": Hostile(_tensor("F32", [2.5]), "types", "has no shape"),
    "a shape of truth": Hostile(_tensor("F32", [True]), "types", "has no shape"),
    "a negative axis": Hostile(_tensor("F32", [-2]), "shapes", "an axis of negative length"),
    "many axes": Hostile(_tensor("F32", [1] * 17), "shapes", "too many axes"),
    "a huge shape": Hostile(_tensor("F32", [2**40, 2**40]), "memory", "is too large"),
    "a huge shape of nothing": Hostile(
        _tensor("F32", [0, 2**62], [0, 0], data=b""), "memory", "is too large"
    ),
    "an unknown type": Hostile(_tensor("Z9"), "types", "type Z9"),
    "a type that is a list": Hostile(_tensor(["F32"]), "types", "type ['F32']"),
    "8 bits of one kind": Hostile(_tensor("F8_E4M3", [8]), "types", "type F8_E4M3"),
    "8 bits of another": Hostile(_tensor("F8_E5M2", [8]), "types", "type F8_E5M2"),
    "4 bits": Hostile(_tensor("F4", [16]), "types", "type F4"),
    "complex numbers": Hostile(_tensor("C64", [1]), "types", "type C64"),
    "no offsets": Hostile(_tensor("F32", [2], None), "types", "cannot be read as safetensors"),
    "offsets beyond the end": Hostile(
        _tensor("F32", [2], [0, 10**9]), "memory", "cannot be read as safetensors"
    ),
    "a tensor behind the end": Hostile(
        _tensor("F32", [2], [80, 88]), "memory", "cannot be read as safetensors"
    ),
    "offsets in reverse": Hostile(_tensor("F32", [2], [8, 0]), "memory", "cannot be read as safetensors"),
    "negative offsets": Hostile(_tensor("F32", [2], [-8, 0]), "the header", "cannot be read as safetensors"),
    "too few bytes": Hostile(_tensor("F32", [3]), "shapes", "cannot be read as safetensors"),
    "overlapping tensors": Hostile(
        _of({"a": entry(offsets=(0, 8)), "b": entry(offsets=(4, 12))}, bytes(12)),
        "two tensors in one",
        "cannot be read as safetensors",
    ),
    "the same bytes twice": Hostile(
        _of({"a": entry(), "b": entry()}), "two tensors in one", "cannot be read as safetensors"
    ),
    "a gap": Hostile(
        _of({"a": entry(), "b": entry(offsets=(9, 17))}, bytes(17)), "hidden bytes", "cannot be read as"
    ),
    "bytes behind the last": Hostile(_tensor(data=bytes(9)), "hidden bytes", "cannot be read as safetensors"),
    "cut off": Hostile(_cut, "a truncated download", "cannot be read as safetensors"),
    "a folder": Hostile(lambda path: path.mkdir(), "paths", "cannot be opened"),
}


@pytest.mark.parametrize("name", HOSTILE_SAFETENSORS)
def test_a_hostile_file_is_refused_by_what_it_abuses(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    HOSTILE_SAFETENSORS[name].make(path)
    with pytest.raises(SourceError) as caught:
        open_safetensors(path)
    [problem] = caught.value.problems
    assert HOSTILE_SAFETENSORS[name].error in str(problem)
    assert len(str(problem)) < 600


def test_the_tensor_that_the_hostile_ones_are_made_of_is_sound(tmp_path: Path) -> None:
    with open_safetensors(written(tmp_path / "a", {"a": entry()})) as checkpoint:
        assert checkpoint.read("a").tolist() == [0, 0]


def test_all_bad_tensors_are_told_at_once(tmp_path: Path) -> None:
    header = {"a": entry("F8_E4M3"), "b": entry(), "c": entry("F32", [-1])}
    with pytest.raises(SourceError) as caught:
        open_safetensors(written(tmp_path / "a", header))
    assert [problem.where for problem in caught.value.problems] == ["a", "c"]


def test_a_long_header_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert safetensors_file.MAX_CONFIG_BYTES == limits.MAX_CONFIG_BYTES
    monkeypatch.setattr(safetensors_file, "MAX_CONFIG_BYTES", 40)
    with pytest.raises(SourceError, match="too long a header"):
        open_safetensors(written(tmp_path / "a", {"a": entry()}))


def test_more_names_than_any_model_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safetensors_file, "MAX_NAMES", 1)
    with pytest.raises(SourceError, match="holds too many tensors"):
        open_safetensors(saved(tmp_path / "a", {"a": np.ones(1), "b": np.ones(1)}))


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_anywhere_is_a_source_error_or_harmless(tmp_path: Path, data: st.DataObject) -> None:
    path = saved(tmp_path / "a", {"a": np.ones((2, 3)), "b": np.ones(3, "int16")}, {"format": "np"})
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged[: data.draw(st.integers(0, 20)) * -1 or None])
    try:
        with open_safetensors(path) as checkpoint:
            for name, info in checkpoint.tensors.items():
                assert checkpoint.read(name).shape == info.shape
    except SourceError as error:
        assert error.problems
