"""A model of Keras 3 as tensors of another layout, and back: what is written is what would be read."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import lstm_migrate
from lstm_migrate import unconverting
from lstm_migrate.errors import LstmMigrateError, MappingError, PlanError, UsageError, VerificationError
from lstm_migrate.mapping.catalogue import layouts
from lstm_migrate.mapping.layouts import resolved
from lstm_migrate.readers import open_checkpoint

FORKS = Path(__file__).parent / "corpus" / "forks"
TWICE_ROUNDED = 3e-7  # of numbers near 1, with 2.5 added and taken away
STATELESS = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "SimpleRNN"}
# The judge has no equations of its own for these cells in a declared layout.
NOT_JUDGED = {"keras.layer_norm_lstm", "keras.layer_norm_simple_rnn", "keras.peephole_lstm"}
RESET_BEFORE = {"keras.gru", "keras1.gru", "tf1.gru"}


def stock(layout: str):
    """A layer of Keras 3 that such a layout can be of, with an input that it takes."""
    import keras

    from lstm_migrate import layers as own

    declared = resolved(layout, layouts())
    cells = {
        "keras.peephole_lstm": "PeepholeLSTMCell",
        "keras.layer_norm_lstm": "LayerNormLSTMCell",
        "keras.layer_norm_simple_rnn": "LayerNormSimpleRNNCell",
    }
    if layout in cells:
        return keras.layers.RNN(getattr(own, cells[layout])(3), name="old"), (6, 4)
    rank = re.search(r"conv_lstm_(\d)d", layout)
    if rank is not None:
        layer = getattr(keras.layers, f"ConvLSTM{rank[1]}D")(3, 2, name="old")
        return layer, (4, *[5] * int(rank[1]), 2)
    if declared.layer == "Embedding":
        return keras.layers.Embedding(7, 3, name="old"), (5,)
    if declared.layer:
        sizes = (3, 2) if declared.layer == "Conv1D" else (3,)
        return getattr(keras.layers, declared.layer)(*sizes, name="old"), (6, 4)
    facts = {"reset_after": layout not in RESET_BEFORE} if declared.cell == "gru" else {}
    return getattr(keras.layers, STATELESS[declared.cell])(3, name="old", **facts), (6, 4)


def saved(path: Path, *layers, shape, scale=0.5, seed=7, **changed) -> Path:
    """A chain of layers with drawn weights, saved; `changed`: variables by the end of their path."""
    import keras

    model = keras.Sequential([keras.Input(shape), *layers])
    draw = np.random.default_rng(seed)
    for variable in model.variables:
        value = draw.normal(size=variable.shape, scale=scale)
        for name, change in changed.items():
            if variable.path.endswith(name):
                value = change(value)
        variable.assign(value)
    model.save(path)
    return path


def weights(path: Path) -> list[np.ndarray]:
    import keras

    return keras.models.load_model(path).get_weights()


def tensors(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a file, under names with "/" between their parts."""
    with open_checkpoint(path) as checkpoint:
        return {name.replace(".", "/"): checkpoint.read(name) for name in checkpoint.tensors}


def read_back(report, old: Path, model: Path, mapping: Path | None = None, verdict="verified") -> Path:
    """What the report says of the way back, done."""
    (note,) = [note for note in report.notes if note.kind == "read back"]
    said = re.search(r"mapping file that says (.*)", note.text)
    files = [mapping] if mapping else []
    if said is not None:
        files.append(old.with_suffix(".yaml"))
        files[-1].write_text(said[1], encoding="utf-8")
    again = old.with_name("again.keras")
    unproven = verdict == "unproven"
    report = lstm_migrate.convert(old, again, architecture=model, mapping=files, allow_unproven=unproven)
    assert report.verdict == verdict
    return again


# ---- laws


@pytest.mark.parametrize("layout", sorted(layouts()))
def test_every_shipped_layout_writes_what_it_reads(layout, tmp_path):
    layer, shape = stock(layout)
    model = saved(tmp_path / "new.keras", layer, shape=shape)
    old = tmp_path / "old.npz"
    report = lstm_migrate.convert(model, old, layout=layout, allow_unproven=layout in NOT_JUDGED)
    assert report.verdict == ("unproven" if layout in NOT_JUDGED else "verified")
    again = read_back(report, old, model, verdict=report.verdict)
    bitwise = all(line.effect == "bitwise" for line in report.tensors)
    for one, other in zip(weights(model), weights(again), strict=True):
        assert one.tobytes() == other.tobytes() if bitwise else np.abs(one - other).max() < TWICE_ROUNDED


def test_a_layout_is_another_one():
    """The law above says nothing if layouts are all alike."""
    assert len(layouts()) > 20
    assert {resolved(name, layouts()).cell for name in layouts()} >= {"lstm", "gru", "simple_rnn", ""}


SUMMED = {"numpy_directions", "numpy_gates_apart", "numpy_relu_two_biases", "torch_lstm", "torch_lstm_cell"}
SUMMED |= {"torch_oigf", "torch_rnn", "torch_rnn_relu"}
"""Forks with two biases that are only added: which share each had, no stock layer knows."""


@pytest.mark.parametrize("folder", sorted(FORKS.glob("[!k]*_*")), ids=lambda path: path.name)
def test_a_forks_own_file_comes_back(folder, tmp_path):
    source = sorted(folder.glob("weights.*"))[-1]
    mapping, model = folder / "mapping.yaml", tmp_path / "new.keras"
    architecture = folder / "architecture_keras3.json"
    first = lstm_migrate.convert(source, model, architecture=architecture, mapping=mapping)
    old = tmp_path / f"old{source.suffix}"
    report = lstm_migrate.convert(model, old, mapping=mapping)
    assert report.verified

    wanted, found = tensors(source), tensors(old)
    exact = {
        name.replace(".", "/") for line in first.tensors if line.effect != "bitwise" for name in line.tensors
    }
    assert found.keys() == {name for line in first.tensors for name in map(plain, line.tensors)}
    for name, value in found.items():
        if folder.name in SUMMED and "b" in name.split("/")[-1].lower():
            continue
        assert (value.shape, value.dtype) == (wanted[name].shape, wanted[name].dtype)
        same = value.tobytes() == wanted[name].tobytes()
        assert same or (name in exact and np.abs(value - wanted[name]).max() < TWICE_ROUNDED)
    chosen = [note for note in report.notes if "the whole bias goes into the input bias" in note.text]
    assert bool(chosen) == (folder.name in SUMMED)

    trimmed = tmp_path / "mapping.yaml"
    trimmed.write_text(
        re.sub(r"ignore:\n(  .*\n)+", "", mapping.read_text(encoding="utf-8")), encoding="utf-8"
    )
    again = read_back(report, old, model, trimmed)
    for one, other in zip(weights(model), weights(again), strict=True):
        assert np.abs(one - other).max() < TWICE_ROUNDED


def plain(name: str) -> str:
    return name.replace(".", "/")


# The mapping of keras1_fused_gru is for .h5 files, of which Keras itself says what hard_sigmoid was.
FUSED = """
version: 1
source: {layout: fused_gru}
layouts:
  fused_gru:
    extends: keras.gru
    gates: [r, z, h]
    names: {kernel: W, recurrent_kernel: U, bias: b}
    update_gate: renews
    activations: {recurrent_activation: {function: hard_sigmoid, slope: 0.2, offset: 0.5}}
layers:
  "fusedgru_{k}": {to: "gru_{k}"}
  dense_1: {to: head}
"""


def test_old_hard_sigmoids_and_inverted_gates_are_written_as_they_were(tmp_path):
    folder, model, old = FORKS / "keras1_fused_gru", tmp_path / "new.keras", tmp_path / "old.npz"
    lstm_migrate.convert(folder / "model.h5", model, mapping=folder / "mapping.yaml")
    mapping = tmp_path / "fused.yaml"
    mapping.write_text(FUSED, encoding="utf-8")
    report = lstm_migrate.convert(model, old, mapping=mapping)
    assert report.verified
    wanted = {
        re.sub(r"/\w+?_\d_(\w):0", r"/\1", name): value
        for name, value in tensors(folder / "weights.h5").items()
    }
    found = tensors(old)
    for name in ("fusedgru_1/W", "fusedgru_1/U", "fusedgru_1/b", "fusedgru_2/W"):
        assert np.abs(found[name] - wanted[name]).max() < TWICE_ROUNDED
    read_back(report, old, model, mapping)
    with pytest.raises(MappingError, match=r"for hdf5 files.*leave `format` out"):
        lstm_migrate.convert(model, tmp_path / "other.npz", mapping=folder / "mapping.yaml")


def test_a_bidirectional_layer_is_one_layer_where_the_layout_knows_directions(tmp_path):
    import keras

    layers = [
        keras.layers.Bidirectional(keras.layers.LSTM(3), name="both"),
        keras.layers.Dense(2, name="head"),
    ]
    model = saved(tmp_path / "new.keras", *layers, shape=(None, 4))
    old = tmp_path / "old.safetensors"
    report = lstm_migrate.convert(model, old, layout=["torch.lstm", "torch.linear"])
    with open_checkpoint(old) as checkpoint:
        names = sorted(checkpoint.tensors)
    assert names == sorted(
        ["head.weight", "head.bias"]
        + [
            f"both.{name}_l0{end}"
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            for end in ("", "_reverse")
        ]
    )
    again = read_back(report, old, model)
    assert all(
        one.tobytes() == other.tobytes() for one, other in zip(weights(model), weights(again), strict=True)
    )


def test_the_report_speaks_of_what_was_asked_for(tmp_path):
    layer, shape = stock("tf1.lstm")
    model = saved(tmp_path / "new.keras", layer, shape=shape)
    report = lstm_migrate.convert(model, tmp_path / "old.npz", layout="tf1.lstm")
    assert (report.source.path, report.target) == (str(model), str(tmp_path / "old.npz"))
    kernel, bias = report.tensors
    assert (kernel.variable, kernel.shape, len(kernel.tensors)) == ("old/kernel", (7, 12), 2)
    assert [step.text.split(": ")[1] for step in kernel.steps if "put" in step.text] == [
        "put into the x rows",
        "put into the h rows",
    ]
    assert bias.steps[-1].text == "undo: add the forget bias of run time: 1" or bias.effect == "exact"
    assert [check.name for check in report.checks] == ["placement", "behaviour", "power"]


def test_what_a_layout_leaves_open_is_said(tmp_path):
    layer, shape = stock("keras1.gru")
    model = saved(tmp_path / "new.keras", layer, shape=shape)
    report = lstm_migrate.convert(model, tmp_path / "old.npz", layout="keras1.gru")
    said = [note.text for note in report.notes if "leaves open" in note.text]
    assert said and "recurrent_activation=sigmoid" in said[0]


# ---- what cannot be written


def lstm_model(path: Path, **facts) -> Path:
    import keras

    given = {"shape": (6, 4), **{key: facts.pop(key) for key in ("bias", "kernel") if key in facts}}
    return saved(path, keras.layers.LSTM(3, name="cell", **facts), **given)


def gru_model(path: Path, **facts) -> Path:
    import keras

    return saved(path, keras.layers.GRU(3, name="cell", **facts), shape=(6, 4))


def own_model(path: Path) -> Path:
    import keras

    from tests.custom.my_parts import AttentionPool

    cell = keras.layers.LSTM(3, return_sequences=True, name="cell")
    return saved(path, cell, AttentionPool(2, name="pool"), shape=(6, 4))


def fork(facts: str) -> str:
    return f"{{version: 1, source: {{layout: fork}}, layouts: {{fork: {{{facts}}}}}}}"


# What is asked of which model, and what the error says: (model, option, mapping, error, words).
REFUSED = {
    "an unknown layout": (
        lstm_model,
        "torch.lstn",
        "",
        UsageError,
        ["no layout 'torch.lstn'", "nearest: torch.lstm"],
    ),
    "a layout of no layer": (
        lstm_model,
        "torch.gru",
        "",
        PlanError,
        ["no layer for the layout torch.gru", "LSTM"],
    ),
    "two layouts of one kind": (
        lstm_model,
        ["torch.lstm", "tf1.lstm"],
        "",
        UsageError,
        ["two layouts for lstm layers", "--as torch.lstm and --as tf1.lstm"],
    ),
    "no layout at all": (
        lstm_model,
        None,
        "",
        UsageError,
        ["nothing says in which layout", "--as", "--mapping"],
    ),
    "another activation": (
        lambda path: lstm_model(path, recurrent_activation="hard_sigmoid"),
        "torch.lstm",
        "",
        PlanError,
        [
            "cell: the layout torch.lstm computes something else",
            "recurrent_activation=hard_sigmoid",
            "=sigmoid",
        ],
    ),
    "another GRU": (
        lambda path: gru_model(path, reset_after=False),
        "torch.gru",
        "",
        PlanError,
        ["another GRU", "reset_after=False in the model"],
    ),
    "a recurrent bias that is one too many": (
        gru_model,
        None,
        fork("extends: keras.gru, reset_after: true"),
        PlanError,
        [
            "cell.bias: the input bias; the recurrent one is zero: the way back would lose values",
            "Choose a layout",
        ],
    ),
    "a bias without a place": (
        lstm_model,
        None,
        fork("extends: keras.lstm, bias: none"),
        PlanError,
        ["cell.bias: the layout has no bias", "12 of 12 values differ"],
    ),
    "a bias of which there is none": (
        lambda path: lstm_model(path, use_bias=False),
        "tf1.lstm",
        "",
        PlanError,
        ["cell: the layout tf1.lstm stores a bias, and the layer has none"],
    ),
    "a gate that is not the other one's": (
        lstm_model,
        None,
        fork("extends: keras.lstm, gates: [i, c, o], coupled: forget"),
        PlanError,
        ["cell.kernel: the layout has no place for these values: couple gates: f = 1 − i", "12 of 48"],
    ),
    "a cut": (
        lstm_model,
        None,
        "{version: 1, layers: {cell: {to: cell, units: 2}}}",
        PlanError,
        ["cuts the layer"],
    ),
    "one name for two arrays": (
        lambda path: two_layers(path),
        None,
        "{version: 1, layers: {rnn: [{to: one, layout: tf1.lstm}, {to: two, layout: tf1.lstm}]}}",
        PlanError,
        ["two arrays would be called 'rnn/kernel'", "one and two"],
    ),
    "a rule of no layer": (
        lstm_model,
        None,
        "{version: 1, layers: {rnn: {to: rnn}}}",
        MappingError,
        ["the rule for 'rnn' matches no tensor"],
    ),
    "axes that the layer has not": (
        lstm_model,
        "keras.conv_lstm_2d",
        "",
        PlanError,
        ["cell: the layout keras.conv_lstm_2d has axes that this layer has not", "k0 k1 x (gate u)"],
    ),
    "a layer of the user's own": (
        own_model,
        "keras1.lstm",
        "",
        PlanError,
        ["pool: no layout says how a layer of your own"],
    ),
}


def two_layers(path: Path) -> Path:
    import keras

    layers = [keras.layers.LSTM(3, return_sequences=True, name="one"), keras.layers.LSTM(3, name="two")]
    return saved(path, *layers, shape=(6, 4))


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_lost_or_wrong_is_refused_in_words(case, tmp_path):
    make, layout, lines, kind, words = REFUSED[case]
    model, old, mapping = make(tmp_path / "new.keras"), tmp_path / "old.npz", []
    if lines:
        mapping.append(tmp_path / "m.yaml")
        mapping[0].write_text(lines, encoding="utf-8")
    own = {}
    if case == "a layer of the user's own":
        from tests.custom.my_parts import AttentionPool

        own = {"AttentionPool": AttentionPool}
    with pytest.raises(kind) as caught:
        lstm_migrate.convert(model, old, layout=layout, mapping=mapping, custom_objects=own)
    for word in words:
        assert word in str(caught.value)
    assert not old.exists()


def test_options_that_contradict_each_other_are_told(tmp_path):
    model = lstm_model(tmp_path / "new.keras")
    with pytest.raises(UsageError, match=r"--as is for tensors.*\.npz or \.safetensors"):
        lstm_migrate.convert(model, tmp_path / "other.keras", layout="keras1.lstm")
    with pytest.raises(UsageError, match="an architecture of its own"):
        lstm_migrate.convert(model, tmp_path / "old.npz", layout="keras1.lstm", architecture=model)
    with pytest.raises(UsageError, match=r"found npz\). Convert it to \.keras first"):
        lstm_migrate.convert(FORKS / "torch_lstm" / "weights.npz", tmp_path / "o.npz", layout="tf1.lstm")
    with pytest.raises(UsageError, match=r"must end in \.keras.*\.npz or \.safetensors"):
        lstm_migrate.convert(model, tmp_path / "old.pt", layout="torch.lstm")


def test_a_gate_that_is_the_other_ones_negative_has_its_place(tmp_path):
    def coupled(value):
        value = np.asarray(value, np.float32)
        value[..., 3:6] = -value[..., 0:3]
        return value

    model = lstm_model(tmp_path / "new.keras", kernel=coupled, bias=coupled)
    mapping = tmp_path / "m.yaml"
    mapping.write_text(fork("extends: keras.lstm, gates: [i, c, o], coupled: forget"), encoding="utf-8")
    report = lstm_migrate.convert(model, tmp_path / "old.npz", mapping=mapping)
    assert report.verified
    assert tensors(tmp_path / "old.npz")["cell/kernel"].shape == (4, 9)


def test_nothing_is_left_of_what_is_written_wrongly(monkeypatch, tmp_path):
    model, old = lstm_model(tmp_path / "new.keras"), tmp_path / "old.npz"
    old.write_bytes(b"before")

    def wrong(path, arrays, format):
        write({**arrays, "cell/kernel": arrays["cell/kernel"] + np.float32(1e-3)}, path, format)

    def write(arrays, path, format):
        original(path, arrays, format)

    original = unconverting.write_tensors
    monkeypatch.setattr(unconverting, "write_tensors", wrong)
    with pytest.raises(VerificationError, match="Nothing was written") as caught:
        lstm_migrate.convert(model, old, layout="tf1.lstm", overwrite=True)
    assert caught.value.report.checks[0].verdict == "failed"
    assert old.read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.keras", "old.npz"]


def test_values_that_are_no_numbers_are_refused_unless_allowed(tmp_path):
    model = lstm_model(tmp_path / "new.keras", bias=lambda value: value * np.nan)
    with pytest.raises(LstmMigrateError, match="NaN or infinite"):
        lstm_migrate.convert(model, tmp_path / "old.npz", layout="keras1.lstm")


def test_the_command_line_has_it_too(tmp_path, capfd):
    from lstm_migrate.cli import main

    model, old = lstm_model(tmp_path / "new.keras"), tmp_path / "old.npz"
    with pytest.raises(SystemExit) as end:
        main(["convert", str(model), "--to", str(old), "--as", "keras1.lstm"])
    assert not end.value.code
    out = capfd.readouterr().out
    assert f"verified: {old} computes what {model} computed" in out
    assert "convert it with --architecture new.keras and a mapping file that says" in out
    assert tensors(old).keys() == {f"cell/{name}_{gate}" for name in "WUb" for gate in "ifco"}
