"""Keeps away what frameworks say while they are loaded: it hides the few lines that matter."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

TRACEBACK = "LSTM_MIGRATE_TRACEBACK"
"""Set by those who look for a bug: tracebacks are shown, and nothing is kept away."""

_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "ERROR"}
_STDERR = 2


@contextmanager
def kept_away() -> Iterator[None]:
    """Inside, `sys.stderr` reaches the user; what compiled code writes to its file descriptor does not."""
    if os.environ.get(TRACEBACK):
        yield
        return
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings(), _compiled_code_silent():
        if not sys.warnoptions:
            # Warnings of other packages mean nothing to users; ours are notes in the report.
            warnings.simplefilter("ignore")
        yield


@contextmanager
def _compiled_code_silent() -> Iterator[None]:
    # TensorFlow logs to the descriptor before it looks at any setting, so no setting helps.
    sys.stderr.flush()
    kept = os.dup(_STDERR)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), _STDERR)
        if _is_the_descriptor(sys.stderr):
            encoding, errors = sys.stderr.encoding, sys.stderr.errors
            with (
                open(kept, "w", encoding=encoding, errors=errors, buffering=1, closefd=False) as stream,
                redirect_stderr(stream),
            ):
                yield
        else:
            yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)


def _is_the_descriptor(stream: object) -> bool:
    try:
        return stream.fileno() == _STDERR  # type: ignore[attr-defined, no-any-return]
    except (AttributeError, OSError, ValueError):
        return False
