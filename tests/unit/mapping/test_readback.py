"""Rules read backwards, and the lines with which what was written is read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_migrate.errors import UsageError
from lstm_migrate.mapping.loading import load_user_mapping
from lstm_migrate.mapping.patterns import Pattern, captured, filled
from lstm_migrate.mapping.readback import ReadBack
from lstm_migrate.mapping.user import UserRules

WORDS = st.text("ab_1", min_size=1, max_size=4)
NUMBERS = st.integers(0, 30).map(str)


@given(WORDS, NUMBERS, st.sampled_from(["{a}/lstm_{k+1}", "x.{a}.{k}", "{k+3}/{a}", "{a}"]))
def test_what_fills_a_template_is_found_in_what_came_of_it(word: str, number: str, template: str) -> None:
    name = filled(template, {"a": word, "k": number})
    found = captured(template, name)
    assert found is not None
    assert filled(template, found) == name


@pytest.mark.parametrize(
    ("template", "name", "found"),
    [
        ("lstm_{k+1}", "lstm_3", {"k": "2"}),
        ("lstm_{k+1}", "lstm_0", None),
        ("lstm_{k+1}", "lstm_03", None),
        ("lstm_{k-1}", "lstm_0", {"k": "1"}),
        ("both_{layer+1}/{dir}", "both_2/forward", {"layer": "1", "dir": "forward"}),
        ("{a}/{a}", "p/q", None),
        ("lstm", "lstm_1", None),
    ],
)
def test_templates_are_read_backwards(template: str, name: str, found: dict[str, str] | None) -> None:
    assert captured(template, name) == found


def test_a_pattern_is_filled_whole_or_not_at_all() -> None:
    assert Pattern("rnn/cell_{k}").filled({"k": "2", "more": "x"}) == "rnn/cell_2"
    assert Pattern("rnn/cell_{k}").filled({}) is None
    assert Pattern("rnn/*").filled({}) is None


def test_the_lines_are_a_mapping_file(tmp_path: Path) -> None:
    back = ReadBack(UserRules(), ["torch.lstm", "torch.linear"], ["both", "a layer: {odd}"])
    file = tmp_path / "m.yaml"
    file.write_text(back.lines, encoding="utf-8")
    document = load_user_mapping(file).document
    assert document.source.layouts == ["torch.lstm", "torch.linear"]
    assert [rule.said.to for rule in back.rules.rules] == ["both/{dir}", "a layer: {odd}/{dir}"]
    assert document == back.rules.documents[0]


def test_what_is_no_more_there_is_taken_out_of_a_mapping_file(tmp_path: Path) -> None:
    file = tmp_path / "fork.yaml"
    lines = "version: 1\nlayers: {cell: {to: lstm, layout: tf1.lstm}}\nignore: {global_step: it counts}\n"
    file.write_text(lines, encoding="utf-8")
    back = ReadBack(UserRules((load_user_mapping(file),)))
    assert (back.lines, back.rules.ignored) == ("", ())
    assert len(back.rules.rules) == 1
    said = back.said(Path("folder/new.keras"))
    assert said == "convert it with --architecture new.keras --mapping fork.yaml (take its ignore out)"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["torch.lstn"], "--as torch.lstn: no layout 'torch.lstn'"),
        (["torch.lstm", "keras1.lstm"], "two layouts for lstm layers"),
    ],
)
def test_layouts_that_make_no_sense_are_told(names: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        _ = ReadBack(UserRules(), names).rules
    assert said in str(caught.value)
