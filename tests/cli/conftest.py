"""A folder to type commands in."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import write_labels
from terminals import Desk, Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    folder = tmp_path / "work"
    folder.mkdir()
    return Terminal(folder)


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    folder = tmp_path / "work"
    folder.mkdir()
    return Desk(folder, capsys)


@pytest.fixture
def started(desk: Desk) -> Terminal:
    """A project with two images and their labels, nothing of it staged."""
    write_labels(
        desk.folder,
        {
            "images/a.jpg": [("cat", 1, 2, 10, 10), ("dog", 20, 20, 0, 8)],
            "images/b.jpg": [("cat", 5, 5, 20, 20)],
        },
    )
    desk.well("init --name pets")
    return desk
