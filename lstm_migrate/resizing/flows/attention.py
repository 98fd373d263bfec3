"""Attention: what is compared is summed over, what is attended passes."""

from __future__ import annotations

from lstm_migrate.resizing.elements import Ids
from lstm_migrate.resizing.flow import Flow, Given, Made, Opaque, Tensor
from lstm_migrate.resizing.flows.merging import alike
from lstm_migrate.resizing.flows.normalization import ADDING
from lstm_migrate.resizing.flows.products import SUMMED

SHARED = "is a softmax over them, so that each new one changes every other"


def attention(flow: Flow, given: Given) -> Made:
    """Attention and AdditiveAttention on [query, value] or [query, value, key]."""
    tensors = given.tensors
    query, value, key = tensors[0], tensors[1], tensors[-1]
    features = alike(flow, [query.known[-1], key.known[-1]], query.at(-1))
    batch = alike(flow, [tensor.known[0] for tensor in tensors], 0)
    flow.ledger.tie(value.known[1], key.known[1])
    for tensor in (query, key):
        flow.hold(tensor.known[1], 1, SHARED)
    for tensor in {query.argument: query, key.argument: key}.values():
        flow.read(tensor, -1)
    if _scaled_each(flow):
        # A sum of tanh(query + key), each times its scale: the scale reads them as a kernel's rows do.
        width = flow.features(query, -1, flow.shape("scale")[0])
        flow.place("scale", {"c": width}, "c", {"c": "outgoing"})
    else:
        flow.hold(features, query.at(-1), SUMMED, ADDING)
    made = Tensor((batch, *query.known[1:-1], value.known[-1]))
    if not given.kwargs.get("return_attention_scores"):
        return made
    return [made, Tensor((batch, *query.known[1:-1], value.known[1]))]


def _scaled_each(flow: Flow) -> bool:
    return "scale" in flow.roles and len(flow.shape("scale")) == 1


def multi_head_attention(flow: Flow, given: Given) -> Made:
    """Heads read the features of query, key and value; what they say is read by units of its own."""
    if flow.config.get("use_gate"):
        raise Opaque("has a gate that nobody can follow")
    query, value = given.get(0, "query"), given.get(1, "value")
    key = given.get(2, "key")
    key = value if key is None else key
    for part, tensor in (("query", query), ("key", key), ("value", value)):
        rows = flow.features(tensor, -1, flow.shape(f"{part}/kernel")[0])
        flow.place(f"{part}/kernel", {"x": rows})
        flow.read(tensor, -1)
    flow.ledger.tie(query.known[0], value.known[0])
    flow.ledger.tie(key.known[1], value.known[1])
    for axis in range(1, key.rank - 1):
        flow.hold(key.known[axis], axis, SHARED)
        flow.hold(query.known[axis], axis, SHARED)
    made = Tensor((*query.known[:-1], _output(flow, query)))
    if not given.kwargs.get("return_attention_scores"):
        return made
    return [made, Tensor(None)]


def _output(flow: Flow, query: Tensor) -> Ids:
    """The features that come out: as many as the query's where the config does not say how many."""
    shape, said = flow.shape("attention_output/kernel"), flow.config.get("output_shape")
    if len(shape) != 3:
        raise Opaque("puts out several axes of features")
    own = flow.own("u", shape[-1])
    flow.place("attention_output/kernel", {"u": own}, "n v u")
    if "attention_output/bias" in flow.roles:
        flow.place("attention_output/bias", {"u": own}, "u")
    if said is None:
        flow.ledger.tie(flow.features(query, -1, len(own)), own)
    else:
        flow.size("output_shape", own, None if isinstance(said, int) else 0)
    return own
