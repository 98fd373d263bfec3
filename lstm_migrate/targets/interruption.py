"""Signals that would end the process at once, made to wait until what it was writing is removed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# SIGINT is Python's KeyboardInterrupt already; Windows has no SIGHUP.
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Ended(BaseException):
    """A signal that ends the process; no `except Exception` on the way holds it up."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


@contextmanager
def cleaned_up_first() -> Iterator[None]:
    """Inside it, such a signal unwinds the stack, and ends the process only then.

    Signals that the program handles itself stay as they are, and so do all of them in other threads,
    where Python handles none.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _unwind)
    try:
        yield
    except Ended as ended:
        signal.signal(ended.number, signal.SIG_DFL)
        os.kill(os.getpid(), ended.number)
        raise SystemExit(128 + ended.number) from ended
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _unwind(number: int, frame: FrameType | None) -> None:
    # A second one must not interrupt the cleaning up.
    signal.signal(number, signal.SIG_IGN)
    raise Ended(number)
