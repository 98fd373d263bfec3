"""Bad input through the real command line: one clear error, its exit code, and nothing is left or run."""

from __future__ import annotations

import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import pytest

from lstm_migrate.cli import main
from tests.corpus.expect import source_of
from tests.unit.readers.hostile import HOSTILE

CORPUS = Path(__file__).parent / "corpus" / "hostile"
GOOD = source_of("k208-seq2seq")
KERNEL = "model_weights/encoder/encoder/kernel:0"

Run = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def no_bait_was_taken() -> Iterator[None]:
    """What the hostile files would do if anything in them were run."""
    before = set(Path("/tmp").glob("pwned-by-*"))
    yield
    assert set(Path("/tmp").glob("pwned-by-*")) == before


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line with these arguments: (exit code, stderr)."""

    def run(*arguments: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        return int(end.value.code or 0), capsys.readouterr().err

    return run


def errors(stderr: str) -> list[str]:
    """The lines that are no progress."""
    return [line for line in stderr.splitlines() if not line.endswith("…")]


def refused(run: Run, source: Path, folder: Path, code: int, *options: str) -> str:
    """Converts, and asserts a refusal that leaves nothing; gives what was said."""
    target = folder / "new.keras"
    before = sorted(folder.rglob("*"))
    found, stderr = run("convert", source, "--to", target, "--quiet", *options)
    assert found == code, stderr
    said = errors(stderr)
    assert said, "nothing was said"
    assert all(line.startswith("error: ") for line in said), stderr
    assert "Traceback" not in stderr and "bug in lstm-migrate" not in stderr
    assert all(len(line) < 2000 for line in said), "no one reads that"
    assert sorted(folder.rglob("*")) == before, "something was left behind"
    return stderr


# ---- the corpus of hostile files

ROWS = re.findall(r"^\| `([^`]+)` \|.*\| (\d) \|$", (CORPUS / "README.md").read_text(), re.MULTILINE)


def test_every_hostile_file_has_a_row() -> None:
    assert sorted(name for name, _ in ROWS) == sorted(path.name for path in CORPUS.glob("*.h5"))
    assert len(ROWS) >= 17


@pytest.mark.parametrize(("name", "code"), ROWS)
def test_a_hostile_file_is_refused_with_its_exit_code(name: str, code: str, run: Run, tmp_path: Path) -> None:
    refused(run, CORPUS / name, tmp_path, int(code))


@pytest.mark.parametrize("command", ["inspect", "plan"])
@pytest.mark.parametrize(("name", "code"), ROWS)
def test_those_who_only_ask_are_told_the_same(name: str, code: str, command: str, run: Run) -> None:
    found, stderr = run(command, CORPUS / name)
    # inspect says of a sound file that convert would refuse it: no error.
    assert found == (0 if command == "inspect" and code == "5" else int(code)), stderr
    assert "Traceback" not in stderr and "bug in lstm-migrate" not in stderr


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_abuses_hdf5_is_refused(name: str, run: Run, tmp_path: Path) -> None:
    source = tmp_path / "source" / "hostile.h5"
    source.parent.mkdir()
    HOSTILE[name].make(source)
    assert HOSTILE[name].error in refused(run, source, tmp_path, 3)


# ---- a good file, spoilt


class Spoilt(NamedTuple):
    """`change` spoils an opened file; the refusal has this exit code and these words."""

    change: Callable[[h5py.File], None]
    code: int
    words: tuple[str, ...]


def config(change: Callable[[dict[str, Any]], None]) -> Callable[[h5py.File], None]:
    """Changes the model's config, read as JSON."""

    def spoil(file: h5py.File) -> None:
        read = json.loads(file.attrs["model_config"])
        change(read)
        file.attrs["model_config"] = json.dumps(read).encode()

    return spoil


def layer(name: str, **changed: Any) -> Callable[[h5py.File], None]:
    """Changes the config of one layer."""
    return config(lambda read: entry(read, name)["config"].update(changed))


def kind(name: str, class_name: str, **changed: Any) -> Callable[[h5py.File], None]:
    """Gives one layer another class."""

    def change(read: dict[str, Any]) -> None:
        entry(read, name)["class_name"] = class_name
        entry(read, name)["config"].update(changed)

    return config(change)


def entry(read: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in read["config"]["layers"] if item["name"] == name)


def array(change: Callable[[Any], Any], name: str = KERNEL) -> Callable[[h5py.File], None]:
    """Puts another array in the place of one."""

    def spoil(file: h5py.File) -> None:
        value = change(file[name][()])
        del file[name]
        file[name] = value

    return spoil


def cyclic(read: dict[str, Any]) -> None:
    entry(read, "encoder")["inbound_nodes"] = [[["decoder", 0, 0, {}]]]


def extra(file: h5py.File) -> None:
    group = file["model_weights/encoder"]
    group["encoder/surplus:0"] = np.zeros(3, "f4")
    group.attrs["weight_names"] = [*group.attrs["weight_names"], b"encoder/surplus:0"]


def missing(file: h5py.File) -> None:
    group = file["model_weights/encoder"]
    group.attrs["weight_names"] = list(group.attrs["weight_names"])[:-1]


def weights_only(file: h5py.File) -> None:
    del file.attrs["model_config"]


def nan(value: Any) -> Any:
    value[0, 0] = np.nan
    return value


def infinite(value: Any) -> Any:
    value[-1, -1] = -np.inf
    return value


BYTECODE = {"function": ["4wEAAAAAAAAA", None, None], "function_type": "lambda"}

SPOILT = {
    "no config": Spoilt(weights_only, 3, ("weights only", "model.save()")),
    "not a number": Spoilt(array(nan), 3, ("encoder/encoder/kernel:0", "1 of", "--allow-nonfinite")),
    "infinite": Spoilt(array(infinite), 3, ("encoder/encoder/kernel:0", "NaN or infinite")),
    "unknown activation": Spoilt(layer("encoder", activation="my_gate"), 5, ("encoder", "my_gate")),
    "cyclic graph": Spoilt(config(cyclic), 5, ("encoder", "decoder")),
    "lambda with bytecode": Spoilt(kind("dec_dense", "Lambda", **BYTECODE), 5, ("dec_dense", "Lambda")),
    "custom layer": Spoilt(kind("dec_dense", "MyLayer"), 5, ("dec_dense", "MyLayer")),
    "units of -1": Spoilt(layer("encoder", units=-1), 5, ("encoder", "-1")),
    "units of 10⁹": Spoilt(layer("encoder", units=10**9), 5, ("encoder", "1000000000")),
    "units that are words": Spoilt(layer("encoder", units="many"), 5, ("encoder", "many")),
    "an unknown key": Spoilt(layer("encoder", spin=2), 5, ("encoder", "spin")),
    "an array too many": Spoilt(extra, 5, ("encoder", "surplus")),
    "an array too few": Spoilt(missing, 5, ("encoder", "bias")),
    "a wrong shape": Spoilt(array(lambda value: value[:, :-1]), 5, ("encoder", "found", "expected")),
    "one axis too many": Spoilt(array(lambda value: value[None]), 5, ("encoder", "found")),
    "text for numbers": Spoilt(array(lambda value: "weights"), 3, ("kernel:0", "text")),
    "complex numbers": Spoilt(array(lambda value: value.astype("c8")), 3, ("kernel:0", "complex64")),
    "an array of another layer": Spoilt(
        array(lambda value: value.T.copy(), "model_weights/dec_dense/dec_dense/kernel:0"), 5, ("dec_dense",)
    ),
}


@pytest.fixture
def spoil(tmp_path: Path) -> Callable[[Callable[[h5py.File], None]], Path]:
    def spoil(change: Callable[[h5py.File], None]) -> Path:
        path = tmp_path / "source" / "model.h5"
        path.parent.mkdir()
        shutil.copy(GOOD, path)
        with h5py.File(path, "r+") as file:
            change(file)
        return path

    return spoil


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_model_is_refused_by_what_is_wrong_with_it(
    name: str, run: Run, spoil: Any, tmp_path: Path
) -> None:
    said = refused(run, spoil(SPOILT[name].change), tmp_path, SPOILT[name].code)
    assert [word for word in SPOILT[name].words if word not in said] == [], said


def test_weights_that_are_no_numbers_pass_if_they_are_allowed(run: Run, spoil: Any, tmp_path: Path) -> None:
    code, stderr = run(
        "convert", spoil(array(nan)), "--to", tmp_path / "new.keras", "--allow-nonfinite", "--quiet"
    )
    # Whether that can be proven is another question; it is not refused for what the user allowed.
    assert code in (0, 7), stderr
    assert "--allow-nonfinite" not in stderr
    assert (tmp_path / "new.keras").exists() is (code == 0)


def test_a_model_whose_layer_has_no_reference_is_unproven(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lstm_migrate.reference import scope

    run("inspect", GOOD)
    from lstm_migrate.reference.evaluate import evaluate  # noqa: F401  fills the table

    target = tmp_path / "new.keras"
    with monkeypatch.context() as without:
        without.setattr(scope, "FORWARD", Without("Dense"))
        assert "dec_dense: no reference for a Dense layer" in refused(run, GOOD, tmp_path, 7)
        code, _ = run(
            "convert", GOOD, "--to", target, "--allow-unproven", "--report", tmp_path / "r.json", "-q"
        )
        assert code == 0
        report = json.loads((tmp_path / "r.json").read_text())
        assert (report["verdict"], report["verified"]) == ("unproven", False)
        recorded = GOOD.parent / "io.npz"
        code, _ = run("convert", GOOD, "--to", target, "--overwrite", "--recorded", recorded, "--quiet")
        assert code == 0


class Without(dict[str, Any]):
    """The table of forward passes, less one."""

    def __init__(self, kind: str) -> None:
        from lstm_migrate.reference.scope import FORWARD

        super().__init__(FORWARD)
        self.pop(kind, None)
        self._kind, self._all = kind, FORWARD

    def get(self, kind: str, default: Any = None) -> Any:
        return default if kind == self._kind else self._all.get(kind, default)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"just text\n" * 50, "text"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "HTML"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n", "LFS"),
        (b"\x80\x04\x95 a pickle", "pickle"),
        (b"PK\x03\x04 a zip archive", ""),
        (b"\x00" * 4096, ""),
        (GOOD.read_bytes()[: GOOD.stat().st_size // 2], "truncated"),
        (GOOD.read_bytes()[:9], ""),
    ],
    ids=["empty", "text", "html", "lfs", "pickle", "zip", "zeros", "half", "head"],
)
def test_what_is_no_whole_hdf5_file_is_refused(content: bytes, word: str, run: Run, tmp_path: Path) -> None:
    source = tmp_path / "model.h5"
    source.write_bytes(content)
    assert word.lower() in refused(run, source, tmp_path, 3).lower()


def test_a_source_that_is_not_there_is_refused(run: Run, tmp_path: Path) -> None:
    assert "none.h5" in refused(run, tmp_path / "none.h5", tmp_path, 3)


# ---- the target


def linked(make: Callable[[Path, Path], None], tmp_path: Path) -> tuple[Path, Path]:
    source, target = tmp_path / "model.h5", tmp_path / "new.keras"
    shutil.copy(GOOD, source)
    make(source, target)
    return source, target


@pytest.mark.parametrize("make", [os.link, os.symlink], ids=["hard link", "symlink"])
def test_a_target_that_is_the_source_is_refused(make: Any, run: Run, tmp_path: Path) -> None:
    source, target = linked(make, tmp_path)
    before = source.read_bytes()
    assert "same file" in refused(run, source, tmp_path, 2, "--overwrite")
    assert source.read_bytes() == before
    assert target.exists()


def test_a_source_named_keras_is_no_target_for_itself(run: Run, tmp_path: Path) -> None:
    shutil.copy(GOOD, tmp_path / "new.keras")
    refused(run, tmp_path / "new.keras", tmp_path, 2, "--overwrite")
    assert (tmp_path / "new.keras").read_bytes() == GOOD.read_bytes()


def test_an_existing_target_is_kept_unless_it_may_be_overwritten(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "new.keras"
    target.write_bytes(b"precious")
    assert "--overwrite" in refused(run, GOOD, tmp_path, 6)
    assert target.read_bytes() == b"precious"
    refused(run, CORPUS / "cyclic_graph.h5", tmp_path, 5, "--overwrite")
    assert target.read_bytes() == b"precious"
    code, stderr = run("convert", GOOD, "--to", target, "--overwrite", "--quiet")
    assert code == 0, stderr
    assert zipfile.is_zipfile(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.keras"]


def test_a_target_of_another_suffix_or_in_no_folder_is_refused(run: Run, tmp_path: Path) -> None:
    for target, code in (
        (tmp_path / "new.h5", 2),
        (tmp_path / "new", 2),
        (tmp_path / "none" / "new.keras", 6),
        (GOOD / "new.keras", 6),
    ):
        found, stderr = run("convert", GOOD, "--to", target, "--quiet")
        assert found == code, stderr
        assert len(errors(stderr)) == 1
        assert list(tmp_path.iterdir()) == []


def test_a_target_that_is_a_folder_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "new.keras").mkdir()
    assert "folder" in refused(run, GOOD, tmp_path, 6, "--overwrite")


def test_a_folder_that_cannot_be_written_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not chmod: root may write anywhere.
    def denied(*arguments: Any, **options: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", denied)
    monkeypatch.setattr("tempfile.mkdtemp", denied)
    assert "Permission denied" in refused(run, GOOD, tmp_path, 6)


def test_a_full_disk_leaves_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lstm_migrate.targets import writing

    def full(*arguments: Any, **options: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.os, "link", full)
    monkeypatch.setattr(writing.os, "replace", full)
    assert "No space left" in refused(run, GOOD, tmp_path, 6)


def test_an_interruption_leaves_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lstm_migrate.verification import evidence

    def interrupted(subject: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(evidence, "check_behaviour", interrupted)
    code, stderr = run("convert", GOOD, "--to", tmp_path / "new.keras", "--quiet")
    assert code == 130
    assert errors(stderr) == ["interrupted"]
    assert list(tmp_path.iterdir()) == []


def test_a_conversion_that_fails_its_proof_leaves_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = tmp_path / "io.npz"
    with np.load(GOOD.parent / "io.npz") as io:
        np.savez(recorded, **{key: io[key] + (key == "output_0") for key in io.files})
    assert "recorded" in refused(run, GOOD, tmp_path, 7, "--recorded", str(recorded))
