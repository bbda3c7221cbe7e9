"""Labels as outlines that can be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datalabel.labels.mask_edges import mask_edges
from datalabel.report.page import NOTHING, Outline


def outline_of(label: Mapping[str, Any]) -> Outline:
    """The outline of a label (as `labels.diff.label_json` gives it); nothing for a category and for what
    cannot be drawn."""
    kind, coords = label["kind"], label["coords"] or []
    if kind == "box":
        return _frame(label["bbox"])
    if kind in ("polygon", "rotated_box"):
        return Outline(rings=_pieces(coords, label["parts"]))
    if kind == "polyline":
        return Outline(lines=_pieces(coords, label["parts"]))
    if kind == "keypoints":
        seen = [
            value
            for x, y, visible in zip(coords[0::3], coords[1::3], coords[2::3], strict=False)
            if visible and visible > 0
            for value in (x, y)
        ]
        return Outline(rings=_frame(label["bbox"]).rings, points=seen)
    if kind == "mask" and label["parts"] and len(label["parts"]) == 2:
        height, width = label["parts"]
        return Outline(lines=mask_edges(label["rle"] or "", height, width))
    return NOTHING


def _frame(box: Sequence[float] | None) -> Outline:
    if not box:
        return NOTHING
    x, y, width, height = box
    return Outline(rings=[[x, y, x + width, y, x + width, y + height, x, y + height]])


def _pieces(coords: Sequence[float], parts: Sequence[int] | None) -> list[Sequence[float]]:
    """Coordinates cut into rings or lines; a number that does not fit ends them."""
    whole = len(coords) // 2
    found: list[Sequence[float]] = []
    start = 0
    for count in map(abs, parts or [whole]):
        piece = coords[2 * start : 2 * min(start + count, whole)]
        if piece:
            found.append(piece)
        start += count
    return found
