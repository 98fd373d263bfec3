"""PeepholeLSTMCell: an LSTM whose gates see the cell state."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from lstm_migrate.layers.dropout import dropped_product, input_masks, recurrent_masks


@keras.saving.register_keras_serializable(package="lstm_migrate")
class PeepholeLSTMCell(keras.layers.LSTMCell):  # type: ignore[misc]
    """An LSTM cell whose gates also see the cell state, each through a vector of its own.

        i = ρ(xW[i] + hR[i] + b[i] + p_i·c)     f = ρ(xW[f] + hR[f] + b[f] + p_f·c)
        c' = f·c + i·α(xW[c] + hR[c] + b[c])    o = ρ(xW[o] + hR[o] + b[o] + p_o·c')
        h' = o·α(c')

    The output gate sees the new state. Source: Sak, Senior, Beaufays 2014, as in
    tf.keras.experimental.PeepholeLSTMCell and TensorFlow Addons; arguments are those of LSTMCell.

    Variables: kernel (X, 4U), recurrent_kernel (U, 4U), bias (4U), input_gate_peephole_weights (U),
    forget_gate_peephole_weights (U), output_gate_peephole_weights (U). States: h (B, U), c (B, U).
    """

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.input_gate_peephole_weights = self._peephole("input")
        self.forget_gate_peephole_weights = self._peephole("forget")
        self.output_gate_peephole_weights = self._peephole("output")

    def _peephole(self, gate: str) -> Any:
        return self.add_weight(
            shape=(self.units,),
            name=f"{gate}_gate_peephole_weights",
            # For a vector, the kernel's initializers are what the source takes, too.
            initializer=keras.initializers.get(keras.initializers.serialize(self.kernel_initializer)),
        )

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        h, c = states
        z = dropped_product(inputs, self.kernel, input_masks(self, inputs, training))
        z += dropped_product(h, self.recurrent_kernel, recurrent_masks(self, h, training))
        if self.use_bias:
            z += self.bias
        i, f, candidate, o = ops.split(z, 4, axis=-1)
        i = self.recurrent_activation(i + self.input_gate_peephole_weights * c)
        f = self.recurrent_activation(f + self.forget_gate_peephole_weights * c)
        c = f * c + i * self.activation(candidate)
        o = self.recurrent_activation(o + self.output_gate_peephole_weights * c)
        h = o * self.activation(c)
        return h, [h, c]
