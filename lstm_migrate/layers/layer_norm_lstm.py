"""LayerNormLSTMCell: an LSTM with three layer normalisations."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from lstm_migrate.layers.dropout import dropped_product, input_masks, recurrent_masks


@keras.saving.register_keras_serializable(package="lstm_migrate")
class LayerNormLSTMCell(keras.layers.LSTMCell):  # type: ignore[misc]
    """An LSTM cell that normalises both products and the cell state over their last axis.

        z = LN_kernel(xW) + LN_recurrent(hR) + b
        c' = LN_state(ρ(z[f])·c + ρ(z[i])·α(z[c]))    h' = ρ(z[o])·α(c')

    LN(v) = (v − mean(v)) / √(var(v) + norm_epsilon) · gamma + beta, over all 4U columns at once in the
    first two. The state handed on is the normalised one. Source: LayerNormLSTMCell of TensorFlow Addons
    (Ba, Kiros, Hinton 2016).

    Variables: kernel (X, 4U), recurrent_kernel (U, 4U), bias (4U), kernel_norm and recurrent_norm with
    gamma and beta (4U), state_norm with gamma and beta (U). States: h (B, U), c (B, U).
    """

    def __init__(
        self,
        units: int,
        *args: Any,
        norm_gamma_initializer: Any = "ones",
        norm_beta_initializer: Any = "zeros",
        norm_epsilon: float = 1e-3,
        **kwargs: Any,
    ) -> None:
        super().__init__(units, *args, **kwargs)
        self.norm_gamma_initializer = keras.initializers.get(norm_gamma_initializer)
        self.norm_beta_initializer = keras.initializers.get(norm_beta_initializer)
        self.norm_epsilon = norm_epsilon
        self.kernel_norm = self._norm("kernel_norm")
        self.recurrent_norm = self._norm("recurrent_norm")
        self.state_norm = self._norm("state_norm")

    def _norm(self, name: str) -> Any:
        return keras.layers.LayerNormalization(
            epsilon=self.norm_epsilon,
            gamma_initializer=self.norm_gamma_initializer,
            beta_initializer=self.norm_beta_initializer,
            dtype=self.dtype_policy,
            name=name,
        )

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.kernel_norm.build((None, 4 * self.units))
        self.recurrent_norm.build((None, 4 * self.units))
        self.state_norm.build((None, self.units))

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        h, c = states
        # As in the source, one mask for all gates: a product is normalised as a whole.
        x_masks, h_masks = input_masks(self, inputs, training), recurrent_masks(self, h, training)
        z = self.kernel_norm(dropped_product(inputs, self.kernel, x_masks[:1]))
        z += self.recurrent_norm(dropped_product(h, self.recurrent_kernel, h_masks[:1]))
        if self.use_bias:
            z += self.bias
        i, f, candidate, o = ops.split(z, 4, axis=-1)
        kept = self.recurrent_activation(f) * c
        c = self.state_norm(kept + self.recurrent_activation(i) * self.activation(candidate))
        h = self.recurrent_activation(o) * self.activation(c)
        return h, [h, c]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "norm_gamma_initializer": keras.initializers.serialize(self.norm_gamma_initializer),
            "norm_beta_initializer": keras.initializers.serialize(self.norm_beta_initializer),
            "norm_epsilon": self.norm_epsilon,
        }
