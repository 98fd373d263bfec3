"""One Keras before 2.0 as the cases see it: its modules, its backend and ordering, its seeded numbers."""

import os
import platform
import sys
import tempfile
import zlib

import numpy as np

# Theano compiles each operation to C, which takes minutes; its linker "py" does not, but cannot convolve.
THEANO = "device=cpu,floatX=float32,cxx=g++,gcc.cxxflags=-O0,optimizer=fast_compile,linker=%s,base_compiledir=%s"
BLAS = ",blas.ldflags=-L%s -l:%s"  # Theano 0.8 convolves at "same" with BLAS alone
VERSIONS = {
    "k033": ("theano", "th"),
    "k101": ("theano", "th"),
    "k108": ("theano", "th"),
    "k122tf": ("tensorflow", "tf"),
    "k122th": ("theano", "tf"),
    "k122thord": ("theano", "th"),
}


class Era(object):
    """`L` layers, `M` models, `K` backend; `Model`, `Input`, `merge` are None before 1.0."""

    def __init__(self, name, linker):
        self.name = name
        self.backend_name, self.ordering = VERSIONS[name]
        home = os.path.join(tempfile.gettempdir(), "keras01-" + name[:4])  # no keras.json of this machine
        if not os.path.isdir(home):
            os.makedirs(home)
        os.environ.update(HOME=home, KERAS_BACKEND=self.backend_name, TF_CPP_MIN_LOG_LEVEL="3")
        os.environ.setdefault("THEANO_FLAGS", THEANO % (linker, os.path.join(home, "theano")) + blas(name))
        import keras
        import keras.backend as K
        import keras.layers
        import keras.models as M

        self.keras, self.K, self.M = keras, K, M
        self.version = keras.__version__ if hasattr(keras, "__version__") else "0.3.3"
        self.L = self.first_layers() if self.version.startswith("0") else keras.layers
        if hasattr(K, "set_image_dim_ordering"):  # before, "th" was every layer's own default
            K.set_image_dim_ordering(self.ordering)
        self.Sequential, self.Model = M.Sequential, getattr(M, "Model", None)
        self.Input, self.merge = getattr(self.L, "Input", None), getattr(self.L, "merge", None)
        self.Graph = getattr(M, "Graph", None)

    def first_layers(self):
        """Keras 0.3 has no common namespace of layers."""
        import importlib

        found = type("Layers", (object,), {})
        for module in (
            "advanced_activations convolutional core embeddings noise normalization recurrent".split()
        ):
            loaded = importlib.import_module("keras.layers." + module)
            for key in dir(loaded):
                if isinstance(getattr(loaded, key), type):
                    setattr(found, key, getattr(loaded, key))
        return found

    def fresh(self, case_name):
        """Names count from one again; the seed depends on the case alone."""
        if self.backend_name == "tensorflow":
            self.K.clear_session()
            self.K.tf.set_random_seed(1)
        else:
            common = sys.modules.get("keras.backend.common")
            getattr(common, "_UID_PREFIXES", {}).clear()
        self.seed = zlib.crc32(case_name.encode()) & 0xFFFFFF
        self.random = np.random.RandomState(self.seed)

    def image(self, rows, cols, channels, ordering=None):
        ordering = ordering or self.ordering
        return (channels, rows, cols) if ordering == "th" else (rows, cols, channels)

    def x(self, *shape):
        """Float inputs, batch of three."""
        return self.random.normal(size=(3,) + shape).astype("float32")

    def ids(self, steps, high):
        return self.random.randint(1, high, size=(3, steps)).astype("int32")

    def padded(self, steps, features):
        """All-zero steps at the start, in the middle and at the end."""
        x = self.x(steps, features)
        x[holes(steps)] = 0.0
        return x

    def padded_ids(self, steps, high):
        ids = self.ids(steps, high)
        ids[holes(steps)] = 0
        return ids

    def facts(self):
        import h5py

        module = sys.modules[self.backend_name]
        return {
            "framework": "keras",
            "version": self.version,
            "backend": "%s %s" % (self.backend_name, module.__version__),
            "image_dim_ordering": self.ordering,
            "numpy": np.__version__,
            "h5py": h5py.__version__,
            "python": platform.python_version(),
        }


def blas(name):
    """The BLAS that NumPy's wheel brings along."""
    folder = os.path.join(os.path.dirname(np.__file__), ".libs")
    found = [f for f in sorted(os.listdir(folder)) if "openblas" in f] if os.path.isdir(folder) else []
    return BLAS % (folder, found[0]) if found and not name.startswith("k122") else ""


def holes(steps):
    """Sample 0: a step in the middle; 1: the first and the last; 2: one in the middle, the last two."""
    found = np.zeros((3, steps), bool)
    found[0, 2] = found[1, 0] = found[1, -1] = found[2, 1] = True
    found[2, -2:] = True
    return found
