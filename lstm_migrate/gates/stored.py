"""Layers in files: the gates of any source that the tool opens, as the file has them.

Arrays are brought to Keras's orientation and order of gates, and nothing else happens to them: what
`convert` folds into weights (an activation's other meaning, the sum of two biases) is not done here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lstm_migrate.beside import Given, PathLike
from lstm_migrate.custom import parts_of
from lstm_migrate.errors import UsageError
from lstm_migrate.gates.cell import Gates, Parts, UnknownName
from lstm_migrate.gates.stored_cell import Opened, stored_gates
from lstm_migrate.graph import Layer, LayerPath
from lstm_migrate.opening import planned

THROUGH = ("cell", "layer")  # labels of wrapped layers that the wrapper itself stands for
NAMED = {"forward_layer": "forward", "backward_layer": "backward"}


@contextmanager
def open_layers(
    source: PathLike,
    *,
    architecture: PathLike | None = None,
    assume: Mapping[str, str] | None = None,
    mapping: PathLike | Sequence[PathLike] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> Iterator[StoredLayers]:
    """The layers of a file by their paths ("lstm_1", "bidirectional_1/forward_layer"), for `gates`.

    Arguments are those of `convert`. Headers are read now, values when asked for, so as long as the
    `with` block lasts. Weights alone do not say what a cell computes: an old "hard_sigmoid" is another
    function than Keras 3's, which `convert` makes up for and this does not. A model that `convert` refuses
    is refused here with the same error.
    """
    files = [mapping] if isinstance(mapping, (str, os.PathLike)) else list(mapping or ())
    with planned(
        source, Given(architecture, assume, files, parts_of(custom_objects)), allow_lossy=True
    ) as found:
        layers = StoredLayers(Opened(found))
        try:
            yield layers
        finally:
            layers.source.open = False


@dataclass(frozen=True, eq=False)
class StoredLayer:
    """One layer of a file, for `gates`. `kind` is its class in Keras's words."""

    path: str
    layer: Layer = field(repr=False)
    layers: StoredLayers = field(repr=False)

    @property
    def kind(self) -> str:
        return self.layer.kind


class StoredLayers(Mapping[str, StoredLayer]):
    """The layers of an opened file by path, those inside other layers among them."""

    def __init__(self, source: Opened) -> None:
        self.source = source
        walked = source.found.plan.source.walk()
        self._paths = {"/".join(path): (layer, path) for path, layer in walked if layer.kind != "InputLayer"}

    def __getitem__(self, path: str) -> StoredLayer:
        if path not in self._paths:
            where = str(self.source.found.checkpoint.path)
            raise UnknownName(f"no layer is called {path!r}", where=where, expected=", ".join(self._paths))
        return StoredLayer(path, self._paths[path][0], self)

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def gates(self, path: str) -> Gates | Parts:
        """The gates of the layer at `path`; UsageError if it has none."""
        found = _found(*self._paths[path], self.source)
        if found is None:
            having = [other for other, (layer, at) in self._paths.items() if _found(layer, at, self.source)]
            kind = self._paths[path][0].kind
            raise UsageError(
                f"{kind} has no gates",
                where=path,
                found=kind,
                expected=f"a layer that has: {', '.join(having)}" if having else "",
                hint="" if having else "No layer of this file has gates.",
            )
        return found


def _found(layer: Layer, path: LayerPath, source: Opened) -> Gates | Parts | None:
    if layer.kind in source.found.source.document.cells:
        return stored_gates(layer, path, source)
    inner = {label: _found(child, (*path, label), source) for label, child in layer.children.items()}
    held = {label: tree for label, tree in inner.items() if tree is not None}
    through = next((held[label] for label in THROUGH if label in held), None)
    if through is not None or not held:
        return through
    return Parts("/".join(path), {_key(label): tree for label, tree in held.items()})


def _key(label: str) -> str | int:
    return int(label) if label.isdigit() else NAMED.get(label, label)
