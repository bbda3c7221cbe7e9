"""Rules about images, on real files: in a project, after a change, and beside label files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pictures import coco, write_coco, write_image
from PIL import Image

from datalabel.errors import DamagedError
from datalabel.repository.check.checking import CheckOptions, check_files, check_since, check_view
from datalabel.repository.check.label_files import AskedFiles
from datalabel.repository.repository import Repository
from datalabel.spec.model import Spec

BOX = ("cat", 1.0, 2.0, 10.0, 10.0)
IMAGES = CheckOptions(images=True)


def found(checked: Any) -> list[tuple[str, str | None]]:
    return [(one.code, one.item) for one in checked.findings]


def gradient(path: Path, quality: int, spot: int = 0) -> None:
    """A picture with contrast."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.radial_gradient("L").resize((64, 48)).convert("RGB")
    image.putpixel((spot, 0), (255, 0, 0))
    image.save(path, quality=quality)


def test_a_clean_project_is_clean(labelled: Repository) -> None:
    assert found(check_view(labelled.view(), IMAGES)) == [("I106", "images/c.jpg")]


def test_an_image_whose_bytes_are_gone_is_missing(labelled: Repository) -> None:
    (content,) = [row["content"] for row in labelled.items().to_pylist() if row["item"] == "images/a.jpg"]
    path = labelled.project.store.objects.path(content)
    path.unlink()
    assert ("I101", "images/a.jpg") not in found(labelled.check())  # it is still in the working tree
    (labelled.root / "images" / "a.jpg").unlink()
    assert found(labelled.check(select=["I101"])) == [("I101", "images/a.jpg")]


def test_images_without_any_label_are_looked_at_as_well(repo: Repository) -> None:
    write_image(repo.root / "a.jpg", 1)
    repo.add("a.jpg")
    (repo.root / "a.jpg").unlink()
    repo.commit("one image")
    repo.project.store.objects.path(repo.items().column("content")[0].as_py()).unlink()
    checked = repo.check(select=["I101"])
    assert (found(checked), checked.items) == ([("I101", "a.jpg")], 1)


def test_the_size_that_a_label_file_gives_is_held_against_the_image(repo: Repository) -> None:
    for number, name in enumerate(("a.jpg", "b.jpg")):
        write_image(repo.root / name, number)
    document = coco({"a.jpg": [BOX], "b.jpg": [BOX]})
    document["images"][1] |= {"width": 128, "height": 96}
    (repo.root / "labels.json").write_text(json.dumps(document))
    repo.add("a.jpg", "b.jpg", "labels.json")
    (one,) = repo.check(select=["I"]).findings
    assert (one.code, one.item) == ("I104", "b.jpg")
    assert one.message == 'the image is 64×48; "labels.json" says 128×96'


def test_one_picture_under_two_names_with_other_labels(repo: Repository) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        write_image(repo.root / name, 5)
    write_coco(repo.root / "labels.json", {"a.jpg": [BOX], "b.jpg": [BOX, BOX], "c.jpg": [BOX]})
    repo.add("a.jpg", "b.jpg", "c.jpg", "labels.json")
    assert found(repo.check(select=["I"])) == [("I109", "b.jpg")]


def test_only_label_files_say_so_once(repo: Repository) -> None:
    write_coco(repo.root / "labels.json", {"a.jpg": [BOX], "b.jpg": [BOX]})
    repo.add("labels.json")
    (one,) = repo.check(select=["I"]).findings
    assert (one.code, one.item, one.message) == ("I107", None, "none of the 2 labelled images was added")


def test_pixels_are_looked_at_once(repo: Repository) -> None:
    gradient(repo.root / "a.jpg", 90)
    gradient(repo.root / "b.jpg", 70, spot=30)
    write_coco(repo.root / "labels.json", {"a.jpg": [BOX], "b.jpg": [BOX, ("dog", 20.0, 20.0, 9.0, 9.0)]})
    repo.add("a.jpg", "b.jpg", "labels.json")
    assert found(repo.check()) == []
    assert found(check_view(repo.view(), IMAGES)) == [("I110", "b.jpg")]
    for row in repo.items().to_pylist():  # nothing can be decoded any more, and nothing has to
        path = repo.project.store.objects.path(row["content"])
        path.chmod(0o644)
        path.write_bytes(b"x" * path.stat().st_size)
    assert found(repo.check(select=["i110"])) == [("I110", "b.jpg")]
    repo.project.store.cache.close()
    (repo.root / ".dlabel" / "cache.db").unlink()
    with pytest.raises(DamagedError, match=r"a\.jpg"):
        repo.check(select=["i110"])


@pytest.mark.parametrize(
    ("name", "left", "expected"),
    [("cat", 1.0, []), ("cat", 9.0, []), ("dog", 1.0, [("I110", "b.jpg")])],
)
def test_pictures_that_look_the_same_are_of_the_same_classes(
    repo: Repository, name: str, left: float, expected: list[tuple[str, str]]
) -> None:
    gradient(repo.root / "a.jpg", 90)
    gradient(repo.root / "b.jpg", 70, spot=30)
    write_coco(repo.root / "labels.json", {"a.jpg": [BOX], "b.jpg": [(name, left, *BOX[2:])]})
    repo.add("a.jpg", "b.jpg", "labels.json")
    assert found(repo.check(select=["I110"])) == expected


def test_pictures_that_look_the_same_are_found_across_splits(repo: Repository) -> None:
    (repo.root / "train.txt").write_text("a.jpg\n")
    (repo.root / "val.txt").write_text("b.jpg\n")
    gradient(repo.root / "a.jpg", 90)
    gradient(repo.root / "b.jpg", 70, spot=30)
    repo.add("a.jpg", "b.jpg")
    repo.commit("two of a kind")
    repo.create_snapshot("leaky", split_by=["train.txt", "val.txt"])
    assert found(repo.check("leaky", select=["X"])) == []
    assert found(repo.check("leaky", select=["X102"])) == [("X102", "b.jpg")]


def test_pixels_that_cannot_be_decoded_are_found(repo: Repository) -> None:
    write_image(repo.root / "a.png", 3)
    data = bytearray((repo.root / "a.png").read_bytes())
    start = data.index(b"IDAT") + 8
    data[start : start + 20] = bytes(20)
    (repo.root / "a.png").write_bytes(data)
    write_coco(repo.root / "labels.json", {"a.png": [BOX]})
    repo.add("a.png", "labels.json")
    assert found(repo.check()) == []
    assert found(check_view(repo.view(), IMAGES)) == [("I102", "a.png")]


def test_an_image_that_the_store_lost_is_damage_and_not_passed_over(repo: Repository) -> None:
    write_image(repo.root / "a.png", 3)
    repo.add("a.png")
    (row,) = repo.items().to_pylist()
    path = repo.project.store.objects.path(row["content"])
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    with pytest.raises(DamagedError, match=r"a\.png"):
        check_view(repo.view(), IMAGES)


def test_a_change_is_held_against_what_did_not_change(labelled: Repository) -> None:
    write_image(labelled.root / "images" / "later.jpg", 0)  # the same bytes as a.jpg
    write_image(labelled.root / "images" / "B.JPG", 9, format="JPEG")
    write_coco(labelled.root / "more.json", {"images/later.jpg": [BOX], "images/B.JPG": [BOX]})
    labelled.add("images", "more.json")
    checked = check_since(labelled.diff("HEAD", "STAGED"), CheckOptions())
    assert found(checked) == [("I108", "images/b.jpg"), ("I109", "images/later.jpg")]
    assert (checked.items, checked.labels) == (2, 2)


@pytest.mark.parametrize("code", ["B101", "B104"])
def test_a_part_says_nothing_about_the_whole(labelled: Repository, code: str) -> None:
    spec = (labelled.root / "dlabel.yaml").read_text() + "\nquality: {labels_per_class: 9}\n"
    (labelled.root / "dlabel.yaml").write_text(spec)
    labelled.add("dlabel.yaml")
    labelled.commit("a target")
    assert [one for one in labelled.check(paths=["images/a.jpg"]).findings if one.code == code] == []
    assert {one.code for one in labelled.check(select=["B101"]).findings} == {"B101"}


def test_label_files_alone_know_the_images_beside_them(tmp_path: Path) -> None:
    write_image(tmp_path / "images" / "a.png", 1)
    whole = write_image(tmp_path / "images" / "b.jpg", 2).read_bytes()
    (tmp_path / "images" / "b.jpg").write_bytes(whole[:-40])
    (tmp_path / "images" / "c.jpg").write_bytes(b"no image")
    names = ("a.png", "b.jpg", "c.jpg", "gone.jpg")
    path = write_coco(tmp_path / "labels.json", {name: [BOX] for name in names}, size=(64, 47))
    checked = check_files(AskedFiles([path], path.parent), Spec(), CheckOptions())
    assert found(checked) == [("I104", "a.png"), ("I103", "b.jpg"), ("I102", "c.jpg"), ("I101", "gone.jpg")]


def test_label_files_without_any_image_say_nothing_about_images(tmp_path: Path) -> None:
    path = write_coco(tmp_path / "labels.json", {"a.jpg": [BOX], "b.jpg": [BOX]})
    assert found(check_files(AskedFiles([path], path.parent), Spec(), IMAGES)) == []
