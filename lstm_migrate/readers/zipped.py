"""A ZIP archive that nobody vouches for: its list of members judged before one of them is read.

Nothing is ever unpacked under a name that the archive chose: a member comes as bytes, as a stream, or as
a temporary file that has no name at all.
"""

from __future__ import annotations

import posixpath
import re
import stat
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers.damage import HINT, reason
from lstm_migrate.readers.limits import (
    FREE_EXPANSION_BYTES,
    MAX_COMPRESSION_RATIO,
    MAX_CONFIG_BYTES,
    MAX_MEMBERS,
    MAX_TENSOR_BYTES,
)

METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
OTHER_METHODS = {zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "lzma"}
ENCRYPTED = 0x1
COPY_BYTES = 1 << 20
# zipfile raises all of these on damaged archives; zlib.error is a plain Exception.
DAMAGE = (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, LookupError, NotImplementedError)

Verdict = tuple[str, str, str] | None
"""What is wrong, found, expected."""


class Archive:
    """An open archive whose members are all sound, as far as its directory tells."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = zipfile.ZipFile(path)
        except DAMAGE as error:
            raise _damaged(str(path), error) from error
        try:
            self._members = {info.filename: info for info in self._file.infolist()}
            self._judge()
        except BaseException:
            self.close()
            raise

    @property
    def names(self) -> list[str]:
        """Its members without the folders."""
        return [name for name in self._members if not name.endswith("/")]

    def text(self, name: str) -> str:
        """A member as text; SourceError if it is not there, too long or no UTF-8."""
        info = self._member(name)
        if info.file_size > MAX_CONFIG_BYTES:
            found = f"{info.file_size} bytes"
            raise SourceError("is too long", where=name, found=found, expected=f"≤ {MAX_CONFIG_BYTES}")
        pieces: list[bytes] = []
        self._copy(name, pieces.append)
        try:
            return b"".join(pieces).decode("utf-8")
        except UnicodeDecodeError as error:
            raise SourceError("is no UTF-8 text", where=name, found=str(error), hint=HINT) from error

    def size(self, name: str) -> int:
        """Bytes of a member, unpacked, as the archive claims them."""
        return self._member(name).file_size

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """A member as a stream; its checksum is compared where the stream ends."""
        info = self._member(name)
        try:
            with self._file.open(info) as member:
                yield member
        except SourceError:
            raise
        except Exception as error:
            # zlib's own error derives from no other.
            raise _damaged(name, error) from error

    def unpacked(self, name: str) -> BinaryIO:
        """A member in a temporary file without a name, its checksum compared; whoever asked closes it."""
        self._member(name)
        target = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115  (whoever asked closes it)
        try:
            self._copy(name, target.write)
            target.seek(0)
        except BaseException:
            target.close()
            raise
        return target

    def close(self) -> None:
        """Closes the archive; what was unpacked stays open."""
        self._file.close()

    def _member(self, name: str) -> zipfile.ZipInfo:
        if name not in self._members:
            found = ", ".join(self.names[:8]) or "nothing"
            raise SourceError(f"lacks {name}", where=str(self.path), found=found, hint=HINT)
        return self._members[name]

    def _copy(self, name: str, take: Callable[[bytes], object]) -> None:
        with self.opened(name) as member:
            while piece := member.read(COPY_BYTES):
                take(piece)

    def _judge(self) -> None:
        listed = self._file.infolist()
        if len(listed) > MAX_MEMBERS:
            found, expected = f"{len(listed)}", f"≤ {MAX_MEMBERS}"
            raise SourceError("holds too many members", where=str(self.path), found=found, expected=expected)
        problems, size = [], self.path.stat().st_size
        for info in listed:
            verdict = next((verdict for check in CHECKS if (verdict := check(info))), None)
            if verdict is not None:
                what, found, expected = verdict
                problems.append(Problem(what, where=_shown(info.filename), found=found, expected=expected))
            elif info.header_offset + info.compress_size > size:
                found, expected = f"{info.compress_size} bytes", f"≤ {size - info.header_offset}"
                what = "reaches beyond the end of the file"
                problems.append(Problem(what, _shown(info.filename), found, expected, HINT))
        times = Counter(posixpath.normpath(info.filename) for info in listed)
        problems += [
            Problem("is in the archive more than once", where=_shown(name), found=f"{count} times")
            for name, count in times.items()
            if count > 1
        ]
        if problems:
            raise SourceError(problems)


def _check_name(info: zipfile.ZipInfo) -> Verdict:
    # What the archive says itself: `filename` is cut at a zero byte and has other slashes on Windows.
    name = info.orig_filename
    steps = re.split(r"[/\\]", name)
    # "W:0.npy" is a variable of TensorFlow in an archive of NumPy, and no drive.
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:(?!\d+\.npy$)", name):
        return "has an absolute path", name[:80], "a name inside the archive"
    if ".." in steps:
        return "leads out of the archive", name[:80], "a name inside the archive"
    if "\\" in name or "\0" in name or any(not char.isprintable() for char in name):
        return "has a name that no Keras writes", repr(name[:80]), "letters and slashes"
    return None


def _check_kind(info: zipfile.ZipInfo) -> Verdict:
    mode = info.external_attr >> 16
    if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or not stat.S_IFMT(mode)):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "a special file"
        return "is no plain file", kind, "a file or a folder"
    return None


def _check_form(info: zipfile.ZipInfo) -> Verdict:
    if info.flag_bits & ENCRYPTED:
        return "is encrypted", "a member with a password", "a plain member"
    if info.compress_type not in METHODS:
        name = OTHER_METHODS.get(info.compress_type, "unknown")
        return "is compressed in a way not read here", f"{name} ({info.compress_type})", "stored or deflated"
    return None


def _check_size(info: zipfile.ZipInfo) -> Verdict:
    size, packed = info.file_size, info.compress_size
    if size > MAX_TENSOR_BYTES:
        return "is too large", f"{size} bytes", f"≤ {MAX_TENSOR_BYTES}"
    if size > FREE_EXPANSION_BYTES and size > MAX_COMPRESSION_RATIO * packed:
        found = f"{packed} bytes that unfold to {size}"
        return "is compressed beyond belief", found, f"≤ {MAX_COMPRESSION_RATIO} : 1"
    return None


CHECKS: tuple[Callable[[zipfile.ZipInfo], Verdict], ...] = (
    _check_name,
    _check_kind,
    _check_form,
    _check_size,
)


def _shown(name: str) -> str:
    return name[:80].encode("unicode_escape").decode("ascii") or "a member without a name"


def _damaged(where: str, error: BaseException) -> SourceError:
    return SourceError(
        Problem("cannot be read as a ZIP archive", where=where, found=reason(error), hint=HINT)
    )
