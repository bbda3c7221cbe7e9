"""Real data through a whole experiment: frozen, exported for a trainer, and taken in again elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import datalabel
from datalabel.repository.repository import Repository
from datalabel.repository.snapshot.verifying import verify_folder


@pytest.fixture(scope="module")
def blood_cells(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """BCCD, committed, with a snapshot of its published splits."""
    root = tmp_path_factory.mktemp("bccd")
    for name in ("JPEGImages", "Annotations", "ImageSets"):
        shutil.copytree(shared_data / "bccd" / "BCCD" / name, root / name)
    with datalabel.init(root, name="blood_cells") as repo:
        repo.add("JPEGImages", "Annotations")
        repo.commit("as published")
        repo.create_snapshot("published", split_by=["ImageSets"])
        yield repo


def drawn(repo: Repository, revision: str) -> set[tuple[Any, ...]]:
    """Image content, class and bounds of every label; bounds to a millionth of a pixel."""
    contents = dict(
        zip(*(repo.items(revision).column(name).to_pylist() for name in ("item", "content")), strict=True)
    )
    rows = repo.labels(revision).to_arrow(["item", "class", "kind", "x", "y", "w", "h"]).to_pylist()
    return {
        (contents[row["item"]], row["class"], row["kind"], *(round(row[name], 6) for name in "xywh"))
        for row in rows
    }


def test_the_published_splits_are_as_their_authors_made_them(
    blood_cells: Repository, shared_data: Path
) -> None:
    snapshot = blood_cells.snapshot("published")
    for split in ("train", "val", "test"):
        names = (shared_data / "bccd/BCCD/ImageSets/Main" / f"{split}.txt").read_text().split()
        assert snapshot.keys(split) == sorted(f"JPEGImages/{name}.jpg" for name in names)
    assert snapshot.splits == ["test", "train", "val"]
    assert snapshot.record.counts[""] == {"items": 364, "labels": 4888}


@pytest.mark.parametrize("format_name", ["yolo", "coco", "voc"])
def test_what_no_loss_names_is_equal_in_another_project(
    blood_cells: Repository, tmp_path: Path, format_name: str
) -> None:
    done = blood_cells.export(
        format_name, tmp_path / "out", revision="published", images="link", allow_loss=True
    )
    assert (done.splits, done.images) == (("test", "train", "val"), 364)
    lost = {loss.what for loss in done.losses}
    assert not any("class" in what or "box" in what or "label" in what.split() for what in lost)
    assert verify_folder(tmp_path / "out", blood_cells.project).problems == ()
    with datalabel.init(tmp_path / "out", name="again") as other:
        other.add(".", beside=True)
        other.commit("taken in")
        assert other.view("HEAD").spec.project_name == "again"
        assert drawn(other, "HEAD") == drawn(blood_cells, "published")
        assert len(other.items("HEAD")) == 364


def test_a_hundredth_of_the_loop_closes_on_statistics(blood_cells: Repository) -> None:
    by_split = blood_cells.stats("published").to_json()
    sets = by_split["sets"]["ground_truth"]
    assert {name: part["labels"] for name, part in sets["splits"].items()} == {
        "test": 945, "train": 2805, "val": 1138,
    }  # fmt: skip
