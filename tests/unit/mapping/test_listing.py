"""What `mappings list` and `mappings show` give back, and the YAML in which they write it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_migrate.errors import UsageError
from lstm_migrate.mapping import catalogue
from lstm_migrate.mapping.layouts import resolved
from lstm_migrate.mapping.listing import contents, listed, shown
from lstm_migrate.mapping.loading import load_user_mapping
from lstm_migrate.mapping.writing import entry, flow
from lstm_migrate.readers.yaml_text import parse_plain


def test_every_shipped_file_and_layout_is_listed_with_a_summary() -> None:
    found = listed().mappings
    assert [line.name for line in found] == catalogue.names()
    layouts = [layout for line in found for layout in line.layouts]
    assert {layout.name for layout in layouts} == set(catalogue.layouts())
    assert all(line.summary for line in found)
    assert all(layout.summary and layout.of for layout in layouts)


@pytest.mark.parametrize("name", catalogue.layouts())
def test_a_layout_that_is_shown_is_the_layout_under_a_name_of_ones_own(name: str, tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(shown(name), encoding="utf-8")
    document = load_user_mapping(file).document
    (own,) = document.layouts
    assert own == f"my.{name.rpartition('.')[2]}"
    assert document.layouts[own].extends is None
    written_out = resolved(own, {**catalogue.layouts(), **document.layouts})
    assert replace(written_out, name=name) == resolved(name, catalogue.layouts())


def test_a_file_is_shown_as_it_is() -> None:
    assert shown("torch") == (catalogue.folder() / "torch.yaml").read_text(encoding="utf-8")


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no layout 'tf1.lstn' \(expected nearest: tf1.lstm"):
        shown("tf1.lstn")


def test_what_a_file_holds_is_counted() -> None:
    found = contents(catalogue.document("torch"))
    assert found["layouts"] == len(catalogue.document("torch").layouts)
    assert found["rules"] == 0


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(value=VALUES, key=st.text())
def test_what_is_written_is_read_as_it_was(value: object, key: str) -> None:
    for text in (f"a: {flow(value)}\n", "\n".join(entry(key, value, open_=True)) + "\n"):
        (read,) = parse_plain(text.encode(), "written").value.values()
        assert read == value


@pytest.mark.parametrize(
    "word", ["a", "x (gate u)", "yes", "No", "null", "{k}", "a: b", "1", "1e-05", "", "ä"]
)
def test_words_that_yaml_reads_otherwise_stand_in_quotes(word: str) -> None:
    assert parse_plain(f"a: {flow(word)}".encode(), "written").value == {"a": word}
    assert flow("n") == "n"
