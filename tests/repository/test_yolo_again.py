"""YOLO data sets that are read again and written anew: ids that stay, fields that are carried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from pictures import write_image

from datalabel.errors import RefusedError
from datalabel.repository.repository import Repository

DATA = "train: images/train\nval: images/val\nnc: 2\nnames: [cat, dog]\n"


def write_set(folder: Path, files: dict[str, str], image: str = "images/train/a.jpg") -> None:
    """A data set of one image."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    write_image(folder / image)


def test_labels_on_an_image_of_another_size_are_the_labels_they_were(repo: Repository) -> None:
    """The same ids, and what was done to them here stays: a migration and a corrected outline."""
    lines = "0 0.5 0.5 0.25 0.5\n0 0.1 0.1 0.3 0.1 0.3 0.3\n1 0.2 0.2 0.1 0.1\n"
    write_set(repo.root / "set", {"data.yaml": DATA, "labels/train/a.txt": lines})
    repo.add("set")
    repo.commit("first")
    (repo.root / "map.yaml").write_text("steps: [{rename: {cat: lion}}]\n")
    repo.migrate("map.yaml")
    repo.commit("renamed")
    before = {row["id"]: row["class"] for row in repo.labels("HEAD").to_arrow().to_pylist()}
    write_image(repo.root / "set/images/train/a.jpg", 0, size=(128, 48))
    (added,) = repo.add().labels
    assert (added.conflicts, added.changed_items) == ((), 1)
    rows = repo.labels().to_arrow().to_pylist()
    assert {row["id"]: row["class"] for row in rows} == before
    assert [(row["x"], row["y"], row["w"], row["h"]) for row in rows if row["kind"] == "box"] == [
        (48, 12, 32, 24),
        (19.2, 7.2, 12.8, 4.8),
    ]
    assert [row["coords"] for row in rows if row["kind"] == "polygon"] == [[12.8, 4.8, 38.4, 4.8, 38.4, 14.4]]
    changes = [change for _, change in repo.diff().labels()]
    assert {change.change for change in changes} == {"changed"}
    assert len(changes) == 3


def test_other_fields_of_data_yaml_are_carried_or_named_as_lost(repo: Repository) -> None:
    more = 'kpt_shape: [2, 3]\nflip_idx: [1, 0]\nlicense: "AGPL: 3"\nroboflow: {version: 2}\n'
    pose = "0 0.5 0.5 0.2 0.2 0.4 0.4 2 0.6 0.6 2\n"
    write_set(repo.root / "set", {"data.yaml": DATA + more, "labels/train/a.txt": pose})
    repo.add("set")
    repo.commit("first")
    repo.create_snapshot("s", split={"train": 1.0}, with_unseen=True)
    out = repo.export("yolo", "out", revision="s").folder
    said = yaml.safe_load((out / "data.yaml").read_text())
    assert {"flip_idx": [1, 0], "license": "AGPL: 3", "roboflow": {"version": 2}}.items() <= said.items()
    with pytest.raises(RefusedError) as refused:
        repo.export("coco", "coco", revision="s")
    lost = ("flip_idx", "license", "roboflow")
    assert [fault.what for fault in refused.value.faults if " of the file" in fault.what] == [
        f"{name} of the file (a field of the source's format) is not kept: 1" for name in lost
    ]
    other = pose.replace("0 0.5", "1 0.5", 1)
    files = {"data.yaml": DATA + more.replace("AGPL", "MIT"), "labels/train/z.txt": other}
    write_set(repo.root / "more", files, "images/train/z.jpg")
    repo.add("more")
    repo.commit("another licence")
    with pytest.raises(RefusedError, match=r"license of the file .* is not kept: 2"):
        repo.export("yolo", "both", where="x > 0")


NAMED = f"{DATA}kpt_shape: [2, 3]\nkpt_names:\n  1: [nose, tail]\n"
POSE = "1 0.5 0.5 0.2 0.2 0.4 0.4 2 0.6 0.6 2\n"


@pytest.mark.parametrize("has_spec", [True, False])
def test_names_of_keypoints_go_into_a_spec_and_into_coco(repo: Repository, has_spec: bool) -> None:
    write_set(repo.root / "set", {"data.yaml": NAMED, "labels/train/a.txt": POSE})
    repo.add("set")
    (repo.root / "dlabel.yaml").write_text(repo.infer_spec() if has_spec else "project_name: p\n")
    repo.add("dlabel.yaml")
    repo.commit("named")
    out = repo.export("coco", "coco", allow_loss=True)
    (written,) = (out.folder / name for name in out.files if name.endswith(".json"))
    named = {one["name"]: one.get("keypoints") for one in json.loads(written.read_text())["categories"]}
    assert named["dog"] == ["nose", "tail"]


def test_names_of_keypoints_stay_with_their_class_when_numbers_change(repo: Repository) -> None:
    spec = "data_spec:\n  dog: {keypoints: {points: [nose, tail]}}\n  cat: {box: {}}\n"
    (repo.root / "dlabel.yaml").write_text(spec)
    write_set(repo.root / "set", {"data.yaml": NAMED, "labels/train/a.txt": POSE})
    repo.add("dlabel.yaml", "set")
    repo.commit("first")
    said = yaml.safe_load((repo.export("yolo", "out", where="x > 0").folder / "data.yaml").read_text())
    assert (said["names"], said["kpt_names"]) == ({0: "dog", 1: "cat"}, {0: ["nose", "tail"]})


@pytest.mark.parametrize(
    "names", ["5", "[nose, tail]", "{1: [nose]}", "{1: [nose, nose]}", "{1: [1, 2]}", "{7: [a, b]}"]
)
def test_names_that_are_not_those_of_the_keypoints_are_lost(repo: Repository, names: str) -> None:
    data = f"{DATA}kpt_shape: [2, 3]\nkpt_names: {names}\n"
    write_set(repo.root / "set", {"data.yaml": data, "labels/train/a.txt": POSE})
    repo.add("set")
    repo.commit("first")
    assert "nose" not in repo.infer_spec()
    with pytest.raises(RefusedError, match=r"^YOLO: kpt_names of the file .* is not kept: 1$"):
        repo.export("yolo", "out", where="x > 0")


def test_a_split_called_valid_is_read_back_as_val(repo: Repository) -> None:
    """Where images lie is said anew, also under keys that trainers do not know."""
    data = "fold: images/train\nvalid: images/valid\nnames: [cat, dog]\n"
    box = "0 0.5 0.5 0.25 0.5\n"
    write_set(repo.root / "set", {"data.yaml": data, "labels/train/a.txt": box, "labels/valid/b.txt": box})
    write_image(repo.root / "set/images/valid/b.jpg", 1)
    repo.add("set")
    repo.commit("first")
    for name in ("train", "fold"):
        repo.create_snapshot(name, split={name: 0.5, "valid": 0.5})
        folder = repo.export("yolo", repo.root / f"out-{name}", revision=name, images="copy").folder
        said = yaml.safe_load((folder / "data.yaml").read_text())
        assert (said[name], said["val"]) == (f"images/{name}", "images/valid")
        assert "valid" not in said
        repo.add(folder.name)
    repo.commit("exported and read back")
    lists = repo.create_snapshot("lists", split_by=["out-train/data.yaml"])
    assert set(lists.splits) == {"train", "val"}
