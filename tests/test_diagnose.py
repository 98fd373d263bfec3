"""`diagnose` on files of real frameworks: Keras's own error explained, mapping files that mend."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

import lstm_migrate
from lstm_migrate.cli.app import app
from lstm_migrate.diagnosis import sifting
from tests.corpus.expect import VALID

KERAS_1 = VALID / "k122tf-lstm-default-weights"
CUDNN = VALID / "k231-cudnn-bidir-weights"


@pytest.fixture(autouse=True)
def quiet_keras() -> Iterator[None]:
    """Keras and TensorFlow warn of what is not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras

        keras.utils.clear_session()
        yield
        keras.utils.clear_session()


def chain(*layers: Any, inputs: tuple[int, ...] = (5, 8)) -> Any:
    import keras

    return keras.Sequential([keras.Input(inputs), *layers])


def built(name: str) -> Any:
    """A model by the name of what is special about it."""
    from keras import layers as kl

    if name == "embedding":
        both = [kl.Bidirectional(kl.LSTM(4, return_sequences=True)), kl.Bidirectional(kl.GRU(3))]
        return chain(kl.Embedding(12, 5), *both, kl.Dense(3), inputs=(7,))
    cells = {
        "as saved": [kl.LSTM(16, name="lstm")],
        "fewer units": [kl.LSTM(4, name="lstm")],
        "a layer more": [kl.LSTM(16, name="lstm"), kl.Dense(16, name="mid")],
        "another cell": [kl.GRU(16, name="gru")],
        "no bias": [kl.LSTM(16, name="lstm", use_bias=False)],
        "two directions": [kl.Bidirectional(kl.LSTM(16), name="both")],
        "reset after": [kl.GRU(16, name="gru", reset_after=True)],
        "reset before": [kl.GRU(16, name="gru", reset_after=False)],
        "of Keras 1": [kl.LSTM(4, name="lstm", recurrent_activation="hard_sigmoid")],
        "fewer inputs": [kl.LSTM(16, name="lstm")],
    }
    last = kl.Dense(2 if name == "of Keras 1" else 1, name="dense")
    inputs = {"of Keras 1": (6, 5), "fewer inputs": (5, 6)}.get(name, (5, 8))
    return chain(*cells[name], last, inputs=inputs)


def saved(model: Any, path: Path) -> Path:
    if path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:
        model.save(path)
    return path


def described(model: Any, folder: Path) -> Path:
    path = folder / "target.json"
    path.write_text(model.to_json())
    return path


PAIRS = [
    ("as saved", "fewer units"),
    ("as saved", "a layer more"),
    ("as saved", "another cell"),
    ("as saved", "no bias"),
    ("as saved", "two directions"),
    ("as saved", "fewer inputs"),
    ("two directions", "as saved"),
    ("reset after", "reset before"),
]


def held_against_keras(source: Path, model: Any, folder: Path) -> str:
    """What is said of Keras's error, after Keras itself was asked."""
    found = lstm_migrate.diagnose(source, described(model, folder))
    quoted = re.search("raises “(.*?)”: ", found.keras_says)
    assert quoted, found.keras_says
    with pytest.raises(ValueError) as caught:
        model.load_weights(source)
    told = " ".join(str(caught.value).split())
    for part in quoted[1].split("…"):
        assert part.strip(" /") in told
    return found.keras_says


@pytest.mark.parametrize("file", ["old.h5", "old.weights.h5", "old.keras"])
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_the_error_that_is_explained_is_the_one_that_keras_gives(
    one: str, other: str, file: str, tmp_path: Path
) -> None:
    source = saved(built(one), tmp_path / file)
    held_against_keras(source, built(other), tmp_path)


def test_twelve_arrays_for_three_variables_are_explained(tmp_path: Path) -> None:
    said = held_against_keras(KERAS_1 / "weights.h5", built("of Keras 1"), tmp_path)
    assert "has 12 arrays where" in said
    assert "but the saved weights have 12 element(s)" in said  # Keras 2's words for it


def test_a_file_whose_name_misleads_keras_is_explained(tmp_path: Path) -> None:
    source = saved(built("as saved"), tmp_path / "old.h5")
    renamed = tmp_path / "old.weights.h5"
    shutil.copy(source, renamed)
    assert "under the name old.h5 Keras reads it" in held_against_keras(renamed, built("as saved"), tmp_path)
    store = saved(built("as saved"), tmp_path / "new.weights.h5").rename(tmp_path / "new.h5")
    assert "must end in .weights.h5" in held_against_keras(store, built("as saved"), tmp_path)


def test_what_keras_loads_without_a_word_is_said(tmp_path: Path) -> None:
    source = saved(built("a layer more"), tmp_path / "old.weights.h5")
    model = chain(*built("as saved").layers[:1])
    found = lstm_migrate.diagnose(source, described(model, tmp_path))
    model.load_weights(source)
    assert found.keras_says.startswith("load_weights raises nothing: Keras pairs layers by class and number")
    assert not found.fits


def asked(*arguments: Any) -> Result:
    return CliRunner().invoke(app, ["diagnose", *map(str, arguments)])


def test_a_larger_checkpoint_is_cut_by_the_mapping_that_is_given(tmp_path: Path) -> None:
    source, mapping = saved(built("as saved"), tmp_path / "old.weights.h5"), tmp_path / "mend.yaml"
    model = described(built("fewer units"), tmp_path)
    done = asked(source, "--against", model, "--to", mapping)
    assert done.exit_code == 0
    assert "checkpoint has 16 units, target 4" in done.output
    assert done.output.endswith(mapping.read_text())
    report = lstm_migrate.convert(
        source, tmp_path / "new.keras", architecture=model, mapping=mapping, allow_lossy=True
    )
    assert report.verified


def test_weights_of_cudnn_go_into_plain_layers_under_the_mapping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sifting, "SECONDS_BEYOND", 0.0)
    source, recorded = CUDNN / "weights.h5", CUDNN / "io.npz"
    model = described(built("embedding"), tmp_path)
    found = lstm_migrate.diagnose(source, model, recorded=recorded)
    assert "bias (32,) is cuDNN's two biases (input and recurrent); the target has one (16,)" in {
        line.why for line in found.lines
    }
    # The last layer of the model was built without its activation, which no array tells.
    assert "output activation softmax: this reproduces the recorded outputs" in found.recorded[0]
    mapping = tmp_path / "mend.yaml"
    mapping.write_text(found.mapping)
    report = lstm_migrate.convert(
        source, tmp_path / "new.keras", architecture=model, mapping=mapping, recorded=recorded
    )
    assert report.verified


GOLDEN = """\
weights.h5 does not fit target.json as it is: 1 of 2 layers differ, and the mapping file below mends them

source      weights.h5
format      keras-hdf5-weights, 10.3 kB
written by  keras 1 on tensorflow
            arrays are named like lstm_1_W_i: Keras 1
            arrays are named like lstm_1_W:0, as TensorFlow does
against     target.json
Keras says  load_weights raises “Weight count mismatch for layer #0 (named lstm in the current model, lstm_1 \
in the save file). Layer expects 3 weight(s). Received 12 saved weight(s)”: paired by order, 'lstm_1' of \
the file has 12 arrays where 'lstm' of the model has 3. (Keras 2 said “Layer #0 (named "lstm") expects 3 \
weight(s), but the saved weights have 12 element(s)”.)
recorded    recurrent activation clip(0.2x + 0.5); forget bias 0; activation tanh: this alone reproduces the \
recorded outputs, all 1080 tried

Layers
  source layer  target layer  what                  verdict  why
  lstm_1        lstm          name                  fits     another name; paired by kind, sizes and order
  lstm_1        lstm          arrays                differs  12 arrays: Keras 1's LSTM, one for each gate
  lstm_1        lstm          recurrent_activation  fits     no array tells it: Keras 1's default was \
clip(0.2x + 0.5), the target has clip(x/6 + 0.5); --recorded decides
  dense_1       dense         name                  fits     another name; paired by kind, sizes and order
  dense_1       dense         Dense, 2 units        fits     2 arrays of the same shapes

Mapping file
# For weights.h5, to fit target.json. Use it with
# lstm-migrate convert weights.h5 --to NEW.keras --architecture target.json --mapping THIS.yaml
version: 1
layers:
  lstm_1:
    to: lstm
    layout: keras1.lstm
    activations: {recurrent_activation: {function: hard_sigmoid, slope: 0.2, offset: 0.5}}
  dense_1: {to: dense}
"""


def test_keras_1_against_keras_3_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("weights.h5", "io.npz"):
        shutil.copy(KERAS_1 / name, tmp_path)
    described(built("of Keras 1"), tmp_path)
    done = asked("weights.h5", "--against", "target.json", "--recorded", "io.npz", "--to", "mend.yaml")
    assert done.exit_code == 0
    assert done.stdout == GOLDEN
    report = lstm_migrate.convert(
        "weights.h5", "new.keras", architecture="target.json", mapping="mend.yaml", recorded="io.npz"
    )
    assert report.verified


def test_what_cannot_be_mended_ends_with_five_and_is_shown_all_the_same(tmp_path: Path) -> None:
    source = saved(built("reset after"), tmp_path / "old.h5")
    done = asked(source, "--against", described(built("reset before"), tmp_path))
    assert done.exit_code == 5
    assert done.stdout.startswith(
        "old.h5 does not fit target.json, and no mapping file mends it: gru (reset_after)"
    )
    assert "cannot be converted: build the target with reset_after=True" in done.stderr


def test_what_fits_ends_with_nought_and_gives_json_for_machines() -> None:
    done = asked(KERAS_1 / "weights.h5", "--against", KERAS_1 / "architecture.json", "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["kind"], found["verdict"], found["mapping"]) == ("Diagnosis", "fits", "")
    assert {line["verdict"] for line in found["lines"]} == {"fits"}


def test_a_function_that_builds_the_model_is_a_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_target.py").write_text(
        "import keras\n\ndef build():\n"
        "    return keras.Sequential([keras.Input((6, 5)), keras.layers.LSTM(4), keras.layers.Dense(2)])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = lstm_migrate.diagnose(KERAS_1 / "weights.h5", "my_target:build")
    assert (found.target, found.verdict) == ("my_target:build", "mended")
    with pytest.raises(lstm_migrate.LstmMigrateError, match="--against my_target:nothing"):
        lstm_migrate.diagnose(KERAS_1 / "weights.h5", "my_target:nothing")


def test_the_mapping_replaces_no_file_unasked(tmp_path: Path) -> None:
    mapping = tmp_path / "mine.yaml"
    mapping.write_text("version: 1\n")
    asking = [KERAS_1 / "weights.h5", "--against", KERAS_1 / "architecture.json", "--to", mapping]
    assert asked(*asking).exit_code == 2
    assert mapping.read_text() == "version: 1\n"
    assert asked(*asking, "--overwrite").exit_code == 0


def test_keras_is_not_imported_for_a_target_that_is_a_file() -> None:
    case = KERAS_1
    code = (
        "import sys, lstm_migrate\n"
        f"found = lstm_migrate.diagnose({str(case / 'weights.h5')!r}, {str(case / 'architecture.json')!r},"
        f" recorded={str(case / 'io.npz')!r})\n"
        "assert found.recorded\n"
        "print(sorted({'keras', 'tensorflow'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_whole_model_of_the_corpus_fits_itself() -> None:
    cases = sorted(VALID.glob("*/model.h5"))[::12]
    assert len(cases) > 30
    for case in cases:
        try:
            found = lstm_migrate.diagnose(case, case)
        except lstm_migrate.PlanError:
            continue  # layers that nobody carries over
        assert found.verdict == "fits", case
