"""What do these paths hold? Images, label files and folders of label files, told apart by content."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from datalabel.errors import Fault, InputError
from datalabel.files import Entry
from datalabel.formats.base import Format, SourceFiles
from datalabel.formats.registry import detect_format, formats, get_format
from datalabel.images import IMAGE_SUFFIXES, looks_like_image
from datalabel.repository.project import IGNORE_FILE, SPEC_FILE, Project
from datalabel.store.history import Tree

IMAGES = "images"
"""The format of a source that is a folder of images."""


@dataclass(frozen=True, slots=True)
class LabelFiles:
    """A label source as found on disk: its name, its key (None outside the project), format and files."""

    name: str
    path: str | None
    format: Format
    files: SourceFiles
    entries: tuple[Entry, ...]


@dataclass(slots=True)
class Found:
    """What was found: image files, folders that are image sources, label sources, and what is neither."""

    images: dict[str, tuple[str, Path, Entry]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    labels: dict[str, LabelFiles] = field(default_factory=dict)
    unrecognised: list[Fault] = field(default_factory=list)


class Recogniser:
    """Sorts paths of one project into images and label sources; known sources keep their names."""

    def __init__(self, project: Project, tree: Tree, format_name: str | None = None) -> None:
        self._project = project
        self._tree = tree
        self._format = get_format(format_name) if format_name else None
        self._known = {
            source.path: (name, source) for name, source in tree.sources.items() if source.path and source.set
        }
        self.found = Found()

    def add(self, path: Path, name: str | None = None) -> None:
        """Look at one path. `name` (`--as`) names a label file outside the project.

        Raises:
            InputError: the path does not exist, or holds nothing that can be added.
        """
        if not path.exists():
            raise InputError("no such file or folder", where=str(path))
        if name is not None:
            self._add_label_file(name, None, path)
            return
        key = self._project.key_of(path)
        if key in self._known:
            self.add_known(key)
        elif path.is_dir():
            self._add_folder(key)
        else:
            self._add_file(key, path)

    def add_known(self, key: str) -> bool:
        """Look at a known label source again; whether it is still there."""
        name, source = self._known[key]
        fmt = self._format or get_format(source.format)
        path = self._project.root if key == "." else self._project.path_of(key)
        if not path.exists():
            return False
        self.found.labels[name] = label_files(self._project, name, key, fmt)
        return True

    def _add_file(self, key: str, path: Path) -> None:
        folder = self._folder_source_of(key)
        if folder is not None:
            self.add_known(folder)
            return
        head = _head(path)
        is_image = path.suffix.lower() in IMAGE_SUFFIXES or looks_like_image(head)
        if is_image and self._format is None:
            self.found.images[key] = (key, path, entry_of(path))
        elif path.name == SPEC_FILE:
            return
        else:
            self._add_label_file(key, key, path)

    def _folder_source_of(self, key: str) -> str | None:
        """The known folder of label files that a file lies in."""
        for folder in self._known:
            if key.startswith(folder + "/") or folder == ".":
                suffix = posixpath.splitext(key)[1].lower()
                if suffix in get_format(self._known[folder][1].format).suffixes:
                    return folder
        return None

    def _add_label_file(self, name: str, key: str | None, path: Path) -> None:
        fmt = self._format or detect_format(path)
        if fmt is None:
            known = ", ".join(info.name for info in formats())
            raise InputError(
                "is neither an image nor a label file that is recognised",
                where=key or str(path),
                hint=f"insist with --format NAME; the formats are: {known}",
            )
        files = SourceFiles(name, path)
        self.found.labels[name] = LabelFiles(name, key, fmt, files, (entry_of(path),))

    def _add_folder(self, key: str) -> None:
        """A folder: its images, and the label sources in it."""
        if self._format is not None and self._format.folder:
            self._add_label_folder(key, self._format)
            return
        candidates: dict[str, list[tuple[str, Path, Entry]]] = {}
        before = len(self.found.images)
        suffixes = {suffix: info.name for info in formats() for suffix in info.suffixes}
        for found, path, entry in self._project.walk(key):
            suffix = posixpath.splitext(found)[1].lower()
            if suffix in IMAGE_SUFFIXES:
                self.found.images[found] = (found, path, entry)
            elif suffix in suffixes and posixpath.basename(found) not in (SPEC_FILE, IGNORE_FILE):
                candidates.setdefault(posixpath.dirname(found) or ".", []).append((found, path, entry))
        if len(self.found.images) > before:
            self.found.folders.add(key)
        labels = len(self.found.labels)
        self._add_candidates(candidates)
        if len(self.found.images) == before and len(self.found.labels) == labels:
            raise InputError("holds no image and no label file that is recognised", where=key)

    def _add_candidates(self, candidates: dict[str, list[tuple[str, Path, Entry]]]) -> None:
        """Files that may hold labels, by folder: a folder of a folder format is one source, files are many."""
        for folder in sorted(candidates):
            if any(folder.startswith(known + "/") for known in self.found.labels):
                continue
            for found, path, entry in candidates[folder]:
                if found in self.found.labels or folder in self.found.labels:
                    continue
                source = self._folder_source_of(found)
                fmt = None if source else (self._format or detect_format(path))
                if source is not None:
                    self.add_known(source)
                elif fmt is None:
                    self.found.unrecognised.append(Fault("not recognised as labels", found))
                elif fmt.folder:
                    self._add_label_folder(folder, fmt)
                elif found in self._known:
                    self.add_known(found)
                else:
                    files = SourceFiles(found, path)
                    self.found.labels[found] = LabelFiles(found, found, fmt, files, (entry,))

    def _add_label_folder(self, key: str, fmt: Format) -> None:
        for known in self._known:
            if known.startswith(key + "/"):
                raise InputError(
                    f"sources must not overlap: {known} inside it is a source already",
                    where=key,
                    hint=f"dlabel rm {known}, or add the other folders one by one",
                )
        self.found.labels[key] = label_files(self._project, key, key, fmt)


def label_files(project: Project, name: str, key: str, fmt: Format) -> LabelFiles:
    """The files of a label source inside the project, as they are now.

    Raises:
        InputError: the folder holds no file of the format any more.
    """
    path = project.root if key == "." else project.path_of(key)
    if not path.is_dir():
        return LabelFiles(name, key, fmt, SourceFiles(name, path), (entry_of(path),))
    entries = tuple(
        Entry(entry.path, entry.stat)
        for found, _, entry in project.walk(key)
        if posixpath.splitext(found)[1].lower() in fmt.suffixes
    )
    if not entries:
        raise InputError(f"holds no {fmt.title} files", where=key, hint=f"dlabel rm {key} forgets the source")
    return LabelFiles(
        name, key, fmt, SourceFiles(name, path, tuple(entry.path for entry in entries)), entries
    )


def entry_of(path: Path) -> Entry:
    """A single file as a walk would find it."""
    from datalabel.files import Stat

    return Entry(path.name, Stat.of(path.stat()))


def _head(path: Path, size: int = 1 << 16) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error


def image_files(project: Project, folders: Iterable[str], keys: Sequence[str]) -> Found:
    """The image files of tracked folders, and of single tracked keys that are there."""
    found = Found()
    for folder in folders:
        for key, path, entry in project.walk(folder):
            if posixpath.splitext(key)[1].lower() in IMAGE_SUFFIXES:
                found.images[key] = (key, path, entry)
    for key in keys:
        if key not in found.images:
            there = project.on_disk(key)
            if there is not None and there.is_file():
                found.images[key] = (key, there, entry_of(there))
    return found
