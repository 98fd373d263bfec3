"""Kinds: whether a layer of the file and a layer of the model are the same kind of layer at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lstm_migrate.diagnosis.finding import Cure, Finding
from lstm_migrate.diagnosis.part import CELLS, Part, Shape

ARRAYS_SHOWN = 12
GATES = {"LSTM": "4 gates", "GRU": "3 gates", "SimpleRNN": "one"}


def comparable(source: Part, target: Part) -> bool:
    """Whether both hold the same cells in the same wrapper, so that sizes and meanings can be compared."""
    return bool(source.cores) and source.wrapper == target.wrapper and source.families == target.families


def kind_findings(source: Part, target: Part) -> Iterator[Finding]:
    """What to say of layers that are not comparable."""
    if source.layer is None:
        yield from _unknown(source, target)
    elif source.wrapper != target.wrapper:
        yield _one_way(source, target)
    else:
        yield _other_kind(source, target)


def _unknown(source: Part, target: Part) -> Iterator[Finding]:
    given, wanted = ([held.shape for held in part.arrays] for part in (source, target))
    if sorted(map(shape_text, given)) == sorted(map(shape_text, wanted)):
        said = f"its {len(given)} arrays have the shapes of the target's, and names that no layout has"
        layout = {"layout": target.cores[0].layout} if target.cores and target.cores[0].layout else {}
        yield Finding("arrays", "fits", said, Cure({**layout, "names": _names(source, target)}))
        return
    yield Finding(
        "arrays",
        "differs",
        f"{len(given)} arrays {shown(given)}, target {len(wanted)}: {shown(wanted)}",
        way_out="pass the architecture of the source with --architecture, or declare with a mapping file how "
        "its arrays lie",
    )


def _names(source: Part, target: Part) -> dict[str, str]:
    """What the file calls the array of each role: one of its shape, that of its name if there is one."""
    free = list(source.arrays)
    found: dict[str, str] = {}
    for wanted in target.arrays:
        alike = [held for held in free if held.shape == wanted.shape]
        held = next((one for one in alike if leaf(one.name) == wanted.role), alike[0])
        free.remove(held)
        if leaf(held.name) != wanted.role:
            found[wanted.role] = leaf(held.name)
    return found


def leaf(name: str) -> str:
    """The last part of a tensor's name, without TensorFlow's output number."""
    return re.sub(r":\d+$", "", re.split(r"[/.]", name)[-1])


def _one_way(source: Part, target: Part) -> Finding:
    both, one = (source, target) if source.wrapper else (target, source)
    families = [part.families[0] for part in (both, one) if part.families]
    inner = f"{both.families[0]}s" if families else "layers"
    if both is source:
        why = f"a {source.kind} holds two {inner}, one for each direction; the target's {target.kind} is one"
    else:
        why = f"a single {source.kind}; the target's {target.kind} needs two {inner}, one for each direction"
    return Finding("kind", "differs", why, way_out=f"build the target with {built_as(source)}")


def _other_kind(source: Part, target: Part) -> Finding:
    own, other = source.families[:1], target.families[:1]
    if own and other and own != other and {*own, *other} <= CELLS:
        gates = [f"{family} ({GATES.get(family, 'gates')})" for family in (*own, *other)]
        why = f"{gates[0]} and {gates[1]} are different cells: no change of weights makes one the other"
    elif len(source.cores) != len(target.cores):
        why = f"{source.kind} has {len(source.cores)} cells or layers inside, target {len(target.cores)}"
    else:
        why = f"the file has a {source.kind}, the target a {target.kind}"
    return Finding("kind", "differs", why, way_out=f"build the target with {built_as(source)}")


def built_as(part: Part) -> str:
    """How one writes such a layer: Bidirectional(LSTM(128))."""
    layer = part.layer
    if layer is None:
        return "the source's own architecture"
    inner = next((core for core in part.cores), None)
    units = "" if inner is None or "u" not in inner.sizes else str(inner.sizes["u"])
    return part.kind.replace("CuDNN", "").rstrip(")") + f"({units})" + ")" * part.kind.count(")")


def shown(shapes: list[Shape | None]) -> str:
    """A list of shapes, cut where nobody reads on."""
    listed = ", ".join(shape_text(shape) for shape in shapes[:ARRAYS_SHOWN])
    return f"{listed} …" if len(shapes) > ARRAYS_SHOWN else listed


def shape_text(shape: Shape | None) -> str:
    """ "(12, 256)", with a question mark for a size that nobody tells."""
    if shape is None:
        return "(…)"
    sizes = ", ".join("?" if size is None else str(size) for size in shape)
    return f"({sizes},)" if len(shape) == 1 else f"({sizes})"
