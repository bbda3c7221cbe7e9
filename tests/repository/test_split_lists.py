"""Splits as other tools write them down."""

from __future__ import annotations

import pytest
from pictures import write_image

from datalabel.errors import InputError
from datalabel.repository.repository import Repository
from datalabel.repository.snapshot.snapshots import create_snapshot
from datalabel.repository.snapshot.splitting import SnapshotOptions


def test_a_data_yaml_of_roboflow(repo: Repository) -> None:
    for number, key in enumerate(("train/images/a.png", "valid/images/b.png")):
        write_image(repo.root / key, number)
    repo.add("train", "valid")
    repo.commit("images")
    text = "train: ../train/images\nvalidation: ../valid/images\n"
    (repo.root / "data.yaml").write_text(text)
    found = repo.create_snapshot("exp", split_by=["data.yaml"])
    assert {name: [one.key for one in found.samples(name)] for name in found.splits} == {
        "train": ["train/images/a.png"],
        "val": ["valid/images/b.png"],
    }
    (repo.root / "data.yaml").write_text(f"{text}val: ../train/images\ntrain: ../valid/images\n")
    with pytest.raises(InputError, match="stands twice"):
        repo.create_snapshot("again", split_by=["data.yaml"])


def test_roboflow_names_a_split_that_is_not_there(repo: Repository) -> None:
    for number, key in enumerate(("train/images/a.png", "valid/images/b.png")):
        write_image(repo.root / key, number)
    repo.add("train", "valid")
    repo.commit("images")
    lines = {"train": "../train/images", "val": "../valid/images", "test": "../test/images"}
    data = repo.root / "data.yaml"
    data.write_text("".join(f"{split}: {folder}\n" for split, folder in lines.items()))
    created = create_snapshot(repo.project, "exp", "HEAD", SnapshotOptions(split_by=["data.yaml"]))
    assert created.unknown == {"test": ["test/images"]}
    assert repo.snapshot("exp").splits == ["train", "val"]
    (repo.root / "test/images").mkdir(parents=True)
    with pytest.raises(InputError, match="test: no item lies in test/images"):
        repo.create_snapshot("again", split_by=["data.yaml"])
    data.write_text("train: trian/images\nval: valid/images\n")
    with pytest.raises(InputError, match="train: no item lies in trian/images"):
        repo.create_snapshot("again", split_by=["data.yaml"])
