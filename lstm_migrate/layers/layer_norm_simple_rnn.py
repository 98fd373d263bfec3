"""LayerNormSimpleRNNCell: a SimpleRNN with a layer normalisation in front of its bias."""

from __future__ import annotations

from typing import Any

import keras

from lstm_migrate.layers.dropout import dropped_product, input_masks, recurrent_masks


@keras.saving.register_keras_serializable(package="lstm_migrate")
class LayerNormSimpleRNNCell(keras.layers.SimpleRNNCell):  # type: ignore[misc]
    """A SimpleRNN cell that normalises and scales its net input before the bias is added.

        h' = α(LN(xW + hR) + b),  LN(v) = (v − mean(v)) / √(var(v) + layernorm_epsilon) · gamma

    Source: LayerNormSimpleRNNCell of TensorFlow Addons. Variables: kernel (X, U), recurrent_kernel
    (U, U), bias (U), gamma (U). State: h (B, U).
    """

    def __init__(
        self,
        units: int,
        *args: Any,
        layernorm_epsilon: float = 1e-5,
        gamma_initializer: Any = "ones",
        gamma_regularizer: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(units, *args, **kwargs)
        self.layernorm = keras.layers.LayerNormalization(
            epsilon=layernorm_epsilon,
            center=False,
            gamma_initializer=gamma_initializer,
            gamma_regularizer=gamma_regularizer,
            gamma_constraint=gamma_constraint,
            dtype=self.dtype_policy,
            name="layernorm",
        )

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.layernorm.build((None, self.units))

    def call(self, sequence: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        h = states[0] if isinstance(states, (list, tuple)) else states
        net = dropped_product(sequence, self.kernel, input_masks(self, sequence, training))
        net += dropped_product(h, self.recurrent_kernel, recurrent_masks(self, h, training))
        net = self.layernorm(net)
        if self.use_bias:
            net += self.bias
        h = self.activation(net)
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        norm = self.layernorm.get_config()
        own = {key: norm[key] for key in ("gamma_initializer", "gamma_regularizer", "gamma_constraint")}
        return {**super().get_config(), **own, "layernorm_epsilon": self.layernorm.epsilon}
