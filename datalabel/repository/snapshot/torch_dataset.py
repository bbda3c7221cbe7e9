"""A snapshot's split as PyTorch takes data: map-style, one item at a time, in any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from datalabel.errors import InputError

if TYPE_CHECKING:
    from datalabel.repository.snapshot.samples import Sample, SampleReader


class TorchDataset:
    """`len(dataset)` and `dataset[i]`: all that a `DataLoader` asks for. See `OpenSnapshot.torch`."""

    def __init__(
        self, reader: SampleReader, classes: Sequence[str], transform: Callable[[Sample], Any] | None
    ) -> None:
        self._reader = reader
        self._numbers = {name: place for place, name in enumerate(classes, start=1)}
        self._transform = transform
        if transform is None:
            _torch()

    def __len__(self) -> int:
        return len(self._reader.keys)

    def __getitem__(self, place: int) -> Any:
        if not 0 <= place < len(self):
            raise IndexError(place)
        (sample,) = self._reader.read(place, place + 1)
        return self._transform(sample) if self._transform else self._detection(place, sample)

    def _detection(self, place: int, sample: Sample) -> tuple[Any, dict[str, Any]]:
        """The image and the target of torchvision's detection models; labels with nothing in their bounds are left
        out."""
        torch = _torch()
        drawn = [label for label in sample.labels if label.bbox is not None and min(label.bbox[2:]) > 0]
        boxes = np.array([label.bbox for label in drawn], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        numbers = np.array([self._numbers[label.class_name] for label in drawn], np.int64)
        crowds = np.array([label.fields.get("iscrowd") in (1, True) for label in drawn], np.int64)
        return torch.from_numpy(_pixels(sample)), {
            "boxes": torch.from_numpy(boxes),
            "labels": torch.from_numpy(numbers),
            "image_id": place,
            "area": torch.from_numpy(np.array([label.area for label in drawn], np.float32)),
            "iscrowd": torch.from_numpy(crowds),
        }


def _pixels(sample: Sample) -> Any:
    """The stored pixels as uint8 (3, height, width): labels are drawn on these, EXIF is not applied."""
    from PIL import Image

    if sample.image is None:
        raise InputError("the image is not here", where=sample.key, hint="dlabel add its folder")
    with Image.open(sample.image) as image:
        if image.mode.startswith(("I", "F")):
            raise InputError(
                f"has pixels of more than 8 bits (mode {image.mode}), and nobody said which of them are white",
                where=sample.key,
                hint="torch(transform=…) reads sample.image as you need it",
            )
        return np.ascontiguousarray(np.asarray(image.convert("RGB")).transpose(2, 0, 1))


def _torch() -> Any:
    try:
        return import_module("torch")
    except ImportError:
        raise InputError(
            "torch is not installed",
            hint="pip install torch, or give transform= to make of samples what you like",
        ) from None
