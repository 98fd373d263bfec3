"""CustomParts: a user's own layers and activations, and the names by which a source may ask for them.

They come from the user's own words alone: nothing in a source file decides what is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lstm_migrate.errors import Problem, UsageError
from lstm_migrate.graph import Activation, Graph, Layer, LayerPath

CUSTOM = "custom:"
"""Kinds of layers and functions of activations that begin with it are the user's own."""

EXPECTED = "a class derived from keras.layers.Layer of Keras 3, or a function"


def is_custom(kind: str) -> bool:
    """Whether a layer's kind, or an activation's function, is the user's own."""
    return kind.startswith(CUSTOM)


def holds_custom(layer: Layer) -> bool:
    """Whether the layer or one inside it is the user's own."""
    return any(is_custom(inner.kind) for _, inner in layer.walk())


@dataclass(frozen=True)
class CustomParts:
    """The parts by the names under which they were given; each also answers to its own name."""

    objects: Mapping[str, Any] = field(default_factory=dict)

    def layer(self, class_name: str) -> str | None:
        """The kind that stands for a layer class of the source; None if the user gave none of that name."""
        found = self._named(class_name)
        return CUSTOM + str(found.__name__) if isinstance(found, type) else None

    def activation(self, name: str) -> Activation | None:
        """What stands for an activation of the source; None if the user gave none of that name."""
        found = self._named(name)
        return None if found is None or isinstance(found, type) else Activation(CUSTOM + str(found.__name__))

    def part(self, kind: str) -> Any:
        """The class or function behind a kind or function that begins with CUSTOM."""
        return self._named(kind.removeprefix(CUSTOM))

    def names(self, kind: str) -> list[str]:
        """The class names, without packages, by which sources may know a part."""
        part = self.part(kind)
        given = [name for name, item in self.objects.items() if item is part]
        return list(dict.fromkeys(bare(name) for name in (kind.removeprefix(CUSTOM), *given)))

    def for_keras(self) -> dict[str, Any]:
        """The parts by every name, as Keras takes them for its custom_objects."""
        return {**{item.__name__: item for item in self.objects.values()}, **self.objects}

    def of_graph(self, graph: Graph) -> Iterator[tuple[LayerPath, str]]:
        """(path of a layer, kind or function) wherever a model needs one of the parts."""
        for path, layer in graph.walk():
            if is_custom(layer.kind):
                yield path, layer.kind
            for value in layer.config.values():
                if isinstance(value, Activation) and is_custom(value.function):
                    yield path, value.function

    def _named(self, name: str) -> Any:
        """The part of this name; its package ("Package>Name") may be left out on either side."""
        known = self.for_keras()
        if name in known:
            return known[name]
        return {bare(key): part for key, part in known.items()}.get(bare(name))


NO_PARTS = CustomParts()


def bare(name: str) -> str:
    """A registered name without its package."""
    return name.rpartition(">")[2]


def parts_of(objects: Mapping[str, Any] | None) -> CustomParts:
    """The parts; UsageError with all that are neither layers of Keras 3 nor functions with a name."""
    objects = dict(objects or {})
    problems = [
        Problem(f"the custom object {name!r} cannot be used", found=wrong, expected=EXPECTED)
        for name, part in objects.items()
        if (wrong := _unusable(part))
    ]
    if not problems:
        problems = list(_alike(objects))
    if problems:
        raise UsageError(problems)
    return CustomParts(objects)


def _unusable(part: Any) -> str:
    """What a part is that cannot be used; "" for one that can."""
    if isinstance(part, type):
        homes = {base.__module__.split(".")[0] for base in part.__mro__ if base.__name__ == "Layer"}
        if "keras" in homes:
            return ""
        old = f", a layer of {', '.join(sorted(homes))}" if homes else ""
        return f"the class {part.__module__}.{part.__name__}{old}"
    if not callable(part):
        return f"a value of type {type(part).__name__}"
    name = getattr(part, "__name__", "")
    # A file names the function that it needs, so it must have a name to be found by.
    return "" if str(name).isidentifier() else f"a {type(part).__name__} without a name of its own: {part!r}"


def _alike(objects: Mapping[str, Any]) -> Iterator[Problem]:
    known: dict[str, Any] = {}
    for part in objects.values():
        other = known.setdefault(part.__name__, part)
        if other is not part:
            yield Problem(
                f"two custom objects are called {part.__name__!r}",
                found=f"one of {other.__module__}, one of {part.__module__}",
                hint="Keras files tell them by this name: rename one.",
            )
