"""Trying: whether the mapping file that is offered carries other sizes through the whole model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lstm_migrate.beside import Given
from lstm_migrate.diagnosis.case import Case
from lstm_migrate.diagnosis.finding import Finding
from lstm_migrate.errors import LstmMigrateError
from lstm_migrate.mapping.document import Document
from lstm_migrate.mapping.loading import UserMapping
from lstm_migrate.mapping.user import UserRules
from lstm_migrate.opening import plan_of
from lstm_migrate.readers.yaml_text import read_plain

NAME = "the mapping file"  # that is not written yet


def tried(case: Case, given: Given) -> Case:
    """The case as it is, or without rules for sizes if a conversion under its mapping file would fail."""
    sizes = any(_is_tried(one) for _, listed in case.found for one in listed)
    if case.verdict != "mended" or not sizes:
        return case
    try:
        plan_of(case.opened, _under(case, given), allow_lossy=case.lossy)
    except LstmMigrateError as error:
        found = [(pair, [_otherwise(one) for one in listed]) for pair, listed in case.found]
        return replace(case, found=found, obstacle=error.problems[0].sentence())
    return case


def _under(case: Case, given: Given) -> Given:
    """What is given beside the source when the mapping file is used as its heading says."""
    parsed = read_plain(case.mapping.encode(), NAME)
    mapping = UserMapping(Path(NAME), Document.model_validate(parsed.value), parsed)
    others = () if case.whole else given.rules.mappings
    rules = UserRules((*others, mapping), given.rules.settings)
    architecture = given.architecture if case.told else case.architecture or case.target
    return replace(given, architecture=architecture, stated=rules)


def _is_tried(one: Finding) -> bool:
    return one.cure is not None and one.cure.otherwise is not None


def _otherwise(one: Finding) -> Finding:
    return one if one.cure is None or one.cure.otherwise is None else one.cure.otherwise
