"""Splits as other tools write them down."""

from __future__ import annotations

import pytest
from pictures import write_image

from datalabel.errors import InputError
from datalabel.repository.repository import Repository


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
