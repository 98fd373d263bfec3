"""What the grammar expects at each place of a mapping file, in plain words.

`spot` follows pydantic's path to an error through the grammar's types; of a union it takes the branch that
the value is of, so that a mistake in a list of rules is not told a second time as "not a rule".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from lstm_migrate.mapping.document import USER_SECTIONS, Document

Path = tuple[int | str, ...]

OF_KEY = "[key]"  # how pydantic marks an error of a key itself
_WORDS: Mapping[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Any: "a value",
}
_KINDS: Mapping[Any, tuple[type, ...]] = {str: (str,), bool: (bool,), int: (int,), float: (int, float)}


@dataclass(frozen=True)
class Spot:
    """A place in the file, by its keys; the type of what is expected there; the grammar's part around it."""

    path: Path
    type: Any
    owner: type[BaseModel] | None
    of_key: bool = False


def spot(location: Sequence[int | str], value: Any) -> Spot | None:
    """Where an error of pydantic's is; None if it is about a branch of a union of which the value is not."""
    found = Spot((), Document, None)
    for part in location:
        branches = _branches(found.type)
        if part == OF_KEY:
            return Spot(found.path, str, found.owner, of_key=True)
        if len(branches) > 1:
            suiting = [branch for branch in branches if suits(branch, value)]
            if not suiting:
                return found
            tag = str(part).partition("[")[0].removeprefix("constrained-")
            chosen = next(branch for branch in branches if _tag(branch) == tag)
            if chosen not in suiting:
                return None
            found = Spot(found.path, chosen, found.owner)
        else:
            found = Spot((*found.path, part), *_inside(branches[0], part))
            value = _within(value, part)
    return found


def nothings(type_: Any, value: Any, path: Path = ()) -> Iterator[Spot]:
    """Keys with nothing behind them: an optional fact that is left empty was forgotten."""
    for branch in _branches(type_):
        if not suits(branch, value):
            continue
        inner = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for key, child in inner:
            expected, owner = _inside(branch, key)
            if child is None and owner is not None and _branches(expected) != (Any,):
                yield Spot((*path, key), expected, owner)
            elif expected is not Any:
                yield from nothings(expected, child, (*path, key))


def suits(type_: Any, value: Any) -> bool:
    """Whether a value is of the kind of a type, whatever may be wrong inside it."""
    kind = _bare(type_)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return isinstance(value, dict)
    if get_origin(kind) in (list, dict):
        return isinstance(value, get_origin(kind))
    if get_origin(kind) is Literal:
        return isinstance(value, tuple({type(word) for word in get_args(kind)}))
    return kind is Any or (isinstance(value, _KINDS[kind]) and (kind is bool or not isinstance(value, bool)))


def spelled(type_: Any) -> str:
    """What a type expects: "text or a list of text"."""
    return " or ".join(_spelled(branch) for branch in _branches(type_))


def shown_type(type_: Any) -> str:
    """The same in few words, for a table."""
    return " or ".join(_in_short(branch) for branch in _branches(type_))


def words(type_: Any) -> tuple[str, ...]:
    """The words that are allowed, if only some are."""
    return tuple(
        str(word) for branch in _branches(type_) if get_origin(branch) is Literal for word in get_args(branch)
    )


def keys(part: type[BaseModel]) -> list[str]:
    """The keys that a part of the grammar has, as they are written in a file."""
    return [info.alias or name for name, info in part.model_fields.items()]


def shown_keys(part: type[BaseModel]) -> list[str]:
    """Those of them that a message lists: of the whole file, what users write."""
    return USER_SECTIONS if part is Document else keys(part)


@cache
def homes() -> Mapping[str, tuple[str, ...]]:
    """Where each key belongs: the sections in which it may stand, as "layouts: NAME"."""
    found: dict[str, list[str]] = {}
    for section in (*USER_SECTIONS, "classes", "cells"):
        for place, part in _parts(section, Document.model_fields[section].annotation):
            for key in keys(part):
                found.setdefault(key, []).append(place)
    return {
        key: tuple(sorted(dict.fromkeys(places), key=lambda place: place.count(":")))
        for key, places in found.items()
    }


def _parts(place: str, type_: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    for branch in _branches(type_):
        if isinstance(branch, type) and issubclass(branch, BaseModel):
            yield place, branch
            for key, info in branch.model_fields.items():
                yield from _parts(f"{place}: {info.alias or key}", info.annotation)
        elif get_origin(branch) is dict:
            yield from _parts(f"{place}: NAME", get_args(branch)[1])
        elif get_origin(branch) is list:
            yield from _parts(place, get_args(branch)[0])


def _bare(type_: Any) -> Any:
    return _bare(get_args(type_)[0]) if get_origin(type_) is Annotated else type_


def _branches(type_: Any) -> tuple[Any, ...]:
    """What a value may be of, without the nothing that a key left out is."""
    kind = _bare(type_)
    if get_origin(kind) in (Union, UnionType):
        return tuple(_bare(member) for member in get_args(kind) if member is not type(None))
    return (kind,)


def _tag(branch: Any) -> str:
    """How pydantic calls a branch in the path of an error, up to the first bracket."""
    origin = get_origin(branch)
    if origin is Literal:
        return "literal"
    return str((origin or branch).__name__)


def _inside(kind: Any, key: int | str) -> tuple[Any, type[BaseModel] | None]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        named = {info.alias or name: info.annotation for name, info in kind.model_fields.items()}
        return named.get(str(key), Any), kind
    if get_origin(kind) is dict:
        return get_args(kind)[1], None
    return (get_args(kind)[0], None) if get_origin(kind) is list else (Any, None)


def _within(value: Any, key: int | str) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    return value[key] if isinstance(value, list) and isinstance(key, int) and key < len(value) else None


def _spelled(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"keys, some of {', '.join(shown_keys(kind))}"
    if get_origin(kind) is Literal:
        listed = [str(word) for word in get_args(kind)]
        return listed[0] if len(listed) == 1 else f"one of {', '.join(listed)}"
    if get_origin(kind) is list:
        return f"a list of {_plural(get_args(kind)[0])}, as [a, b]"
    if get_origin(kind) is dict:
        return f"names with {spelled(get_args(kind)[1])} behind each"
    return _WORDS.get(kind, "a value")


def _in_short(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "keys"
    if get_origin(kind) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(kind))
    if get_origin(kind) is list:
        return f"list of {shown_type(get_args(kind)[0])}{or_null(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return f"names → {shown_type(get_args(kind)[1])}"
    return _WORDS.get(kind, "a value").removeprefix("a ")


def _plural(type_: Any) -> str:
    branch = _branches(type_)[0]
    entries = isinstance(branch, type) and issubclass(branch, BaseModel)
    return "entries with keys" if entries else f"{spelled(type_)}{or_null(type_)}"


def or_null(type_: Any) -> str:
    """Of what stands in a list: there nothing is something."""
    return " or null" if type(None) in get_args(_bare(type_)) else ""
