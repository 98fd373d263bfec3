"""Evidence: all checks together, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lstm_migrate.report import Check, Verdict
from lstm_migrate.verification.behaviour import check_behaviour
from lstm_migrate.verification.placement import check_placement
from lstm_migrate.verification.power import check_power
from lstm_migrate.verification.recorded import Recording, check_recorded
from lstm_migrate.verification.subject import Subject

Advance = Callable[[str], None]


def gather(subject: Subject, recording: Recording | None, advance: Advance) -> tuple[Check, ...]:
    """Every check that can be made; later ones are left out once one has failed."""
    checks: list[Check] = []
    makers: list[tuple[str, Callable[[], Check]]] = [
        ("placement", lambda: check_placement(subject)),
        ("behaviour", lambda: check_behaviour(subject)),
        ("power", lambda: check_power(subject)),
    ]
    if recording is not None:
        makers.append(("recorded", lambda: check_recorded(subject, recording)))
    if subject.assumed:
        makers.append(("assumptions", lambda: _assumptions(subject)))
    for name, make in makers:
        advance(name)
        checks.append(make())
        if checks[-1].verdict == "failed":
            break
    return tuple(checks)


def _assumptions(subject: Subject) -> Check:
    """What no check can see: all of them compare with a source model that is itself assumed."""
    count = len(subject.assumed)
    said = f"{count} thing{'s' * (count > 1)} about the source {'are' if count > 1 else 'is'} assumed"
    return Check("assumptions", "unproven", said, {"assumed": count}, subject.assumed)


def verdict(checks: Sequence[Check]) -> Verdict:
    """What the checks show together.

    One failure is a failure, and no checks are no proof. Recorded outputs prove the whole model, so they
    outweigh a check that could not reach a part of it, though not what is assumed and they leave open. So
    does behaviour where placement could not follow the arrays of a file that somebody else made.
    Otherwise every check must stand.
    """
    said = {check.name: check.verdict for check in checks}
    if "failed" in said.values():
        return "failed"
    if said.get("recorded") == "verified":
        return "unproven" if "assumptions" in said else "verified"
    if said.get("behaviour") is None:
        return "inconclusive"
    if said.get("placement") == "unproven" and said["behaviour"] == "verified":
        del said["placement"]
    if "inconclusive" in said.values():
        return "inconclusive"
    return "unproven" if "unproven" in said.values() else "verified"
