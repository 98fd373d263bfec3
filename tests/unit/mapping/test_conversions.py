"""What old configs' values become, one conversion at a time."""

from __future__ import annotations

from typing import Any

import pytest

from lstm_migrate.errors import PlanError
from lstm_migrate.mapping.conversions import CONVERSIONS


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ordering", "th", "channels_first"),
        ("ordering", "tf", "channels_last"),
        ("ordering", "channels_last", "channels_last"),
        ("ends", {"left_pad": 1, "right_pad": 2}, [1, 2]),
        ("ends", {"right_pad": 2}, [0, 2]),
        ("ends", 3, 3),
        ("sides", [1, 2], [1, 2]),
        ("sides", [1, 2, 3, 4], [[1, 2], [3, 4]]),
        ("sides", {"top_pad": 1, "right_pad": 4}, [[1, 0], [0, 4]]),
        ("none_in_a_list", [None], None),
        ("none_in_a_list", [1], [1]),
        ("listed", 3, [3]),
        ("listed", [3], [3]),
        ("contracted", [[1], [2]], [1, 2]),
        ("contracted", -1, -1),
    ],
)
def test_a_value_becomes_what_keras_3_takes(name: str, value: Any, expected: Any) -> None:
    assert CONVERSIONS[name](value) == expected


@pytest.mark.parametrize(
    ("name", "value"), [("ordering", "nchw"), ("contracted", [[1, 2], [1]]), ("single", [])]
)
def test_what_has_no_counterpart_is_refused(name: str, value: Any) -> None:
    with pytest.raises(PlanError):
        CONVERSIONS[name](value)
