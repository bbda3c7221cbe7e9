"""How much there is to do: the full size is what the limits are about, the small one keeps the works alive."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Numbers of images, labels, bytes and commits; how often each work is run; seconds that one command may take."""

    name: str
    photos: int
    coco_images: int
    coco_labels: int
    big_image_bytes: int
    many_files: int
    commits: int
    runs: int
    patience: float


FULL = Size(
    name="full",
    photos=20_000,
    coco_images=118_000,
    coco_labels=860_000,
    big_image_bytes=4_000_000_000,
    many_files=100_000,
    commits=1_000,
    runs=5,
    patience=1_800.0,
)
SMALL = Size(
    name="small",
    photos=200,
    coco_images=590,
    coco_labels=4_300,
    big_image_bytes=64_000_000,
    many_files=1_000,
    commits=5,
    runs=1,
    patience=60.0,
)
SIZES = {size.name: size for size in (SMALL, FULL)}
