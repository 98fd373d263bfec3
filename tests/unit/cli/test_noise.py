"""Compiled code that logs is not heard; this package is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import os, sys, warnings
from lstm_migrate.cli.noise import kept_away
with kept_away():
    os.write(2, b"log of compiled code\\n")
    warnings.warn("of another package")
    print("ours", file=sys.stderr)
os.write(2, b"behind\\n")
print("the end", file=sys.stderr)
"""


def stderr_of(code: str, **variables: str) -> list[str]:
    environment = {name: value for name, value in os.environ.items() if name != "LSTM_MIGRATE_TRACEBACK"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr.splitlines()


def test_only_the_noise_is_kept_away():
    assert stderr_of(CODE) == ["ours", "behind", "the end"]


def test_nothing_is_kept_from_those_who_look_for_a_bug():
    lines = stderr_of(CODE, LSTM_MIGRATE_TRACEBACK="1")
    assert "log of compiled code" in lines
    assert any("of another package" in line for line in lines)


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "ValueError('x')"])
def test_stderr_is_back_after_an_error(error):
    code = (
        "import os\nfrom lstm_migrate.cli.noise import kept_away\n"
        f"try:\n    with kept_away():\n        raise {error}\n"
        "except BaseException:\n    os.write(2, b'back')\n"
    )
    assert stderr_of(code) == ["back"]


def test_a_value_that_the_user_set_stays():
    code = (
        "import os, sys\nfrom lstm_migrate.cli.noise import kept_away\n"
        "with kept_away():\n    print(os.environ['TF_CPP_MIN_LOG_LEVEL'], file=sys.stderr)\n"
    )
    assert stderr_of(code, TF_CPP_MIN_LOG_LEVEL="1") == ["1"]
