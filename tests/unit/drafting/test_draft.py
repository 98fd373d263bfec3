"""Drafts: text that loads, says what was seen, and makes a plan for the file it was drafted from."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lstm_migrate import pipeline
from lstm_migrate.drafting.found import Found
from lstm_migrate.drafting.model import Listed, chained, listed
from lstm_migrate.drafting.rules import rules, template
from lstm_migrate.errors import PlanError

FORKS = Path(__file__).parents[2] / "corpus" / "forks"
TENSORS = sorted(path for path in FORKS.glob("*/weights.*") if path.suffix in (".npz", ".safetensors"))
# Its arrays have a leading axis for the directions, of which no name speaks.
BEYOND = "numpy_directions"


def drafted(source: Path, tmp_path: Path, architecture: Path | None = None) -> tuple[Path, str]:
    text = pipeline.draft(source, architecture=architecture)
    file = tmp_path / "drafted.yaml"
    file.write_text(text, encoding="utf-8")
    return file, text


def test_there_are_files_to_draft_from() -> None:
    assert len(TENSORS) > 20


@pytest.mark.parametrize("source", TENSORS, ids=lambda path: "/".join(path.parts[-2:]))
def test_a_draft_passes_check_and_plans_its_source(source: Path, tmp_path: Path) -> None:
    file, text = drafted(source, tmp_path)
    assert pipeline.check_mapping(file).fine
    if BEYOND in str(source):
        assert "No layout comes to mind for these tensors" in text
        return
    assert pipeline.check_mapping(file, source).plan is not None
    assert "check: " in text


@pytest.mark.parametrize("folder", ["torch_lstm", "tf1_bidirectional", "torch_oigf", "numpy_gates_apart"])
def test_with_an_architecture_the_rules_lead_to_its_layers(folder: str, tmp_path: Path) -> None:
    (source, *_) = sorted((FORKS / folder).glob("weights.*"))
    architecture = FORKS / folder / "architecture_keras3.json"
    file, text = drafted(source, tmp_path, architecture)
    assert "model:" not in text
    assert pipeline.check_mapping(file, source, architecture=architecture).plan is not None


@pytest.mark.parametrize("folder", ["torch_oigf", "torch_gru", "tf1_lstm", "torch_rnn"])
def test_a_shipped_layout_is_changed_by_uncommenting(folder: str, tmp_path: Path) -> None:
    (source,) = (path for path in TENSORS if path.parent.name == folder)
    file, text = drafted(source, tmp_path)
    head, _, rest = text.partition("# Where the code says otherwise than ")
    name = rest.partition(":")[0]
    own = f"my.{name.rpartition('.')[2]}"
    _, _, section = rest.partition("# layouts:\n")
    lines, end, behind = section.partition("\n\n")
    said = "\n".join(line.removeprefix("# ") for line in lines.splitlines())
    head = re.sub(rf"(?m)(^  layout: .*?){re.escape(name)}\b", rf"\g<1>{own}", head)
    file.write_text(f"{head}layouts:\n{said}{end}{behind}", encoding="utf-8")
    checked = pipeline.check_mapping(file, source)
    assert checked.plan is not None
    assert checked.remarks == ()
    assert ("reset_after: true" in said) == (folder == "torch_gru")


def test_a_model_of_unknown_recurrent_layers_is_not_drafted(tmp_path: Path) -> None:
    _, text = drafted(FORKS / BEYOND / "weights.npz", tmp_path)
    assert "\nmodel:" not in text
    assert "# No model is drafted: nobody knows the layers of the tensors above." in text


def test_of_an_architecture_that_does_not_fit_no_layer_is_replaced(tmp_path: Path) -> None:
    source = FORKS / "keras1_fused_gru" / "weights.h5"
    architecture = source.with_name("architecture_keras3.json")
    file, text = drafted(source, tmp_path, architecture)
    assert "replace" not in text
    assert str(source.parent) not in text
    assert "`mappings draft` without --architecture" in " ".join(text.replace("\n# ", " ").split())
    assert pipeline.check_mapping(file).fine


def test_numbers_become_captures_and_are_counted_on(tmp_path: Path) -> None:
    _, text = drafted(FORKS / "tf1_forget25" / "weights.npz", tmp_path)
    assert '"rnn/multi_rnn_cell/cell_{k}/basic_lstm_cell": {to: "lstm_{k+1}"}' in text
    assert "global_step: counts the steps of training" in text


@pytest.mark.parametrize("name", ["model.h5", "weights.h5"])
def test_the_classes_of_a_fork_are_declared(name: str, tmp_path: Path) -> None:
    source = FORKS / "keras1_fused_gru" / name
    architecture = None if name == "model.h5" else source.with_name("architecture.json")
    file, text = drafted(source, tmp_path, architecture)
    assert "FusedGRU: {is: GRU, layout: my.gru}" in text
    assert pipeline.check_mapping(file, source, architecture=architecture).plan is not None


def test_of_weights_of_keras_it_says_what_is_assumed(tmp_path: Path) -> None:
    source = FORKS / "keras1_fused_gru" / "weights.h5"
    file, text = drafted(source, tmp_path)
    assert "fusedgru_1.recurrent_activation: hard_sigmoid" in text
    # An assumption that holds of no layer would be refused.
    assert pipeline.check_mapping(file, source, architecture="infer").plan is not None


def test_a_file_that_can_be_converted_needs_nothing(tmp_path: Path) -> None:
    import keras

    source = tmp_path / "model.keras"
    keras.Sequential([keras.Input((None, 3)), keras.layers.LSTM(4, name="rnn")]).save(source)
    file, text = drafted(source, tmp_path)
    assert "  # LSTM, units 4, layout keras.lstm\n  rnn: {to: rnn}\n" in text
    assert pipeline.check_mapping(file, source).fine


def test_braces_in_names_are_no_captures(tmp_path: Path) -> None:
    source = tmp_path / "odd.npz"
    np.savez(source, **{"a{k}/kernel": np.zeros((5, 2)), "a{k}/bias": np.zeros(2)})
    file, text = drafted(source, tmp_path)
    assert '"a*k*": {to: a_k}' in text
    assert pipeline.check_mapping(file, source).fine


def test_a_file_of_nothing_known_is_drafted_with_a_word_about_it(tmp_path: Path) -> None:
    source = tmp_path / "odd.npz"
    np.savez(source, a=np.zeros((2, 3, 4, 5, 6)))
    file, text = drafted(source, tmp_path)
    assert "`ignore`: a." in text
    assert pipeline.check_mapping(file).fine


def layer(kind: str, prefix: str, inputs: int, units: int, **more: object) -> Found:
    return Found(prefix, kind, "", {f"{prefix}/kernel": (inputs, units)}, units, inputs, **more)  # type: ignore[arg-type]


def test_layers_are_listed_in_an_order_in_which_their_widths_follow() -> None:
    found = [layer("Dense", "head", 5, 2), layer("LSTM", "b", 3, 5), layer("LSTM", "a", 4, 3)]
    model = listed(found)
    assert [one.parts[0].prefix for one in model] == ["a", "b", "head"]
    assert [one.name for one in model] == ["lstm_1", "lstm_2", "head"]
    assert chained(model)
    assert not chained(listed([layer("Dense", "a", 5, 2), layer("Dense", "b", 5, 2)]))


def test_a_rule_is_one_for_layers_that_differ_in_a_number() -> None:
    parts = [layer("LSTM", f"rnn/cell_{number}", 4, 4) for number in (0, 1, 2)]
    found = rules([Listed(f"lstm_{number}", (part,)) for number, part in enumerate(parts)])
    assert [(rule.pattern, rule.to) for rule in found] == [("rnn/cell_{k}", "lstm_{k}")]
    apart = rules([Listed(name, (part,)) for name, part in zip("abc", parts, strict=True)])
    assert [rule.to for rule in apart] == ["a", "b", "c"]


def test_a_template_is_found_only_if_it_gives_every_target() -> None:
    numbers = [{"k": "0"}, {"k": "1"}]
    assert template(["lstm_1", "lstm_2"], numbers, "k") == "lstm_{k+1}"
    assert template(["lstm_1", "lstm_3"], numbers, "k") is None


def test_weights_of_which_nothing_can_be_inferred_ask_for_an_architecture(tmp_path: Path) -> None:
    import keras

    inputs = keras.Input((3,))
    outputs = keras.layers.Add()([keras.layers.Dense(2)(inputs), keras.layers.Dense(2)(inputs)])
    source = tmp_path / "branched.weights.h5"
    keras.Model(inputs, outputs).save_weights(source)
    with pytest.raises(PlanError, match="--architecture"):
        pipeline.draft(source)
