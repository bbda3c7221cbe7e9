"""Loss reports: each sort of loss once, counted, with its first place."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from selections import InMemorySelection

from datalabel.formats.base import Capabilities
from datalabel.formats.losses import capability_losses

EVERYTHING = Capabilities(
    kinds=frozenset({"box", "polygon", "category"}),
    properties=True,
    confidence=True,
    annotator=True,
    holes=True,
    pieces=True,
)
BOXES = Capabilities(kinds=frozenset({"box"}))
ITEMS = dict.fromkeys(("a.jpg", "b.jpg", "empty.jpg"), (9, 9))


def box(item: str, **more: Any) -> dict[str, Any]:
    return {"item": item, "class": "c", "kind": "box", "x": 0.0, "y": 0.0, "w": 1.0, "h": 1.0, **more}


def polygon(item: str, *parts: int) -> dict[str, Any]:
    return box(item, kind="polygon", coords=[0.0] * 2 * sum(map(abs, parts)), parts=list(parts))


def told(holds: Capabilities, rows: list[dict[str, Any]], **more: Any) -> list[tuple[str, int, str]]:
    selection = InMemorySelection.of(ITEMS, rows, **more)
    return [(loss.what, loss.count, loss.example) for loss in capability_losses(holds, selection)]


def test_nothing_is_lost_where_everything_is_held() -> None:
    rows = [box("a.jpg", properties='{"a":1}', confidence=1.0, annotator="x"), polygon("b.jpg", 3, -3, 3)]
    assert told(EVERYTHING, rows) == []


def test_each_sort_is_counted_with_its_first_place() -> None:
    rows = [
        box("a.jpg", properties="{}"),
        box("a.jpg", properties='{"a":1}', confidence=0.0),
        box("b.jpg", properties='{"a":1}', annotator="me"),
        {"item": "b.jpg", "class": "c", "kind": "category", "properties": '{"b":1}', "annotator": "you"},
        polygon("b.jpg", 3),
    ]
    assert told(BOXES, rows) == [
        ("labels of kind polygon are left out", 1, "b.jpg, label 0000000000000005"),
        ("labels of kind category are left out", 1, "b.jpg, label 0000000000000004"),
        ("properties of labels are not kept", 2, "a.jpg, label 0000000000000002"),
        ("confidence of labels is not kept", 1, "a.jpg, label 0000000000000002"),
        ("annotator of labels is not kept", 1, "b.jpg, label 0000000000000003"),
    ]


def test_the_annotator_of_the_source_is_not_a_loss() -> None:
    assert ("annotator of labels is not kept", 1, "b.jpg, label 0000000000000002") in told(
        BOXES, [box("a.jpg", annotator="me"), box("b.jpg", annotator="you")], annotator="me"
    )


def test_holes_and_pieces_of_polygons() -> None:
    rows = [
        polygon("a.jpg", 3),
        polygon("a.jpg", 4, 3),
        polygon("b.jpg", 4, -3),
        polygon("b.jpg", 4, -3, -3, 5),
    ]
    rings = Capabilities(kinds=frozenset({"polygon"}), annotator=True)
    assert told(rings, rows) == [
        ("holes in polygons are not kept", 2, "b.jpg, label 0000000000000003"),
        ("polygons of several pieces are not kept whole", 2, "a.jpg, label 0000000000000002"),
    ]


def test_who_has_seen_an_item_counts() -> None:
    items = InMemorySelection.of(ITEMS, []).items
    at = items.column_names.index("annotators")
    seen = pa.array([["me"], ["me", "you"], None], items.schema.field("annotators").type)
    items = items.set_column(at, items.schema.field("annotators"), seen)
    selection = InMemorySelection.of(items, [], annotator="me")
    (loss,) = capability_losses(Capabilities(kinds=frozenset({"box"})), selection)
    assert (loss.what, loss.count, loss.example) == ("who has seen an item is not kept", 1, "b.jpg")


def test_fields_of_other_formats_and_batches_add_up() -> None:
    selection = InMemorySelection.of(ITEMS, [box("a.jpg", confidence=0.5), box("b.jpg", confidence=0.5)])
    small = InMemorySelection(
        "out", selection.items, selection.labels, foreign_extras={"iscrowd": 7, "area": 0}, per_batch=1
    )
    holds = Capabilities(kinds=frozenset({"box"}), annotator=True)
    assert [(loss.what, loss.count) for loss in capability_losses(holds, small)] == [
        ("confidence of labels is not kept", 2),
        ("iscrowd (a field of the source's format) is not kept", 7),
    ]
