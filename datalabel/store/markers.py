"""Markers: rows that say of an item that it has no rows any more; and rows put in key order with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.store.runs import stretches
from datalabel.store.segments import DELETED

BATCH_ROWS = 1 << 16
"""About so many rows are held in memory at a time."""


def key_ranks(items: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The rank of each key among the distinct keys: what a stable sort by key can sort quickly."""
    encoded = items.combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    codes: np.ndarray[tuple[int], np.dtype[np.int64]] = rank[encoded.indices.to_numpy(zero_copy_only=False)]
    return codes


def without_markers(rows: pa.Table) -> pa.Table:
    """Nothing older is hidden by these markers; only the traces of renames are still of use."""
    keep = pc.invert(rows.column("deleted"))
    if "moved_to" in rows.schema.names:
        keep = pc.or_(keep, pc.is_valid(rows.column("moved_to")))
    return rows.filter(keep)


def _marked(rows: pa.Table, *, value: bool) -> pa.Table:
    """The rows with the column `deleted`."""
    return rows.append_column(DELETED, pa.array(np.full(rows.num_rows, value)))


def with_markers(
    rows: pa.Table, removed: list[str], schema: pa.Schema, moved: Mapping[str, str]
) -> Iterator[pa.Table]:
    """Rows and markers together in key order, in pieces that do not split an item."""
    whole = _marked(rows.select(schema.names), value=False)
    if removed:
        cells = {
            "item": pa.array(removed, pa.string()),
            "moved_to": pa.array(map(moved.get, removed), pa.string()),
        }
        blank = [cells.get(field.name, _blank(field, len(removed))) for field in schema]
        markers = _marked(pa.Table.from_arrays(blank, schema=schema), value=True)
        whole = pa.concat_tables([whole, markers])
        order = np.argsort(key_ranks(whole.column("item")), kind="stable")
        starts = np.append(0, np.flatnonzero(np.diff(order) != 1) + 1)
        whole = stretches(whole, order[starts], np.diff(np.append(starts, len(order))))
    yield from unsplit(whole, BATCH_ROWS)


def _blank(field: pa.Field, rows: int) -> pa.Array:
    if field.nullable:
        return pa.nulls(rows, field.type)
    return (
        pa.array([""] * rows, field.type)
        if pa.types.is_string(field.type)
        else pa.array([0] * rows, field.type)
    )


def unsplit(rows: pa.Table, size: int) -> Iterator[pa.Table]:
    """A table sorted by item in pieces of about `size` rows that do not split an item."""
    start, total = 0, rows.num_rows
    items = rows.column("item")
    while start < total:
        end = min(start + size, total)
        while end < total and items[end] == items[end - 1]:
            end += 1
        yield rows.slice(start, end - start)
        start = end
