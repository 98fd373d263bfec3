"""Changes of meaning, one a module, from a closed list. Each has sizes, values and an effect.

`RULES` is that list, by the name under which plans and mapping files speak of it.
"""

from __future__ import annotations

from lstm_migrate.layouts.steps import Step
from lstm_migrate.rules.hard_sigmoid import FoldHardSigmoid
from lstm_migrate.rules.sum_biases import SumBiases

RULES: dict[str, type[Step]] = {
    "fold_hard_sigmoid": FoldHardSigmoid,
    "sum_biases": SumBiases,
}
