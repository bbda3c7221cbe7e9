"""The published history of a real data set, label by label: the matcher must find what really happened."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from datalabel.labels.diff import COUNTED, LabelChanges, diff_labels
from datalabel.labels.match import match, mint_ids
from datalabel.labels.rows import sort_rows, with_column
from datalabel.labels.tables import LABELS, table_of


def read_revision(path: Path) -> pa.Table:
    document = json.loads(gzip.decompress(path.read_bytes()))
    names = {image["id"]: image["file_name"] for image in document["images"]}
    classes = {category["id"]: category["name"] for category in document["categories"]}
    columns: dict[str, list[Any]] = {name: [] for name in LABELS.names}
    for rank, annotation in enumerate(document["annotations"]):
        rings = annotation["segmentation"]
        row = {
            "item": names[annotation["image_id"]],
            "id": 0,
            "class": classes[annotation["category_id"]],
            "kind": "polygon",
            **dict(zip("xywh", annotation["bbox"], strict=True)),
            "coords": [number for ring in rings for number in ring],
            "parts": [len(ring) // 2 for ring in rings],
            "source_id": str(annotation["id"]),
            "rank": rank,
            "extra": json.dumps({"area": annotation["area"], "iscrowd": annotation["iscrowd"]}),
        }
        for name, cells in columns.items():
            cells.append(row.get(name))
    return sort_rows(table_of(columns, LABELS), "item", "rank")


@pytest.fixture(scope="module")
def history(shared_data: Path) -> list[LabelChanges]:
    """What changed from each of the five revisions to the next."""
    revisions = [read_revision(path) for path in sorted((shared_data / "taco").glob("*.gz"))]
    before = with_column(revisions[0], "id", pa.array(mint_ids(revisions[0])))
    changes = []
    for after in revisions[1:]:
        pairs = match(before, after)
        ids = np.zeros(after.num_rows, dtype=np.uint64)
        ids[pairs.right] = before.column("id").to_numpy()[pairs.left]
        fresh = np.flatnonzero(ids == 0)
        ids[fresh] = mint_ids(after.take(pa.array(fresh)), before.select(["item", "id"]))
        after = with_column(after, "id", pa.array(ids))
        changes.append(diff_labels(before, after))
        before = after
    return changes


def test_only_urls_changed_first(history: list[LabelChanges]) -> None:
    assert history[0].summary() == {**dict.fromkeys(COUNTED, 0), "by_field": {}}


def test_renumbering_is_not_change(history: list[LabelChanges]) -> None:
    summary = history[1].summary()
    assert (summary["added"], summary["removed"], summary["by_field"]["class"]) == (329, 4, 8)
    assert summary["changed"] == 8


def test_rotated_images_replace_polygons(history: list[LabelChanges]) -> None:
    summary = history[2].summary()
    assert (summary["added"], summary["removed"], summary["changed"]) == (0, 0, 28)
    assert summary["by_field"]["geometry"] == 28


def test_the_large_revision(history: list[LabelChanges]) -> None:
    summary = history[3].summary()
    assert (summary["added"], summary["removed"]) == (2632, 0)
    assert summary["by_field"]["class"] == 304
    assert summary["by_field"]["bounds"] == 2150
    assert "geometry" not in summary["by_field"]
