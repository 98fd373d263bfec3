"""Where one number of the new model comes from: hand-checked, and true of every number."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np
import pytest

import lstm_migrate
from lstm_migrate.beside import Given
from lstm_migrate.cli import main
from lstm_migrate.errors import UsageError
from lstm_migrate.opening import planned
from lstm_migrate.tracing.following import landings, way_of

CORPUS = Path(__file__).parent / "corpus"
FORKS = CORPUS / "forks"


def the_trace(case: str, said: str):
    """The trace of one element, in a corpus file or a fork."""
    (trace,) = lstm_migrate.plan(trace=said, **source(case)).trace
    return trace


def source(case: str) -> dict[str, Path]:
    folder = FORKS / case if (FORKS / case).is_dir() else CORPUS / "valid" / case
    model, mapping = folder / "model.h5", folder / "mapping.yaml"
    beside = [folder / name for name in ("architecture.json", "architecture_keras3.json", "model.json")]
    given = {"mapping": mapping} if mapping.exists() else {}
    if model.exists():
        return {"source": model, **given}
    return {
        "source": next(folder.glob("weights.*")),
        "architecture": next(file for file in beside if file.exists()),
        **given,
    }


def origins(trace) -> list[tuple[str, tuple[int, ...], str]]:
    return [(one.element.array, one.element.index, one.element.meaning) for one in trace.origins]


def arithmetic(trace) -> list[str]:
    return [station.arithmetic for station in trace.stations if station.arithmetic]


# ---- examples small enough to check by hand


def test_a_plain_array_is_where_it_was():
    trace = the_trace("k231-cudnn-layers", "d.kernel[1, 0]")
    assert origins(trace) == [("d/d/kernel:0", (1, 0), "input feature 1, unit 0")]
    assert trace.stations == ()
    assert [landed.index for landed in trace.origins[0].lands] == [(1, 0)]


def test_keras_2_folds_its_hard_sigmoid():
    # Four units, gates z, r, h: column 5 is the reset gate's unit 1, which a hard sigmoid scales.
    trace = the_trace("k231-gru-impl2", "gru_1.kernel[3, 5]")
    assert origins(trace) == [("gru_1/gru_1/kernel:0", (3, 5), "reset gate, input feature 3, unit 1")]
    assert arithmetic(trace) == ["× 1.2"]
    # Column 9 is the candidate's: tanh stays as it is.
    assert arithmetic(the_trace("k231-gru-impl2", "gru_1.kernel[3, 9]")) == []


def test_a_poured_kernel_of_cudnn():
    # Three features, four units. Column 6 is the forget gate's unit 2; of feature 1, cuDNN's place in that
    # gate's block is 2 × 3 + 1 = 7, which as row-major (3, 4) is row 1, column 3: column 7 of the array.
    trace = the_trace("k231-cudnn-layers", "a.kernel[1, 6]")
    assert origins(trace) == [("a/a/kernel:0", (1, 7), "forget gate, input feature 1, unit 2")]
    assert trace.target.meaning == "forget gate, input feature 1, unit 2"


def test_two_biases_of_cudnn_are_one():
    trace = the_trace("k231-cudnn-layers", "a.bias[-1]")
    assert trace.target.index == (15,)
    assert origins(trace) == [
        ("a/a/bias:0", (15,), "output gate, input bias, unit 3"),
        ("a/a/bias:0", (31,), "output gate, recurrent bias, unit 3"),
    ]
    assert arithmetic(trace) == ["sum of 2"]
    assert [[landed.index for landed in one.lands] for one in trace.origins] == [[(15,)], [(15,)]]


def test_the_twelve_arrays_of_keras_1():
    # Gate by gate i, c, f, o in the file, i, f, c, o in the model: column 5 is f's unit 1.
    trace = the_trace("k122tf-cells-cpu-mem", "lstm_1.kernel[2, 5]")
    assert origins(trace) == [("lstm_1/lstm_1_W_f:0", (2, 1), "forget gate, input feature 2, unit 1")]
    assert [station.at for station in trace.stations] == [((2, 2, 1),), ((2, 5),), ((2, 5),)]
    assert [station.shape for station in trace.stations] == [(4, 3, 4), (3, 16), (3, 16)]
    assert arithmetic(trace) == ["× 1.2"]


def test_a_stacked_kernel_of_tensorflow_1():
    # Four features above five units' states; i, j, f, o in the file: f's unit 1 is column 11.
    trace = the_trace("tf1_forget25", "lstm_1.recurrent_kernel[1, 6]")
    assert origins(trace) == [
        (
            "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel",
            (5, 11),
            "forget gate, unit 1 of the last state, unit 1",
        )
    ]
    assert arithmetic(the_trace("tf1_forget25", "lstm_1.bias[6]")) == ["+ 2.5"]
    assert arithmetic(the_trace("tf1_forget25", "lstm_1.bias[1]")) == []


def test_a_coupled_gate_is_the_negative_of_another():
    trace = the_trace("numpy_coupled_input", "lstm.kernel[2, 6]")
    assert origins(trace) == [("cell/W_i", (2, 1), "input gate, input feature 2, unit 1")]
    assert arithmetic(trace) == ["negated"]
    (origin,) = trace.origins
    assert [(landed.index, landed.meaning.split(",")[0]) for landed in origin.lands] == [
        ((2, 1), "input gate"),
        ((2, 6), "forget gate"),
    ]


def test_an_array_of_two_directions():
    trace = the_trace("numpy_directions", "both/backward.kernel[1, 2]")
    assert trace.target.array == "both/backward_layer.kernel"
    assert origins(trace) == [("lstm.W", (1, 2, 1), "backward, input gate, input feature 1, unit 2")]


def test_a_kernel_that_theano_turned():
    trace = the_trace("k122th-conv2d-odd", "convolution2d_1.kernel[0, 2, 1, 0]")
    (origin,) = trace.origins
    assert origin.element.index == (2, 0, 1, 0)
    assert origin.element.meaning == trace.target.meaning


def test_what_no_tensor_holds_is_said_to_be_so():
    trace = the_trace("numpy_no_bias", "lstm.bias[6]")
    assert (trace.origins, trace.unmade, arithmetic(trace)) == ((), "a constant, 0", ["+ 1"])
    trace = the_trace("numpy_gru_one_bias", "gru.bias[1, 2]")
    assert (trace.origins, trace.unmade) == ((), "zero, from no tensor")


# ---- laws


CASES = ["k231-cudnn-layers", "k231-gru-impl2", "k122tf-cells-cpu-mem", "k122thord-conv2d-odd"]
CASES += [path.name for path in sorted(FORKS.iterdir()) if path.is_dir()]


@pytest.mark.parametrize("case", CASES)
def test_a_number_depends_on_what_its_trace_names_and_on_nothing_else(case):
    given = source(case)
    draw = np.random.default_rng(3)
    with planned(
        given["source"],
        Given(given.get("architecture"), mapping=[given["mapping"]] if "mapping" in given else []),
    ) as found:
        shapes = {name: info.shape for name, info in found.checkpoint.tensors.items()}
        values = {name: draw.uniform(1, 2, shape) for name, shape in shapes.items()}
        for item in found.plan.assignments:
            whole = item.run(values.__getitem__).reshape(-1)
            for place in {0, prod(item.shape) - 1, *draw.integers(0, prod(item.shape), 4).tolist()}:
                way = way_of(item, place, shapes)
                alone = {name: np.zeros(shape) for name, shape in shapes.items()}
                for name, one in way.taken:
                    alone[name].reshape(-1)[one] = values[name].reshape(-1)[one]
                assert item.run(alone.__getitem__).reshape(-1)[place] == whole[place]
                assert bool(way.taken) != bool(way.unmade)
                for name, one in way.taken:
                    assert place in landings(item, name, one, shapes)


@pytest.mark.parametrize("case", CASES)
def test_both_ends_mean_the_same(case):
    report = lstm_migrate.plan(**source(case))
    said = [f"{line.variable}[{', '.join('-1' for _ in line.shape)}]" for line in report.tensors]
    for trace in lstm_migrate.plan(trace=said, **source(case)).trace:
        assert trace.target.meaning
        for origin in trace.origins:
            assert trace.target.index in [landed.index for landed in origin.lands]
            if not any("couple gates" in station.text for station in trace.stations):
                # The file may say more: which direction, which of two biases.
                assert set(words(trace.target.meaning)) <= set(words(origin.element.meaning)) | {
                    "input bias",
                    "recurrent bias",
                }


def words(meaning: str) -> list[str]:
    return meaning.split(", ")


# ---- what cannot be traced


WRONG = {
    "lstm_1.bias": "names no element of a variable",
    "lstm1.bias[2]": "no variable 'lstm1.bias' (expected nearest: lstm_1.bias",
    "lstm_1.bias[20]": "no such element (found 20, expected shape (20,))",
    "lstm_1.bias[-21]": "no such element (found -21, expected shape (20,))",
    "lstm_1.bias[2, 3]": "(found 2 numbers, expected an index into the shape (20,))",
    "lstm_1.kernel[2]": "(found 1 number, expected an index into the shape (4, 20))",
    "lstm_1.bias[:]": "the index is no list of whole numbers (found :",
}


@pytest.mark.parametrize("said", WRONG)
def test_what_names_no_element_is_told(said):
    with pytest.raises(UsageError) as caught:
        the_trace("torch_oigf", said)
    assert WRONG[said] in str(caught.value)
    assert f"--trace {said}" in str(caught.value)


def test_no_value_is_read(monkeypatch):
    from lstm_migrate.checkpoint import Checkpoint

    def unread(self, name):
        raise AssertionError(f"the values of {name} were read")

    monkeypatch.setattr(Checkpoint, "read", unread)
    assert the_trace("torch_oigf", "lstm_1.bias[1]").origins


def test_the_command_line_shows_it(capfd):
    folder = FORKS / "torch_oigf"
    arguments = [
        "plan",
        folder / "weights.safetensors",
        "--architecture",
        folder / "architecture_keras3.json",
    ]
    with pytest.raises(SystemExit) as end:
        main([*map(str, arguments), "--mapping", str(folder / "mapping.yaml"), "--trace", "lstm_1.bias[1]"])
    assert not end.value.code
    out = capfd.readouterr().out
    assert "lstm_1.bias[1] comes from rnn.cells.0.bias_ih[6] and rnn.cells.0.bias_hh[6]" in out
    assert "sum of 2" in out and "And back" in out
