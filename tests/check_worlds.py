"""Small worlds for rules: rows become a batch, a batch becomes findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rows import rows_of

from datalabel.check.finding import CheckBatch, Finding
from datalabel.check.image_rules import FACTS
from datalabel.check.measuring import measures_of
from datalabel.check.registry import select
from datalabel.check.run import run
from datalabel.labels.rle import encode
from datalabel.labels.rows import with_column
from datalabel.labels.tables import ITEMS, LABELS
from datalabel.spec.model import CheckSettings, Spec

ITEM: dict[str, Any] = {"item": "a.jpg", "width": 640, "height": 480, "format": "jpeg"}

SHAPES: dict[str, dict[str, Any]] = {
    "box": {"x": 10.0, "y": 20.0, "w": 100.0, "h": 50.0},
    "rotated_box": {"coords": [50.0, 10, 90, 50, 70, 70, 30, 30], "parts": [4]},
    "polygon": {"coords": [10.0, 10, 110, 10, 110, 60], "parts": [3]},
    "polyline": {"coords": [10.0, 10, 110, 60], "parts": [2]},
    "keypoints": {"coords": [10.0, 10, 2, 0, 0, 0, 30, 40, 1]},
    "mask": {
        "rle": encode(np.array([480 * 20 + 10, 40, 440, 40, 640 * 480 - 480 * 20 - 530])),
        "parts": [480, 640],
    },
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
    """A batch of these rows; labels get the ids 1, 2, … unless they have some, images a content of their own."""
    shown = [{"content": f"bytes of {item['item']}", **item} for item in items]
    table = rows_of(shown, ITEMS)
    for fact in FACTS:
        if any(fact.name in item for item in shown):
            table = table.append_column(fact, pa.array([item.get(fact.name) for item in shown], fact.type))
    return CheckBatch(
        set_name,
        table,
        rows_of(labels, LABELS),
        spec or Spec(),
    )


def measured(batch: CheckBatch, *but: str) -> CheckBatch:
    """The same batch, but its labels carry their measures, and plain ones lack their outlines; not those of some
    items, which are as they were."""
    labels, found = batch.labels, measures_of(batch.labels)
    left = pc.is_in(labels.column("item"), value_set=pa.array(but, pa.string()))
    for name, column in zip(found.column_names, found.columns, strict=True):
        known = name in labels.column_names
        column = pc.if_else(left, labels.column(name) if known else None, column)
        labels = with_column(labels, name, column) if known else labels.append_column(name, column)
    return replace(batch, labels=labels, reread=lambda: batch.labels)


def findings(batch: CheckBatch, *codes: str) -> list[Finding]:
    """What all rules, or these, find."""
    return list(run([batch], select(codes), CheckSettings()))


def places(found: Sequence[Finding]) -> list[tuple[str, str | None, int | None]]:
    """Code, item and number of the label of each finding."""
    return [(one.code, one.item, int(one.label, 16) if one.label else None) for one in found]
