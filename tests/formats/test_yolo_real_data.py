"""YOLO on data that others made."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from format_round_trip import Context, KnownItems, files_of, on_disk, read_folder, said_by, said_in
from selections import InMemorySelection
from yolo_files import YOLO, again

from datalabel.formats.registry import get_format


def sizes_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Sizes of the images, from the COCO notation of the same set."""
    images = json.loads((folder / "coco/instances.json").read_bytes())["images"]
    return {
        f"obj_train_data/{Path(image['file_name']).stem}": (image["width"], image["height"])
        for image in images
    }


def test_detection_metrics_comes_back_to_the_byte_without_kept_digits(shared_data: Path) -> None:
    folder = shared_data / "detection_metrics"
    read = read_folder(YOLO, folder / "yolo", Context(sizes=sizes_of(folder)))
    assert (read.mentions.num_rows, read.labels.num_rows, read.remarks) == (100, 273, ())
    assert read.labels.column("extra").null_count == 273
    files = {path.relative_to(folder / "yolo").as_posix(): path for path in (folder / "yolo").rglob("*.*")}
    assert again(read) == {name: path.read_bytes() for name, path in files.items()}


def test_detection_metrics_says_what_its_coco_notation_says(shared_data: Path) -> None:
    folder = shared_data / "detection_metrics"
    yolo = read_folder(YOLO, folder / "yolo", Context(sizes=sizes_of(folder)))
    coco = json.loads((folder / "coco/instances.json").read_bytes())
    stems = {image["id"]: Path(image["file_name"]).stem for image in coco["images"]}
    classes = {category["id"]: category["name"] for category in coco["categories"]}
    theirs = Counter(
        (stems[one["image_id"]], classes[one["category_id"]], *map(round, one["bbox"]))
        for one in coco["annotations"]
    )
    names = [Path(name).name for name in yolo.mentions.column("name").to_pylist()]
    rows = yolo.labels.to_pylist()
    ours = Counter(
        (names[row["mention"]], row["class"], *(round(row[side]) for side in "xywh")) for row in rows
    )
    assert ours.total() == 273
    assert ours == theirs
    # Six decimals of a fraction are a two-thousandth of a pixel here.
    assert all(row[side] == pytest.approx(round(row[side]), abs=1e-3) for row in rows for side in "xywh")


def test_bccd_as_yolo_says_the_same(shared_data: Path, tmp_path: Path) -> None:
    voc = read_folder(get_format("voc"), shared_data / "bccd/BCCD/Annotations")
    whole = InMemorySelection.from_read(voc)
    selection = InMemorySelection(whole.name, whole.items, whole.labels, classes=whole.classes)
    assert YOLO.losses(selection) == []
    on_disk(files_of(YOLO, selection), tmp_path)
    known = KnownItems(selection)
    read = known.named(read_folder(YOLO, tmp_path, known))
    assert said_by(read) == said_in(selection.labels)
    assert read.labels.column("extra").null_count == 4888
