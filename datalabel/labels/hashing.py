"""Fingerprints of rows, computed over whole columns at once.

`hash_rows` serves three masters with one mechanism: it mints label ids, it finds equal rows for the
matcher, and it tells whether a source still says the same about an item. The function is written down
here to the last constant because minted ids must be the same on every machine and with every version of
every library.

Each cell becomes a 64-bit number: XXH3 of the UTF-8 for text, the bits for integers, the IEEE 754 bits for
floats (−0 counts as 0), and for lists the mixed sum over cells of their bits plus their position times an
odd constant. Null is a constant of its own. Cells of a row are chained by the finaliser of SplitMix64
(Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import fingerprints
from datalabel.labels.arrays import one_array
from datalabel.threads import in_order

Hashes = npt.NDArray[np.uint64]

PIECE = 1 << 14
"""Rows are hashed so many at a time: what is needed beside them stays small, and near the processor."""

LISTS = 1 << 11
"""Lists are hashed so many at a time: each of them is many numbers."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_NULL = np.uint64(0xD1B54A32D192ED03)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)


def mix(values: Hashes) -> Hashes:
    """The finaliser of SplitMix64, element by element."""
    z = values + _GOLDEN
    shifted = z >> np.uint64(30)
    for factor, bits in ((_M1, 27), (_M2, 31)):
        z ^= shifted
        z *= factor
        np.right_shift(z, np.uint64(bits), out=shifted)
    z ^= shifted
    return z


def hash_rows(table: pa.Table, columns: Sequence[str]) -> Hashes:
    """A 64-bit hash of each row over the named columns, in the order in which they are named.

    Rows that are equal in these columns have equal hashes, wherever and whenever they are computed.
    """
    if table.num_rows > PIECE:
        starts = range(0, table.num_rows, PIECE)
        pieces = (table.slice(start, PIECE) for start in starts)
        return np.concatenate(list(in_order(partial(hash_rows, columns=columns), pieces)))
    state = np.full(table.num_rows, np.uint64(len(columns)), dtype=np.uint64)
    for name in columns:
        state = mix(state ^ _hash_column(table.column(name)))
    return state


def combine(hashes: Hashes, groups: npt.NDArray[np.int64], count: int) -> Hashes:
    """One hash per group of rows: a mixed sum, so the order of rows inside a group does not count."""
    total = np.zeros(count, dtype=np.uint64)
    np.add.at(total, groups, mix(hashes))
    return mix(total)


def _hash_column(column: pa.ChunkedArray) -> Hashes:
    array = one_array(column)
    if pa.types.is_list(array.type):
        return _hash_lists(array)
    if pa.types.is_string(array.type) or pa.types.is_dictionary(array.type):
        return _hash_texts(array)
    bits = _bits(array)
    return _with_nulls(bits, array)


def _bits(array: pa.Array) -> Hashes:
    if pa.types.is_floating(array.type):
        filled = array.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False)
        return np.ascontiguousarray(filled + 0.0).view(np.uint64)
    filled = array.fill_null(False if pa.types.is_boolean(array.type) else 0)
    numbers = filled.to_numpy(zero_copy_only=False)
    return numbers.astype(np.uint64) if numbers.dtype == np.bool_ else _widened(numbers)


def _widened(numbers: npt.NDArray[np.integer]) -> Hashes:
    wide = np.int64 if np.issubdtype(numbers.dtype, np.signedinteger) else np.uint64
    return np.ascontiguousarray(numbers.astype(wide)).view(np.uint64)


def _hash_texts(array: pa.Array) -> Hashes:
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    texts = encoded.dictionary.cast(pa.binary()).to_pylist()
    words = np.fromiter(fingerprints(texts), dtype=np.uint64, count=len(texts))
    codes = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    hashes = words[codes] if len(words) else np.zeros(len(array), dtype=np.uint64)
    return _with_nulls(hashes, array)


def hash_numbers(column: pa.ChunkedArray) -> Hashes:
    """A 64-bit hash of each text of a column that mostly holds whole numbers, which are hashed as such: in a fraction
    of the time, but to other values than those of `hash_rows`."""
    texts = one_array(column)
    length = pc.binary_length(texts)
    other = pc.or_(pc.greater(length, 18), pc.and_(pc.starts_with(texts, "0"), pc.greater(length, 1)))
    whole = pc.and_not(pc.ascii_is_decimal(texts), other).fill_null(False)
    if not pc.all(whole, min_count=0).as_py():
        found = _hash_texts(texts)
        rows = np.flatnonzero(whole)
        found[rows] = hash_numbers(texts.filter(whole)) if len(rows) else found[rows]
        return found
    return mix(_bits(texts.cast(pa.int64())))


def _hash_lists(array: pa.ListArray) -> Hashes:
    if len(array) > LISTS:
        starts = range(0, len(array), LISTS)
        return np.concatenate([_hash_lists(array.slice(start, LISTS)) for start in starts])
    lengths = pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    values = _bits(array.flatten())
    starts = np.cumsum(lengths) - lengths
    # Position plus one, times the constant: what the whole array has there, less what it has at the row's start.
    places = np.arange(1, len(values) + 1, dtype=np.uint64) * _M1
    places -= np.repeat(starts.astype(np.uint64) * _M1, lengths)
    cells = mix(values ^ places)
    total = np.zeros(len(array), dtype=np.uint64)
    filled = lengths > 0
    if filled.any():
        total[filled] = np.add.reduceat(cells, starts[filled])
    return _with_nulls(mix(total ^ lengths.astype(np.uint64)), array)


def _with_nulls(hashes: Hashes, array: pa.Array) -> Hashes:
    if not array.null_count:
        return hashes
    return np.where(array.is_null().to_numpy(zero_copy_only=False), _NULL, hashes)
