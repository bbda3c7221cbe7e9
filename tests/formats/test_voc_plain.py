"""Pascal VOC of items that no source said anything of: made many at once, the same to the byte as one by one."""

from __future__ import annotations

import json
import posixpath
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from format_round_trip import files_of, on_disk, read_folder, said_by, said_in
from hypothesis import given
from hypothesis import strategies as st
from label_strategies import texts
from selections import InMemorySelection

from datalabel.formats.base import BATCH_ITEMS
from datalabel.formats.registry import get_format

VOC = get_format("voc")

Row = dict[str, Any]

CLASSES = st.one_of(
    texts(), st.sampled_from(["dog", "{0}", "{}", "}{", "a&b", "<name>", "&lt;", "n\r", " n", "犬", "]]>"])
)
NAMES = st.sampled_from(
    [
        "a.jpg",
        "b.c.png",
        "none",
        ".hidden",
        "x/a.jpg",
        "x/y/a b.jpg",
        "{0}/{1}.jpg",
        "a&b/<c>.jpg",
        "犬/é\r.png",
        "x/ c.jpg\n",
    ]
)
SIDES = st.one_of(
    st.floats(-1e300, 1e300),
    st.floats(0, 5000).map(lambda side: round(side, 2)),
    st.integers(-(10**9), 10**9).map(float),
    st.sampled_from([0.0, -0.0, 5e-324, 1e-7, 0.1, 999999.999999, 2.0**53, 1e15]),
)
PIXELS = st.none() | st.integers(1, 2**31 - 1)
BOXES = st.tuples(SIDES, SIDES, SIDES, SIDES).map(
    lambda box: {"kind": "box", **dict(zip("xywh", box, strict=True))}
)
SAID = st.sampled_from(
    [
        {},
        {},
        {},
        {"properties": "{}"},
        {"properties": '{"a":1}'},
        {"extra": '{"pose":"Left","difficult":"1"}'},
    ]
)


def item(key: str, width: int | None = 4, height: int | None = 5, extra: str | None = None) -> Row:
    return {"item": key, "name": key, "width": width, "height": height, "extra": extra}


def selected(items: Sequence[Row], labels: Sequence[Row]) -> InMemorySelection:
    return InMemorySelection.of(pa.Table.from_pylist(list(items), BATCH_ITEMS), labels)


def saying_what_is_usual(row: Row) -> Row:
    """The item as one of which a source said just what is written where none said anything."""
    folder = posixpath.dirname(row["item"])
    usual = {"folder": folder, "size": {"depth": "3"}, "segmented": "0"}
    left_out = [*([] if folder else ["folder"]), *([] if row["width"] is not None else ["size"])]
    return {**row, "extra": json.dumps({tag: value for tag, value in usual.items() if tag not in left_out})}


@st.composite
def foreign_sets(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    items = [item(key, draw(PIXELS), draw(PIXELS)) for key in draw(st.sets(NAMES, min_size=1))]
    geometries = st.lists(BOXES | st.just({"kind": "category"}), max_size=3)
    labels = [
        {"item": row["item"], "class": draw(CLASSES), **geometry, **draw(SAID)}
        for row in items
        for geometry in draw(geometries)
    ]
    return items, labels


@given(foreign_sets(), st.data())
def test_the_bytes_are_those_of_items_written_one_by_one(
    found: tuple[list[Row], list[Row]], data: st.DataObject
) -> None:
    items, labels = found
    mixed = [saying_what_is_usual(row) if data.draw(st.booleans()) else row for row in items]
    one_by_one = files_of(VOC, selected([saying_what_is_usual(row) for row in items], labels))
    for some in (items, mixed):
        for per_batch in (1, 1000):
            files = files_of(VOC, replace(selected(some, labels), per_batch=per_batch))
            assert list(files.items()) == list(one_by_one.items())


@given(foreign_sets())
def test_everything_that_has_bounds_comes_back(found: tuple[list[Row], list[Row]]) -> None:
    items, labels = found
    selection = selected(items, labels)
    with tempfile.TemporaryDirectory() as folder:
        on_disk(files_of(VOC, selection), Path(folder))
        read = read_folder(VOC, Path(folder))
    drawn = selected(items, [row for row in labels if row["kind"] == "box"])
    assert said_by(read) == said_in(drawn.labels)
    columns = ["name", "width", "height"]
    said = read.mentions.select(columns).sort_by("name")
    assert said.equals(selection.items.select(columns).sort_by("name"))


AN_OBJECT = """\
\t<object>
\t\t<name>%s</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>0</truncated>
\t\t<difficult>0</difficult>
\t\t<bndbox>
\t\t\t<xmin>%s</xmin>
\t\t\t<ymin>%s</ymin>
\t\t\t<xmax>%s</xmax>
\t\t\t<ymax>%s</ymax>
\t\t</bndbox>%s
\t</object>
"""


AN_ATTRIBUTE = """
\t\t<attributes>
\t\t\t<attribute>
\t\t\t\t<name>a</name>
\t\t\t\t<value>b</value>
\t\t\t</attribute>
\t\t</attributes>"""
ALL_SHAPES = [
    item("a/{0} & <b>.jpg"),
    item("b.jpg", None, None),
    item("c.jpg", None, 7),
    item("d.jpg", 7, None),
    item("e.jpg", extra='{"source":"me"}'),
    item("f.jpg"),
]
BOX = {"kind": "box", "x": 0.1, "y": -2.0, "w": 0.2, "h": 1e-7}
THEIR_LABELS: list[Row] = [
    {"item": "a/{0} & <b>.jpg", "class": "{1}<&>", **BOX},
    {"item": "a/{0} & <b>.jpg", "class": "wet", "kind": "category"},
    {"item": "a/{0} & <b>.jpg", "class": "dog", "kind": "mask", "x": 1.0, "y": 2.0, "w": 3.0, "h": 4.0},
    {"item": "b.jpg", "class": "wet", "kind": "category"},
    {"item": "e.jpg", "class": "dog", **BOX},
    {"item": "f.jpg", "class": "dog", **BOX, "properties": '{"a":"b"}'},
]


def test_files_of_all_shapes_in_one_batch() -> None:
    corners = ("0.1", "-2", "0.3", "-1.9999999")
    size = "\t<size>\n\t\t<width>4</width>\n\t\t<height>5</height>\n"
    depth = "\t\t<depth>3</depth>\n\t</size>\n"
    none = "\t<segmented>0</segmented>\n"
    inner = {
        "a/{0} & <b>": "\t<folder>a</folder>\n\t<filename>a/{0} &amp; &lt;b&gt;.jpg</filename>\n"
        + (size + depth + none)
        + AN_OBJECT % ("{1}&lt;&amp;&gt;", *corners, "")
        + AN_OBJECT % ("dog", "1", "2", "4", "6", ""),
        "b": f"\t<filename>b.jpg</filename>\n{none}",
        "c": f"\t<filename>c.jpg</filename>\n\t<size>\n\t\t<height>7</height>\n\t</size>\n{none}",
        "d": f"\t<filename>d.jpg</filename>\n\t<size>\n\t\t<width>7</width>\n{depth}{none}",
        "e": f"\t<filename>e.jpg</filename>\n\t<source>me</source>\n{size}\t</size>\n"
        + AN_OBJECT % ("dog", *corners, ""),
        "f": f"\t<filename>f.jpg</filename>\n{size}{depth}{none}"
        + AN_OBJECT % ("dog", *corners, AN_ATTRIBUTE),
    }
    assert list(files_of(VOC, selected(ALL_SHAPES, THEIR_LABELS)).items()) == [
        (f"Annotations/{stem}.xml", f"<annotation>\n{text}</annotation>\n".encode())
        for stem, text in inner.items()
    ]


def test_more_items_than_are_made_together_keep_their_order_and_labels() -> None:
    count = 2500
    items = [
        item(f"{row:04d}.jpg", extra='{"source":"me"}' if row % 7 == 0 else None) for row in range(count)
    ]
    labels = [
        {"item": f"{row:04d}.jpg", "class": f"c{row}", "kind": "box", "x": 0.0, "y": 0.0, "w": 1.0, "h": 1.0}
        for row in range(count)
        if row % 3
    ]
    files = files_of(VOC, replace(selected(items, labels), per_batch=count))
    assert list(files) == [f"Annotations/{row:04d}.xml" for row in range(count)]
    for row, data in enumerate(files.values()):
        assert data.count(b"<object>") == (row % 3 > 0)
        assert (f"<name>c{row}</name>".encode() in data) == (row % 3 > 0)
        assert (b"<source>me</source>" in data) == (row % 7 == 0)
