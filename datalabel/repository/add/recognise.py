"""What do these paths hold? Images, label files and folders of label files, told apart by content."""

from __future__ import annotations

import itertools
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from datalabel.errors import Fault, InputError
from datalabel.files import Entry, Stat, folders_around, is_within, key_fault, no_such_file
from datalabel.formats.base import Format, SourceFiles
from datalabel.formats.registry import FormatInfo, detect_format, format_info, formats, get_format
from datalabel.images import IMAGE_SUFFIXES, looks_like_image
from datalabel.repository.working_tree import IGNORE_FILE, MANIFEST, SPEC_FILE, WorkingTree
from datalabel.store.history import Source

ImageFile = tuple[str, str, Entry]
"""An image's key, path and stat; the path is a text, since of most images it is never used."""

Candidate = tuple[str, Path, Entry]
"""A file that may hold labels: its key, path and stat."""

_HEAD = 1 << 16
"""So many bytes tell what a file is."""


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

    images: dict[str, ImageFile] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    labels: dict[str, LabelFiles] = field(default_factory=dict)
    unrecognised: list[Fault] = field(default_factory=list)


class Recogniser:
    """Sorts paths of a working tree into images and label sources; known sources keep their names. `insist` is the
    option by which users say what the format is; `results` that an empty list is one of results."""

    def __init__(
        self,
        files: WorkingTree,
        sources: Mapping[str, Source],
        format_name: str | None = None,
        *,
        insist: str = "--format",
        results: bool = False,
    ) -> None:
        self._results = results
        self._insist = insist
        self._files = files
        self._sources = sources
        self._format = get_format(format_name) if format_name else None
        self._known = {
            source.path: (name, source) for name, source in sources.items() if source.path and source.set
        }
        self._folders: dict[str, Format] = {}
        self._marked: dict[str, bool] = {}
        self.found = Found()

    def add(self, path: Path, name: str | None = None) -> None:
        """Look at one path. `name` (`--as`) names a label file outside the project.

        Raises:
            InputError: the path does not exist, or holds nothing that can be added.
        """
        if not path.exists():
            raise no_such_file(path, str(path))
        if not _can_be_added(path):
            raise InputError("is neither a file nor a folder", where=str(path))
        if name is not None:
            self._refuse_taken(name)
            self._add_label_file(name, None, path)
            return
        key = self._files.key_of(path)
        if key != "." and (fault := key_fault(key)):
            raise InputError(fault, where=key)
        if key in self._known and (self._format is not None or not path.is_dir()):
            if not self.add_known(key) and self._format is not None:
                raise InputError(f"holds no {self._format.title} files", where=key)
        elif path.is_dir():
            self._add_folder(key)
        else:
            self._add_file(key, path)

    def _refuse_taken(self, name: str) -> None:
        """A file from outside may not be called like a source that lies here."""
        source = self._sources.get(name)
        if source is not None and source.path is not None:
            raise InputError(
                f"is the name of what lies at {source.path}",
                where=name,
                hint="--as takes a name of its own; --replaces says that it comes in place of another",
            )

    def add_known(self, key: str) -> bool:
        """Look at a known label source again; whether any of its files is still there."""
        name, source = self._known[key]
        fmt = self._format or get_format(source.format)
        path = self._files.path_of(key)
        if not _can_be_added(path):
            return False
        found = label_files(self._files, name, key, fmt)
        if found.entries:
            self.found.labels[name] = found
        if path.is_dir():
            self._folders[key] = fmt
        return bool(found.entries)

    def _add_file(self, key: str, path: Path) -> None:
        if self._is_taken(key):
            return
        folder = self._folder_source_of(key)
        if folder is not None:
            self.add_known(folder)
            return
        head = _head(path)
        is_image = path.suffix.lower() in IMAGE_SUFFIXES or looks_like_image(head)
        if is_image and self._format is None:
            self.found.images[key] = (key, str(path), entry_of(path))
        elif key == SPEC_FILE:
            return
        else:
            self._add_label_file(self._name_for(key), key, path)

    def _name_for(self, key: str) -> str:
        """What a new source is called: its path, unless one that was moved away is called so."""
        if key not in self._sources:
            return key
        names = (f"{key} ({number})" for number in itertools.count(2))
        return next(name for name in names if name not in self._sources)

    def _folder_source_of(self, key: str) -> str | None:
        """The known folder of label files that a file lies in."""
        around = (folder for folder in folders_around(key) if folder in self._known)
        return next((one for one in around if is_inside(key, one, self._known[one][1].format)), None)

    def _add_label_file(self, name: str, key: str | None, path: Path) -> None:
        fmt = self._format or detect_format(path) or (self._format_around(key, path) if key else None)
        if fmt is not None and key is not None and (root := self._marked_above(key, fmt)) is not None:
            self._add_label_folder(root, fmt)
            return
        if fmt is None and _is_empty_list(path):
            if not self._results:
                hint = f"{self._insist} coco says that nothing was found"
                raise InputError("is an empty list, of what is not told", where=key or str(path), hint=hint)
            fmt = get_format("coco")
        if fmt is None:
            known = ", ".join(info.name for info in formats())
            raise InputError(
                "is neither an image nor a label file that is recognised",
                where=key or str(path),
                hint=f"insist with {self._insist} NAME; the formats are: {known}",
            )
        files = SourceFiles(name, path)
        self.found.labels[name] = LabelFiles(name, key, fmt, files, (entry_of(path),))

    def _add_folder(self, key: str) -> None:
        """A folder: its images, and the label sources in it."""
        if self._format is not None and self._format.folder:
            self._add_label_folder(key, self._format)
            return
        candidates: list[Candidate] = []
        before = len(self.found.images)
        infos = formats()
        for found, path, entry in self._files.walk(key, linked=self._pass_over):
            suffix = posixpath.splitext(found)[1].lower()
            if suffix in IMAGE_SUFFIXES:
                self.found.images[found] = (found, path, entry)
            elif posixpath.basename(found) not in (SPEC_FILE, IGNORE_FILE, MANIFEST) and any(
                info.is_member(found) for info in infos
            ):
                candidates.append((found, Path(path), entry))
        if len(self.found.images) > before:
            self.found.folders.add(key)
        labels = len(self.found.labels)
        is_known = key in self._known
        if is_known:
            self.add_known(key)
        self._add_marked(candidates)
        self._add_candidates(candidates)
        # A file may turn out to be a member of a source only after it was looked at.
        others = [fault for fault in self.found.unrecognised if not self._is_taken(str(fault.where))]
        self.found.unrecognised = others
        if not is_known and len(self.found.images) == before and len(self.found.labels) == labels:
            told = [fault for fault in others if fault.hint and is_within(str(fault.where), key)]
            raise InputError.of(told or [Fault("holds no image and no label file that is recognised", key)])

    def _pass_over(self, key: str) -> None:
        if key in self._files.roots:
            return
        what = "is a link to a folder, which is not followed"
        self.found.unrecognised.append(
            Fault(
                what,
                key,
                "name the folder under `roots` in .dlabel/config.yaml, or the link in .dlabelignore",
            )
        )

    def _add_candidates(self, candidates: Sequence[Candidate]) -> None:
        """Files that may hold labels: a folder of a folder format is one source, files are many."""
        for found, path, entry in sorted(candidates, key=lambda one: posixpath.split(one[0])):
            if self._is_taken(found):
                continue
            source = self._folder_source_of(found)
            if source is not None:
                self.add_known(source)
            else:
                self._add_candidate(posixpath.dirname(found) or ".", found, path, entry)

    def _add_candidate(self, folder: str, found: str, path: Path, entry: Entry) -> None:
        fmt = self._format or detect_format(path)
        if fmt is None:
            if not found.lower().endswith(".txt"):  # most text files are just texts
                self.found.unrecognised.append(Fault("not recognised as labels", found))
        elif found in self._known:
            self.add_known(found)
        elif not fmt.folder:
            name = self._name_for(found)
            self.found.labels[name] = LabelFiles(name, found, fmt, SourceFiles(found, path), (entry,))
        elif not _marks_of(fmt):
            self._add_label_folder(folder, fmt)
        elif _is_mark(fmt, found):
            self.found.unrecognised.append(Fault("names classes, and no label file lies here", found))
        elif (root := self._marked_above(found, fmt)) is not None:
            self._add_label_folder(root, fmt)
        elif folder not in (fault.where for fault in self.found.unrecognised):
            what = f"holds {fmt.title} labels, but no file that names their classes"
            self.found.unrecognised.append(Fault(what, folder, f"put {_marks_of(fmt)[0]} beside them"))

    def _is_taken(self, key: str) -> bool:
        """Whether a source that was found holds this file."""
        around = (folder for folder in folders_around(key) if folder in self._folders)
        return key in self.found.labels or any(is_inside(key, one, self._folders[one].name) for one in around)

    # Sources that are told by marks

    def _add_marked(self, candidates: Sequence[Candidate]) -> None:
        """Folders with a file that names classes, where label files lie in them or below."""
        for info in formats():
            if not info.marks:
                continue
            marks = [one for one in candidates if info.is_mark(one[0])]
            for found, path, _ in sorted(marks, key=lambda one: (one[0].count("/"), one[0])):
                folder = posixpath.dirname(found) or "."
                if self._is_taken(found) or self._folder_source_of(found) is not None:
                    continue
                if _is_format(path, info.name) and _has_labels(folder, candidates, info):
                    self._add_label_folder(folder, get_format(info.name))

    def _marked_above(self, key: str, fmt: Format) -> str | None:
        """The nearest folder around a file that has a mark of the format."""
        info = format_info(fmt.name)
        if info is None or not info.marks:
            return None
        return next((folder for folder in folders_around(key) if self._has_mark(folder, info)), None)

    def _format_around(self, key: str, path: Path) -> Format | None:
        """The format of an empty file, which says that an image has no labels: that of the set that it lies in."""
        if path.stat().st_size:
            return None
        around = (get_format(info.name) for info in formats() if info.marks and info.is_member(key))
        return next((fmt for fmt in around if self._marked_above(key, fmt) is not None), None)

    def _has_mark(self, folder: str, info: FormatInfo) -> bool:
        if folder not in self._marked:
            files = self._files.path_of(folder).iterdir()
            self._marked[folder] = any(info.is_mark(path.name) and path.is_file() for path in files)
        return self._marked[folder]

    def _add_label_folder(self, key: str, fmt: Format) -> None:
        for known in self._known:
            if known != key and is_within(known, key) and self._known[known][1].format == fmt.name:
                raise InputError(
                    f"sources must not overlap: {known} inside it is a source already",
                    where=key,
                    hint=f"dlabel rm {self._files.typed(known)}, or add the other folders one by one",
                )
        name = self._name_for(key)
        found = label_files(self._files, name, key, fmt)
        if not found.entries:
            raise InputError(f"holds no {fmt.title} files", where=key)
        self.found.labels[name] = found
        self._folders[key] = fmt


def label_files(files: WorkingTree, name: str, key: str, fmt: Format) -> LabelFiles:
    """The files of a label source inside the working tree, as they are now; a folder may have none any more."""
    path = files.path_of(key)
    if not path.is_dir():
        return LabelFiles(name, key, fmt, SourceFiles(name, path), (entry_of(path),))
    entries = tuple(
        Entry(entry.path, entry.stat) for _, _, entry in files.walk(key) if is_member(fmt.name, entry.path)
    )
    return LabelFiles(
        name, key, fmt, SourceFiles(name, path, tuple(entry.path for entry in entries)), entries
    )


def is_member(format_name: str, path: str) -> bool:
    """Whether a file, by its path below a source's folder, belongs to a source of this format."""
    info = format_info(format_name)
    return info is not None and info.is_member(path)


def _marks_of(fmt: Format) -> tuple[str, ...]:
    info = format_info(fmt.name)
    return info.marks if info else ()


def _is_mark(fmt: Format, key: str) -> bool:
    info = format_info(fmt.name)
    return info is not None and info.is_mark(key)


def _is_format(path: Path, name: str) -> bool:
    fmt = detect_format(path)
    return fmt is not None and fmt.name == name


def _has_labels(folder: str, candidates: Sequence[Candidate], info: FormatInfo) -> bool:
    """Whether a folder of label files lies in this one, or a file that holds labels."""
    return any(
        "labels" in key.lower().split("/")[:-1] or _is_format(path, info.name)
        for key, path, _ in candidates
        if not info.is_mark(key) and is_inside(key, folder, info.name)
    )


def is_inside(key: str, folder: str, format_name: str) -> bool:
    """Whether a file lies in a folder as a member of a source of this format."""
    if folder == ".":
        return is_member(format_name, key)
    return key.startswith(folder + "/") and is_member(format_name, key[len(folder) + 1 :])


def _is_empty_list(path: Path) -> bool:
    """Whether a file is a JSON list of nothing, however it is written."""
    return (
        path.stat().st_size < _HEAD and b"".join(_head(path).removeprefix(b"\xef\xbb\xbf").split()) == b"[]"
    )


def _can_be_added(path: Path) -> bool:
    """Whether there is something that reading comes to an end of: pipes and devices may have none."""
    return path.is_file() or path.is_dir()


def entry_of(path: Path) -> Entry:
    """A single file as a walk would find it."""
    return Entry(path.name, Stat.of(path.stat()))


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error


def image_files(files: WorkingTree, folders: Iterable[str], keys: Sequence[str]) -> Found:
    """The image files of tracked folders, and of single tracked keys that are there."""
    found = Found()
    for folder in folders:
        for key, path, entry in files.walk(folder):
            if posixpath.splitext(key)[1].lower() in IMAGE_SUFFIXES:
                found.images[key] = (key, path, entry)
    for key in keys:
        if key not in found.images:
            there = files.on_disk(key)
            if there is not None and there.is_file():
                found.images[key] = (key, str(there), entry_of(there))
    return found
