"""ConvLSTM: filters that read the channels of each step and their own state."""

from __future__ import annotations

from lstm_migrate.resizing.flow import Flow, Given, Tensor
from lstm_migrate.resizing.flows.activations import gate
from lstm_migrate.resizing.flows.convolution import output_dims
from lstm_migrate.resizing.flows.dense import place_all
from lstm_migrate.resizing.flows.recurrent import GATES, ONE_BY_ONE, begin, checked_rank
from lstm_migrate.resizing.flows.space import channel_axis
from lstm_migrate.resizing.followed import Dims


def conv_recurrent(flow: Flow, given: Given) -> list[Tensor]:
    """ConvLSTM1D, 2D or 3D: (batch, time, *space, channels), or channels before space."""
    rank = len(flow.shape("kernel")) - 2
    x, *states = given.tensors
    x = checked_rank(x, rank + 3)
    channels = channel_axis(flow.config, rank) + 1
    features = flow.features(x, channels, flow.shape("kernel")[-2])
    own = flow.own("u", flow.shape("recurrent_kernel")[-2])
    place_all(flow, {"x": features, "h": own, "u": own})
    flow.size("filters", own)
    flow.read(x, channels)
    flow.ledger.read_state(flow.path, own)
    for key in GATES:
        if key in flow.config:
            gate(flow, own, key, channels)
    flow.hold(x.known[1], 1, ONE_BY_ONE)
    dims = output_dims(flow, x.known, rank, ahead=1)
    step: Dims = Tensor((dims[0], *dims[2:])).with_axis(channels - 1, own).known
    begin(flow, states, [step, step])
    lead = (dims[0], dims[1]) if flow.config.get("return_sequences") else dims[:1]
    made = [Tensor((*lead, *step[1:]))]
    return [*made, Tensor(step), Tensor(step)] if flow.config.get("return_state") else made
