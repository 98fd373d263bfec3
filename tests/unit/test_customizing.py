"""What users name with --custom is imported, or refused with what is wrong about it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lstm_migrate.custom import parts_of
from lstm_migrate.customizing import custom_objects
from lstm_migrate.errors import UsageError

LAYER = """
class Layer:
    __module__ = "keras.src.layers.layer"

class Mine(Layer):
    pass

def act(x):
    return x
"""


@pytest.fixture(autouse=True)
def modules_forgotten() -> Iterator[None]:
    before, path = set(sys.modules), list(sys.path)
    yield
    assert sys.path == path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module `parts_of_mine` in the folder in which the program is started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = tmp_path / "parts_of_mine.py"
    path.write_text(LAYER)
    return path


def refusal(*arguments: str) -> str:
    with pytest.raises(UsageError) as caught:
        custom_objects(arguments)
    return str(caught.value)


def test_a_module_is_found_in_the_folder_that_the_program_is_started_in(written: Path) -> None:
    found = custom_objects(["parts_of_mine:Mine", "parts_of_mine:act"])
    assert [part.__name__ for part in found.values()] == list(found) == ["Mine", "act"]


def test_a_file_is_run_once_whatever_is_taken_from_it(written: Path) -> None:
    first = custom_objects([f"{written}:Mine", "./parts_of_mine.py:act"])
    assert first["Mine"].__module__ == first["act"].__module__ == "parts_of_mine"
    assert custom_objects(["parts_of_mine:Mine"])["Mine"] is first["Mine"]


def test_a_file_may_import_what_lies_beside_it(written: Path) -> None:
    other = written.parent / "below" / "other_parts.py"
    other.parent.mkdir()
    (other.parent / "beside_other.py").write_text("def act(x): return 2 * x\n")
    other.write_text("from beside_other import act\n")
    assert custom_objects([f"{other}:act"])["act"](2) == 4


def test_a_file_called_like_a_loaded_module_does_not_replace_it(written: Path) -> None:
    ours = written.with_name("json.py")
    ours.write_text(LAYER)
    import json

    assert custom_objects([f"{ours}:act"])["act"].__module__ == "custom_json"
    assert sys.modules["json"] is json


@pytest.mark.parametrize(
    "argument", ["", "Mine", "parts_of_mine:", ":Mine", "parts_of_mine:two words", "a:b:"]
)
def test_what_names_nothing_is_refused(argument: str) -> None:
    assert "module:name or path/file.py:name" in refusal(argument)


def test_a_missing_file_module_or_name_is_told_apart(written: Path) -> None:
    assert "no such file" in refusal("nowhere/parts.py:Mine")
    assert "no .py file" in refusal(f"{written.parent}/:Mine")
    assert "ModuleNotFoundError" in refusal("no_such_module_of_mine:Mine")
    assert refusal(f"{written}:Yours").count("Mine") == 1


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError"),
        ("import no_such_package", "ModuleNotFoundError"),
    ],
)
def test_what_the_users_code_raises_is_told(written: Path, code: str, said: str) -> None:
    bad = written.with_name("bad_parts.py")
    bad.write_text(code)
    message = refusal(f"{bad}:Mine")
    assert said in message
    assert "bad_parts.py:Mine" in message
    assert "bad_parts" not in sys.modules


def test_two_files_may_not_give_one_name(written: Path) -> None:
    other = written.with_name("others_parts.py")
    other.write_text(LAYER)
    assert "two custom objects have one name" in refusal(f"{written}:act", f"{other}:act")


class Old:
    """A class that is no layer."""


Elsewhere = type("Elsewhere", (type("Layer", (), {"__module__": "tf_keras.src.engine.base_layer"}),), {})


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (7, "a value of type int"),
        (None, "a value of type NoneType"),
        (Old, "Old"),
        (Elsewhere, "a layer of tf_keras"),
        (lambda x: x, "without a name of its own"),
        (type("Callable", (), {"__call__": lambda self, x: x})(), "without a name of its own"),
    ],
)
def test_what_is_neither_a_layer_nor_a_named_function_is_refused(part: object, said: str) -> None:
    with pytest.raises(UsageError, match="custom object 'part' cannot be used") as caught:
        parts_of({"part": part})
    assert said in str(caught.value)


def test_two_parts_of_one_name_are_refused() -> None:
    def act(x: float) -> float:
        return x

    one = act

    def act(x: float) -> float:  # type: ignore[no-redef]
        return -x

    with pytest.raises(UsageError, match="two custom objects are called 'act'"):
        parts_of({"A>act": one, "B>act": act})


def test_a_part_answers_to_its_key_its_name_and_both_with_a_package() -> None:
    def mine(x: float) -> float:
        return x

    parts = parts_of({"Pkg>theirs": mine})
    for name in ("Pkg>theirs", "theirs", "Other>theirs", "mine", "Pkg>mine"):
        assert str(parts.activation(name)) == "custom:mine", name
    assert parts.activation("tanh") is None
    assert parts.layer("mine") is None
    assert parts.names("custom:mine") == ["mine", "theirs"]
