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
from datalabel.formats.base import Before, Format, SourceFiles
from datalabel.formats.registry import detect_format, format_info, formats, get_format
from datalabel.images import IMAGE_SUFFIXES, read_facts
from datalabel.repository.names import Images, Place, meant


@dataclass(frozen=True, slots=True)
class ReadAlone:
    """What one source says: its name, and tables of the schemas `READ_MENTIONS` and `READ_LABELS`; the folder that it
    lies in."""

    name: str
    mentions: pa.Table
    labels: pa.Table
    root: Path

    def image_paths(self) -> dict[str, Path]:
        """The images below the folder that names in the source certainly mean."""
        context = _NoProject(self.root)
        found = ((name, context.path_of(name)) for name in self.mentions.column("name").to_pylist())
        return {name: path for name, path in found if path is not None}


class _NoProject:
    """The context of a reader without a project: nothing is known but the images that lie there."""

    annotator: str | None = None
    item_key: str | None = None

    def __init__(self, root: Path) -> None:
        self._folder = root if root.is_dir() else root.parent
        self._images = Images({}, self._listed)

    def _listed(self) -> list[str]:
        paths = (entry.path for entry in walk(self._folder))
        return [path for path in paths if posixpath.splitext(path)[1].lower() in IMAGE_SUFFIXES]

    def size_of(self, name: str) -> tuple[int, int] | None:
        """The size of the image that the name certainly means."""
        path = self.path_of(name)
        if path is None:
            return None
        with path.open("rb") as file:
            facts = read_facts(file, name=name)
        return facts.width, facts.height

    def path_of(self, name: str) -> Path | None:
        """The image that the name certainly means."""
        found = meant(name, Place("."), self._images)
        return None if found is None else self._folder / found

    def names_by_number(self) -> Mapping[str, str]:
        """There are no other sources."""
        return {}

    def categories(self) -> Sequence[Mapping[str, Any]]:
        """There are no other sources."""
        return []

    def before(self, rules: int) -> Before:  # noqa: ARG002
        """Nothing was read before."""
        return Before()


def read_alone(path: Path, format_name: str | None = None) -> list[ReadAlone]:
    """Every label source that a file or folder holds.

    Raises:
        InputError: it holds none, or one cannot be read.
    """
    found = [_read(source, fmt) for source, fmt in _sources(path, format_name)]
    if not found:
        raise InputError(
            "holds no label file that is recognised",
            where=str(path),
            hint=f"insist with --labels {'|'.join(info.name for info in formats())}",
        )
    return found


def _read(source: SourceFiles, fmt: Format) -> ReadAlone:
    read = fmt.read(source, _NoProject(source.root))
    return ReadAlone(source.name, read.mentions, read.labels, source.root)


def _sources(path: Path, format_name: str | None) -> list[tuple[SourceFiles, Format]]:
    insisted = get_format(format_name) if format_name else None
    if path.is_file():
        fmt = insisted or detect_format(path)
        return [(SourceFiles(str(path), path), fmt)] if fmt else []
    files = [entry.path for entry in walk(path)]
    folders: dict[str, list[str]] = {}
    sources: list[tuple[SourceFiles, Format]] = []
    for file in files:
        if not any(info.is_mark(file) for info in formats()):
            continue
        fmt = insisted or detect_format(path / file)
        if fmt is not None and fmt.folder:
            folders.setdefault(fmt.name, []).append(file)
        elif fmt is not None:
            sources.append((SourceFiles(str(path / file), path / file), fmt))
    whole = [
        (SourceFiles(str(path), path, _members(name, found, files)), get_format(name))
        for name, found in folders.items()
    ]
    return [*whole, *sources]


def _members(format_name: str, found: Sequence[str], files: Sequence[str]) -> tuple[str, ...]:
    """The members of a source in a folder: what was recognised, or with marks all that belongs to them."""
    info = format_info(format_name)
    if info is None or not info.marks:
        return tuple(found)
    return tuple(file for file in files if info.is_member(file))
