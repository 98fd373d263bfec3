"""Values in a Keras 3 config: tensors, slices, tuples, arrays, and where a serialized object comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lstm_migrate.architecture.drafting import Draft, text
from lstm_migrate.graph import Ref

HOMES = ("keras", "tf_keras", "tensorflow", "builtins")
"""The packages whose classes are stock ones. A custom class says its module, or a package in its name."""

TENSOR, SLICE, ELLIPSIS, ARRAY, TUPLE, LIST = (
    "__keras_tensor__", "__slice__", "__ellipsis__", "__numpy__", "__tuple__", "__list__"
)  # fmt: skip
MAX_ELEMENTS = 1 << 24


def stranger(entry: Mapping[str, Any]) -> str:
    """Where an object's class comes from, in words, if that is not Keras; "" for a stock class.

    A class of the same name as a stock one may compute anything.
    """
    module, registered = entry.get("module"), entry.get("registered_name")
    if isinstance(module, str) and module and module.split(".")[0] not in HOMES:
        return f"class {text(entry.get('class_name'))} of module {text(module)}"
    if isinstance(registered, str) and ">" in registered:
        return f"the registered class {text(registered)}"
    return ""


def history(item: Any) -> Ref | None:
    """[layer, call, output] as a Ref; None if it is something else."""
    if not isinstance(item, list) or len(item) != 3 or not isinstance(item[0], str):
        return None
    if not all(type(number) is int and number >= 0 for number in item[1:]):
        return None
    return Ref(*item)


class Values:
    """Reads values at one place of a config. `known` corrects the number of a tensor's call."""

    def __init__(self, draft: Draft, where: str, known: Callable[[Ref], Ref] = lambda ref: ref) -> None:
        self.draft, self.where, self.known = draft, where, known

    def table(self, items: Mapping[str, Any]) -> dict[str, Any]:
        """A table of values by name."""
        return {str(key): self.value(value) for key, value in items.items()}

    def value(self, item: Any) -> Any:
        """What `item` stands for; a problem and None if it makes no sense."""
        if isinstance(item, list):
            return [self.value(inner) for inner in item]
        if not isinstance(item, Mapping):
            return item
        reader = READERS.get(str(item.get("class_name")))
        if reader is not None:
            return reader(self, item)
        if "class_name" in item and "config" in item and "module" in item:
            return self._wrong("an object", item)
        return self.table(item)

    def _wrong(self, what: str, item: Any) -> None:
        self.draft.problem(f"{what} among the arguments of a call", self.where, found=text(item))

    def _tensor(self, item: Mapping[str, Any]) -> Any:
        config = item.get("config")
        ref = history(config.get("keras_history")) if isinstance(config, Mapping) else None
        return self._wrong("a tensor without a history", item) if ref is None else self.known(ref)

    def _slice(self, item: Mapping[str, Any]) -> Any:
        config = item.get("config")
        if not isinstance(config, Mapping):
            return self._wrong("a slice without bounds", item)
        return slice(*(self.value(config.get(part)) for part in ("start", "stop", "step")))

    def _ellipsis(self, _: Mapping[str, Any]) -> Any:
        return Ellipsis

    def _array(self, item: Mapping[str, Any]) -> Any:
        config = item.get("config")
        try:
            assert isinstance(config, Mapping)
            found = np.array(config["value"], np.dtype(str(config["dtype"])))
        except (AssertionError, LookupError, TypeError, ValueError, OverflowError):
            return self._wrong("an array that is none", item)
        if found.dtype.kind not in "biuf" or found.size > MAX_ELEMENTS:
            return self._wrong(f"an array of {found.dtype}", item)
        return found

    def _tuple(self, item: Mapping[str, Any]) -> Any:
        items = item.get("items", item.get("config"))
        return tuple(self.value(inner) for inner in items) if isinstance(items, list) else ()


READERS: dict[str, Callable[[Values, Mapping[str, Any]], Any]] = {
    TENSOR: Values._tensor,
    SLICE: Values._slice,
    ELLIPSIS: Values._ellipsis,
    ARRAY: Values._array,
    TUPLE: Values._tuple,
    LIST: Values._tuple,
}
