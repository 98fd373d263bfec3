"""ESNCell: an echo state network's cell."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="lstm_migrate")
class ESNCell(keras.layers.Layer):  # type: ignore[misc]
    """An echo state cell: fixed random matrices and a leaky state (Jaeger 2001), as in TensorFlow Addons.

        h' = (1 − leaky)·h + leaky·α(xW + hR + b)

    No variable is trained: kernel (X, U), recurrent_kernel (U, U), bias (U). State: h (B, U). A new
    cell draws its reservoir from `recurrent_initializer` alone, without the source's sparsity and
    spectral radius, which a converted file holds in its values.
    """

    def __init__(
        self,
        units: int,
        leaky: float = 1.0,
        use_bias: bool = True,
        activation: Any = "tanh",
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.leaky, self.use_bias = units, leaky, use_bias
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.state_size = self.output_size = units

    def build(self, input_shape: Any) -> None:
        self.recurrent_kernel = self._fixed(
            "recurrent_kernel", (self.units, self.units), self.recurrent_initializer
        )
        self.kernel = self._fixed("kernel", (input_shape[-1], self.units), self.kernel_initializer)
        if self.use_bias:
            self.bias = self._fixed("bias", (self.units,), self.bias_initializer)

    def _fixed(self, name: str, shape: tuple[int, ...], initializer: Any) -> Any:
        return self.add_weight(shape=shape, initializer=initializer, name=name, trainable=False)

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        h = states[0] if isinstance(states, (list, tuple)) else states
        net = ops.matmul(inputs, self.kernel) + ops.matmul(h, self.recurrent_kernel)
        if self.use_bias:
            net += self.bias
        h = (1 - self.leaky) * h + self.leaky * self.activation(net)
        return h, [h]

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Zeros: [(batch_size, U)]."""
        return [ops.zeros((batch_size, self.units), dtype=self.compute_dtype)]

    def get_config(self) -> dict[str, Any]:
        serialized = keras.initializers.serialize
        return {
            **super().get_config(),
            "units": self.units,
            "leaky": self.leaky,
            "use_bias": self.use_bias,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": serialized(self.kernel_initializer),
            "recurrent_initializer": serialized(self.recurrent_initializer),
            "bias_initializer": serialized(self.bias_initializer),
        }
