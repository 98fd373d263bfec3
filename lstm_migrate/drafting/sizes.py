"""The sizes of a layer, from the shapes of its arrays and the axes that a layout gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lstm_migrate.layouts.axes import Axes, solve

Shape = tuple[int, ...]


def sizes_of(arrays: Iterable[tuple[Axes, Shape]], known: Mapping[str, int]) -> dict[str, int] | None:
    """Every symbol's size (h as u's), or None if the arrays cannot have these shapes."""
    sizes = dict(known)
    waiting: list[tuple[Axes, int]] = []
    for axes, shape in arrays:
        if len(axes.items) != len(shape):
            return None
        waiting += [(Axes((item,)), size) for item, size in zip(axes.items, shape, strict=True)]
    while waiting:
        left = []
        for axis, size in waiting:
            open_ = axis.symbols - set(sizes)
            found = solve(axis, (size,), sizes) if len(open_) < 2 else sizes
            if found is None:
                return None
            if len(open_) > 1:
                left.append((axis, size))
                continue
            sizes = found
            for one, other in (("u", "h"), ("h", "u")):
                if one in sizes and "gate" in known:
                    sizes.setdefault(other, sizes[one])
        if len(left) == len(waiting):
            return None
        waiting = left
    if "gate" in known and sizes.get("u") != sizes.get("h"):
        return None
    return sizes if all(sizes.values()) else None
