"""Evidence: all checks together, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from lstm_migrate.report import Check, CheckName, Verdict
from lstm_migrate.verification.behaviour import check_behaviour
from lstm_migrate.verification.common_ground import faults
from lstm_migrate.verification.placement import check_placement
from lstm_migrate.verification.power import check_power
from lstm_migrate.verification.recorded import Recording, check_recorded
from lstm_migrate.verification.resizing import Resizing, check_resized_recorded
from lstm_migrate.verification.subject import Subject

Advance = Callable[[str], None]
Makers = list[tuple[CheckName, Callable[[], Check]]]

CONVERTED: tuple[CheckName, ...] = ("placement", "behaviour", "power")
RESIZED: tuple[CheckName, ...] = ("resized placement", "resized behaviour", "resized power")


def gather(
    subject: Subject, recording: Recording | None, advance: Advance, resizing: Resizing | None = None
) -> tuple[Check, ...]:
    """Every check that can be made; later ones are left out once one has failed.

    `resizing`: the second half of the proof, if the subject's target is not the file but the full model that
    the file was made of.
    """
    checks: list[Check] = []
    makers: Makers = [
        ("placement", lambda: check_placement(subject)),
        ("behaviour", lambda: check_behaviour(subject)),
        ("power", lambda: check_power(subject)),
    ]
    if resizing is not None:
        makers = _with_resizing(makers, resizing)
    if recording is not None:
        makers.append(("recorded", lambda: _recorded(subject, recording, resizing)))
    if subject.assumed:
        makers.append(("assumptions", lambda: _assumptions(subject)))
    for name, make in makers:
        advance(name)
        checks.append(make())
        if checks[-1].verdict == "failed":
            break
    order = (*CONVERTED, *RESIZED, "recorded", "assumptions")
    return tuple(sorted(checks, key=lambda check: order.index(check.name)))


def _with_resizing(makers: Makers, resizing: Resizing) -> Makers:
    """The resizing's placement comes right behind the other, for it finds out which arrays need not be read
    again."""
    placement, *others = makers
    resized = resizing.subject
    return [
        placement,
        ("resized placement", lambda: _named("resized placement", _placed(resizing))),
        *others,
        ("resized behaviour", lambda: _named("resized behaviour", check_behaviour(resized))),
        ("resized power", lambda: _named("resized power", check_power(resized))),
    ]


def _placed(resizing: Resizing) -> Check:
    check = check_placement(resizing.subject)
    wrong = faults(resizing.subject, exact=resizing.exact) if check.verdict != "failed" else []
    return replace(check, verdict="failed", detail="; ".join(wrong)) if wrong else check


def _named(name: CheckName, check: Check) -> Check:
    return replace(check, name=name)


def _recorded(subject: Subject, recording: Recording, resizing: Resizing | None) -> Check:
    check = check_recorded(subject, recording)
    return check if resizing is None else check_resized_recorded(check, subject, recording, resizing)


def _assumptions(subject: Subject) -> Check:
    """What no check can see: all of them compare with a source model that is itself assumed."""
    count = len(subject.assumed)
    said = f"{count} thing{'s' * (count > 1)} about the source {'are' if count > 1 else 'is'} assumed"
    return Check("assumptions", "unproven", said, {"assumed": count}, subject.assumed)


def verdict(checks: Sequence[Check]) -> Verdict:
    """What the checks show together.

    One failure is a failure, and no checks are no proof. Recorded outputs prove the whole model that they
    are of, so they outweigh a check that could not reach a part of it, though not what is assumed and they
    leave open: of a resized file they prove what it was made of, unless it computes them itself. Behaviour
    outweighs a placement that could not follow the arrays of a file that somebody else made. Otherwise every
    check must stand.
    """
    said = {check.name: check.verdict for check in checks}
    if "failed" in said.values():
        return "failed"
    proven = _proven(checks)
    for names in (CONVERTED, RESIZED) if any(name in said for name in RESIZED) else (CONVERTED,):
        placement, behaviour, _ = names
        if names in proven:
            said = {name: one for name, one in said.items() if name not in names}
        elif behaviour not in said:
            return "inconclusive"
        elif said.get(placement) == "unproven" and said[behaviour] == "verified":
            del said[placement]
    if "inconclusive" in said.values():
        return "inconclusive"
    return "unproven" if "unproven" in said.values() else "verified"


def _proven(checks: Sequence[Check]) -> list[tuple[CheckName, ...]]:
    """Which checks a recording makes up for."""
    for check in checks:
        if check.name == "recorded" and check.verdict == "verified":
            return [CONVERTED, RESIZED] if "resized_error" in check.measured else [CONVERTED]
    return []
