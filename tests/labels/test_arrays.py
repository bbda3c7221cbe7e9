"""The values of list columns: those of the rows that are asked for, whatever lies beside and between them; and places
in lists that lie end to end."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from datalabel.labels.arrays import (
    every_two,
    following,
    only,
    ordinals,
    positions,
    rows_of,
    side_by_side,
    values_of,
)

ROWS = st.lists(st.none() | st.lists(st.integers(0, 9), max_size=4), max_size=12)


@given(ROWS, st.data())
def test_the_values_are_those_of_the_rows(lists: list[list[int] | None], data: st.DataObject) -> None:
    column = pa.array(lists, pa.list_(pa.int64()))
    start = data.draw(st.integers(0, len(lists)))
    rows = sorted(data.draw(st.sets(st.integers(start, len(lists) - 1)))) if start < len(lists) else []
    values, lengths = values_of(column.slice(start), np.array(rows, np.intp) - start)
    assert lengths.tolist() == [len(lists[row] or []) for row in rows]
    assert values.tolist() == [value for row in rows for value in lists[row] or []]


def test_what_null_hides_is_not_among_the_values() -> None:
    hidden = pa.array([False, True, False])
    column = pa.ListArray.from_arrays(pa.array([0, 1, 3, 4], pa.int32()), pa.array([1, 2, 3, 4]), mask=hidden)
    values, lengths = values_of(column, np.arange(3))
    assert (values.tolist(), lengths.tolist()) == ([1, 4], [1, 0, 1])


def test_outlines_beside_rows_without_any_are_not_copied() -> None:
    column = pa.array([[1.5, 2.5], None, [3.5]], pa.list_(pa.float64()))
    values, _ = values_of(column, np.array([0, 2], np.intp))
    assert values.ctypes.data == column.values.buffers()[1].address


def test_rows_of_few_columns_are_chosen_and_joined() -> None:
    one, other = np.array([1.0, 2, 3]), np.array([4.0, 5, 6])
    both = side_by_side(one, other)
    assert both.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert rows_of(both, np.array([2, 0, 2])).tolist() == [[3, 6], [1, 4], [3, 6]]
    assert rows_of(one, np.array([1])).tolist() == [2]
    chosen = np.array([True, False, True])
    assert only(chosen, both, -both).tolist() == [[1, 4], [-2, -5], [3, 6]]
    assert np.isnan(only(chosen, both)[1]).all()
    assert all(
        array.flags.f_contiguous for array in (both, only(chosen, both), rows_of(both, np.array([0, 1])))
    )


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), max_size=8))
def test_places_in_lists_are_those_that_a_loop_counts(runs: list[tuple[int, int]]) -> None:
    starts, counts = np.array(runs, np.int64).reshape(-1, 2).T
    assert positions(starts, counts).tolist() == [
        place for start, count in runs for place in range(start, start + count)
    ]
    assert ordinals(counts).tolist() == [place for _, count in runs for place in range(count)]
    ends = np.cumsum(counts).tolist()
    every = [range(end - count, end) for (_, count), end in zip(runs, ends, strict=True)]
    pairs = [pair for places in every for pair in combinations(places, 2)]
    assert [*zip(*(side.tolist() for side in every_two(counts)), strict=True)] == pairs


@given(st.lists(st.integers(0, 5), max_size=8), st.integers(1, 9))
def test_places_that_follow_come_a_few_at_a_time(counts: list[int], at_once: int) -> None:
    portions = list(following(np.array(counts, np.int64), at_once))
    assert [pair for left, right in portions for pair in zip(left.tolist(), right.tolist(), strict=True)] == [
        (place, place + ahead) for place, count in enumerate(counts) for ahead in range(1, count + 1)
    ]
    assert all(len(left) <= max(at_once, *counts) for left, _ in portions)
