"""Pascal VOC: a set of labels of any origin as files, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from format_round_trip import files_of
from hypothesis import given
from hypothesis import strategies as st
from selections import InMemorySelection

from datalabel.errors import InputError, RefusedError
from datalabel.formats.registry import get_format
from datalabel.formats.voc.numbers import corners, corners_in_bulk

VOC = get_format("voc")

SIDE = st.one_of(
    st.floats(-1e300, 1e300),
    st.floats(0, 5000).map(lambda side: round(side, 2)),
    st.integers(-(10**9), 10**9).map(lambda steps: steps / 1e6),
    st.sampled_from([0.0, -0.0, 1e-7, 999999.999999, 2.0**53, 1e15]),
)


def label(item: str = "imgs/a.jpg", **more: Any) -> dict[str, Any]:
    return {"item": item, "class": "dog", "kind": "box", "x": 1.0, "y": 2.0, "w": 3.0, "h": 4.5, **more}


def test_the_standard_layout() -> None:
    selection = InMemorySelection.of({"imgs/a b.jpg": (640, 480)}, [label("imgs/a b.jpg")])
    assert VOC.losses(selection) == []
    assert files_of(VOC, selection) == {
        "Annotations/imgs/a b.xml": b"""\
<annotation>
\t<folder>imgs</folder>
\t<filename>imgs/a b.jpg</filename>
\t<size>
\t\t<width>640</width>
\t\t<height>480</height>
\t\t<depth>3</depth>
\t</size>
\t<segmented>0</segmented>
\t<object>
\t\t<name>dog</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>0</truncated>
\t\t<difficult>0</difficult>
\t\t<bndbox>
\t\t\t<xmin>1</xmin>
\t\t\t<ymin>2</ymin>
\t\t\t<xmax>4</xmax>
\t\t\t<ymax>6.5</ymax>
\t\t</bndbox>
\t</object>
</annotation>
"""
    }


def test_an_item_of_unknown_size_and_without_labels_is_written_too() -> None:
    (data,) = files_of(VOC, InMemorySelection.of({"a.jpg": None}, [])).values()
    assert b"<size>" not in data
    assert b"<filename>a.jpg</filename>" in data


def test_losses_name_what_becomes_a_box_and_what_goes() -> None:
    rows = [
        label(kind="polygon", coords=[0.0] * 6, parts=[3], confidence=0.5),
        label(kind="polygon", coords=[0.0] * 6, parts=[3]),
        {"item": "imgs/a.jpg", "class": "wet", "kind": "category", "properties": '{"a":1}'},
    ]
    selection = InMemorySelection.of({"imgs/a.jpg": (9, 9)}, rows)
    assert [str(loss) for loss in VOC.losses(selection)] == [
        "polygon becomes its bounding box: 2 (first: imgs/a.jpg, label 0000000000000001)",
        "labels of kind category are left out: 1 (first: imgs/a.jpg, label 0000000000000003)",
        "confidence of labels is not kept: 1 (first: imgs/a.jpg, label 0000000000000001)",
    ]
    (data,) = files_of(VOC, selection).values()
    assert data.count(b"<object>") == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.jpg", "a.png"),
        ("x/A.jpg", "x/a.jpg"),
        ("caf\u00e9.jpg", "cafe\u0301.png"),
        ("STRASSE.jpg", "straße.jpg"),
    ],
)
def test_two_images_never_share_a_file(one: str, other: str) -> None:
    selection = InMemorySelection.of({one: (1, 1), other: (1, 1)}, [])
    for attempt in (VOC.losses, VOC.write):
        with pytest.raises(RefusedError) as caught:
            attempt(selection)
        assert one in str(caught.value)
        assert other in str(caught.value)


def test_images_of_one_name_in_two_folders_are_fine() -> None:
    selection = InMemorySelection.of({"x/a.jpg": (1, 1), "y/a.jpg": (1, 1)}, [])
    assert list(files_of(VOC, selection)) == ["Annotations/x/a.xml", "Annotations/y/a.xml"]


@pytest.mark.parametrize(
    "more",
    [
        {"class": "a\x07"},
        {"class": " "},
        {"class": "a\uffff"},
        {"properties": '{"a":"\\u0000"}'},
        {"properties": '{"\\b":1}'},
    ],
)
def test_what_xml_cannot_spell_is_refused(more: dict[str, str]) -> None:
    with pytest.raises(RefusedError) as caught:
        VOC.losses(InMemorySelection.of({"imgs/a.jpg": (1, 1)}, [label(**more)]))
    assert caught.value.faults[0].where == "imgs/a.jpg"


@pytest.mark.parametrize("properties", ['{"a":"\\\\b"}', '{"a":["\\u0007"]}', '{"a\\n":"\\t"}'])
def test_what_only_looks_unspeakable_is_written(properties: str) -> None:
    selection = InMemorySelection.of({"imgs/a.jpg": (1, 1)}, [label(properties=properties)])
    assert VOC.losses(selection) == []
    assert len(files_of(VOC, selection)) == 1


def test_an_unsafe_member_path_is_never_written() -> None:
    items = InMemorySelection.of({"a.jpg": (1, 1)}, []).items
    at = items.column_names.index("number")
    for member in ('"../a.xml"', '"/etc/a.xml"', "7", "{"):
        unsafe = items.set_column(at, items.schema.field("number"), [[member]])
        with pytest.raises(InputError, match=r"a\.jpg"):
            VOC.write(InMemorySelection.of(unsafe, [], header={}))


@given(st.lists(st.tuples(*[SIDE] * 4), min_size=1, max_size=20))
def test_corners_in_bulk_are_spelled_as_one_by_one(boxes: list[tuple[float, float, float, float]]) -> None:
    sides = [np.array(side, np.float64) for side in zip(*boxes, strict=True)]
    in_bulk = zip(*(texts.to_pylist() for texts in corners_in_bulk(*sides)), strict=True)
    assert list(in_bulk) == [corners(*box) for box in boxes]
