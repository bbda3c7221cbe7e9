"""Where things lie decides what is meant: sets with equal names inside, linked folders, roots elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import write_coco, write_image, write_labels

import datalabel
from datalabel.errors import InputError
from datalabel.repository.repository import Repository

BOX = ("cat", 1.0, 1.0, 10.0, 10.0)


def labelled(repo: Repository) -> list[str]:
    return sorted({row["item"] for row in repo.labels().to_arrow().to_pylist()})


def write_yolo(folder: Path, name: str) -> None:
    (folder / "labels").mkdir(parents=True)
    (folder / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.25 0.25\n")
    (folder / "data.yaml").write_text("path: .\ntrain: images\nnames: [cat]\n")


@pytest.mark.parametrize("tracked", [True, False])
def test_a_yolo_set_means_the_images_in_its_own_folder(repo: Repository, tracked: bool) -> None:
    write_image(repo.root / "images/a.png", 1)
    write_image(repo.root / "set2/images/a.png", 2)
    write_yolo(repo.root / "set2", "a")
    if tracked:
        repo.add("images")
    repo.add("set2")
    assert labelled(repo) == ["set2/images/a.png"]


def test_a_name_that_leads_to_two_images_is_refused_until_it_is_said_where_they_lie(repo: Repository) -> None:
    write_image(repo.root / "images/a.png", 1)
    write_image(repo.root / "set2/images/a.png", 2)
    write_coco(repo.root / "set2/labels.json", {"images/a.png": [BOX]})
    repo.add("images")
    with pytest.raises(InputError, match=r"may be any of 2: images/a\.png, set2/images/a\.png") as refused:
        repo.add("set2/labels.json")
    assert refused.value.hint is not None
    assert "--images DIR" in refused.value.hint
    repo.add("set2/labels.json", images="set2")
    assert labelled(repo) == ["set2/images/a.png"]


def test_two_files_of_a_folder_that_name_one_image_are_named(repo: Repository) -> None:
    write_image(repo.root / "images/a.jpg", 1)
    (repo.root / "voc").mkdir()
    for name in ("a.xml", "b.xml"):
        size = "<size><width>64</width><height>48</height></size>"
        text = f"<annotation><filename>a.jpg</filename>{size}</annotation>"
        (repo.root / "voc" / name).write_text(text)
    repo.add("images")
    with pytest.raises(
        InputError, match=r"'a\.jpg' is listed twice \(images/a\.jpg\), by \"a.xml\" and \"b.xml\""
    ):
        repo.add("voc")


def test_a_label_file_at_the_root_means_images_by_their_keys(repo: Repository) -> None:
    write_labels(repo.root, {"a.png": [BOX], "images/a.png": [BOX]})
    repo.add(".")
    assert labelled(repo) == ["a.png", "images/a.png"]


@pytest.mark.parametrize("path", ["images", "images/a.png", "images/labels.json"])
def test_nothing_behind_a_linked_folder_is_added_but_as_a_root(
    tmp_path: Path, repo: Repository, path: str
) -> None:
    outside = tmp_path / "outside"
    write_image(outside / "a.png", 1)
    write_coco(outside / "labels.json", {"a.png": [BOX]})
    (repo.root / "images").symlink_to(outside)
    with pytest.raises(InputError, match="images: is a symbolic link to the folder") as refused:
        repo.add(path)
    assert refused.value.hint is not None
    assert f"roots: {{images: {outside}}}" in refused.value.hint
    (repo.root / ".dlabel" / "config.yaml").write_text(f"roots: {{images: {outside}}}\n")
    again = datalabel.open(repo.root)
    write_image(repo.root / "own/b.png", 2)
    assert again.add(".").unrecognised == ()
    again.add("images")
    assert labelled(again) == ["images/a.png"]
    again.commit("as a root")
    assert again.status().clean


def test_a_linked_folder_that_is_met_is_said_to_be_passed_over(tmp_path: Path, repo: Repository) -> None:
    write_image(tmp_path / "outside" / "b.png", 2)
    write_image(repo.root / "images/a.png", 1)
    (repo.root / "images/more").symlink_to(tmp_path / "outside")
    assert [fault.where for fault in repo.add(".").unrecognised] == ["images/more"]
    (repo.root / ".dlabelignore").write_text("more\n")
    assert repo.add(".").unrecognised == ()
    assert repo.items().column("item").to_pylist() == ["images/a.png"]


def test_label_folders_below_a_root_are_no_untracked_files(tmp_path: Path, repo: Repository) -> None:
    outside = tmp_path / "outside"
    write_image(outside / "set/images/a.png", 1)
    write_yolo(outside / "set", "a")
    (repo.root / ".dlabel" / "config.yaml").write_text(f"roots: {{nas: {outside}}}\n")
    again = datalabel.open(repo.root)
    again.add(outside)
    assert labelled(again) == ["nas/set/images/a.png"]
    again.commit("a set elsewhere")
    assert (again.status().untracked, again.status().unstaged) == ((), ())


def test_a_root_that_is_called_like_a_folder_here_is_refused(tmp_path: Path, repo: Repository) -> None:
    write_image(repo.root / "nas/a.png", 1)
    (repo.root / ".dlabel" / "config.yaml").write_text(f"roots: {{nas: {tmp_path}}}\n")
    with pytest.raises(InputError, match="both would have the same keys"):
        datalabel.open(repo.root).status()


FOLDERS = ("JPEGImages/a/0.png", "JPEGImages/b/0.png", "0.png")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("a/0.png", "JPEGImages/a/0.png"),
        ("/home/someone/JPEGImages/b/0.png", "JPEGImages/b/0.png"),
        ("C:\\data\\JPEGImages\\b\\0.png", "JPEGImages/b/0.png"),
        ("c/0.png", None),
        ("other/a/0.png", None),  # shares a folder's name with one, and may be an image that is not here
        ("/home/someone/other/0.png", None),
    ],
)
def test_of_equal_base_names_the_one_is_meant_in_which_one_path_ends_in_the_other(
    repo: Repository, name: str, key: str | None
) -> None:
    for number, path in enumerate(FOLDERS):
        write_image(repo.root / path, number)
    write_coco(repo.root / "labels/deep/l.json", {name: [BOX]})
    repo.add("JPEGImages", "0.png")
    if key is None:
        with pytest.raises(InputError, match=r"may be any of 3"):
            repo.add("labels/deep/l.json")
        return
    repo.add("labels/deep/l.json")
    assert labelled(repo) == [key]


def test_an_end_that_several_have_is_still_refused(repo: Repository) -> None:
    for number, path in enumerate(("x/a/0.png", "y/a/0.png", "y/b/0.png")):
        write_image(repo.root / path, number)
    write_coco(repo.root / "l.json", {"a/0.png": [BOX]})
    repo.add("x", "y")
    with pytest.raises(InputError, match=r"may be any of 2: x/a/0\.png, y/a/0\.png"):
        repo.add("l.json")


def test_a_voc_export_of_folders_with_equal_names_is_added_again(repo: Repository, tmp_path: Path) -> None:
    keys = ["images/a/0.png", "images/b/0.png"]
    for number, key in enumerate(keys):
        write_image(repo.root / key, number)
    write_coco(repo.root / "labels.json", {key: [BOX] * (place + 1) for place, key in enumerate(keys)})
    repo.add("images", "labels.json")
    repo.commit("begin")
    repo.export("voc", tmp_path / "out", images="copy", allow_loss=True)
    again = datalabel.init(tmp_path / "again")
    for folder in ("Annotations", "JPEGImages"):
        (tmp_path / "out" / folder).rename(again.root / folder)
    again.add(".")
    found = again.labels().to_arrow().column("item").to_pylist()
    assert sorted(found) == ["JPEGImages/a/0.png", *["JPEGImages/b/0.png"] * 2]
