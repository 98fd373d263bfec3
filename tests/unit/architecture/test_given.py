"""Architectures beside the weights: files of every kind, functions, and what is wrong with them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

import lstm_migrate
from lstm_migrate.architecture.given import given_architecture
from lstm_migrate.errors import LstmMigrateError, PlanError, SourceError, UsageError
from tests.corpus.expect import VALID

WEIGHTS = VALID / "k122tf-lstm-default-weights" / "weights.h5"
ARCHITECTURE = VALID / "k122tf-lstm-default-weights" / "architecture.json"
NAMED_OTHERWISE = {"lstm_": "encoder_", "dense_": "head_"}


@pytest.fixture
def builders(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of the user's own."""
    module = ModuleType("my_builders")
    monkeypatch.setitem(__import__("sys").modules, "my_builders", module)
    return module


def test_json_and_yaml_say_the_same(tmp_path: Path) -> None:
    config = json.loads(ARCHITECTURE.read_text())
    yaml = tmp_path / "model.yaml"
    yaml.write_text(json.dumps(config))  # every JSON text is YAML, too
    (tmp_path / "quoted.json").write_text(json.dumps(json.dumps(config)))
    found = given_architecture(str(ARCHITECTURE))
    assert found.config == config
    assert found.writer.version == "1.2.2"
    assert given_architecture(str(yaml)).config == config
    assert given_architecture(str(tmp_path / "quoted.json")).config == config


def test_the_tuples_that_old_keras_wrote_into_yaml_are_read_and_other_objects_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text("class_name: Sequential\nconfig:\n- !!python/tuple [null, 5]\n- !!python/unicode 'a'\n")
    assert given_architecture(str(path)).config["config"] == [[None, 5], "a"]
    path.write_text("class_name: !!python/object/apply:os.system ['touch /tmp/pwned-by-yaml']\n")
    with pytest.raises(SourceError, match="python/object/apply") as caught:
        given_architecture(str(path))
    assert "model.yaml:1:13" in str(caught.value)
    assert not Path("/tmp/pwned-by-yaml").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no architecture|not as|no model|not a stock"),
        (b"[1, 2]", "is no architecture"),
        (b"{", "not JSON|is not JSON"),
        (b"\xff\xfe\x00", "is no text"),
        (b"a: &a [" + b"*a, " * 3 + b"]", "nested too deep"),
        (
            b"a: &a [x, x]\n" + b"".join(b"b%d: &b%d [*a, *a, *a]\n" % (n, n) for n in range(3)),
            "stock model class",
        ),
        (b'{"class_name": "Sequential", "config": ' + b"[" * 500 + b"]" * 500 + b"}", "nested too deep"),
    ],
)
def test_what_is_no_architecture_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "model.txt"
    path.write_bytes(content)
    with pytest.raises(LstmMigrateError, match=said):
        lstm_migrate.plan(WEIGHTS, architecture=path)


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    path.write_text("\n".join(lines))
    with pytest.raises(SourceError, match="do aliases multiply"):
        given_architecture(str(path))


def test_an_architecture_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"missing\.json"):
        lstm_migrate.plan(WEIGHTS, architecture=tmp_path / "missing.json")


def test_a_file_of_weights_has_no_architecture_to_take() -> None:
    with pytest.raises(SourceError, match="holds no architecture"):
        lstm_migrate.plan(WEIGHTS, architecture=WEIGHTS)


def test_a_full_model_lends_its_architecture() -> None:
    full = VALID / "k231-seq2seq" / "model.h5"
    found = given_architecture(str(full))
    assert found.config["class_name"] == "Model"
    assert found.writer.version == "2.3.1"


def test_layers_of_other_names_are_paired_by_order_and_it_is_said(tmp_path: Path) -> None:
    text = ARCHITECTURE.read_text()
    for old, new in NAMED_OTHERWISE.items():
        text = text.replace(old, new)
    path = tmp_path / "model.json"
    path.write_text(text)
    found = lstm_migrate.plan(WEIGHTS, architecture=path)
    (note,) = [note for note in found.notes if "paired by their order" in note.text]
    assert "lstm_1 → encoder_1" in note.text or "→ encoder_" in note.text
    assert "every shape fits" in note.text


def test_a_wrong_architecture_is_shown_beside_the_weights_with_the_first_difference(tmp_path: Path) -> None:
    config = json.loads(ARCHITECTURE.read_text())
    recurrent = next(layer for layer in config["config"] if layer["class_name"] == "LSTM")
    units = recurrent["config"]["output_dim"]
    recurrent["config"]["output_dim"] = units + 3
    path = tmp_path / "model.json"
    path.write_text(json.dumps(config))
    with pytest.raises(PlanError) as caught:
        lstm_migrate.plan(WEIGHTS, architecture=path)
    said = str(caught.value)
    assert "the weights do not fit the architecture" in said
    assert "source tensors" in said
    assert "target variables" in said
    assert "first difference in row 1" in said
    first = next(line for line in said.splitlines() if line.strip().startswith("1 "))
    assert f", {units})" in first
    assert f", {units + 3})" in first
    assert first.endswith("differs")


def test_a_function_builds_the_architecture(builders: ModuleType) -> None:
    import keras

    def build() -> keras.Model:
        keras.utils.clear_session()  # Keras counts the names of its layers from one test to the next
        layers = keras.layers
        return keras.Sequential(
            [keras.Input((7,), dtype="int32"), layers.Embedding(12, 6),
             layers.Conv1D(5, 3, padding="same", activation="relu"), layers.MaxPooling1D(2), layers.LSTM(4),
             layers.Dense(1), layers.Activation("sigmoid")]
        )  # fmt: skip

    builders.build = build  # type: ignore[attr-defined]
    weights = VALID / "k122th-conv1d-lstm-weights" / "weights.h5"
    found = lstm_migrate.plan(weights, architecture="my_builders:build")
    (kernel,) = [line for line in found.tensors if line.variable == "conv1d.kernel"]
    # Keras 1 keeps this kernel as an image of one column, and Theano turned by 180°.
    assert [step.text for step in kernel.steps] == ["rearrange ~k0 one x u → (k0 one) x u"]
    gates = [line for line in found.tensors if line.variable == "lstm.kernel"]
    assert [name.rsplit("_")[-1] for name in gates[0].tensors] == list("icfo")
    assert any("hard_sigmoid" in note.text for note in found.notes)


def fails() -> None:
    raise RuntimeError("no such vocabulary")


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("no_such_module:build", "no_such_module"),
        ("my_builders:missing", "missing"),
        ("my_builders:number", "built no Keras model"),
        ("my_builders:fails", "no such vocabulary"),
        ("my_builders:stops", "SystemExit: 0"),
        ("my_builders:old", "found a Model of tf_keras"),
    ],
)
def test_a_function_that_builds_no_model_is_wrong_usage(
    argument: str, said: str, builders: ModuleType
) -> None:
    builders.number = lambda: 3  # type: ignore[attr-defined]
    builders.fails = fails  # type: ignore[attr-defined]
    builders.stops = lambda: sys.exit(0)  # type: ignore[attr-defined]
    old = type("Model", (), {"__module__": "tf_keras.src.engine", "to_json": lambda self: "{}"})
    builders.old = old  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match=said):
        lstm_migrate.plan(WEIGHTS, architecture=argument)


@pytest.mark.parametrize("code", ["def build(:", "raise SystemExit(0)", "import no_such_package"])
def test_a_module_of_the_current_folder_that_cannot_be_imported_is_wrong_usage(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_builders.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with pytest.raises(UsageError, match=r"the module cannot be imported .found (Syntax|System|ModuleNotF)"):
        given_architecture("broken_builders:build")


def test_an_architecture_given_in_place_of_the_files_own_is_no_proof(tmp_path: Path) -> None:
    full = VALID / "k231-seq2seq" / "model.h5"
    own = given_architecture(str(full)).config
    (tmp_path / "same.json").write_text(json.dumps({**own, "keras_version": "2.3.1"}))
    text = json.dumps(own).replace(
        '"recurrent_activation": "sigmoid"', '"recurrent_activation": "hard_sigmoid"'
    )
    (tmp_path / "other.json").write_text(json.dumps({**json.loads(text), "keras_version": "2.3.1"}))
    same = lstm_migrate.plan(full, architecture=tmp_path / "same.json")
    assert not any("put aside" in note.text for note in same.notes)
    with pytest.raises(lstm_migrate.VerificationError, match="put aside"):
        lstm_migrate.convert(full, tmp_path / "new.keras", architecture=tmp_path / "other.json")
    assert not (tmp_path / "new.keras").exists()
