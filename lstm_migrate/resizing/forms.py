"""How an array of the Keras 3 model lies: its axes, gates and sizes, as keras3.yaml declares them."""

from __future__ import annotations

from collections.abc import Mapping

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Layer, WeightKey
from lstm_migrate.layouts.axes import Axes, solve
from lstm_migrate.layouts.steps import Form
from lstm_migrate.mapping.vocabulary import Vocabulary


def form_of(
    target: Vocabulary,
    layer: Layer,
    key: WeightKey,
    shape: tuple[int, ...],
    axes: str,
    sizes: Mapping[str, int],
) -> Form:
    """The form of an array of `shape`. `axes`: what they are if the class declares none; `sizes`: of symbols
    that are known."""
    cell = target.cell(layer)
    if cell is not None and key.role in cell[0].tensors:
        layout, known = cell
        tensor = layout.tensors[key.role]
        found = _solved(tensor.axes, key, shape, layout.sizes_of(tensor, known))
        return Form(tensor.axes, found, layout.gates.only(layout.gates_of(tensor)), tensor.poured)
    declared = target.document.classes.get(layer.kind)
    said = axes or (declared.axes.get(key.role, "") if declared is not None else "")
    parsed = Axes.parse(said)
    known = {symbol: size for symbol, size in sizes.items() if symbol in parsed.symbols}
    return Form(parsed, _solved(parsed, key, shape, known))


def _solved(axes: Axes, key: WeightKey, shape: tuple[int, ...], known: Mapping[str, int]) -> dict[str, int]:
    sizes = solve(axes, shape, known)
    if sizes is None:
        said = ", ".join(f"{symbol}={size}" for symbol, size in known.items())
        raise PlanError(
            "an array is not of the size that the model around it says",
            where=str(key),
            found=str(shape),
            expected=f"{axes} with {said}",
        )
    return sizes
