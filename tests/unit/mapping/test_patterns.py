"""Patterns of names: what they match, what they capture, what is put into `to`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_migrate.errors import MappingError
from lstm_migrate.mapping.patterns import Pattern, filled, wanted

WORDS = st.text("abc_019", min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("pattern", "name", "captures"),
    [
        ("lstm_1", "lstm_1", {}),
        ("lstm_1", "lstm_10", None),
        ("rnn/cell_{k}", "rnn/cell_0", {"k": "0"}),
        ("rnn/cell_{k}", "rnn.cell_0", {"k": "0"}),
        ("rnn.cell_{k}", "rnn/cell_0", None),
        ("rnn/{name}/x", "rnn/a/b/x", None),
        ("{a}/{b}", "left/right", {"a": "left", "b": "right"}),
        ("beta*_power", "beta1_power", {}),
        ("*/Adam*", "kernel/Adam_1", {}),
        ("*", "a/b", {}),
        ("a+b", "a+b", {}),
    ],
)
def test_a_pattern_matches_whole_names(pattern, name, captures):
    assert Pattern(pattern).match(name) == captures


@pytest.mark.parametrize("text", ["{k}{k}", "{k", "{}", "{a b}", "*" * 5])
def test_what_is_no_pattern_is_refused(text):
    with pytest.raises(MappingError):
        Pattern(text)


@pytest.mark.parametrize(
    ("layer", "name", "found"),
    [
        ("lstm_1", "lstm_1/kernel", True),
        ("lstm_1", "lstm_1.kernel", True),
        ("lstm_1", "lstm_1_kernel", True),
        ("lstm_1", "lstm_1/kernel:0", True),
        ("lstm_1", "lstm_1kernel", False),
        ("lstm_1", "lstm_10/kernel", False),
        ("", "kernel", True),
        ("", "/kernel", False),
    ],
)
def test_between_a_layer_and_its_array_stands_one_separator(layer, name, found):
    assert (Pattern(layer).before("kernel").fullmatch(name) is not None) is found


@given(WORDS, WORDS)
def test_what_was_captured_and_put_in_again_gives_the_name(first, second):
    pattern = Pattern("{a}/x/{b}")
    captures = pattern.match(f"{first}/x/{second}")
    assert captures == {"a": first, "b": second}
    assert filled("{a}/x/{b}", captures) == f"{first}/x/{second}"


def test_numbers_are_counted_on():
    assert filled("lstm_{k+1}", {"k": "0"}) == "lstm_1"
    assert filled("lstm_{k-1}", {"k": "2"}) == "lstm_1"
    assert wanted("bidirectional_{layer+1}/{dir}") == ["layer", "dir"]


def test_what_cannot_be_put_in_is_said():
    with pytest.raises(MappingError, match=r"nothing is captured as \{j\} .*\{k\}"):
        filled("lstm_{j}", {"k": "0"})
    with pytest.raises(MappingError, match="is no number"):
        filled("lstm_{k+1}", {"k": "a"})
