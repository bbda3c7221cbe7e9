"""Coordinates in segments as whole hundredths, which most label files give them in: beside doubles they take a third
of the time to write, half of it to read, and three quarters of the room.

A column of lists of doubles has another one beside it in the file. A row whose numbers are all whole hundredths has
its list there, and null in the first; every other row has it in the first, and null there. What is read is what was
written, to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.arrays import one_array

Bools = npt.NDArray[np.bool_]

HUNDRED = 100
_BESIDE = "_hundredths"
_DOUBLES, _HUNDREDTHS = pa.list_(pa.float64()), pa.list_(pa.int32())


def split_schema(schema: pa.Schema) -> pa.Schema:
    """The columns that lie in a file."""
    fields = []
    for field in schema:
        fields += [field, pa.field(field.name + _BESIDE, _HUNDREDTHS)] if field.type == _DOUBLES else [field]
    return pa.schema(fields)


def encodings(schema: pa.Schema) -> dict[str, Any]:
    """How Parquet is to write these columns: a dictionary pays for doubles that recur, and for nothing else, since
    what is written is compressed; between hundredths the differences are small."""
    doubles = [field.name for field in schema if field.type == _DOUBLES]
    steps = [f"{name}{_BESIDE}.list.element" for name in doubles]
    return {
        "use_dictionary": [f"{name}.list.element" for name in doubles],
        "column_encoding": dict.fromkeys(steps, "DELTA_BINARY_PACKED"),
    }


def split(rows: pa.Table) -> pa.Table:
    """Rows as they lie in a file."""
    columns: list[pa.Array | pa.ChunkedArray] = []
    for field, column in zip(rows.schema, rows.columns, strict=True):
        columns += _parted(one_array(column)) if field.type == _DOUBLES else [column]
    return pa.table(columns, schema=split_schema(rows.schema))


def to_read(columns: Sequence[str], stored: Sequence[str]) -> list[str]:
    """The columns of a file that has `stored` which it takes to have these; early files have no hundredths."""
    beside = (name + _BESIDE for name in columns)
    return [*columns, *(name for name in beside if name in stored)]


def joined(rows: pa.Table) -> pa.Table:
    """Rows as they were before they were `split`."""
    for name in rows.column_names:
        if name + _BESIDE in rows.column_names:
            doubles, steps = rows.column(name), rows.column(name + _BESIDE)
            if steps.null_count < len(steps):
                column = pa.chunked_array([_doubled(chunk) for chunk in steps.chunks], _DOUBLES)
                if doubles.null_count < len(doubles):
                    column = pc.coalesce(doubles, column)
                rows = rows.set_column(rows.column_names.index(name), name, column)
            rows = rows.drop_columns([name + _BESIDE])
    return rows


def _parted(lists: pa.ListArray) -> list[pa.Array]:
    """The lists that are no hundredths, and those that are; null where a list is among the others."""
    values = lists.flatten().to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.rint(values * HUNDRED).astype(np.int32)
    # By their bits, since -0.0 is none; what is out of range is another number now.
    other = (steps / HUNDRED).view(np.int64) != np.ascontiguousarray(values).view(np.int64)
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    valid = lists.is_valid().to_numpy(zero_copy_only=False)
    if not other.any():
        return [pa.nulls(len(lists), _DOUBLES), _lists(pa.array(steps), lengths, valid)]
    owners = np.repeat(np.arange(len(lists)), lengths)
    exact = valid.copy()
    exact[owners[other]] = False
    steps = steps[exact[owners]]
    return [
        _lists(pa.array(values[~exact[owners]]), lengths, valid & ~exact),
        _lists(pa.array(steps), lengths, exact),
    ]


def _lists(values: pa.Array, lengths: npt.NDArray[np.integer], valid: Bools) -> pa.ListArray:
    """Values end to end as lists of these lengths; those that are not valid have none."""
    ends = np.concatenate(([0], np.cumsum(np.where(valid, lengths, 0))))
    mask = None if valid.all() else pa.array(~valid)
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values, mask=mask)


def _doubled(lists: pa.ListArray) -> pa.ListArray:
    """Lists of hundredths as lists of doubles."""
    offsets = lists.offsets.to_numpy()
    begin, end = int(offsets[0]), int(offsets[-1])
    steps = lists.values.slice(begin, end - begin).to_numpy(zero_copy_only=False)
    # From Arrow, which gives memory again that it has; NumPy asks for new pages, which takes longer than to divide.
    memory = pa.allocate_buffer(8 * len(steps))
    np.divide(steps, HUNDRED, out=np.frombuffer(memory, np.float64))
    values = pa.Array.from_buffers(pa.float64(), len(steps), [None, memory])
    mask = lists.is_null() if lists.null_count else None
    return pa.ListArray.from_arrays(pa.array(offsets - begin), values, mask=mask)
