"""JSON of unknown origin: depth and length first, then the parser."""

from __future__ import annotations

import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_migrate.errors import SourceError
from lstm_migrate.readers.json_text import parse_object
from lstm_migrate.readers.limits import MAX_JSON_DEPTH

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text('[]{}"\\a', max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text('[]{}"\\a', max_size=6), VALUES, max_size=5))
def test_every_object_comes_back_as_it_was_written(value: dict[str, object]) -> None:
    assert parse_object(json.dumps(value), "here") == value


@given(st.text('{}[]":,\\ a1', max_size=40))
def test_any_text_is_an_object_or_a_source_error(text: str) -> None:
    try:
        assert isinstance(parse_object(text, "here"), dict)
    except SourceError as error:
        assert error.problems[0].where == "here"


def test_nan_and_infinity_are_welcome() -> None:
    value = parse_object('{"a": NaN, "b": [Infinity, -Infinity]}', "here")
    assert math.isnan(value["a"]) and value["b"] == [math.inf, -math.inf]


@pytest.mark.parametrize("depth", [MAX_JSON_DEPTH, MAX_JSON_DEPTH + 1])
def test_the_depth_limit_is_where_it_says(depth: int) -> None:
    text = '{"a":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"
    if depth <= MAX_JSON_DEPTH:
        parse_object(text, "here")
    else:
        with pytest.raises(SourceError, match="nested too deep"):
            parse_object(text, "here")


def test_brackets_inside_strings_open_nothing() -> None:
    assert parse_object('{"a": "' + "[" * 5000 + '\\"{"}', "here")


def test_an_unclosed_string_of_quotes_costs_no_more_than_its_length() -> None:
    start = time.perf_counter()
    with pytest.raises(SourceError):
        parse_object('{"a": "' + '\\"' * 2_000_000, "here")
    assert time.perf_counter() - start < 5  # quadratic would be hours


def test_the_place_of_an_error_is_told() -> None:
    with pytest.raises(SourceError, match="line 2, column 7"):
        parse_object('{"a": 1,\n "b": oops}', "model_config")
