"""YOLO: sets of labels written as folders for training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from format_round_trip import KnownItems, files_of, on_disk, read_folder, said_by, said_in
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from label_strategies import SKELETONS, selections
from selections import InMemorySelection
from yolo_files import YOLO

from datalabel.errors import RefusedError
from datalabel.formats.base import Capabilities
from datalabel.formats.yolo import Yolo

PERSON = {"person": (("nose", "left eye", "right eye"), ((0, 1), (0, 2)))}
TRIANGLE = {"kind": "polygon", "coords": [10.0, 20.0, 50.0, 20.0, 50.0, 80.0], "parts": [3]}
CORNERS = {"kind": "rotated_box", "coords": [10.0, 20.0, 50.0, 20.0, 50.0, 80.0, 10.0, 80.0]}
POINTS = {"kind": "keypoints", "coords": [10.0, 20.0, 2.0, 0.0, 0.0, 0.0, 50.0, 80.0, 1.0]}


def label(item: str, **columns: Any) -> dict[str, Any]:
    """A box from (10, 20) to (50, 80), or what else the columns say."""
    bounds = {"x": 10.0, "y": 20.0, "w": 40.0, "h": 60.0}
    return {"item": item, "class": "cat", "kind": "box", **bounds, **columns}


def one_item(*labels: dict[str, Any], **columns: Any) -> InMemorySelection:
    """Labels on one image of 100×200 pixels."""
    return InMemorySelection.of({"a.jpg": (100, 200)}, [label("a.jpg", **one) for one in labels], **columns)


def lines_of(selection: InMemorySelection) -> list[str]:
    """The lines of the only label file."""
    return files_of(YOLO, selection)["labels/a.txt"].decode().splitlines()


def losses(selection: InMemorySelection, *, training: bool = False) -> list[str]:
    return [loss.what for loss in YOLO.losses(selection, training=training)]


def data_of(selection: InMemorySelection) -> Any:
    return yaml.safe_load(files_of(YOLO, selection)["data.yaml"])


def test_boxes_are_for_detection() -> None:
    selection = one_item({}, {"class": "dog"}, classes=["dog", "cat", "unused"])
    assert losses(selection) == []
    assert lines_of(selection) == ["1 0.3 0.25 0.4 0.3", "0 0.3 0.25 0.4 0.3"]
    names = {0: "dog", 1: "cat", 2: "unused"}
    assert data_of(selection) == {"train": "images", "val": "images", "nc": 3, "names": names}


def test_an_item_without_labels_gets_an_empty_file() -> None:
    assert files_of(YOLO, InMemorySelection.of({"a.jpg": None}, []))["labels/a.txt"] == b""


def test_outlines_are_for_segmentation() -> None:
    selection = one_item(TRIANGLE, {})
    assert losses(selection) == ["box becomes a polygon"]
    assert lines_of(selection) == ["0 0.1 0.1 0.5 0.1 0.5 0.4", "0 0.1 0.1 0.5 0.1 0.5 0.4 0.1 0.4"]


def test_rotated_boxes_say_so() -> None:
    selection = one_item(CORNERS, {})
    assert losses(selection) == ["box becomes a rotated_box"]
    assert lines_of(selection) == ["0 0.1 0.1 0.5 0.1 0.5 0.4 0.1 0.4"] * 2
    assert data_of(selection)["task"] == "obb"


def test_keypoints_say_their_shape_and_how_they_are_mirrored() -> None:
    selection = one_item({**POINTS, "class": "person"}, {"class": "person"}, keypoints=PERSON)
    assert losses(selection) == ["box becomes keypoints without points"]
    box = "0 0.3 0.25 0.4 0.3"
    assert lines_of(selection) == [f"{box} 0.1 0.1 2 0 0 0 0.5 0.4 1", f"{box} 0 0 0 0 0 0 0 0 0"]
    assert data_of(selection)["kpt_shape"] == [3, 3]
    assert data_of(selection)["flip_idx"] == [0, 2, 1]


def test_skeletons_of_several_lengths_are_filled_up() -> None:
    selection = one_item(POINTS, {**POINTS, "coords": [10.0, 20.0, 2.0]})
    assert losses(selection) == ["keypoints are written as 3 points"]
    assert lines_of(selection)[1] == "0 0.3 0.25 0.4 0.3 0.1 0.1 2 0 0 0 0 0 0"
    assert "flip_idx" not in data_of(selection)


def test_the_commonest_kind_decides_and_the_rest_is_named() -> None:
    selection = one_item(TRIANGLE, TRIANGLE, POINTS, {"kind": "category", "x": None})
    assert losses(selection) == ["keypoints becomes its bounding box", "labels of kind category are left out"]
    assert lines_of(selection)[2] == "0 0.1 0.1 0.5 0.1 0.5 0.4 0.1 0.4"
    assert len(lines_of(selection)) == 3


@pytest.mark.parametrize("points", [0, 1, 2])
def test_an_outline_of_few_points_is_written_by_its_bounds(points: int) -> None:
    short = {"kind": "polygon", "coords": [1.0, 1.0, 5.0, 5.0][: 2 * points], "parts": [points]}
    bounds = "0 0.1 0.1 0.5 0.1 0.5 0.4 0.1 0.4"
    for other, line in ((TRIANGLE, "0 0.1 0.1 0.5 0.1 0.5 0.4"), (CORNERS, bounds)):
        selection = one_item(short, other, TRIANGLE)
        (loss,) = (one for one in YOLO.losses(selection) if "fewer" in one.what)
        assert (loss.what, loss.count) == ("polygon of fewer than 3 points becomes its bounding box", 1)
        assert loss.example == "a.jpg, label 0000000000000001"
        assert lines_of(selection)[:2] == [bounds, line]


def test_few_points_are_named_once_where_no_outline_is_held() -> None:
    short = {"kind": "polygon", "coords": [1.0, 1.0], "parts": [1]}
    selection = one_item(short, CORNERS, CORNERS)
    assert losses(selection) == ["polygon becomes its bounding box"]
    assert lines_of(selection)[0] == "0 0.1 0.1 0.5 0.1 0.5 0.4 0.1 0.4"


def test_keypoints_without_points_are_named() -> None:
    selection = one_item({"kind": "keypoints", "coords": None}, {**POINTS, "coords": [10.0, 20.0, 2.0]})
    assert losses(selection) == ["keypoints are written as 1 points"]
    assert lines_of(selection) == ["0 0.3 0.25 0.4 0.3 0 0 0", "0 0.3 0.25 0.4 0.3 0.1 0.1 2"]


def test_holes_and_pieces_are_strung_on_one_ring() -> None:
    ring = [0.0, 0.0, 100.0, 0.0, 100.0, 200.0]
    selection = one_item(
        {"kind": "polygon", "coords": [*ring, 50.0, 20.0, 60.0, 20.0, 60.0, 40.0], "parts": [3, -3]}
    )
    assert losses(selection) == ["holes in polygons are not kept"]
    assert lines_of(selection) == ["0 0 0 1 0 1 1 0 0 0.5 0.1 0.6 0.1 0.6 0.2 0.5 0.1 0 0"]


def test_confidences_are_written_where_all_labels_have_one() -> None:
    every = one_item({"confidence": 0.5}, {"confidence": 1.0})
    assert losses(every) == []
    assert lines_of(every) == ["0 0.3 0.25 0.4 0.3 0.5", "0 0.3 0.25 0.4 0.3 1"]
    assert losses(every, training=True) == ["confidence of labels is not kept"]
    for other in (None, 7.0):
        some = one_item({"confidence": 0.5}, {"confidence": other})
        assert losses(some) == ["confidence of labels is not kept"]
        assert lines_of(some) == ["0 0.3 0.25 0.4 0.3"] * 2


def test_what_yolo_has_no_place_for_is_named() -> None:
    selection = one_item({"properties": '{"ripe":true}', "annotator": "me"})
    assert losses(selection) == ["properties of labels are not kept", "annotator of labels is not kept"]


def test_two_items_of_one_label_file_are_refused() -> None:
    selection = InMemorySelection.of({"a.jpg": (9, 9), "A.png": (9, 9)}, [])
    with pytest.raises(RefusedError, match=r"A\.png and a\.jpg would be written to one file, labels/a\.txt"):
        YOLO.losses(selection)
    with pytest.raises(RefusedError):
        list(YOLO.write(selection))


def test_labels_on_an_image_of_unknown_size_are_refused() -> None:
    selection = InMemorySelection.of({"a.jpg": None, "b.jpg": None}, [label("b.jpg")])
    with pytest.raises(RefusedError, match=r"^b\.jpg: the size of the image is not known"):
        list(YOLO.write(selection))


ODD = ["no", "on", "null", "~", "1", "1e3", "0x1F", "12:30", "a: b", "#x", "- a", "[a]", "{a}", "'", '"', "\\", "é",
       "한 국", "😀", "a\nb", "\t", "\x7f", "\x85", "\u2028", "\ufeff", "=", "<<", ".inf", "2024-01-01", " a", "a ",
       "!!str a", "&a", "*a", "?", "images", "True", "a" * 300]  # fmt: skip


def test_odd_names_of_classes_are_texts_for_every_reader_of_yaml(tmp_path: Path) -> None:
    labels = [label("a.jpg", **{"class": name}) for name in ODD]
    selection = InMemorySelection.of({"a.jpg": (100, 200)}, labels, ODD)
    assert data_of(selection)["names"] == dict(enumerate(ODD))
    on_disk(files_of(YOLO, selection), tmp_path)
    read = read_folder(YOLO, tmp_path, KnownItems(selection))
    assert read.labels.column("class").to_pylist() == ODD


def ultralytics_label(image: str) -> str:
    """Where the trainer looks, by its own rule on absolute paths."""
    return (
        "/labels/".join(f"/set/{image}".rsplit("/images/", 1)).rsplit(".", 1)[0].removeprefix("/set/")
        + ".txt"
    )


@pytest.mark.parametrize("name", ["a.jpg", "x/a.b.png", "images/a.jpg", "x/images/y/a.jpg", "labels/a.jpg"])
def test_labels_of_splits_lie_where_the_trainer_looks(name: str) -> None:
    splits = [
        InMemorySelection.of({name: (100, 200)}, [label(name, **{"class": one})], ["cat", "dog"], name=split)
        for split, one in (("train", "cat"), ("val", "dog"))
    ]
    files = {file.path: b"".join(file.chunks) for file in YOLO.write_splits(splits)}
    data = {"train": "images/train", "val": "images/val", "nc": 2, "names": {0: "cat", 1: "dog"}}
    assert yaml.safe_load(files.pop("data.yaml")) == data
    wanted = [ultralytics_label(YOLO.image_place(split, name)) for split in ("train", "val")]
    assert list(files) == wanted
    assert [files[place][:1] for place in wanted] == [b"0", b"1"]


@pytest.mark.parametrize(
    ("names", "keys", "missing"),
    [
        (["train", "val"], ["train", "val"], None),
        (["test", "train", "valid"], ["test", "train", "val"], None),
        (["train", "validation"], ["train", "val"], None),
        (["train", "val", "valid"], ["train", "val", "valid"], None),
        (["train", "valid", "validation"], ["train", "val", "validation"], None),
        (
            ["test", "train"],
            ["test", "train"],
            "data.yaml names no val, which trainers need; its splits are test, train",
        ),
        (
            ["a", "b"],
            ["a", "b"],
            "data.yaml names no train and no val, which trainers need; its splits are a, b",
        ),
    ],
)
def test_validation_images_stand_under_the_key_that_trainers_want(
    names: list[str], keys: list[str], missing: str | None
) -> None:
    splits = [InMemorySelection.of({f"{name}.jpg": (9, 9)}, [], name=name) for name in names]
    files = {file.path: b"".join(file.chunks) for file in YOLO.write_splits(splits)}
    said = yaml.safe_load(files.pop("data.yaml"))
    assert {key: said[key] for key in keys} == {
        key: f"images/{name}" for key, name in zip(keys, names, strict=True)
    }
    assert list(files) == [f"labels/{name}/{name}.txt" for name in names]
    assert [fault.what for fault in Yolo().split_doubts(names)] == ([missing] if missing else [])


def test_the_task_is_that_of_all_splits_together() -> None:
    train = InMemorySelection.of({"a.jpg": (100, 200)}, [label("a.jpg", **TRIANGLE)], name="train")
    val = InMemorySelection.of({"b.jpg": (100, 200)}, [label("b.jpg", confidence=0.5)], name="val")
    files = {file.path: b"".join(file.chunks) for file in YOLO.write_splits([train, val])}
    assert files["labels/val/b.txt"] == b"0 0.1 0.1 0.5 0.1 0.5 0.4 0.1 0.4\n"


def test_two_images_of_a_split_with_one_label_file_are_refused() -> None:
    split = InMemorySelection.of({"a.jpg": (9, 9), "a.png": (9, 9)}, [], name="train")
    with pytest.raises(RefusedError, match="would be written to one file"):
        list(YOLO.write_splits([split]))


@pytest.mark.parametrize("kind", ["box", "polygon", "rotated_box", "keypoints"])
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_each_kind_comes_back(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    holds = replace(Capabilities(frozenset({kind})), decimals=YOLO.holds.decimals)
    selection = data.draw(selections(holds))
    if kind == "keypoints" and len(SKELETONS) > 1:  # one folder holds skeletons of one length
        person = [row for row in selection.labels.to_pylist() if row["class"] == "person"]
        selection = InMemorySelection.of(selection.items, person, selection.classes)
    assert YOLO.losses(selection) == []
    folder, known = tmp_path_factory.mktemp("set"), KnownItems(selection)
    on_disk(files_of(YOLO, selection), folder)
    assert said_by(known.named(read_folder(YOLO, folder, known))) == said_in(selection.labels)


@settings(max_examples=50)
@given(
    st.tuples(st.integers(1, 10_000), st.integers(1, 10_000)),
    st.lists(st.floats(-1e4, 1e4), min_size=4, max_size=4),
)
def test_any_float_comes_back_within_a_billionth_of_a_pixel(size: tuple[int, int], box: list[float]) -> None:
    from tempfile import TemporaryDirectory

    selection = InMemorySelection.of({"a.jpg": size}, [label("a.jpg", **dict(zip("xywh", box, strict=True)))])
    with TemporaryDirectory() as folder:
        on_disk(files_of(YOLO, selection), Path(folder))
        (row,) = read_folder(YOLO, Path(folder), KnownItems(selection)).labels.to_pylist()
    assert [row[side] for side in "xywh"] == pytest.approx(box, rel=0, abs=1e-9)
