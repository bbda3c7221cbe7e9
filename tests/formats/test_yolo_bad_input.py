"""YOLO: what is wrong with a source is named, all of it, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from yolo_files import DATA, faults, read_files

from datalabel.errors import InputError

BOX = "0 0.5 0.5 0.2 0.1"
POSE = f"{DATA}kpt_shape: [2, 3]\n"
OBB = f"{DATA}task: obb\n"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            "0 0.5 0.5 0.1",
            "has 4 columns; a box needs 5 (class, x, y, width, height), or 6 with a confidence",
        ),
        ("0 0.5", "has 2 columns"),
        ("0", "has 1 column;"),
        (f"{BOX} 1.5", "has 6 columns, and the last is no confidence: 1.5 is not in 0..1"),
        (f"{BOX} -0.1", "has 6 columns, and the last is no confidence"),
        (f"{BOX} 0.1 0.1 7", "has 8 columns, and the last is no confidence: 7 is not in 0..1"),
        ("cat 0.5 0.5 0.2 0.1", 'the class number is "cat", not a whole number'),
        ("0.5 0.5 0.5 0.2 0.1", 'the class number is "0.5", not a whole number'),
        ("-1.0 0.5 0.5 0.2 0.1", 'the class number is "-1.0", not a whole number'),
        ("1e999 0.5 0.5 0.2 0.1", 'the class number is "1e999", not a whole number'),
        ("2.0 0.5 0.5 0.2 0.1", "class number 2 has no name; data.yaml names 0 to 1"),
        ("-1 0.5 0.5 0.2 0.1", 'the class number is "-1", not a whole number'),
        ("9999999999 0.5 0.5 0.2 0.1", "not a whole number"),
        ("2 0.5 0.5 0.2 0.1", "class number 2 has no name; data.yaml names 0 to 1"),
        ("0 0,5 0.5 0.2 0.1", 'column 2 is "0,5": decimals are written with a point, not a comma'),
        ("0 0.5 0.5 nan 0.1", 'column 4 is "nan", not a finite number'),
        ("0 0.5 0.5 0.2 -Infinity", 'column 5 is "-Infinity", not a finite number'),
        ("0 0.5 0.5 0.2 1e999", "has a number that is too large"),
        ("0 0.5 0.5 0.2 1e16", "has a number that is too large"),
        ("0 0.5 0.5 0.2 wide", 'column 5 is "wide", not a number'),
        ("0 0.5 0.5 0.2 0x1p3", "not a number"),
        ("0 0.5 0.5 0.2 1_0", "not a number"),
        ("0 0.5\xa00.5 0.2 0.1", "not a number"),
        ("0 0.5 0.5 0.2 ٠.٥", "not a number"),
        ("0 0.5 0.5 0.2 0.\x00", "not a number"),
        (f"0 0.5 0.5 0.2 0.{'1' * 500}", "column 5 has more than 400 characters"),
    ],
)
def test_a_faulty_line_is_named(tmp_path: Path, line: str, fault: str) -> None:
    (found,) = faults(tmp_path, BOX, line, BOX)
    assert found.startswith("source/labels/a.txt:2: ")
    assert fault in found


@pytest.mark.parametrize(
    ("data", "line", "fault"),
    [
        (POSE, BOX, "has 5 columns; 2 keypoints of 3 numbers need 11, or 12 with a confidence"),
        (OBB, BOX, "has 5 columns; a rotated box needs 9 (class and four corners), or 10"),
        (f"{DATA}task: detect\n", "0 0.1 0.1 0.5 0.1 0.5 0.4", "has 7 columns; a box needs 5"),
    ],
)
def test_a_line_must_fit_the_task(tmp_path: Path, data: str, line: str, fault: str) -> None:
    (found,) = faults(tmp_path, line, data=data)
    assert fault in found


def test_confidences_after_polygons_are_in_all_lines_or_in_none(tmp_path: Path) -> None:
    polygon = "0 0.1 0.1 0.5 0.1 0.5 0.4"
    (found,) = faults(tmp_path, polygon, polygon, f"{polygon} 0.4", BOX)
    assert found == (
        "source/labels/a.txt:3: has a number more than polygons elsewhere: a coordinate without its "
        "partner, or a confidence that others lack"
    )


def test_all_faults_of_all_files_come_at_once(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"data.yaml": DATA, "labels/a.txt": "0 1\nx 1 1 1 1\n"}
    files["labels/b.txt"] = b"0 0.5 \xff 1 1\n"
    with pytest.raises(InputError) as caught:
        read_files(tmp_path, {**files, "labels/c.txt": "5 0.5 0.5 0.1 0.1"})
    assert [fault.where for fault in caught.value.faults] == [
        "source/labels/a.txt:1",
        "source/labels/a.txt:2",
        "source/labels/b.txt",
        "source/labels/c.txt:1",
    ]


def test_blank_lines_count_as_lines(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, "", "  ", "0 1")
    assert found.startswith("source/labels/a.txt:3: ")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ("train: i\nnames: cat\n", "source/data.yaml:2:8: `names` is neither a list nor a mapping"),
        ("train: i\nnames: {a: cat}\n", "the class number 'a' is not a whole number"),
        ("train: i\nnames: [[cat]]\n", "the name of class 0 is not a text"),
        (f"{DATA}kpt_shape: [2]\n", "source/data.yaml:7:12: kpt_shape is not [points, 2 or 3]"),
        (f"{DATA}kpt_shape: [1000000000, 3]\n", "kpt_shape is not [points, 2 or 3]"),
        (f"{DATA}kpt_shape: [0, 3]\n", "kpt_shape is not [points, 2 or 3]"),
        (f"{DATA}task: segmnt\n", "unknown task 'segmnt'; did you mean segment?"),
        ("- cat\n- dog\n", "source/data.yaml: is no mapping with `names`"),
        ("names: [cat\n", "is not YAML"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nnames: !!python/object:os.system [x]\n", "the tag"),
        ("[" * 10_000, "nested too deeply"),
    ],
)
def test_a_faulty_data_yaml_is_named(tmp_path: Path, data: str, fault: str) -> None:
    assert any(fault in found for found in faults(tmp_path, BOX, data=data))


def test_labels_without_names_of_classes_are_refused_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^source: no file names the classes$") as caught:
        read_files(tmp_path, {"labels/a.txt": f"{BOX}\n" * 9})
    assert "data.yaml" in (caught.value.hint or "")


def test_files_that_name_other_classes_are_refused(tmp_path: Path) -> None:
    files = {"a.names": "cat\n", "b.names": "dog\n", "labels/a.txt": BOX}
    with pytest.raises(InputError, match=r"source/b\.names: names other classes than a\.names"):
        read_files(tmp_path, files)


@pytest.mark.parametrize(
    ("data", "fault"), [("é".encode("latin-1"), "is not UTF-8"), (b"\xff\xfe0\0", "is UTF-16")]
)
@pytest.mark.parametrize("member", ["classes.txt", "labels/a.txt", "a.txt"])
def test_other_encodings_are_refused(tmp_path: Path, member: str, data: bytes, fault: str) -> None:
    with pytest.raises(InputError) as caught:
        read_files(tmp_path, {"data.yaml": DATA, member: data})
    assert [fault.where for fault in caught.value.faults] == [f"source/{member}"]
    assert fault in caught.value.faults[0].what


def test_large_files_and_lines_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datalabel.formats.yolo.read.MAX_BYTES", 1000)
    monkeypatch.setattr("datalabel.formats.yolo.columns.MAX_LINE", 100)
    files = {"data.yaml": DATA, "labels/a.txt": BOX + " 0.5" * 300, "labels/b.txt": BOX + " 0.5" * 90}
    with pytest.raises(InputError) as caught:
        read_files(tmp_path, files)
    assert [str(fault) for fault in caught.value.faults] == [
        "source/labels/a.txt: is larger than 0 MiB",
        "source/labels/b.txt:1: has more than 100 characters",
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "labels/a.txt").mkdir(parents=True)
    (tmp_path / "labels/a.txt").rmdir()
    (tmp_path / "labels/a.txt").symlink_to("a.txt")
    from yolo_files import YOLO, OneSize

    from datalabel.formats.base import SourceFiles

    with pytest.raises(InputError, match=r"source/labels/a\.txt: cannot read the file"):
        YOLO.read(SourceFiles("source", tmp_path, ("labels/a.txt",)), OneSize())
