"""Models of the corpus, followed: every axis is as long as it is, and what moves by it computes the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache

import numpy as np

from lstm_migrate.beside import Given
from lstm_migrate.errors import LstmMigrateError
from lstm_migrate.graph import Graph, WeightKey
from lstm_migrate.mapping.sources import target_vocabulary
from lstm_migrate.opening import planned
from lstm_migrate.reference.evaluate import evaluate
from lstm_migrate.reference.semantics import Semantics
from lstm_migrate.resizing.followed import Followed
from lstm_migrate.resizing.following import follow
from lstm_migrate.verification.probes import probe
from tests.corpus.expect import architecture_of, cases, source_of
from tests.unit.resizing.doubling import MAKINGS, difference, movable, random_weights

EVERY = 4
MOVED = 7
"""Of the cases every fourth is followed; of these every seventh is moved."""


@cache
def plans() -> dict[str, tuple[Graph, Mapping[WeightKey, tuple[int, ...]], Followed]]:
    found = {}
    for case in cases()[::EVERY]:
        try:
            with planned(source_of(case), Given(architecture=architecture_of(case))) as opened:
                plan = opened.plan
        except LstmMigrateError:
            continue
        shapes = {item.target: item.shape for item in plan.assignments}
        found[case] = plan.target, shapes, follow(plan.target, shapes, target_vocabulary())
    assert len(found) > 100
    return found


def test_every_array_axis_has_as_many_elements_as_it_is_long() -> None:
    for case, (graph, shapes, followed) in plans().items():
        layers = dict(graph.walk())
        for key, placed in followed.arrays.items():
            assert placed.form.shape == tuple(shapes[key]), (case, key)
            for symbol, ids in placed.ids.items():
                assert len(ids) == placed.form.sizes[symbol], (case, key, symbol)
        for size in followed.sizes:
            said = layers[size.path].config[size.key]
            assert len(size.ids) == (said if size.index is None else said[size.index]), (case, size)


def test_tensors_have_the_sizes_that_come_out() -> None:
    known = 0
    for case, (graph, shapes, followed) in plans().items():
        made = shapes_of(graph, shapes)
        for (path, ref), dims in followed.tensors.items():
            outputs = made.get(((*path, ref.layer), ref.call))
            if outputs is None:
                continue
            assert dims is not None, (case, ref)
            assert len(dims) == len(outputs[ref.output]), (case, ref)
            for ids, size in list(zip(dims, outputs[ref.output], strict=True))[1:]:
                assert ids is None or len(ids) == size, (case, path, ref)
                known += ids is not None
    assert known > 1000


def shapes_of(
    graph: Graph, shapes: Mapping[WeightKey, tuple[int, ...]]
) -> dict[object, list[tuple[int, ...]]]:
    """By layer and call what shapes come out."""
    made: dict[object, list[tuple[int, ...]]] = {}
    evaluate(
        graph,
        random_weights(shapes, np.random.default_rng(0)),
        probe(graph, 3, 9),
        semantics=Semantics(),
        tap=lambda path, call, values: made.update({(path, call): [one.shape for one in values]}),
    )
    return made


def test_old_models_moved_by_what_was_found_compute_the_same() -> None:
    moves: Counter[str] = Counter()
    for case, (graph, shapes, followed) in list(plans().items())[::MOVED]:
        random = np.random.default_rng(0)
        weights, inputs = random_weights(shapes, random), probe(graph, 3, 9)
        for name, (making, _) in MAKINGS.items():
            for path, roots in movable(followed, name):
                moved = making(followed, roots, random)
                assert difference(graph, weights, inputs, moved) < 1e-6, (case, name, path)
                moves[name] += 1
    assert moves.keys() == MAKINGS.keys()
    assert min(moves.values()) > 40


def test_few_layers_of_old_models_are_opaque() -> None:
    said = Counter(pin.why for _, _, followed in plans().values() for pin in followed.pins)
    assert not [why for why in said if "nobody can follow" in why]
