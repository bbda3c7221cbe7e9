"""Reading label files on their own, without a project: for checks in CI on a git clone."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from datalabel.errors import InputError
from datalabel.files import walk
from datalabel.formats.base import Format, SourceFiles
from datalabel.formats.registry import detect_format, formats, get_format


@dataclass(frozen=True, slots=True)
class ReadAlone:
    """What one source says: its name, and tables of the schemas `READ_MENTIONS` and `READ_LABELS`."""

    name: str
    mentions: pa.Table
    labels: pa.Table


class _NoProject:
    """The context of a reader without a project: nothing is known."""

    annotator: str | None = None
    item_key: str | None = None

    def size_of(self, name: str) -> tuple[int, int] | None:  # noqa: ARG002
        """Nobody knows."""
        return None

    def names_by_number(self) -> Mapping[str, str]:
        """There are no other sources."""
        return {}

    def categories(self) -> Sequence[Mapping[str, Any]]:
        """There are no other sources."""
        return []


def read_alone(path: Path, format_name: str | None = None) -> list[ReadAlone]:
    """Every label source that a file or folder holds.

    Raises:
        InputError: it holds none, or one cannot be read.
    """
    found = [_read(source, fmt) for source, fmt in _sources(path, format_name)]
    if not found:
        raise InputError(
            "holds no label file that is recognised", where=str(path), hint="insist with --format NAME"
        )
    return found


def _read(source: SourceFiles, fmt: Format) -> ReadAlone:
    read = fmt.read(source, _NoProject())
    return ReadAlone(source.name, read.mentions, read.labels)


def _sources(path: Path, format_name: str | None) -> list[tuple[SourceFiles, Format]]:
    insisted = get_format(format_name) if format_name else None
    if path.is_file():
        fmt = insisted or detect_format(path)
        return [(SourceFiles(str(path), path), fmt)] if fmt else []
    suffixes = {suffix for info in formats() for suffix in info.suffixes}
    members: dict[str, list[str]] = {}
    sources: list[tuple[SourceFiles, Format]] = []
    for entry in walk(path):
        if posixpath.splitext(entry.path)[1].lower() not in suffixes:
            continue
        fmt = insisted or detect_format(path / entry.path)
        if fmt is not None and fmt.folder:
            members.setdefault(fmt.name, []).append(entry.path)
        elif fmt is not None:
            sources.append((SourceFiles(str(path / entry.path), path / entry.path), fmt))
    folders = [
        (SourceFiles(str(path), path, tuple(paths)), get_format(name)) for name, paths in members.items()
    ]
    return [*folders, *sources]
