"""What lies where files belong: told before anything is announced, so that no project is held up by it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from faults.harness import COUNT, KILL, KILLED, Faulty
from faults.reading import difference, standing

NOBODY = 65534


@pytest.fixture
def project(twice: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(twice, folder)
    return folder


def goes_on(faulty: Faulty, folder: Path) -> None:
    """Nothing is left unfinished, and other commands go their way."""
    faulty.well(folder, "restore", "--staged", "--dry-run")
    faulty.well(folder, "rm", "images/b.jpg")


def test_a_file_where_a_folder_must_be(faulty: Faulty, project: Path) -> None:
    shutil.rmtree(project / "images")
    (project / "images").write_text("no folder", encoding="utf-8")
    before = standing(project)
    for arguments in (
        ["restore", "images"],
        ["restore", "--force", "--from", "HEAD~1", "."],
        ["mv", "labels.json", "images/labels.json"],
    ):
        done = faulty.run(project, arguments)
        assert (done.status, "is no folder" in done.text) == (3, True), (arguments, done)
        assert difference(standing(project), before) == {}
    goes_on(faulty, project)


def test_a_folder_where_a_file_must_be(faulty: Faulty, project: Path) -> None:
    (project / "labels.json").unlink()
    (project / "labels.json").mkdir()
    before = standing(project)
    done = faulty.run(project, ["restore", "--force", "labels.json"])
    assert (done.status, "a folder lies where it belongs" in done.text) == (3, True), done
    assert difference(standing(project), before) == {}
    goes_on(faulty, project)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_that_may_not_be_written(faulty: Faulty, project: Path) -> None:
    for above in [project, *project.parents]:
        if above.stat().st_mode & 0o055 != 0o055:
            above.chmod(0o755)
    for path in [project, *project.rglob("*")]:
        if path.name != "images":
            os.chown(path, NOBODY, NOBODY)
    before = standing(project)
    for arguments in (["restore", "--from", "HEAD~1", "images"], ["rm", "--files", "images/d.jpg"]):
        done = faulty.run(project, arguments, user=NOBODY)
        assert (done.status, "Permission denied" in done.text) == (3, True), (arguments, done)
        assert difference(standing(project), before) == {}
    assert faulty.run(project, ["restore", "--staged", "--dry-run"], user=NOBODY).status == 0


def test_what_came_into_the_way_of_an_announced_change_is_named(faulty: Faulty, project: Path) -> None:
    """The command died between announcing and doing; the user put something else there meanwhile."""
    shutil.rmtree(project / "images")
    restore, start = ["restore", "images"], project.parent / "start"
    shutil.copytree(project, start)
    whole = project.parent / "whole"
    shutil.copytree(project, whole)
    at = faulty.run(whole, restore, COUNT, coarse=True).count // 2
    while not (project / "images").exists():
        at += 2
        shutil.rmtree(project)
        shutil.copytree(start, project)
        assert faulty.run(project, restore, KILL, at, coarse=True).status == KILLED
    shutil.rmtree(project / "images")
    (project / "images").write_text("no folder", encoding="utf-8")
    done = faulty.run(project, ["add"])
    assert (done.status, "is no folder" in done.text) == (3, True), done
    (project / "images").unlink()
    faulty.well(project, "add")
    assert len(list((project / "images").iterdir())) == 4


def test_images_on_another_disk_come_back(
    faulty: Faulty, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A root of `config.yaml` lies elsewhere, where nothing of the project can simply be renamed to."""
    far = tmp_path_factory.mktemp("far")
    if far.stat().st_dev == project.stat().st_dev:
        pytest.skip("there is no second file system")
    shutil.copytree(project / "images", far / "deep")
    (project / ".dlabel/config.yaml").write_text(f"roots: {{far: {far}}}", encoding="utf-8")
    faulty.well(project, "add", str(far))
    held = (far / "deep/a.jpg").read_bytes()
    faulty.well(project, "commit", "-m", "far")
    shutil.rmtree(far / "deep")
    faulty.well(project, "restore", str(far))
    assert (far / "deep/a.jpg").read_bytes() == held
    assert len(list((far / "deep").iterdir())) == 4
    faulty.well(project, "mv", str(far / "deep/a.jpg"), "near.jpg")
    assert (project / "near.jpg").read_bytes() == held
    done = faulty.run(project, ["mv", "images", str(far / "images")])
    assert (done.status, "another file system" in done.text) == (3, True), done
    faulty.well(project, "rm", "--files", "--force", str(far))
    assert list(far.iterdir()) == []
