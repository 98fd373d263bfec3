"""Whatever stops a conversion, nothing is left behind, and what was there before still is."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import lstm_migrate

SOURCE = Path(__file__).parent / "corpus" / "valid" / "k208-seq2seq" / "model.h5"

# Ends itself in the middle of writing: the second of the model's variables is filled while Keras saves.
PROGRAM = """
import signal, sys
import lstm_migrate

def progress(stage, done, total):
    if (stage, done) == ("write", 1):
        signal.raise_signal(getattr(signal, sys.argv[3]))

lstm_migrate.convert(sys.argv[1], sys.argv[2], progress=progress)
"""


@pytest.fixture(autouse=True)
def _keras() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras

        yield keras


@pytest.fixture(autouse=True)
def heeding_ctrl_c() -> Iterator[None]:
    """A shell starts what it sends to the background deaf to Ctrl-C, and so would these tests be."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    "stage, done",
    [
        ("keras", 0),
        ("write", 0),
        ("write", 1),
        ("reopen", 0),
        ("placement", 0),
        ("behaviour", 1),
        ("power", 2),
    ],
)
def test_ctrl_c_leaves_nothing_at_any_stage(stage: str, done: int, tmp_path: Path) -> None:
    def progress(*now: Any) -> None:
        if now[:2] == (stage, done):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        lstm_migrate.convert(SOURCE, tmp_path / "new.keras", progress=progress)
    assert list(tmp_path.iterdir()) == []


def test_an_older_target_survives_ctrl_c(tmp_path: Path) -> None:
    target = tmp_path / "new.keras"
    target.write_text("precious")

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "power":
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        lstm_migrate.convert(SOURCE, target, overwrite=True, progress=progress)
    assert target.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [target]


def test_a_kill_in_the_middle_of_writing_leaves_nothing(tmp_path: Path) -> None:
    ended = _run(["-c", PROGRAM, str(SOURCE), str(tmp_path / "new.keras"), "SIGTERM"])
    assert ended.returncode == -signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("room", [4_000, 20_000])
def test_a_full_disk_is_one_error_and_leaves_nothing(room: int, tmp_path: Path) -> None:
    command = ["-m", "lstm_migrate", "convert", str(SOURCE), "--to", str(tmp_path / "new.keras")]
    ended = _run(command, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)))
    assert ended.returncode == lstm_migrate.TargetError.exit_code
    assert "the target cannot be written" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def _run(arguments: list[str], before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, preexec_fn=before
    )
