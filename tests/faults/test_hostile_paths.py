"""Names made to lead out of the project: in tables and trees made by hand, behind links, pipes and devices."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from faults.harness import Faulty
from pictures import write_coco, write_image

from datalabel.content import BLOB
from datalabel.labels.tables import ITEMS, table_of
from datalabel.repository.project import Project
from datalabel.store.history import Source

EVIL = (
    "../out.jpg", "/tmp/out.jpg", ".git/hooks/post-commit", ".dlabel/state.db", "a/../../out.jpg", ".GIT/x", "a/./b",  # noqa: S108
    ".g\u206ait/x", "\uff0egit/x", "git~1/hooks/x", ".git::$INDEX_ALLOCATION/x",
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
        assert done.status in ((3, 4) if arguments[0] == "restore" else (0, 1, 3, 4)), (arguments, done)
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


@pytest.mark.parametrize(
    ("origin", "target"),
    [
        (".dlabel/../../precious", ""),
        (".dlabel/tmp/../../../precious", ""),
        ("../precious", ""),
        (".dlabel/state.db", ""),
        (".dlabel/tmp/..", "x"),
        (".dlabel/tmp", "x"),
        ("", ""),
        ("images/a.jpg", "../out.jpg"),
        ("images/a.jpg", ".git/hooks/post-commit"),
        ("images/a.jpg", ".dlabel/config.yaml"),
    ],
)
def test_journals_made_by_hand_are_refused(origin: str, target: str, faulty: Faulty, project: Path) -> None:
    (project.parent / "precious").write_text("mine", encoding="utf-8")
    with sqlite3.connect(project / ".dlabel/state.db") as db:
        # What was announced before the evil one is not done either.
        db.executemany(
            "INSERT INTO journal (origin, target) VALUES (?, ?)", [("labels.json", ""), (origin, target)]
        )
    db.close()
    before, files = everything_outside(project), sorted(project.rglob("*"))
    for arguments in (["add"], ["restore", "."], ["commit", "-m", "x"]):
        done = faulty.run(project, arguments)
        assert (done.status, "state.db announces" in done.text) == (4, True), (arguments, done)
    assert everything_outside(project) == before
    assert sorted(project.rglob("*")) == files


def test_a_store_that_leads_elsewhere_is_not_swept(faulty: Faulty, project: Path) -> None:
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("mine", encoding="utf-8")
    (project / ".dlabel/tmp").rmdir()
    (project / ".dlabel/tmp").symlink_to(elsewhere)
    done = faulty.run(project, ["add"])
    assert (done.status, "symbolic link" in done.text) == (4, True), done
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]


def test_a_store_whose_empty_folders_were_not_copied_is_used(faulty: Faulty, project: Path) -> None:
    (project / ".dlabel/tmp").rmdir()
    write_image(project / "images/new.jpg", 77)
    done = faulty.well(project, "add")
    assert "1 image added" in done.text
    assert list((project / ".dlabel/tmp").iterdir()) == []


SETTINGS = (
    b"user: 2001-99-99",
    b'user: !!int ""',
    b"? [a]\n: b",
    b"[1]",
    b"\xff\xfe",
    b"user: [a]",
    b"\0",
    b"<<: {a: b}",
    b"!!python/object/apply:os.system [x]",
    b"roots: {..: /a}",
    b"roots: {.git: /a}",
    b"roots: {a: b}",
    b'roots: {a: "/\\0"}',
    b"a0: &a {x: y}\n"
    + b"".join(b"a%d: &%c {<<: [*%c, *%c]}\n" % (n, n + 97, n + 96, n + 96) for n in range(1, 25)),
)


def test_settings_from_strangers(faulty: Faulty, project: Path) -> None:
    for settings in SETTINGS:
        (project / ".dlabel/config.yaml").write_bytes(settings)
        done = faulty.run(project, ["status"], limits={"RLIMIT_CPU": 20})
        fine = settings == SETTINGS[0]
        assert (done.status, "config.yaml" in done.text) == ((0, False) if fine else (3, True)), (
            settings,
            done,
        )


@pytest.mark.parametrize("name", ["dlabel.yaml", ".dlabel/config.yaml"])
def test_what_is_no_file_is_not_read_as_one(name: str, faulty: Faulty, project: Path) -> None:
    path = project / name
    layers: tuple[Callable[[], None], ...] = (
        lambda: os.mkfifo(path),
        lambda: path.symlink_to("/dev/zero"),
        lambda: path.symlink_to(path.name),
        path.mkdir,
    )
    for lay in layers:
        path.unlink(missing_ok=True)
        lay()
        for arguments in (["status"], ["add"], ["check"]):
            done = faulty.run(project, arguments, limits={"RLIMIT_CPU": 20})
            told = done.status == 3 and "is no file" in done.text
            assert told or (arguments == ["check"] and not done.status), (arguments, done)


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


def test_no_result_is_written_into_the_store_through_a_link(faulty: Faulty, project: Path) -> None:
    (project / "lnk").symlink_to(".dlabel")
    state = (project / ".dlabel/state.db").read_bytes()
    for arguments in (
        ["stats", "--format", "csv", "-o", "lnk/state.db"],
        ["export", "HEAD", "-f", "coco", "-o", "lnk/out"],
        ["check", "--html", "lnk/page.html"],
        ["check", "--baseline", "lnk/b.json", "--write-baseline"],
    ):
        done = faulty.run(project, arguments)
        assert (done.status, "lies in a folder of dlabel or git" in done.text) == (3, True), done
    assert (project / ".dlabel/state.db").read_bytes() == state


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


@pytest.mark.parametrize("name", [".GIT", ".Dlabel", "git~1", ".g\u200bit"])
def test_folders_that_version_control_may_take_for_its_own_are_not_entered(
    name: str, faulty: Faulty, project: Path
) -> None:
    write_image(project / name / "x.jpg")
    write_coco(project / name / "more.json", {"x.jpg": [("cat", 1, 2, 3, 4)]})
    assert faulty.well(project, "add", ".").text == "images below . are tracked from now on\n"
    done = faulty.run(project, ["add", name])
    assert (done.status, "version control" in done.text) == (3, True)
    assert faulty.well(project, "status").text.count(name) == 0


def test_a_path_that_is_too_long_to_be_a_key_is_told(faulty: Faulty, project: Path) -> None:
    folder = project / "/".join(["d" * 200] * 5)
    write_image(folder / f"{'f' * 30}.jpg")
    for line in (["add", "."], ["status"]):
        done = faulty.run(project, line)
        assert done.status == 3
        assert "is longer than 1024 bytes" in done.text
        assert ".dlabelignore" in done.text
    (project / ".dlabelignore").write_text("ddd*\n")
    faulty.well(project, "status")
