"""Writes ../../forks/torch_oigf: a PyTorch LSTM cell of a project's own, two of them, and a Linear.

    python torch_oigf.py

Python 3.11, torch==2.13.0 (CPU), safetensors==0.8.0, numpy==2.4.6.
"""

import torch
from folder import draw, path, seeded, sequences, write
from safetensors.torch import save_file
from torch import nn


class OutputFirstCell(nn.Module):
    """An LSTM cell with the arrays of torch.nn.LSTMCell, whose gates are stored in another order."""

    def __init__(self, features, units):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.empty(4 * units, features))
        self.weight_hh = nn.Parameter(torch.empty(4 * units, units))
        self.bias_ih = nn.Parameter(torch.empty(4 * units))
        self.bias_hh = nn.Parameter(torch.empty(4 * units))

    def forward(self, x, state):
        h, c = state
        gates = x @ self.weight_ih.t() + self.bias_ih + h @ self.weight_hh.t() + self.bias_hh
        o, i, g, f = gates.chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, c


class Stack(nn.Module):
    """Cells over time, each fed with the whole output of the one before."""

    def __init__(self, features, units, layers):
        super().__init__()
        self.units = units
        self.cells = nn.ModuleList(
            OutputFirstCell(features if k == 0 else units, units) for k in range(layers)
        )

    def forward(self, x):
        for cell in self.cells:
            h = c = x.new_zeros(x.shape[0], self.units)
            outputs = []
            for t in range(x.shape[1]):
                h, c = cell(x[:, t], (h, c))
                outputs.append(h)
            x = torch.stack(outputs, dim=1)
        return x


class Regressor(nn.Module):
    """PyTorch 2: two LSTM cells of our own (OutputFirstCell) over time, then a Linear on the last step.
    Input is (batch, time, 4); each cell has 5 units and starts from zeros; the output is (batch, 2).
    File: the state_dict, saved with safetensors. Cells are rnn.cells.0 and rnn.cells.1, the Linear is head.
    A cell has weight_ih (4*units, inputs) and weight_hh (4*units, units), shaped as nn.LSTMCell's.
    It has two biases, bias_ih and bias_hh, (4*units,) each; both are added before the activations.
    The 4*units rows are four blocks, one a gate, in the order o, i, g, f (nn.LSTM has i, f, g, o).
    i, f, o are the input, forget and output gate, with sigmoid; g is the new candidate, with tanh.
    c' = f * c + i * g; h' = o * tanh(c'). Nothing is added to the forget gate at run time.
    head.weight is (outputs, units), head.bias (outputs,); there is no activation behind it.
    Nothing else is in the file: no dropout, no normalisation, no state."""

    def __init__(self, features=4, units=5, outputs=2):
        super().__init__()
        self.rnn = Stack(features, units, 2)
        self.head = nn.Linear(units, outputs)

    def forward(self, x):
        return self.head(self.rnn(x)[:, -1])


def main():
    name = "torch_oigf"
    random, model = seeded(name), Regressor().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.from_numpy(draw(random, tuple(parameter.shape))))
        inputs = sequences(random, 4)
        output = model(torch.from_numpy(inputs)).numpy()
    save_file(model.state_dict(), path(name, "weights.safetensors"))
    write(name, Regressor, inputs, output)


if __name__ == "__main__":
    main()
