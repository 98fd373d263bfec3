"""A signal that ends the process lets it clean up first, and ends it all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from lstm_migrate.targets.interruption import ENDING, cleaned_up_first

PROGRAM = """
import signal
from lstm_migrate.targets.interruption import cleaned_up_first

with cleaned_up_first():
    try:
        signal.raise_signal(signal.SIGTERM)
        print("went on")
    finally:
        signal.raise_signal(signal.SIGTERM)
        print("cleaned up")
print("went on")
"""


def test_the_process_cleans_up_and_then_ends_by_the_signal() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert run.stdout in ("cleaned up\n", "")  # a killed process need not flush what it printed
    assert run.returncode == -signal.SIGTERM


@pytest.mark.parametrize("number", ENDING)
def test_every_such_signal_unwinds_the_stack(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda process, signum: sent.append((process, signum)))
    cleaned = False
    with pytest.raises(SystemExit), cleaned_up_first():
        try:
            signal.raise_signal(number)
        finally:
            cleaned = True
    assert cleaned
    assert sent == [(os.getpid(), number)]
    assert signal.getsignal(number) is signal.SIG_DFL


def test_a_handler_of_the_program_stays() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        with cleaned_up_first():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


def test_another_thread_can_use_it() -> None:
    passed: list[bool] = []

    def work() -> None:
        with cleaned_up_first():
            passed.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert passed == [True]
