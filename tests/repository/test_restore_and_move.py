"""Going back, moving, forgetting: nothing unrecorded is lost, and nothing is half done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pictures import in_any_order, write_coco, write_image

import datalabel
from datalabel.errors import InputError, RefusedError, UsageError
from datalabel.repository.journal import check_changes
from datalabel.repository.repository import Repository
from datalabel.store.state import Rename

SECOND = {"images/a.jpg": [("cat", 3, 2, 10, 10)], "images/b.jpg": [("dog", 5, 5, 20, 20)]}


@pytest.fixture
def twice(labelled: Repository) -> Repository:
    """Two commits: the second changed labels and an image."""
    write_coco(labelled.root / "labels.json", SECOND)
    write_image(labelled.root / "images" / "c.jpg", 99)
    labelled.commit("second", all_sources=True)
    return labelled


def classes(repo: Repository, revision: str = "STAGED") -> list[tuple[str, str]]:
    return [(row["item"], row["class"]) for row in repo.labels(revision).to_arrow().to_pylist()]


def test_the_spec_is_not_forgotten_in_silence(twice: Repository) -> None:
    (twice.root / "dlabel.yaml").write_text("data_spec:\n  cat: {}\n  dog: {}\n")
    twice.add("dlabel.yaml")
    with pytest.raises(RefusedError, match=r"dlabel\.yaml: the spec is not removed by rm"):
        twice.rm("dlabel.yaml")


def test_a_label_file_comes_back_as_it_was_and_staging_follows(twice: Repository) -> None:
    done = twice.restore("labels.json", revision="HEAD~1")
    assert done.written == ("labels.json",)
    assert done.staged
    assert classes(twice) == classes(twice, "HEAD~1")
    document = json.loads((twice.root / "labels.json").read_text())
    assert [len(document["images"]), len(document["annotations"])] == [3, 3]
    assert twice.status().unstaged == ()
    assert not twice.add().changed


def test_staging_goes_back_and_the_files_count_as_changed_again(twice: Repository) -> None:
    twice.restore("labels.json", revision="HEAD~1")
    twice.restore(staged=True)
    assert not twice.status().has_staged
    assert twice.status().unstaged == (("labels.json", "modified"),)
    twice.add()
    assert classes(twice) == classes(twice, "HEAD~1")


def test_an_image_comes_back_byte_for_byte(twice: Repository, tmp_path: Path) -> None:
    twice.restore("images/c.jpg", revision="HEAD~1")
    assert (twice.root / "images/c.jpg").read_bytes() == write_image(tmp_path / "c.jpg", 2).read_bytes()
    (twice.root / "images/a.jpg").unlink()
    assert twice.restore("images/a.jpg").written == ("images/a.jpg",)
    assert (twice.root / "images/a.jpg").read_bytes() == write_image(tmp_path / "a.jpg", 0).read_bytes()


def test_what_is_not_recorded_is_not_overwritten(twice: Repository) -> None:
    write_coco(twice.root / "labels.json", {"images/a.jpg": [("new", 1, 1, 1, 1)]})
    with pytest.raises(RefusedError, match=r"labels\.json: has changes that are not added"):
        twice.restore("labels.json", revision="HEAD~1")
    write_image(twice.root / "images" / "a.jpg", 123)
    with pytest.raises(RefusedError, match=r"images/a\.jpg: has changes that are not recorded"):
        twice.restore("images/a.jpg")
    assert json.loads((twice.root / "labels.json").read_text())["categories"][0]["name"] == "new"
    twice.restore("labels.json", "images/a.jpg", revision="HEAD~1", force=True)
    assert classes(twice) == classes(twice, "HEAD~1")


def test_a_restored_file_equals_its_source(twice: Repository) -> None:
    before = json.loads((twice.root / "labels.json").read_text())
    (twice.root / "labels.json").unlink()
    twice.restore("labels.json")
    assert in_any_order(json.loads((twice.root / "labels.json").read_text())) == in_any_order(before)


def test_a_dry_run_changes_nothing(twice: Repository) -> None:
    before = (twice.root / "labels.json").read_bytes()
    position = twice.project.store.state.read()
    objects = list(twice.project.store.objects.ids())
    done = twice.restore("labels.json", "images/c.jpg", revision="HEAD~1", dry_run=True)
    assert (done.written, done.staged) == (("images/c.jpg", "labels.json"), True)
    assert twice.restore(staged=True, revision="HEAD~1", dry_run=True).staged
    assert (twice.root / "labels.json").read_bytes() == before
    assert twice.project.store.state.read() == position
    assert list(twice.project.store.objects.ids()) == objects
    assert twice.status().clean


def test_the_spec_comes_back(twice: Repository) -> None:
    old = (twice.root / "dlabel.yaml").read_text()
    (twice.root / "dlabel.yaml").write_text(old + "# more\n")
    twice.commit("words", all_sources=True)
    twice.restore("dlabel.yaml", revision="HEAD~1")
    assert (twice.root / "dlabel.yaml").read_text() == old
    assert twice.status().unstaged == ()


def test_restore_names_what_it_does_not_know(twice: Repository) -> None:
    with pytest.raises(InputError, match=r"label\.json: is not tracked") as error:
        twice.restore("label.json")
    assert "labels.json" in str(error.value.faults[0].hint)
    with pytest.raises(UsageError, match="restore needs paths"):
        twice.restore()


def test_a_killed_restore_is_finished_by_the_next_command(twice: Repository) -> None:
    store = twice.project.store
    left = store.temporary / "left"
    left.write_text("finished late")
    position = store.state.read()
    store.state.stage(
        position, position, [Rename(".dlabel/tmp/left", "notes/late.txt"), Rename("images/a.jpg", "")]
    )
    twice.add()
    assert (twice.root / "notes/late.txt").read_text() == "finished late"
    assert not (twice.root / "images/a.jpg").exists()
    assert store.state.journal() == []


def test_nothing_is_written_through_a_link(twice: Repository, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (twice.root / "images").rename(outside)
    (twice.root / "images").symlink_to(outside)
    (outside / "a.jpg").unlink()
    with pytest.raises(InputError, match="symbolic link"):
        twice.restore("images/a.jpg")
    assert not (outside / "a.jpg").exists()


def test_rm_forgets_and_history_remembers(twice: Repository) -> None:
    done = twice.rm("images/a.jpg")
    assert (done.items, done.labels) == (("images/a.jpg",), 1)
    assert (twice.root / "images/a.jpg").exists()
    twice.commit("without a")
    assert classes(twice) == [("images/b.jpg", "dog")]
    assert len(classes(twice, "HEAD~1")) == 2
    assert not twice.add("labels.json").changed


def test_rm_of_a_source_takes_its_labels(twice: Repository) -> None:
    assert twice.rm("labels.json").labels == 2
    assert classes(twice) == []
    assert twice.items().num_rows == 3


def test_rm_deletes_only_what_a_commit_holds(twice: Repository) -> None:
    write_image(twice.root / "images" / "new.jpg", 200)
    twice.add("images")
    with pytest.raises(RefusedError, match=r"images/new\.jpg: holds what no commit holds"):
        twice.rm("images/new.jpg", files=True)
    assert (twice.root / "images/new.jpg").exists()
    assert twice.rm("images/b.jpg", files=True, dry_run=True).deleted == ("images/b.jpg",)
    assert (twice.root / "images/b.jpg").exists()
    assert twice.rm("images/b.jpg", files=True).deleted == ("images/b.jpg",)
    assert not (twice.root / "images/b.jpg").exists()
    twice.rm("labels.json", files=True)
    assert not (twice.root / "labels.json").exists()


def test_mv_keeps_labels_and_their_ids(twice: Repository) -> None:
    before = {row["id"] for row in twice.labels().to_arrow().to_pylist()}
    twice.mv("images", "photos")
    assert not (twice.root / "images").exists()
    assert twice.status().unstaged == ()
    assert {change.change for change in twice.diff().items} == {"renamed"}
    assert list(twice.diff().labels()) == []
    assert {row["id"] for row in twice.labels().to_arrow().to_pylist()} == before
    assert not twice.add().changed
    twice.mv("labels.json", "photos")
    assert (twice.root / "photos/labels.json").exists()
    assert not twice.add().changed


def test_mv_refuses_what_would_overwrite(twice: Repository) -> None:
    with pytest.raises(InputError, match=r"images/b\.jpg: exists already"):
        twice.mv("images/a.jpg", "images/b.jpg")
    with pytest.raises(InputError, match="not tracked"):
        twice.mv("nothing.jpg", "something.jpg")
    with pytest.raises(InputError, match="into itself"):
        twice.mv("images", "images/deeper")
    with pytest.raises(InputError, match="outside the project"):
        twice.mv("images/a.jpg", "/tmp/a.jpg")  # noqa: S108
    (twice.root / "link").symlink_to("nowhere")
    with pytest.raises(InputError, match="link: exists already"):
        twice.mv("images/a.jpg", "link")


@pytest.fixture
def cells(repo: Repository, shared_data: Path) -> Repository:
    """Two VOC files in a folder with the name of a file, committed."""
    folder = repo.root / "ann.xml"
    folder.mkdir()
    for number in (1, 2):
        name = f"BloodImage_0000{number}.xml"
        (folder / name).write_bytes((shared_data / "bccd" / "BCCD" / "Annotations" / name).read_bytes())
    repo.add("ann.xml")
    repo.commit("cells")
    return repo


@pytest.mark.parametrize("folder_too", [False, True])
def test_label_files_of_a_folder_come_back_when_all_are_gone(cells: Repository, folder_too: bool) -> None:
    folder = cells.root / "ann.xml"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for path in folder.iterdir():
        path.unlink()
    if folder_too:
        folder.rmdir()
    assert cells.status().unstaged == (("ann.xml", "deleted"),)
    assert cells.add().missing == ("ann.xml",)
    cells.restore("ann.xml")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert cells.status().unstaged == ()


def test_a_folder_of_no_label_files_any_more_can_be_forgotten(cells: Repository) -> None:
    for path in (cells.root / "ann.xml").iterdir():
        path.unlink()
    cells.rm("ann.xml", files=True)
    assert cells.view("STAGED").tree.sources == {}
    assert (cells.root / "ann.xml").is_dir()


def test_a_file_of_a_folder_comes_back_with_its_source(cells: Repository) -> None:
    with pytest.raises(InputError, match=r"is part of the source ann\.xml") as refused:
        cells.restore("ann.xml/BloodImage_00001.xml")
    whole = "the files of a source go together: name ann.xml, which means all in it"
    assert refused.value.faults[0].hint == whole
    with pytest.raises(InputError, match="is not tracked") as refused:
        cells.restore("an.xml")
    assert refused.value.faults[0].hint == "did you mean ann.xml?"
    (cells.root / "an.xml").touch()
    with pytest.raises(InputError, match="is not tracked") as refused:
        cells.restore("an.xml")
    assert refused.value.faults[0].hint == "dlabel add an.xml tracks it"


@pytest.mark.parametrize(
    ("old", "new"), [(".", "all"), (".", "images/all"), ("images", ".dlabel/x"), ("images", ".")]
)
def test_a_move_that_cannot_be_done_is_not_announced(labelled: Repository, old: str, new: str) -> None:
    with pytest.raises(InputError):
        labelled.mv(old, new)
    assert labelled.project.store.state.journal() == []
    assert not labelled.status().has_staged
    labelled.mv("images/a.jpg", "images/z.jpg")
    assert labelled.diff().renames == {"images/a.jpg": "images/z.jpg"}


@pytest.mark.parametrize("change", [Rename(".", "all"), Rename("images", ".git/x"), Rename("../x", "")])
def test_no_change_is_announced_that_may_not_be_carried_out(labelled: Repository, change: Rename) -> None:
    with pytest.raises(InputError):
        check_changes(labelled.project, [change])


def test_a_path_is_taken_as_it_stands_before_it_is_a_glob(repo: Repository) -> None:
    odd, plain = "im/a[1].png", "im/a1.png"
    for number, key in enumerate((odd, plain, "im/a2.png")):
        write_image(repo.root / key, number)
    repo.add("im")
    repo.commit("three")
    assert repo.rm(odd, dry_run=True).items == (odd,)
    assert repo.mv(odd, "im/c.png").items == ((odd, "im/c.png"),)
    assert sorted(path.name for path in (repo.root / "im").iterdir()) == ["a1.png", "a2.png", "c.png"]
    assert repo.rm("im/a[12].png", dry_run=True).items == (plain, "im/a2.png")
    repo.restore(odd, "im/c.png", revision="HEAD")
    assert (repo.root / odd).is_file()
    with pytest.raises(InputError, match=r"im/a\*: names several items"):
        repo.mv("im/a*", "im/d.png")


def test_a_file_that_is_passed_over_is_not_overwritten(cells: Repository) -> None:
    member = min((cells.root / "ann.xml").iterdir())
    (cells.root / ".dlabelignore").write_text(f"ann.xml/{member.name}\n")
    cells = datalabel.open(cells.root)
    cells.add("ann.xml")
    member.write_text("mine")
    with pytest.raises(RefusedError, match=f"ann.xml/{member.name}: is another file, which was never added"):
        cells.restore("ann.xml", revision="HEAD")
    assert member.read_text() == "mine"
    cells.restore("ann.xml", revision="HEAD", force=True)
    assert member.read_text() != "mine"


VOC = (
    "<annotation><filename>{name}.jpg</filename><size><width>64</width><height>48</height><depth>3</depth></size>"
    "<object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>"
    "</annotation>\n"
)


@pytest.fixture
def folder(repo: Repository) -> Repository:
    """Three images and a folder of XML files, committed."""
    (repo.root / "voc").mkdir()
    for shade, name in enumerate("abc"):
        write_image(repo.root / f"images/{name}.jpg", shade)
        (repo.root / f"voc/{name}.xml").write_text(VOC.format(name=name))
    repo.add("images", "voc")
    repo.commit("first")
    return repo


def test_files_of_a_folder_that_are_gone_come_back_without_force(folder: Repository) -> None:
    text = (folder.root / "voc/b.xml").read_text()
    (folder.root / "voc/b.xml").unlink()
    assert folder.status().unstaged == (("voc", "modified"),)
    assert folder.restore("voc").written == ("voc/b.xml",)
    assert (folder.root / "voc/b.xml").read_text() == text
    assert folder.status().clean
    (folder.root / "voc/a.xml").unlink()
    (folder.root / "voc/c.xml").write_text(text.replace("cat", "dog"))
    with pytest.raises(RefusedError, match="has changes that are not added"):
        folder.restore("voc")
    assert not (folder.root / "voc/a.xml").exists()


def test_a_spec_that_is_gone_is_missed_and_only_goes_by_its_name(twice: Repository) -> None:
    spec = twice.root / "dlabel.yaml"
    text = spec.read_text()
    spec.unlink()
    assert twice.status().spec["change"] == "deleted"
    assert twice.add().missing == ("dlabel.yaml",)
    added = twice.commit("all", all_sources=True).added
    assert added is not None
    assert (added.missing, added.spec) == (("dlabel.yaml",), False)
    assert twice.view().spec.project_name is not None
    twice.restore("dlabel.yaml")
    assert spec.read_text() == text
    spec.unlink()
    assert twice.add("dlabel.yaml").spec is True
    assert twice.status().spec["change"] is None
    assert twice.view().tree.spec_text is None


def test_an_image_that_was_moved_goes_back(labelled: Repository) -> None:
    labelled.mv("images/a.jpg", "images/z.jpg")
    write_image(labelled.root / "images/new.jpg", 50)
    labelled.commit("moved, and one more", all_sources=True)
    restored = labelled.restore(".", revision="HEAD~1")
    assert (restored.written, restored.deleted) == (("images/a.jpg",), ("images/z.jpg",))
    assert {path.name for path in (labelled.root / "images").iterdir()} == {
        "a.jpg",
        "b.jpg",
        "c.jpg",
        "new.jpg",
    }
    labelled.restore(".", revision="HEAD")
    assert {path.name for path in (labelled.root / "images").iterdir()} == {
        "z.jpg",
        "b.jpg",
        "c.jpg",
        "new.jpg",
    }
    assert labelled.status().clean


def test_another_image_in_the_place_of_one_that_was_moved_stays(labelled: Repository) -> None:
    labelled.mv("images/a.jpg", "images/z.jpg")
    labelled.commit("moved")
    write_image(labelled.root / "images/z.jpg", 77)
    assert labelled.restore(".", revision="HEAD~1").deleted == ()
    assert (labelled.root / "images/z.jpg").exists()
