"""Names made to lead out of the project: in tables and trees made by hand, behind links, pipes and devices."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from faults.harness import Faulty

from datalabel.content import BLOB
from datalabel.labels.tables import ITEMS, table_of
from datalabel.repository.project import Project
from datalabel.store.history import Source

EVIL = (
    "../out.jpg", "/tmp/out.jpg", ".git/hooks/post-commit", ".dlabel/state.db", "a/../../out.jpg", ".GIT/x", "a/./b",  # noqa: S108
)  # fmt: skip


def everything_outside(folder: Path) -> list[tuple[str, bytes]]:
    """The files around a project and in what it must not touch."""
    around = [path for path in folder.parent.rglob("*") if path.is_file() and not path.is_relative_to(folder)]
    return [(str(path), path.read_bytes()) for path in sorted([*around, *(folder / ".git").rglob("*.*")])]


@pytest.fixture
def project(twice: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "project"
    shutil.copytree(twice, folder)
    (folder / ".git" / "hooks").mkdir(parents=True)
    return folder


@pytest.mark.parametrize("key", EVIL)
def test_tables_made_by_hand_lead_nowhere(key: str, faulty: Faulty, project: Path) -> None:
    store = Project(project).store
    position = store.state.read()
    assert position.staging
    tree = store.history.tree(position.staging)
    content = store.objects.put(BLOB, b"#!/bin/sh\n")
    rows = table_of(
        {"item": [key], "content": [content], "format": ["jpeg"], "width": [8], "height": [8]}, ITEMS
    )
    items = store.tables.append(store.tables.load(tree.items, "items"), rows)
    made = store.history.put_tree(replace(tree, items=store.tables.save(items)))
    store.objects.flush()
    store.state.stage(position, replace(position, staging=made))
    store.close()
    before, state = everything_outside(project), (project / ".dlabel/state.db").stat().st_size
    for arguments in (
        ["restore", "."],
        ["restore", "--force", key],
        ["export", "STAGED", "-f", "coco", "-o", "out", "--images", "copy"],
        ["export", "STAGED", "-f", "yolo", "-o", "out2", "--images", "copy", "--allow-loss"],
        ["rm", "--files", "--force", key],
        ["mv", key, "images/new.jpg"],
        ["status"],
        ["check", "STAGED"],
    ):
        done = faulty.run(project, arguments)
        assert done.status in (0, 1, 3, 4), (arguments, done)
        assert everything_outside(project) == before, arguments
    assert state == (project / ".dlabel/state.db").stat().st_size
    assert not Path("/tmp/out.jpg").exists()  # noqa: S108


@pytest.mark.parametrize("path", EVIL)
def test_trees_made_by_hand_are_refused(path: str, faulty: Faulty, project: Path) -> None:
    store = Project(project).store
    position = store.state.read()
    assert position.staging
    tree = store.history.tree(position.staging)
    source = Source("coco", path, "ground_truth", header=tree.sources["labels.json"].header)
    made = store.history.put_tree(replace(tree, sources={**tree.sources, "evil": source}))
    store.objects.flush()
    store.state.stage(position, replace(position, staging=made))
    store.close()
    before = everything_outside(project)
    for arguments in (["restore", "."], ["status"], ["export", "STAGED", "-f", "coco", "-o", "out"]):
        done = faulty.run(project, arguments)
        assert done.status == 4, (arguments, done)
    assert everything_outside(project) == before


def test_nothing_is_written_through_a_linked_folder(faulty: Faulty, project: Path) -> None:
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir()
    shutil.rmtree(project / "images")
    (project / "images").symlink_to(elsewhere)
    (project / "link").symlink_to(elsewhere)
    restores = [["restore", "images"], ["restore", "--from", "HEAD~1", "."]]
    for arguments in (*restores, ["mv", "labels.json", "link/x.json"]):
        done = faulty.run(project, arguments)
        assert done.status == 3, (arguments, done)
        assert "symbolic link" in done.text
    assert list(elsewhere.iterdir()) == []


def test_pipes_and_devices_among_the_images_hold_nobody_up(faulty: Faulty, project: Path) -> None:
    os.mkfifo(project / "images" / "pipe.jpg")
    os.mkfifo(project / "pipe.json")
    (project / "images" / "zero.jpg").symlink_to("/dev/zero")
    (project / "images" / "itself.jpg").symlink_to("itself.jpg")
    limits = {"RLIMIT_CPU": 20}
    assert faulty.run(project, ["add", "images"], limits=limits).status == 0
    assert faulty.run(project, ["status"], limits=limits).status == 0
    for name in ("images/pipe.jpg", "pipe.json", "images/zero.jpg", "images/itself.jpg"):
        done = faulty.run(project, ["add", name], limits=limits)
        assert done.status == 3, (name, done)


@pytest.mark.parametrize("name", ["../x", "/x", ".git", "a/b", "a..b", "x.lock", "", "-x", "a b", "\u202ex"])
def test_snapshots_cannot_be_called_so(name: str, faulty: Faulty, project: Path) -> None:
    before = everything_outside(project)
    assert faulty.run(project, ["snapshot", "create", "--", name]).status == 2
    assert everything_outside(project) == before
