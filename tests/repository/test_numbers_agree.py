"""One number, whoever tells it: statistics, expressions, gates and comparisons mean the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pictures import coco, commit_labels, write_coco, write_image, write_labels
from PIL import Image

from datalabel.labels.stats.compare import compare
from datalabel.repository.repository import Repository


def outlined(points: list[int], name: str = "cat") -> dict[str, Any]:
    """A document of one polygon on an image."""
    document = coco({"a.jpg": [(name, 0, 0, 10, 10)]})
    document["annotations"][0]["segmentation"] = [points]
    return document


def test_the_area_of_an_expression_is_that_of_statistics(repo: Repository) -> None:
    commit_labels(repo, outlined([0, 0, 10, 0, 0, 10]))
    (sample,) = repo.create_snapshot("exp", where="area = 50 AND aspect = 1").samples()
    assert [one.area for one in sample.labels] == [50]
    assert repo.stats().sets["ground_truth"].classes["cat"].area.small == 1


def test_a_finding_on_a_label_of_a_renamed_class_is_known(repo: Repository) -> None:
    bow_tie = [0, 0, 10, 10, 10, 0, 0, 8]
    commit_labels(repo, outlined(bow_tie))
    assert repo.write_baseline("known.json", repo.gate(select=["G107"]))
    write_labels(repo.root, outlined(bow_tie, "dog"))
    repo.add("labels.json")
    assert [one.code for one in repo.check(select=["G107"]).findings] == ["G107"]
    assert repo.check(select=["G107"], since="HEAD").findings == ()
    assert repo.check(select=["G107"], baseline="known.json").findings == ()


def test_labels_of_turned_images_are_where_they_fit(repo: Repository) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 48)).save(repo.root / "a.jpg", exif=exif)
    for box, at_edge in (((50, 10, 5, 5), 0), ((59, 10, 5, 5), 1), ((10, 55, 5, 5), 0), ((10, 20, 5, 44), 1)):
        write_coco(repo.root / "labels.json", {"a.jpg": [("cat", *box)]})
        repo.add(".")
        found = repo.stats().sets["ground_truth"]
        assert (found.border.touching, found.border.labels) == (at_edge, 1), box


def test_values_that_are_spelled_otherwise_are_one(repo: Repository) -> None:
    document = coco({"a.jpg": [("cat", 1, 1, 5, 5), ("cat", 11, 11, 5, 5)]})
    for one, value in zip(document["annotations"], (1, 1.0), strict=True):
        one["attributes"] = {"n": value}
    write_labels(repo.root, document)
    repo.add("labels.json")
    assert repo.stats().sets["ground_truth"].properties["cat"]["n"].values == {"1": 2}
    assert list(repo.stats(by="properties.n").sets["ground_truth"].groups) == ["1"]


def test_what_is_compared_is_what_differs(repo: Repository, tmp_path: Path) -> None:
    sizes = [(20 + number, 10) for number in range(25)]
    for number, size in enumerate(sizes):
        write_image(repo.root / f"{number:02}.png", number, size)
    write_coco(repo.root / "labels.json", {"00.png": [("cat", 1, 1, 2 + side, 3) for side in range(9)]})
    repo.add(".")
    repo.commit("first")
    write_image(repo.root / "30.png", 30, (44, 10))
    write_coco(repo.root / "labels.json", {"00.png": [("cat", 1, 1, 2 + side * 2, 3) for side in range(9)]})
    repo.add(".")
    changes = compare(repo.stats("HEAD"), repo.stats())
    assert [(one.name, one.before, one.after) for one in changes if one.section == "sizes"] == []
    assert not [one for one in changes if "histogram" in one.measure]
    assert [one.delta for one in changes if (one.section, one.measure) == ("items", "items")] == [1]
