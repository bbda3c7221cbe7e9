"""Small images and label files for tests, made on the spot."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from datalabel.repository.repository import Repository

Box = tuple[str, float, float, float, float]


def write_image(path: Path, shade: int = 0, size: tuple[int, int] = (64, 48), **options: Any) -> Path:
    """An image whose content depends on `shade`; the format follows the suffix unless `format` is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade % 256, (shade * 7) % 256, (shade * 31) % 256)).save(path, **options)
    return path


def png_of(width: int, height: int) -> bytes:
    """A PNG that says so of itself and holds hardly a pixel: a bomb, if these are many."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")


def coco(
    images: Mapping[str, Sequence[Box]], size: tuple[int, int] = (64, 48), first: int = 1, **more: Any
) -> dict[str, Any]:
    """A COCO document: for each image name its boxes (class, x, y, w, h). Annotations count from `first`."""
    names = sorted({box[0] for boxes in images.values() for box in boxes})
    categories = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
    numbers = {name: number for number, name in enumerate(names, 1)}
    listed = [
        {"id": number, "file_name": name, "width": size[0], "height": size[1]}
        for number, name in enumerate(images, 1)
    ]
    annotations: list[dict[str, Any]] = []
    for image, boxes in zip(listed, images.values(), strict=True):
        for name, *bounds in boxes:
            annotations.append(
                {
                    "id": first + len(annotations),
                    "image_id": image["id"],
                    "category_id": numbers[name],
                    "bbox": bounds,
                    "area": bounds[2] * bounds[3],
                    "iscrowd": 0,
                }
            )
    return {"images": listed, "annotations": annotations, "categories": categories, **more}


def write_coco(path: Path, images: Mapping[str, Sequence[Box]], **options: Any) -> Path:
    """`coco` as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(coco(images, **options)), encoding="utf-8")
    return path


def write_labels(folder: Path, labels: Mapping[str, Any], spec: str | None = None) -> None:
    """`labels.json`, all images that it lists and, if given, a spec; labels are boxes by image or a COCO document."""
    document = labels if "annotations" in labels else coco(labels)
    for shade, image in enumerate(document["images"]):
        write_image(folder / image["file_name"], shade, (image["width"], image["height"]))
    (folder / "labels.json").write_text(json.dumps(document), encoding="utf-8")
    if spec is not None:
        (folder / "dlabel.yaml").write_text(spec, encoding="utf-8")


def commit_labels(repo: Repository, labels: Mapping[str, Any], spec: str | None = None) -> Repository:
    """The same, committed as the first of a project."""
    write_labels(repo.root, labels, spec)
    repo.add(".")
    repo.commit("first")
    return repo


def in_any_order(document: Any) -> Any:
    """A JSON value in which the order of lists at the top does not count; numbers compare as numbers."""

    def plain(value: Any) -> Any:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, list):
            return [plain(one) for one in value]
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items()}
        return value

    if not isinstance(document, dict):
        return sorted(json.dumps(plain(one), sort_keys=True) for one in document)
    return {
        key: sorted(json.dumps(plain(one), sort_keys=True) for one in value)
        if isinstance(value, list)
        else plain(value)
        for key, value in document.items()
    }
