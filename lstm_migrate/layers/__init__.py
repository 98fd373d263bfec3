"""Recurrent cells that old files hold and Keras 3 lacks, as Keras 3 layers.

A file with one of them opens with plain `keras.models.load_model`, in safe mode, once this package was
imported. They stand in `keras.layers.RNN`, StackedRNNCells and Bidirectional, on every backend of Keras.

Shapes in their docstrings: B batch, X input features, U units. An LSTM's columns lie gate by
gate in the order input, forget, candidate, output; `W[i]` names a gate's part. ρ is recurrent_activation,
α is activation.
"""

from lstm_migrate.layers.echo_state import ESNCell
from lstm_migrate.layers.layer_norm_lstm import LayerNormLSTMCell
from lstm_migrate.layers.layer_norm_simple_rnn import LayerNormSimpleRNNCell
from lstm_migrate.layers.peephole import PeepholeLSTMCell

__all__ = ["ESNCell", "LayerNormLSTMCell", "LayerNormSimpleRNNCell", "PeepholeLSTMCell"]
