"""Stores of every format version are read as they were written."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

import datalabel
from datalabel.repository.repository import Repository


def opened(name: str, folder: Path) -> Repository:
    with zipfile.ZipFile(Path(__file__).with_name(name)) as archive:
        archive.extractall(folder)
    for inner in ("tmp", "objects"):
        (folder / ".dlabel" / inner).mkdir(exist_ok=True)
    return datalabel.open(folder)


@pytest.fixture
def golden(tmp_path: Path) -> Repository:
    return opened("v1.zip", tmp_path)


def said(repo: Repository, revision: str, name: str = "ground_truth") -> list[tuple[Any, ...]]:
    columns = ["item", "id", "class", "x", "y", "w", "h", "source_id"]
    rows = repo.labels(revision, name).to_arrow(columns).to_pylist()
    return [(row["item"], f"{row['id']:016x}", *list(row.values())[2:]) for row in rows]


FIRST = [
    ("images/a.png", "19f33df1b7987331", "cat", 1.0, 2.0, 10.0, 10.0, "1"),
    ("images/a.png", "e5d8de7d364dd3be", "dog", 20.0, 20.0, 8.0, 8.0, "2"),
    ("images/b.png", "50147bc13273f4f9", "cat", 5.0, 5.0, 20.0, 20.0, "3"),
]
LAST = [
    ("images/a.png", "19f33df1b7987331", "cat", 2.0, 2.0, 10.0, 10.0, "50"),
    ("images/bb.png", "50147bc13273f4f9", "dog", 5.0, 5.0, 20.0, 20.0, "51"),
    ("images/c.png", "907be169b8a2286e", "cat", 1.0, 1.0, 3.0, 3.0, "52"),
]


def test_version_1_history(golden: Repository) -> None:
    entries = list(golden.log())
    assert [entry.commit.message for entry in entries] == ["third", "second", "first"]
    assert {entry.commit.author for entry in entries} == {"Ada <ada@example.org>"}
    assert entries[0].commit.summary["items"]["renamed"] == 1


def test_version_1_labels(golden: Repository) -> None:
    assert said(golden, "HEAD~2") == FIRST
    assert said(golden, "HEAD") == LAST
    assert said(golden, "HEAD~1", "review")[0][2:7] == ("bird", 3.0, 4.0, 10.5, 20.0)
    assert golden.labels("HEAD", "review").to_arrow().column("annotator").to_pylist() == ["ada"]


def test_version_1_differences(golden: Repository) -> None:
    difference = golden.diff("HEAD~2", "HEAD")
    assert [(change.key, change.change, change.old_key) for change in difference.items] == [
        ("images/bb.png", "renamed", "images/b.png")
    ]
    summary = difference.summary()["sets"]["ground_truth"]
    assert (summary["added"], summary["removed"], summary["changed"]) == (1, 1, 2)


def test_version_1_gives_back_its_files(golden: Repository) -> None:
    golden.restore("labels.json", "voc", "images", "dlabel.yaml", force=True)
    names = sorted(
        path.relative_to(golden.root).as_posix() for path in golden.root.rglob("*") if path.is_file()
    )
    assert [name for name in names if not name.startswith(".dlabel")] == [
        "dlabel.yaml", "images/a.png", "images/bb.png", "images/c.png", "labels.json", "voc/c.xml",
    ]  # fmt: skip
    assert golden.view("HEAD").spec.project_name == "golden"
    assert golden.status().clean


def test_version_1_takes_new_labels(golden: Repository) -> None:
    golden.restore("images", "labels.json", "voc", force=True)
    text = (golden.root / "labels.json").read_text().replace('"dog"', '"wolf"')
    (golden.root / "labels.json").write_text(text)
    golden.commit("fourth", all_sources=True)
    assert [row[2] for row in said(golden, "HEAD")] == ["cat", "wolf", "cat"]


def test_version_1_with_hundredths(tmp_path: Path) -> None:
    repo = opened("v1-hundredths.zip", tmp_path)
    assert said(repo, "HEAD~1") == LAST
    rows = repo.labels("HEAD").to_arrow(["kind", "coords", "parts"]).to_pylist()
    assert [row for row in rows if row["kind"] == "polygon"] == [
        {"kind": "polygon", "coords": [1.25, 2.5, 10.01, 2.5, 5.07, 12.99], "parts": [3]},
        {"kind": "polygon", "coords": [1.25, 2.5, 10 + 1 / 3, 2.5, 5.07, 12.99], "parts": [3]},
        {"kind": "polygon", "coords": [1, 1, 4, 1, 4, 4, 6.5, 6.5, 9.5, 6.5, 8, 9.75], "parts": [3, 3]},
    ]
    assert repo.diff("HEAD~1", "HEAD").summary()["sets"]["ground_truth"]["added"] == 3
