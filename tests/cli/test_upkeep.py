"""`fsck`: what is missing or damaged, which command puts it back, and what nothing leads to."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from pictures import write_coco, write_image, write_labels
from terminals import Desk

import datalabel
from datalabel.content import BLOB, object_id
from datalabel.errors import UsageError
from datalabel.store.segments import Segment
from datalabel.store.store import FOLDER


@pytest.fixture
def project(desk: Desk) -> Desk:
    """Two commits and a snapshot."""
    write_labels(desk.folder, {"images/it's a cat.png": [("cat", 1, 2, 10, 10)], "images/b.png": []})
    desk.well("init", "add .", "commit -m first", "snapshot create kept")
    write_coco(
        desk.folder / "labels.json", {"images/it's a cat.png": [("cat", 3, 2, 10, 10)], "images/b.png": []}
    )
    desk.well("commit -a -m second")
    return desk


def stored(project: Desk, path: str) -> Path:
    """Where the store keeps the bytes of a file."""
    name = object_id(BLOB, (project.folder / path).read_bytes())
    return project.folder / FOLDER / "objects" / name[:2] / name[2:]


def test_a_whole_store(project: Desk) -> None:
    done = project.dlabel("fsck")
    found = json.loads(project.dlabel("fsck", "--json").out)
    assert done.status == 0
    assert done.out.startswith(f"Read {found['objects']} objects: all there and whole\n")
    assert found["broken"] == []
    assert found["objects"] + found["unused"]["objects"] == len(
        list((project.folder / FOLDER).glob("objects/*/*"))
    )
    with datalabel.open(project.folder) as repo:
        assert repo.fsck().objects == found["objects"]


@pytest.mark.parametrize("gone", [True, False])
def test_an_image_is_put_back_by_the_command_that_is_told(project: Desk, gone: bool) -> None:
    kept = stored(project, "images/it's a cat.png")
    kept.unlink()  # not its folder: another object may lie there
    if not gone:
        kept.write_bytes(b"something else")
    elif not any(kept.parent.iterdir()):
        kept.parent.rmdir()
    done = project.dlabel("fsck")
    assert done.status == 4
    word = "missing" if gone else "damaged"
    assert done.out.startswith(
        f"{word}  blob {kept.parent.name}{kept.name[:10]}…  the image images/it's a cat.png, "
    )
    assert "copy of .dlabel" not in done.out
    (command,) = [line.strip() for line in done.out.splitlines() if line.startswith("  mkdir ")]
    subprocess.run(["sh", "-c", command], check=True, cwd="/")
    assert project.dlabel("fsck").status == 0


def test_what_no_file_holds_is_put_back_from_a_copy(project: Desk) -> None:
    kept = stored(project, "images/b.png")
    write_image(project.folder / "images" / "b.png", 3)
    for path in (kept, stored(project, "dlabel.yaml")):
        path.unlink()
    done = project.dlabel("fsck")
    assert done.status == 4
    assert "the text of dlabel.yaml, " in done.out
    assert " cp " not in done.out
    assert done.out.splitlines()[2] == "Put them back from a copy of .dlabel/objects."
    assert done.out.splitlines()[3].endswith(": 2 missing")


def test_images_that_are_kept_where_they_lie_are_not_missed(desk: Desk) -> None:
    write_image(desk.folder / "a.png")
    assert desk.dlabel("init").status == 0
    (desk.folder / FOLDER / "config.yaml").write_text("images: reference\n")
    assert desk.dlabel("add", ".").status == 0
    assert not stored(desk, "a.png").exists()
    done = desk.dlabel("fsck")
    assert done.status == 0
    assert "Not read: 1 image kept where they lie" in done.out


def test_what_nothing_leads_to_is_counted(project: Desk) -> None:
    before = json.loads(project.dlabel("fsck", "--json").out)["unused"]["objects"]
    write_image(project.folder / "images" / "c.png", 5)
    project.well("add images", "restore --staged")
    after = json.loads(project.dlabel("fsck", "--json").out)["unused"]["objects"]
    assert after > before


def test_without_a_history_there_is_little_to_read(desk: Desk) -> None:
    assert desk.dlabel("fsck").status == 4
    assert desk.dlabel("init").status == 0
    done = desk.dlabel("fsck")
    assert (done.status, done.err) == (0, "")
    shutil.rmtree(desk.folder / FOLDER / "objects")
    (desk.folder / FOLDER / "objects").mkdir()
    done = desk.dlabel("fsck")
    assert done.status == 4
    assert "what is staged, staging" in done.out


def unused(project: Desk) -> int:
    return int(json.loads(project.dlabel("fsck", "--json").out)["unused"]["objects"])


def test_what_nothing_leads_to_is_deleted_and_nothing_else(project: Desk) -> None:
    image = write_image(project.folder / "images" / "c.png", 5)
    assert project.dlabel("add", "images").status == 0
    assert project.dlabel("check", "STAGED").status == 0  # measures what is staged
    kept = stored(project, "images/c.png")
    assert project.dlabel("gc", "--older-than", "0").status == 0
    assert unused(project) == 0
    assert kept.exists()  # it is staged
    assert project.dlabel("restore", "--staged").status == 0
    before, many = project.dlabel("log", "--json").out, unused(project)
    young = project.dlabel("gc")
    assert young.out.startswith(f"Nothing to delete\n{many} objects (")
    assert "younger than 14 days kept" in young.out
    dry = project.dlabel("gc", "--older-than", "0", "--dry-run")
    assert dry.out.startswith(f"Would delete {many} objects (")
    assert kept.exists()
    done = json.loads(project.dlabel("gc", "--older-than", "0", "--json").out)
    assert (done["objects"], done["young"], done["dry_run"]) == (many, 0, False)
    assert not kept.exists()
    assert project.dlabel("gc", "--older-than", "0").out == "Nothing to delete\n"
    assert (unused(project), project.dlabel("log", "--json").out) == (0, before)
    assert project.dlabel("snapshot", "verify", "kept").status == 0
    assert project.dlabel("add", "images").status == 0
    assert stored(project, str(image.relative_to(project.folder))).exists()
    assert project.dlabel("fsck").status == 0


def test_measures_go_with_what_was_measured(project: Desk) -> None:
    def measured() -> set[str]:
        paths = (project.folder / FOLDER / "measures").glob("*/??/*")
        return {path.parent.name + path.name.partition("-")[0] for path in paths}

    write_coco(project.folder / "labels.json", {"images/b.png": [("dog", 3, 2, 10, 10)]})
    assert project.dlabel("add", "labels.json").status == 0
    assert project.dlabel("check", "STAGED").status == 0
    staged = measured()
    project.well("restore --staged", "gc --older-than 0")
    there = {path.parent.name + path.name for path in (project.folder / FOLDER / "objects").glob("??/*")}
    assert measured() == staged & there
    assert measured() < staged


def test_a_deleted_snapshot_stays_while_the_reflog_names_it(project: Desk) -> None:
    assert project.dlabel("snapshot", "delete", "kept").status == 0
    before = unused(project)
    assert project.dlabel("gc", "--older-than", "0", "--json").status == 0
    with datalabel.open(project.folder) as repo:
        (target,) = {one for name, one in repo.project.store.state.reflog() if name == "snapshots/kept"}
        assert repo.project.store.snapshots.get(target).name == "kept"
    assert before >= unused(project) == 0


def test_nothing_is_deleted_from_a_damaged_store(project: Desk) -> None:
    write_image(project.folder / "images" / "c.png", 5)
    project.well("add images", "restore --staged")
    stored(project, "images/b.png").unlink()  # leads to nothing
    assert project.dlabel("gc", "--older-than", "0", "-n").status == 0
    with datalabel.open(project.folder) as repo:
        store, head = repo.project.store, repo.project.store.state.read().head
        assert head is not None
        store.objects.path(store.history.commit(head).tree).unlink()
    before = sorted((project.folder / FOLDER / "objects").glob("??/*"))
    done = project.dlabel("gc", "--older-than", "0")
    assert (done.status, done.out) == (4, "")
    assert "hint: dlabel fsck says what is broken" in done.err
    assert sorted((project.folder / FOLDER / "objects").glob("??/*")) == before


def test_a_negative_age_is_none(project: Desk) -> None:
    assert project.dlabel("gc", "--older-than", "-1").status == 2
    with datalabel.open(project.folder) as repo, pytest.raises(UsageError, match="not nan"):
        repo.gc(older_than=float("nan"))


def test_what_else_lies_among_the_objects_is_left_alone(project: Desk) -> None:
    objects = project.folder / FOLDER / "objects"
    (objects / ".DS_Store").write_bytes(b"x")
    (objects / "notes").mkdir()
    (objects / "00").mkdir(exist_ok=True)
    (objects / "00" / ("1" * 62)).mkdir()
    (objects / "00" / ("2" * 62)).symlink_to(project.folder / "nowhere")
    assert project.dlabel("fsck").status == 0
    assert project.dlabel("gc", "--older-than", "0").status == 0
    assert {path.name for path in objects.iterdir()} >= {".DS_Store", "notes", "00"}
    assert len(list((objects / "00").glob("[12]*"))) >= 2


@pytest.mark.parametrize("lost", [False, True])
def test_what_a_fold_replaced_still_tells_what_changed(tmp_path: Path, lost: bool) -> None:
    def add(count: int) -> None:
        boxes = {f"{number:02}.png": [("cat", 1.0, 2.0, 10.0, 10.0 + number)] for number in range(20)}
        boxes |= {f"{number:02}.png": [("dog", 1.0, 2.0, 9.0, 9.0)] for number in range(count)}
        write_coco(tmp_path / "p" / "labels.json", boxes)
        repo.add("labels.json")

    with datalabel.init(tmp_path / "p", name="test") as repo:
        for count in range(15):
            add(count)
        repo.commit("first")
        committed = {ref.id for ref in repo.view("HEAD").label_table("ground_truth").segments}
        add(15)
        add(16)
        table = repo.view("STAGED").label_table("ground_truth")
        assert len(table.segments) < len(committed)  # folded
        repo.gc(older_than=0)
        objects = repo.project.store.objects
        inputs = []
        for ref in table.segments:
            with Segment(objects, ref, table.schema) as segment:
                inputs += [one.id for one in segment.folds if one.id not in committed]
        assert inputs
        assert all(map(objects.has, inputs))
        for name in inputs if lost else ():
            objects.delete(name)
        assert repo.fsck().broken == ()
        assert repo.diff("STAGED", "STAGED").changed_items("ground_truth") == []
        if not lost:
            assert repo.diff().changed_items("ground_truth") == ["14.png", "15.png"]
        add(14)
        assert not repo.status().staged["changed"]
        assert repo.commit("nothing").id is None
