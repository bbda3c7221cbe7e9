"""Selecting, sorting and fingerprinting rows of the tables, by item and by source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.hashing import combine, hash_rows


def kept(rows: pa.Table, where: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The rows for which this holds; where it holds for all, no outline is copied."""
    return rows if pc.all(where, skip_nulls=False).as_py() else rows.filter(where)


def of_items(rows: pa.Table, items: Iterable[str]) -> pa.Table:
    """The rows of these items."""
    return kept(rows, pc.is_in(rows.column("item"), value_set=pa.array(list(items), pa.string())))


def without_items(rows: pa.Table, items: Iterable[str]) -> pa.Table:
    """The rows of all other items."""
    return kept(rows, pc.invert(pc.is_in(rows.column("item"), value_set=pa.array(list(items), pa.string()))))


def split_by_source(rows: pa.Table, *sources: str) -> tuple[pa.Table, pa.Table]:
    """The rows of these sources, and all others (those without a source among them)."""
    mine = pc.is_in(rows.column("source"), value_set=pa.array(sources, pa.string()))
    return kept(rows, mine), kept(rows, pc.invert(mine))


def sort_rows(rows: pa.Table, *columns: str) -> pa.Table:
    """The rows in ascending order of the columns, nulls last."""
    order = pc.sort_indices(rows, sort_keys=[(column, "ascending") for column in columns])
    if np.array_equal(order.to_numpy(), np.arange(rows.num_rows)):
        return rows  # sorted already: no copy of a million outlines
    return rows.take(order)


def distinct(column: pa.ChunkedArray) -> set[str]:
    """The distinct values of a column."""
    return set(pc.unique(column).to_pylist())


def constant(value: str | None, rows: int) -> pa.Array:
    """A text column that says the same everywhere."""
    return pa.repeat(pa.scalar(value, pa.string()), rows)


def with_column(rows: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The rows with another content of one column."""
    index = rows.schema.get_field_index(name)
    return rows.set_column(index, rows.schema.field(name), values)


def replaced(rows: pa.Table, places: npt.NDArray[np.intp], part: pa.Table) -> pa.Table:
    """The rows with others, one each, at these places."""
    if not len(places):
        return rows
    order = np.arange(rows.num_rows)
    order[places] = rows.num_rows + np.arange(len(places))
    return pa.concat_tables([rows, part]).take(pa.array(order))


def item_codes(rows: pa.Table) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The distinct items of rows, and for each row the position of its item among them."""
    if not rows.num_rows:
        return [], np.zeros(0, dtype=np.int64)
    encoded = rows.column("item").combine_chunks().dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def item_hashes(rows: pa.Table, columns: Sequence[str]) -> dict[str, int]:
    """One fingerprint per item over these columns of its rows, in whatever order the rows stand."""
    items, codes = item_codes(rows)
    return dict(zip(items, combine(hash_rows(rows, columns), codes, len(items)).tolist(), strict=True))


def differing_items(left: dict[str, int], right: dict[str, int]) -> list[str]:
    """The items whose fingerprints differ, or that only one side has, sorted."""
    return sorted(key for key in left.keys() | right.keys() if left.get(key) != right.get(key))
