"""Plain lines in a pipe, tables on a terminal: the same words in both."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from lstm_migrate.cli import document, terminal
from lstm_migrate.cli.output import printable
from lstm_migrate.cli.render import text
from lstm_migrate.report import Cost, LostUnit, ResizeLine

INSPECTION = """\
source            old.h5
format            keras-hdf5, 27.5 kB
written by        keras 2.0.8 on tensorflow
                  attribute keras_version
model             model_1
parameters        160
Keras 3 opens it  no: no such layer
convert would     convert

Layers
  layer    kind  sizes    activations                              layout      parameters  becomes
  encoder  LSTM  units 4  tanh, recurrent hard_sigmoid(slope=0.2)  keras.lstm         160  LSTM

Notes
  kind     where  what
  dropped  model  the optimizer's state"""


def test_an_inspection_in_a_pipe_is_aligned_lines(inspection):
    assert text(document.of(inspection)) == INSPECTION


def test_a_plan_names_tensor_role_and_variable_in_this_order(plan_report):
    header, row = text(document.of(plan_report)).split("Tensors\n")[1].splitlines()[:2]
    assert header.split("  ")[1] == "tensor name"
    places = [
        row.index(word) for word in ("encoder/kernel:0", " kernel ", "encoder/lstm_cell/kernel", "5×16")
    ]
    assert places == sorted(places)
    assert "gates i, f, o times 1.2  exact" in row


def test_a_report_says_what_is_not_proven(report):
    shown = text(document.of(replace(report, verdict="unproven")))
    assert shown.startswith("unproven: new.keras was checked, but not in all its parts")
    assert "behaviour  warp: no reference" in shown
    assert "largest error 1.25e-07" in shown
    assert "1 (1 exact)" in shown


def words_of(result):
    """What is shown, with single spaces."""
    return " ".join(text(document.of(result)).split())


def test_a_resizing_says_what_it_touched_what_went_and_what_that_costs(report, plan_report):
    lines = (ResizeLine("lstm_1.kernel", "u", 128, 64, ("units of lstm_1",), "approximate"),)
    lost = tuple(LostUnit("lstm_1", unit, unit / 100) for unit in range(64))
    plain = Cost("dense_1", "given", 0.25, 0.05, 1.0, 0.5)
    costs = (Cost("dense_1", "given", 0.125, 0.01, 1.0, 0.96875, plain),)
    changed = replace(report, resized=lines, lost=lost, costs=costs)
    shown = words_of(changed)
    assert "lstm_1.kernel u 128 → 64 units of lstm_1 approximate" in shown
    # The most salient first, and no more than a screen takes.
    assert shown.index("lstm_1 63 0.63") < shown.index("lstm_1 56 0.56") < shown.index("and 56 more")
    assert "0.55" not in shown
    assert "dense_1 given 0.125 0.01 1 96.9%" in shown
    assert "dense_1 given, if nothing were refitted 0.25 0.05 1 50.0%" in shown
    planned = words_of(replace(plan_report, resized=lines, lost=lost))
    assert "128 → 64" in planned and "and 56 more" in planned
    assert len(json.loads(changed.to_json())["lost"]) == 64


def test_tokens_that_went_are_named(report):
    lost = (LostUnit("words", 7, name="etwas"), LostUnit("words", 9, name="nichts"))
    shown = words_of(replace(report, lost=lost))
    assert "words 7 etwas" in shown and "words 9 nichts" in shown


@pytest.mark.parametrize("result", ["report", "inspection", "plan_report"])
def test_the_terminal_says_the_same_words(result, request):
    said = document.of(request.getfixturevalue(result))
    stream = io.StringIO()
    terminal.show(said, Console(file=stream, width=250))
    words = set(text(said).split())
    assert words
    assert words - set(stream.getvalue().split()) == set()


def test_square_brackets_in_a_name_are_no_markup(inspection):
    layer = replace(inspection.layers[0], path="[bold]x[/nothing]")
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=250)
    terminal.show(document.of(replace(inspection, layers=(layer,))), console)
    assert "[bold]x[/nothing]" in stream.getvalue()


def test_the_bar_takes_known_and_unknown_totals():
    stream = io.StringIO()
    with terminal.bar(Console(file=stream, force_terminal=True)) as progress:
        progress("reading", 1, 4)
        progress("building", 0, 0)
        progress("reading", 4, 4)
    assert "reading" in stream.getvalue()


@pytest.mark.parametrize(
    ("name", "shown"),
    [("größe_1", "größe_1"), ("a\x1b[31mb", "a\\x1b[31mb"), ("\udcff", "\\udcff"), ("\u202ex", "\\u202ex")],
)
def test_control_characters_are_escaped(name, shown):
    assert printable(name) == shown
