"""The user's own mapping files are held against the target, and corrected as a whole where they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import lstm_migrate
from lstm_migrate.cli.app import app
from lstm_migrate.diagnosis import sifting
from tests.corpus.expect import VALID
from tests.unit.diagnosis.sides import told

FORKS = VALID.parent / "forks"
PAGE = Path(__file__).parents[3] / "mappings" / "README.md"


@pytest.fixture(autouse=True)
def brief_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sifting, "SECONDS_BEYOND", 0.2)


def weights_of(case: str) -> Path:
    return next((FORKS / case).glob("weights.*"))


@pytest.mark.parametrize(
    "case", ["numpy_directions", "numpy_gates_apart", "numpy_no_bias", "tf1_bidirectional", "torch_embedding"]
)
def test_a_mapping_that_is_right_is_said_to_be(case: str) -> None:
    folder = FORKS / case
    found = told(
        weights_of(case),
        folder / "architecture_keras3.json",
        mapping=folder / "mapping.yaml",
        recorded=folder / "io.npz",
    )
    assert found.verdict == "fits"
    assert "under mapping.yaml, whose facts reproduce the recorded outputs" in found.sentence
    assert found.mapping == ""


def test_without_a_recording_nothing_is_said_of_one() -> None:
    folder = FORKS / "numpy_directions"
    found = told(folder / "weights.npz", folder / "architecture_keras3.json", mapping=folder / "mapping.yaml")
    assert found.verdict == "fits" and not found.mapping
    assert "recorded" not in found.sentence


@pytest.mark.parametrize("case", ["numpy_directions", "torch_oigf", "tf1_forget25", "numpy_gru_inverted"])
def test_a_wrong_mapping_is_corrected_under_its_own_keys(case: str, tmp_path: Path) -> None:
    folder, mine = FORKS / case, tmp_path / "mine.yaml"
    said = yaml.safe_load((folder / "mapping.yaml").read_text())
    (layout,) = said["layouts"].values()
    if "gates" in layout:
        layout["gates"] = layout["gates"][1:] + layout["gates"][:1]
    layout.pop("forget_bias", None)
    mine.write_text(yaml.safe_dump(said))
    model, recorded = folder / "architecture_keras3.json", folder / "io.npz"
    found = told(weights_of(case), model, mapping=mine, recorded=recorded)
    assert found.verdict == "mended"
    assert f"in the place of {mine}" in found.mapping
    assert yaml.safe_load(found.mapping)["layers"].keys() == said["layers"].keys()
    (tmp_path / "this.yaml").write_text(found.mapping)
    proven = lstm_migrate.convert(
        weights_of(case),
        tmp_path / "new.keras",
        architecture=model,
        mapping=tmp_path / "this.yaml",
        recorded=recorded,
    )
    assert proven.verdict == "verified"


def test_gates_have_the_letters_of_the_user() -> None:
    folder = FORKS / "torch_oigf"
    found = told(
        weights_of("torch_oigf"),
        folder / "architecture_keras3.json",
        mapping=folder / "mapping.yaml",
        recorded=folder / "io.npz",
    )
    assert "gates o, i, g, f: this" in found.recorded[0]


def test_the_walkthrough_ends_in_a_file_that_converts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    exec(text.split("```python\n", 1)[1].split("```", 1)[0], {})
    for name in ("fork.yaml", "wrong.yaml"):
        written = text.split(f"<!-- file: {name} -->\n```yaml\n", 1)[1].split("```", 1)[0]
        Path(name).write_text(written)
    lstm_migrate.convert("weights.npz", "new.keras", mapping="fork.yaml", recorded="io.npz")
    found = told(
        Path("weights.npz"), Path("new.keras"), mapping=["fork.yaml", "wrong.yaml"], recorded="io.npz"
    )
    assert found.verdict == "mended"
    assert "encoder: {to: lstm, gates: [f, i, o, g]}" in found.mapping
    Path("this.yaml").write_text(found.mapping)
    proven = lstm_migrate.convert("weights.npz", "again.keras", mapping="this.yaml", recorded="io.npz")
    assert proven.verdict == "verified"


def test_two_cells_of_one_rule_that_differ_get_rules_of_their_own(tmp_path: Path) -> None:
    from lstm_migrate.architecture.given import given_architecture
    from lstm_migrate.beside import Given
    from lstm_migrate.diagnosis.corrected import corrected_text
    from lstm_migrate.diagnosis.source import source_side
    from lstm_migrate.readers import open_checkpoint

    folder = FORKS / "torch_oigf"
    given, model = Given(mapping=[folder / "mapping.yaml"]), str(folder / "architecture_keras3.json")
    with open_checkpoint(weights_of("torch_oigf")) as opened:
        side = source_side(opened, given, given_architecture(model), model)
    text = corrected_text(given.rules, side.claims, {"lstm_2": {"forget_bias": 1.0}}, ["two"])
    assert yaml.safe_load(text)["layers"] == {
        "rnn.cells.0": {"to": "lstm_1"},
        "rnn.cells.1": {"to": "lstm_2", "forget_bias": 1.0},
    }


def test_quiet_shows_the_mapping_or_the_verdict(tmp_path: Path) -> None:
    folder = FORKS / "torch_oigf"
    command = ["diagnose", str(weights_of("torch_oigf")), "-q"]
    command += ["--against", str(folder / "architecture_keras3.json")]
    found = CliRunner().invoke(app, command)
    assert found.exit_code == 0 and found.stdout.startswith("# For weights.safetensors")
    found = CliRunner().invoke(app, [*command, "--mapping", str(folder / "mapping.yaml")])
    assert found.exit_code == 0 and "fits architecture_keras3.json under mapping.yaml" in found.stdout
