"""A language model's vocabulary: tokens that stay, come and go, in its Embedding and its softmax."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_migrate.errors import LstmMigrateError, PlanError
from lstm_migrate.report import Report
from tests.resizing.by_hand import Arrays, arrays_of, differences, gap, opened, outputs
from tests.resizing.old_models import recorded, source
from tests.resizing.workshop import ROUNDING, Result, Workshop, resized

CASE = "vocabulary"  # Embedding(10, 5) -> LSTM(6) -> Dense(10, softmax)
OLD = [f"word{number}" for number in range(10)]
MORE = [*OLD[:4], "new a", *OLD[4:], "new b", "new c"]  # nothing is lost
LESS = ["new a", *OLD[9:5:-1], "new b", *OLD[:4]]  # word4 and word5 are


def write(path: Path, tokens: Sequence[str], form: str) -> str:
    """The file in one of the forms that a vocabulary may have; its name."""
    if form == "lines":
        path.write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
        return path.name
    said: Any = list(tokens) if form == "list" else {token: number for number, token in enumerate(tokens)}
    path = path.with_suffix(".json")
    path.write_text(json.dumps(said), encoding="utf-8")
    return path.name


def with_words(
    target: Path, new: Sequence[str], form: str = "lines", *, lossy: bool = False, **said: Any
) -> Report:
    """The language model with these tokens, in its Embedding and its output."""
    folder = target.parent
    files = {"old": write(folder / "old.txt", OLD, form), "new": write(folder / "new.txt", new, form)}
    rule = {"vocabulary": {**files, "output": "next_word", **said}}
    return resized(source(CASE), target, {"words": rule}, allow_lossy=lossy)


def read_with(workshop: Workshop, new: Sequence[str], **said: Any) -> Result:
    """The same, made once for all tests."""

    def convert(target: Path) -> Report:
        return with_words(target, new, **said)

    return workshop.once(f"vocabulary {new} {said}", convert)


def full_arrays(workshop: Workshop) -> Arrays:
    return workshop.full(CASE).arrays


def moved(new: Sequence[str]) -> Mapping[int, int]:
    """The old number of each new one that is not new."""
    return {number: OLD.index(token) for number, token in enumerate(new) if token in OLD}


def renumbered(tokens: Any, new: Sequence[str]) -> Any:
    return np.vectorize(lambda old: new.index(OLD[old]))(tokens).astype("int32")


@pytest.mark.parametrize("form", ["lines", "list", "map"])
def test_kept_tokens_take_their_rows_and_their_classes_along(
    form: str, target: Path, workshop: Workshop
) -> None:
    assert with_words(target, LESS, form, lossy=True).verified
    full, found = full_arrays(workshop), arrays_of(opened(target))
    (table,), (kernel, bias) = found["words"], found["next_word"]
    assert (table.shape, kernel.shape, bias.shape) == ((10, 5), (6, 10), (10,))
    for new, old in moved(LESS).items():
        assert np.array_equal(table[new], full["words"][0][old])
        assert np.array_equal(kernel[:, new], full["next_word"][0][:, old])
        assert bias[new] == full["next_word"][1][old]


def test_the_same_tokens_in_another_order_are_the_same_model(target: Path) -> None:
    other = [*OLD[5:], *OLD[4::-1]]
    report = with_words(target, other)
    assert report.verified
    (x,), (wanted,) = recorded(CASE)
    (found,) = outputs(opened(target), [renumbered(x, other)])
    assert gap([found[:, [other.index(token) for token in OLD]]], [wanted]) < ROUNDING


def test_new_classes_that_are_never_chosen_leave_all_probabilities_as_they_were(workshop: Workshop) -> None:
    made = read_with(workshop, MORE)
    assert made.report.verified
    assert {line.effect for line in made.report.resized} <= {"exact", "bitwise"}
    (x,), (wanted,) = recorded(CASE)
    (found,) = outputs(made.model, [renumbered(x, MORE)])
    old = list(moved(MORE))
    assert gap([found[:, old]], [wanted]) < ROUNDING
    new = [number for number in range(len(MORE)) if number not in old]
    assert found[:, new].max() < 1e-15


def test_classes_that_are_never_chosen_are_the_default(workshop: Workshop, target: Path) -> None:
    with_words(target, MORE, bias="-inf-like")
    assert differences(arrays_of(opened(target)), read_with(workshop, MORE).arrays) == []


def test_new_classes_with_the_mean_bias_take_from_all_others_alike(workshop: Workshop) -> None:
    made = read_with(workshop, MORE, lossy=True, bias="mean")
    assert made.report.verified
    (x,), (wanted,) = recorded(CASE)
    (found,) = outputs(made.model, [renumbered(x, MORE)])
    old = list(moved(MORE))
    new = [number for number in range(len(MORE)) if number not in old]
    assert found[:, new].min() > 1e-4
    shared = found[:, old] / found[:, old].sum(-1, keepdims=True)
    assert gap([shared], [wanted]) < ROUNDING
    bias = made.arrays["next_word"][1]
    assert bias[new] == pytest.approx(full_arrays(workshop)["next_word"][1].mean(), abs=1e-6)


def test_new_classes_that_take_from_others_need_to_be_allowed(target: Path) -> None:
    with pytest.raises(PlanError, match="--allow-lossy"):
        with_words(target, MORE, bias="mean")
    assert not target.exists()


@pytest.mark.parametrize("fill", ["zeros", "mean", "normal"])
def test_rows_of_new_tokens_are_as_the_rule_says(fill: str, target: Path, workshop: Workshop) -> None:
    with_words(target, MORE, fill=fill)
    (table,), (old,) = arrays_of(opened(target))["words"], full_arrays(workshop)["words"]
    new = table[[number for number in range(len(MORE)) if MORE[number] not in OLD]]
    if fill == "zeros":
        assert not new.any()
    elif fill == "mean":
        assert np.allclose(new, old.mean(0), atol=1e-6)
    else:
        assert len(np.unique(new)) == new.size
        assert 0.2 < new.std() / old.std() < 3


def test_what_the_model_says_of_kept_tokens_stays_in_proportion_when_others_are_lost(
    workshop: Workshop,
) -> None:
    made = read_with(workshop, LESS, lossy=True)
    assert made.report.verified
    (x,), (wanted,) = recorded(CASE)
    known = ~np.isin(x, [4, 5]).any(-1)
    assert known.any(), "the recording has no line without the lost tokens"
    (found,) = outputs(made.model, [renumbered(x[known], LESS)])
    new, old = list(moved(LESS)), list(moved(LESS).values())
    left = wanted[known][:, old]
    assert gap([found[:, new]], [left / left.sum(-1, keepdims=True)]) < ROUNDING


def test_lost_tokens_are_refused_by_name(target: Path) -> None:
    with pytest.raises(PlanError, match=r"(?s)word4.*word5.*--allow-lossy"):
        with_words(target, LESS)
    assert not target.exists()


def test_lost_tokens_are_listed_by_name(workshop: Workshop) -> None:
    report = read_with(workshop, LESS, lossy=True).report
    rows = {(lost.unit, lost.name) for lost in report.lost if lost.layer == "words"}
    assert rows == {(4, "word4"), (5, "word5")}
    assert any("word4" in note.text and "word5" in note.text for note in report.notes)


def test_the_report_says_what_new_classes_do_to_the_others(workshop: Workshop) -> None:
    never, mean = read_with(workshop, MORE), read_with(workshop, MORE, lossy=True, bias="mean")
    for made, words in ((never, "keep the probabilities"), (mean, "proportion")):
        said = [note.text for note in made.report.notes if "next_word" in note.where]
        assert any(words in text for text in said), said


def test_a_vocabulary_by_size_gets_rows_and_classes_behind_the_others(
    target: Path, workshop: Workshop
) -> None:
    rule = {"vocabulary": {"size": 14, "output": "next_word"}}
    report = resized(source(CASE), target, {"words": rule}, recorded=source(CASE).with_name("io.npz"))
    assert report.verified
    found, full = arrays_of(opened(target)), full_arrays(workshop)
    assert np.array_equal(found["words"][0][:10], full["words"][0])
    assert np.array_equal(found["next_word"][0][:, :10], full["next_word"][0])
    assert found["next_word"][1].shape == (14,)
    (x,), (wanted,) = recorded(CASE)
    assert gap([outputs(opened(target), [x])[0][:, :10]], [wanted]) < ROUNDING


def test_an_embedding_alone_gets_more_rows(target: Path, workshop: Workshop) -> None:
    report = resized(source(CASE), target, {"words": {"input_dim": 12}})
    assert report.verified
    assert {line.effect for line in report.resized} <= {"exact", "bitwise"}
    found = arrays_of(opened(target))
    assert found["words"][0].shape == (12, 5)
    assert np.array_equal(found["words"][0][:10], full_arrays(workshop)["words"][0])
    assert np.array_equal(found["next_word"][0], full_arrays(workshop)["next_word"][0])


def test_new_rows_and_new_classes_learn(target: Path) -> None:
    with_words(target, MORE, fill="normal")
    model = opened(target)
    new = [number for number in range(len(MORE)) if MORE[number] not in OLD]
    before = arrays_of(model)
    model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True, jit_compile=False)
    x = np.tile(np.arange(len(MORE), dtype="int32"), (13, 1))[:, :6]
    x[:, :3] = new
    model.train_on_batch(x, np.array([new[row % 3] for row in range(13)]))
    after = arrays_of(model)
    assert (after["words"][0][new] != before["words"][0][new]).all()
    assert (after["next_word"][0][:, new] != before["next_word"][0][:, new]).all()
    assert (after["next_word"][1][new] != before["next_word"][1][new]).all()


BAD: dict[str, tuple[Any, Any, str]] = {
    "too many tokens": ([*OLD, "more", "still more"], OLD, "does not fit"),
    "a token twice": ([*OLD[:9], "word3"], OLD, "twice"),
    "an empty file": ("", OLD, "empty"),
    "no JSON": ("[1, 2", OLD, "JSON"),
    "JSON of another kind": ('{"word0": "zero"}', OLD, "row|number"),
    "two tokens of one number": ('{"word0": 1, "word1": 1}', OLD, "1"),
    "nothing in common but names of files": (OLD, "\x00\udcff", "UTF-8"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_vocabulary_that_cannot_be_is_refused(name: str, target: Path) -> None:
    files = {}
    for key, said in zip(("old", "new"), BAD[name][:2], strict=True):
        text = said if isinstance(said, str) else json.dumps(said)
        file = target.with_name(f"{key}.json")
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
        files[key] = file.name
    rule = {"words": {"vocabulary": {**files, "output": "next_word"}}}
    with pytest.raises(LstmMigrateError, match=BAD[name][2]) as caught:
        resized(source(CASE), target, rule, allow_lossy=True)
    assert caught.value.exit_code in (4, 5)
    assert not target.exists()


def test_a_vocabulary_file_that_is_not_there_is_named(target: Path) -> None:
    rule = {"words": {"vocabulary": {"old": "nowhere.txt", "new": "nowhere.txt"}}}
    with pytest.raises(LstmMigrateError, match=r"nowhere\.txt"):
        resized(source(CASE), target, rule)


def test_units_of_a_softmax_at_the_end_are_refused_with_the_way_that_there_is(target: Path) -> None:
    with pytest.raises(PlanError, match="vocabulary"):
        resized(source(CASE), target, {"next_word": {"units": 12}})
