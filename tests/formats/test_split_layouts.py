"""Splits for training: where images go, and what stands in the files of each split."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from format_round_trip import on_disk, read_folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selections import InMemorySelection

from datalabel.errors import RefusedError
from datalabel.formats.base import BATCH_ITEMS
from datalabel.formats.registry import formats, get_format


def split(name: str, *items: str, classes: tuple[str, ...] = ("dog", "cat")) -> InMemorySelection:
    """A split whose items are called by their base names, with a label on each."""
    rows = [{"item": f"raw/{item}", "name": item, "width": 100, "height": 200} for item in items]
    table = pa.Table.from_pylist(rows, BATCH_ITEMS)
    box = {"class": "cat", "kind": "box", "x": 1.0, "y": 2.0, "w": 3.0, "h": 4.0}
    return InMemorySelection.of(table, [{"item": f"raw/{item}", **box} for item in items], classes, name=name)


def written(name: str, *splits: InMemorySelection) -> dict[str, bytes]:
    return {file.path: b"".join(file.chunks) for file in get_format(name).write_splits(splits)}


def test_coco_has_a_file_per_split_with_the_same_categories() -> None:
    files = written("coco", split("train", "b.jpg", "a.jpg"), split("val", "x/a.jpg"))
    assert list(files) == ["annotations/instances_train.json", "annotations/instances_val.json"]
    train, val = map(json.loads, files.values())
    assert train["categories"] == val["categories"] == [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}]
    assert [image["file_name"] for image in train["images"]] == ["a.jpg", "b.jpg"]
    assert [image["file_name"] for image in val["images"]] == ["x/a.jpg"]
    assert get_format("coco").image_place("val", "x/a.jpg") == "val/x/a.jpg"
    assert get_format("coco").image_place(None, "x/a.jpg") == "images/x/a.jpg"


def test_voc_has_one_folder_and_a_list_per_split() -> None:
    files = written("voc", split("train", "b.jpg", "a.b.jpg"), split("val", "x/a.jpg"))
    assert files["ImageSets/Main/train.txt"] == b"a.b\nb\n"
    assert files["ImageSets/Main/val.txt"] == b"x/a\n"
    assert {path for path in files if path.endswith(".xml")} == {
        "Annotations/a.b.xml",
        "Annotations/b.xml",
        "Annotations/x/a.xml",
    }
    assert b"<filename>x/a.jpg</filename>" in files["Annotations/x/a.xml"]
    assert get_format("voc").image_place("val", "x/a.jpg") == "JPEGImages/x/a.jpg"
    assert get_format("voc").image_place(None, "x/a.jpg") == "JPEGImages/x/a.jpg"


def test_voc_refuses_an_image_name_that_two_splits_have() -> None:
    with pytest.raises(RefusedError, match=r"would be written to one file, Annotations/a\.xml"):
        written("voc", split("train", "a.jpg"), split("val", "a.png"))


def test_voc_refuses_names_that_a_list_cannot_hold() -> None:
    with pytest.raises(RefusedError, match="line break"):
        written("voc", split("train", "a\nb.jpg"))


@pytest.mark.parametrize("name", [info.name for info in formats()])
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(groups=st.lists(st.sets(st.sampled_from("abcdefg")), min_size=2, max_size=3))
def test_no_two_images_have_one_place_and_bytes_are_the_same_every_time(
    name: str, groups: list[set[str]]
) -> None:
    seen: set[str] = set()
    splits = []
    for place, group in enumerate(groups):
        splits.append(split(f"s{place}", *sorted(f"{one}.jpg" for one in group - seen)))
        seen |= group
    fmt = get_format(name)
    places = [
        fmt.image_place(one.name, item) for one in splits for item in one.items.column("name").to_pylist()
    ]
    files = written(name, *splits)
    assert len(set(places)) == len(places)
    assert not set(places) & set(files)
    assert list(files.items()) == list(written(name, *splits).items())


def test_fields_of_its_own_format_stay_in_a_set(tmp_path: Path) -> None:
    text = (
        "<annotation>\n\t<filename>a.jpg</filename>\n\t<source>\n\t\t<database>mine</database>\n\t</source>\n"
        "\t<object>\n\t\t<name>cat</name>\n\t\t<difficult>1</difficult>\n\t\t<bndbox>\n\t\t\t<xmin>1</xmin>\n"
        "\t\t\t<ymin>2</ymin>\n\t\t\t<xmax>3</xmax>\n\t\t\t<ymax>4</ymax>\n\t\t</bndbox>\n\t</object>\n</annotation>\n"
    )
    on_disk({"a.xml": text.encode()}, tmp_path)
    source = InMemorySelection.from_read(read_folder(get_format("voc"), tmp_path))
    files = written("voc", replace(source, header=None, name="train"))
    assert b"<difficult>1</difficult>" in files["Annotations/a.xml"]
    assert b"<database>mine</database>" in files["Annotations/a.xml"]
