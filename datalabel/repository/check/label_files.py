"""Reading label files on their own, without a project: for checks in CI on a git clone."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from datalabel.errors import Fault, Faults, InputError
from datalabel.files import is_within
from datalabel.formats.base import Before
from datalabel.formats.coco.document import broken_off
from datalabel.formats.registry import formats
from datalabel.images import read_facts
from datalabel.labels.properties import said_in
from datalabel.repository.add.recognise import ImageFile, LabelFiles, Recogniser, image_files
from datalabel.repository.check.read_together import NotYet, ReadTogether
from datalabel.repository.names import SIBLINGS, Images, Place, meant
from datalabel.repository.working_tree import WorkingTree


@dataclass(frozen=True, slots=True)
class ReadAlone:
    """What one source says: its path, tables of the schemas `READ_MENTIONS` and `READ_LABELS`, and the properties of
    the item of each mention; its images are looked for with `around`."""

    name: str
    mentions: pa.Table
    labels: pa.Table
    properties: pa.StringArray
    around: Surroundings

    def image_paths(self) -> dict[str, Path]:
        """The images below the folder that names in the source certainly mean."""
        found = ((name, self.around.path_of(name)) for name in self.mentions.column("name").to_pylist())
        return {name: path for name, path in found if path is not None}


class Surroundings:
    """The context of a reader without a project: nothing is known but the images that lie in one folder, and what the
    other sources of the command say."""

    annotator: str | None = None
    item_key: str | None = None

    def __init__(
        self,
        files: WorkingTree,
        source: LabelFiles,
        images: Images,
        default_size: tuple[int, int] | None,
        others: ReadTogether,
    ) -> None:
        self._files = files
        self._source = source
        self._others = others
        self._place = Place.of(source.path, None, is_folder=bool(source.files.members))
        self._images = images
        self._default_size = default_size

    def size_of(self, name: str) -> tuple[int, int] | None:
        """The size of the image that the name certainly means, else what `--size` says."""
        path = self.path_of(name)
        if path is None:
            return self._default_size
        with path.open("rb") as file:
            facts = read_facts(file, name=name)
        return facts.width, facts.height

    def path_of(self, name: str) -> Path | None:
        """The image that the name certainly means."""
        found = meant(name, self._place, self._images)
        return None if found is None else self._files.on_disk(found)

    def names_by_number(self) -> Mapping[str, Sequence[str]]:
        """What the other sources of the command say."""
        return self._others.names_by_number(self._source.format.name)

    def categories(self) -> Sequence[Mapping[str, Any]]:
        """What the other sources of the command say."""
        return self._others.categories(self._source.format.name, str(self._source.files.root))

    def unclear_categories(self) -> Mapping[str, str]:
        """None: of files alone there is no before."""
        return {}

    def before(self, rules: int) -> Before:  # noqa: ARG002
        """Nothing was read before."""
        return Before()


@dataclass(frozen=True, slots=True)
class AskedFiles:
    """Files and folders to read. `start` is the folder whose `.dlabelignore` counts for what lies in it; `format` is
    insisted on, and `size` (width, height) is that of images that are not here, for formats that need it."""

    paths: Sequence[Path]
    start: Path
    format: str | None = None
    size: tuple[int, int] | None = None


def seen_from(start: Path, path: str) -> str:
    """A path as people in this folder write it; one outside of it is written whole."""
    return Path(path).relative_to(start).as_posix() if Path(path).is_relative_to(start) else path


_BEGINS = {".json": (b"{", b"["), ".xml": (b"<",)}
"""How the texts begin that labels are written in."""

_HEAD, _WHOLE = 1 << 16, 1 << 20
"""So many bytes of a file are looked at, and of JSON that is no larger than the second number, all."""


@dataclass(slots=True)
class FilesAlone:
    """What label files say, by the path of each source, and what lies beside them and was not recognised."""

    sources: dict[str, ReadAlone] = field(default_factory=dict)
    unrecognised: dict[str, Fault] = field(default_factory=dict)


def read_alone(asked: AskedFiles) -> FilesAlone:
    """Every label source that these files and folders hold, told apart as `add` does it; each is read once.

    Raises:
        InputError: a path does not exist or holds none, or one cannot be read.
    """
    alone, folders, others = FilesAlone(), dict[Path, _Folder](), ReadTogether()
    for path in asked.paths:
        root = asked.start if path.is_relative_to(asked.start) else _folder_of(path)
        folder = folders.get(root) or folders.setdefault(root, _Folder(root, asked, others))
        with _places_seen_from(root, asked.start):
            folder.read(path, alone)
    others.finish()
    for root, folder in folders.items():
        with _places_seen_from(root, asked.start):
            folder.read_waiting(alone)
    return alone


@contextmanager
def _places_seen_from(root: Path, start: Path) -> Iterator[None]:
    """Faults tell places as people write them who stand in the folder `start`."""
    try:
        yield
    except InputError as error:
        faults = [replace(fault, where=_written(fault.where, root, start)) for fault in error.faults]
        raise InputError.of(faults, error.hint) from error


def _written(where: str | None, root: Path, start: Path) -> str | None:
    """A place, whose path may be one below `root`, as people write it who stand in the folder `start`."""
    if where is None:
        return None
    whole = str(root) if where == "." else os.path.join(root, where)  # noqa: PTH118 - more than a path
    return whole.removeprefix(f"{start}/")


def _refuse_broken(files: WorkingTree, unrecognised: Sequence[Fault]) -> None:
    """What is not labels may lie beside them; what was a text of its kind once, and is none now, has to be told.

    Raises:
        InputError: files are empty, begin as no JSON or XML does, break off as JSON, or hold what an unfinished merge
            left.
    """
    faults = Faults()
    for fault in unrecognised:
        path = files.path_of(str(fault.where))
        begin = _BEGINS.get(path.suffix.lower())
        if begin is None or not path.is_file():
            continue
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if not head.strip():
            faults.add("is empty", str(path))
        elif b"<<<<<<< " in head:
            faults.add("holds the marks of a merge that was not finished", str(path))
        elif not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(begin):
            faults.add(f"is no {path.suffix[1:].upper()}", str(path))
        elif path.suffix.lower() == ".json" and (what := _broken_off(path)) is not None:
            faults.add(what, str(path))
    faults.raise_if_any(hint="repair it, or name it in .dlabelignore if it holds no labels")


def _broken_off(path: Path) -> str | None:
    """What is to be said of a file that begins as JSON and breaks off. Of a large one, only the end is read."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= _WHOLE:
            return broken_off(file.read(_WHOLE).removeprefix(b"\xef\xbb\xbf"))
        file.seek(-_HEAD, os.SEEK_END)
        end = file.read(_HEAD).rstrip(b" \t\r\n")
    return None if end[-1:] in b"}]" else f"is no whole JSON: it breaks off after {size:,} bytes"


class _Folder:
    """A folder that paths lie in. What was found in it, and which images there are, is asked once."""

    def __init__(self, root: Path, asked: AskedFiles, others: ReadTogether) -> None:
        self._others = others
        self._waiting: dict[str, tuple[str, LabelFiles]] = {}
        self._files = WorkingTree(root)
        self._recogniser = Recogniser(self._files, {}, asked.format, insist="--labels")
        self._size = asked.size
        self._images: dict[str, Images] = {}

    def read(self, path: Path, alone: FilesAlone) -> None:
        """Read the sources that a path holds, or is part of, unless they have been."""
        self._recogniser.add(path)
        found, key = self._recogniser.found, self._files.key_of(path)
        if not any(is_within(source, key) or is_within(key, source) for source in found.labels):
            raise InputError(
                "holds no label file that is recognised",
                where=str(path),
                hint=f"insist with --labels {'|'.join(info.name for info in formats())}",
            )
        for source in found.labels.values():
            name = str(source.files.root)
            if name not in alone.sources and name not in self._waiting:
                named = self._files.key_of(_folder_of(path))
                try:
                    alone.sources[name] = self._read(named, source)
                except NotYet:
                    self._waiting[name] = (named, source)
        _refuse_broken(self._files, found.unrecognised)
        for fault in found.unrecognised:
            where = str(self._files.root / str(fault.where))
            alone.unrecognised[where] = replace(fault, where=where)

    def read_waiting(self, alone: FilesAlone) -> None:
        """Read the sources that had to wait for what others say."""
        for name, (named, source) in self._waiting.items():
            if name not in alone.sources:
                alone.sources[name] = self._read(named, source)

    def _read(self, named: str, source: LabelFiles) -> ReadAlone:
        """Images are looked for in the folder that was named, or in the source's own around it."""
        key = str(source.path)
        is_folder = bool(source.files.members)
        around = key if is_folder and is_within(named, key) else named
        images = self._images.get(around) or self._images.setdefault(around, self._images_in(around))
        surroundings = Surroundings(self._files, source, images, self._size, self._others)
        name = str(source.files.root)
        read = source.format.read(replace(source.files, name=name), surroundings)
        self._others.add(key, source.format.name, read)
        extras, said = read.mentions.column("extra"), source.format.holds.item_properties
        properties = said_in(extras, said) if said is not None else pa.nulls(len(extras), pa.string())
        return ReadAlone(name, read.mentions, read.labels, properties, surroundings)

    def _images_in(self, folder: str) -> Images:
        """The images in a folder, and in those beside it in which formats keep theirs by habit."""
        above, _, _ = folder.rpartition("/")

        def listed() -> dict[str, ImageFile]:
            near = self._files.path_of(above or ".").iterdir() if folder != "." else ()
            beside = [
                posixpath.join(above, one.name) for one in near if one.name in SIBLINGS and one.is_dir()
            ]
            return image_files(self._files, [folder, *sorted({*beside} - {folder})], []).images

        return Images({}, listed)


def _folder_of(path: Path) -> Path:
    return path if path.is_dir() else path.parent
