"""How an era treats what no layer's config says, foremost masks.

The values are data: `semantics:` in the shipped mapping files.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Semantics:
    """One era's unwritten rules. Each field names what differs between Keras 2, tf.keras and Keras 3.

    `bidirectional_zeroes_masked`: Bidirectional with return_sequences writes zeros at masked steps
    (tf.keras and Keras 3), instead of repeating the last output.
    `bidirectional_zeroes_last`: so does its last output without return_sequences (tf.keras 1.13).
    `bidirectional_keeps_states`: a stateful Bidirectional goes on where it stopped (not in Keras 2.1.4 to
    2.3.1 and tf.keras 1.13).
    `bidirectional_flips_batch`: with time_major, it turns its backward output's second axis around, which
    is then the batch (tf.keras before TensorFlow 2.3).
    `nested_model_passes_mask`: a model called as a layer hands on its outputs' masks (not in tf.keras 1.13).
    `masked_output`: what a recurrent layer puts out at a masked step: its "previous" output, zeros
    before the first, or its "first_state" (Keras up to 2.2.4 on TensorFlow, unless unrolled).
    `kept_state_outranks_given`: a stateful layer whose kept state is not zero ignores an initial
    state that it is given (tf.keras 2.4 and later, not 2.0).
    `merge_mask`: how Add, Multiply, … join their inputs' masks: "all" of those there are (Keras 1 and 2),
    or "any", and none if one input has none (Keras 3); or "none" at all (Keras 0).
    `merge_skips_masked`: Keras 3's Multiply, Maximum and Minimum leave out an input where it is masked.
    `kinds_that_drop_masks`: layers that end a mask in this era and hand it on in Keras 3
    (Identity, Rescaling and Normalization in tf.keras; ReLU in tf.keras 2.0 to 2.4).
    `softmax_zeroes_masked`: Softmax writes zeros where its mask says so, even if nothing is left (Keras 3).
    `multi_head_attention_masks`: MultiHeadAttention heeds and hands on its inputs' masks (since 2.10).
    `upsampling_from_corners`: bilinear UpSampling2D aligns corners of pixels, not their centres
    (Keras 2 and tf.keras up to 1.13).
    `random_crop_resizes`: RandomCrop resizes at inference (tf.keras) instead of doing nothing.
    `relu_bounds_all`: a ReLU's greatest value also bounds what a negative slope makes of numbers below zero
    (Theano).
    `theano_convolutions`: kernels are read from their end, and "same" pads half a window on both sides.
    `kernels_follow_ordering`: kernels of channels_first are stored as (filters, channels, *space), and
    those of Conv1D as 2D kernels of one column (Keras 0 and 1).
    `concatenate_mask`: whether a step counts if "all" or "any" of the joined features do; or "none".
    `time_distributed_mask`: "inner" if the wrapped layer decides on the outgoing mask (Keras 2.2.0 to
    2.3.1, tf.keras), else "outer" (older Keras, Keras 3).
    `time_distributed_child_sees_mask`: the wrapped layer is given its step's part of the mask (not before
    Keras 2.2.0).
    `time_distributed_static_batch`: what changes if the model's inputs name their batch size: nothing
    ("same"), the layer hands on its own mask ("outer", tf.keras 2.0), or it also keeps the mask from its
    child ("alone", Keras 2 and tf.keras 1.13).
    `initial_state_hides_mask`: a recurrent layer that is given an initial state does not see its input's
    mask, and still hands it on (Keras 3).
    `model_decides_training`: what the whole model is called with outranks a layer's own `training=True`
    (Keras 3).
    """

    model_decides_training: bool = True
    bidirectional_zeroes_masked: bool = True
    bidirectional_zeroes_last: bool = False
    bidirectional_keeps_states: bool = True
    bidirectional_flips_batch: bool = False
    nested_model_passes_mask: bool = True
    masked_output: str = "previous"
    kept_state_outranks_given: bool = False
    merge_mask: str = "any"
    merge_skips_masked: bool = True
    concatenate_mask: str = "any"
    time_distributed_mask: str = "outer"
    time_distributed_child_sees_mask: bool = True
    time_distributed_static_batch: str = "same"
    initial_state_hides_mask: bool = True
    kinds_that_drop_masks: Collection[str] = frozenset()
    theano_convolutions: bool = False
    relu_bounds_all: bool = False
    kernels_follow_ordering: bool = False
    softmax_zeroes_masked: bool = True
    multi_head_attention_masks: bool = True
    upsampling_from_corners: bool = False
    random_crop_resizes: bool = False
