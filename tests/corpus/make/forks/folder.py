"""A fork's folder in tests/corpus/forks: where it is, its io.npz and its notes.txt, and seeded numbers.

What the framework of a case saves (weights.*, architecture.json, model.h5), its script writes itself.
Runs on Python 3.6 too, which is what the oldest of these frameworks needs.
"""

import inspect
import os
import zlib

import numpy as np

FORKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "forks")


def path(name, *parts):
    """A path in the folder of case `name`, which is made if it is not there."""
    folder = os.path.normpath(os.path.join(FORKS, name))
    if not os.path.isdir(folder):
        os.makedirs(folder)
    return os.path.join(folder, *parts)


def seeded(name):
    """Random numbers that depend on the name of the case alone, so that cases can be made one by one."""
    return np.random.RandomState(zlib.crc32(name.encode()) & 0xFFFFFF)


def draw(random, shape, scale=0.6):
    """Float32 values for one variable: kernels around zero, biases neither zero nor centred on it."""
    values = random.normal(size=shape) * scale if len(shape) > 1 else random.normal(size=shape) * 0.4 + 0.05
    return values.astype("float32")


def sequences(random, features, batch=5, steps=11):
    return random.normal(size=(batch, steps, features)).astype("float32")


def write(name, described, inputs, output):
    """notes.txt, which is the docstring of `described`, and io.npz."""
    output = np.asarray(output)
    if output.dtype != np.float32 or not np.isfinite(output).all():
        raise ValueError(f"{name}: {output.dtype}, finite: {np.isfinite(output).all()}")
    with open(path(name, "notes.txt"), "w") as file:
        file.write(inspect.getdoc(described) + "\n")
    np.savez_compressed(path(name, "io.npz"), input_0=inputs, output_0=output)
    print(f"{name:24} input {inputs.shape} output {output.shape}")
