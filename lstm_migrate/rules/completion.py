"""Completion: the steps between what a derived way leaves and what the target wants, in their order.

A way moves values and leaves what would change a meaning: two biases that become one, a forget bias of
run time, coupled gates, an inverted update gate. Activations are another matter (`hard_sigmoid.py`).
"""

from __future__ import annotations

from dataclasses import replace

from lstm_migrate.layouts.derive import Way, content, coupled
from lstm_migrate.layouts.layout import Layout
from lstm_migrate.layouts.steps import Rearrange, Step
from lstm_migrate.rules.add_forget_bias import AddForgetBias
from lstm_migrate.rules.couple_gates import CoupleGates
from lstm_migrate.rules.invert_gate import InvertGate
from lstm_migrate.rules.sum_biases import SumBiases


def completed(way: Way, role: str, source: Layout, target: Layout) -> Way:
    """The way with all steps that the two layouts' facts ask for, up to the form that `target` wants."""
    form, goal = way.form, way.goal
    steps: list[Step] = []
    apart = target.tensors[role].apart
    if "set" in form.axes.symbols and "set" not in goal.axes.symbols:
        summed = SumBiases(form)
        steps.append(summed)
        form = summed.after
    forgotten = source.forget_bias - target.forget_bias
    if forgotten and not apart and not content(goal.axes.symbols):
        # Before gates are coupled: what is 1 − f follows an f with its bias.
        steps.append(AddForgetBias(form, forgotten))
    if coupled(form, goal):
        added = CoupleGates(form, source.coupled)
        steps.append(added)
        form = added.after
    if source.update_gate != target.update_gate and not apart:
        steps.append(InvertGate(form))
    if (str(form.axes), form.gates, form.poured) != (str(goal.axes), goal.gates, goal.poured):
        steps.append(Rearrange(form, goal))
    return replace(way, steps=(*way.steps, *steps), form=goal)
