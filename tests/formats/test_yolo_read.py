"""YOLO: layouts, tasks, names of classes and of images, what is kept and remarked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from format_round_trip import Context
from yolo_files import DATA, YOLO, OneSize, lines, read_files

from datalabel.errors import InputError
from datalabel.formats.base import Read, SourceFiles

BOX = "0 0.5 0.5 0.2 0.1"


def said(read: Read) -> list[dict[str, Any]]:
    columns = ["class", "kind", "x", "y", "w", "h", "coords", "parts", "confidence", "rank"]
    rows = read.labels.select(columns).to_pylist()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def test_a_box_is_in_pixels_from_its_corner(tmp_path: Path) -> None:
    (row,) = said(lines(tmp_path, BOX))
    assert row == {"class": "cat", "kind": "box", "x": 40.0, "y": 90.0, "w": 20.0, "h": 20.0, "rank": 0}


def test_a_sixth_column_is_a_confidence(tmp_path: Path) -> None:
    rows = said(lines(tmp_path, f"{BOX} 0.875", BOX, f"{BOX} 0", f"{BOX} 1.0"))
    assert [row.get("confidence") for row in rows] == [0.875, None, 0.0, 1.0]
    assert {row["kind"] for row in rows} == {"box"}


@pytest.mark.parametrize("number", ["1.0", "1.", "+1", "01", "1e0", "0.1e1", "1.000000000000000000e+00"])
def test_a_class_number_may_be_a_float_that_is_whole(tmp_path: Path, number: str) -> None:
    rows = said(lines(tmp_path, f"{number}{BOX[1:]}", BOX))
    assert [row["class"] for row in rows] == ["dog", "cat"]


def test_a_longer_line_is_a_polygon(tmp_path: Path) -> None:
    (row,) = said(lines(tmp_path, "1 0.1 0.1 0.5 0.1 0.5 0.4"))
    assert row["kind"] == "polygon"
    assert row["coords"] == [10.0, 20.0, 50.0, 20.0, 50.0, 80.0]
    assert row["parts"] == [3]
    assert (row["x"], row["y"], row["w"], row["h"]) == (10.0, 20.0, 40.0, 60.0)


def test_the_odd_number_after_a_polygon_is_a_confidence(tmp_path: Path) -> None:
    (row,) = said(lines(tmp_path, "1 0.1 0.1 0.5 0.1 0.5 0.4 0.25"))
    assert row["parts"] == [3]
    assert row["confidence"] == 0.25


def test_four_corners_are_a_polygon_unless_the_task_says_otherwise(tmp_path: Path) -> None:
    corners = "0 0.1 0.1 0.5 0.1 0.5 0.4 0.1 0.4"
    (polygon,) = said(lines(tmp_path / "polygon", corners))
    rotated, scored = said(lines(tmp_path / "obb", corners, f"{corners} 0.5", data=f"{DATA}task: obb\n"))
    assert polygon["kind"] == "polygon"
    assert rotated["kind"] == "rotated_box"
    assert rotated["coords"] == polygon["coords"]
    assert "parts" not in rotated
    assert scored["confidence"] == 0.5


@pytest.mark.parametrize(
    ("dims", "points", "coords"),
    [
        (3, "0.1 0.1 2 0.2 0.2 1 0 0 0", [10.0, 20.0, 2.0, 20.0, 40.0, 1.0, 0.0, 0.0, 0.0]),
        (2, "0.1 0.1 0.2 0.2 0 0", [10.0, 20.0, 2.0, 20.0, 40.0, 2.0, 0.0, 0.0, 0.0]),
    ],
)
def test_keypoints_stand_after_their_box(tmp_path: Path, dims: int, points: str, coords: list[float]) -> None:
    read = lines(tmp_path, f"{BOX} {points}", f"{BOX} {points} 0.5", data=f"{DATA}kpt_shape: [3, {dims}]\n")
    row, scored = said(read)
    assert row["kind"] == "keypoints"
    assert row["coords"] == scored["coords"] == coords
    assert (row["x"], row["w"]) == (40.0, 20.0)
    assert scored["confidence"] == 0.5


def test_fractions_outside_the_image_are_kept_and_remarked(tmp_path: Path) -> None:
    read = lines(tmp_path, BOX, "0 1.5 -0.5 0.2 0.1")
    assert (said(read)[1]["x"], said(read)[1]["y"]) == (140.0, -110.0)
    assert [str(remark) for remark in read.remarks] == [
        "source/labels/a.txt:2: a fraction is not in 0..1; it is kept"
    ]


def test_many_remarks_are_counted(tmp_path: Path) -> None:
    read = lines(tmp_path, *["0 1.5 0.5 0.2 0.1"] * 50)
    assert len(read.remarks) == 21
    assert read.remarks[-1].what == "… and 30 more labels like these"


def test_visibility_is_no_fraction(tmp_path: Path) -> None:
    data = f"{DATA}kpt_shape: [1, 3]\n"
    assert lines(tmp_path, f"{BOX} 0.5 0.5 2", data=data).remarks == ()


def test_an_empty_label_file_is_an_item_that_was_seen(tmp_path: Path) -> None:
    read = read_files(
        tmp_path, {"data.yaml": DATA, "labels/a.txt": BOX, "labels/b.txt": "", "labels/c.txt": "\n"}
    )
    assert read.mentions.column("name").to_pylist() == ["images/a", "images/b", "images/c"]
    assert read.labels.column("mention").to_pylist() == [0]
    assert read.mentions.column("width").to_pylist() == [100, 100, 100]


def test_an_empty_label_file_needs_no_size(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"data.yaml": DATA, "labels/b.txt": ""}, Context())
    assert read.mentions.column("width").to_pylist() == [None]


@pytest.mark.parametrize(
    ("label", "image"),
    [
        ("labels/train/a.txt", "images/train/a"),
        ("train/labels/a.b.rf.17.txt", "train/images/a.b.rf.17"),
        ("images/labels/a.txt", "images/images/a"),
        ("labels/images/x/a.txt", "labels/images/x/a"),
        ("obj_train_data/a.txt", "obj_train_data/a"),
        ("a.TXT", "a"),
    ],
)
def test_images_are_named_by_the_place_of_their_labels(tmp_path: Path, label: str, image: str) -> None:
    read = read_files(tmp_path, {"data.yaml": DATA, label: BOX})
    assert read.mentions.column("name").to_pylist() == [image]


@pytest.mark.parametrize(
    "names",
    [
        "names: [cat, dog]",
        "names:\n- cat\n- dog",
        "names: {0: cat, 1: dog}",
        "names:\n  1: dog\n  0: cat",
        'names: ["cat", "dog"]',
    ],
)
def test_names_are_a_list_or_a_mapping(tmp_path: Path, names: str) -> None:
    read = lines(tmp_path, "1 0.5 0.5 0.1 0.1", BOX, data=f"train: images\n{names}\n")
    assert read.labels.column("class").to_pylist() == ["dog", "cat"]


def test_names_are_texts_whatever_they_look_like(tmp_path: Path) -> None:
    data = "train: images\nnames: [no, 1.0, 12:30, ~, 0x10]\n"
    rows = [f"{number} 0.5 0.5 0.1 0.1" for number in range(5)]
    read = lines(tmp_path, *rows, data=data)
    assert read.labels.column("class").to_pylist() == ["no", "1.0", "12:30", "~", "0x10"]


def test_numbers_may_have_gaps(tmp_path: Path) -> None:
    read = lines(tmp_path, "7 0.5 0.5 0.1 0.1", data="train: i\nnames: {2: cat, 7: dog}\n")
    assert read.labels.column("class").to_pylist() == ["dog"]


def test_a_count_that_differs_from_the_names_is_remarked(tmp_path: Path) -> None:
    read = lines(tmp_path, BOX, data=DATA.replace("nc: 2", "nc: 3"))
    assert [str(remark) for remark in read.remarks] == ["source/data.yaml:3:5: nc is 3, but 2 are named"]


def test_darknet_has_names_by_line_and_labels_beside_images(tmp_path: Path) -> None:
    read = read_files(
        tmp_path,
        {
            "obj.data": "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\n",
            "obj.names": "cat\ndog\n\n",
            "train.txt": "data/obj_train_data/a.jpg\n",
            "val.txt": "",
            "obj_train_data/a.txt": "1 0.5 0.5 0.1 0.1\n",
            "obj_train_data/b.txt": "",
        },
    )
    assert read.mentions.column("name").to_pylist() == ["obj_train_data/a", "obj_train_data/b"]
    assert read.labels.column("class").to_pylist() == ["dog"]


def test_a_bare_folder_has_classes_txt(tmp_path: Path) -> None:
    files = {"classes.txt": "cat\r\ndog\r\n", "a.txt": BOX, "notes.txt": "3 images are left to do\n"}
    read = read_files(tmp_path, files)
    assert read.mentions.column("name").to_pylist() == ["a"]
    assert set(read.header["files"]) == {"classes.txt", "notes.txt"}


@pytest.mark.parametrize("image", ["b.jpg", "b.JPG", "b.Jpeg"])
def test_a_text_beside_an_image_of_its_name_holds_labels_or_is_broken(tmp_path: Path, image: str) -> None:
    (tmp_path / image).write_bytes(b"")
    with pytest.raises(InputError, match=r'b\.txt:1: the class number is "oops,"'):
        read_files(tmp_path, {"classes.txt": "cat\n", "a.txt": BOX, "b.txt": "oops, broken export\n"})


def test_the_more_telling_file_names_the_classes(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"data.yaml": DATA, "labels/classes.txt": "person\n", "labels/a.txt": BOX})
    assert read.labels.column("class").to_pylist() == ["cat"]
    assert read.mentions.column("name").to_pylist() == ["images/a"]


def test_a_file_called_train_in_a_folder_for_labels_holds_labels(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"data.yaml": DATA, "labels/train.txt": BOX})
    assert read.mentions.column("name").to_pylist() == ["images/train"]


def test_images_without_a_known_size_are_listed(tmp_path: Path) -> None:
    files = {"data.yaml": DATA, **{f"labels/{number:02}.txt": BOX for number in range(30)}}
    known = r"sizes of images, and 30 are not known: images/00, .*images/19, …$"
    with pytest.raises(InputError, match=known) as caught:
        read_files(tmp_path, files, Context())
    assert caught.value.hint == "add the images first, or give their size with --size WxH"


def test_a_name_that_is_ambiguous_is_an_error_with_the_others(tmp_path: Path) -> None:
    class Torn(OneSize):
        def size_of(self, name: str) -> tuple[int, int] | None:
            raise InputError(f"{name} may be any of 2", where="source")

    with pytest.raises(InputError) as caught:
        read_files(tmp_path, {"data.yaml": DATA, "labels/a.txt": BOX, "labels/b.txt": BOX}, Torn())
    assert [fault.what for fault in caught.value.faults] == [
        "images/a may be any of 2",
        "images/b may be any of 2",
    ]


def test_a_single_file_is_no_source(tmp_path: Path) -> None:
    path = tmp_path / "data.yaml"
    path.write_text(DATA)
    with pytest.raises(InputError, match="is one file of a YOLO data set"):
        YOLO.read(SourceFiles("data.yaml", path), Context())


def test_many_files_are_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datalabel.formats.yolo.read.CHUNK", 30)
    files = {f"labels/{name}.txt": f"{BOX}\n1 0.5 0.5 0.1 0.1\n" for name in "abc"}
    read = read_files(tmp_path, {"data.yaml": DATA, **files})
    rows = read.labels.select(["mention", "rank"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
