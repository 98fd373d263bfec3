"""What makes no sense in a mapping file though the grammar accepts it: told with places, all at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstm_migrate.errors import MappingError
from lstm_migrate.mapping import catalogue
from lstm_migrate.mapping.checking import checked, remarks
from lstm_migrate.mapping.document import Document
from lstm_migrate.mapping.loading import UserMapping, load_document, load_user_mapping
from lstm_migrate.readers.yaml_text import parse_plain

START = "version: 1\n"


def load(tmp_path: Path, text: str, custom: tuple[str, ...] = ()) -> UserMapping:
    file = tmp_path / "m.yaml"
    file.write_text(text, encoding="utf-8")
    return load_user_mapping(file, custom)


def refused(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(MappingError) as caught:
        load(tmp_path, text)
    return [str(problem).replace(f"{tmp_path}/m.yaml:", "") for problem in caught.value.problems]


@pytest.mark.parametrize("name", catalogue.names())
def test_every_shipped_mapping_passes(name: str) -> None:
    path = catalogue.folder() / f"{name}.yaml"
    assert checked(load_document(path)) == []
    assert load_user_mapping(path).document == load_document(path)


FINE = """
version: 1
source: {format: npz, layout: [my.lstm, torch.gru]}
layouts:
  my.lstm:
    extends: keras.lstm
    gates: [o, i, g, f]
    orientation: units_first
    bias: double
    names: {recurrent_bias: bias_hh}
    activations: {recurrent_activation: {function: hard_sigmoid, slope: 0.2, offset: 0.5}}
  my.coupled: {cell: lstm, coupled: input, gates: [f, c, o]}
  my.parts:
    cell: gru
    gates: [r, u, c]
    tensors:
      kernel: {axes: "(h + x) (gate u)", gates: [r, u]}
      candidate: {axes: "u (x + h)", gates: [c]}
      bias: {axes: "(gate u)", gates: [u, r]}
    reset_after: false
    update_gate: renews
  my.dense: {layer: Dense, tensors: {kernel: {axes: u x, name: weight}}}
layers:
  rnn/cell_{k}: {to: "lstm_{k}"}
  rnn/last_{k}: {to: "lstm_{k+4}", layout: my.coupled}
  encoder: {to: "bidirectional_{layer}/{dir}", layout: torch.lstm, forget_bias: 1.0}
  stacked:
  - {to: a, layout: torch.gru, at: {layer: 0}}
  - {to: b, layout: torch.gru, at: {layer: 1}}
  "": {to: head, layout: my.dense}
  "*_gates": {to: c, layout: my.parts}
replace: {attention: [{class: Dense, config: {units: 3, activation: tanh}}]}
ignore: {"*/Adam": optimizer}
model: [{class: LSTM, name: a, config: {units: 3, return_sequences: true}}, {class: Dense}]
"""


def test_a_file_that_makes_sense_is_accepted(tmp_path: Path) -> None:
    assert next(iter(load(tmp_path, FINE).document.layers)) == "rnn/cell_{k}"


# a layout's facts → (where, part of what is said)
LAYOUTS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "neither": ("{gates: [i, f, c, o]}", [("2:11", "says neither what it extends nor what it is of")]),
    "both": ("{cell: lstm, gates: [i, f, c, o], layer: Dense}", [("2:11", "is of a cell and of a layer")]),
    "extends nothing": (
        "{extends: torch.lstn}",
        [("2:24", "no layout 'torch.lstn' (expected nearest: torch.lstm")],
    ),
    "extends itself": ("{extends: a}", [("2:24", "layout 'a' extends itself (found a → a)")]),
    "no gates": ("{cell: gru}", [("2:11", "does not say the order of its gates")]),
    "gates of another cell": ("{cell: gru, gates: [i, f, c, o]}", [("2:33", "not the gates of a gru cell")]),
    "a gate twice": ("{extends: keras.lstm, gates: [i, f, f, o]}", [("2:43", "found i, f, f, o")]),
    "a coupled gate": (
        "{cell: lstm, coupled: input, gates: [i, f, c, o]}",
        [("2:50", "without the coupled input gate")],
    ),
    "coupled gru": ("{extends: keras.gru, coupled: input}", [("2:44", "has no input gate to couple")]),
    "facts of other cells": (
        "{extends: keras.gru, forget_bias: 1.0, reset_after: true}",
        [("2:48", "forget_bias is a fact about lstm cells")],
    ),
    "gru facts": (
        "{extends: tf1.lstm, reset_after: true, update_gate: keeps}",
        [("2:47", "reset_after is a fact about gru cells"), ("2:66", "update_gate is a fact about gru")],
    ),
    "three axes": (
        "{cell: simple_rnn, tensors: {kernel: {axes: layer x u}}, orientation: units_first}",
        [("2:84", "kernel: an array of more than two axes has no orientation")],
    ),
    "no gate in the name": (
        "{extends: keras1.lstm, tensors: {kernel: {axes: x u, each: gate, name: W}}}",
        [("2:55", "each gate has an array of its own")],
    ),
    "renamed without gate": (
        "{extends: keras1.lstm, names: {kernel: W, kernle: U}}",
        [("2:53", "expected W_{gate}"), ("2:64", "expected nearest: kernel")],
    ),
    "unknown symbols": (
        '{cell: simple_rnn, tensors: {kernel: {axes: "(input + h) (gate units)"}}}',
        [
            ("2:58", "unknown symbol 'input'"),
            ("2:58", "unknown symbol 'units'"),
            ("2:58", "an axis of units"),
        ],
    ),
    "a bare hard_sigmoid": (
        "{extends: keras.lstm, activations: {recurrent_activation: hard_sigmoid}}",
        [("2:72", "hard_sigmoid means different functions")],
    ),
    "half a hard_sigmoid": (
        "{extends: keras.lstm, activations: {activation: {function: hard_sigmoid, slope: 0.2}}}",
        [("2:62", "hard_sigmoid without its slope and offset")],
    ),
    "functions": (
        "{extends: keras.lstm, activations: {activation: tanj, "
        "recurrent_activation: {function: relu, m: 6}}}",
        [("2:62", "no function 'tanj' (expected nearest: tanh)"), ("2:90", "relu has no parameter 'm'")],
    ),
    "a parameter that is no number": (
        "{extends: keras.lstm, activations: {activation: {function: elu, alpha: high}}}",
        [("2:62", "the parameter alpha of elu is no number (found high)")],
    ),
    "a gru's gate activations": (
        "{extends: keras.simple_rnn, activations: {recurrent_activation: tanh}}",
        [("2:78", "no activation 'recurrent_activation' in a simple_rnn")],
    ),
    "half a cell": (
        "{cell: lstm, gates: [i, f, g, o], tensors: {kernel: {axes: 'x (gate u)'}}}",
        [("2:11", "no array of layout a holds the recurrent_kernel: none has an axis of the state")],
    ),
    "no kernel of the inputs": (
        "{cell: gru, gates: [z, r, h], tensors: {recurrent_kernel: {axes: 'h (gate u)'}}}",
        [("2:11", "no array of layout a holds the kernel: none has an axis of the inputs")],
    ),
    "each gate, unsaid": (
        "{cell: lstm, gates: [i, f, g, o], tensors: "
        "{kernel: {axes: x u}, recurrent_kernel: {axes: h u, name: 'U_{gate}'}}}",
        [
            ("2:58", "kernel: nothing says which gates it holds (found x u, expected `each: gate`"),
            ("2:79", "or `gate` in its axes"),
        ],
    ),
    "an unknown gate": (
        "{extends: keras.lstm, gates: [o, i, x, f]}",
        [("2:43", "no gate is called x (found o, i, x, f, expected each of c/g/j/candidate/cell, f/forget,")],
    ),
    "one gate less": (
        "{cell: lstm, gates: [o, i, g]}",
        [("2:34", "A gate that is 1 minus the other one and not stored needs `coupled: forget`.")],
    ),
    "half the gates": (
        "{cell: gru, gates: [z, r, h], tensors: {kernel: {axes: '(x + h) (gate u)', gates: [z, r]}}}",
        [("2:11", "no array holds the kernel of all gates")],
    ),
    "a class that is none": (
        "{layer: Dens}",
        [("2:15", "Keras 3 has no layer class 'Dens' (expected nearest: Dense)")],
    ),
    "another class's array": (
        "{layer: Dense, tensors: {kernel: {axes: x u}, gamma: {axes: u}}}",
        [("2:60", "a Dense has no array 'gamma' (expected one of kernel, bias)")],
    ),
    "axes of another class": (
        "{layer: Dense, tensors: {kernel: {axes: k0 x u}}}",
        [("2:39", "not the axes of a Dense's kernel (found k0 x u, expected u x, in any order")],
    ),
    "lacking arrays": (
        "{layer: Embedding, tensors: {}}",
        [("2:11", "has further arrays (expected embeddings too)")],
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_fact_of_a_layout_answers_for_itself(name: str, tmp_path: Path) -> None:
    layout, expected = LAYOUTS[name]
    told(refused(tmp_path, f"version: 1\nlayouts: {{a: {layout}}}\n"), expected)


def test_a_shipped_layout_keeps_its_name(tmp_path: Path) -> None:
    text = START + "layouts: {torch.lstm_cell: {extends: torch.lstm_cell}}\nsource: {layout: torch.lstm}\n"
    (line,) = refused(tmp_path, text)
    assert line.startswith("2:11: 'torch.lstm_cell' is the name of a shipped layout (expected a name of your")


def test_layouts_of_the_files_before_are_known(tmp_path: Path) -> None:
    known = load(
        tmp_path, START + "layouts: {a: {extends: keras.lstm, gates: [o, i, g, f]}}\n"
    ).document.layouts
    text = START + "source: {layout: b}\nlayouts: {b: {extends: a, bias: none}}\nlayers: {c: {layout: a}}\n"
    (tmp_path / "later.yaml").write_text(text, encoding="utf-8")
    assert load_user_mapping(tmp_path / "later.yaml", known=known).document.source.layouts == ["b"]
    with pytest.raises(MappingError, match="no layout 'a'"):
        load_user_mapping(tmp_path / "later.yaml")


def test_of_a_layout_that_nothing_names_there_is_a_remark(tmp_path: Path) -> None:
    text = START + "layouts: {a: {extends: keras.lstm}, b: {extends: a}, c: {extends: keras.gru}}\n"
    assert remarks(load(tmp_path, text).document)[0].startswith(
        "2 layouts are used by nothing in this file: b, c"
    )
    text += "layers: {d: {layout: b}}\nclasses: {E: {is: GRU, layout: c}}\n"
    assert remarks(load(tmp_path, text).document) == ()


RULES: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "default layout": (
        "source: {layout: tf1.lstn}",
        [("2:18", "no layout 'tf1.lstn' (expected nearest: tf1.lstm")],
    ),
    "two defaults": (
        "source: {layout: [tf1.lstm, torch.lstm]}",
        [("2:29", "a second default layout for lstm layers (found tf1.lstm and torch.lstm")],
    ),
    "rule's layout": ("layers: {a: {layout: mine}}", [("2:22", "no layout 'mine'")]),
    "captures": (
        "layers: {'a_{k}': {to: 'b_{n}', layout: tf1.lstm}}",
        [("2:24", "nothing is captured as {n} (found b_{n} for 'a_{k}', expected one of {k})")],
    ),
    "captures of a layout": (
        "layers: {a: {to: 'b_{layer}', layout: tf1.lstm}, b: {to: '{layer}/{dir}', layout: torch.lstm}}",
        [("2:18", "nothing is captured as {layer}")],
    ),
    "braces": (
        "layers: {'a_{': {to: b}, c: {to: 'd_{'}}",
        [("2:10", "not a pattern of names (found a_{"), ("2:34", "braces that hold no capture")],
    ),
    "one pattern twice": (
        "layers: {'a/{k}': {to: 'b_{k}'}, 'a/{j}': {to: 'c_{j}'}}",
        [("2:34", "two rules with one pattern (found 'a/{k}' and 'a/{j}'")],
    ),
    "one target twice": (
        "layers: {a: [{to: b}, {to: c}, {to: b}]}",
        [("2:32", "two rules of one list go to 'b'")],
    ),
    "facts of a rule": (
        "layers: {a: {to: b, layout: tf1.gru, forget_bias: 1.0, gates: [i, f, c, o]}}",
        [("2:51", "forget_bias is a fact about lstm cells"), ("2:63", "not the gates of a gru cell")],
    ),
    "facts over the default": (
        "source: {layout: tf1.lstm}\nlayers: {a: {to: b, reset_after: true}}",
        [("3:34", "reset_after is a fact about gru cells")],
    ),
    "empty": (
        "layers: {a: []}\nreplace: {b: []}\nignore: {'': why, c: ' '}",
        [
            ("2:13", "an empty list of rules"),
            ("3:14", "an empty list (expected the layers in its place)"),
            ("4:10", "an empty pattern"),
            ("4:22", "no reason is given"),
        ],
    ),
    "classes": (
        "replace: {a: [{class: LSTN}]}\nmodel: [{class: Dence}, {class: LSTM, config: {unit: 3}}]",
        [
            ("2:23", "Keras 3 has no layer class 'LSTN' (expected nearest: LSTM)"),
            ("3:17", "Keras 3 has no layer class 'Dence' (expected nearest: Dense"),
            ("3:48", "a LSTM has no argument 'unit' (expected nearest: units)"),
        ],
    ),
    "a class in a class": (
        "model: [{class: Input}, {class: Bidirectional, config: {layer: {class: LSTN, config: {units: 3}}}}]",
        [("2:72", "Keras 3 has no layer class 'LSTN'")],
    ),
    "names": (
        "model: [{class: Dense, name: a}, {class: Dense, name: a}]",
        [("2:55", "two layers are called 'a'")],
    ),
    "shipped files": ("extends: keras", [("2:10", "no shipped mapping 'keras' (expected nearest: keras")]),
    "activations": (
        "activations: {a: {function: hard_sigmoid}, b: {function: tan}}",
        [("2:18", "hard_sigmoid without its slope"), ("2:47", "no function 'tan' (expected nearest: tanh")],
    ),
    "layouts of classes": (
        "cells: {A: {layout: b}}\nclasses: {A: {layout: c}}",
        [("2:21", "no layout 'b'"), ("3:23", "no layout 'c'")],
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_each_rule_answers_for_itself(name: str, tmp_path: Path) -> None:
    text, expected = RULES[name]
    told(refused(tmp_path, START + text + "\n"), expected)


def told(found: list[str], expected: list[tuple[str, str]]) -> None:
    assert len(found) == len(expected), found
    for line, (where, said) in zip(found, expected, strict=True):
        assert line.startswith(f"{where}: "), line
        assert said in line, line


def test_what_grammar_and_meaning_find_is_told_together_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        "version: 1\nlayouts:\n  a:\n    extends: torch.lstn\n    bias: duble\n  b:\n"
        "    extends: keras.lstm\n    gates: [o, i, g]\n    nams: {}\n"
        "layers:\n  c: {layout: b}\n  d: {layout: e}\nmodl: []\n"
    )
    places = [line.partition(": ")[0] for line in refused(tmp_path, text)]
    assert places == ["4:14", "5:11", "8:12", "9:5", "12:15", "13:1"]


def test_what_follows_from_a_wrong_entry_is_not_told_again(tmp_path: Path) -> None:
    # The layout without its gates has no order, b has no layout to extend, the rule none to name.
    text = START + "layouts: {a: {cell: lstm, gates: ifco}, b: {extends: a, gates: [f]}, c: 3}\n"
    found = refused(tmp_path, text + "layers: {d: {layout: a, gates: [f]}, e: {layout: c}}\n")
    assert [line.partition(": ")[0] for line in found] == ["2:34", "2:73"]


def test_extends_in_a_circle_is_told_once(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, START + "layouts: {a: {extends: b}, b: {extends: c}, c: {extends: a}}\n")
    assert "(found a → b → c → a)" in line


def test_classes_and_functions_of_ones_own_are_known_by_their_names(tmp_path: Path) -> None:
    text = START + "model: [{class: Mine, config: {any: 1}}]\n"
    with pytest.raises(MappingError, match="A class of your own is given with --custom"):
        load(tmp_path, text)
    assert load(tmp_path, text, ("Mine",)).document.model[0].class_ == "Mine"


def test_a_document_that_was_read_elsewhere_is_checked_without_places() -> None:
    (problem,) = checked(Document.model_validate({"version": 1, "source": {"layout": "mine"}}))
    assert problem.where == "source: layout"


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from paths(child, (*path, key))


WHOLE = parse_plain(FINE.encode(), "fine").value
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from(["", "a", "{k}", "{", "*", "torch.lstm", "my.lstm", "x (gate u)", "Dense"]),
    st.lists(st.sampled_from(["i", "f", "", "{gate}"]), max_size=3),
    st.dictionaries(
        st.sampled_from(["kernel", "axes", "to", "class", "{k}", "", "1"]), st.just("u"), max_size=2
    ),
)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_in_a_file_is_read_or_refused_at_its_place(
    data: st.DataObject, tmp_path: Path
) -> None:
    value = json.loads(json.dumps(WHOLE))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([path for path in paths(value) if path]))
        inner = value
        for part in path[:-1]:
            inner = inner[part]
        if isinstance(inner, dict) and data.draw(st.booleans()):
            inner[data.draw(st.sampled_from(["", "kernel", "layout", "wrong", "{"]))] = inner.pop(path[-1])
        else:
            inner[path[-1]] = data.draw(JUNK)
    try:
        load(tmp_path, json.dumps(value))
    except MappingError as error:
        for problem in error.problems:
            assert re.match(r".*m\.yaml:\d+:\d+: ", str(problem))
        assert len({str(problem) for problem in error.problems}) == len(error.problems)
