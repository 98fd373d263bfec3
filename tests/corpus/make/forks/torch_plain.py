"""Writes the folders torch_* of ../../forks that hold PyTorch's own layers.

    python torch_plain.py

Python 3.11, torch==2.13.0 (CPU), safetensors==0.8.0, numpy==2.4.6.
"""

import numpy as np
import torch
from folder import draw, path, seeded, sequences, write
from safetensors.torch import save_file
from torch import nn

FEATURES, UNITS, OUTPUTS, WORDS = 4, 5, 2, 12


class TorchLstm(nn.Module):
    """PyTorch: nn.LSTM of two layers, bidirectional, 5 units, batch_first; a Linear on every step.
    Input (batch, time, 4), states from zeros, output (batch, time, 2). File: state_dict, safetensors or npz.
    rnn.weight_ih_l{k}{suffix} is (4*units, inputs), rnn.weight_hh_l{k}{suffix} (4*units, units).
    rnn.bias_ih_l{k}{suffix} and rnn.bias_hh_l{k}{suffix} are (4*units,); both are added.
    {k} is the layer, 0 or 1; {suffix} is empty forwards and _reverse backwards in time.
    Rows are four blocks in the order i, f, g, o; g is the candidate; no forget bias at run time.
    Layer 1 sees forward and backward outputs of layer 0 side by side, forward first: its inputs are 10.
    head.weight (2, 10), head.bias (2,), linear, on the forward and backward output of the same step."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(FEATURES, UNITS, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * UNITS, OUTPUTS)

    def forward(self, x):
        return self.head(self.rnn(x)[0])


class TorchGru(nn.Module):
    """PyTorch: nn.GRU of two layers, 5 units, batch_first; a Linear on the last step of the upper one.
    Input (batch, time, 4), states from zeros, output (batch, 2). File: state_dict as safetensors.
    rnn.weight_ih_l{k} is (3*units, inputs), rnn.weight_hh_l{k} (3*units, units), k = 0 and 1.
    rnn.bias_ih_l{k} and rnn.bias_hh_l{k} are (3*units,). Rows are blocks in the order r, z, n (n: candidate).
    n = tanh(W_in x + b_in + r * (W_hn h + b_hn)): the reset gate is after the product and scales b_hn too.
    h' = (1 - z) * n + z * h: z keeps the old state, as in Keras. Sigmoid gates.
    head.weight (2, 5), head.bias (2,), linear."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(FEATURES, UNITS, num_layers=2, batch_first=True)
        self.head = nn.Linear(UNITS, OUTPUTS)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


class TorchRnn(nn.Module):
    """PyTorch: nn.RNN, one layer, 5 units, tanh, batch_first; a Linear on the last step.
    Input (batch, time, 4), state from zeros, output (batch, 2). File: state_dict as safetensors.
    rnn.weight_ih_l0 (units, inputs), rnn.weight_hh_l0 (units, units), rnn.bias_ih_l0, rnn.bias_hh_l0 (units).
    h' = tanh(W_ih x + b_ih + W_hh h + b_hh).
    head.weight (2, 5), head.bias (2,), linear."""

    nonlinearity = "tanh"

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(FEATURES, UNITS, nonlinearity=self.nonlinearity, batch_first=True)
        self.head = nn.Linear(UNITS, OUTPUTS)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


class TorchRnnRelu(TorchRnn):
    """PyTorch: nn.RNN(nonlinearity="relu"), one layer, 5 units, batch_first; a Linear on the last step.
    Input (batch, time, 4), state from zeros, output (batch, 2). File: state_dict as safetensors.
    rnn.weight_ih_l0 (units, inputs), rnn.weight_hh_l0 (units, units), rnn.bias_ih_l0, rnn.bias_hh_l0 (units).
    h' = max(0, W_ih x + b_ih + W_hh h + b_hh): the file does not tell relu from tanh.
    head.weight (2, 5), head.bias (2,), linear."""

    nonlinearity = "relu"


class TorchLstmCell(nn.Module):
    """PyTorch: an nn.LSTMCell of 5 units, called step by step in a loop; a Linear on the last output.
    Input (batch, time, 4), states from zeros, output (batch, 2). File: state_dict as safetensors.
    cell.weight_ih (4*units, inputs), cell.weight_hh (4*units, units); cell.bias_ih, cell.bias_hh (4*units,).
    The names have no layer number. Rows are four blocks in the order i, f, g, o; g is the candidate.
    head.weight (2, 5), head.bias (2,), linear."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(FEATURES, UNITS)
        self.head = nn.Linear(UNITS, OUTPUTS)

    def forward(self, x):
        h = c = x.new_zeros(x.shape[0], UNITS)
        for t in range(x.shape[1]):
            h, c = self.cell(x[:, t], (h, c))
        return self.head(h)


class TorchEmbedding(nn.Module):
    """PyTorch: nn.Embedding (12 words, 4 features), a bidirectional nn.GRU of 5 units, and a Linear.
    Input (batch, time) of integers, states from zeros, output (batch, 2). File: state_dict as safetensors.
    embedding.weight (words, features).
    rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, rnn.bias_hh_l0 and the same four with _reverse.
    (3*units) rows in the order r, z, n; reset after the product, two biases; z keeps the old state.
    The Linear sees the last state of each direction, forward then backward; the backward one ends at time 0.
    head.weight (2, 10), head.bias (2,), linear."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, FEATURES)
        self.rnn = nn.GRU(FEATURES, UNITS, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * UNITS, OUTPUTS)

    def forward(self, x):
        _, last = self.rnn(self.embedding(x))
        return self.head(torch.cat([last[0], last[1]], dim=1))


CASES = {
    "torch_lstm": TorchLstm,
    "torch_gru": TorchGru,
    "torch_rnn": TorchRnn,
    "torch_rnn_relu": TorchRnnRelu,
    "torch_lstm_cell": TorchLstmCell,
    "torch_embedding": TorchEmbedding,
}


def record(name, module):
    random, model = seeded(name), module().eval()
    # A relu over time grows without bounds where the recurrent kernel does.
    scale = 0.35 if name == "torch_rnn_relu" else 0.6
    words = random.randint(0, WORDS, size=(5, 11)).astype("int32")
    inputs = words if name == "torch_embedding" else sequences(random, FEATURES)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.from_numpy(draw(random, tuple(parameter.shape), scale)))
        output = model(torch.from_numpy(inputs)).numpy()
    save_file(model.state_dict(), path(name, "weights.safetensors"))
    if name == "torch_lstm":
        arrays = {key: value.numpy() for key, value in model.state_dict().items()}
        np.savez_compressed(path(name, "weights.npz"), **arrays)
    write(name, module, inputs, output)


if __name__ == "__main__":
    for case in CASES.items():
        record(*case)
