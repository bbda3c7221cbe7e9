"""Coordinates lie in a segment as hundredths where they are such; what is read is what was written, bit by bit."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from object_stores import MemoryObjects

from datalabel.store.segments import DELETED, ROW_GROUP, Segment, write_segment

SCHEMA = pa.schema(
    [pa.field("item", pa.string(), nullable=False), pa.field("coords", pa.list_(pa.float64()))]
)
Lists = Sequence[Sequence[float] | None]

hundredths = st.integers(-(2**31) - 2, 2**31 + 2).map(lambda steps: steps / 100)
edges = st.sampled_from([0.0, -0.0, 0.1 + 0.2, 1e300, 5e-324, 21474836.47, 21474836.48, -21474836.48, 1.005])
anything = st.one_of(hundredths, edges, st.floats(allow_nan=True, allow_infinity=True))
lists = st.lists(
    st.one_of(st.none(), st.lists(hundredths, max_size=5), st.lists(anything, max_size=5)), min_size=1
)


def written(coords: Lists) -> tuple[Segment, pa.Table]:
    """A segment with these coordinates, and how they lie in its file."""
    objects = MemoryObjects()
    rows = pa.Table.from_pydict(
        {
            "item": [f"{row:06d}" for row in range(len(coords))],
            "coords": coords,
            "deleted": [False] * len(coords),
        },
        SCHEMA.append(DELETED),
    )
    ref = write_segment(objects, SCHEMA, [rows])
    objects.flush()
    return Segment(objects, ref, SCHEMA), pq.ParquetFile(objects.open(ref.id, "segment")).read()


def bits(coords: Lists) -> list[list[bytes] | None]:
    return [None if one is None else [struct.pack("<d", number) for number in one] for one in coords]


@settings(max_examples=200)
@given(lists)
def test_what_is_read_is_what_was_written(coords: Lists) -> None:
    segment, _ = written(coords)
    assert bits(segment.read(["coords"]).column("coords").to_pylist()) == bits(coords)


def test_groups_of_either_sort_and_of_both_are_read_together() -> None:
    steps, other = [1.25, 640.0], [1 / 3]
    coords = [steps] * ROW_GROUP + [other] * ROW_GROUP + [steps, other, None, []]
    segment, _ = written(coords)
    assert segment.read(["coords"]).column("coords").to_pylist() == coords
    assert segment.read(["coords"], [2]).column("coords").to_pylist() == coords[2 * ROW_GROUP :]


@pytest.mark.parametrize(
    ("coords", "in_hundredths"),
    [
        ([1.25, -3.0], True),
        ([], True),
        ([1.255], False),
        ([1.25, 1 / 3], False),
        ([-0.0], False),
        ([1e9], False),
    ],
)
def test_only_whole_hundredths_lie_there(coords: list[float], in_hundredths: bool) -> None:
    _, file = written([coords])
    found = [file.column(name).to_pylist()[0] for name in ("coords", "coords_hundredths")]
    steps = [round(number * 100) for number in coords]
    assert found == ([None, steps] if in_hundredths else [coords, None])
