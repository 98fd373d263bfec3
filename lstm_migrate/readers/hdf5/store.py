"""The weight store of Keras 2.12 and later: variables by the path of the object that owns them.

`layers/lstm/cell/vars/0` is the first variable of the cell of the model's first LSTM. Names in it are
classes, counted in the order of the model's layers; which layer that is, is for `planning/` to say.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import h5py
from numpy.typing import NDArray

from lstm_migrate.checkpoint import Blocks, Checkpoint, TensorInfo, Writer
from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers.damage import guarded
from lstm_migrate.readers.hdf5.heaps import check_heaps
from lstm_migrate.readers.hdf5.tensors import judge, read_blocks, read_values
from lstm_migrate.readers.hdf5.tree import Tree, grow
from lstm_migrate.readers.limits import FREE_EXPANSION_BYTES, MAX_COMPRESSION_RATIO

VARIABLE = re.compile(r"(?:(?P<owner>.+)/)?vars/(?P<key>[^/]+)")
NUMBER = re.compile(r"0|[1-9]\d{0,6}")
EARLY_ROOT = "_layer_checkpoint_dependencies"
ROOTS = ("layers", EARLY_ROOT)

# What a store keeps beside the model: the first step of the path → how the report calls it.
BESIDE_THE_MODEL = {
    "optimizer": "optimizer_weights",
    "metrics": "metrics",
    "_metrics": "metrics",
    "compile_metrics": "metrics",
    "_compile_metrics": "metrics",
    "loss_tracker": "metrics",
    "_loss_tracker": "metrics",
}
RANDOM = "seed_generator"


@dataclass(frozen=True)
class Part:
    """One open HDF5 file of a store, its tree, its size in bytes, and the handle that it is read through."""

    file: h5py.File
    tree: Tree
    size: int
    raw: BinaryIO | None = None

    def close(self) -> None:
        """Closes the file and what it is read through."""
        try:
            with guarded("the weights", "cannot be closed"):
                self.file.close()
        finally:
            if self.raw is not None:
                self.raw.close()


@dataclass
class Store:
    """`groups` and `tensors` as in Checkpoint; `places`: tensor name → the part that holds it."""

    parts: Sequence[Part]
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tensors: dict[str, TensorInfo] = field(default_factory=dict)
    places: dict[str, Part] = field(default_factory=dict)
    left_behind: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def collect(self) -> None:
        """Fills the tables, or raises SourceError with all that is wrong."""
        owned: dict[str, list[str]] = {}
        beside: Counter[str] = Counter()
        for part in self.parts:
            for path in part.tree.datasets():
                found = VARIABLE.fullmatch(path)
                owner = found["owner"] or "" if found else ""
                place = _beside(owner) if found else "in no list of variables"
                if place:
                    beside[place] += 1
                    continue
                owned.setdefault(owner, []).append(path)
                self._take(path, part)
        for owner, paths in owned.items():
            self._number(owner, paths)
        self.left_behind = {place: f"{count} tensor{'s' * (count != 1)}" for place, count in beside.items()}
        if self.problems:
            raise SourceError(self.problems)

    def read(self, name: str) -> NDArray[Any]:
        """The values of one variable."""
        with guarded(name, "cannot be read"):
            return read_values(self.places[name].file[name], self.tensors[name])

    def blocks(self, name: str) -> Blocks:
        """The values of one variable, a few rows at a time."""
        with guarded(name, "cannot be read"):
            yield from read_blocks(self.places[name].file[name], self.tensors[name])

    def close(self) -> None:
        """Closes every file."""
        for part in self.parts:
            part.close()

    def _take(self, path: str, part: Part) -> None:
        if path in self.places:
            self.problems.append(Problem("stands in two files of the store", where=path))
            return
        self.places[path] = part
        try:
            with guarded(path):
                judged = judge(path, part.file[path], part.size)
        except SourceError as error:
            self.problems += error.problems
            return
        if isinstance(judged, Problem):
            self.problems.append(judged)
        else:
            self.tensors[path] = judged

    def _number(self, owner: str, paths: Sequence[str]) -> None:
        keys = [path.rpartition("/")[2] for path in paths]
        if not all(NUMBER.fullmatch(key) for key in keys):
            strange = [key for key in keys if not NUMBER.fullmatch(key)]
            self._misnumbered(owner, "are not numbered", strange)
            return
        numbers = sorted(map(int, keys))
        if numbers != list(range(len(numbers))):
            self._misnumbered(owner, "have a gap", [str(number) for number in numbers])
            return
        self.groups[owner] = tuple(sorted(paths, key=lambda path: int(path.rpartition("/")[2])))

    def _misnumbered(self, owner: str, what: str, found: Sequence[str]) -> None:
        shown = ", ".join(found[:8])
        expected = f"0 to {len(found) - 1}" if what == "have a gap" else "0, 1, 2, …"
        hint = "A variable is missing, or a custom layer wrote its own"
        self.problems.append(
            Problem(
                f"the variables {what}",
                where=f"{owner or '/'}/vars",
                found=shown,
                expected=expected,
                hint=hint,
            )
        )


def _beside(owner: str) -> str:
    """How the report calls what does not belong to the model; "" for what does."""
    steps = owner.split("/")
    if steps[-1].strip("_") == RANDOM:
        return "states of random generators"
    return BESIDE_THE_MODEL.get(steps[0], "")


def variable_lists(part: Part) -> set[str]:
    """The groups of a file that hold variables: "layers/dense/vars"."""
    return {path.rpartition("/")[0] for path in part.tree.datasets() if VARIABLE.fullmatch(path)}


def is_store(tree: Tree) -> bool:
    """Whether the tree is that of a weight store."""
    return any(tree.kinds.get(root) == "group" for root in ROOTS) or any(
        VARIABLE.fullmatch(path) for path in tree.datasets()
    )


def store_writer(parts: Sequence[Part]) -> Writer:
    """Who wrote a store that stands alone: it names no version, but its form tells some apart."""
    if any(EARLY_ROOT in part.tree.kinds for part in parts):
        evidence = f"no version in the file, but variables under {EARLY_ROOT}: TensorFlow 2.12 to 2.14"
        return Writer("tf.keras", "2.12 to 2.14", "tensorflow", (evidence,))
    named = [path for part in parts for path in part.tree.kinds if _is_named(part, path)]
    if named:
        evidence = f"no version in the file, but a name at {named[0]}: Keras 3.6 or later"
        return Writer("keras", "3.6 or later", "", (evidence,))
    evidence = "no version in the file, variables under layers: TensorFlow 2.15, or Keras 3.0 to 3.5"
    return Writer("unknown", "", "", (evidence,))


def _is_named(part: Part, path: str) -> bool:
    return path.endswith("/vars") and "name" in part.file[path].attrs


def open_part(where: str, raw: BinaryIO) -> Part:
    """One HDF5 file of a store, from an open file that the Part closes; SourceError if it is damaged."""
    try:
        with guarded(where):
            file = h5py.File(raw, "r")
            try:
                tree = grow(file, where)
                check_heaps(where, raw, file, tree)
                return Part(file, tree, os.fstat(raw.fileno()).st_size, raw)
            except BaseException:
                file.close()
                raise
    except BaseException:
        raw.close()
        raise


def collected(parts: Sequence[Part], packed_bytes: int, where: str) -> Store:
    """The Store of these files. `packed_bytes`: what they take on disk, packed as they are."""
    store = Store(parts)
    store.collect()
    unfolded = sum(info.nbytes for info in store.tensors.values())
    # Each file and each array were judged alone: together they may still be a bomb within a bomb.
    if unfolded > FREE_EXPANSION_BYTES and unfolded > MAX_COMPRESSION_RATIO * packed_bytes:
        found = f"{packed_bytes} bytes that unfold to {unfolded}"
        expected = f"≤ {MAX_COMPRESSION_RATIO} : 1"
        raise SourceError("is compressed beyond belief", where=where, found=found, expected=expected)
    return store


def store_checkpoint(
    path: Path,
    store: Store,
    *,
    writer: Writer | None = None,
    architecture: Mapping[str, Any] | None = None,
    left_behind: Mapping[str, str] | None = None,
) -> Checkpoint:
    """The Checkpoint of a store: alone, or with what the archive around it says."""
    return Checkpoint(
        path=path,
        format="keras-store" if architecture is None else "keras-archive",
        writer=writer or store_writer(store.parts),
        groups=store.groups,
        tensors=store.tensors,
        architecture=architecture,
        left_behind={**store.left_behind, **(left_behind or {})},
        read_values=store.read,
        read_blocks=store.blocks,
        close=store.close,
    )
