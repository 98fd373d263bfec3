"""Reading a mapping file: every problem at its line and column, and nothing in it is run or multiplied."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lstm_migrate.errors import MappingError
from lstm_migrate.mapping.document import Document
from lstm_migrate.mapping.loading import MAX_BYTES, load_document, load_user_mapping

START = "version: 1\nname: made_up\n"


def written(tmp_path: Path, text: str | bytes) -> Path:
    file = tmp_path / "m.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def load(tmp_path: Path, text: str | bytes) -> Document:
    return load_document(written(tmp_path, text))


def refused(tmp_path: Path, text: str | bytes) -> list[str]:
    """What is said of the file, one line a problem, without the folder."""
    with pytest.raises(MappingError) as caught:
        load_user_mapping(written(tmp_path, text))
    assert caught.value.exit_code == 4
    return [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems]


def test_a_plain_file_becomes_a_document(tmp_path: Path) -> None:
    found = load(tmp_path, START + "classes: {Dense: {keep: [units], weights: [kernel]}}\n")
    assert (found.version, found.name) == (1, "made_up")
    assert found.classes["Dense"].keep == ["units"]


def test_aliases_are_the_values_that_they_name(tmp_path: Path) -> None:
    found = load(tmp_path, START + "classes: {A: &a {keep: [x]}, B: *a}\n")
    assert found.classes["A"] == found.classes["B"]


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
    "unknown key": (START + "layer: {}\n", [("m.yaml:3:1", "unknown key 'layer' (expected nearest: layers")]),
    "unknown inner key": (
        START + "classes:\n  Dense:\n    kep: [units]\n",
        [("m.yaml:5:5", "unknown key 'kep' in classes: Dense (expected nearest: keep). Keys here: kind,")],
    ),
    "a key of another section": (
        START + "gates: [i, f, c, o]\n",
        [("m.yaml:3:1", "unknown key 'gates'. gates belongs into layouts: NAME or layers: NAME")],
    ),
    "a number as a name": (
        START + "layers: {1: {to: a}}\n",
        [("m.yaml:3:10", "a name must be text (found 1)")],
    ),
    "a number as a key": (START + "1: a\n", [("m.yaml:3:1", "a name must be text (found 1)")]),
    "missing version": (
        "summary: none\n",
        [("m.yaml:1:1", "the key 'version' is missing (expected version: 1,")],
    ),
    "missing inner key": (
        START + "replace:\n  a:\n  - config: {}\n",
        [("m.yaml:5:5", "replace: a: 0: the key 'class' is missing (expected text)")],
    ),
    "wrong version": (
        "version: 2\nname: a\n",
        [("m.yaml:1:10", "(found 2, expected 1). Another version of")],
    ),
    "version in quotes": ("version: '1'\n", [("m.yaml:1:10", '(found "1", expected 1)')]),
    "wrong type": (
        START + "classes: [1]\n",
        [
            (
                "m.yaml:3:10",
                "classes: not a value for this key (found [1], expected names with keys, some of kind",
            )
        ],
    ),
    "empty section": (START + "layers:\n", [("m.yaml:3:8", "layers: the value is missing (found nothing, ")]),
    "text for a number": (
        START + "layouts: {a: {cell: gru, forget_bias: '2.5'}}\n",
        [
            (
                "m.yaml:3:39",
                'layouts: a: forget_bias: not a value for this key (found "2.5", expected a number)',
            )
        ],
    ),
    "a decimal comma": (
        START + "layouts:\n  a:\n    cell: lstm\n    gates: [i, f, c, o]\n    forget_bias: 2,5\n",
        [
            (
                "m.yaml:7:18",
                "forget_bias: a comma in a number (found 2,5, expected a decimal point, as in 1.5)",
            )
        ],
    ),
    "a decimal comma in braces": (
        START + "layouts: {a: {extends: keras.lstm, forget_bias: 2,5}}\n",
        [("m.yaml:3:51", "layouts: a: forget_bias: a comma in a number (found 2,5")],
    ),
    "a section inside another": (
        START + "layers:\n  a: {to: b}\n  ignore:\n    c: why\n    d: why\n",
        [("m.yaml:5:3", "`ignore` belongs at the top of the file (found in layers)")],
    ),
    "a section inside a rule": (
        START + "layers:\n  a: {to: b, replace: {}}\n",
        [("m.yaml:4:14", "replace belongs at the top of the file")],
    ),
    "a number for a flag": (
        START + "layouts: {a: {cell: gru, reset_after: 1}}\n",
        [("m.yaml:3:39", "reset_after: not a value for this key (found 1, expected true or false)")],
    ),
    "an infinite number": (
        START + "layouts: {a: {cell: lstm, forget_bias: .inf}}\n",
        [("m.yaml:3:40", "not a finite number (found Infinity, expected a number such as 1.0)")],
    ),
    "a negative number": (
        START + "layers: {a: {at: {layer: -1}}}\n",
        [("m.yaml:3:26", "layers: a: at: layer: too small a number (found -1, expected at least 0)")],
    ),
    "text for a list": (
        START + "layouts: {a: {cell: lstm, gates: ifco}}\n",
        [("m.yaml:3:34", '(found "ifco", expected a list of text, as [a, b])')],
    ),
    "a short list": (
        START + "layouts: {a: {extends: torch.lstm, directions: [fw]}}\n",
        [("m.yaml:3:48", 'directions: a list of another length (found ["fw"], expected 2 entries)')],
    ),
    "no reason": (
        START + "ignore: {a: ''}\n",
        [("m.yaml:3:13", 'the text is empty (found "", expected a few')],
    ),
    "duplicates": (
        START + "name: b\nclasses:\n  A: {}\n  A: {}\n",
        [("m.yaml:3:1", "'name' stands twice"), ("m.yaml:6:3", "'A' stands twice")],
    ),
    "axes": (
        START + "layouts: {a: {tensors: {k: {axes: 'x (u'}, b: {axes: x, poured: '%'}}}}\n",
        [("m.yaml:3:35", "column 5"), ("m.yaml:3:65", "column 1")],
    ),
    "conversion": (
        START + "classes: {A: {convert: {axis: twice}}}\n",
        [("m.yaml:3:31", "unknown word (found twice, expected one of single, axes, number")],
    ),
    # A union in the grammar: what is wrong inside the branch that is meant, or once that none is.
    "value type": (
        START + "value_types: {units: activaton}\n",
        [
            (
                "m.yaml:3:22",
                "unknown word (found activaton, expected nearest: activation; one of activation, init",
            )
        ],
    ),
    "neither of two": (
        START + "source: {layout: 3}\n",
        [("m.yaml:3:18", "(found 3, expected text or a list of text, as [a, b])")],
    ),
    "inside a list of rules": (
        START + "layers:\n  a:\n  - too: b\n  - {to: c, at: {dir: back}}\n",
        [
            ("m.yaml:5:5", "unknown key 'too' in layers: a: 0 (expected nearest: to)"),
            ("m.yaml:6:23", "(found back, expected one of forward, backward)"),
        ],
    ),
    "inside a single rule": (
        START + "layers: {a: {too: b}}\n",
        [("m.yaml:3:14", "unknown key 'too' in layers: a")],
    ),
    "no rule": (
        START + "layers: {a: 3}\n",
        [("m.yaml:3:13", "(found 3, expected keys, some of gates, bias")],
    ),
    "python object": (
        START + "classes: !!python/object:os.x {}\n",
        [
            (
                "m.yaml:3:10",
                "the tag !!python/object:os.x is refused. Only plain values are read, never objects.",
            )
        ],
    ),
    "python call": (
        START + "summary: !!python/object/apply:os.system ['true']\n",
        [("m.yaml:3:10", "python/object/apply:os.system is refused")],
    ),
    "python name": (START + "summary: !!python/name:os.system\n", [("m.yaml:3:10", "is refused")]),
    "binary": (START + "summary: !!binary aGk=\n", [("m.yaml:3:10", "is refused")]),
    "date": (START + "summary: 2001-01-01\n", [("m.yaml:3:10", "dates are not read")]),
    "merge key": (START + "classes: &l {}\n<<: *l\n", [("m.yaml:4:1", "merge keys (<<) are refused")]),
    "list as key": (START + "? [a]\n: b\n", [("m.yaml:3:3", "a key must be a plain word")]),
    "sexagesimal": (START + "summary: 1:30\n", [("m.yaml:3:10", "'1:30' is no number")]),
    "YAML and grammar": (
        START + "foo: 1\nsummary: !!binary aGk=\nname: b\n",
        [("m.yaml:3:1", "unknown key 'foo'"), ("m.yaml:4:10", "is refused"), ("m.yaml:5:1", "stands twice")],
    ),
    "empty": ("", [("m.yaml", "the mapping file is empty (expected version: 1")]),
    "only a comment": ("# a\n", [("m.yaml", "the mapping file is empty")]),
    "a list": ("[1]", [("m.yaml:1:1", "begins with keys (found [1], expected version: 1, then sections")]),
    "a word": ("hello", [("m.yaml:1:1", "a mapping file begins with keys")]),
    "two documents": ("a: 1\n---\nb: 2\n", [("m.yaml:2:1", "not YAML: two documents in one file")]),
    "a tab": ("a:\n\t- b\n", [("m.yaml:2:1", "not YAML: no value begins like this")]),
    "an unknown alias": (
        "ignore:\n  */Adam: a\n",
        [("m.yaml:2:4", "A name with { }, * or a colon in it stands in quotes.")],
    ),
    "braces without quotes": (
        "layers:\n  a: {to: {k}_b}\n",
        [("m.yaml:2:14", "A name with { }, * or a colon in it stands in quotes.")],
    ),
    "an open bracket": ("a: [1\n", [("m.yaml:2:1", "not YAML: a bracket, a comma or a key is missing")]),
    "a second colon": ("a: b: c\n", [("m.yaml:1:5", "not YAML: a colon where no key can be")]),
    "an open quote": ("a: 'b\n", [("m.yaml:2:1", "not YAML: a quote or a bracket is never closed")]),
    "odd indentation": ("a: 1\n b: 2\n", [("m.yaml:2:3", "Indent keys alike")]),
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
    text = "version: 3\nlayouts: {a: {tensors: {k: {axes: '+'}}}}\nclasses: {A: {keep: 1, foo: 2}}\n"
    assert len(refused(tmp_path, text)) == 4


def test_no_message_speaks_pydantic(tmp_path: Path) -> None:
    for text, _ in WRONG.values():
        said = " ".join(refused(tmp_path, text))
        assert "Input should" not in said
        assert "permitted" not in said
        assert "LayerRule" not in said


@pytest.mark.parametrize("text", [b"name: \xff\xfe", b"name: \xc3(", b"name: a\x00b", b"\xff\xfe\x00"])
def test_what_is_no_text_is_refused(text: bytes, tmp_path: Path) -> None:
    (line,) = refused(tmp_path, b"version: 1\n" + text)
    assert re.match(r"m.yaml:2:\d+: not YAML: the file is no text in UTF-8", line), line


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
