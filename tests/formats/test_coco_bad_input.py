"""What a COCO file can have wrong with it: every fault is named with its place, nothing is skipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from coco_files import Context, document, faults, read

from datalabel.formats.coco import FORMAT

PLACE = 'labels.json: annotation 1 (image "a.jpg"): '


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels.json"


@pytest.mark.parametrize(
    ("annotation", "fault"),
    [
        ({"bbox": [1, 2, 3]}, "bbox has 3 numbers, needs 4"),
        ({"bbox": []}, "bbox has 0 numbers, needs 4"),
        ({"bbox": [1, 2, "3", 4]}, 'bbox is not a list of numbers: [1,2,"3",4]'),
        ({"bbox": [1, 2, None, 4]}, "bbox is not a list of numbers: [1,2,null,4]"),
        ({"bbox": [[1, 2, 3, 4]]}, "bbox is not a list of numbers: [[1,2,3,4]]"),
        ({"bbox": 5}, "bbox is not a list of numbers: 5"),
        (
            {"segmentation": [[1, 2, 3, 4, 5, 6, 7]]},
            "has a polygon of 7 numbers; x and y make an even number",
        ),
        ({"segmentation": [1, 2, 3, 4]}, "segmentation is not a list of lists of numbers: [1,2,3,4]"),
        (
            {"segmentation": [[1, 2], 3, [4, 5]]},
            "segmentation is not a list of lists of numbers: [[1,2],3,[4,5]]",
        ),
        ({"segmentation": [[[1, 2]]]}, "segmentation is not a list of lists of numbers: [[[1,2]]]"),
        ({"segmentation": "x"}, 'segmentation is neither polygons nor RLE: "x"'),
        (
            {"segmentation": {"size": [20, 10], "counts": [200]}},
            "segmentation: RLE is 20×10 (height × width), its image 10×20",
        ),
        (
            {"segmentation": {"size": [10, 20], "counts": [100, 99]}},
            "segmentation: RLE counts cover 199 pixels, its size 10×20 has 200",
        ),
        (
            {"segmentation": {"size": [10, 20], "counts": [300, -100]}},
            "segmentation: RLE has a count that is negative or too large",
        ),
        (
            {"segmentation": {"size": [10, 20], "counts": "é"}},
            "segmentation: RLE counts are malformed: a character that does not belong there",
        ),
        (
            {"segmentation": {"size": [10, 20], "counts": "P"}},
            "segmentation: RLE counts are malformed: the last count breaks off",
        ),
        (
            {"segmentation": {"size": [10, 20], "counts": "ooooooooooo0"}},
            "segmentation: RLE counts are malformed: a count beyond 32 bits",
        ),
        ({"segmentation": {"size": [10, 20]}}, "segmentation: RLE has no 'counts'"),
        ({"keypoints": [1, 2, 2, 4]}, "keypoints has 4 numbers, needs a multiple of 3 (x, y, v)"),
        ({"image_id": 1, "category_id": 99}, "is of category 99, which is not in the file"),
        ({"category_id": None}, "is of category null, which is not in the file"),
    ],
)
def test_a_malformed_annotation_is_named(path: Path, annotation: dict[str, Any], fault: str) -> None:
    assert faults(path, document(annotation)) == [PLACE + fault]


def test_a_fault_is_found_among_sound_annotations_and_all_at_once(path: Path) -> None:
    box = {"bbox": [0, 0, 4, 4]}
    value = document(box, {"bbox": [1]}, {"image_id": 99, **box}, box, {"image_id": 2, "bbox": [1, 2]})
    assert faults(path, value) == [
        "labels.json: annotation 3: is of image 99, which is not in the file",
        'labels.json: annotation 2 (image "a.jpg"): bbox has 1 numbers, needs 4',
        'labels.json: annotation 5 (image "b.jpg"): bbox has 2 numbers, needs 4',
    ]


def test_many_faults_are_counted(path: Path) -> None:
    found = faults(path, document(*[{"bbox": [1]}] * 100))
    assert len(found) == 21
    assert found[-1] == "… and 80 more faults like these"


def test_an_annotation_without_links_is_named_by_its_place(path: Path) -> None:
    value = document({"bbox": [0, 0, 1, 1]})
    value["annotations"] = [{"bbox": [0, 0, 1, 1]}]
    assert faults(path, value) == [
        "labels.json: annotation 1 of the list: has no image_id",
        "labels.json: annotation 1 of the list: has no category_id",
    ]


def test_keypoints_must_be_as_many_as_the_category_names(path: Path) -> None:
    value = document({"keypoints": [1, 2, 2]}, categories=[{"id": 7, "name": "cat", "keypoints": ["l", "r"]}])
    assert faults(path, value) == [PLACE + "keypoints has 3 numbers, needs 6 (2 points)"]


@pytest.mark.parametrize(
    ("top", "fault"),
    [
        ({"images": 5}, "labels.json: images is not a list"),
        ({"annotations": {}}, "labels.json: annotations is not a list"),
        ({"categories": {}}, "labels.json: categories is not a list"),
        ({"categories": [{"id": 7}]}, "labels.json: category 7: has no name"),
        ({"categories": [{"id": 7, "name": 3}]}, "labels.json: category 7: has a name that is no text"),
        ({"categories": [{"name": "x"}]}, "labels.json: category 1 of the list: is no object with an id"),
        (
            {"categories": [{"id": 7, "name": "x"}, {"id": 7.0, "name": "y"}]},
            "labels.json: category 7: is there twice: 'x' and 'y'",
        ),
        (
            {"images": [{"id": 1, "file_name": "a"}, {"id": 1, "file_name": "b"}]},
            'labels.json: image 1: is there twice: "a" and "b"',
        ),
        (
            {"images": [{"id": 1, "file_name": "a"}, {"id": 2, "file_name": "a"}]},
            'labels.json: "a": is the file_name of two images: 1 and 2',
        ),
        ({"images": [{"id": 1}]}, "labels.json: image 1 of the list: has no file_name"),
        (
            {"images": [{"id": 1, "file_name": 7}]},
            "labels.json: image 1 of the list: file_name is 7, not a name",
        ),
        ({"images": [{"file_name": "a"}]}, 'labels.json: image 1 of the list ("a"): has no id'),
    ],
)
def test_a_malformed_list_is_named(path: Path, top: dict[str, Any], fault: str) -> None:
    assert fault in faults(path, document(**top))


def test_the_hint_for_equal_names_is_the_item_key(path: Path) -> None:
    images = [{"id": 1, "file_name": "a", "uid": "p"}, {"id": 2, "file_name": "a", "uid": "q"}]
    assert faults(path, document(images=images))
    found = read(path, document(images=images), Context(item_key="uid"))
    assert found.mentions.column("name").to_pylist() == ["p", "q"]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is empty (0 bytes)"),
        (b" \n ", "is empty"),
        (b"5", "is not a COCO file: its top level must be an object, or a list of results"),
        (b'"images"', "is not a COCO file: its top level must be an object, or a list of results"),
        (b'{"annotations": []}', 'is not a COCO file: it has no list "images"'),
        (json.dumps(document()).encode("utf-16"), "is UTF-16 or UTF-32; JSON is UTF-8"),
        (json.dumps(document()).encode("utf-16-le"), "is UTF-16 or UTF-32; JSON is UTF-8"),
        (b'{"images": ["\xff"]}', "is not UTF-8 at byte 13 (line 1)"),
        (
            json.dumps(document(), indent=1).encode()[:60],
            "is no whole JSON: it breaks off after 60 bytes, in line 6",
        ),
        (
            b'{"images": [],\n "x": [NaN]}',
            "is not JSON: NaN is no number in JSON (line 2, column 8)",
        ),
        (
            b'{"images": [],\n "x": [-Infinity]}',
            "is not JSON: -Infinity is no number in JSON (line 2, column 9)",
        ),
        (
            b'{"images": [], "x": [Infinity]}',
            "is not JSON: Infinity is no number in JSON (line 1, column 22)",
        ),
        (
            b'{"images": [],\n "x": "\\ud83d"}',
            "is not JSON: half of a surrogate pair stands alone in line 2",
        ),
        (b"<xml/>", "is not JSON: invalid character at line 1, column 1 (byte 0)"),
        (b'{"images": []} {}', "is not JSON: trailing characters at line 1, column 17 (byte 16)"),
    ],
)
def test_a_file_that_is_no_coco_says_why(path: Path, data: bytes, fault: str) -> None:
    assert faults(path, data) == [f"labels.json: {fault}"]


@pytest.mark.parametrize(
    "opening", [b"[", b'{"a":', b'{"images":[', b'{"images":[],"annotations":[{"bbox":[']
)
@pytest.mark.parametrize("closed", [True, False])
def test_a_million_levels_do_not_crash(path: Path, opening: bytes, closed: bool) -> None:
    data = opening + b"[" * 1_000_000 + (b"]" * 1_000_000 if closed else b"")
    assert faults(path, data) == ["labels.json: is nested too deeply"]
    assert isinstance(FORMAT.detect(path, data[: 64 << 10]), bool)


def test_numbers_out_of_range_are_refused(path: Path) -> None:
    data = json.dumps(document({"bbox": [0, 0, 1, 77]})).encode()
    assert faults(path, data.replace(b"77", b"1e400")) == [PLACE + "bbox has a number out of range"]
    header = json.dumps(document(info={"year": 77})).encode().replace(b"77", b"1e400")
    assert faults(path, header) == [
        "labels.json: info: cannot be kept exactly: the number 1e400 is out of range"
    ]


def test_annotations_must_be_objects(path: Path) -> None:
    value = document(annotations=[{"id": 1, "image_id": 1, "category_id": 7}, 5])
    assert faults(path, value) == ["labels.json: annotations: number 2 of the list is no object"]


def test_endless_different_fields_are_refused(path: Path) -> None:
    (fault,) = faults(path, document(*[{f"field{number}": 1} for number in range(1_001)]))
    assert fault.endswith("more than 1,000 different fields")


def test_results_need_the_file_that_names_their_images(path: Path) -> None:
    results = [{"image_id": 5, "category_id": 7, "bbox": [0, 0, 1, 1], "score": 0.5}]
    known = Context(names={"5": "e.jpg"}, known=[{"id": 7, "name": "cat"}])
    assert faults(path, results, known) == []
    (images,) = faults(path, results, Context(known=known.known))
    assert images == "labels.json: names 1 image by numbers that no other file gives: 5"
    (categories,) = faults(path, results, Context(names=known.names))
    assert categories == "labels.json: names classes by numbers that no other file gives"


@pytest.mark.parametrize(
    "annotation",
    [
        {"bbox": [5, 5, 0, -3]},
        {"bbox": [-50, 500, 1e9, 2]},
        {"segmentation": [[1, 2]], "bbox": [1, 2, 0, 0]},
        {"segmentation": [[1, 2, 3, 4]]},
        {"segmentation": [[]], "bbox": [1, 2, 3, 4]},
        {"segmentation": None, "bbox": [1, 2, 3, 4]},
        {"bbox": None, "segmentation": [[1, 2, 3, 4, 5, 6]]},
        {"bbox": [], "segmentation": [[1, 2, 3, 4, 5, 6]]},
    ],
)
def test_odd_geometry_is_kept_for_check_to_report(path: Path, annotation: dict[str, Any]) -> None:
    assert faults(path, document(annotation)) == []


def test_marks_at_the_beginning_and_line_ends_of_windows_are_accepted(path: Path) -> None:
    text = json.dumps(document({"bbox": [1, 2, 3, 4]}), indent=2).replace("\n", "\r\n")
    found = read(path, b"\xef\xbb\xbf" + text.encode())
    assert found.labels.select(["x", "y", "w", "h"]).to_pylist() == [{"x": 1, "y": 2, "w": 3, "h": 4}]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"images":[],"annotations":[{"id":1}],"categories":[],"annotations":[]}', "annotations"),
        ('{"x":0,"images":[],"x":{"y":"}"}}', "x"),
        ('{"x": 0.5, "images": [], "x": 1}', "x"),
        ('{"images":[],"im\\u0061ges":[]}', "images"),
    ],
)
def test_a_field_that_stands_twice_is_refused(path: Path, text: str, field: str) -> None:
    assert faults(path, text.encode()) == [f'labels.json: has the field "{field}" twice']


@pytest.mark.parametrize("text", ["{}", " { } \n", '{"images":[{"id":1,"file_name":"a","x":0}],"x\\"{":0}'])
def test_fields_that_stand_once_are_not(path: Path, text: str) -> None:
    assert not any("twice" in fault for fault in faults(path, text.encode()))


LISTS = (
    '{"images": [%s, {"id": 2, "file_name": "b.jpg"}], '
    '"annotations": [%s, {"id": 9, "image_id": 2, "category_id": 1}], "categories": [%s]}'
)
IMAGE, LABEL, CATEGORY = (
    '"id": 1, "file_name": "a.jpg", "width": 20, "height": 10',
    '"id": 1, "image_id": 1, "category_id": 1',
    '"id": 1, "name": "cat"',
)
INDENTED = {"compact": None, "spaced": 0, "indented": 2}


@pytest.mark.parametrize("indent", INDENTED.values(), ids=INDENTED.keys())
@pytest.mark.parametrize(
    ("image", "label", "category", "fault"),
    [
        (', "license": 1, "license": 1', "", "", 'image 1 of the list: has the field "license" twice'),
        ("", ', "area": 5, "area": 6', "", 'annotation 1 (image "a.jpg"): has the field "area" twice'),
        ("", ', "i\\u0064": 5', "", 'annotation 5 (image "a.jpg"): has the field "id" twice'),
        ("", ', "": {}, "": {"a b": "c d"}', "", 'annotation 1 (image "a.jpg"): has the field "" twice'),
        ("", ', "x\\ty": 1, "x\\u0009y": 2', "", 'annotation 1 (image "a.jpg"): has the field "x\ty" twice'),
        (
            "",
            ', "attributes": {"a": 1, "b": [], "a": 2}',
            "",
            'annotation 1 (image "a.jpg"): attributes has the field "a" twice',
        ),
        (
            "",
            ', "segmentation": {"counts": [200], "size": [10, 20], "counts": [100, 100]}',
            "",
            'annotation 1 (image "a.jpg"): segmentation: has the field "counts" twice',
        ),
        ("", "", ', "supercategory": "x", "supercategory": "y"', 'categories: has the field "supercategory" twice'),
    ],
)  # fmt: skip
def test_no_object_has_a_field_twice(
    path: Path, indent: int | None, image: str, label: str, category: str, fault: str
) -> None:
    text = LISTS % tuple(f"{{{one}}}" for one in (IMAGE + image, LABEL + label, CATEGORY + category))
    laid = text if indent == 0 else msgspec.json.format(text.encode(), indent=indent or -1).decode()
    assert faults(path, laid.encode()) == [f"labels.json: {fault}"]


@pytest.mark.parametrize("indent", INDENTED.values(), ids=INDENTED.keys())
def test_names_that_could_be_written_shorter_are_no_fault(path: Path, indent: int | None) -> None:
    label = LABEL + ', "\\u0078": 1, "x\\u0009": " {\\"x\\": 1, \\"x\\": 1} ", "": {"x": 1, "x": 1}'
    text = LISTS % tuple(f"{{{one}}}" for one in (IMAGE, label, CATEGORY))
    laid = text if indent == 0 else msgspec.json.format(text.encode(), indent=indent or -1).decode()
    assert faults(path, laid.encode()) == []
