"""Damage: whatever a parser raises on a broken file becomes one SourceError that names the place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from lstm_migrate.errors import Problem, SourceError

PARSER_ERRORS = (OSError, LookupError, RuntimeError, ValueError, TypeError, ArithmeticError, MemoryError)
"""What libraries raise when bytes make no sense to them; h5py uses every one of these."""

HINT = "The file is truncated or damaged: fetch it again, or compare its size or checksum with the original"


@contextmanager
def guarded(where: str, what: str = "cannot be read as HDF5") -> Iterator[None]:
    """Turns a parser's error into a SourceError, the original as its cause."""
    try:
        yield
    except PARSER_ERRORS as error:
        raise SourceError(Problem(what, where=where, found=reason(error), hint=HINT)) from error


def reason(error: BaseException) -> str:
    """The parser's own words: for h5py those in the brackets, as the rest only names its C call."""
    text = " ".join(str(error).split()) or type(error).__name__
    inner = re.search(r"\((.*)\)$", text)
    return inner.group(1) if inner else text
