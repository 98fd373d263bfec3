"""The layers of a Keras HDF5 file: which tensors each one lists, all of them found and judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import h5py

from lstm_migrate.checkpoint import TensorInfo
from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers.damage import guarded
from lstm_migrate.readers.hdf5.attributes import read_names
from lstm_migrate.readers.hdf5.tensors import judge
from lstm_migrate.readers.hdf5.tree import Tree, canonical

TOP_LEVEL = "top_level_model_weights"
"""Where tf.keras since 2.6 keeps variables that belong to the model and to none of its layers."""


@dataclass
class Layers:
    """`groups` and `tensors` as in Checkpoint; `paths`: tensor name → path in the file."""

    file: h5py.File
    tree: Tree
    root: str
    file_size: int
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tensors: dict[str, TensorInfo] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def collect(self) -> None:
        """Fills the tables, or raises SourceError with all that is wrong."""
        names = read_names(self.file[self.root or "/"], "layer_names")
        if names is None:
            hint = "Without it nothing says in which order the layers come: the file is damaged"
            raise SourceError(
                "lists no layers", where=f"/{self.root}", found="no attribute layer_names", hint=hint
            )
        self._refuse_repeated("layer_names", names)
        for name in names:
            self._collect_layer(name)
        # No layer, but what it holds belongs to the model: planning must see that it has nowhere to go.
        if TOP_LEVEL not in self.groups and any(self.tree.datasets(self._path(TOP_LEVEL))):
            self._collect_layer(TOP_LEVEL)
        if self.problems:
            raise SourceError(self.problems)

    def _path(self, *steps: str) -> str:
        return canonical("/".join((self.root, *steps)))

    def _collect_layer(self, layer: str) -> None:
        path = self._path(layer)
        if self._misplaced(layer, path, "group", "layer_names"):
            return
        try:
            with guarded(f"/{path}"):
                names = read_names(self.file[path], "weight_names")
        except SourceError as error:
            self.problems += error.problems
            return
        if names is None:
            self.problems.append(Problem("lists no weights", where=layer, found="no attribute weight_names"))
            return
        self._refuse_repeated(f"{layer}: weight_names", names)
        self.groups[layer] = tuple(f"{layer}/{name}" for name in names)
        for name in self.groups[layer]:
            self._collect_tensor(name)

    def _collect_tensor(self, name: str) -> None:
        path = self._path(name)
        if self._misplaced(name, path, "dataset", "weight_names"):
            return
        try:
            with guarded(name):
                judged = judge(name, self.file[path], self.file_size)
        except SourceError as error:
            self.problems += error.problems
            return
        if isinstance(judged, Problem):
            self.problems.append(judged)
        else:
            self.tensors[name], self.paths[name] = judged, path

    def _misplaced(self, name: str, path: str, expected: str, listed_in: str) -> bool:
        found = self.tree.kinds.get(path, "nothing")
        if found != expected:
            self.problems.append(
                Problem(
                    f"is listed in {listed_in} but not there",
                    where=name,
                    found=found,
                    expected=f"a {expected}",
                )
            )
        return found != expected

    def _refuse_repeated(self, where: str, names: tuple[str, ...]) -> None:
        for name, count in Counter(names).items():
            if count > 1 or not canonical(name):
                found = f"{name!r} {count} times"
                self.problems.append(Problem("is no list of distinct names", where=where, found=found))
