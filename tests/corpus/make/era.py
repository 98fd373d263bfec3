"""One old framework as the cases see it: its modules, its seeded random numbers, what it lacks."""

import os
import platform
import zlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # oneDNN rounds differently from machine to machine

import numpy as np


class Era(object):
    """`L` layers, `K` backend, `Model`, `Sequential`, `Input`, `tf` (None on Theano), `version` as a
    tuple."""

    def __init__(self, name):
        self.name = name
        self.standalone = name.startswith("k")
        self.prefix = name if self.standalone else "tfk" + name[2:]
        if self.standalone:
            self._open_keras(name)
        else:
            self._open_tf_keras()
        keras = self.keras
        self.L, self.K, self.models = keras.layers, keras.backend, keras.models
        self.Model, self.Sequential = keras.models.Model, keras.models.Sequential
        self.Input = keras.layers.Input
        self.version = tuple(int(p) for p in self.framework_version.split(".")[:2])
        self.skips = {}

    def _open_keras(self, name):
        if name.endswith("th"):
            os.environ["KERAS_BACKEND"] = "theano"
            os.environ.setdefault("THEANO_FLAGS", "device=cpu,cxx=g++,floatX=float32")
        import keras
        import keras.backend
        import keras.layers
        import keras.models

        self.keras, self.tf, self.framework_version = keras, None, keras.__version__
        if name.endswith("th"):
            import theano

            self.backend = "theano " + theano.__version__
        else:
            import tensorflow as tf

            getattr(tf, "logging", None) and tf.logging.set_verbosity(tf.logging.ERROR)
            self.tf, self.backend = tf, "tensorflow " + tf.__version__

    def _open_tf_keras(self):
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR") if hasattr(tf, "get_logger") else tf.logging.set_verbosity(
            tf.logging.ERROR
        )
        self.keras, self.tf, self.framework_version = tf.keras, tf, tf.__version__
        self.backend = "tensorflow " + tf.__version__

    def fresh(self, case_name):
        """A clean session and a seed that depends on the case alone, so that cases can be made one by one."""
        self.K.clear_session() if self.tf is not None else None
        if self.name.endswith("th"):
            self.K.reset_uids()
        self.seed = zlib.crc32(case_name.encode()) & 0xFFFFFF
        self.random = np.random.RandomState(self.seed)
        self.skips = {}
        if self.tf is not None:
            modern = getattr(getattr(self.tf, "random", None), "set_seed", None)
            (modern or self.tf.set_random_seed)(self.seed)
            if not modern:
                self._prune()

    def _prune(self):
        """TF1 places the whole graph before it runs a part of it; cuDNN's operations have no place on
        a CPU."""
        options = self.tf.GraphOptions(place_pruned_graph=True)
        self.K.set_session(self.tf.Session(config=self.tf.ConfigProto(graph_options=options)))

    def at_least(self, *version):
        return self.version >= version

    def x(self, *shape):
        """Float inputs, batch of three: `x(7, 4)` is three sequences of seven steps."""
        return self.random.normal(size=(3,) + shape).astype("float32")

    def ids(self, steps, high):
        return self.random.randint(0, high, size=(3, steps)).astype("int32")

    def padded(self, steps, features, at):
        """Sequences with all-zero steps: `leading`, `inner`, `trailing`, `mixed` (one of each)."""
        x = self.x(steps, features)
        x[hole_mask(steps, at)] = 0.0
        return x

    def padded_ids(self, steps, high, at):
        ids = self.random.randint(1, high, size=(3, steps)).astype("int32")
        ids[hole_mask(steps, at)] = 0
        return ids

    def facts(self):
        import h5py

        facts = {
            "framework": "keras" if self.standalone else "tf.keras",
            "version": self.framework_version,
            "backend": self.backend,
            "numpy": np.__version__,
            "h5py": h5py.__version__,
            "python": platform.python_version(),
        }
        if not self.standalone:
            facts["keras_version"] = getattr(self.tf.keras, "__version__", "2.2.4-tf")
        return facts


def hole_mask(steps, at):
    holes = np.zeros((3, steps), bool)
    if at == "leading":
        holes[0, :2] = holes[1, :1] = True
    elif at == "inner":
        holes[0, 2:4] = holes[1, 1] = holes[1, 4] = holes[2, 3] = True
    elif at == "trailing":
        holes[0, -2:] = holes[1, -3:] = True
    else:
        holes[0, :2] = holes[1, 2] = holes[1, 4] = holes[2, -2:] = True
    return holes
