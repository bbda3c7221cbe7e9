"""Sets that others published: everything comes in, is versioned by object, and goes out as it came."""

from __future__ import annotations

import gzip
import json
import shutil
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pyarrow.compute as pc
import pytest
from pictures import in_any_order

import datalabel
from datalabel.errors import RefusedError
from datalabel.repository.repository import Repository


def object_names(repo: Repository) -> list[str]:
    return list(repo.project.store.objects.ids())


def stored_bytes(repo: Repository) -> int:
    return sum(path.stat().st_size for path in (repo.root / ".dlabel").rglob("*") if path.is_file())


@pytest.fixture
def blood_cells(shared_data: Path, tmp_path: Path) -> Repository:
    for name in ("JPEGImages", "Annotations"):
        shutil.copytree(shared_data / "bccd" / "BCCD" / name, tmp_path / name)
    repo = datalabel.init(tmp_path, spec="detection/box", name="blood_cells")
    repo.add("JPEGImages", "Annotations")
    return repo


def test_blood_cells_come_in_whole(blood_cells: Repository) -> None:
    labels = blood_cells.labels().to_arrow()
    assert blood_cells.items().num_rows == 364
    assert Counter(labels.column("class").to_pylist()) == {"RBC": 4155, "WBC": 372, "Platelets": 361}
    assert pc.count_distinct(labels.column("id")).as_py() == 4888


def test_a_commit_of_blood_cells_finds_the_two_empty_boxes(blood_cells: Repository) -> None:
    found = [
        finding for finding in blood_cells.commit("BCCD as published").findings if finding.code[0] == "G"
    ]
    assert sorted((finding.code, finding.item) for finding in found if finding.code != "G104") == [
        ("G101", "JPEGImages/BloodImage_00338.jpg"),
        ("G101", "JPEGImages/BloodImage_00343.jpg"),
    ]


def test_adding_blood_cells_again_makes_no_object(blood_cells: Repository) -> None:
    blood_cells.commit("BCCD as published")
    before = object_names(blood_cells)
    assert not blood_cells.add("JPEGImages", "Annotations").changed
    assert not blood_cells.add().changed
    assert object_names(blood_cells) == before
    assert blood_cells.status().clean


def test_blood_cells_go_out_as_they_came(blood_cells: Repository, tmp_path: Path) -> None:
    done = blood_cells.export("voc", "out", revision="STAGED")
    assert len(done.files) == 364
    assert done.losses == ()
    for file in done.files:
        written, source = (
            ET.canonicalize(from_file=str(path), strip_text=True)
            for path in (tmp_path / "out" / file, tmp_path / "Annotations" / Path(file).name)
        )
        assert written == source, file


def test_blood_cells_as_coco_load_in_pycocotools(blood_cells: Repository, tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    with pytest.raises(RefusedError, match="is not kept"):
        blood_cells.export("coco", "out", revision="STAGED")
    assert not (tmp_path / "out").exists()
    done = blood_cells.export("coco", "out", revision="STAGED", allow_loss=True)
    assert done.losses
    loaded = COCO(str(tmp_path / "out" / done.files[0]))
    assert len(loaded.getAnnIds()) == 4888
    assert len(loaded.getImgIds()) == 364


def test_what_happened_to_litter_comes_out_by_object(shared_data: Path, tmp_path: Path) -> None:
    files = sorted((shared_data / "taco").glob("*.gz"))
    repo = datalabel.init(tmp_path / "all")
    documents = []
    for number, file in enumerate(files, 1):
        data = gzip.decompress(file.read_bytes())
        documents.append(json.loads(data))
        (repo.root / "annotations.json").write_bytes(data)
        repo.add("annotations.json")
        repo.commit(f"revision {number}")
    summaries = [repo.diff(f"HEAD~{back + 1}", f"HEAD~{back}").summary()["sets"] for back in (3, 2, 1, 0)]
    assert summaries[0] == {}
    assert summaries[1]["ground_truth"] == {
        "added": 329,
        "removed": 4,
        "changed": 8,
        "by_field": {"class": 8},
    }
    assert summaries[2]["ground_truth"]["by_field"]["geometry"] == 28
    assert (summaries[2]["ground_truth"]["added"], summaries[2]["ground_truth"]["removed"]) == (0, 0)
    last = summaries[3]["ground_truth"]
    assert (last["added"], last["removed"]) == (2632, 0)
    assert (last["by_field"]["class"], last["by_field"]["bounds"]) == (304, 2150)
    assert len([change for change in repo.diff("HEAD~1", "HEAD").items if change.change == "added"]) == 785
    for back, document in enumerate(reversed(documents)):
        done = repo.export("coco", f"out{back}", revision=f"HEAD~{back}")
        assert done.losses == ()
        exported = json.loads((repo.root / f"out{back}" / done.files[0]).read_bytes())
        assert in_any_order(exported) == in_any_order(document)
    apart = [alone(tmp_path / f"alone{number}", document) for number, document in enumerate(documents)]
    assert stored_bytes(repo) < 2.2 * apart[-1]
    assert stored_bytes(repo) < 0.75 * sum(apart)


def alone(folder: Path, document: object) -> int:
    """The bytes of a store that holds one revision only."""
    with datalabel.init(folder) as repo:
        (folder / "annotations.json").write_text(json.dumps(document), encoding="utf-8")
        repo.add("annotations.json")
        repo.commit("alone")
        return stored_bytes(repo)


def test_crowd_and_experts_stand_side_by_side(shared_data: Path, tmp_path: Path) -> None:
    for name in ("crowd.json", "expert.json"):
        shutil.copy(shared_data / "pedestrians" / name, tmp_path / name)
    repo = datalabel.init(tmp_path)
    repo.add("crowd.json")
    repo.add("expert.json")
    repo.commit("crowd and experts")
    labels = repo.labels("HEAD").to_arrow()
    drew = Counter(labels.column("annotator").to_pylist())
    assert labels.num_rows == 5531 + 604
    experts = {name for name in drew if name.startswith("gt")}
    assert sum(drew[name] for name in experts) == 604
    assert len(drew.keys() - experts) == 43 - idle_workers(tmp_path / "crowd.json")
    mentions = repo.project.store.tables.read(
        repo.view("HEAD").mentions, ["item", "annotator", "name"]
    ).to_pylist()
    seen = {(row["item"], row["annotator"]) for row in mentions if row["name"] is None}
    assert seen == {
        (image["file_name"], annotator)
        for name in ("crowd.json", "expert.json")
        for image in json.loads((tmp_path / name).read_text())["images"]
        for annotator in image["annotators"]
    }
    done = repo.export("coco", "out")
    assert sorted(done.files) == ["crowd.json", "expert.json"]
    for name in done.files:
        written, source = (json.loads((folder / name).read_text()) for folder in (tmp_path / "out", tmp_path))
        assert in_any_order(written) == in_any_order(source)


def idle_workers(path: Path) -> int:
    """Workers who saw images and drew nothing."""
    document = json.loads(path.read_text())
    saw = {annotator for image in document["images"] for annotator in image["annotators"]}
    return len(saw - {annotation["annotator"] for annotation in document["annotations"]})


def test_three_notations_hold_the_same_boxes(shared_data: Path, tmp_path: Path) -> None:
    data = shared_data / "detection_metrics"
    shutil.copy(data / "coco" / "instances.json", tmp_path / "instances.json")
    shutil.copy(data / "coco" / "detections.json", tmp_path / "detections.json")
    shutil.copytree(data / "voc", tmp_path / "voc")
    repo = datalabel.init(tmp_path)
    repo.add("instances.json")
    repo.add("voc", set="voc")
    repo.add("detections.json", model="detector")

    def boxes(name: str) -> Counter[tuple[object, ...]]:
        columns = ["item", "class", "x", "y", "w", "h"]
        return Counter(tuple(row.values()) for row in repo.labels(set=name).to_arrow(columns).to_pylist())

    assert boxes("ground_truth").total() == 273
    assert boxes("voc") == boxes("ground_truth")
    detections = repo.labels(set="detector").to_arrow()
    assert detections.num_rows == 452
    assert detections.column("confidence").null_count == 0
    assert set(detections.column("annotator").to_pylist()) == {"detector"}
