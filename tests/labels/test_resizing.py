"""Labels on an image of another size lie where they lay on the first one."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from rows import rows_of

from datalabel.labels.resizing import resized
from datalabel.labels.tables import LABELS

ROWS: list[dict[str, Any]] = [
    {"item": "a", "kind": "box", "x": 1.0, "y": 2.0, "w": 3.0, "h": 4.0},
    {
        "item": "a",
        "kind": "polygon",
        "x": 0.0,
        "y": 0.0,
        "w": 4.0,
        "h": 2.0,
        "coords": [0, 0, 4, 0, 4, 2],
        "parts": [3],
    },
    {"item": "a", "kind": "keypoints", "x": 1.0, "y": 1.0, "w": 2.0, "h": 2.0, "coords": [1, 1, 2, 3, 3, 0]},
    {"item": "a", "kind": "category"},
    {"item": "a", "kind": "mask", "x": 0.0, "y": 0.0, "w": 2.0, "h": 2.0, "parts": [4, 4], "rle": "08"},
    {"item": "b", "kind": "box", "x": 1.0, "y": 2.0, "w": 3.0, "h": 4.0},
]


@pytest.fixture
def labels() -> pa.Table:
    said = {"class": "x", "source": "s"}
    return rows_of([{**row, **said, "rank": place} for place, row in enumerate(ROWS)], LABELS)


def test_each_side_is_multiplied_by_its_factor(labels: pa.Table) -> None:
    wide = resized(labels, {"a": (2.0, 0.5), "c": (9.0, 9.0)})
    assert wide.schema == labels.schema
    rows = wide.to_pylist()
    assert [rows[0][name] for name in "xywh"] == [2, 1, 6, 2]
    assert ([rows[1][name] for name in "xywh"], rows[1]["coords"]) == ([0, 0, 8, 1], [0, 0, 8, 0, 8, 1])
    assert rows[2]["coords"] == [2, 0.5, 2, 6, 1.5, 0]
    assert rows[3:] == labels.to_pylist()[3:]
    assert resized(wide, {"a": (0.5, 2.0)}).equals(labels)


def test_nothing_is_touched_where_no_image_has_another_size(labels: pa.Table) -> None:
    assert resized(labels, {"c": (2.0, 2.0)}) is labels
    assert resized(labels.slice(0, 0), {"a": (2.0, 2.0)}).num_rows == 0
