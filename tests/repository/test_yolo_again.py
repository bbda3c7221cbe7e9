"""YOLO data sets that are read again and written anew: ids that stay, fields that are carried."""

from __future__ import annotations

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
