"""lstm-migrate: recurrent models of the last decade, converted to today's Keras and proven equal.

import lstm_migrate
report = lstm_migrate.convert("old.h5", "new.keras")
assert report.verified
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstm_migrate.errors import (
        LstmMigrateError,
        MappingError,
        PlanError,
        SourceError,
        TargetError,
        VerificationError,
    )
    from lstm_migrate.pipeline import convert, diagnose, inspect, plan, verify
    from lstm_migrate.report import Report

_HOMES = {
    "convert": "lstm_migrate.pipeline",
    "diagnose": "lstm_migrate.pipeline",
    "inspect": "lstm_migrate.pipeline",
    "plan": "lstm_migrate.pipeline",
    "verify": "lstm_migrate.pipeline",
    "Report": "lstm_migrate.report",
    "LstmMigrateError": "lstm_migrate.errors",
    "MappingError": "lstm_migrate.errors",
    "PlanError": "lstm_migrate.errors",
    "SourceError": "lstm_migrate.errors",
    "TargetError": "lstm_migrate.errors",
    "VerificationError": "lstm_migrate.errors",
}

__all__ = [
    "LstmMigrateError",
    "MappingError",
    "PlanError",
    "Report",
    "SourceError",
    "TargetError",
    "VerificationError",
    "convert",
    "diagnose",
    "inspect",
    "plan",
    "verify",
]


def __getattr__(name: str) -> Any:
    # Resolved on first use, so that importing the package imports neither NumPy nor HDF5.
    if name not in _HOMES:
        raise AttributeError(f"module 'lstm_migrate' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
