"""Names that Keras makes of class names."""

from __future__ import annotations

import re


def snake_case(name: str) -> str:
    """A class name as the saving library writes it: LSTM → lstm, ConvLSTM2D → conv_lstm2d."""
    words = re.sub(r"(?<=.)(?=[A-Z][a-z])", "_", name)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", words).lower()
