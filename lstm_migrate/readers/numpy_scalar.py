"""NumPy's numbers in YAML: old Keras computed some sizes with NumPy, and PyYAML wrote how to call for them.

Such a number is a type's name, its byte order and its bytes; it is read from these, and nothing is called.
"""

from __future__ import annotations

import struct
from base64 import b64decode
from typing import Any

TAG = "tag:yaml.org,2002:python/object/apply:numpy.core.multiarray.scalar"
_TYPE = "tag:yaml.org,2002:python/object/apply:numpy.dtype"
_BYTES = "tag:yaml.org,2002:binary"

# NumPy's name of a type → struct's.
_CODES = {
    "b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q",
    "f2": "e", "f4": "f", "f8": "d",
}  # fmt: skip
_ORDERS = {"<": "<", ">": ">", "|": "<", "=": "<"}


def number(node: Any) -> int | float | bool:
    """The number that a node of TAG stands for; ValueError if it is none."""
    try:
        kind, written = node.value
        parts = {key.value: [item.value for item in value.value] for key, value in kind.value}
        code, order = _CODES[parts["args"][0]], _ORDERS[parts["state"][1]]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError("not as NumPy writes a number") from error
    if kind.tag != _TYPE or not isinstance(written.value, str):
        raise ValueError("not as NumPy writes a number")
    # Python 2 writes bytes below 128 as text.
    held = b64decode(written.value) if written.tag == _BYTES else written.value.encode("latin-1")
    try:
        found: int | float | bool = struct.unpack(order + code, held)[0]
    except struct.error as error:
        raise ValueError(str(error)) from error
    return found
