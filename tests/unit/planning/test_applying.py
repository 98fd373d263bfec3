"""Rules of mapping files on files that list their arrays layer by layer."""

from __future__ import annotations

from pathlib import Path

import pytest

import lstm_migrate
from lstm_migrate.errors import LstmMigrateError
from tests.corpus.expect import VALID

SOURCE = VALID / "k208-seq2seq" / "model.h5"  # layers enc_in, dec_in, encoder, decoder, dec_dense
WEIGHTS = VALID / "k122tf-lstm-default-weights"


@pytest.fixture
def mapped(tmp_path: Path):
    """A function that plans the source with these lines of a mapping file."""

    def plan(lines: str, source: Path = SOURCE, **given):
        file = tmp_path / "mapping.yaml"
        file.write_text(f"version: 1\n{lines}", encoding="utf-8")
        return lstm_migrate.plan(source, mapping=file, **given)

    return plan


def refusal(mapped, lines: str, source: Path = SOURCE, **given) -> str:
    with pytest.raises(LstmMigrateError) as caught:
        mapped(lines, source, **given)
    return str(caught.value)


def test_a_layer_of_the_file_gets_another_name(mapped):
    report = mapped("layers: {encoder: {to: first}}\n")
    assert [line.becomes for line in report.layers] == ["LSTM first", "LSTM decoder", "Dense dec_dense"]
    assert {line.variable.split(".")[0] for line in report.tensors} == {"first", "decoder", "dec_dense"}


def test_captures_of_a_pattern_stand_in_the_new_names(mapped):
    report = mapped('layers: {"{kind}coder": {to: "{kind}_lstm"}}\n')
    assert [line.becomes for line in report.layers] == ["LSTM en_lstm", "LSTM de_lstm", "Dense dec_dense"]


def test_two_layers_cannot_get_one_name(mapped):
    assert "another layer is called so" in refusal(mapped, "layers: {encoder: {to: decoder}}\n")
    assert "another layer is called so" in refusal(mapped, 'layers: {"{kind}coder": {to: lstm}}\n')


def test_layers_may_change_their_names(mapped):
    report = mapped("layers: {encoder: {to: decoder}, decoder: {to: encoder}}\n")
    assert [line.becomes for line in report.layers][:2] == ["LSTM decoder", "LSTM encoder"]


def test_every_rule_that_matches_nothing_is_named_with_its_place(mapped):
    said = refusal(mapped, "layers:\n  lstm_1: {to: a}\n  lstm_2: {to: b}\n")
    assert "mapping.yaml:3:" in said
    assert "mapping.yaml:4:" in said
    assert "found layers enc_in, dec_in, encoder" in said


def test_a_name_that_keras_3_forbids_is_refused(mapped):
    assert "no name for a layer of the new model" in refusal(mapped, "layers: {encoder: {to: a/b}}\n")


def test_facts_about_a_class_of_kerass_own_are_doubtful(mapped):
    report = mapped("layers: {encoder: {forget_bias: 1.0}}\n")
    notes = [note.text for note in report.notes if note.kind == "assumed"]
    assert "forget_bias of LSTM, Keras's own class, as mapping.yaml says" in notes
    (bias,) = [line for line in report.tensors if line.variable == "encoder.bias"]
    assert any("forget bias" in step.text for step in bias.steps)


def test_a_layout_of_another_cell_is_refused(mapped):
    said = refusal(mapped, "layers: {encoder: {layout: torch.gru_cell}}\n")
    assert "torch.gru_cell is of a gru, and 'encoder' of class LSTM" in said


def test_arrays_of_another_layout_than_the_file_has_do_not_fit(mapped):
    said = refusal(mapped, "layers: {encoder: {layout: torch.lstm_cell}}\n")
    assert "encoder has 3 arrays" in said or "'encoder' has 3 arrays" in said


def test_groups_are_paired_with_the_layers_of_the_architecture_that_is_given(mapped, tmp_path):
    text = (WEIGHTS / "architecture.json").read_text(encoding="utf-8")
    other = tmp_path / "other.json"
    other.write_text(text.replace("lstm_1", "memory"), encoding="utf-8")
    report = mapped("layers: {lstm_1: {to: memory}}\n", WEIGHTS / "weights.h5", architecture=other)
    assert "LSTM memory" in [line.becomes for line in report.layers]
    assert not any("paired by their order" in note.text for note in report.notes)


def test_what_is_ignored_must_be_there(mapped):
    assert "`ignore` of 'nothing/*' matches no tensor" in refusal(mapped, "ignore: {nothing/*: no use}\n")


def test_a_file_of_another_format_is_refused(mapped):
    assert "model.h5 is hdf5, expected npz" in refusal(mapped, "source: {format: npz}\n")


def test_what_is_said_of_a_wrapper_holds_for_what_it_wraps(mapped):
    source = VALID / "k208-bidir-concat" / "model.h5"
    report = mapped('layers: {"bidirectional*": {activations: {recurrent_activation: sigmoid}}}\n', source)
    said = [line for line in report.layers if "ward_layer" in line.path]
    assert len(said) == 2
    assert {line.activations["recurrent_activation"] for line in said} == {"sigmoid"}


def test_the_layout_that_the_arrays_have_is_not_doubtful(mapped):
    given = {"architecture": WEIGHTS / "architecture.json"}
    report = mapped("layers: {lstm_1: {layout: keras1.lstm}}\n", WEIGHTS / "weights.h5", **given)
    assert not any("Keras's own class" in note.text for note in report.notes)


def test_a_layer_without_arrays_can_be_renamed_beside_an_architecture(mapped):
    source = VALID / "k033-mask-through-dense"
    given = {"architecture": source / "model.json"}
    report = mapped("layers: {masking_1: {to: mask}}\n", source / "weights.h5", **given)
    assert "Masking mask" in [line.becomes for line in report.layers]


FORK = Path(__file__).parents[2] / "corpus" / "forks" / "keras1_fused_gru"
CLASSES = """
layouts: {fork: {extends: keras.gru, gates: [r, z, h], names: {kernel: W, recurrent_kernel: U, bias: b}}}
classes: {FusedGRU: {is: GRU, layout: fork}}
"""


def test_two_layers_of_a_file_cannot_go_to_one(mapped):
    given = {"architecture": FORK / "architecture_keras3.json"}
    lines = 'layers: {"fusedgru_*": {to: gru_1}, dense_1: {to: head}}\n'
    said = refusal(mapped, lines, FORK / "weights.h5", **given)
    assert "two layers of the file go to 'gru_1' (found fusedgru_1 and fusedgru_2" in said


def test_arrays_that_are_not_called_as_the_layout_says_are_not_guessed(mapped):
    given = {"architecture": FORK / "architecture.json"}
    said = refusal(mapped, CLASSES.replace("kernel: W", "kernel: Wx"), FORK / "weights.h5", **given)
    assert "fusedgru_1.kernel called Wx" in said


def test_a_class_that_no_layer_has_is_named(mapped):
    said = refusal(mapped, CLASSES.replace("FusedGRU", "FuzedGRU"), FORK / "model.h5")
    assert "no layer is of class 'FuzedGRU'" in said
    assert "nearest: FusedGRU" in said


def test_the_order_of_rules_does_not_matter(mapped):
    said = refusal(mapped, 'layers: {"enc*": {forget_bias: 1.0}, encoder: {forget_bias: 2.0}}\n')
    assert "two rules speak of layer 'encoder' (found 'enc*' and 'encoder', expected one)" in said


def test_no_layer_of_the_file_is_dropped_for_another(mapped, tmp_path):
    lines = "layers: {fusedgru_2: {to: fusedgru_1}}\n"
    said = refusal(mapped, CLASSES + lines, FORK / "weights.h5", architecture=FORK / "architecture.json")
    assert "the file has a layer of that name, of which no rule speaks" in said


def test_a_file_that_lists_its_layers_has_nothing_to_pick_out(mapped):
    said = refusal(mapped, "layers: {encoder: {at: {dir: backward}}}\n")
    assert "mapping.yaml:2:" in said
    assert "`at` picks a layer or direction out of tensors that no layer owns" in said
