"""What rules may say of sizes, in a mapping file and in a call, and everything that is wrong in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_migrate.errors import MappingError
from lstm_migrate.mapping.loading import load_user_mapping
from lstm_migrate.mapping.rule_grammar import SIZE_KEYS, LayerRule
from lstm_migrate.mapping.settings import settings
from lstm_migrate.mapping.user import UserRules

RULE = "version: 1\nlayers:\n  lstm: "


def rule(folder: Path, text: str, *, whole_sizes: bool = True) -> LayerRule:
    file = folder / "m.yaml"
    file.write_text(f"{RULE}{text}\n", encoding="utf-8")
    found = load_user_mapping(file, whole_sizes=whole_sizes).document.layers["lstm"]
    assert isinstance(found, LayerRule)
    return found


def refused(folder: Path, text: str) -> list[str]:
    with pytest.raises(MappingError) as caught:
        rule(folder, text)
    return [str(problem).replace(f"{folder}/m.yaml:", "") for problem in caught.value.problems]


def test_a_rule_says_sizes_by_their_keys(tmp_path: Path) -> None:
    found = rule(
        tmp_path, "{units: 3, keep: [2, 0, 1], fill: incoming, seed: 7, dead: true, compensate: true}"
    )
    assert (found.units, found.keep, found.fill, found.seed) == (3, [2, 0, 1], "incoming", 7)
    assert (found.dead, found.compensate) == (True, True)
    found = rule(tmp_path, "{features: [1, null, 0], inputs: 3, batch: free, time: 12}")
    assert (found.features, found.inputs, found.batch, found.time) == ([1, None, 0], 3, "free", 12)
    found = rule(tmp_path, "{vocabulary: {size: 9, fill: normal, bias: -inf-like, output: head, seed: 1}}")
    assert found.vocabulary is not None
    assert (found.vocabulary.size, found.vocabulary.bias, found.vocabulary.output) == (9, "-inf-like", "head")


def test_what_is_not_said_is_nothing(tmp_path: Path) -> None:
    found = rule(tmp_path, "{to: lstm_1}")
    assert all(getattr(found, key) is None for key in SIZE_KEYS)


# what a rule says → (where in the file, a part of what is said), for each problem
WRONG: dict[str, list[tuple[str, str]]] = {
    "{units: 0}": [("3:17", "layers: lstm: units: too small a number (found 0, expected at least 1)")],
    "{units: -3}": [("3:17", "too small a number (found -3,")],
    "{units: 2000000}": [("3:17", "too large a number (found 2000000, expected at most 1048576)")],
    "{units: 3.0}": [("3:17", "not a value for this key (found 3.0, expected a whole number)")],
    "{units: true}": [("3:17", "not a value for this key (found true, expected a whole number)")],
    "{units: '3'}": [("3:17", "expected a whole number)")],
    "{units: }": [("3:17", "the value is missing (expected a whole number)")],
    "{inputs: 0}": [("3:18", "inputs: too small a number")],
    "{input_dim: 0}": [("3:21", "input_dim: too small a number")],
    "{units: 2, filters: 2}": [("3:20", "the number of units twice (found units, filters,")],
    "{units: 3, keep: norn}": [("3:26", "found norn, expected one of first, last, norm, activity)")],
    "{units: 3, keep: [1, 2, 1]}": [("3:26", "`keep` lists a unit twice (found 1)")],
    "{units: 3, keep: [0, -1]}": [("3:30", "keep: 1: too small a number (found -1, expected at least 0)")],
    "{units: 3, fill: zero}": [("3:26", "found zero, expected nearest: zeros; one of duplicate,")],
    "{units: 3, dead: 1}": [("3:26", "not a value for this key (found 1, expected true or false)")],
    "{units: 3, seed: -1}": [("3:26", "seed: too small a number")],
    "{keep: first}": [("3:16", "`keep` without a number to keep (expected units: N beside it)")],
    "{fill: zeros}": [("3:16", "`fill` without a size that is changed (expected units: N beside it)")],
    "{features: []}": [("3:20", "no features are left")],
    "{features: [0, null, 0]}": [("3:20", "`features` lists a feature twice (found 0)")],
    "{features: [0, x]}": [("3:24", 'found "x", expected a whole number or null)')],
    "{features: [0], inputs: 2}": [("3:33", "`features` and `inputs` say different numbers")],
    "{batch: 0}": [("3:17", "batch: too small a number (found 0, expected at least 1)")],
    "{batch: fre}": [("3:17", "unknown word (found fre, expected free)")],
    "{time: 1.5}": [("3:16", "not a value for this key (found 1.5, expected a whole number or free)")],
    "{vocabulary: words.txt}": [("3:22", "expected keys, some of old, new, size, fill, seed, output, bias")],
    "{vocabulary: {size: 0}}": [("3:29", "vocabulary: size: too small a number")],
    "{vocabulary: {sise: 3}}": [("3:23", "unknown key 'sise' in layers: lstm: vocabulary (exp")],
    "{vocabulary: {}}": [("3:22", "a vocabulary without files and size")],
    "{vocabulary: {old: a}}": [("3:23", "`old` alone (expected `new: FILE` beside it, or `size: N`)")],
    "{vocabulary: {new: a, size: 3}}": [("3:23", "a vocabulary with `new` alone")],
    "{vocabulary: {size: 3, bias: none}}": [("3:38", "found none, expected one of -inf-like, mean)")],
    "{vocabulary: {size: 3, fill: duplicate}}": [("3:38", "expected one of zeros, mean, normal)")],
    "{vocabulary: {size: 3}, input_dim: 3}": [("3:33", "the number of rows twice")],
    "{units: 0, keep: 3, batch: -1}": [("3:17", "units"), ("3:26", "keep"), ("3:36", "batch")],
}


@pytest.mark.parametrize("text", WRONG)
def test_what_makes_no_sense_is_told_at_its_line_and_column(text: str, tmp_path: Path) -> None:
    said = refused(tmp_path, text)
    assert len(said) == len(WRONG[text])
    for problem, (where, part) in zip(said, WRONG[text], strict=True):
        assert problem.startswith(f"{where}: ")
        assert part in problem


def test_a_rule_may_say_how_if_the_size_is_said_elsewhere(tmp_path: Path) -> None:
    assert rule(tmp_path, "{keep: norm, seed: 3}", whole_sizes=False).keep == "norm"


def test_the_place_of_every_key_is_known(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(f"{RULE}{{to: a, units: 3,\n    keep: last}}\n", encoding="utf-8")
    (found,) = UserRules([load_user_mapping(file)]).rules
    assert {key: place.replace(f"{file}:", "") for key, place in found.places.items()} == {
        "units": "3:24",
        "keep": "4:11",
    }
    assert (found.folder, found.facts, found.only_sizes) == (tmp_path, frozenset(), False)


def test_a_list_of_rules_knows_the_place_of_each(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(f"{RULE}\n  - {{to: a, units: 3}}\n  - {{to: b, units: 4}}\n", encoding="utf-8")
    found = UserRules([load_user_mapping(file)]).rules
    assert [one.places["units"].replace(f"{file}:", "") for one in found] == ["4:20", "5:20"]


# options → (pattern, key, value) of each
SAID: dict[tuple[str, ...], list[tuple[str, str, Any]]] = {
    ("lstm_1.units=64",): [("lstm_1", "units", 64)],
    ("model.block/lstm.units=3", "b.keep=[0, 2]"): [("model.block/lstm", "units", 3), ("b", "keep", [0, 2])],
    ("lstm_*.features=[1, ~]",): [("lstm_*", "features", [1, None])],
    ("x.batch=free", "x.time=7"): [("x", "batch", "free"), ("x", "time", 7)],
    ("a.dead=true", "a.dead=true"): [("a", "dead", True), ("a", "dead", True)],
}


@pytest.mark.parametrize("said", SAID)
def test_an_option_ends_the_layers_name_at_the_last_dot(said: tuple[str, ...]) -> None:
    found = settings(said)
    assert [(one.pattern.text, one.key, getattr(one.said, one.key)) for one in found] == SAID[said]
    assert [one.where for one in found] == [f"--set {text}" for text in said]


def test_a_call_says_the_same_in_values() -> None:
    (units, features) = settings({"a.b.units": 64, "x.features": (1, None)})
    assert (units.pattern.text, units.said.units, units.where) == ("a.b", 64, "resize a.b.units=64")
    assert features.said.features == [1, None]
    assert settings("lstm.units=3") == settings(["lstm.units=3"])
    assert settings(()) == settings({}) == ()


WRONG_SAID: dict[tuple[str, ...], str] = {
    ("lstm_1",): "--set: not a size (found lstm_1, expected LAYER.KEY=VALUE, as lstm_1.units=64)",
    ("lstm_1.units=",): "--set: not a size (found lstm_1.units=,",
    ("units=3",): "--set units=3: not a size of a layer (expected LAYER.KEY=VALUE",
    (".units=3",): "--set .units=3: not a size of a layer",
    ("a.unitz=3",): "--set a.unitz=3: 'unitz' is no size of a layer (expected nearest: units)",
    ("a.to=b",): "'to' is no size of a layer (expected one of batch, compensate,",
    ("a.units=0",): "--set a.units=0: too small a number (found 0, expected at least 1)",
    ("a.units=x",): '--set a.units=x: not a value for this key (found "x", expected a whole number)',
    ("a.units=~",): "--set a.units=~: the value is missing",
    ("a.units=[1",): "--set a.units=[1: not YAML",
    ("a.units=!!python/name:os.system x",): "is refused. Only plain values are read, never objects.",
    ("a.keep=[1, 1]",): "--set a.keep=[1, 1]: `keep` lists a unit twice (found 1)",
    ("a.vocabulary={size: 0}",): "vocabulary={size: 0}: size: too small a number",
    (
        "a.units=3",
        "a.units=4",
    ): "--set a.units=4: two values of one units (found --set a.units=3, expected one)",
    ("{a}{a}.units=3",): "--set {a}{a}.units=3: not a pattern of names",
}


@pytest.mark.parametrize("said", WRONG_SAID)
def test_an_option_that_makes_no_sense_is_named(said: tuple[str, ...]) -> None:
    with pytest.raises(MappingError) as caught:
        settings(said)
    assert WRONG_SAID[said] in str(caught.value)
    assert len(caught.value.problems) == 1


def test_a_text_is_no_number_in_a_call() -> None:
    with pytest.raises(MappingError, match=r'resize a.units=64: not a value for this key \(found "64"'):
        settings({"a.units": "64"})


@given(said=st.text(max_size=30))
def test_no_text_makes_an_option_fail_otherwise(said: str) -> None:
    try:
        assert isinstance(settings([said]), tuple)
    except MappingError as error:
        assert error.problems
