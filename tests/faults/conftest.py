"""A small project, made once and copied for every fault, and the process that runs commands behind the shim."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.harness import Faulty, Scratch, compiled, compiler
from pictures import write_coco, write_image, write_labels

FIRST = {
    "images/a.jpg": [("cat", 1, 2, 10, 10), ("dog", 20, 20, 8, 8), ("dog", 30, 5, 9, 7)],
    "images/b.jpg": [("cat", 5, 5, 20, 20), ("cat", 40, 30, 6, 6)],
    "images/c.jpg": [],
}
SECOND = {
    "images/a.jpg": [("cat", 1, 2, 11, 10), ("dog", 20, 20, 8, 8)],
    "images/b.jpg": [("dog", 5, 5, 20, 20), ("cat", 40, 30, 6, 6), ("bird", 2, 30, 9, 9)],
    "images/c.jpg": [("bird", 4, 4, 12, 12)],
    "images/d.jpg": [("cat", 9, 9, 12, 12)],
}


MEMORY_DISK = Path("/dev/shm")  # noqa: S108


@pytest.fixture(scope="session")
def scratch() -> Iterator[Scratch]:
    """Folders that last as long as the tests run."""
    with tempfile.TemporaryDirectory(dir=MEMORY_DISK if os.access(MEMORY_DISK, os.W_OK) else None) as folder:
        yield Scratch(Path(folder))


@pytest.fixture
def tmp_path(scratch: Scratch) -> Iterator[Path]:
    """A folder of one test."""
    folder = scratch.mktemp("test")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def shim(scratch: Scratch) -> Path:
    """The library that stands between commands and their disk."""
    if compiler() is None and not os.environ.get("CI"):
        pytest.skip("there is no C compiler")
    return compiled(scratch.mktemp("shim"))


@pytest.fixture(scope="session")
def faulty(shim: Path, scratch: Scratch) -> Iterator[Faulty]:
    """Runs commands behind the shim."""
    with Faulty(shim, scratch.mktemp("faulty")) as runner:
        yield runner


@pytest.fixture(scope="session")
def committed(faulty: Faulty, scratch: Scratch) -> Path:
    """Three images with labels in one commit and one snapshot; nothing is staged."""
    folder = scratch.mktemp("committed") / "project"
    folder.mkdir()
    write_labels(folder, FIRST)
    faulty.well(folder, "init", "--name", "small")
    faulty.well(folder, "add", "images", "labels.json", "dlabel.yaml")
    faulty.well(folder, "commit", "-m", "first")
    faulty.well(folder, "snapshot", "create", "kept", "--split", "train=0.5,val=0.5")
    return folder


@pytest.fixture(scope="session")
def edited(committed: Path, scratch: Scratch) -> Path:
    """As `committed`; then the labels, the spec and an image were changed, and an image came."""
    folder = scratch.mktemp("edited") / "project"
    shutil.copytree(committed, folder)
    write_image(folder / "images" / "c.jpg", 99)
    write_image(folder / "images" / "d.jpg", 4)
    write_coco(folder / "labels.json", SECOND)
    spec = folder / "dlabel.yaml"
    spec.write_text(spec.read_text(encoding="utf-8") + "# more\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def staged(faulty: Faulty, edited: Path, scratch: Scratch) -> Path:
    """As `edited`, and all of it was added."""
    folder = scratch.mktemp("staged") / "project"
    shutil.copytree(edited, folder)
    faulty.well(folder, "add")
    return folder


@pytest.fixture(scope="session")
def twice(faulty: Faulty, staged: Path, scratch: Scratch) -> Path:
    """As `staged`, and committed."""
    folder = scratch.mktemp("twice") / "project"
    shutil.copytree(staged, folder)
    faulty.well(folder, "commit", "-m", "second")
    return folder
