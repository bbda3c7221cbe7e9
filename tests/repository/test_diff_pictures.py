"""A difference as a page: every change is on it, marked, counted as `diff` counts, and drawn within limits."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pictures import write_coco, write_image
from PIL import Image

from datalabel.report.page import NOTHING, Page, Picture, Shape
from datalabel.repository.differences import Difference
from datalabel.repository.pages import page_pictures
from datalabel.repository.pages.diff_pictures import page_of_diff
from datalabel.repository.pages.outlining import outline_of
from datalabel.repository.repository import Repository

FIRST = {
    "images/a.jpg": [("cat", 1, 2, 10, 10), ("dog", 20, 20, 8, 8)],
    "images/b.jpg": [("cat", 5, 5, 20, 20)],
    "images/c.jpg": [],
}


def page(repo: Repository, before: str = "HEAD", after: str = "STAGED", **options: Any) -> Page:
    return repo.diff_page(before, after, **options)


def relabel(repo: Repository, labels: dict[str, list[Any]]) -> None:
    write_coco(repo.root / "labels.json", labels)
    repo.add("labels.json")


def only(found: Page) -> Picture:
    (picture,) = found.pictures
    return picture


def marked(picture: Picture) -> dict[str, Shape]:
    return {shape.mark: shape for shape in picture.shapes}


def counted(found: Page) -> Counter[str]:
    marks = Counter(shape.mark for picture in found.pictures for shape in picture.shapes)
    return Counter(added=marks["added"], removed=marks["removed"], changed=marks["moved"] + marks["changed"])


def summed(difference: Difference) -> dict[str, int]:
    sets = difference.summary()["sets"].values()
    return {word: sum(counts[word] for counts in sets) for word in ("added", "removed", "changed")}


def test_nothing_changed(labelled: Repository) -> None:
    found = page(labelled)
    assert found.pictures == []
    assert [(fact.label, fact.value) for fact in found.facts] == [
        ("images", 0), ("labels added", 0), ("labels removed", 0), ("labels changed", 0),
    ]  # fmt: skip


def test_each_change_has_its_mark(labelled: Repository) -> None:
    relabel(
        labelled,
        {**FIRST, "images/a.jpg": [("cat", 3, 2, 10, 10), ("cat", 20, 20, 8, 8), ("dog", 40, 30, 9, 9)]},
    )
    picture = only(page(labelled))
    shapes = marked(picture)
    assert set(shapes) == {"moved", "changed", "added"}
    moved, edited, added = shapes["moved"], shapes["changed"], shapes["added"]
    assert moved.outline.rings == [[3, 2, 13, 2, 13, 12, 3, 12]]
    assert moved.before is not None
    assert moved.before.rings == [[1, 2, 11, 2, 11, 12, 1, 12]]
    assert [(detail.name, detail.text) for detail in moved.details] == [("geometry", "IoU 0.67, moved +2, 0")]
    assert (edited.old_class, edited.class_name, edited.before) == ("dog", "cat", None)
    assert (added.class_name, added.old_class, added.before) == ("dog", None, None)
    assert (picture.key, picture.width, picture.height) == ("images/a.jpg", 64, 48)


def test_counts_are_those_of_diff(labelled: Repository) -> None:
    relabel(
        labelled,
        {"images/a.jpg": [("dog", 2, 2, 10, 10)], "images/b.jpg": [], "images/c.jpg": [("cow", 1, 1, 5, 5)]},
    )
    difference = labelled.diff()
    found = page_of_diff(labelled.project, difference)
    assert counted(found) == summed(difference)
    facts = {fact.label: fact.value for fact in found.facts}
    assert facts == {"images": 3, **{f"labels {word}": number for word, number in summed(difference).items()}}
    assert {picture.key for picture in found.pictures} == {change.item for _, change in difference.labels()}


def test_labels_that_stayed_are_shown_beside(labelled: Repository) -> None:
    relabel(labelled, {**FIRST, "images/a.jpg": [("cat", 1, 2, 10, 10)]})
    assert [shape.mark for shape in only(page(labelled)).shapes] == ["same", "removed"]
    assert [shape.mark for shape in only(page(labelled, max_images=0)).shapes] == ["removed"]


def test_several_sets_meet_on_one_picture(labelled: Repository) -> None:
    write_coco(
        labelled.root / "model.json",
        {"images/a.jpg": [("cat", 1, 2, 9, 9)], "images/c.jpg": [("cat", 1, 2, 9, 9)]},
    )
    labelled.add("model.json", set="model")
    relabel(labelled, {**FIRST, "images/a.jpg": [("cat", 1, 2, 10, 10)]})
    found = page(labelled)
    assert {picture.key: {shape.set for shape in picture.shapes} for picture in found.pictures} == {
        "images/a.jpg": {"ground_truth", "model"},
        "images/c.jpg": {"model"},
    }
    assert [chart.title for chart in found.charts] == ["Labels by class", "Changed fields", "Labels by set"]


def test_what_happened_to_images(labelled: Repository) -> None:
    root = labelled.root
    write_image(root / "images" / "a.jpg", 99, size=(100, 80))
    write_image(root / "images" / "d.jpg", 4)
    labelled.add("images")
    labelled.mv("images/b.jpg", "images/z.jpg")
    found = {picture.key: picture for picture in page(labelled).pictures}
    assert {key: picture.status for key, picture in found.items()} == {
        "images/a.jpg": "replaced", "images/d.jpg": "added", "images/z.jpg": "renamed",
    }  # fmt: skip
    assert (found["images/a.jpg"].width, found["images/a.jpg"].height) == (100, 80)
    assert found["images/z.jpg"].notes == ("Renamed from images/b.jpg.",)
    labelled.commit("second")
    labelled.rm("images/z.jpg")
    gone = only(page(labelled))
    assert (gone.status, gone.thumbnail is not None) == ("removed", True)
    assert [shape.mark for shape in gone.shapes] == ["removed"]


def test_the_most_changed_are_drawn(labelled: Repository) -> None:
    relabel(
        labelled,
        {
            "images/a.jpg": [("cat", 1, 2, 10, 10)],
            "images/b.jpg": [],
            "images/c.jpg": [("cat", 9 * k, 9, 5, 5) for k in range(4)],
        },
    )
    assert [picture.key[-5] for picture in page(labelled).pictures] == ["a", "b", "c"]

    def drawn(**options: Any) -> str:
        found = page(labelled, **options)
        assert len(found.pictures) == 3
        assert counted(found) == {"added": 4, "removed": 2, "changed": 0}
        return "".join(picture.key[-5] for picture in found.pictures if picture.thumbnail)

    assert drawn() == "abc"
    assert drawn(max_images=1) == "c"
    assert drawn(max_images=2) == "ac"
    size = len(page(labelled).pictures[2].thumbnail or b"")
    assert drawn(max_bytes=0) == ""
    assert drawn(max_bytes=4 * size // 3) == "c"
    assert "2 of 3 images are drawn" in page(labelled, max_images=2).notes[0]


def test_a_full_page_counts_what_it_cannot_list(
    labelled: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    relabel(
        labelled,
        {"images/a.jpg": [], "images/b.jpg": [], "images/c.jpg": [("cat", 9 * k, 9, 5, 5) for k in range(4)]},
    )
    monkeypatch.setattr(page_pictures, "MAX_SHAPES", 4)
    found = page(labelled)
    assert [(len(picture.shapes), picture.unlisted) for picture in found.pictures] == [(2, 0), (1, 0), (1, 3)]
    assert [fact.value for fact in found.facts] == [3, 4, 3, 0]
    monkeypatch.setattr(page_pictures, "MAX_PICTURES", 2)
    found = page(labelled)
    assert ([picture.key[-5] for picture in found.pictures], found.unlisted) == (["a", "c"], 1)
    monkeypatch.setattr(page_pictures, "MAX_POINTS", 4)
    assert [shape.outline == NOTHING for shape in page(labelled).pictures[0].shapes] == [False, True]


def test_images_by_reference(repo: Repository) -> None:
    (repo.root / ".dlabel" / "config.yaml").write_text("images: reference\n")
    repo = Repository.open(repo.root)
    for name in "ab":
        write_image(repo.root / "images" / f"{name}.png", 7)
    repo.add("images")
    (repo.root / "images" / "b.png").write_bytes(b"another one")
    here, gone = page(repo).pictures
    assert here.thumbnail is not None
    assert gone.thumbnail is None
    assert gone.notes == ("Not drawn: the image on disk is another one by now.",)


def test_an_object_that_is_damaged_is_said(labelled: Repository) -> None:
    relabel(labelled, {**FIRST, "images/b.jpg": []})
    row = next(row for row in labelled.items().to_pylist() if row["item"] == "images/b.jpg")
    path = labelled.root / ".dlabel" / "objects" / row["content"][:2] / row["content"][2:]
    path.chmod(0o644)
    path.write_bytes(b"something else")
    picture = only(page(labelled))
    assert picture.thumbnail is None
    assert picture.notes[0].startswith("Not drawn: the blob ")


def test_a_turned_image_is_shown_as_it_is_stored(repo: Repository) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    write_image(repo.root / "images" / "t.jpg", 1, exif=exif)
    repo.add("images")
    picture = only(page(repo))
    assert picture.thumbnail is not None
    assert Image.open(io.BytesIO(picture.thumbnail)).size == (64, 48) == (picture.width, picture.height)
    assert "EXIF" in picture.notes[0]


def test_labels_without_their_image(repo: Repository) -> None:
    write_coco(repo.root / "labels.json", {"a.jpg": [("cat", 1, 2, 10, 10)]})
    repo.add("labels.json")
    picture = only(page(repo))
    assert (picture.thumbnail, picture.width, picture.height) == (None, 64, 48)
    assert picture.notes == ("Not drawn: the image itself was never added.",)


def label(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "bbox": None, "coords": None, "parts": None, "rle": None, **more}


@pytest.mark.parametrize(
    ("found", "rings", "lines", "points"),
    [
        (label("category"), [], [], []),
        (label("box"), [], [], []),
        (label("polygon", coords=[0, 0, 4, 0, 4, 4, 1, 1, 2, 1, 2, 2], parts=[3, -3]),
         [[0, 0, 4, 0, 4, 4], [1, 1, 2, 1, 2, 2]], [], []),
        (label("polygon", coords=[0, 0, 4, 0, 4, 4], parts=[2, 900]), [[0, 0, 4, 0], [4, 4]], [], []),
        (label("rotated_box", coords=[0, 0, 4, 0, 4, 4, 0, 4]), [[0, 0, 4, 0, 4, 4, 0, 4]], [], []),
        (label("polyline", coords=[0, 0, 4, 0, 4, 4, 1, 1], parts=[2, 2]), [], [[0, 0, 4, 0], [4, 4, 1, 1]], []),
        (label("keypoints", coords=[1, 2, 2, 3, 4, 0, 5, 6, 1]), [], [], [1, 2, 5, 6]),
        (label("mask", rle="04", parts=[2, 2]), [], [[0, 0, 2, 0], [0, 2, 2, 2], [0, 0, 0, 2], [2, 0, 2, 2]], []),
        (label("mask", rle="no mask", parts=[2, 2]), [], [], []),
    ],
)  # fmt: skip
def test_outlines(found: dict[str, Any], rings: Any, lines: Any, points: Any) -> None:
    outline = outline_of(found)
    assert (list(outline.rings), list(outline.lines), list(outline.points)) == (rings, lines, points)


def test_real_labels(shared_data: Path, tmp_path: Path) -> None:
    """TACO's second to third revision: 329 added, 4 removed, 8 of another class."""
    import gzip

    import datalabel

    versions = sorted((shared_data / "taco").rglob("*.json.gz"))
    with datalabel.init(tmp_path / "taco", name="taco") as repo:
        for version in versions[1:3]:
            document = json.loads(gzip.decompress(version.read_bytes()))
            (repo.root / "taco.json").write_text(json.dumps(document))
            repo.add("taco.json")
            repo.commit(version.name)
        difference = repo.diff("HEAD~1", "HEAD")
        found = page_of_diff(repo.project, difference)
    assert counted(found) == summed(difference)
    assert (counted(found)["added"], counted(found)["removed"]) == (329, 4)
    renamed = [shape for picture in found.pictures for shape in picture.shapes if shape.old_class is not None]
    assert len(renamed) == difference.summary()["sets"]["ground_truth"]["by_field"]["class"]
