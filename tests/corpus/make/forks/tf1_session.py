"""A TensorFlow 1 graph of one case: seeded variables, its output as the session computes it, weights.npz.

TensorFlow 1.13.2. Imported by the scripts that make cases with it.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf
from folder import draw, path, seeded, sequences, write

tf.logging.set_verbosity(tf.logging.ERROR)


def record(name, build, train=None):
    """`build(x)` gives the output. `train(session, x, output)`, if any, runs before the recording and
    leaves its own variables in the graph; all of them are saved under the names that TensorFlow gives."""
    random = seeded(name)
    inputs = sequences(random, 4)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, (None, None, 4), name="x")
        output = build(x)
        for variable in tf.global_variables():
            variable.load(draw(random, variable.shape.as_list()), session)
        if train is not None:
            train(session, x, inputs, output)
        variables = {v.op.name: session.run(v) for v in tf.global_variables()}
        np.savez_compressed(path(name, "weights.npz"), **variables)
        write(name, build, inputs, session.run(output, {x: inputs}))


def head(x):
    return tf.layers.dense(x, 2, name="head")
