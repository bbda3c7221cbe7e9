"""A COCO file of any size, and later versions of it, written piece by piece from random numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 480
CLASSES = 80
POINTS = (6, 42)  # of a ring, the second excluded
TWO_RINGS = 0.2
CHANGED = 100  # in the changed version, the labels of one in so many images differ
MOVED = 150  # in the changed version, in hundredths of a pixel
PIECE = 10_000  # labels that are drawn at once
RENUMBERED = 5_000_000  # what the numbers of a fresh export count from

_HUNDREDTHS = np.array([f"{number / 100:.2f}" for number in range(100 * WIDTH + 1)], dtype=object)


def write_coco(path: Path, images: int, labels: int, *, changed: bool, renumbered: bool) -> None:
    """Write a COCO file. Where changed, labels of some images differ; where renumbered, every label's id."""
    numbers_from = RENUMBERED if renumbered else 1
    with path.open("w", encoding="utf-8") as file:
        file.write('{"info":{"year":2017,"description":"made for measuring"},"licenses":[],"images":[')
        file.write(",".join(map(_image, range(images))))
        file.write('],"annotations":[')
        for start in range(0, labels, PIECE):
            rows = _labels(start, min(PIECE, labels - start), images, numbers_from, changed=changed)
            file.write("," * bool(start) + ",".join(rows))
        file.write('],"categories":')
        json.dump([{"id": one + 1, "name": f"class {one + 1:02}"} for one in range(CLASSES)], file)
        file.write("}")


def _image(number: int) -> str:
    return (
        f'{{"id":{number + 1},"file_name":"{number:012}.jpg","width":{WIDTH},"height":{HEIGHT},'
        f'"date_captured":"2013-11-14 11:18:45","license":1}}'
    )


def _labels(start: int, count: int, images: int, numbers_from: int, *, changed: bool) -> Iterator[str]:
    """The labels from `start` on as JSON. What is drawn depends on `start` alone, so all versions draw the same."""
    random = np.random.default_rng([images, start])
    image = random.integers(0, images, count)
    category = random.integers(1, CLASSES + 1, count)
    rings = 1 + (random.random(count) < TWO_RINGS)
    outlines = _outlines(random, rings)
    first_ring = np.cumsum(rings) - rings
    for one in range(count):
        pieces = outlines[first_ring[one] : first_ring[one] + rings[one]]
        if changed and image[one] % CHANGED == 0:
            if one % 10 == 0:
                continue
            pieces = [piece - MOVED for piece in pieces]
        yield _label(numbers_from + start + one, int(image[one]) + 1, int(category[one]), pieces)


def _outlines(random: np.random.Generator, rings: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Simple rings around points, in hundredths of a pixel: x, y, x, y, …"""
    total = int(rings.sum())
    points = random.integers(*POINTS, total)
    ring = np.repeat(np.arange(total), points)
    place = np.arange(len(ring)) - np.repeat(np.cumsum(points) - points, points)
    angle = 2 * np.pi * (place + 0.8 * random.random(len(ring))) / points[ring]
    radius = random.uniform(5, 60, total)[ring] * random.uniform(0.6, 1, len(ring))
    x = random.uniform(65, WIDTH - 65, total)[ring] + radius * np.cos(angle)
    y = random.uniform(65, HEIGHT - 65, total)[ring] + radius * np.sin(angle)
    pairs = np.rint(100 * np.stack([x, y], axis=1)).astype(np.int64)
    return np.split(pairs.reshape(-1), 2 * np.cumsum(points)[:-1])


def _label(number: int, image: int, category: int, pieces: list[NDArray[np.int64]]) -> str:
    every = np.concatenate(pieces).reshape(-1, 2)
    (left, top), (right, bottom) = every.min(axis=0).tolist(), every.max(axis=0).tolist()
    area = sum(map(_area, pieces))
    text = "],[".join(",".join(_HUNDREDTHS[piece]) for piece in pieces)
    return (
        f'{{"id":{number},"image_id":{image},"category_id":{category},"segmentation":[[{text}]],"area":{area:.4f},'
        f'"bbox":[{left / 100},{top / 100},{(right - left) / 100},{(bottom - top) / 100}],"iscrowd":0}}'
    )


def _area(ring: NDArray[np.int64]) -> float:
    """Half the sum of the cross products of neighbours (the shoelace formula), in square pixels."""
    x, y = ring[0::2] / 100, ring[1::2] / 100
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
