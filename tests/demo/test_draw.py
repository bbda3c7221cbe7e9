"""The drawn project: the same labels everywhere, honest labels, one fault that anyone sees, a true second pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from datalabel.demo.draw import BAD, GOOD, draw_scene, write_project, write_second_pass
from datalabel.demo.potatoes import DEFECTS, Potato, potatoes
from datalabel.errors import InputError, RefusedError
from datalabel.images import ImageFacts, read_facts

IMAGES = 24


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_project(folder, images=IMAGES)
    (folder / "first.json").write_bytes((folder / "labels.json").read_bytes())
    write_second_pass(folder)
    return folder


def labels_in(path: Path) -> list[dict[str, Any]]:
    document = json.loads(path.read_bytes())
    found: list[dict[str, Any]] = document["annotations"]
    return found


def content(annotation: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in annotation.items() if key != "id"})


def inside(polygon: tuple[tuple[float, float], ...], size: tuple[int, int]) -> np.ndarray[Any, Any]:
    mask = Image.new("1", size)
    ImageDraw.Draw(mask).polygon(polygon, fill=1)
    return np.asarray(mask)


@given(st.integers(0, 2**40), st.sampled_from([(640, 480), (320, 240), (1280, 720), (480, 640)]))
@settings(max_examples=40)
def test_labels_of_every_scene_are_sound(seed: int, size: tuple[int, int]) -> None:
    found = potatoes(seed, size)
    assert 4 <= len(found) <= 9
    seen = np.zeros(size[::-1], bool)
    for potato in found:
        check_label(potato, size)
        mask = inside(potato.polygon, size)
        assert (seen & mask).sum() < 0.02 * mask.sum(), "potatoes lie side by side"
        seen |= mask


def check_label(potato: Potato, size: tuple[int, int]) -> None:
    x, y, width, height = potato.box
    assert x >= 0
    assert y >= 0
    assert x + width <= size[0]
    assert y + height <= size[1]
    assert 24 <= len(potato.polygon) <= 40
    xs, ys = zip(*potato.polygon, strict=True)
    for low, high, start, length in ((min(xs), max(xs), x, width), (min(ys), max(ys), y, height)):
        assert start - 0.2 <= low <= start + 0.06 * length
        assert start + 0.94 * length <= high <= start + length + 0.2
    assert all(value == round(value, 1) for value in (*xs, *ys, *potato.box))
    if potato.class_name == GOOD:
        assert potato.properties == {}
    else:
        assert potato.class_name == BAD
        assert potato.properties["defect"] in DEFECTS


def test_labels_do_not_depend_on_the_machine() -> None:
    first = potatoes(13001)[0]
    assert (first.class_name, first.box, first.polygon[0]) == (
        "bad_potato",
        (145.4, 283.4, 89.2, 101.9),
        (233.0, 333.8),
    )


def test_the_picture_shows_what_the_labels_say() -> None:
    for seed in range(3):
        scene = draw_scene(seed)
        assert (scene.image.size, scene.image.mode) == ((640, 480), "RGB")
        assert scene.potatoes == potatoes(seed)
        red, _, blue = np.moveaxis(np.asarray(scene.image, np.float32), 2, 0)
        warmth = red - blue
        everything = np.zeros((480, 640), bool)
        for potato in scene.potatoes:
            mask = inside(potato.polygon, (640, 480))
            everything |= mask
            assert warmth[mask].mean() > 25
        assert np.abs(warmth[~everything]).mean() < 12
        assert np.array_equal(np.asarray(scene.image), np.asarray(draw_scene(seed).image))


def test_other_sizes_are_drawn_too() -> None:
    for size in ((160, 120), (333, 517), (1280, 720)):
        assert draw_scene(5, size).image.size == size


def test_the_images_are_what_the_label_file_says(project: Path) -> None:
    document = json.loads((project / "labels.json").read_bytes())
    assert [image["file_name"] for image in document["images"]] == [
        f"images/belt_{number:03}.jpg" for number in range(1, IMAGES + 1)
    ]
    for image in document["images"]:
        data = (project / image["file_name"]).read_bytes()
        assert read_facts(data, name="a") == ImageFacts(image["width"], image["height"], "jpeg", 1)
    assert {category["id"]: category["name"] for category in document["categories"]} == {1: GOOD, 2: BAD}
    for annotation in document["annotations"]:
        assert bool(annotation["segmentation"]) == (annotation["category_id"] == 1)
        assert ("attributes" in annotation) == (annotation["category_id"] == 2)


def test_exactly_one_box_of_the_first_export_leaves_its_image(project: Path) -> None:
    def strays(path: Path) -> list[dict[str, Any]]:
        return [a for a in labels_in(path) if a["bbox"][0] + a["bbox"][2] > 640]

    (stray,) = strays(project / "first.json")
    assert stray["bbox"][0] + stray["bbox"][2] > 660, "far enough for anyone to see"
    assert stray["category_id"] == 2
    assert strays(project / "labels.json") == []


def test_the_second_pass_is_a_handful_of_changes(project: Path) -> None:
    first, second = labels_in(project / "first.json"), labels_in(project / "labels.json")
    assert [a["id"] for a in second] == list(range(1, len(second) + 1))
    same = {content(a) for a in first} & {content(a) for a in second}
    old = [a for a in first if content(a) not in same]
    new = [a for a in second if content(a) not in same]
    # 2 classes, 1 box moved, 1 repaired on both sides; 1 removed; 3 added.
    assert (len(old), len(new)) == (5, 7)
    by_place = {(a["image_id"], *a["bbox"]): a for a in new}
    reclassified = [a for a in old if (a["image_id"], *a["bbox"]) in by_place]
    assert [a["category_id"] for a in reclassified] == [1, 1]
    assert {by_place[a["image_id"], *a["bbox"]]["category_id"] for a in reclassified} == {2}
    moved = [a for a in old if a["category_id"] == 2]
    for a in moved:
        assert max(iou(a["bbox"], b["bbox"]) for b in new if b["image_id"] == a["image_id"]) > 0.5
    assert len(moved) == 2
    renumbered = {content(a): a["id"] for a in first}
    assert sum(renumbered[content(a)] != a["id"] for a in second if content(a) in same) > len(second) / 2


def iou(one: list[float], two: list[float]) -> float:
    width, height = (
        max(0.0, min(one[i] + one[i + 2], two[i] + two[i + 2]) - max(one[i], two[i])) for i in (0, 1)
    )
    return width * height / (one[2] * one[3] + two[2] * two[3] - width * height)


def test_few_images_and_other_seeds_work(tmp_path: Path) -> None:
    for number, (images, seed) in enumerate([(0, 1), (1, 2), (2, 3)]):
        folder = tmp_path / str(number)
        write_project(folder, images=images, seed=seed)
        write_second_pass(folder)
        assert len(list((folder / "images").iterdir())) == images


def test_nothing_is_overwritten(tmp_path: Path, project: Path) -> None:
    with pytest.raises(RefusedError, match="images exists already"):
        write_project(project)
    (tmp_path / "labels.json").write_text('{"images": []}')
    with pytest.raises(RefusedError, match=r"labels\.json exists already"):
        write_project(tmp_path)
    with pytest.raises(InputError, match=r"labels\.json: this is not"):
        write_second_pass(tmp_path)
    assert (tmp_path / "labels.json").read_text() == '{"images": []}'
    with pytest.raises(InputError):
        write_second_pass(tmp_path / "nowhere")
