"""Writes ../../forks/keras1_fused_gru: a GRU of a project's own, written for Keras 1 and saved by it.

    python keras1_fused_gru.py

Python 3.6, keras==1.2.2, tensorflow==1.2.1, numpy==1.14.6, h5py==2.10.0, protobuf==3.6.1.
"""

import os
import tempfile

os.environ.update(HOME=tempfile.mkdtemp(), KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3")

import h5py
import numpy as np
from folder import draw, path, seeded, sequences, write
from keras import activations, initializations
from keras import backend as K
from keras.engine import InputSpec
from keras.layers import Dense
from keras.layers.recurrent import Recurrent
from keras.models import Sequential, load_model


class FusedGRU(Recurrent):
    """Keras 1.2.2: Sequential of two FusedGRU (5 and 3 units), a Recurrent of our own, and a Dense of 2.
    Input (batch, time, 4), states start from zeros, the first FusedGRU returns sequences; output (batch, 2).
    Layers fusedgru_1, fusedgru_2, dense_1, saved by save_weights (weights.h5), to_json and save (model.h5).
    A FusedGRU has three arrays, Keras 1's GRU nine: W (inputs, 3*units), U (units, 3*units), b (3*units,).
    Their columns are three blocks, r, z, h: reset gate, update gate, new candidate (Keras has z, r, h).
    The gates use Keras 1's hard_sigmoid, which is clip(0.2*x + 0.5, 0, 1); the candidate uses tanh.
    The reset gate is applied to the state before the product: hh = tanh(x W_h + (r * h) U_h + b_h).
    The update gate is Keras's the other way round: h' = (1 - z) * h + z * hh; z = 1 takes all that is new.
    Dense: W (units, outputs), b (outputs,), linear. In architecture_keras3.json, the stock model to become,
    hard_sigmoid is Keras 3's function, clip(x/6 + 0.5, 0, 1), which is not the one this cell computes."""

    def __init__(self, output_dim, activation="tanh", inner_activation="hard_sigmoid", **kwargs):
        self.output_dim = output_dim
        self.init = initializations.get("glorot_uniform")
        self.inner_init = initializations.get("orthogonal")
        self.activation = activations.get(activation)
        self.inner_activation = activations.get(inner_activation)
        super(FusedGRU, self).__init__(**kwargs)

    def build(self, input_shape):
        self.input_spec = [InputSpec(shape=input_shape)]
        self.input_dim = input_shape[2]
        self.states = [None]
        shapes = {"W": (self.input_dim, 3 * self.output_dim), "U": (self.output_dim, 3 * self.output_dim)}
        self.W = self.add_weight(shapes["W"], initializer=self.init, name=self.name + "_W")
        self.U = self.add_weight(shapes["U"], initializer=self.inner_init, name=self.name + "_U")
        self.b = self.add_weight((3 * self.output_dim,), initializer="zero", name=self.name + "_b")
        self.built = True

    def step(self, x, states):
        h, n = states[0], self.output_dim
        from_x = K.dot(x, self.W) + self.b
        from_h = K.dot(h, self.U[:, : 2 * n])
        r = self.inner_activation(from_x[:, :n] + from_h[:, :n])
        z = self.inner_activation(from_x[:, n : 2 * n] + from_h[:, n:])
        hh = self.activation(from_x[:, 2 * n :] + K.dot(r * h, self.U[:, 2 * n :]))
        new = (1 - z) * h + z * hh
        return new, [new]

    def get_config(self):
        config = {
            "output_dim": self.output_dim,
            "activation": self.activation.__name__,
            "inner_activation": self.inner_activation.__name__,
        }
        config.update(super(FusedGRU, self).get_config())
        return config


def main():
    name = "keras1_fused_gru"
    random = seeded(name)
    model = Sequential()
    model.add(FusedGRU(5, return_sequences=True, input_shape=(None, 4)))
    model.add(FusedGRU(3))
    model.add(Dense(2))
    for layer in model.layers:
        layer.set_weights([draw(random, old.shape) for old in layer.get_weights()])
    inputs = sequences(random, 4)
    output = model.predict(inputs, batch_size=len(inputs))
    model.save_weights(path(name, "weights.h5"), overwrite=True)
    model.save(path(name, "model.h5"), overwrite=True)
    with open(path(name, "architecture.json"), "w") as file:
        file.write(model.to_json(indent=1, sort_keys=True) + "\n")
    again = load_model(path(name, "model.h5"), custom_objects={"FusedGRU": FusedGRU}).predict(inputs)
    assert np.array_equal(again, output)
    with h5py.File(path(name, "weights.h5"), "r") as file:
        file.visititems(lambda key, held: print(key, held.shape) if isinstance(held, h5py.Dataset) else None)
    write(name, FusedGRU, inputs, output)


if __name__ == "__main__":
    main()
