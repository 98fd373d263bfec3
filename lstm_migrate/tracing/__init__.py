"""Tracing: where one number of the new model comes from, through which steps, and where else it goes.

From headers alone: numbers that name their own position are led through the plan, as the proof of
placement leads them, and no value is read.
"""

from __future__ import annotations

from lstm_migrate.tracing.trace import traced

__all__ = ["traced"]
