"""What a labelling tool only spells otherwise is recorded, and is no change of a label."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pictures import commit_labels, write_image

from datalabel.repository.repository import Repository

Labels = list[dict[str, Any]]

LABELS: Labels = [
    {"id": 1, "image_id": 7, "category_id": 3, "iscrowd": 1, "area": 40, "bbox": [20, 10, 2, 20],
     "segmentation": {"size": [48, 64], "counts": [970, 20, 28, 20, 2034]}},
    {"id": 2, "image_id": 7, "category_id": 3, "iscrowd": 0, "area": 12, "bbox": [1, 2, 3, 4],
     "deep": {"a": 1, "b": [1.0, 2]}},
    {"id": 3, "image_id": 7, "category_id": 3, "bbox": [11, 2, 3, 4]},
    {"id": 4, "image_id": 7.0, "category_id": 3, "iscrowd": 0, "area": 12, "bbox": None},
]  # fmt: skip


def document(labels: Labels, image: int = 7, category: int = 3) -> dict[str, Any]:
    images = [{"id": image, "file_name": "a.jpg", "width": 64, "height": 48}]
    return {"images": images, "annotations": labels, "categories": [{"id": category, "name": "cat"}]}


def write(repo: Repository, labels: Labels, **numbers: int) -> None:
    (repo.root / "labels.json").write_text(json.dumps(document(labels, **numbers)))


@pytest.fixture
def project(repo: Repository) -> Repository:
    return commit_labels(repo, document(LABELS))


def renumbered(labels: Labels) -> Labels:
    return [{**one, "id": one["id"] + 50} for one in labels]


def turned(labels: Labels) -> Labels:
    return [dict(reversed(one.items())) for one in labels]


def nested(labels: Labels) -> Labels:
    return [{**one, "deep": {"b": [1, 2.0], "a": 1.0}} if "deep" in one else one for one in labels]


def pointed(labels: Labels) -> Labels:
    return [{**one, "area": 12.0} if one.get("area") == 12 else one for one in labels]


@pytest.mark.parametrize("change", [renumbered, turned, nested, pointed])
def test_another_spelling_is_no_change(project: Repository, change: Callable[[Labels], Labels]) -> None:
    write(project, change(LABELS))
    assert project.add("labels.json").changed
    assert project.diff().summary()["sets"] == {}
    assert list(project.diff().labels()) == []
    assert project.commit("as it is spelled now").id
    project.restore("labels.json", force=True)
    assert json.loads((project.root / "labels.json").read_text())["annotations"] == change(LABELS)


def test_other_numbers_of_images_and_classes_are_no_change(project: Repository) -> None:
    write(project, [{**one, "image_id": 8, "category_id": 1} for one in LABELS], image=8, category=1)
    assert project.add("labels.json").changed
    assert project.diff().summary()["sets"] == {}


def test_a_field_is_told_without_the_spelling_around_it(project: Repository) -> None:
    changed = renumbered(LABELS)
    changed[0]["checked"] = True
    changed[1]["deep"] = {"a": 2, "b": [1.0, 2]}
    write(project, changed)
    project.add("labels.json")
    assert project.diff().summary()["sets"]["ground_truth"]["by_field"] == {"extra": 2}
    assert [change.fields["extra"] for _, change in project.diff().labels()] == [
        {"checked": [None, True]},
        {"deep": [{"a": 1, "b": [1.0, 2]}, {"a": 2, "b": [1.0, 2]}]},
    ]


@pytest.mark.parametrize("number", ["1" * 5000, "1e400"])
def test_a_number_that_python_does_not_hold_can_be_compared(project: Repository, number: str) -> None:
    def say(value: str) -> None:
        write(project, [{**LABELS[1], "n": "?"}])
        path = project.root / "labels.json"
        path.write_text(path.read_text().replace('"?"', value))
        project.add("labels.json")

    say("1")
    project.commit("one")
    say(number)
    ((_, change),) = project.diff().labels()
    assert change.fields == {"extra": {"n": [1, number]}}


@pytest.mark.parametrize("corners", [("1.0", "2.00", "3e1", "+40"), (" 1", "2", "30", "40.000")])
def test_corners_of_voc_in_another_spelling_are_no_change(repo: Repository, corners: tuple[str, ...]) -> None:
    sides = ("xmin", "ymin", "xmax", "ymax")

    def write_voc(texts: tuple[str, ...]) -> bytes:
        box = "".join(f"<{side}>{text}</{side}>" for side, text in zip(sides, texts, strict=True))
        text = f"<object><name>cat</name><bndbox>{box}</bndbox></object>"
        path.write_text(f"<annotation><filename>a.jpg</filename>{text}</annotation>")
        return path.read_bytes()

    write_image(repo.root / "a.jpg")
    path = repo.root / "boxes" / "a.xml"
    path.parent.mkdir()
    write_voc(("1", "2", "30", "40"))
    repo.add(".")
    repo.commit("first")
    written = write_voc(corners)
    assert repo.add("boxes").changed
    difference = repo.diff("HEAD", "STAGED")
    assert difference.is_empty
    assert difference.beside.notations == 1
    path.unlink()
    repo.restore("boxes")
    assert path.read_bytes() == written
    write_voc((corners[0], "3", *corners[2:]))
    repo.add("boxes")
    assert [change.fields.keys() for _, change in repo.diff("HEAD", "STAGED").labels()] == [{"geometry"}]
