"""Changes of meaning, one a module, from a closed list. Each has sizes, values and an effect.

`RULES` is that list, by the name under which plans and mapping files speak of it.
"""

from __future__ import annotations

from lstm_migrate.layouts.steps import Step
from lstm_migrate.rules.add_forget_bias import AddForgetBias
from lstm_migrate.rules.couple_gates import CoupleGates
from lstm_migrate.rules.cut import Cut
from lstm_migrate.rules.fold_in import FoldIn
from lstm_migrate.rules.grow import Grow
from lstm_migrate.rules.hard_sigmoid import FoldHardSigmoid
from lstm_migrate.rules.invert_gate import InvertGate
from lstm_migrate.rules.negate import Negate
from lstm_migrate.rules.shift import Shift
from lstm_migrate.rules.square_deviation import SquareDeviation
from lstm_migrate.rules.sum_biases import SumBiases

RULES: dict[str, type[Step]] = {
    "add_forget_bias": AddForgetBias,
    "couple_gates": CoupleGates,
    "cut": Cut,
    "fold_hard_sigmoid": FoldHardSigmoid,
    "fold_in": FoldIn,
    "grow": Grow,
    "invert_gate": InvertGate,
    "negate": Negate,
    "shift": Shift,
    "square_deviation": SquareDeviation,
    "sum_biases": SumBiases,
}
