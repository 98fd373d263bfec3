"""The mapping file that is printed is one that the tool itself reads, whatever layers are called."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstm_migrate.diagnosis.mending import mapping_text
from lstm_migrate.diagnosis.rules import Rule
from lstm_migrate.graph import Activation
from lstm_migrate.mapping.loading import load_user_mapping
from tests.corpus.expect import VALID
from tests.unit.diagnosis.sides import dense, layer, lstm, target, told, weights

OLD_HARD = Activation("hard_sigmoid", {"slope": 0.2, "offset": 0.5})
FORKS = VALID.parent / "forks"


NAMES = st.text([char for char in string.printable + "äß→" if char not in "{}*"], min_size=1).filter(
    str.strip
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(NAMES)
def test_every_name_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    text = mapping_text([Rule(name, {"to": "new", "units": 3})], {}, ["For that file"])
    path = tmp_path / "mapping.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    (found,) = load_user_mapping(path).document.layers.items()
    assert (found[0], found[1].to, found[1].units) == (name, "new", 3)


def test_facts_stand_in_the_users_grammar(tmp_path: Path) -> None:
    facts = {
        "gates": ["r", "z", "h"],
        "update_gate": "renews",
        "activations": {"recurrent_activation": OLD_HARD, "activation": Activation("tanh")},
        "layout": "keras.gru",
        "to": "gru_1",
    }
    text = mapping_text([Rule("fused", facts, ["something is lost"])], {"step": "a counter"}, ["For it"])
    hard = "{function: hard_sigmoid, slope: 0.2, offset: 0.5}"
    assert text.splitlines() == [
        "# For it",
        "version: 1",
        "layers:",
        "  # something is lost",
        "  fused:",
        "    to: gru_1",
        "    layout: keras.gru",
        f"    activations: {{recurrent_activation: {hard}, activation: tanh}}",
        "    gates: [r, z, h]",
        "    update_gate: renews",
        "ignore:",
        '  step: "a counter"',
    ]
    path = tmp_path / "mapping.yaml"
    path.write_text(text)
    rule = load_user_mapping(path).document.layers["fused"]
    assert (rule.gates, rule.update_gate) == (["r", "z", "h"], "renews")


def test_a_file_name_cannot_end_the_comment() -> None:
    text = mapping_text([Rule("a", {"units": 1})], {}, ["For x\nlayers: {b: {units: 2}}"])
    assert text.splitlines()[0] == "# For x?layers: {b: {units: 2}}"


def test_what_is_doubtful_stands_as_a_comment_until_it_is_recorded(tmp_path: Path) -> None:
    rule = Rule("lstm_1", {"to": "lstm"}, doubtful={"activations": {"recurrent_activation": OLD_HARD}})
    lines = mapping_text([rule], {}, []).splitlines()
    assert lines[2] == "  lstm_1: {to: lstm}"
    assert all(line.startswith("  #") for line in lines[3:])


def test_braces_and_stars_of_a_name_are_no_pattern(tmp_path: Path) -> None:
    source = weights(tmp_path, {"a{b}*": lstm(4, 8), "out": dense(1, 4)})
    found = told(source, target(tmp_path, layer("LSTM", "lstm", units=4), layer("Dense", "out", units=1)))
    assert '"a*b**": {to: lstm}' in found.mapping


@pytest.mark.parametrize(
    ("fork", "file", "expected"),
    [
        (
            "torch_lstm",
            "weights.npz",
            'rnn:\n    - {to: "both_1/{dir}", layout: torch.lstm, at: {layer: 0}}\n',
        ),
        ("torch_oigf", "weights.safetensors", "rnn.cells.0: {to: lstm_1, layout: torch.lstm_cell}"),
        (
            "tf1_bidirectional",
            "weights.npz",
            "bidirectional_rnn/bw/lstm_cell: {to: both/backward, layout: tf1.lstm}",
        ),
        ("tf1_forget25", "weights.npz", "\nignore:\n  global_step: "),
    ],
)
def test_layers_of_other_frameworks_are_known_by_what_they_call_their_arrays(
    fork: str, file: str, expected: str, tmp_path: Path
) -> None:
    found = told(FORKS / fork / file, FORKS / fork / "architecture_keras3.json")
    assert found.verdict == "mended"
    assert expected in found.mapping
    path = tmp_path / "mapping.yaml"
    path.write_text(found.mapping)
    load_user_mapping(path)


def test_arrays_of_unknown_names_are_named_where_their_shapes_tell_them() -> None:
    case = FORKS / "numpy_interleaved"
    found = told(case / "weights.npz", case / "architecture_keras3.json")
    assert "lstm: {layout: keras.lstm, names: {recurrent_kernel: recurrent}}" in found.mapping
