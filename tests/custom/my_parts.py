"""Layers and activations as users bring them along, written for Keras 3."""

import keras
from keras import ops


def swishy(x):
    """x times its sigmoid."""
    return x * ops.sigmoid(x)


class AttentionPool(keras.layers.Layer):
    """Weights the steps by how tanh(x W) agrees with v, and sums them."""

    W_NAME, V_NAME = "W", "v"

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, shape):
        self.W = self.add_weight(name=self.W_NAME.format(self.name), shape=(shape[-1], self.units))
        self.v = self.add_weight(name=self.V_NAME.format(self.name), shape=self.shape_of_v())

    def shape_of_v(self):
        return (self.units,)

    def call(self, x):
        scores = ops.sum(ops.tanh(ops.matmul(x, self.W)) * self.v, axis=-1)
        return ops.sum(x * ops.softmax(scores)[..., None], axis=1)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class AttentionCalledByItsLayer(AttentionPool):
    """Has its layer's name in front of those of its arrays, as much old code does."""

    W_NAME, V_NAME = "{}_W", "{}_v"


class AttentionCalledOtherwise(AttentionPool):
    """Calls its arrays as no file does."""

    W_NAME, V_NAME = "projection", "direction"


class AttentionOfAnotherShape(AttentionPool):
    """Has one array of another shape than the files do."""

    def shape_of_v(self):
        return (1,)


class AttentionWithMore(AttentionPool):
    """Has an array that no file has."""

    def build(self, shape):
        super().build(shape)
        self.b = self.add_weight(name="b", shape=(self.units,))


class Gated(keras.layers.Layer):
    """Holds two layers of Keras's own."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.value, self.gate = keras.layers.Dense(units), keras.layers.Dense(units, "sigmoid")

    def build(self, shape):
        self.gate.build(shape)
        self.value.build(shape)

    def call(self, x):
        return self.value(x) * self.gate(x)

    def compute_output_shape(self, shape):
        return *shape[:-1], self.units

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class LeakyCell(keras.layers.Layer):
    """A recurrent cell that forgets a part of its state."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = self.output_size = units

    def build(self, shape):
        self.kernel = self.add_weight(name="kernel", shape=(shape[-1], self.units))
        self.leak = self.add_weight(name="leak", shape=(self.units,))

    def call(self, x, states, training=None):
        state = ops.tanh(ops.matmul(x, self.kernel) + states[0] * self.leak)
        return state, [state]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


NOT_CALLABLE = 7
NAMELESS = lambda x: x  # noqa: E731


class NotALayer:
    """Some class."""
