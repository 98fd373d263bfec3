"""Writes the folders numpy_* of ../../forks: cells of nobody's framework, each with one twist of its own.

    python numpy_forks.py

Python 3.11, numpy==2.4.6. The equations are loops in float32; what a cell computes is its docstring,
which becomes the notes.txt of its folder.
"""

import numpy as np
from folder import draw, path, seeded, sequences, write

X, U, OUTPUTS = 4, 5, 2


def sigmoid(x):
    return (1 / (1 + np.exp(-x))).astype(np.float32)


def relu(x):
    return np.maximum(x, np.float32(0))


def run(step, x, states):
    """The outputs of every step; `step(x_t, *states)` gives the new states, the output first."""
    state = [np.zeros((x.shape[0], U), np.float32) for _ in range(states)]
    outputs = []
    for t in range(x.shape[1]):
        state = step(x[:, t], *state)
        outputs.append(state[0])
    return np.stack(outputs, axis=1)


def lstm_states(i, f, candidate, o, c):
    """(h, c) of the next step, from values that have been through their activations."""
    c = f * c + i * candidate
    return o * np.tanh(c), c


def coupled_input(w, x):
    """LSTM of 5 units with coupled gates: i = sigmoid(...) is stored and f = 1 - i.
    Input (batch, time, 4), states from zeros; output (batch, 2): a dense layer on the last step.
    One array per gate, for the three gates that are stored: i (input), c (candidate), o (output); none for f.
    cell/W_i, cell/W_c, cell/W_o (inputs, units); cell/U_i, cell/U_c, cell/U_o (units, units);
    cell/b_i, cell/b_c, cell/b_o (units,).
    c' = (1 - i) * c + i * tanh(x W_c + h U_c + b_c); h' = o * tanh(c'); sigmoid for i and o.
    head/kernel (units, 2), head/bias (2,), linear."""

    def step(x, h, c):
        a = {g: x @ w["cell/W_" + g] + h @ w["cell/U_" + g] + w["cell/b_" + g] for g in "ico"}
        i = sigmoid(a["i"])
        return lstm_states(i, 1 - i, np.tanh(a["c"]), sigmoid(a["o"]), c)

    return run(step, x, 2)[:, -1]


def coupled_forget(w, x):
    """LSTM of 5 units with coupled gates, the other way round: f = sigmoid(...) is stored and i = 1 - f.
    Input (batch, time, 4), states from zeros; output (batch, 2): a dense layer on the last step.
    cell/kernel (inputs, 3*units), cell/recurrent (units, 3*units), cell/bias (3*units,).
    Columns are three blocks in the order f, c, o: forget gate, candidate, output gate; there is none for i.
    c' = f * c + (1 - f) * tanh(candidate); h' = o * tanh(c'); sigmoid for f and o.
    head/kernel (units, 2), head/bias (2,), linear."""

    def step(x, h, c):
        f, g, o = np.split(x @ w["cell/kernel"] + h @ w["cell/recurrent"] + w["cell/bias"], 3, axis=1)
        f = sigmoid(f)
        return lstm_states(1 - f, f, np.tanh(g), sigmoid(o), c)

    return run(step, x, 2)[:, -1]


def gates_apart(w, x):
    """LSTM of 5 units with one array per gate and two biases per gate, sixteen arrays in all.
    Input (batch, time, 4), states from zeros; output (batch, 2): a dense layer on the last step.
    For each gate g of i, f, c, o (input, forget, candidate, output):
    lstm.w_x{g} (units, inputs), lstm.w_h{g} (units, units), lstm.b_x{g} (units,), lstm.b_h{g} (units,).
    Each gate takes w_x x + b_x + w_h h + b_h: rows of the arrays are units, both biases are added.
    c' = f * c + i * tanh(candidate); h' = o * tanh(c'); sigmoid for i, f, o.
    head/kernel (units, 2), head/bias (2,), linear."""

    def step(x, h, c):
        parts = {
            g: x @ w["lstm.w_x" + g].T + w["lstm.b_x" + g] + h @ w["lstm.w_h" + g].T + w["lstm.b_h" + g]
            for g in "ifco"
        }
        i, f, o = (sigmoid(parts[g]) for g in "ifo")
        return lstm_states(i, f, np.tanh(parts["c"]), o, c)

    return run(step, x, 2)[:, -1]


def recurrent_first(w, x):
    """LSTM of 5 units with one kernel for [h, x]: rows of the recurrent state first, then those of inputs.
    Input (batch, time, 4), states from zeros; output (batch, 2): a dense layer on the last step.
    lstm/kernel (units + inputs, 4*units), lstm/bias (4*units,).
    Columns are four blocks in the order i, f, c, o; c is the candidate.
    c' = f * c + i * tanh(candidate); h' = o * tanh(c'); sigmoid for i, f, o; no forget bias at run time.
    head/kernel (units, 2), head/bias (2,), linear."""

    def step(x, h, c):
        joined = np.concatenate([h, x], axis=1) @ w["lstm/kernel"] + w["lstm/bias"]
        i, f, g, o = np.split(joined, 4, axis=1)
        return lstm_states(sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o), c)

    return run(step, x, 2)[:, -1]


def interleaved(w, x):
    """LSTM of 5 units with interleaved columns: four gates of the first unit, then four of the second, ...
    Input (batch, time, 4), states from zeros; output (batch, 2): a dense layer on the last step.
    lstm/kernel (inputs, units*4), lstm/recurrent (units, units*4), lstm/bias (units*4,).
    Column 4*k + 0, 1, 2, 3 is gate i, f, c, o of unit k; c is the candidate.
    c' = f * c + i * tanh(candidate); h' = o * tanh(c'); sigmoid for i, f, o; no forget bias at run time.
    head/kernel (units, 2), head/bias (2,), linear."""

    def step(x, h, c):
        a = x @ w["lstm/kernel"] + h @ w["lstm/recurrent"] + w["lstm/bias"]
        i, f, g, o = (a[:, k::4] for k in range(4))
        return lstm_states(sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o), c)

    return run(step, x, 2)[:, -1]


def gru_one_bias(w, x):
    """GRU of 5 units with the reset gate after the product and one bias only.
    Input (batch, time, 4), state from zeros; output (batch, 2): a dense layer on the last step.
    gru/kernel (inputs, 3*units), gru/recurrent (units, 3*units), gru/bias (3*units,): blocks z, r, h.
    z is the update gate, r the reset gate, h the candidate.
    candidate = tanh(x W_h + b_h + r * (h U_h)): the reset gate does not touch the bias.
    h' = z * h + (1 - z) * candidate; sigmoid for z and r.
    head/kernel (units, 2), head/bias (2,), linear."""

    def step(x, h):
        xz, xr, xh = np.split(x @ w["gru/kernel"] + w["gru/bias"], 3, axis=1)
        hz, hr, hh = np.split(h @ w["gru/recurrent"], 3, axis=1)
        z = sigmoid(xz + hz)
        return (z * h + (1 - z) * np.tanh(xh + sigmoid(xr + hr) * hh),)

    return run(step, x, 1)[:, -1]


def gru_inverted(w, x):
    """GRU of 5 units, reset gate after the product, two biases, and the update gate the other way round.
    Input (batch, time, 4), state from zeros; output (batch, 2): a dense layer on the last step.
    gru/kernel (inputs, 3*units), gru/recurrent (units, 3*units): blocks r, z, h (h: candidate).
    gru/bias_x and gru/bias_h (3*units,), same blocks: one for the inputs, one for the state.
    candidate = tanh(x W_h + bx_h + r * (h U_h + bh_h)).
    h' = (1 - z) * h + z * candidate: z = 1 takes all that is new; sigmoid for z and r.
    head/kernel (units, 2), head/bias (2,), linear."""

    def step(x, h):
        xr, xz, xh = np.split(x @ w["gru/kernel"] + w["gru/bias_x"], 3, axis=1)
        hr, hz, hh = np.split(h @ w["gru/recurrent"] + w["gru/bias_h"], 3, axis=1)
        z = sigmoid(xz + hz)
        return ((1 - z) * h + z * np.tanh(xh + sigmoid(xr + hr) * hh),)

    return run(step, x, 1)[:, -1]


def no_bias(w, x):
    """LSTM of 5 units without biases, which adds 1.0 to the forget gate at run time.
    Input (batch, time, 4), states from zeros; output (batch, 2): a dense layer on the last step.
    lstm/kernel (inputs, 4*units), lstm/recurrent (units, 4*units): blocks i, f, c, o; c is the candidate.
    f = sigmoid(x W_f + h U_f + 1.0); the 1.0 is in the code, not in the file; the others have nothing added.
    c' = f * c + i * tanh(candidate); h' = o * tanh(c'); sigmoid for i, f, o.
    head/kernel (units, 2), head/bias (2,), linear."""

    def step(x, h, c):
        i, f, g, o = np.split(x @ w["lstm/kernel"] + h @ w["lstm/recurrent"], 4, axis=1)
        return lstm_states(sigmoid(i), sigmoid(f + np.float32(1)), np.tanh(g), sigmoid(o), c)

    return run(step, x, 2)[:, -1]


def gru_in_parts(w, x):
    """GRU of 5 units whose gates are in two pairs of arrays, as TensorFlow 1's GRUCell has them.
    Input (batch, time, 4), state from zeros; output (batch, 2): a dense layer on the last step.
    gru/gates/kernel (inputs + units, 2*units), gru/gates/bias (2*units,): blocks r, z.
    gru/candidate/kernel (inputs + units, units), gru/candidate/bias (units,). Rows of the inputs come first.
    candidate = tanh([x, r * h] kernel + bias): the reset gate before the product.
    h' = z * h + (1 - z) * candidate; sigmoid for z and r.
    head/kernel (units, 2), head/bias (2,), linear."""

    def step(x, h):
        both = np.concatenate([x, h], axis=1)
        r, z = np.split(sigmoid(both @ w["gru/gates/kernel"] + w["gru/gates/bias"]), 2, axis=1)
        reset = np.concatenate([x, r * h], axis=1)
        new = np.tanh(reset @ w["gru/candidate/kernel"] + w["gru/candidate/bias"])
        return (z * h + (1 - z) * new,)

    return run(step, x, 1)[:, -1]


def directions(w, x):
    """Bidirectional LSTM of 5 units whose arrays have the direction as first axis, as ONNX's LSTM has them.
    Input (batch, time, 4), states from zeros; output (batch, 2): a dense layer on both last states.
    lstm.W (2, 4*units, inputs), lstm.R (2, 4*units, units), lstm.B (2, 8*units); 0 is forward, 1 backward.
    Rows are four blocks in the order i, o, f, c; c is the candidate; rows are units.
    B holds two biases one behind the other, 4*units for the inputs and 4*units for the state; both are added.
    c' = f * c + i * tanh(candidate); h' = o * tanh(c'); sigmoid for i, o, f.
    The dense layer sees forward then backward; the last state of the backward direction is that of time 0.
    head/kernel (2*units, 2), head/bias (2,), linear."""
    last = []
    for d, sequence in enumerate([x, x[:, ::-1]]):
        weights, recurrent, (for_x, for_h) = w["lstm.W"][d], w["lstm.R"][d], np.split(w["lstm.B"][d], 2)

        def step(x, h, c, weights=weights, recurrent=recurrent, bias=for_x + for_h):
            i, o, f, g = np.split(x @ weights.T + h @ recurrent.T + bias, 4, axis=1)
            return lstm_states(sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o), c)

        last.append(run(step, sequence, 2)[:, -1])
    return np.concatenate(last, axis=1)


def relu_two_biases(w, x):
    """Simple recurrent cell of 5 units with relu and two biases.
    Input (batch, time, 4), state from zeros; output (batch, 2): a dense layer on the last step.
    rnn/kernel (inputs, units), rnn/recurrent (units, units), rnn/bias_x and rnn/bias_h (units,).
    h' = max(0, x kernel + bias_x + h recurrent + bias_h).
    head/kernel (units, 2), head/bias (2,), linear."""

    def step(x, h):
        return (relu(x @ w["rnn/kernel"] + w["rnn/bias_x"] + h @ w["rnn/recurrent"] + w["rnn/bias_h"]),)

    return run(step, x, 1)[:, -1]


# The arrays of each cell; all get a head of (features, OUTPUTS) behind.
CASES = {
    coupled_input: {
        f"cell/{letter}_{gate}": shape
        for letter, shape in (("W", (X, U)), ("U", (U, U)), ("b", (U,)))
        for gate in "ico"
    },
    coupled_forget: {"cell/kernel": (X, 3 * U), "cell/recurrent": (U, 3 * U), "cell/bias": (3 * U,)},
    gates_apart: {
        f"lstm.{name}{gate}": shape
        for gate in "ifco"
        for name, shape in (("w_x", (U, X)), ("w_h", (U, U)), ("b_x", (U,)), ("b_h", (U,)))
    },
    recurrent_first: {"lstm/kernel": (U + X, 4 * U), "lstm/bias": (4 * U,)},
    interleaved: {"lstm/kernel": (X, 4 * U), "lstm/recurrent": (U, 4 * U), "lstm/bias": (4 * U,)},
    gru_one_bias: {"gru/kernel": (X, 3 * U), "gru/recurrent": (U, 3 * U), "gru/bias": (3 * U,)},
    gru_inverted: {
        "gru/kernel": (X, 3 * U),
        "gru/recurrent": (U, 3 * U),
        "gru/bias_x": (3 * U,),
        "gru/bias_h": (3 * U,),
    },
    no_bias: {"lstm/kernel": (X, 4 * U), "lstm/recurrent": (U, 4 * U)},
    gru_in_parts: {
        "gru/gates/kernel": (X + U, 2 * U),
        "gru/gates/bias": (2 * U,),
        "gru/candidate/kernel": (X + U, U),
        "gru/candidate/bias": (U,),
    },
    directions: {"lstm.W": (2, 4 * U, X), "lstm.R": (2, 4 * U, U), "lstm.B": (2, 8 * U)},
    relu_two_biases: {"rnn/kernel": (X, U), "rnn/recurrent": (U, U), "rnn/bias_x": (U,), "rnn/bias_h": (U,)},
}


def main():
    for cell, shapes in CASES.items():
        name = "numpy_" + cell.__name__
        random = seeded(name)
        # A relu over time grows without bounds where the recurrent kernel does.
        scale = 0.35 if cell is relu_two_biases else 0.6
        features = 2 * U if cell is directions else U
        shapes = {**shapes, "head/kernel": (features, OUTPUTS), "head/bias": (OUTPUTS,)}
        w = {key: draw(random, shape, scale) for key, shape in shapes.items()}
        inputs = sequences(random, X)
        output = cell(w, inputs) @ w["head/kernel"] + w["head/bias"]
        np.savez_compressed(path(name, "weights.npz"), **w)
        write(name, cell, inputs, output)


if __name__ == "__main__":
    main()
