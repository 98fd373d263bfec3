"""Writes ../../forks/tf1_forget25: TensorFlow 1's BasicLSTMCell with a forget bias of 2.5, from a training.

    python tf1_forget25.py

Python 3.7, tensorflow==1.13.2, numpy==1.16.6, protobuf==3.6.1.
"""

import tensorflow as tf
from tf1_session import head, record


def build(x):
    """TensorFlow 1.13: MultiRNNCell of two BasicLSTMCell (5 and 3 units) in dynamic_rnn, then a dense layer.
    Input (batch, time, 4), states start from zeros; the dense layer sees the last step; output (batch, 2).
    File: every variable of the training's checkpoint under its TensorFlow name (without ":0"), in an .npz.
    A cell is rnn/multi_rnn_cell/cell_{k}/basic_lstm_cell/ kernel and bias, k = 0 and 1.
    kernel is (inputs + units, 4*units): rows of the inputs come first, then those of the recurrent state.
    Its columns, and the (4*units,) bias, are four blocks in the order i, j, f, o; j is the new candidate.
    forget_bias=2.5: the cell adds 2.5 to f before the sigmoid whenever it runs; the saved bias is without it.
    c' = sigmoid(f + 2.5) * c + sigmoid(i) * tanh(j); h' = sigmoid(o) * tanh(c').
    head/kernel is (units, outputs), head/bias (outputs,), no activation.
    Left from training: global_step, beta1_power, beta2_power, Adam's slots <variable>/Adam and .../Adam_1."""
    cells = [tf.nn.rnn_cell.BasicLSTMCell(units, forget_bias=2.5) for units in (5, 3)]
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.MultiRNNCell(cells), x, dtype=tf.float32)
    return head(outputs[:, -1])


def train(session, x, inputs, output):
    """Three steps of Adam on one variable, so that its slots and global_step hold something."""
    step = tf.train.get_or_create_global_step()
    before = set(tf.global_variables()) - {step}
    (kernel,) = (v for v in before if v.op.name.endswith("cell_0/basic_lstm_cell/kernel"))
    loss = tf.reduce_mean(tf.square(output - 1.0))
    minimise = tf.train.AdamOptimizer(0.01).minimize(loss, global_step=step, var_list=[kernel])
    session.run(tf.variables_initializer([v for v in tf.global_variables() if v not in before]))
    for _ in range(3):
        session.run(minimise, {x: inputs})


if __name__ == "__main__":
    record("tf1_forget25", build, train)
