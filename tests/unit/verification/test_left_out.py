"""Whatever step of whatever recipe is left out: behaviour alone fails, and so does placement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from lstm_migrate.verification.behaviour import check_behaviour
from lstm_migrate.verification.placement import check_placement
from lstm_migrate.verification.power import WITHOUT_EFFECT, check_power
from lstm_migrate.verification.subject import Subject
from tests.unit.verification.spoiling import forgotten, holding

CASES = """
k202-gru-early k202-hard-dense k202-hard-recurrent k202-lstm-options k208-bidir-concat k208-hard-convlstm
k208-hard-convolutions k208-initial-state k208-seq2seq k216-cudnn-layers k216-gru-reset-after
k216-hard-gru-reset-after k216-hard-shared k216-rnn-cell-options k224-cudnn-bidirectional
k224-cudnn-functional-state k224-convlstm2d k224-hard-recurrent k224-mask-lstm-lstm k224-rnn-stacked
k224th-theano-convlstm k224th-theano-recurrent k231-cudnn-stateful k231-gru-nobias
k231-mask-bidirectional-last k231-nested-three-deep k231-stateful tfk113-cudnn-states
tfk113-gru-resetfalse-hs tfk20-cudnn-mixed tfk20-siamese tfk212-bidir-backwardlayer
tfk212-policy-float64-keras tfk215-conv2d-groups tfk215-cudnn-nested tfk215-frozen-parts
tfk215-rnn-one-cell tfk215-stateful-other tfk24-gru-resetfalse-hs tfk24-hard-einsum
tfk212-multi-output-keras tfk212-timedistributed tfk28-zoo-convolutions
""".split()
"""One of each kind of layer, layout and step."""


@pytest.mark.parametrize("case", CASES)
def test_every_step_left_out_is_seen_by_behaviour_and_by_placement(
    case: str, subject_for: Callable[[str], Subject]
) -> None:
    subject = subject_for(case)
    for check in (check_placement, check_behaviour, check_power):
        assert check(subject).verdict == "verified"
    kinds = {path: layer.kind for path, layer in subject.target.graph.walk()}
    unseen, made = defaultdict(list), 0
    for recipe in subject.recipes:
        for step, wrong in forgotten(recipe, subject):
            made += 1
            with holding(subject, {recipe.target: wrong}) as spoilt:
                if check_placement(spoilt).verdict != "failed":
                    unseen["placement"].append(f"{recipe.target}: {step}")
                silent = (kinds[recipe.target.path], recipe.target.role) in WITHOUT_EFFECT
                if not silent and check_behaviour(spoilt).verdict != "failed":
                    unseen["behaviour"].append(f"{recipe.target}: {step}")
    assert made >= len(subject.recipes) / 2
    assert unseen == {}


@pytest.mark.parametrize("case", CASES[::3])
def test_two_variables_of_one_shape_swapped_are_seen(
    case: str, subject_for: Callable[[str], Subject]
) -> None:
    subject = subject_for(case)
    weights, by_shape = subject.target.weights, defaultdict(list)
    for recipe in subject.recipes:
        if "variance" not in recipe.target.role:
            by_shape[recipe.shape].append(recipe.target)
    for keys in by_shape.values():
        for one, other in pairwise(keys):
            if np.array_equal(weights[one], weights[other]):
                continue
            with holding(subject, {one: weights[other], other: weights[one]}) as spoilt:
                assert check_placement(spoilt).verdict == "failed", (one, other)
                assert check_behaviour(spoilt).verdict == "failed", (one, other)
