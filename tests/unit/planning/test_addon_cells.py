"""Cells of tf.keras.experimental and TensorFlow Addons: what is planned for them, from headers alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lstm_migrate.keras3_loader import opens_in_keras_3
from lstm_migrate.mapping.catalogue import document
from lstm_migrate.mapping.vocabulary import Vocabulary
from lstm_migrate.planning.plan import Plan
from lstm_migrate.rules.hard_sigmoid import FoldHardSigmoid
from tests.unit.planning.made_up import Arrays, bound, plan, refused

X, U = 3, 2
PEEPHOLES = [f"{gate}_gate_peephole_weights" for gate in ("input", "forget", "output")]
LSTM = [("kernel", (X, 4 * U)), ("recurrent_kernel", (U, 4 * U)), ("bias", (4 * U,))]
NORMS = [
    (f"{norm}_norm/{role}", (size * U,))
    for norm, size in (("kernel", 4), ("recurrent", 4), ("state", 1))
    for role in ("gamma", "beta")
]
SIMPLE = [("kernel", (X, U)), ("recurrent_kernel", (U, U)), ("bias", (U,))]
ARRAYS: Mapping[str, list[tuple[str, tuple[int, ...]]]] = {
    "PeepholeLSTMCell": [*LSTM, *((role, (U,)) for role in PEEPHOLES)],
    "LayerNormLSTMCell": [*LSTM, *NORMS],
    "LayerNormSimpleRNNCell": [*SIMPLE, ("gamma", (U,))],
    "ESNCell": [("recurrent_kernel", (U, U)), ("kernel", (X, U)), ("bias", (U,))],
}
GATED = {"activation": "tanh", "recurrent_activation": "hard_sigmoid", "use_bias": True}
DRAWN = {"connectivity": 0.1, "spectral_radius": 0.9, "use_norm2": False}
CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "PeepholeLSTMCell": GATED,
    "LayerNormLSTMCell": {**GATED, "norm_epsilon": 0.001},
    "LayerNormSimpleRNNCell": {"activation": "hard_sigmoid", "use_bias": True, "layernorm_epsilon": 1e-5},
    "ESNCell": {"activation": "hard_sigmoid", "use_bias": True, "leaky": 1, **DRAWN},
}


def architecture(class_name: str, **more: Any) -> dict[str, Any]:
    kind = class_name.rpartition(">")[2]
    cell = {"class_name": class_name, "config": {"units": U, **CONFIGS.get(kind, {}), **more}}
    fed = {"class_name": "InputLayer", "config": {"name": "input", "batch_input_shape": [None, 5, X]}}
    rnn = {"class_name": "RNN", "config": {"name": "rnn", "cell": cell}}
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": [fed, rnn]}}


def arrays(kind: str) -> Arrays:
    return {"rnn": [(f"rnn/a_cell/{role}:0", shape) for role, shape in ARRAYS[kind]]}


def planned(class_name: str, **more: Any) -> Plan:
    kind = class_name.rpartition(">")[2]
    return plan(architecture(class_name, **more), arrays(kind), writer="tf.keras", version="2.8.0")


def folded(found: Plan) -> dict[str, tuple[str, ...]]:
    """For each array that a step scales, the gates whose columns it scales; () for all values."""
    return {
        item.target.role: step.gates
        for item in found.assignments
        for step in item.steps
        if isinstance(step, FoldHardSigmoid)
    }


@pytest.mark.parametrize("class_name", ["PeepholeLSTMCell", *(f"Addons>{kind}" for kind in ARRAYS)])
def test_every_array_goes_to_its_namesake(class_name: str) -> None:
    found = planned(class_name)
    kind = class_name.rpartition(">")[2]
    assert found.target.layers["rnn"].children["cell"].kind == kind
    assert {item.target.role: item.tensors for item in found.assignments} == {
        role: (f"rnn/rnn/a_cell/{role}:0",) for role, _ in ARRAYS[kind]
    }
    assert bound(found).keys() == {f"rnn/cell.{role}" for role, _ in ARRAYS[kind]}


@pytest.mark.parametrize("kind", ARRAYS)
def test_a_note_says_what_to_import_before_the_file_opens(kind: str) -> None:
    said = [note for note in planned(f"Addons>{kind}").notes if "import lstm_migrate.layers" in note.text]
    assert [(note.kind, note.where) for note in said] == [("converted", "rnn/cell")]
    assert kind in said[0].text


def test_peepholes_are_scaled_with_their_gates_and_the_candidate_is_left() -> None:
    gates = ("i", "f", "o")
    assert folded(planned("PeepholeLSTMCell")) == {
        **dict.fromkeys(["kernel", "recurrent_kernel", "bias"], gates),
        **dict.fromkeys(PEEPHOLES, ()),
    }


def test_behind_a_normalisation_gamma_and_beta_are_scaled_and_not_the_kernels() -> None:
    gates = ("i", "f", "o")
    roles = ["bias", "kernel_norm/gamma", "kernel_norm/beta", "recurrent_norm/gamma", "recurrent_norm/beta"]
    assert folded(planned("Addons>LayerNormLSTMCell")) == dict.fromkeys(roles, gates)
    assert folded(planned("Addons>LayerNormSimpleRNNCell")) == dict.fromkeys(["bias", "gamma"], ("h",))


def test_an_echo_state_cell_is_scaled_as_a_whole_and_its_drawing_is_dropped() -> None:
    found = planned("Addons>ESNCell")
    assert folded(found) == dict.fromkeys(["kernel", "recurrent_kernel", "bias"], ())
    fate = Vocabulary(document("tfkeras")).fate("Addons>ESNCell", CONFIGS["ESNCell"], "cell")
    assert set(fate.dropped) == {"connectivity", "spectral_radius", "use_norm2"}
    assert found.target.layers["rnn"].children["cell"].config["leaky"] == 1


def test_hard_sigmoid_on_a_cells_output_is_refused() -> None:
    problems = refused(
        architecture("PeepholeLSTMCell", activation="hard_sigmoid"),
        arrays("PeepholeLSTMCell"),
        writer="tf.keras",
        version="2.8.0",
    )
    assert ["where no weight can scale it" in problem.what for problem in problems] == [True]


@pytest.mark.parametrize("kind", ["LayerNormLSTMCell", "LayerNormSimpleRNNCell", "ESNCell"])
def test_a_users_own_class_of_that_name_is_no_cell_of_addons(kind: str) -> None:
    problems = refused(architecture(kind), arrays(kind), writer="tf.keras", version="2.8.0")
    assert [problem.what for problem in problems] == [f"no stock layer {kind!r}"]


def test_the_layer_around_an_echo_state_cell_is_refused_with_a_way_out() -> None:
    listed = [{"class_name": "Addons>ESN", "config": {"name": "esn", "units": U}}]
    model = {"class_name": "Sequential", "config": {"name": "sequential", "layers": listed}}
    (problem,) = refused(model, {}, writer="tf.keras", version="2.8.0")
    assert problem.what == "Addons>ESN cannot be carried over"
    assert "RNN around ESNCell" in problem.hint


def test_a_nas_cell_is_refused_by_name() -> None:
    (problem,) = refused(architecture("Addons>NASCell"), {}, writer="tf.keras", version="2.8.0")
    assert problem.what == "Addons>NASCell cannot be carried over"
    assert "LSTMCell in its place" in problem.hint


def test_a_cell_that_lacks_a_peephole_is_refused() -> None:
    short = {"rnn": [entry for entry in arrays("PeepholeLSTMCell")["rnn"] if "output_gate" not in entry[0]]}
    (problem,) = refused(architecture("PeepholeLSTMCell"), short, writer="tf.keras", version="2.8.0")
    assert problem.what == "layer 'rnn' has 5 arrays, its config wants 6"


@pytest.mark.parametrize("class_name", ["PeepholeLSTMCell", "Addons>LayerNormLSTMCell"])
def test_keras_3_itself_does_not_open_such_a_file(class_name: str) -> None:
    said = opens_in_keras_3(architecture(class_name), planned(class_name))
    assert said == f"no: Keras 3 has no layer {class_name} ({class_name})"
