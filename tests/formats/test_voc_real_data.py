"""Pascal VOC on data that others made."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from format_round_trip import Context, files_of, read_folder
from selections import InMemorySelection

from datalabel.formats.base import SourceFiles
from datalabel.formats.registry import get_format

VOC = get_format("voc")


def test_bccd_has_the_published_counts_and_comes_back_to_the_byte(shared_data: Path) -> None:
    folder = shared_data / "bccd/BCCD/Annotations"
    read = read_folder(VOC, folder)
    assert (read.mentions.num_rows, read.labels.num_rows) == (364, 4888)
    assert Counter(read.labels.column("class").to_pylist()) == {"RBC": 4155, "WBC": 372, "Platelets": 361}
    names = read.mentions.column("name").to_pylist()
    flat = [
        names[label["mention"]] for label in read.labels.to_pylist() if label["w"] == 0 or label["h"] == 0
    ]
    assert sorted(flat) == ["BloodImage_00338.jpg", "BloodImage_00343.jpg"]
    written = files_of(VOC, InMemorySelection.from_read(read))
    assert written == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_voc_and_coco_of_one_set_say_the_same(shared_data: Path) -> None:
    folder = shared_data / "detection_metrics"
    voc = read_folder(VOC, folder / "voc")
    coco = json.loads((folder / "coco/instances.json").read_bytes())
    stems = {image["id"]: Path(image["file_name"]).stem for image in coco["images"]}
    classes = {category["id"]: category["name"] for category in coco["categories"]}
    theirs = Counter(
        (stems[one["image_id"]], classes[one["category_id"]], *map(float, one["bbox"]))
        for one in coco["annotations"]
    )
    names = [Path(name).stem for name in voc.mentions.column("name").to_pylist()]
    ours = Counter(
        (names[one["mention"]], one["class"], one["x"], one["y"], one["w"], one["h"])
        for one in voc.labels.to_pylist()
    )
    assert ours.total() == 273
    assert ours == theirs


def test_a_single_file_of_a_set_is_a_source(shared_data: Path) -> None:
    path = shared_data / "bccd/BCCD/Annotations/BloodImage_00000.xml"
    read = VOC.read(SourceFiles("one.xml", path), Context())
    assert read.mentions.num_rows == 1
    assert files_of(VOC, InMemorySelection.from_read(read, name="one.xml")) == {"one.xml": path.read_bytes()}
