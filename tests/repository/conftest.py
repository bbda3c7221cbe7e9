"""A project to work on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pictures import commit_labels

import datalabel
from datalabel.formats.voc import read as voc_read
from datalabel.formats.yolo import read as yolo_read
from datalabel.repository.repository import Repository


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[Repository]:
    """An empty project."""
    with datalabel.init(tmp_path / "project", name="test") as repository:
        yield repository


@pytest.fixture
def short_beginnings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small folder has more than its beginning."""
    monkeypatch.setattr(yolo_read, "BEGINNING", 60)
    monkeypatch.setattr(yolo_read, "CHUNK", 90)
    monkeypatch.setattr(voc_read, "SAMPLE", 2)


@pytest.fixture
def labelled(repo: Repository) -> Repository:
    """Three images with labels, committed."""
    return commit_labels(
        repo,
        {
            "images/a.jpg": [("cat", 1, 2, 10, 10), ("dog", 20, 20, 8, 8)],
            "images/b.jpg": [("cat", 5, 5, 20, 20)],
            "images/c.jpg": [],
        },
    )
