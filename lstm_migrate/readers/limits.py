"""The sizes beyond which a file is refused instead of read.

Each stands far above what any real checkpoint needs; a file that passes one wants to exhaust its reader.
"""

from __future__ import annotations

MIB = 2**20
GIB = 2**30

MAX_CONFIG_BYTES = 64 * MIB
"""Text of a config, and of any list of names."""

MAX_JSON_DEPTH = 200
"""Brackets inside brackets. A model nested in a model costs three levels, so about sixty of those."""

MAX_NAMES = 100_000
"""Names in one list: layers of a model, or arrays of a layer."""

MAX_OBJECTS = 500_000
"""Groups and datasets in one HDF5 file."""

MAX_GROUP_DEPTH = 100
"""HDF5 groups inside groups; layer names with slashes nest a dozen at most."""

MAX_RANK = 16
"""Axes of an array; a 3-D convolution has five."""

MAX_TENSOR_BYTES = 64 * GIB
"""One array as its header claims it."""

FREE_EXPANSION_BYTES = 16 * MIB
"""An array or a chunk up to this size may be compressed as well as it likes (zeros compress 1000 : 1)."""

MAX_COMPRESSION_RATIO = 200
"""Claimed size against stored size beyond that; trained weights hardly reach 2."""

MAX_MEMBERS = 10_000
"""Entries of one archive; the assets of a model are a few dozen files."""

MAX_SHARDS = 500
"""Files of one sharded store: all are held open, and systems allow about a thousand."""
