"""YOLO: what was read is written again, to the byte, and changes touch only what they change."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from format_round_trip import files_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selections import InMemorySelection
from yolo_files import DATA, YOLO, OneSize, again, lines, read_files

from datalabel.errors import InputError, RefusedError
from datalabel.formats.base import Read

BOX = "0 0.5 0.5 0.2 0.1"
SHORT = "polygon of fewer than 3 points becomes its bounding box"
SIX = "0 0.538066 0.452000 0.360082 0.500000"


def kept(read: Read) -> list[str | None]:
    """The lines that had to be kept as they were."""
    extras = read.labels.column("extra").to_pylist()
    return [None if one is None else json.loads(one)["$verbatim"] for one in extras]


@pytest.mark.parametrize(
    "text",
    [
        f"{SIX}\n1 0.070000 0.759786 0.036000 0.174377\n",
        f"{BOX}\n1 0.25 0.125 0.0625 0.1\n",
        "0 0.331641 0.0217 0.0485 0.00123\n1 1e-05 0.5 0.1 0.25\n",
        "0 0.3333333333333333 0.6666666666666666 0.1 0.2\n",
        f"{SIX} 0.87\n{SIX} 0.5\n",
        f"{SIX}",
        f"{SIX}\r\n{BOX}\r\n",
        f"{SIX}\r\n{BOX}",
        f"{SIX}\r\n{BOX}\n",
        f"{SIX}\r{BOX}\r",
        f"\ufeff{SIX}\n",
        f"\n\n{SIX}\n  \n{SIX}\n\n",
        "\n",
        "",
        " \t\r\n",
        f"  {BOX}  \n0\t0.5\t0.5\t0.2\t0.1\n00 0.5 0.5 0.2 0.1\n",
        "0 +0.5 .5 0.20 1e-1\n",
        "0.0 0.5 0.5 0.2 0.1\n1e0 0.5 0.5 0.2 0.1\n",
        "0 0.1 0.1 0.5 0.1 0.5 0.4\n1 0.100000 0.100000 0.500000 0.100000 0.500000 0.400000\n",
        "0 0.1234567890123456789 0.5 0.2 0.1\n",
        "0 -0.25 1.5 0.2 0.1\n0 0.5 0.5 0 0\n",
    ],
)
@pytest.mark.parametrize("size", [(100, 200), (486, 500), (4000, 2999)])
def test_a_label_file_comes_back_to_the_byte(tmp_path: Path, text: str, size: tuple[int, int]) -> None:
    files = {"data.yaml": DATA.encode(), "labels/a.txt": text.encode(), "labels/b.txt": f"{SIX}\n".encode()}
    assert again(read_files(tmp_path, files, OneSize(size=size))) == files


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("kpt_shape: [2, 3]", f"{SIX} 0.671279 0.617945 2.000000 0.000000 0.000000 0.000000"),
        ("kpt_shape: [2, 3]", f"{SIX} 0.671279 0.617945 2 0.000000 0.000000 0"),
        ("kpt_shape: [2, 2]", f"{SIX} 0.671279 0.617945 0.000000 0.000000"),
        ("kpt_shape: [1, 3]", f"{SIX} 0.671279 0.617945 0.93 0.5"),
        ("task: obb", "1 0.780811 0.743961 0.782371 0.74686 0.777691 0.752174 0.776131 0.749758"),
        ("task: segment", "1 0.780811 0.743961 0.782371 0.74686 0.777691 0.752174"),
    ],
)
def test_every_task_comes_back_to_the_byte(tmp_path: Path, data: str, line: str) -> None:
    files = {"data.yaml": f"{DATA}{data}\n".encode(), "labels/a.txt": f"{line}\n{line}\n".encode()}
    read = read_files(tmp_path, files)
    assert kept(read) == [None, None]
    assert again(read) == files


def test_other_files_come_back_to_the_byte(tmp_path: Path) -> None:
    files = {
        "data.yaml": f"# é\r\n{DATA}\r\n\r\n".encode(),
        "train.txt": b"./images/train/a.jpg",
        "labels/train/a.txt": BOX.encode(),
        "labels/train/b.txt": b"",
    }
    assert again(read_files(tmp_path, files)) == files


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        (f"{SIX}\n" * 9 + f"{BOX}\n", 1),
        ("0 0.4859375 0.31 0.0703125 0.25\n" * 9, 0),
        ("0 0.671279 0.617945 0.0645759 0.00726859\n" * 9, 0),
    ],
)
def test_digits_are_kept_only_where_they_are_not_the_habit(tmp_path: Path, text: str, odd: int) -> None:
    read = read_files(tmp_path, {"data.yaml": DATA, "labels/a.txt": text})
    assert sum(line is not None for line in kept(read)) == odd


def edited(read: Read, **columns: list[Any]) -> InMemorySelection:
    """The source again after changes in some columns of its labels."""
    labels = read.labels
    for name, values in columns.items():
        field = labels.schema.field(name)
        labels = labels.set_column(labels.column_names.index(name), field, pa.array(values, field.type))
    return InMemorySelection.from_read(replace(read, labels=labels))


def written(read: Read, **columns: list[Any]) -> str:
    """The text of the only label file after changes."""
    return files_of(YOLO, edited(read, **columns))["labels/a.txt"].decode()


def test_a_changed_geometry_is_told_exactly(tmp_path: Path) -> None:
    read = lines(tmp_path, SIX, f"0\t{SIX[2:]}", SIX)
    text = written(read, x=[7.25, 7.123456789, read.labels.column("x")[2].as_py()])
    habit = "0 0.252541 0.452000 0.360082 0.500000"
    longer = "0 0.25127556789 0.452 0.360082 0.5"
    assert text == f"{habit}\n{longer}\n{SIX}\n"


def test_a_changed_class_keeps_the_digits(tmp_path: Path) -> None:
    read = lines(tmp_path, SIX, "00 0.50  0.5 0.2 0.1 ")
    assert written(read, **{"class": ["dog", "dog"]}) == f"1{SIX[1:]}\n1 0.50  0.5 0.2 0.1 \n"


def test_classes_of_one_name_keep_their_numbers(tmp_path: Path) -> None:
    data = "train: i\nnames: [cat, cat]\n"
    read = lines(tmp_path, "1 0.5 0.5 0.2 0.1", BOX, data=data)
    assert read.labels.column("class").to_pylist() == ["cat", "cat"]
    assert again(read)["labels/a.txt"].decode() == f"1 0.5 0.5 0.2 0.1\n{BOX}\n"


@pytest.mark.parametrize(
    ("names", "after"),
    [
        (
            "nc: 1\nnames:\n  0: cat\n\n# end\nroboflow: {v: 1}\n",
            "nc: 2\nnames:\n  0: cat\n  1: dog\n\n# end\nroboflow: {v: 1}\n",
        ),
        ("names: [cat]  # all\nnc: 1 # one\n", "names:\n  0: cat\n  1: dog\nnc: 2 # one\n"),
        ("names:\r\n- cat\r\nval: i\r\n", "names:\r\n  0: cat\r\n  1: dog\r\nval: i\r\n"),
        ('names: ["cat"]', "names:\n  0: cat\n  1: dog"),
    ],
)
def test_a_new_class_is_added_to_data_yaml(tmp_path: Path, names: str, after: str) -> None:
    read = lines(tmp_path, BOX, data=f"train: i\n{names}" if "\r" not in names else names)
    files = files_of(YOLO, edited(read, **{"class": ["dog"]}))
    assert files["data.yaml"].decode() == (f"train: i\n{after}" if "\r" not in names else after)
    assert files["labels/a.txt"].decode() == f"1{BOX[1:]}\n"


@pytest.mark.parametrize("number", ["0", "0.0", "-0.0", "0e1", "000"])
def test_a_line_of_another_class_keeps_its_other_numbers(tmp_path: Path, number: str) -> None:
    read = lines(tmp_path, f" {number} +0.5 .5  0.20 1e-1", BOX)
    files = files_of(YOLO, edited(read, **{"class": ["dog", "cat"]}))
    assert files["labels/a.txt"].decode() == f" 1 +0.5 .5  0.20 1e-1\n{BOX}\n"


def test_a_polygon_that_lost_its_points_is_written_by_its_bounds(tmp_path: Path) -> None:
    read = lines(tmp_path, "0 0.1 0.1 0.5 0.1 0.5 0.4")
    selection = edited(read, coords=[[10.0, 20.0, 50.0, 80.0]], parts=[[2]])
    assert [loss.what for loss in YOLO.losses(selection)] == [SHORT]
    assert files_of(YOLO, selection)["labels/a.txt"] == b"0 0.1 0.1 0.5 0.1 0.5 0.4 0.1 0.4\n"


def test_a_data_yaml_in_one_line_is_laid_out_anew(tmp_path: Path) -> None:
    read = lines(tmp_path, BOX, data='{"train": "i", "nc": 1, "names": ["cat"], "x": {"y": [true]}}')
    files = files_of(YOLO, edited(read, **{"class": ["dog"]}))
    expected = {"train": "i", "nc": 2, "names": {"0": "cat", "1": "dog"}, "x": {"y": [True]}}
    assert json.loads(files["data.yaml"]) == expected


def test_a_new_class_is_added_to_lists_of_names(tmp_path: Path) -> None:
    files = {"obj.data": "classes = 1\nnames = obj.names\n", "obj.names": "cat\r\n\r\n", "a.txt": BOX}
    read = read_files(tmp_path, files)
    out = files_of(YOLO, edited(read, **{"class": ["dog"]}))
    assert out["obj.names"] == b"cat\r\ndog\r\n"
    assert out["obj.data"] == b"classes = 2\nnames = obj.names\n"
    assert out["a.txt"] == f"1{BOX[1:]}".encode()


def test_a_name_that_its_list_cannot_hold_is_refused(tmp_path: Path) -> None:
    selection = edited(read_files(tmp_path, {"classes.txt": "cat\n", "a.txt": BOX}), **{"class": ["a\nb"]})
    with pytest.raises(RefusedError, match="one name per line"):
        YOLO.losses(selection)


def test_a_polygon_in_a_source_of_boxes_stays_one(tmp_path: Path) -> None:
    read = lines(tmp_path, BOX)
    selection = edited(read, kind=["polygon"], coords=[[10.0, 20.0, 50.0, 20.0, 50.0, 80.0]], parts=[[3]])
    assert YOLO.losses(selection) == []
    assert files_of(YOLO, selection)["labels/a.txt"] == b"0 0.1 0.1 0.5 0.1 0.5 0.4\n"


def test_a_new_item_gets_a_file_where_the_source_has_most(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"data.yaml": DATA, "labels/train/a.txt": BOX})
    items = [
        InMemorySelection.from_read(read).items,
        InMemorySelection.of({"x/new.v2.jpg": (9, 9)}, []).items,
    ]
    selection = InMemorySelection.of(pa.concat_tables(items), [], header=read.header)
    assert list(files_of(YOLO, selection)) == ["data.yaml", "labels/train/a.txt", "labels/train/new.v2.txt"]


def test_a_recorded_member_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    read = lines(tmp_path, BOX)
    mentions = read.mentions.set_column(1, read.mentions.schema.field("number"), pa.array(['"../a.txt"']))
    with pytest.raises(InputError, match="has the part"):
        again(replace(read, mentions=mentions))


NUMBERS = st.one_of(
    st.integers(0, 10**6).map(lambda millionths: f"{millionths / 1e6:.6f}"),
    st.floats(0, 1).map(repr),
    st.floats(0, 1).map(lambda value: f"{value:g}"),
    st.floats(-5, 5).map(repr),
    st.sampled_from(["0", "1", "1.0", ".5", "1.", "+0.5", "-0", "1e-7", "0.10"]),
)
SPACES = st.sampled_from([" ", " ", " ", "\t", "  "])


@st.composite
def label_texts(draw: st.DrawFn) -> str:
    rows = []
    for _ in range(draw(st.integers(0, 4))):
        count = draw(st.sampled_from([4, 6, 8, 10]))
        numbers = [draw(NUMBERS) for _ in range(count)]
        rows.append("".join([draw(st.sampled_from("01")), *(draw(SPACES) + one for one in numbers)]))
        if draw(st.booleans()) and count == 4:
            rows[-1] += f" {draw(st.sampled_from(['0.5', '1', '0.123456']))}"
    rows += [""] * draw(st.integers(0, 1))
    return draw(st.sampled_from(["\n", "\r\n"])).join(rows)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    texts=st.lists(label_texts(), min_size=1, max_size=3),
    size=st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
)
def test_whatever_is_read_is_written_to_the_byte(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], size: tuple[int, int]
) -> None:
    files = {"data.yaml": DATA.encode()}
    files |= {f"labels/{place}.txt": text.encode() for place, text in enumerate(texts)}
    assert again(read_files(tmp_path_factory.mktemp("source"), files, OneSize(size=size))) == files


@pytest.mark.parametrize("end", ["\r\n", "\r", "\x85", "\u2028"])
def test_lines_of_data_yaml_end_as_yaml_has_it(tmp_path: Path, end: str) -> None:
    data = f"train: i{end}names: [cat]\nnc: 1\n# a{end}# b\nval: i\n"
    files = files_of(YOLO, edited(lines(tmp_path, BOX, data=data), **{"class": ["dog"]}))
    assert yaml.safe_load(files["data.yaml"]) == {
        "train": "i", "names": {0: "cat", 1: "dog"}, "nc": 2, "val": "i",
    }  # fmt: skip
    assert files["data.yaml"].decode().endswith(f"# a{end}# b\nval: i\n")
