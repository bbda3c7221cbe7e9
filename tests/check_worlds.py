"""Small worlds for rules: rows become a batch, a batch becomes findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datalabel.check.finding import CheckBatch, Finding
from datalabel.check.registry import select
from datalabel.check.run import run
from datalabel.labels.tables import ITEMS, LABELS, table_of
from datalabel.spec.model import CheckSettings, Spec

ITEM: dict[str, Any] = {"item": "a.jpg", "width": 640, "height": 480, "format": "jpeg"}

SHAPES: dict[str, dict[str, Any]] = {
    "box": {"x": 10.0, "y": 20.0, "w": 100.0, "h": 50.0},
    "rotated_box": {"coords": [50.0, 10, 90, 50, 70, 70, 30, 30], "parts": [4]},
    "polygon": {"coords": [10.0, 10, 110, 10, 110, 60], "parts": [3]},
    "polyline": {"coords": [10.0, 10, 110, 60], "parts": [2]},
    "keypoints": {"coords": [10.0, 10, 2, 0, 0, 0, 30, 40, 1]},
    "mask": {"rle": "0a1", "parts": [7, 7]},
    "category": {},
}


def label(kind: str = "box", **cells: Any) -> dict[str, Any]:
    """A sound label of this kind, but for the cells given."""
    return {"item": "a.jpg", "class": "cat", "kind": kind, **SHAPES[kind], **cells}


def batch_of(
    labels: Sequence[dict[str, Any]],
    items: Sequence[dict[str, Any]] = (ITEM,),
    spec: Spec | None = None,
    set_name: str = "ground_truth",
) -> CheckBatch:
    """A batch of these rows; labels get the ids 1, 2, …"""
    rows = [{**row, "id": place} for place, row in enumerate(labels, start=1)]
    return CheckBatch(
        set_name,
        table_of({name: [item.get(name) for item in items] for name in ITEMS.names}, ITEMS),
        table_of({name: [row.get(name) for row in rows] for name in LABELS.names}, LABELS),
        spec or Spec(),
    )


def findings(batch: CheckBatch, *codes: str) -> list[Finding]:
    """What all rules, or these, find."""
    return list(run([batch], select(codes), CheckSettings()))


def places(found: Sequence[Finding]) -> list[tuple[str, str | None, int | None]]:
    """Code, item and number of the label of each finding."""
    return [(one.code, one.item, int(one.label, 16) if one.label else None) for one in found]
