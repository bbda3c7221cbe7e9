"""Which formats there are. Each is a string until it is used: listing them imports none."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from datalabel.errors import InputError, UsageError, nearest

if TYPE_CHECKING:
    from datalabel.formats.base import Format

HEAD_BYTES = 64 * 1024
"""How much of a file is read to tell its format."""


@dataclass(frozen=True, slots=True)
class FormatInfo:
    """What the registry knows of a format without importing it.

    `marks` are the names (or the endings, from a dot) of files that show where a source is, for a format whose
    label files alone do not tell; they belong to the source whatever their suffix.
    """

    name: str
    title: str
    module: str
    suffixes: tuple[str, ...]
    marks: tuple[str, ...] = ()

    def is_mark(self, path: str) -> bool:
        """Whether a file of this path may show that there is a source."""
        base = path.rpartition("/")[2].lower()
        if not self.marks:
            return base.endswith(self.suffixes)
        return any(base.endswith(mark) if mark[0] == "." else base == mark for mark in self.marks)

    def is_member(self, path: str) -> bool:
        """Whether a file of this path, relative to a source's folder, belongs to the source.

        Texts for people (`README.txt`) do not, but in a folder `labels` every text file holds labels.
        """
        *folders, base = path.lower().split("/")
        if base.endswith(self.suffixes):
            return base.partition(".")[0] not in _PROSE or "labels" in folders
        return bool(self.marks) and self.is_mark(base)


_PROSE = frozenset(
    {"readme", "license", "licence", "notice", "copying", "changelog", "changes", "requirements"}
)
_YOLO_MARKS = (
    *("data.yaml", "data.yml", "dataset.yaml", "dataset.yml"),
    *("obj.data", ".names", "_darknet.labels", "classes.txt"),
)


_FORMATS: tuple[FormatInfo, ...] = (
    FormatInfo("coco", "COCO", "datalabel.formats.coco", (".json",)),
    FormatInfo("voc", "Pascal VOC", "datalabel.formats.voc", (".xml",)),
    FormatInfo("yolo", "YOLO", "datalabel.formats.yolo", (".txt", ".names"), _YOLO_MARKS),
)


def formats() -> tuple[FormatInfo, ...]:
    """Every format, by name. Imports none of them."""
    return _FORMATS


def format_info(name: str) -> FormatInfo | None:
    """What is known of the format of this name without importing it; None when there is none."""
    return next((info for info in _FORMATS if info.name == name), None)


def get_format(name: str) -> Format:
    """The format of this name.

    Raises:
        UsageError: there is none; the hint names the nearest, the message all.
    """
    for info in _FORMATS:
        if info.name == name:
            return _load(info)
    names = [info.name for info in _FORMATS]
    close = nearest(name, names)
    raise UsageError(
        f"unknown format {name!r}; there are {', '.join(names)}",
        hint=f"did you mean {close}?" if close else f"use one of {', '.join(names)}",
    )


def detect_format(path: Path) -> Format | None:
    """The format of a file, told by the first 64 KiB of its content; None when it is none of ours.

    The suffix only decides which formats are asked first: a label file of any name is recognised.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror}", where=str(path)) from error
    suffix = path.suffix.lower()
    for info in sorted(_FORMATS, key=lambda info: suffix not in info.suffixes):
        found = _load(info)
        if found.detect(path, head):
            return found
    return None


def _load(info: FormatInfo) -> Format:
    return cast("Format", import_module(info.module).FORMAT)
