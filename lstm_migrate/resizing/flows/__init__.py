"""How each kind of layer lets features pass: a function for each word that keras3.yaml says (`flow`)."""

from __future__ import annotations

from collections.abc import Mapping

from lstm_migrate.resizing.flow import Passing
from lstm_migrate.resizing.flows.activations import activation, softmax
from lstm_migrate.resizing.flows.attention import attention, multi_head_attention
from lstm_migrate.resizing.flows.conv_recurrent import conv_recurrent
from lstm_migrate.resizing.flows.convolution import convolution
from lstm_migrate.resizing.flows.dense import dense, embedding
from lstm_migrate.resizing.flows.einsum_dense import einsum
from lstm_migrate.resizing.flows.merging import concatenate, tied
from lstm_migrate.resizing.flows.normalization import (
    each,
    held,
    layer_normalization,
    masking,
    prelu,
    relu,
    unit_normalization,
)
from lstm_migrate.resizing.flows.passing import passes, rescaling
from lstm_migrate.resizing.flows.products import dot, product
from lstm_migrate.resizing.flows.recurrent import recurrent
from lstm_migrate.resizing.flows.reductions import along, reduced
from lstm_migrate.resizing.flows.reshaping import (
    expand_dims,
    moved,
    operation_reshape,
    reshape,
    squeeze,
    transpose,
)
from lstm_migrate.resizing.flows.selections import get_item, repeated, split, stack, take, top_k, unstack
from lstm_migrate.resizing.flows.shapes import flatten, permute, repeat_vector
from lstm_migrate.resizing.flows.space import global_pooling, image, space
from lstm_migrate.resizing.flows.tokens import one_hot, tokens
from lstm_migrate.resizing.flows.wrappers import bidirectional, time_distributed

FLOWS: Mapping[str, Passing] = {
    passing.__name__: passing
    for passing in (
        activation,
        along,
        attention,
        bidirectional,
        concatenate,
        conv_recurrent,
        convolution,
        dense,
        dot,
        each,
        einsum,
        embedding,
        expand_dims,
        flatten,
        get_item,
        global_pooling,
        held,
        image,
        layer_normalization,
        masking,
        moved,
        multi_head_attention,
        one_hot,
        operation_reshape,
        passes,
        permute,
        prelu,
        product,
        recurrent,
        reduced,
        relu,
        repeat_vector,
        repeated,
        rescaling,
        reshape,
        softmax,
        space,
        split,
        squeeze,
        stack,
        take,
        tied,
        time_distributed,
        tokens,
        top_k,
        transpose,
        unit_normalization,
        unstack,
    )
}
"""Word → what it means. A class without a word is opaque."""
