"""A small project to play with: potatoes on a conveyor belt, drawn, and their labels in COCO.

The first export has the faults that first exports have; the second one is what the annotators made of it
after a second look.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from datalabel.demo.potatoes import BAD, GOOD, Potato, potatoes
from datalabel.errors import InputError, RefusedError
from datalabel.threads import in_order

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["BAD", "GOOD", "Potato", "Scene", "draw_scene", "write_project", "write_second_pass"]

_SIZE = (640, 480)
_LABELS = "labels.json"


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture and what is on it."""

    image: Image.Image
    potatoes: tuple[Potato, ...]


def draw_scene(seed: int, size: tuple[int, int] = _SIZE) -> Scene:
    """A belt with four to nine potatoes.

    The same seed and size (width, height, at least 160 × 120) give the same labels everywhere, and the same
    pixels with the same versions of NumPy and Pillow.
    """
    import numpy as np

    from datalabel.demo.paint import belt, cast_shadow, finish, paint

    found = potatoes(seed, size)
    chance = np.random.default_rng([seed, 1])
    canvas = belt(chance, *size)
    for potato in found:
        cast_shadow(canvas, potato)
    for potato in found:
        paint(canvas, potato, chance)
    return Scene(finish(canvas), found)


def write_project(folder: Path, images: int = 24, seed: int = 13) -> None:
    """Write `images/belt_001.jpg` and so on, and `labels.json`: polygons of good potatoes, boxes of bad ones.

    The labels are a first export: one box was dragged far over the right edge of its image, two bad potatoes
    pass for good ones, three good ones have no label, one label has no potato, one box lies beside its
    potato. `write_second_pass` puts all of it right. (Fewer than three images have fewer of these.)

    Raises:
        RefusedError: the folder already has `images` or `labels.json`.
    """
    for name in ("images", _LABELS):
        if (folder / name).exists():
            raise RefusedError(
                f"{folder / name} exists already", hint="name another folder: dlabel demo FOLDER"
            )
    (folder / "images").mkdir(parents=True)

    def draw(number: int) -> None:
        draw_scene(_scene_seed(seed, number)).image.save(folder / _file_name(number), "jpeg", quality=90)

    for _ in in_order(draw, range(1, images + 1)):
        pass
    _write(folder, _first_look(_truth(seed, images), seed), images, seed)


def write_second_pass(folder: Path) -> None:
    """Rewrite `labels.json` of `write_project` as the labelling tool's next export: every fault corrected.

    The tool lists its annotations class by class this time and numbers them anew, as tools do.

    Raises:
        InputError: the folder has no `labels.json` of `write_project`.
    """
    path = folder / _LABELS
    try:
        document = json.loads(path.read_bytes())
        seed, images = int(document["info"]["seed"]), len(document["images"])
    except (OSError, ValueError, LookupError, TypeError):
        raise InputError(
            "this is not the demo's label file", where=str(path), hint="start again: dlabel demo FOLDER"
        ) from None
    labels = sorted(_truth(seed, images), key=lambda label: label.class_name)
    _write(folder, labels, images, seed)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One annotation to be: of which image, and a box where there is no polygon."""

    image: int
    class_name: str
    polygon: tuple[tuple[float, float], ...] | None
    box: tuple[float, float, float, float]
    properties: dict[str, str]


def _scene_seed(seed: int, number: int) -> int:
    return seed * 1000 + number


def _file_name(number: int) -> str:
    return f"images/belt_{number:03}.jpg"


def _truth(seed: int, images: int) -> list[_Drawn]:
    """What is there to be labelled."""
    return [
        _Drawn(
            number,
            potato.class_name,
            potato.polygon if potato.class_name == GOOD else None,
            potato.box,
            potato.properties,
        )
        for number in range(1, images + 1)
        for potato in potatoes(_scene_seed(seed, number), _SIZE)
    ]


def _first_look(truth: list[_Drawn], seed: int) -> list[_Drawn]:
    """The truth with the faults of a first export."""
    chance = Random(f"first look {seed}")  # noqa: S311 - a drawing, not a secret
    labels: dict[int, _Drawn] = dict(enumerate(truth))
    bad = [spot for spot, label in labels.items() if label.class_name == BAD]
    good = [spot for spot, label in labels.items() if label.class_name == GOOD]
    chance.shuffle(bad)
    chance.shuffle(good)
    # Nearest to the right edge first: its box will be dragged over it. Then the green ones: easily overlooked.
    bad.sort(key=lambda spot: -labels[spot].box[0] - labels[spot].box[2])
    bad[1:] = sorted(bad[1:], key=lambda spot: labels[spot].properties["defect"] != "green")
    if bad:
        x, y, width, height = labels[bad[0]].box
        labels[bad[0]] = replace(labels[bad[0]], box=(x, y, round(width * 1.9, 1), height))
    for spot in bad[1:3]:
        outline = _outline_of(labels[spot], seed)
        labels[spot] = replace(labels[spot], class_name=GOOD, polygon=outline, properties={})
    for spot in bad[3:4]:
        x, y, width, height = labels[spot].box
        x, y = (round(at - 0.12 * side, 1) for at, side in ((x, width), (y, height)))
        labels[spot] = replace(labels[spot], box=(max(0.0, x), max(0.0, y), width, height))
    for spot in good[:3]:
        del labels[spot]
    return sorted([*labels.values(), *_left_over(truth)], key=lambda label: label.image)


def _outline_of(label: _Drawn, seed: int) -> tuple[tuple[float, float], ...]:
    scene = potatoes(_scene_seed(seed, label.image), _SIZE)
    return next(potato.polygon for potato in scene if potato.box == label.box)


def _left_over(truth: list[_Drawn]) -> list[_Drawn]:
    """One label carried over from the image before to where there is no potato any more."""
    for label in truth:
        after = [other.box for other in truth if other.image == label.image + 1]
        if label.polygon and after and not any(_meet(label.box, box) for box in after):
            return [replace(label, image=label.image + 1)]
    return []


def _meet(one: tuple[float, float, float, float], two: tuple[float, float, float, float]) -> bool:
    return all(one[i] < two[i] + two[i + 2] and two[i] < one[i] + one[i + 2] for i in (0, 1))


def _write(folder: Path, labels: list[_Drawn], images: int, seed: int) -> None:
    width, height = _SIZE
    document = {
        "info": {"description": "Drawn potatoes on a conveyor belt", "version": "1.0", "seed": seed},
        "licenses": [],
        "categories": [
            {"id": number, "name": name, "supercategory": "potato"}
            for number, name in enumerate((GOOD, BAD), 1)
        ],
        "images": [
            {"id": number, "file_name": _file_name(number), "width": width, "height": height}
            for number in range(1, images + 1)
        ],
        "annotations": [_annotation(number, label) for number, label in enumerate(labels, 1)],
    }
    (folder / _LABELS).write_text(json.dumps(document) + "\n", encoding="utf-8")


def _annotation(number: int, label: _Drawn) -> dict[str, Any]:
    area = _area(label.polygon) if label.polygon else label.box[2] * label.box[3]
    annotation: dict[str, Any] = {
        "id": number,
        "image_id": label.image,
        "category_id": 1 if label.class_name == GOOD else 2,
        "segmentation": [[value for point in label.polygon for value in point]] if label.polygon else [],
        "bbox": list(label.box),
        "area": round(area, 2),
        "iscrowd": 0,
    }
    if label.properties:
        annotation["attributes"] = label.properties
    return annotation


def _area(polygon: tuple[tuple[float, float], ...]) -> float:
    """The shoelace formula."""
    following = polygon[1:] + polygon[:1]
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(polygon, following, strict=True))) / 2
