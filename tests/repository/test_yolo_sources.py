"""YOLO data sets in a project: what is recognised, what labels mean which image, what goes out as it came."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from pictures import write_coco, write_image

import datalabel
from datalabel.errors import InputError
from datalabel.repository.repository import Repository

DATA = "train: images/train\nval: images/val\nnc: 2\nnames: [cat, dog]\n"
BOX = "0 0.5 0.5 0.25 0.5\n"
ULTRALYTICS = {
    "data.yaml": DATA,
    "README.txt": "0.5 of all images, 0.25 of all labels\n",
    "requirements.txt": "ultralytics\n",
    "train.txt": "./images/train/a.jpg\n",
    "labels/train/a.txt": BOX,
    "labels/train/b.v2.rf.txt": "",
    "labels/val/a.txt": f"1{BOX[1:]}",
}
IMAGES = ("images/train/a.jpg", "images/train/b.v2.rf.jpg", "images/val/a.jpg", "images/val/c.png")
MEMBERS = {name for name in ULTRALYTICS if name not in ("README.txt", "requirements.txt")}


def write_set(folder: Path, files: dict[str, str] | None = None, images: tuple[str, ...] = IMAGES) -> None:
    """A data set on disk."""
    for name, text in (ULTRALYTICS if files is None else files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for shade, name in enumerate(images):
        write_image(folder / name, shade)


def labels_of(repo: Repository) -> list[tuple[str, str]]:
    rows = repo.labels().to_arrow().select(["item", "class"]).to_pylist()
    return sorted((row["item"], row["class"]) for row in rows)


def sources_of(repo: Repository) -> dict[str, str]:
    from datalabel.repository.revisions import view_at

    tree = view_at(repo.project, "STAGED").tree
    return {name: source.format for name, source in tree.sources.items() if source.set}


@pytest.mark.parametrize("folder", ["set", "."])
def test_a_data_set_is_one_source(repo: Repository, folder: str) -> None:
    write_set(repo.root / folder)
    added = repo.add(folder)
    assert [(one.source, one.format, one.labels, one.awaited) for one in added.labels] == [
        (folder, "yolo", 2, 0)
    ]
    assert added.unrecognised == ()
    prefix = "" if folder == "." else "set/"
    assert labels_of(repo) == [(f"{prefix}images/train/a.jpg", "cat"), (f"{prefix}images/val/a.jpg", "dog")]
    assert repo.items().num_rows == 4
    status = repo.status()
    assert (status.unstaged, status.untracked) == ((), ())


@pytest.mark.parametrize("folder", ["set", "."])
def test_it_is_restored_to_the_byte_and_texts_for_people_stay(repo: Repository, folder: str) -> None:
    place = repo.root / folder
    write_set(place)
    repo.add(folder)
    repo.commit("as it came")
    (place / "labels/train/a.txt").write_text("")
    (place / "labels/val/c.txt").write_text(BOX)
    (place / "data.yaml").write_text(DATA.replace("dog", "cow"))
    assert repo.status().unstaged == ((folder, "modified"),)
    repo.add()
    repo.restore(folder, revision="HEAD")
    assert {name: (place / name).read_text() for name in ULTRALYTICS} == ULTRALYTICS
    assert not (place / "labels/val/c.txt").exists()
    assert repo.status().unstaged == ()


def test_its_files_are_deleted_with_it_and_others_are_not(repo: Repository) -> None:
    write_set(repo.root / "set")
    repo.add("set")
    repo.commit("as it came")
    repo.rm("set", files=True)
    left = {path.relative_to(repo.root / "set").as_posix() for path in (repo.root / "set").rglob("*.*")}
    assert not left & MEMBERS
    assert {"README.txt", "requirements.txt"} <= left


@pytest.mark.parametrize(
    "path", ["set/data.yaml", "set/labels", "set/labels/train", "set/labels/train/a.txt"]
)
def test_a_part_of_it_stands_for_the_whole(repo: Repository, path: str) -> None:
    write_set(repo.root / "set")
    repo.add("set/images")
    repo.add(path)
    assert sources_of(repo) == {"set": "yolo"}
    assert len(labels_of(repo)) == 2


def test_a_part_of_a_known_one_is_read_with_it(repo: Repository) -> None:
    write_set(repo.root / "set")
    repo.add("set")
    (repo.root / "set/labels/val/a.txt").write_text(BOX)
    (repo.root / "set/labels/val/c.txt").write_text(BOX)
    assert repo.status().unstaged == (("set", "modified"),)
    repo.add("set/labels/val/c.txt")
    assert ("set/images/val/c.png", "cat") in labels_of(repo)
    assert ("set/images/val/a.jpg", "cat") in labels_of(repo)


def test_other_labels_in_its_folder_are_sources_of_their_own(repo: Repository) -> None:
    write_set(repo.root / "set")
    write_coco(repo.root / "set/annotations/val.json", {"images/val/c.png": [("cat", 1, 2, 3, 4)]})
    added = repo.add("set")
    assert [(one.source, one.format) for one in added.labels] == [
        ("set", "yolo"),
        ("set/annotations/val.json", "coco"),
    ]
    (repo.root / "set/annotations/val.json").write_text("{}")
    assert repo.status().unstaged == (("set/annotations/val.json", "modified"),)


def test_data_sets_side_by_side_are_sources_of_their_own(repo: Repository) -> None:
    darknet = {"obj.names": "cat\n", "train.txt": "obj/a.jpg\n", "obj/a.txt": BOX}
    write_set(repo.root / "all/one")
    write_set(repo.root / "all/two", darknet, ("obj/a.jpg",))
    repo.add("all")
    assert sources_of(repo) == {"all/one": "yolo", "all/two": "yolo"}
    assert ("all/two/obj/a.jpg", "cat") in labels_of(repo)


def test_a_set_around_one_that_is_a_source_is_refused(repo: Repository) -> None:
    write_set(repo.root / "set")
    repo.add("set")
    write_set(repo.root, {"data.yaml": DATA, "labels/train/z.txt": BOX}, ("images/train/z.jpg",))
    before = labels_of(repo)
    with pytest.raises(InputError, match="sources must not overlap: set inside it is a source already"):
        repo.add(".")
    assert labels_of(repo) == before


def test_labels_without_names_of_classes_are_left_and_named(repo: Repository) -> None:
    write_set(
        repo.root / "set",
        {"labels/a.txt": BOX, "labels/b.txt": BOX, "notes.txt": "all is well\n"},
        ("images/a.jpg",),
    )
    added = repo.add("set")
    assert [(fault.where, fault.what) for fault in added.unrecognised] == [
        ("set/labels", "holds YOLO labels, but no file that names their classes")
    ]
    assert repo.items().num_rows == 1
    assert repo.status().untracked == ()


@pytest.mark.parametrize("name", ["data.yaml", "classes.txt", "obj.names"])
def test_names_of_classes_without_labels_are_no_source(repo: Repository, name: str) -> None:
    write_set(repo.root / "set", {name: DATA, "notes.txt": "none yet\n"}, ("a.jpg",))
    added = repo.add("set")
    assert sources_of(repo) == {}
    assert [fault.where for fault in added.unrecognised] == [f"set/{name}"]


def test_texts_of_other_kinds_are_passed_over(repo: Repository) -> None:
    write_set(
        repo.root / "set", {"ImageSets/Main/train.txt": "000012\n000013\n", "log.txt": "1 2\n"}, ("a.jpg",)
    )
    added = repo.add("set")
    assert (added.unrecognised, added.labels) == ((), ())
    assert repo.status().untracked == ()


def test_an_untracked_data_set_shows_by_its_mark(repo: Repository) -> None:
    write_set(repo.root / "set", images=())
    write_image(repo.root / "a.jpg")
    assert "set/" in repo.status().untracked or "set/data.yaml" in repo.status().untracked


def test_labels_elsewhere_find_their_images_by_name(repo: Repository) -> None:
    write_set(repo.root / "photos", {}, ("x.y.jpg", "b.PNG"))
    write_set(repo.root / "labels", {"classes.txt": "cat\n", "x.y.txt": BOX, "b.txt": BOX}, ())
    repo.add("photos", "labels")
    assert labels_of(repo) == [("photos/b.PNG", "cat"), ("photos/x.y.jpg", "cat")]


def test_equal_names_in_several_folders_need_the_folder(repo: Repository) -> None:
    write_set(repo.root / "photos", {}, ("train/a.jpg", "val/a.jpg"))
    write_set(repo.root / "out", {"data.yaml": DATA, "labels/train/a.txt": BOX, "labels/val/a.txt": BOX}, ())
    repo.add("photos")
    with pytest.raises(InputError, match="may be any of 2") as caught:
        repo.add("out")
    assert "--images DIR" in (caught.value.hint or "")
    repo.add("out", images=repo.root / "photos")
    assert labels_of(repo) == [("photos/train/a.jpg", "cat"), ("photos/val/a.jpg", "cat")]


def test_without_images_the_size_must_be_given_and_they_are_joined_later(repo: Repository) -> None:
    write_set(repo.root / "set", images=())
    with pytest.raises(InputError, match="2 are not known: images/train/a, images/val/a"):
        repo.add("set")
    repo.add("set", size="32x24")
    assert set(repo.labels().to_arrow().column("w").to_pylist()) == {8.0}
    repo.add("set", size="64x48")
    assert set(repo.labels().to_arrow().column("w").to_pylist()) == {16.0}
    assert set(repo.items().column("width").to_pylist()) == {64}
    assert [item for item, _ in labels_of(repo)] == ["images/train/a", "images/val/a"]
    write_set(repo.root / "set")
    repo.add("set/images")
    assert [item for item, _ in labels_of(repo)] == ["set/images/train/a.jpg", "set/images/val/a.jpg"]
    assert repo.add().changed is False


def test_three_notations_of_one_set_speak_of_the_same_items(repo: Repository, shared_data: Path) -> None:
    folder = shared_data / "detection_metrics"
    for name in ("coco", "voc", "yolo"):
        shutil.copytree(folder / name, repo.root / name)
    repo.add("coco/instances.json", set="coco")
    repo.add("voc", set="voc")
    repo.add("yolo", set="yolo")
    assert repo.items().num_rows == 100
    boxes = {
        name: sorted(
            (row["item"], row["class"], *(round(row[side]) for side in "xywh"))
            for row in repo.labels(set=name).to_arrow().to_pylist()
        )
        for name in ("coco", "voc", "yolo")
    }
    assert len(boxes["coco"]) == 273
    assert boxes["coco"] == boxes["voc"] == boxes["yolo"]


def test_what_was_exported_is_added_again_elsewhere(labelled: Repository, tmp_path: Path) -> None:
    labelled.export("yolo", tmp_path / "out", images="copy", allow_loss=True)
    names = json.loads((tmp_path / "out/dlabel.json").read_text())["files"]
    assert {name for name in names if name.endswith(".jpg")} == {f"images/{one}.jpg" for one in "abc"}
    with datalabel.init(tmp_path / "out", name="again") as other:
        other.add(".")
        columns = ["item", "class", "x", "y", "w", "h"]
        ours, theirs = (one.labels().to_arrow().select(columns).to_pylist() for one in (labelled, other))
        assert sorted(map(str, ours)) == sorted(map(str, theirs))
        assert other.items().num_rows == 3


def test_a_data_set_is_read_without_a_project(tmp_path: Path) -> None:
    from datalabel.repository.check.label_files import AskedFiles, read_alone

    write_set(tmp_path)
    (read,) = read_alone(AskedFiles([tmp_path], tmp_path)).sources.values()
    assert read.mentions.column("name").to_pylist() == [
        "images/train/a",
        "images/train/b.v2.rf",
        "images/val/a",
    ]
    assert read.labels.column("w").to_pylist() == [16.0, 16.0]


def test_a_data_set_that_another_project_exported_is_watched(repo: Repository) -> None:
    write_set(repo.root)
    repo.add(".")
    repo.commit("first")
    with datalabel.init(repo.root.parent / "other", name="other") as other:
        repo.export("yolo", other.root / "set", images="copy", allow_loss=True)
        assert (other.root / "set" / "dlabel.json").exists()
        other.add("set")
        assert other.status().unstaged == ()
        (label_file,) = (other.root / "set").rglob("val/a.txt")
        label_file.write_text("")
        assert other.status().unstaged == (("set", "modified"),)
        shutil.rmtree(other.root / "set" / "labels")
        (other.root / "set" / "data.yaml").unlink()
        assert ("set", "deleted") in other.status().unstaged


@pytest.mark.parametrize(
    "text", ["0 0.5 0.5\n0 0.2 0.2 0.1 0.1\n", "# x y w h\n0 0.2 0.2 0.1 0.1\n", "0 0.5 0.5\n"]
)
def test_a_damaged_label_file_beside_its_image_is_told_and_not_passed_over(
    repo: Repository, text: str
) -> None:
    folder = repo.root / "flat"
    for number, name in enumerate("ab"):
        write_image(folder / f"{name}.jpg", number)
        (folder / f"{name}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (folder / "classes.txt").write_text("cat\n")
    (folder / "notes.txt").write_text("Drawn in May.\n")
    repo.add("flat")
    assert repo.labels().count() == 2
    (folder / "a.txt").write_text(text)
    with pytest.raises(InputError, match=r"flat/a\.txt:1: "):
        repo.add()
    assert repo.labels().count() == 2


@pytest.mark.parametrize("fmt", ["yolo", "coco"])
def test_classes_keep_their_order_and_those_without_labels_stay(repo: Repository, fmt: str) -> None:
    names = ["zebra", "horse", "ant"]
    write_set(
        repo.root / "set",
        {"data.yaml": f"names: {names}\ntrain: images\n", "labels/a.txt": f"2{BOX[1:]}{BOX}"},
        (),
    )
    write_image(repo.root / "set/images/a.jpg", 1)
    repo.add("set")
    repo.export(fmt, "out", revision="STAGED", where="w > 0")
    if fmt == "yolo":
        assert yaml.safe_load((repo.root / "out" / "data.yaml").read_text())["names"] == dict(
            enumerate(names)
        )
    else:
        written = next(one for one in (repo.root / "out").iterdir() if one.name != "dlabel.json")
        assert [one["name"] for one in json.loads(written.read_text())["categories"]] == names


@pytest.mark.parametrize(("text", "said"), [("", None), ("x y z\n", 'the class number is "x"')])
def test_a_set_without_any_label_yet_is_told_by_its_data_yaml(
    repo: Repository, text: str, said: str | None
) -> None:
    write_image(repo.root / "images/a.png")
    (repo.root / "labels").mkdir()
    (repo.root / "labels" / "a.txt").write_text(text)
    (repo.root / "data.yaml").write_text("names: [cat]\n")
    if said is None:
        assert [one.source for one in repo.add(".").labels] == ["."]
    else:
        with pytest.raises(InputError, match=said):
            repo.add(".")


def test_an_image_of_another_size_moves_its_labels(repo: Repository) -> None:
    """They are told in fractions, so what the source says is something else then."""
    write_set(repo.root / "set")
    repo.add("set")
    repo.commit("first")
    write_image(repo.root / "set/images/train/a.jpg", 0, size=(128, 96))
    added = repo.add()
    assert (added.images.replaced, [one.changed_items for one in added.labels]) == (
        ("set/images/train/a.jpg",),
        [1],
    )
    boxes = {
        row["item"]: (row["x"], row["y"], row["w"], row["h"])
        for row in repo.labels().to_arrow(["item", *"xywh"]).to_pylist()
    }
    assert boxes == {"set/images/train/a.jpg": (48, 24, 32, 48), "set/images/val/a.jpg": (24, 12, 16, 24)}
    assert not repo.check(select=["I104"]).findings
    assert not repo.add().labels
    repo.commit("larger")
    out = repo.export("yolo", repo.root.parent / "out").folder
    assert (out / "labels/train/a.txt").read_text() == BOX
