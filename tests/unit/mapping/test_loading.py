"""Reading a mapping file: every problem at its line and column, and nothing in it is run or multiplied."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstm_migrate.errors import MappingError
from lstm_migrate.mapping.document import Document
from lstm_migrate.mapping.loading import MAX_BYTES, load_document

START = "version: 1\nname: made_up\n"


def load(tmp_path: Path, text: str | bytes) -> Document:
    file = tmp_path / "m.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_document(file)


def refused(tmp_path: Path, text: str | bytes) -> list[str]:
    """What is said of the file, one line a problem, without the folder."""
    with pytest.raises(MappingError) as caught:
        load(tmp_path, text)
    assert caught.value.exit_code == 4
    return [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems]


def test_a_plain_file_becomes_a_document(tmp_path: Path) -> None:
    found = load(tmp_path, START + "layers: {Dense: {keep: [units], weights: [kernel]}}\n")
    assert (found.version, found.name) == (1, "made_up")
    assert found.layers["Dense"].keep == ["units"]


def test_aliases_are_the_values_that_they_name(tmp_path: Path) -> None:
    found = load(tmp_path, START + "layers: {A: &a {keep: [x]}, B: *a}\n")
    assert found.layers["A"] == found.layers["B"]


def test_scalars_are_read_as_yaml_reads_them(tmp_path: Path) -> None:
    text = (
        START + "semantics: {a: 0x10, b: 1_000, c: yes, d: ~, e: '1', f: -.inf, g: 1e3, h: 1.0e+3, i: 007}\n"
    )
    found = load(tmp_path, text).semantics
    assert found == {
        "a": 16,
        "b": 1000,
        "c": True,
        "d": None,
        "e": "1",
        "f": float("-inf"),
        "g": "1e3",  # YAML 1.1 wants a point and a sign
        "h": 1000.0,
        "i": 7,
    }


# text → (where, part of what is said), for each problem of the file
WRONG: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "unknown key": (START + "layer: {}\n", [("m.yaml:3:8", "layer: Extra inputs are not permitted")]),
    "unknown inner key": (
        START + "layers:\n  Dense:\n    kep: [units]\n",
        [("m.yaml:5:10", "layers.Dense.kep: Extra inputs")],
    ),
    "missing keys": ("summary: none\n", [("m.yaml:1:1", "version"), ("m.yaml:1:1", "name")]),
    "wrong version": ("version: 2\nname: a\n", [("m.yaml:1:10", "version")]),
    "wrong type": (START + "layers: [1]\n", [("m.yaml:3:9", "layers")]),
    "duplicates": (
        START + "name: b\nlayers:\n  A: {}\n  A: {}\n",
        [("m.yaml:3:1", "'name' stands twice"), ("m.yaml:6:3", "'A' stands twice")],
    ),
    "axes": (
        START + "layouts: {a: {tensors: {k: {axes: 'x (u'}, b: {axes: x, poured: '%'}}}}\n",
        [("m.yaml:3:35", "column 5"), ("m.yaml:3:65", "column 1")],
    ),
    "conversion": (START + "layers: {A: {convert: {axis: twice}}}\n", [("m.yaml:3:30", "convert.axis")]),
    "value type": (START + "value_types: {units: activaton}\n", [("m.yaml:3:22", "value_types.units")] * 2),
    "python object": (START + "layers: !!python/object:os.x {}\n", [("m.yaml:3:9", "is refused")]),
    "python call": (
        START + "summary: !!python/object/apply:os.system ['true']\n",
        [("m.yaml:3:10", "python/object/apply:os.system is refused")],
    ),
    "python name": (START + "summary: !!python/name:os.system\n", [("m.yaml:3:10", "is refused")]),
    "binary": (START + "summary: !!binary aGk=\n", [("m.yaml:3:10", "is refused")]),
    "date": (START + "summary: 2001-01-01\n", [("m.yaml:3:10", "timestamp is refused")]),
    "merge key": (START + "layers: &l {}\n<<: *l\n", [("m.yaml:4:1", "merge is refused")]),
    "list as key": (START + "? [a]\n: b\n", [("m.yaml:3:3", "a key must be a plain word")]),
    "sexagesimal": (START + "summary: 1:30\n", [("m.yaml:3:10", "'1:30' is no number")]),
    "empty": ("", [("m.yaml", "version"), ("m.yaml", "name")]),
    "a list": ("[1]", [("m.yaml:1:1", "the file")]),
    "a word": ("hello", [("m.yaml:1:1", "the file")]),
    "two documents": ("a: 1\n---\nb: 2\n", [("m.yaml", "not YAML")]),
    "a tab": ("a:\n\t- b\n", [("m.yaml", "line 2, column 1")]),
    "an unknown alias": ("a: *b\n", [("m.yaml", "undefined alias")]),
    "an open bracket": ("a: [1\n", [("m.yaml", "not YAML")]),
}


@pytest.mark.parametrize("name", WRONG)
def test_every_problem_is_told_at_its_line_and_column(name: str, tmp_path: Path) -> None:
    text, expected = WRONG[name]
    found = refused(tmp_path, text)
    assert len(found) == len(expected), found
    for line, (where, said) in zip(found, expected, strict=True):
        assert line.startswith(f"{where}: ")
        assert said in line


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = "version: 3\nlayouts: {a: {tensors: {k: {axes: '+'}}}}\nlayers: {A: {keep: 1, foo: 2}}\n"
    assert len(refused(tmp_path, text)) == 5


@pytest.mark.parametrize("text", [b"name: \xff\xfe", b"name: \xc3(", b"name: a\x00b", b"\xff\xfe\x00"])
def test_what_is_no_text_is_refused(text: bytes, tmp_path: Path) -> None:
    (line,) = refused(tmp_path, text)
    assert line.startswith("m.yaml: not YAML")


def test_a_bomb_of_aliases_is_refused_before_it_grows(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (line,) = refused(tmp_path, "\n".join(lines))
    assert "do aliases multiply?" in line


@pytest.mark.parametrize(
    "text",
    ["a: " + "[" * 1_000_000, "- " * 500_000, "? " * 300_000, "[" * 3000 + "]" * 3000, "a: &a [*a]"],
    ids=["brackets", "dashes", "keys", "closed brackets", "an alias of itself"],
)
def test_deep_nesting_is_refused_and_crashes_nothing(text: str, tmp_path: Path) -> None:
    (line,) = refused(tmp_path, text)
    assert "nested too deep" in line


def test_a_large_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, b"#" * (MAX_BYTES + 1))
    assert f"found {MAX_BYTES + 1} bytes" in line


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(MappingError, match="cannot be read"):
            load_document(path)
