"""The names that the package promises: few, importable, documented."""

from __future__ import annotations

import inspect

import pytest

import lstm_migrate


def test_there_are_a_dozen_names_at_most():
    assert 0 < len(lstm_migrate.__all__) <= 12
    assert len(set(lstm_migrate.__all__)) == len(lstm_migrate.__all__)


def test_dir_shows_the_promised_names():
    assert dir(lstm_migrate) == sorted(lstm_migrate.__all__)


@pytest.mark.parametrize("name", lstm_migrate.__all__)
def test_each_name_is_there_and_says_what_it_is(name):
    value = getattr(lstm_migrate, name)
    assert value.__name__ == name
    assert inspect.getdoc(value)


@pytest.mark.parametrize("name", ["convert", "inspect", "plan", "verify"])
def test_options_are_keyword_only(name):
    parameters = inspect.signature(getattr(lstm_migrate, name)).parameters.values()
    given = [parameter.name for parameter in parameters if parameter.kind is not parameter.KEYWORD_ONLY]
    assert given in (["source"], ["source", "target"])


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'lstm_migrate' has no attribute 'translate'"):
        lstm_migrate.translate  # noqa: B018
