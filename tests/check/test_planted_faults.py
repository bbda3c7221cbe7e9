"""Faults planted in clean data: the rule finds each once, at the right place; others only what follows from it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from check_worlds import batch_of, label, measured
from hypothesis import given, settings
from hypothesis import strategies as st

from datalabel.check.finding import Finding
from datalabel.check.registry import RULES, select
from datalabel.check.run import run
from datalabel.check.set_rule import columns_of
from datalabel.labels.rle import encode
from datalabel.labels.tables import MEASURES
from datalabel.spec.model import CheckSettings, LabelType, Property, Quality, Spec

CELL = 80
WIDTH, HEIGHT = 640, 480
COLOUR = {"colour": Property("options", options=("red", "green"))}
KINDS = ("box", "rotated_box", "polygon", "polyline", "keypoints", "mask")
SPEC = Spec(classes={name: {kind: LabelType(properties=COLOUR) for kind in KINDS} for name in ("cat", "dog")})

Row = dict[str, Any]
Place = tuple[str | None, int | None]


@dataclass
class World:
    """Images, labels in cells of their own, and a spec that they keep."""

    items: list[Row]
    labels: list[Row]
    spec: Spec = field(default=SPEC)

    def findings(self, *codes: str) -> list[Finding]:
        """By all rules or some, which see only the columns that they ask for; the items in two batches. What was
        measured before leads to the same."""
        rules = select(codes)
        middle = self.items[len(self.items) // 2]["item"]
        batches, lean = [], []
        for late in (False, True):
            items, labels = (
                [row for row in rows if (row["item"] >= middle) is late] for rows in (self.items, self.labels)
            )
            batch = batch_of(labels, items, self.spec)
            asked = columns_of(rules) or batch.labels.column_names
            batches.append(replace(batch, labels=batch.labels.select(asked)))
            known = measured(batch)
            lean.append(replace(known, labels=known.labels.select([*asked, *MEASURES.names])))
        found = list(run(batches, rules, CheckSettings()))
        assert list(run(lean, rules, CheckSettings())) == found
        return found

    def add(self, item: str, cell: int, kind: str = "box", **cells: Any) -> Row:
        """One more label, in a cell that is free."""
        row = drawn(item, cell, kind, **cells)
        row["id"] = row["source_id"] = max(one["id"] for one in self.labels) + 1
        row["source_id"] = str(row["id"])
        self.labels.append(row)
        self.labels.sort(key=lambda one: str(one["item"]))
        return row


def drawn(item: str, cell: int, kind: str, **cells: Any) -> Row:
    """A sound label of this kind in a cell: 8 columns, 6 rows."""
    x, y = CELL * (cell % 8) + 10.0, CELL * (cell // 8) + 10.0
    points = [x, y, x + 50, y + 5, x + 45, y + 60, x + 5, y + 40]
    square = [x, y + 20, x + 20, y, x + 50, y + 30, x + 30, y + 50]
    before, column = int(x) * HEIGHT + int(y), [50, HEIGHT - 50] * 40
    runs = [before, *column[:-1], WIDTH * HEIGHT - before - sum(column[:-1])]
    shapes: dict[str, Row] = {
        "box": {"x": x, "y": y, "w": 50.0, "h": 40.0},
        "polygon": {"coords": points, "parts": [4], "x": x, "y": y, "w": 50.0, "h": 60.0},
        "rotated_box": {"coords": square, "x": x, "y": y, "w": 50.0, "h": 50.0},
        "polyline": {"coords": points, "parts": [4]},
        "keypoints": {"coords": [x, y, 2, x + 9, y + 9, 1, 0, 0, 0]},
        "mask": {
            "rle": encode(np.array(runs)),
            "parts": [HEIGHT, WIDTH],
            "x": x,
            "y": y,
            "w": 40.0,
            "h": 50.0,
        },
    }
    row = label(kind, **dict.fromkeys("xywh"), item=item, properties='{"colour":"red"}')
    return row | shapes[kind] | {"source": "labels.json"} | cells


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Three to five images with up to six labels each beside one of each class, kind and colour."""
    keys = [f"{name}.jpg" for name in "abcde"[: draw(st.integers(3, 5))]]
    items = [
        {"item": key, "width": WIDTH, "height": HEIGHT, "format": "jpeg", "orientation": 1} for key in keys
    ]
    labels = []
    for key in keys:
        cells = draw(st.lists(st.integers(12, 46), max_size=6, unique=True))
        labels += [drawn(key, cell, draw(st.sampled_from(KINDS)), **{"class": draw(CLASS)}) for cell in cells]
    every = [(name, kind, colour) for name in SPEC.classes for kind in KINDS for colour in ("red", "green")]
    for place, (name, kind, colour) in enumerate(every):
        item, cell = keys[place % 2], place // 2
        labels.append(drawn(item, cell, kind, **{"class": name, "properties": f'{{"colour":"{colour}"}}'}))
    for key in keys[2:]:
        labels.append(drawn(key, 0, "box"))
    labels.sort(key=lambda row: str(row["item"]))
    for place, row in enumerate(labels, 1):
        row |= {"id": place, "source_id": str(place)}
    return World(items, labels)


CLASS = st.sampled_from(["cat", "dog"])
FREE = 47
"""A cell in which no label lies."""


def on_label(kind: str, **fault: Any) -> Callable[[World, str], Place]:
    """Plant a label with a fault."""

    def plant(world: World, item: str) -> Place:
        row = world.add(item, FREE, kind)
        row.update({name: change(row) if callable(change) else change for name, change in fault.items()})
        return item, row["id"]

    return plant


def on_item(**fault: Any) -> Callable[[World, str], Place]:
    """Plant a fault of an image."""

    def plant(world: World, item: str) -> Place:
        next(row for row in world.items if row["item"] == item).update(fault)
        return item, None

    return plant


def moved(row: Row, *numbers: float) -> list[float]:
    """Coordinates relative to the top left corner of the free cell."""
    x, y = row["coords"][:2]
    return [value + (x, y)[place % 2] for place, value in enumerate(numbers)]


def bow_tie(row: Row) -> list[float]:
    return moved(row, 0, 0, 50, 60, 50, 0, 0, 40)


def doubled(row: Row) -> list[float]:
    return [*row["coords"][:4], *row["coords"][2:]]


def with_hole(row: Row) -> list[float]:
    return [*row["coords"], *moved(row, 2, 45, 10, 58, 2, 58)]


def short_keypoints(row: Row) -> list[float]:
    return list(row["coords"][:8])


def wrong_box(row: Row) -> float:
    return float(row["w"]) + 3


def unlabel(world: World, item: str) -> Place:
    world.labels = [row for row in world.labels if row["item"] != item]
    return item, None


def same_key(world: World, item: str) -> Place:
    twin = copy.deepcopy(next(row for row in world.items if row["item"] == item))
    twin |= {"item": item.replace(".jpg", ".JPG"), "content": "another"}
    world.items.append(twin)
    world.items.sort(key=lambda row: str(row["item"]))
    world.add(twin["item"], 0)
    return max(item, twin["item"]), None


def identical(world: World, item: str) -> Place:
    for row in world.items:
        if row["item"] in ("b.jpg", item):
            row["content"] = "the same"
    world.add(item, FREE)
    return item, None


def similar(world: World, item: str) -> Place:
    for place, row in enumerate(world.items, 1):
        row["look"] = place * 0x9E3779B97F4A7C15 % 2**64
    looks = {row["item"]: row for row in world.items}
    looks[item]["look"] = looks["a.jpg"]["look"] ^ 0x8000000100000101
    world.add(item, FREE)
    return item, None


def exif(world: World, item: str) -> Place:
    for row in world.items:
        if row["item"] == item:
            row |= {"orientation": 6, "width": 481, "height": 640}
    world.labels = [row for row in world.labels if row["item"] != item or row["kind"] != "mask"]
    world.add(item, FREE, x=600.0, y=430.0, w=30.0)
    return item, None


def copied(world: World, item: str, **cells: Any) -> Place:
    first = world.add(item, FREE)
    return item, world.add(item, FREE, **{"class": first["class"], **cells})["id"]


def renumbered(world: World, item: str) -> Place:
    row = world.add(item, FREE)
    row["source_id"] = "1"
    return item, row["id"]


def spec(**changes: Any) -> Callable[[World, str], Place]:
    def plant(world: World, _item: str) -> Place:
        world.spec = replace(world.spec, **changes)
        return None, None

    return plant


def one_value_more(world: World, _item: str) -> Place:
    more = {"colour": Property("options", options=("red", "green", "blue"))}
    world.spec = replace(SPEC, classes={**SPEC.classes, "cat": {"box": LabelType(properties=more)}})
    return None, None


def crowd(world: World, _item: str) -> Place:
    rare = world.add("a.jpg", FREE, **{"class": "ox"})
    world.items += [{**world.items[0], "item": f"z{place}.jpg"} for place in range(101)]
    for place in range(101):
        world.add(f"z{place}.jpg", 0, **{"class": "bee"})
    assert rare["class"] == "ox"
    world.items.sort(key=lambda row: str(row["item"]))
    return None, None


def outlier(world: World, item: str) -> Place:
    world.items += [{**world.items[0], "item": f"z{place}.jpg"} for place in range(40)]
    for place in range(40):
        world.add(f"z{place}.jpg", 0, w=40.0 + place % 20)
    world.items.sort(key=lambda row: str(row["item"]))
    return item, world.add(item, FREE, w=3.0, h=4.0)["id"]


PLANTED: dict[str, tuple[Callable[[World, str], Place], set[str]]] = {
    "G107": (on_label("polygon", coords=bow_tie), set()),
    "G108": (on_label("polygon", coords=doubled, parts=[5]), set()),
    "G109": (on_label("polygon", coords=with_hole, parts=[4, -3]), set()),
    "G110": (
        on_label("mask", rle=encode(np.array([99, 1])), parts=[10, 10], x=9.0, y=9.0, w=1.0, h=1.0),
        set(),
    ),
    "G111": (on_label("keypoints", coords=short_keypoints), {"S116"}),
    "G112": (on_label("keypoints", coords=[0.0, 0, 2, 9, 9, 2, 0, 0, 0]), set()),
    "G113": (on_label("polygon", w=wrong_box), set()),
    "I101": (on_item(missing=True), set()),
    "I102": (on_item(fault="no such marker", cut=False), set()),
    "I103": (on_item(fault="the image is cut short", cut=True), set()),
    "I104": (on_item(said_width=1280, said_height=960, said_by="labels.json"), set()),
    "I105": (exif, set()),
    "I106": (unlabel, set()),
    "I107": (on_item(content=None), set()),
    "I108": (same_key, set()),
    "I109": (identical, set()),
    "I110": (similar, set()),
    "D101": (copied, set()),
    "D102": (lambda world, item: copied(world, item, **{"class": "dog"}), set()),
    "D103": (lambda world, item: copied(world, item, x=585.0, y=420.0, w=20.0, h=20.0), set()),
    "D104": (renumbered, set()),
    "B101": (spec(classes={**SPEC.classes, "eel": {}}, quality=Quality(labels_per_class=1)), set()),
    "B102": (spec(classes={**SPEC.classes, "eel": {}}), set()),
    "B103": (one_value_more, {"S102"}),
    "B104": (crowd, {"S101"}),
    "B105": (outlier, {"B104"}),
}


@given(worlds())
@settings(max_examples=15)
def test_clean_worlds_are_clean(world: World) -> None:
    assert world.findings() == []


@pytest.mark.parametrize("code", PLANTED)
@given(world=worlds(), last=st.booleans())
@settings(max_examples=5)
def test_a_planted_fault_is_found_once_at_its_place(code: str, world: World, last: bool) -> None:
    plant, consequences = PLANTED[code]
    item, number = plant(world, world.items[-1 if last else 2]["item"])
    found = world.findings()
    mine = [(one.item, int(one.label, 16) if one.label else None) for one in found if one.code == code]
    assert mine == [(item, number)]
    assert {one.code for one in found} - {code} <= consequences
    assert world.findings(code) == [one for one in found if one.code == code]


def test_every_rule_of_these_families_is_planted() -> None:
    later = {code for code in RULES if code[0] in "IDB" or (code[0] == "G" and code >= "G107")}
    assert later == set(PLANTED)
