"""Rules on labels that others published: what is known to be wrong is found, and nothing else."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from datalabel.check.finding import CheckBatch
from datalabel.check.registry import select
from datalabel.check.run import run
from datalabel.labels.tables import ITEMS, LABELS, table_of
from datalabel.spec.model import CheckSettings, Conditions, LabelType, Spec

CLASSES = ("RBC", "WBC", "Platelets")


def bccd(folder: Path, spec: Spec) -> CheckBatch:
    items: dict[str, list[object]] = {"item": [], "width": [], "height": [], "format": []}
    labels: dict[str, list[object]] = {
        name: [] for name in ("item", "id", "class", "kind", "x", "y", "w", "h")
    }
    for path in sorted((folder / "BCCD" / "Annotations").glob("*.xml")):
        root = ET.parse(path).getroot()  # noqa: S314
        key = f"JPEGImages/{path.stem}.jpg"
        sides = (root.findtext("size/width"), root.findtext("size/height"))
        for name, cell in zip(items, (key, *(int(side or 0) for side in sides), "jpeg"), strict=True):
            items[name].append(cell)
        for element in root.iter("object"):
            corners = [
                float(element.findtext(f"bndbox/{name}") or "nan")
                for name in ("xmin", "ymin", "xmax", "ymax")
            ]
            x, y = corners[:2]
            row = (
                key,
                len(labels["id"]) + 1,
                element.findtext("name"),
                "box",
                x,
                y,
                corners[2] - x,
                corners[3] - y,
            )
            for name, cell in zip(labels, row, strict=True):
                labels[name].append(cell)
    return CheckBatch("ground_truth", table_of(items, ITEMS), table_of(labels, LABELS), spec)


def test_bccd_has_exactly_two_boxes_of_zero_size(shared_data: Path) -> None:
    spec = Spec(classes={name: {"box": LabelType()} for name in CLASSES})
    batch = bccd(shared_data / "bccd", spec)
    assert (batch.items.num_rows, batch.labels.num_rows) == (364, 4888)
    found = list(run([batch], select(["G", "S"]), CheckSettings()))
    assert [(one.code, one.item) for one in found] == [
        ("G101", "JPEGImages/BloodImage_00338.jpg"),
        ("G101", "JPEGImages/BloodImage_00343.jpg"),
    ]
    assert all("zero width and height" in one.message for one in found)


def test_bccd_overlaps_are_what_the_boxes_say(shared_data: Path) -> None:
    """Every pair above the limit, by a plain loop over all pairs of an image."""
    spec = Spec(
        classes={name: {"box": LabelType(conditions=Conditions(max_overlap=0.8))} for name in CLASSES}
    )
    batch = bccd(shared_data / "bccd", spec)
    found = [one.label for one in run([batch], select(["S112"]), CheckSettings())]
    expected = []
    rows = batch.labels.select(["item", "id", "class", "x", "y", "w", "h"]).to_pylist()
    for later, row in enumerate(rows):
        others = [other for other in rows[max(0, later - 60) : later] if other["item"] == row["item"]]
        if any(other["class"] == row["class"] and _iou(other, row) > 0.8 for other in others):
            expected.append(f"{row['id']:016x}")
    assert found == expected
    assert expected


def _iou(one: dict[str, float], other: dict[str, float]) -> float:
    width = min(one["x"] + one["w"], other["x"] + other["w"]) - max(one["x"], other["x"])
    height = min(one["y"] + one["h"], other["y"] + other["h"]) - max(one["y"], other["y"])
    shared = max(width, 0) * max(height, 0)
    union = one["w"] * one["h"] + other["w"] * other["h"] - shared
    return shared / union if union > 0 else 0.0
