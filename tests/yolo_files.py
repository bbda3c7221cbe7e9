"""Small YOLO data sets, and what is read from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from format_round_trip import Context, files_of, on_disk, read_folder
from selections import InMemorySelection

from datalabel.errors import InputError
from datalabel.formats.base import Read
from datalabel.formats.registry import get_format

YOLO = get_format("yolo")
DATA = "train: images/train\nval: images/val\nnc: 2\nnames:\n  0: cat\n  1: dog\n"


@dataclass(slots=True)
class OneSize(Context):
    """Every image is of one size."""

    size: tuple[int, int] = (100, 200)

    def size_of(self, name: str) -> tuple[int, int] | None:  # noqa: ARG002
        """The same for all."""
        return self.size


def read_files(folder: Path, files: Mapping[str, str | bytes], context: Context | None = None) -> Read:
    """What is read from a source of these files."""
    data = {name: one.encode() if isinstance(one, str) else one for name, one in files.items()}
    on_disk(data, folder)
    return read_folder(YOLO, folder, context or OneSize())


def lines(folder: Path, *label_lines: str, data: str = DATA) -> Read:
    """What is read from one label file of these lines."""
    return read_files(folder, {"data.yaml": data, "labels/a.txt": "".join(f"{one}\n" for one in label_lines)})


def faults(folder: Path, *label_lines: str, data: str = DATA) -> list[str]:
    """Everything wrong with one label file of these lines."""
    try:
        lines(folder, *label_lines, data=data)
    except InputError as error:
        return [str(fault) for fault in error.faults]
    return []


def again(read: Read) -> dict[str, bytes]:
    """The source written again."""
    return files_of(YOLO, InMemorySelection.from_read(read))
