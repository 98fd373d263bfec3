"""NumPy's numbers in YAML are read from their bytes, as Python 2 and 3 wrote them."""

from __future__ import annotations

import pytest

from lstm_migrate.errors import SourceError
from lstm_migrate.readers.yaml_text import parse_plain


def written(data: str, kind: str = "i8", called: str = "numpy.dtype") -> bytes:
    return f"""input_dim: !!python/object/apply:numpy.core.multiarray.scalar
- !!python/object/apply:{called}
  args: [{kind}, 0, 1]
  state: !!python/tuple [3, <, null, null, null, -1, -1, 0]
- {data}
""".encode()


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        ("!!binary WgAAAAAAAAA=", "i8", 90),
        ('"Z\\0\\0\\0\\0\\0\\0\\0"', "i8", 90),
        ("!!binary AADAPw==", "f4", 1.5),
    ],
)
def test_a_number_is_read_from_its_bytes(data: str, kind: str, expected: float) -> None:
    assert parse_plain(written(data, kind), "a").value == {"input_dim": expected}


@pytest.mark.parametrize(
    "text",
    [
        written("!!binary WgA="),
        written("!!binary WgAAAAAAAAA=", "O8"),
        written("!!binary WgAAAAAAAAA=", called="os.system"),
        b"a: !!python/object/apply:numpy.core.multiarray.scalar []",
        b"a: !!python/object/apply:numpy.core.multiarray.scalar x",
    ],
)
def test_what_numpy_does_not_write_so_is_refused(text: bytes) -> None:
    with pytest.raises(SourceError, match="number of NumPy"):
        parse_plain(text, "a")
