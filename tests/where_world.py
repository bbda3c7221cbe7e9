"""A few items and labels with everything that can be missing or odd, and what expressions choose of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from datalabel.labels.tables import ITEMS, LABELS, table_of
from datalabel.labels.where import parse_where

Row = dict[str, Any]

ITEM_ROWS: list[Row] = [
    {"item": "a.jpg", "width": 640, "height": 480, "state": "done", "properties": {"site": "A", "n": 1}},
    {"item": "b/ä.jpg", "width": 1920, "height": None, "state": None, "properties": None},
    {
        "item": "b/c_1.jpg",
        "width": None,
        "height": 480,
        "state": "new",
        "properties": {"site": "it's", "n": 2.5},
    },
    {"item": "z.jpg", "width": 0, "height": 0, "state": "done", "properties": {"site": None, "n": "1"}},
]
PROPERTIES: list[Any] = [
    None,
    {},
    {"a": 1, "b": "cut"},
    {"a": "1", "b": True},
    {"a": [1, 2], "b": ["cut", "rot"]},
    {"a": [], "b": [False, "rot", None]},
    {"a": {"deep": -0.0, "list": [[1]]}, "b": None, "my key": "x"},
    {"a": 2**70, "b": "CUT"},
    {"a": False, "b": 0},
]
LABEL_ROWS: list[Row] = [
    {
        "item": ITEM_ROWS[number % 3]["item"],
        "id": number * 0x0123456789ABCDEF % 2**64,
        "class": ("car", "Bus", "c%r", "")[number % 4],
        "kind": ("box", "mask")[number % 2],
        "w": (10.0, 0.0, -0.0, 2.5, None, 1e308)[number % 6],
        "h": (0.0, 4.0, None, 2.5)[number % 4],
        "confidence": (None, 0.5, 1.0)[number % 3],
        "annotator": (None, "ann")[number % 2],
        "properties": PROPERTIES[number % len(PROPERTIES)],
    }
    for number in range(72)
]
LABEL_ROWS.sort(key=lambda row: str(row["item"]))


def table(rows: list[Row], schema: pa.Schema) -> pa.Table:
    names = list(rows[0])
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in names}
    columns["properties"] = [
        None if value is None else json.dumps(value, sort_keys=True) for value in columns["properties"]
    ]
    return table_of(columns, schema)


ITEM_TABLE, LABEL_TABLE = table(ITEM_ROWS, ITEMS), table(LABEL_ROWS, LABELS)
OWNERS: dict[str, Row] = {row["item"]: row for row in ITEM_ROWS}


def chosen_items(text: str) -> list[str]:
    where = parse_where(text)
    found = ITEM_TABLE.filter(where.items(ITEM_TABLE))
    return list(found.column("item").to_pylist())


def chosen_labels(text: str, labels: pa.Table = LABEL_TABLE) -> list[int]:
    where = parse_where(text)
    mask = where.labels(labels.select(where.label_columns), ITEM_TABLE)
    return [row for row, held in enumerate(mask.to_pylist()) if held]


def labels_where(holds: Callable[[Row], Any]) -> list[int]:
    return [number for number, row in enumerate(LABEL_ROWS) if holds(row)]
