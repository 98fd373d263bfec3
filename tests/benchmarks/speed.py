"""Prints how long lstm-migrate takes, and how much memory, each as a ratio to something bare.

    python tests/benchmarks/speed.py [--small] [--only WORD]

`--small` takes models of 70 MB instead of 700 MB; `--only` runs the lines that contain WORD. Each
measurement is a process of its own; its memory is the peak of that process as the system counted it.
The generated files are what tf.keras 2.15 writes, with defaults that mean the same in Keras 3, so that
`load_model` of Keras 3 opens them too: only so is there something bare to compare with.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import h5py
import numpy as np

MEGA = 10**6
BARE = (
    "import sys, keras; model = keras.models.load_model(sys.argv[1], compile=False); model.save(sys.argv[2])"
)
COMMAND = [sys.executable, "-m", "lstm_migrate"]


@dataclass(frozen=True)
class Run:
    """One measured process: wall seconds and peak resident bytes."""

    seconds: float
    memory: float


def measure(command: Sequence[str], repeats: int, clean: Path | None = None) -> Run:
    """The medians of `repeats` runs of `command`. `clean` is removed before each."""
    runs = []
    for _ in range(repeats):
        if clean is not None:
            clean.unlink(missing_ok=True)
        runs.append(_once(command))
    return Run(median(run.seconds for run in runs), median(run.memory for run in runs))


def _once(command: Sequence[str]) -> Run:
    # wait4 gives the memory of this child alone; getrusage would give the largest child of all so far.
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ}
    # Installed packages have their bytecode; without it this one would be compiled anew each time.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    child = os.posix_spawn(command[0], list(command), environment, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    if code := os.waitstatus_to_exitcode(status):
        sys.exit(f"{' '.join(command)}: exit code {code}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_maxrss * unit)


# ---- models, written without any framework


def lstm_config(name: str, units: int, **more: Any) -> dict[str, Any]:
    zeros = {"class_name": "Zeros", "config": {}}
    glorot = {"class_name": "GlorotUniform", "config": {"seed": None}}
    orthogonal = {"class_name": "Orthogonal", "config": {"gain": 1.0, "seed": None}}
    config = {
        "name": name,
        "trainable": True,
        "dtype": "float32",
        "return_sequences": True,
        "return_state": False,
        "go_backwards": False,
        "stateful": False,
        "unroll": False,
        "units": units,
        "activation": "tanh",
        "recurrent_activation": "sigmoid",
        "use_bias": True,
        "kernel_initializer": glorot,
        "recurrent_initializer": orthogonal,
        "bias_initializer": zeros,
        "unit_forget_bias": True,
        "dropout": 0.0,
        "recurrent_dropout": 0.0,
        "implementation": 2,
    }
    return {"class_name": "LSTM", "config": {**config, **more}}


def write_model(path: Path, layers: int, units: int, features: int) -> None:
    """A chain of LSTM layers with seeded weights, small enough that no gate saturates."""
    start = {
        "class_name": "InputLayer",
        "config": {
            "batch_input_shape": [None, None, features],
            "dtype": "float32",
            "sparse": False,
            "ragged": False,
            "name": "input_1",
        },
    }
    names = [f"lstm_{number}" for number in range(layers)]
    chain = [start, *(lstm_config(name, units) for name in names)]
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": chain}}
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.15.0"
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps(config)
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [name.encode() for name in ["input_1", *names]]
        weights.attrs["backend"] = b"tensorflow"
        weights.attrs["keras_version"] = b"2.15.0"
        weights.create_group("input_1").attrs["weight_names"] = np.zeros((0,), "S1")
        for number, name in enumerate(names):
            _write_lstm(weights.create_group(name), name, units, units if number else features)


def _write_lstm(group: h5py.Group, name: str, units: int, features: int) -> None:
    random = np.random.default_rng(len(name) + features)
    shapes = {
        "kernel": (features, 4 * units),
        "recurrent_kernel": (units, 4 * units),
        "bias": (4 * units,),
    }
    names = []
    for role, shape in shapes.items():
        scale = np.float32(1 / np.sqrt(shape[0])) if len(shape) == 2 else np.float32(0.1)
        path = f"{name}/lstm_cell/{role}:0"
        group.create_dataset(path, data=random.standard_normal(shape, dtype=np.float32) * scale)
        names.append(path.encode())
    group.attrs["weight_names"] = names


# ---- the lines


@dataclass(frozen=True)
class Line:
    """One ratio: its name, the most that it may be, and what gives it (with a word on how)."""

    name: str
    target: float
    ratio: Callable[[], tuple[float, str]]


class Benchmark:
    """The files and the measurements, each made once and only when a line asks for it."""

    def __init__(self, folder: Path, mega: int) -> None:
        self.folder, self.mega = folder, mega
        self._done: dict[str, Run] = {}

    def lines(self) -> list[Line]:
        size = f"{self.mega} MB"
        return [
            Line("--help / import typer, time", 2.0, self.help),
            Line(f"inspect {size} / inspect 1 MB, time", 1.2, self.inspect),
            Line("convert small / bare load and save, time", 1.3, self.small),
            Line(f"convert {size} / bare load and save, time", 0.6, self.large_time),
            Line(f"convert {size} / bare load and save, memory", 0.6, self.large_memory),
        ]

    def help(self) -> tuple[float, str]:
        bare = self._run("typer", [sys.executable, "-c", "import typer"], 15)
        ours = self._run("help", [*COMMAND, "--help"], 15)
        return _times(ours, bare)

    def inspect(self) -> tuple[float, str]:
        small = self._run("inspect small", [*COMMAND, "inspect", self._model("1MB", 1, 250, 1)], 7)
        large = self._run("inspect large", [*COMMAND, "inspect", self._large()], 7)
        return _times(large, small)

    def small(self) -> tuple[float, str]:
        return _times(*self._conversions("small", self._model("small", 2, 32, 8), 5))

    def large_time(self) -> tuple[float, str]:
        return _times(*self._conversions("large", self._large(), 1))

    def large_memory(self) -> tuple[float, str]:
        ours, bare = self._conversions("large", self._large(), 1)
        return ours.memory / bare.memory, f"{ours.memory / MEGA:,.0f} MB / {bare.memory / MEGA:,.0f} MB"

    def _conversions(self, name: str, source: str, repeats: int) -> tuple[Run, Run]:
        target = self.folder / f"{name}.keras"
        bare = self._run(f"bare {name}", [sys.executable, "-c", BARE, source, str(target)], repeats, target)
        command = [*COMMAND, "convert", source, "--to", str(target), "--quiet"]
        return self._run(f"convert {name}", command, repeats, target), bare

    def _run(self, name: str, command: list[str], repeats: int, target: Path | None = None) -> Run:
        if name not in self._done:
            self._done[name] = measure(command, repeats, target)
            if target is not None:
                target.unlink(missing_ok=True)
        return self._done[name]

    def _large(self) -> str:
        # Two layers: kernels of x · 4u and u · 4u twice, with x = u about 16 u² numbers of four bytes.
        units = int((self.mega * MEGA / 64) ** 0.5)
        return self._model("large", 2, units, units)

    def _model(self, name: str, layers: int, units: int, features: int) -> str:
        path = self.folder / f"{name}.h5"
        if not path.exists():
            write_model(path, layers, units, features)
        return str(path)


def _times(ours: Run, bare: Run) -> tuple[float, str]:
    return ours.seconds / bare.seconds, f"{ours.seconds:.2f} s / {bare.seconds:.2f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--small", action="store_true", help="models of 70 MB instead of 700 MB")
    parser.add_argument("--only", default="", metavar="WORD", help="only the lines that contain WORD")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for line in Benchmark(Path(folder), 70 if options.small else 700).lines():
            if options.only in line.name:
                ratio, how = line.ratio()
                verdict = "ok" if ratio <= line.target else "MISSED"
                print(f"{line.name:46} {ratio:5.2f}  (at most {line.target})  {verdict:6}  {how}", flush=True)


if __name__ == "__main__":
    main()
