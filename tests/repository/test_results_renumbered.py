"""Lists of results after the files whose numbers they borrow were numbered anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from datalabel.errors import InputError, RefusedError
from datalabel.repository.repository import Repository

IMAGES = [f"im{number}.jpg" for number in range(6)]
AS_BEFORE = {name: number for number, name in enumerate(IMAGES, 1)}
REVERSED = {name: 7 - number for name, number in AS_BEFORE.items()}
CLASSES = {"cat": 1, "dog": 2}
SWAPPED = {"dog": 1, "cat": 2}

Box = tuple[str, str, float]
"""Image, class, left bound."""
BOXES: list[Box] = [
    (name, "cat" if number % 2 else "dog", 5.0 * number) for number, name in enumerate(IMAGES)
]


def say(repo: Repository, numbers: Mapping[str, int], classes: Mapping[str, int] = CLASSES) -> None:
    """What the labelling tool writes: the same labels, by these numbers."""
    document = {
        "images": [
            {"id": numbers[name], "file_name": name, "width": 64, "height": 48} for name in sorted(numbers)
        ],
        "annotations": [{"id": row, **one} for row, one in enumerate(listed(BOXES, numbers, classes), 1)],
        "categories": [{"id": number, "name": name} for name, number in classes.items()],
    }
    (repo.root / "labels.json").write_text(json.dumps(document))


def listed(
    boxes: Iterable[Box], numbers: Mapping[str, int], classes: Mapping[str, int]
) -> list[dict[str, Any]]:
    return [
        {"image_id": numbers[image], "category_id": classes[name], "bbox": [x, 5, 20, 20]}
        for image, name, x in boxes
    ]


def predict(
    repo: Repository,
    numbers: Mapping[str, int],
    classes: Mapping[str, int] = CLASSES,
    *,
    boxes: Iterable[Box] = BOXES,
    first: float = 0.9,
    path: str = "results.json",
) -> None:
    """What a model writes; `first` is the score of its first box."""
    rows = [{**one, "score": 0.9} for one in listed(boxes, numbers, classes)]
    rows[0]["score"] = first
    (repo.root / path).write_text(json.dumps(rows))


def held(repo: Repository, name: str = "net") -> list[Box]:
    rows = repo.labels(set=name).to_arrow().to_pylist()
    return sorted((row["item"], row["class"], row["x"]) for row in rows)


@pytest.fixture
def project(repo: Repository) -> Repository:
    say(repo, AS_BEFORE)
    predict(repo, AS_BEFORE)
    repo.add("labels.json")
    repo.add("results.json", model="net")
    repo.commit("first")
    return repo


@pytest.mark.parametrize(
    ("numbers", "classes"), [(REVERSED, CLASSES), (AS_BEFORE, SWAPPED), (REVERSED, SWAPPED)]
)
def test_a_list_goes_on_to_mean_what_it_meant(
    project: Repository, numbers: dict[str, int], classes: dict[str, int]
) -> None:
    say(project, numbers, classes)
    predict(project, AS_BEFORE, first=0.8)
    project.add()
    assert held(project) == sorted(BOXES)
    summary = project.diff("HEAD", "STAGED").summary()["sets"]
    assert summary["net"]["by_field"] == {"confidence": 1}
    # As often as it changes; and it is written back by its own numbers.
    project.commit("second")
    predict(project, AS_BEFORE, first=0.7)
    project.add()
    assert held(project) == sorted(BOXES)
    project.commit("third")
    text = (project.root / "results.json").read_text()
    (project.root / "results.json").unlink()
    project.restore("results.json")
    assert json.loads((project.root / "results.json").read_text()) == json.loads(text)


@pytest.mark.parametrize(
    ("numbers", "classes", "message"),
    [
        (
            REVERSED,
            CLASSES,
            "the image of number 1 was im0.jpg when the list was last read, and is im5.jpg now",
        ),
        (AS_BEFORE, SWAPPED, "category 1 was 'cat' when the list was last read, and is 'dog' now"),
    ],
)
@pytest.mark.parametrize("moved", [0, 1])
def test_a_list_that_says_nothing_as_before_is_refused_where_numbers_mean_something_else(
    project: Repository, numbers: dict[str, int], classes: dict[str, int], message: str, moved: int
) -> None:
    say(project, numbers, classes)
    boxes = [(image, name, x + moved) for image, name, x in BOXES]
    predict(project, numbers, classes, boxes=boxes)
    before = project.project.store.state.read()
    with pytest.raises(RefusedError, match=message) as refused:
        project.add()
    assert "dlabel rm results.json, then dlabel add results.json --model net;" in str(refused.value.hint)
    assert project.project.store.state.read() == before
    project.rm("results.json")
    project.add("labels.json")
    project.add("results.json", model="net")
    assert held(project) == sorted(boxes)


def test_a_list_that_replaces_another_is_read_like_it(project: Repository) -> None:
    say(project, REVERSED)
    project.add()
    predict(project, AS_BEFORE, first=0.8, path="second.json")
    project.add("second.json", replaces="results.json")
    assert held(project) == sorted(BOXES)
    predict(project, REVERSED, path="third.json")
    with pytest.raises(RefusedError, match=r"the image of number 1 was im0\.jpg") as refused:
        project.add("third.json", replaces="second.json")
    assert "dlabel rm second.json, then dlabel add third.json --model net;" in str(refused.value.hint)


def test_numbers_that_nothing_has_now_mean_what_they_meant(project: Repository) -> None:
    say(project, {name: number + 100 for name, number in AS_BEFORE.items()})
    predict(project, AS_BEFORE, first=0.8)
    project.add()
    assert held(project) == sorted(BOXES)
    # One that the list never used before is that of another file.
    predict(project, {**AS_BEFORE, "im5.jpg": 106}, first=0.8)
    project.add()
    assert held(project) == sorted(BOXES)


def test_a_list_of_which_two_numbers_would_mean_one_image_is_refused(project: Repository) -> None:
    shifted = {name: number + 1 for name, number in AS_BEFORE.items()}
    say(project, shifted)
    predict(project, shifted)
    with pytest.raises(InputError, match=r'"im5\.jpg": is the image of two numbers: 6 and 7') as refused:
        project.add()
    assert "add it as a new one" in str(refused.value.hint)


def test_what_another_list_meant_says_nothing_of_a_new_one(project: Repository) -> None:
    say(project, REVERSED)
    project.add()
    predict(project, REVERSED, path="new.json")
    project.add("new.json", model="second")
    assert held(project, "second") == sorted(BOXES)
    project.rm("labels.json")
    with pytest.raises(
        InputError, match="names 6 images by numbers that no other file gives: 6, 5, 4, 3, 2, …"
    ):
        project.add("new.json", model="third", name="third")
    # What a list itself meant before holds without the file, too.
    predict(project, AS_BEFORE, first=0.8)
    project.add("results.json")
    assert held(project) == sorted(BOXES)


def test_an_empty_list_may_come_to_say_something(project: Repository) -> None:
    (project.root / "results.json").write_text("[]")
    project.add()
    say(project, REVERSED)
    project.add()
    predict(project, REVERSED)
    project.add()
    assert held(project) == sorted(BOXES)
