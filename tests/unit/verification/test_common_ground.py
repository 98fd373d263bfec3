"""A plan that left the judge little to compare would be found out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lstm_migrate
from lstm_migrate.errors import VerificationError
from lstm_migrate.resizing import correspondence, resize
from lstm_migrate.restriction import NEW, Shown
from tests.corpus.expect import source_of

CASE = "k208-seq2seq"  # its decoder's Dense layer has three units
VOCABULARY = Path(__file__).parents[2] / "corpus" / "resizing" / "vocabulary" / "model.h5"


@pytest.fixture(autouse=True)
def quiet_keras() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras  # noqa: F401  warns while it is imported

        yield


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (Shown(-1, (), ()), "compared at 0 places only"),
        (Shown(-1, (0,), (0,)), "compared at 1 places only"),
        (Shown(-1, (0, 1, 1), (0, 1, 1)), "are no places among 3"),
        (Shown(-1, (0, 1, 3), (0, 1, 2)), "are no places among 3"),
        (Shown(-1, (0, 1, 2), (0, 1)), "in different parts of it"),
    ],
)
def test_outputs_that_are_left_out_of_the_comparison_are_missed(
    shown: Shown, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correspondence.Correspondence, "_shown", lambda *_: shown)
    with pytest.raises(VerificationError, match=f"resized placement: output 0: .*{said}"):
        lstm_migrate.convert(source_of(CASE), tmp_path / "new.keras", resize={"encoder.units": 6})
    assert not (tmp_path / "new.keras").exists()


def test_tokens_that_do_not_go_where_their_rows_go_are_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_only(*_: Any) -> dict[int, tuple[int, ...]]:
        return {0: (0, *([NEW] * 9))}

    monkeypatch.setattr(resize, "renumbered", one_only)
    with pytest.raises(VerificationError, match="resized placement: input 0: its tokens get other numbers"):
        lstm_migrate.convert(
            VOCABULARY, tmp_path / "new.keras", resize={"words.vocabulary": {"size": 6}}, allow_lossy=True
        )
