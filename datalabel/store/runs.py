"""Rows that are sorted by item, seen as runs of one item each: there are fewer items than rows to compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.arrays import begins_of, one_array, positions

Places = npt.NDArray[np.int64]

LONG = 64
"""From so many rows in a piece on, on average, copying pieces is faster than taking row by row."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Some runs of rows: for each its item, where it begins and where it ends. Items are distinct and sorted."""

    rows: pa.Table
    keys: pa.Array
    starts: Places
    ends: Places

    @classmethod
    def of(cls, rows: pa.Table) -> Runs:
        """All runs of rows that are sorted by their column `item`."""
        items = one_array(rows.column("item"))
        starts = np.flatnonzero(begins_of(items))
        return cls(
            rows, items.take(pa.array(starts)), starts, np.append(starts[1:], len(items))[: len(starts)]
        )

    def __len__(self) -> int:
        return len(self.keys)

    def without(self, keys: pa.Array) -> Runs:
        """Those of other items."""
        others = pc.invert(pc.is_in(self.keys, value_set=keys))
        chosen = others.to_numpy(zero_copy_only=False)
        return Runs(self.rows, self.keys.filter(others), self.starts[chosen], self.ends[chosen])


def merged(parts: Sequence[Runs]) -> pa.Table:
    """The rows of all runs, sorted by item. No item is in two of the parts, of which there is one at least."""
    if len(parts) == 1 and int((parts[0].ends - parts[0].starts).sum()) == parts[0].rows.num_rows:
        return parts[0].rows
    bases = np.cumsum([0, *(part.rows.num_rows for part in parts)])
    starts = np.concatenate([part.starts + base for part, base in zip(parts, bases[:-1], strict=True)])
    ends = np.concatenate([part.ends + base for part, base in zip(parts, bases[:-1], strict=True)])
    order = pc.sort_indices(pa.concat_arrays([part.keys for part in parts])).to_numpy()
    starts, ends = starts[order], ends[order]
    apart = starts[1:] != ends[:-1]
    first = starts[np.concatenate([[True], apart])]
    lengths = ends[np.concatenate([apart, [True]])] - first
    rows = pa.concat_tables([part.rows for part in parts], promote_options="default")
    return stretches(rows, first, lengths).combine_chunks()


def stretches(rows: pa.Table, first: Places, lengths: Places) -> pa.Table:
    """Some stretches of rows, end to end; where they are long they are not copied, and each is a chunk."""
    if len(first) * LONG > lengths.sum():
        return rows.take(pa.array(positions(first, lengths)))
    pieces = zip(first.tolist(), lengths.tolist(), strict=True)
    return pa.concat_tables([rows.slice(start, length) for start, length in pieces])
