"""Weights of Keras 0: layers and arrays are counted, and nothing has a name."""

from __future__ import annotations

import h5py

from lstm_migrate.errors import Problem, SourceError
from lstm_migrate.readers.hdf5.attributes import read_count
from lstm_migrate.readers.hdf5.layers import Layers
from lstm_migrate.readers.hdf5.tree import Tree

NB_LAYERS, GRAPH = "nb_layers", "graph"


def is_counted(file: h5py.File, tree: Tree) -> bool:
    """Whether Keras 0 wrote the file: it counts layers, or has one group for a Graph model."""
    return NB_LAYERS in file.attrs or (tree.kinds.get(GRAPH) == "group" and "nb_params" in file[GRAPH].attrs)


class CountedLayers(Layers):
    """`layer_0` … with `param_0` …; a Graph model has one group, `graph`, with all its arrays."""

    def collect(self) -> None:
        """Fills the tables, or raises SourceError with all that is wrong."""
        if NB_LAYERS in self.file.attrs:
            groups = [f"layer_{k}" for k in range(read_count(self.file, NB_LAYERS))]
        else:
            groups = [GRAPH]
        for group in groups:
            if self._misplaced(group, group, "group", NB_LAYERS):
                continue
            count = read_count(self.file[group], "nb_params")
            self.groups[group] = tuple(f"{group}/param_{n}" for n in range(count))
            for name in self.groups[group]:
                self._collect_tensor(name)
            self._refuse_more(group)
        if self.problems:
            raise SourceError(self.problems)

    def _refuse_more(self, group: str) -> None:
        """A count that is too small would leave arrays behind without a word."""
        listed = {name.removeprefix(f"{group}/") for name in self.groups[group]}
        more = sorted(set(self.file[group]) - listed)
        if more:
            self.problems.append(
                Problem(
                    "holds more than it counts",
                    where=group,
                    found=", ".join(more[:6]),
                    expected="nothing else",
                )
            )
