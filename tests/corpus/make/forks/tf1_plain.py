"""Writes the folders tf1_* of ../../forks that hold TensorFlow 1's own cells.

    python tf1_plain.py

Python 3.7, tensorflow==1.13.2, numpy==1.16.6, protobuf==3.6.1.
"""

import tensorflow as tf
from tf1_session import head, record

UNITS = 5


def lstm(x):
    """TensorFlow 1.13: LSTMCell(5, forget_bias=1.0) in tf.nn.dynamic_rnn, then tf.layers.dense.
    Input (batch, time, 4), states from zeros, output (batch, 2) of the last step. File: variables by name.
    rnn/lstm_cell/kernel (inputs + units, 4*units): rows of the inputs first, then those of the state.
    rnn/lstm_cell/bias (4*units,). Columns are four blocks in the order i, j, f, o; j is the candidate.
    The cell adds 1.0 to f before the sigmoid every time it runs; the saved bias does not hold it.
    head/kernel (units, 2), head/bias (2,), linear. No peepholes, no clipping, no projection."""
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(UNITS, forget_bias=1.0), x, dtype=tf.float32)
    return head(outputs[:, -1])


def gru(x):
    """TensorFlow 1.13: tf.nn.rnn_cell.GRUCell(5) in tf.nn.dynamic_rnn, then tf.layers.dense.
    Input (batch, time, 4), state from zeros, output (batch, 2) of the last step. File: variables by name.
    rnn/gru_cell/gates/kernel (inputs + units, 2*units), rnn/gru_cell/gates/bias (2*units,): blocks r, u.
    rnn/gru_cell/candidate/kernel (inputs + units, units), rnn/gru_cell/candidate/bias (units,).
    Rows of the inputs come first. c = tanh([x, r * h] candidate): the reset gate is before the product.
    h' = u * h + (1 - u) * c: u keeps the old state, as Keras's z does.
    head/kernel (units, 2), head/bias (2,), linear."""
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(UNITS), x, dtype=tf.float32)
    return head(outputs[:, -1])


def rnn(x):
    """TensorFlow 1.13: tf.nn.rnn_cell.BasicRNNCell(5) in tf.nn.dynamic_rnn, then tf.layers.dense.
    Input (batch, time, 4), state from zeros, output (batch, 2) of the last step. File: variables by name.
    rnn/basic_rnn_cell/kernel (inputs + units, units), rows of the inputs first; .../bias (units,).
    h' = tanh([x, h] kernel + bias).
    head/kernel (units, 2), head/bias (2,), linear."""
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicRNNCell(UNITS), x, dtype=tf.float32)
    return head(outputs[:, -1])


def bidirectional(x):
    """TensorFlow 1.13: bidirectional_dynamic_rnn of two LSTMCell (5 units, forget_bias 1.0), then a dense.
    Input (batch, time, 4), states from zeros, output (batch, time, 2). File: variables by name.
    bidirectional_rnn/fw/lstm_cell/kernel and bias, bidirectional_rnn/bw/lstm_cell/kernel and bias.
    kernel (inputs + units, 4*units), rows of the inputs first; columns i, j, f, o; j is the candidate.
    The cells add 1.0 to f before the sigmoid every time they run; the saved bias does not hold it.
    The dense sees, at every step, the forward output and behind it the backward output of the same step.
    head/kernel (2*units, 2), head/bias (2,), linear."""
    forward, backward = (tf.nn.rnn_cell.LSTMCell(UNITS) for _ in range(2))
    outputs, _ = tf.nn.bidirectional_dynamic_rnn(forward, backward, x, dtype=tf.float32)
    return head(tf.concat(outputs, axis=2))


CASES = {"tf1_lstm": lstm, "tf1_gru": gru, "tf1_rnn": rnn, "tf1_bidirectional": bidirectional}

if __name__ == "__main__":
    for case in CASES.items():
        record(*case)
