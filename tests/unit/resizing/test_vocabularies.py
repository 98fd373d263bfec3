"""Vocabulary files: what they say of each row, what is no such file, and where rows go under another one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_migrate.errors import MappingError, PlanError
from lstm_migrate.resizing.vocabularies import Tokens, read_tokens, renumbering, resized_rows
from lstm_migrate.restriction import NEW


def read(folder: Path, text: str | bytes, name: str = "words.txt") -> Tokens:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_tokens(file, "m.yaml:3:4")


def refused(folder: Path, text: str | bytes, name: str = "words.txt") -> str:
    with pytest.raises(MappingError) as caught:
        read(folder, text, name)
    return str(caught.value).replace(f"{folder}/", "")


def tokens(**numbers: int) -> Tokens:
    return Tokens(numbers, "words")


# text of a file → the row of each token
READ: dict[str, dict[str, int]] = {
    "the\ncat\nsat\n": {"the": 0, "cat": 1, "sat": 2},
    "the\ncat": {"the": 0, "cat": 1},
    " the\nNew York \n\tcat\n": {" the": 0, "New York ": 1, "\tcat": 2},
    "\n[UNK]\nthe\n": {"": 0, "[UNK]": 1, "the": 2},
    "[PAD]\n[UNK]\n": {"[PAD]": 0, "[UNK]": 1},
    "the\r\ncat\r\n": {"the": 0, "cat": 1},
    "\ufeffthe\nçà\n": {"the": 0, "çà": 1},
    '["the", "New York", ""]': {"the": 0, "New York": 1, "": 2},
    ' {"the": 1, "cat": 3}\n': {"the": 1, "cat": 3},
}


@pytest.mark.parametrize("text", READ)
def test_a_file_is_lines_or_a_list_or_a_map(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text).numbers == READ[text]


# (text, name) → what is said of it
WRONG: dict[tuple[str | bytes, str], str] = {
    ("a\nb\na\n", "w.txt"): 'w.txt: the token "a" stands twice (found in line 1 and line 3,',
    ('["a", "a"]', "w.json"): 'w.json: the token "a" stands twice (found in entry 0 and entry 1,',
    ('{"a": 1, "a": 2}', "w.json"): 'w.json: the token "a" stands twice (found as 1 and 2)',
    ('{"a": 1, "b": 1}', "w.json"): 'two tokens have the number 1 (found "a" and "b",',
    ('{"a": -1}', "w.json"): 'the token "a" has no row (found -1, expected a whole number from 0',
    ('{"a": 1.5}', "w.json"): 'the token "a" has no row (found 1.5,',
    ('{"a": true}', "w.json"): 'the token "a" has no row (found true,',
    ('{"a": 99999999999}', "w.json"): 'the token "a" has no row (found 99999999999,',
    ('{"a": null}', "w.json"): 'the token "a" has no row (found null,',
    ('["a", 2]', "w.json"): "no vocabulary (found 2, expected a JSON list of tokens",
    ('"a"', "w.json"): 'no vocabulary (found "a", expected a JSON list',
    ("null", "w.json"): "no vocabulary (found null, expected a JSON list",
    ("a\nb\n", "w.json"): "w.json: not JSON (found Expecting value",
    ("[" * 100_000, "w.json"): "w.json: not JSON",
    (f'{{"a": {"9" * 5000}}}', "w.json"): "w.json: not JSON",
    ("[]", "w.json"): "w.json: the vocabulary is empty",
    ("{}", "w.json"): "w.json: the vocabulary is empty",
    ("", "w.txt"): "w.txt: the vocabulary is empty",
    ("\n", "w.txt"): "w.txt: the vocabulary is empty",
    (b"the\nc\xff\n", "w.txt"): "w.txt:2: not UTF-8 (found byte 0xff)",
}


@pytest.mark.parametrize("case", WRONG, ids=[f"{name} {text[:20]!r}" for text, name in WRONG])
def test_what_is_no_vocabulary_is_refused(case: tuple[str | bytes, str], tmp_path: Path) -> None:
    assert WRONG[case] in refused(tmp_path, *case)


def test_a_file_that_is_not_there_is_named_with_the_rule_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(MappingError) as caught:
        read_tokens(tmp_path / "none.txt", "m.yaml:3:4")
    assert str(caught.value).startswith("m.yaml:3:4: the vocabulary cannot be read (found ")
    assert "none.txt: No such file" in str(caught.value)
    with pytest.raises(MappingError, match="cannot be read"):
        read_tokens(tmp_path, "m.yaml:3:4")


def test_a_vocabulary_fits_a_table_that_has_a_row_for_each_token() -> None:
    tokens(a=1, b=5).check_fits(6, "its Embedding", "here")
    with pytest.raises(PlanError) as caught:
        tokens(a=1, b=6, c=7).check_fits(6, "its Embedding", "here")
    said = "here: the vocabulary of words does not fit its Embedding"
    assert str(caught.value) == f"{said} (found 'b' as row 6, 3 tokens, expected rows from 0 to 5)"


def test_tokens_take_their_rows_along() -> None:
    found = renumbering(tokens(a=0, b=1, c=2), tokens(c=0, new=1, a=2), 3)
    assert found.places == (2, NEW, 0)
    assert (found.lost, found.gained, found.unnamed) == ({1: "b"}, {1: "new"}, ())


def test_rows_that_no_token_names_stay_where_they_are() -> None:
    found = renumbering(tokens(a=1, b=2), tokens(b=1, c=2, d=3), 5)
    assert found.places == (0, 2, NEW, NEW)
    assert found.unnamed == (3, 4)
    assert renumbering(tokens(a=1, b=2), tokens(b=1), 5, size=6).places == (0, 2, NEW, 3, 4, NEW)


def test_a_new_token_takes_the_place_of_a_row_that_none_names() -> None:
    found = renumbering(tokens(a=1), tokens(x=0, a=1), 2)
    assert (found.places, found.gained, found.unnamed) == ((NEW, 1), {0: "x"}, (0,))


def test_a_size_alone_cuts_or_adds_at_the_end() -> None:
    assert resized_rows(4, 2).places == (0, 1)
    assert resized_rows(2, 4).places == (0, 1, NEW, NEW)


NUMBERS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 11), min_size=1).map(
    lambda found: {token: number for number, token in {n: t for t, n in found.items()}.items()}
)


@given(old=NUMBERS, new=NUMBERS, spare=st.integers(0, 3))
def test_each_kept_token_has_its_old_row_and_no_row_stands_twice(
    old: dict[str, int], new: dict[str, int], spare: int
) -> None:
    rows = max(old.values()) + 1 + spare
    found = renumbering(Tokens(old, "old"), Tokens(new, "new"), rows)
    assert len(found.places) == max(new.values()) + 1
    for token, number in new.items():
        assert found.places[number] == old.get(token, NEW)
    there = [place for place in found.places if place != NEW]
    assert len(set(there)) == len(there)
    assert set(there) | set(found.lost) | set(found.unnamed) == set(range(rows))
    assert found.lost.keys() == {old[token] for token in old.keys() - new.keys()}


@given(old=NUMBERS)
def test_the_same_vocabulary_changes_nothing(old: dict[str, int]) -> None:
    rows = max(old.values()) + 1
    same = Tokens(old, "words")
    found = renumbering(same, same, rows)
    assert found.places == tuple(range(rows))
    assert not found.lost
    assert not found.gained


@given(old=NUMBERS, new=NUMBERS)
def test_there_and_back_again_every_kept_token_is_where_it_was(
    old: dict[str, int], new: dict[str, int]
) -> None:
    rows = max(old.values()) + 1
    there = renumbering(Tokens(old, "old"), Tokens(new, "new"), rows)
    back = renumbering(Tokens(new, "new"), Tokens(old, "old"), len(there.places), rows)
    for token in old.keys() & new.keys():
        assert there.places[back.places[old[token]]] == old[token]


def test_a_tokenizers_word_index_is_a_map(tmp_path: Path) -> None:
    index = {f"w{number}": number for number in range(1, 50)}
    assert read(tmp_path, json.dumps(index), "index.json").highest == 49
