"""Hypothesis strategies for items and labels of every kind.

Values are odd but possible: finite floats, also negative sizes, names with spaces, quotes, line breaks and
letters of all sorts. Items never differ by suffix, case or Unicode form alone; tests of those are apart.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from selections import InMemorySelection

from datalabel.content import canonical_json
from datalabel.formats.base import Capabilities
from datalabel.labels.rows import with_column
from datalabel.labels.tables import KINDS

SKELETONS = {
    "person": (("nose", "left hand", "right hand"), ((0, 1), (0, 2))),
    "fish #2": (("head", "tail"), ((0, 1),)),
}
"""Classes with keypoints: names of points, edges."""

ALL = Capabilities(
    kinds=frozenset(KINDS),
    properties=True,
    item_properties="anywhere",
    confidence=True,
    annotator=True,
    holes=True,
    pieces=True,
)

_LETTERS = st.sampled_from([*"aZ09 -_#'\"&<>%;,()[]{}+=@!~", "é", "ß", "한", "😀", "\n", "\t"])


@functools.cache
def texts(max_size: int = 8) -> st.SearchStrategy[str]:
    """A short text in NFC, never blank."""
    return st.text(_LETTERS, min_size=1, max_size=max_size).map(
        lambda text: unicodedata.normalize("NFC", f"n{text}" if text.isspace() else text)
    )


@functools.cache
def numbers(low: float = -1e6, high: float = 1e6) -> st.SearchStrategy[float]:
    """Finite coordinates: whole, of few digits, or any float in the range."""
    whole = st.integers(int(low), int(high)).map(float)
    few = st.integers(int(low), int(high)).map(lambda tenths: tenths / 10)
    return st.one_of(whole, few, st.floats(low, high, allow_subnormal=False)).map(lambda value: value + 0.0)


@functools.cache
def coordinates(holds: Capabilities) -> st.SearchStrategy[float]:
    """Coordinates that a format gives back to the last digit."""
    if holds.decimals is None:
        return numbers()
    return st.one_of(
        st.integers(-9999, 9999), st.integers(-99999, 99999).map(lambda tenths: tenths / 10)
    ).map(float)


_VALUE = st.one_of(
    texts(), st.booleans(), st.integers(-9, 9**9), numbers(), st.lists(texts(4), max_size=3, unique=True)
)
PROPERTIES: st.SearchStrategy[str | None] = st.dictionaries(texts(), _VALUE, max_size=2).map(
    lambda found: canonical_json(found).decode() if found else None
)
"""Canonical JSON of the properties of a label or an item, or nothing."""
_CONFIDENCE = st.none() | st.floats(0, 1)
_ANNOTATOR = st.none() | texts()
_SIZE = st.tuples(st.integers(1, 40), st.integers(1, 40))
_FOLDER = st.sampled_from(["", "images/", "a b/é #1/"])


@st.composite
def items(draw: st.DrawFn, max_size: int = 3) -> dict[str, tuple[int, int]]:
    """Item keys with their sizes in pixels."""
    count = draw(st.integers(1, max_size))
    return {f"{draw(_FOLDER)}{number}{draw(texts())}.jpg": draw(_SIZE) for number in range(count)}


@st.composite
def _geometry(
    draw: st.DrawFn, kind: str, cls: str, size: tuple[int, int], holds: Capabilities
) -> dict[str, Any]:
    if kind == "category":
        return {}
    number = coordinates(holds)
    xy = st.tuples(number, number)
    if kind == "box":
        return dict(zip("xywh", draw(st.tuples(number, number, number, number)), strict=True))
    if kind == "mask":
        return _mask(draw(st.integers(0, 2**32 - 1)), size)
    if kind == "keypoints":
        return _bounded(
            draw(st.lists(_point(xy), min_size=len(SKELETONS[cls][0]), max_size=len(SKELETONS[cls][0]))), 3
        )
    if kind == "rotated_box":
        return _bounded(draw(st.lists(xy, min_size=4, max_size=4)), 2)
    least = 3 if kind == "polygon" else 2
    several = holds.pieces or kind == "polyline"
    lengths = draw(st.lists(st.integers(least, 5), min_size=1, max_size=3 if several else 1))
    total = sum(lengths)
    points = draw(st.lists(xy, min_size=total, max_size=total))
    if kind == "polygon" and holds.holes and len(lengths) > 1 and draw(st.booleans()):
        lengths[-1] = -lengths[-1]
    return _bounded(points, 2) | {"parts": lengths}


def _point(xy: st.SearchStrategy[tuple[float, float]]) -> st.SearchStrategy[tuple[float, float, float]]:
    seen = st.tuples(xy, st.sampled_from([1.0, 2.0])).map(lambda found: (*found[0], found[1]))
    return st.one_of(seen, st.just((0.0, 0.0, 0.0)))


def _bounded(points: list[Any], width: int) -> dict[str, Any]:
    """Coordinates with the bounds of the points that are there; sides without the noise of a subtraction,
    where the coordinates have few decimals."""
    there = np.array([point[:2] for point in points if width == 2 or point[2] > 0] or [(0.0, 0.0)])
    (x, y), (right, bottom) = there.min(axis=0), there.max(axis=0)
    coords = [float(number) for point in points for number in point]
    return {"x": float(x), "y": float(y), "w": _side(x, right), "h": _side(y, bottom), "coords": coords}


def _side(low: float, high: float) -> float:
    few = round(low, 1) == low and round(high, 1) == high
    return float(round(high - low, 1) if few else high - low) + 0.0


def _mask(seed: int, size: tuple[int, int]) -> dict[str, Any]:
    width, height = size
    bits = np.random.default_rng(seed).integers(0, 2, (height, width), dtype=np.uint8)
    rle = coco_mask.encode(np.asfortranarray(bits))
    x, y, w, h = (float(value) for value in coco_mask.toBbox(rle))
    return {"x": x, "y": y, "w": w, "h": h, "rle": rle["counts"].decode(), "parts": [height, width]}


@st.composite
def label_rows(
    draw: st.DrawFn, item: str, size: tuple[int, int], classes: Collection[str], holds: Capabilities
) -> dict[str, Any]:
    """One row of `LABELS` without id and rank, of what the capabilities allow."""
    kind = draw(st.sampled_from(sorted(holds.kinds)))
    cls = draw(st.sampled_from(sorted(SKELETONS) if kind == "keypoints" else sorted(classes)))
    row = {"item": item, "class": cls, "kind": kind, **draw(_geometry(kind, cls, size, holds))}
    if holds.properties:
        row["properties"] = draw(PROPERTIES)
    if holds.confidence:
        row["confidence"] = draw(_CONFIDENCE)
    if holds.annotator:
        row["annotator"] = draw(_ANNOTATOR)
    return row


@st.composite
def selections(draw: st.DrawFn, holds: Capabilities = ALL, max_labels: int = 4) -> InMemorySelection:
    """A set of labels that uses everything in the capabilities, and nothing else."""
    found = draw(items())
    classes = draw(st.sets(texts(), min_size=1, max_size=3)) - set(SKELETONS) | {"potato"}
    rows = []
    for item, size in found.items():
        count = draw(st.integers(0, max_labels))
        rows += [{**draw(label_rows(item, size, classes, holds)), "rank": rank} for rank in range(count)]
    selection = InMemorySelection.of(
        found, rows, sorted(classes | set(SKELETONS)), name="labels.json", keypoints=SKELETONS
    )
    if not holds.item_properties:
        return selection
    said = pa.array([draw(PROPERTIES) for _ in found], pa.string())
    return replace(selection, items=with_column(selection.items, "properties", said))


def example(holds: Capabilities) -> InMemorySelection:
    """One small set with a label of every kind in the capabilities, always the same."""
    base = {"item": "a b/é.jpg", "class": "potato", "x": 1.0, "y": 2.5, "w": 3.0, "h": 4.0}
    triangle = [1.0, 2.5, 4.0, 2.5, 4.0, 6.5]
    geometries: dict[str, dict[str, Any]] = {
        "box": {},
        "rotated_box": {"coords": [*triangle, 1.0, 6.5]},
        "polygon": {"coords": triangle, "parts": [3]},
        "polyline": {"coords": triangle, "parts": [3]},
        "keypoints": {"coords": [1.0, 2.5, 2.0, 4.0, 6.5, 1.0], "class": "fish #2"},
        "mask": _mask(1, (8, 8)),
        "category": {"x": None, "y": None, "w": None, "h": None},
    }
    said = {
        "properties": '{"ripe":true,"site":"A"}' if holds.properties else None,
        "confidence": 0.5 if holds.confidence else None,
        "annotator": "me" if holds.annotator else None,
    }
    rows = [{**base, **said, "kind": kind, **geometries[kind]} for kind in KINDS if kind in holds.kinds]
    items = {"a b/é.jpg": (8, 8), "empty.png": (9, 9)}
    classes = ["fish #2", "potato"]
    return InMemorySelection.of(items, rows, classes, name="labels.json", keypoints=SKELETONS)
