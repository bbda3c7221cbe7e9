"""Lists of JSON numbers, parsed and printed in bulk.

Digits become doubles in Arrow's CSV reader, which rounds correctly (as Python does) and makes no Python
object per number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from datalabel.formats.coco.columns import blob_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

EXACT = 2.0**53
"""Integers from here on are not all doubles."""

_ALLOWED = b"0123456789+-.eE[],"
_TO_LINES = bytes.maketrans(b",]", b"\n\n")
_OPEN, _CLOSE, _COMMA = b"[],"


@dataclass(frozen=True, slots=True)
class NumberLists:
    """Numbers of all rows end to end; offsets of rings into numbers and of rows into rings.

    A row that is not a list of numbers (or of lists of numbers) has no ring and is not `good`.
    """

    values: Floats
    rings: Ints
    rows: Ints
    good: Bools

    @property
    def starts(self) -> Ints:
        """Offset of each row into the numbers (one more than there are rows)."""
        return self.rings[self.rows]


def number_lists(texts: pa.StringArray, depth: int) -> NumberLists:
    """Parse texts without white space: `[1,2]` with depth 1, `[[1,2],[3]]` with depth 2.

    The texts must be valid JSON without nulls; anything in them but such lists makes the row not good.
    """
    good = _plain(texts)
    if good.all():
        good, rings, rows = _structure(texts, depth)
    if not good.all():
        inner = number_lists(texts.filter(pa.array(good)), depth)
        counts = np.zeros(len(texts), np.int64)
        counts[np.flatnonzero(good)[inner.good]] = np.diff(inner.rows)[inner.good]
        good[np.flatnonzero(good)[~inner.good]] = False
        return NumberLists(inner.values, inner.rings, _offsets(counts), good)
    return NumberLists(_parse(texts, int(rings[-1])), rings, rows, good)


def _plain(texts: pa.StringArray) -> Bools:
    """Which rows begin with a bracket and hold nothing but numbers and brackets."""
    blob, offsets = blob_of(texts)
    good = np.ones(len(texts), np.bool_)
    if not blob.translate(None, _ALLOWED):
        first = np.frombuffer(blob, np.uint8)[offsets[:-1]] if len(texts) else np.zeros(0, np.uint8)
        return np.asarray(first == _OPEN)
    for row in range(len(texts)):
        text = blob[offsets[row] : offsets[row + 1]]
        good[row] = text[:1] == b"[" and not text.translate(None, _ALLOWED)
    return good


def _structure(texts: pa.StringArray, depth: int) -> tuple[Bools, Ints, Ints]:
    """Which rows are nested as they should be; offsets of rings and of rows."""
    blob, offsets = blob_of(texts)
    size = len(texts)
    chars = np.frombuffer(blob + b"  ", np.uint8)
    brackets = np.flatnonzero((chars & 0xF9) == (_OPEN & 0xF9))
    opening = chars[brackets] == _OPEN
    level = np.cumsum(np.where(opening, 1, -1)) + np.where(opening, 0, 1)
    following = chars[brackets + 1]
    wrong = level > depth
    if depth == 2:
        outer = (level == 1) & opening
        wrong |= outer & (following != _OPEN) & (following != _CLOSE)
        inner = (level == 2) & ~opening
        ends = (following == _CLOSE) | ((following == _COMMA) & (chars[brackets + 2] == _OPEN))
        wrong |= inner & ~ends
    good = np.ones(size, np.bool_)
    if wrong.any():
        good[np.searchsorted(offsets, brackets[wrong], "right") - 1] = False
        return good, np.zeros(1, np.int64), np.zeros(1, np.int64)
    leaf = level == depth
    opens, closes = brackets[leaf & opening], brackets[leaf & ~opening]
    commas = np.flatnonzero(chars == _COMMA)
    counts = np.searchsorted(commas, closes) - np.searchsorted(commas, opens) + (closes > opens + 1)
    rows = np.searchsorted(opens, offsets)
    return good, _offsets(counts), rows.astype(np.int64)


def _parse(texts: pa.StringArray, count: int) -> Floats:
    if not count:
        return np.zeros(0)
    blob, _ = blob_of(texts)
    lines = blob.translate(_TO_LINES, b"[")
    del blob
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(lines),
            read_options=pyarrow.csv.ReadOptions(column_names=["v"], block_size=1 << 22),
            convert_options=pyarrow.csv.ConvertOptions(column_types={"v": pa.float64()}, null_values=[]),
        )
        values = np.asarray(table.column("v").to_numpy(), np.float64)
    except pa.ArrowInvalid:
        values = np.array([float(line) for line in lines.split()])
    if len(values) != count:  # pragma: no cover
        raise AssertionError("numbers were miscounted")
    return values


def _offsets(counts: npt.NDArray[np.integer]) -> Ints:
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def scalars(texts: pa.StringArray) -> pa.DoubleArray:
    """Texts of JSON numbers as doubles; null for what is no number or out of range."""
    numeric = pc.match_substring_regex(texts, r"^-?[0-9][0-9.eE+-]*$")
    candidates = pc.if_else(numeric, texts, pa.scalar(None, pa.string()))
    values = pc.cast(candidates, pa.float64())
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))


def printed(values: pa.DoubleArray, as_float: bool) -> pa.StringArray:
    """The shortest JSON numbers that give these doubles back; integral ones as `174.0` or `174`."""
    texts = pc.cast(values, pa.string())
    if not as_float:
        return texts
    plain = pc.invert(pc.match_substring_regex(texts, "[.e]"))
    return pc.if_else(plain, pc.binary_join_element_wise(texts, ".0", ""), texts)


def printed_lists(lists: pa.ListArray, as_float: bool) -> pa.StringArray:
    """Lists of doubles as JSON lists; null stays null."""
    texts = pa.ListArray.from_arrays(lists.offsets, printed(lists.values, as_float))
    joined = pc.binary_join_element_wise("[", pc.binary_join(texts, ","), "]", "")
    return pc.if_else(lists.is_valid(), joined, pa.scalar(None, pa.string()))
