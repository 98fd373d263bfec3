"""Small models of Keras 2.2.4, and what rules on them ask for; no value of any array is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lstm_migrate.errors import LstmMigrateError
from lstm_migrate.mapping.loading import load_user_mapping
from lstm_migrate.mapping.settings import settings
from lstm_migrate.mapping.sources import target_vocabulary
from lstm_migrate.mapping.user import UserRules
from lstm_migrate.planning.plan import Plan
from lstm_migrate.planning.sizes import Sizes
from lstm_migrate.planning.sizing import Sizing
from lstm_migrate.resizing.asking import Requests, requests
from lstm_migrate.resizing.following import follow
from tests.unit.architecture.configs import Config, an_input, dense, entry, fed, functional, lstm
from tests.unit.planning.made_up import plan

Shapes = list[tuple[str, tuple[int, ...]]]


def cell(name: str, inputs: int, units: int, gates: int = 4) -> Shapes:
    """The arrays of a recurrent layer."""
    wide = gates * units
    return [
        (f"{name}/kernel:0", (inputs, wide)),
        (f"{name}/recurrent_kernel:0", (units, wide)),
        (f"{name}/bias:0", (wide,)),
    ]


def matrix(name: str, inputs: int, units: int) -> Shapes:
    """Those of a Dense layer."""
    return [(f"{name}/kernel:0", (inputs, units)), (f"{name}/bias:0", (units,))]


@dataclass(frozen=True)
class Model:
    """A model of which rules may speak. `chosen`: what was asked of the chooser."""

    plan: Plan
    chosen: list[tuple[str, int]]

    def asked(
        self, *said: str, rules: str = "", folder: Path | None = None, choose: Sequence[int] = ()
    ) -> Requests:
        """What options ("lstm.units=3") and rules of a mapping file in `folder` ask for."""
        mappings = []
        if rules:
            assert folder is not None
            file = folder / "m.yaml"
            file.write_text(f"version: 1\nlayers:\n{rules}", encoding="utf-8")
            mappings.append(load_user_mapping(file, whole_sizes=not said))
        user = UserRules(mappings, settings(said))
        sizing = Sizing(self.plan.source, user)
        for rule in user.rules:
            assert sizing.follow(rule.pattern, Sizes.of(rule))
        shapes = {item.target: item.shape for item in self.plan.assignments}
        followed = follow(self.plan.target, shapes, target_vocabulary())

        def chooser(how: str, ids: Any, count: int) -> Sequence[int]:
            self.chosen.append((how, count))
            return choose

        return requests(self.plan, sizing.whole(), followed, chooser)

    def refused(self, *said: str, kind: type[LstmMigrateError] = LstmMigrateError, **given: Any) -> list[str]:
        """Everything that is said against it."""
        with pytest.raises(LstmMigrateError) as caught:
            self.asked(*said, **given)
        assert type(caught.value) is kind or kind is LstmMigrateError
        folder = given.get("folder")
        return [str(one).replace(f"{folder}/", "") for one in caught.value.problems]


def model(layers: Sequence[Config], outputs: Sequence[str], arrays: Mapping[str, Shapes]) -> Model:
    inputs = [[one["name"], 0, 0] for one in layers if one["class_name"] == "InputLayer"]
    config = functional(layers, inputs, [[name, 0, 0] for name in outputs])
    return Model(plan(config, arrays), [])


def tokens_in(name: str, steps: int | None, batch: int | None = None) -> Config:
    config = {"batch_input_shape": [batch, steps], "dtype": "int32", "sparse": False}
    return entry("InputLayer", name, config)


def chain() -> Model:
    """x of 5 features → lstm of 4 units → a Dense of 3."""
    layers = [an_input("x", None, 5), lstm("lstm", fed("x"), units=4), dense("dense", fed("lstm"), units=3)]
    return model(layers, ["dense"], {"lstm": cell("lstm", 5, 4), "dense": matrix("dense", 4, 3)})


def residual() -> Model:
    """x → lstm, and x → side, added and read by dense."""
    layers = [
        an_input("x", None, 5),
        lstm("lstm", fed("x"), units=4),
        lstm("side", fed("x"), units=4),
        entry("Add", "add", {}, fed("lstm", "side")),
        dense("dense", fed("add"), units=3),
    ]
    arrays = {"lstm": cell("lstm", 5, 4), "side": cell("side", 5, 4), "dense": matrix("dense", 4, 3)}
    return model(layers, ["dense"], arrays)


def halves() -> Model:
    """Two LSTM layers of 2 units side by side, added to one of 4."""
    layers = [
        an_input("x", None, 5),
        lstm("left", fed("x"), units=2),
        lstm("right", fed("x"), units=2),
        lstm("both", fed("x"), units=4),
        entry("Concatenate", "join", {"axis": -1}, fed("left", "right")),
        entry("Add", "add", {}, fed("join", "both")),
    ]
    arrays = {"left": cell("left", 5, 2), "right": cell("right", 5, 2), "both": cell("both", 5, 4)}
    return model(layers, ["add"], arrays)


def words(bias: bool = True) -> Model:
    """A language model of 6 tokens: embedding → lstm → a softmax over them."""
    settings = {"units": 6, "activation": "softmax", "use_bias": bias}
    table = {"input_dim": 6, "output_dim": 3, "mask_zero": False, "input_length": None}
    layers = [
        tokens_in("ids", None),
        entry("Embedding", "embedding", table, fed("ids")),
        lstm("lstm", fed("embedding"), units=4),
        entry("Dense", "odds", settings, fed("lstm")),
    ]
    arrays = {
        "embedding": [("embedding/embeddings:0", (6, 3))],
        "lstm": cell("lstm", 3, 4),
        "odds": matrix("odds", 4, 6)[: 2 if bias else 1],
    }
    return model(layers, ["odds"], arrays)


def directions() -> Model:
    """A Bidirectional layer of 3 units each way, then one whose directions are added."""
    inner = {"units": 3, "use_bias": True}
    both = [
        entry("Bidirectional", name, {"layer": entry("LSTM", "lstm", {**inner, **more}), "merge_mode": merge})
        for name, merge, more in (("wide", "concat", {"return_sequences": True}), ("added", "sum", {}))
    ]
    for item in both:
        del item["config"]["layer"]["inbound_nodes"]
    both[0]["inbound_nodes"], both[1]["inbound_nodes"] = [fed("x")], [fed("wide")]
    arrays = {
        name: [*cell(f"{name}/forward_lstm", inputs, 3), *cell(f"{name}/backward_lstm", inputs, 3)]
        for name, inputs in (("wide", 5), ("added", 6))
    }
    return model([an_input("x", None, 5), *both], ["added"], arrays)


def stack(*units: int) -> Model:
    """An RNN of LSTM cells on top of each other."""
    cells = [
        {"class_name": "LSTMCell", "config": {"name": f"c{number}", "units": count, "use_bias": True}}
        for number, count in enumerate(units)
    ]
    config = {"cell": {"class_name": "StackedRNNCells", "config": {"name": "cells", "cells": cells}}}
    inputs = (5, *units[:-1])
    arrays = [array for n, count in enumerate(units) for array in cell(f"rnn/c{n}", inputs[n], count)]
    return model([an_input("x", None, 5), entry("RNN", "rnn", config, fed("x"))], ["rnn"], {"rnn": arrays})


def remembering() -> Model:
    """A model that keeps its states: batches of 4, 7 steps."""
    first = entry("InputLayer", "x", {"batch_input_shape": [4, 7, 5], "dtype": "float32", "sparse": False})
    layers = [first, lstm("lstm", fed("x"), units=4, stateful=True)]
    return model(layers, ["lstm"], {"lstm": cell("lstm", 5, 4)})


def flat() -> Model:
    """Features without steps."""
    return model(
        [an_input("x", 5), dense("dense", fed("x"), units=3)], ["dense"], {"dense": matrix("dense", 5, 3)}
    )


MODELS: Mapping[str, Callable[[], Model]] = {
    "chain": chain,
    "residual": residual,
    "halves": halves,
    "words": words,
    "directions": directions,
    "remembering": remembering,
    "flat": flat,
}
