"""Published splits: which items a list names. Text lists, VOC's ImageSets, `data.yaml`, and label files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from datalabel.errors import InputError
from datalabel.experiments.splits import check_name
from datalabel.files import is_within, no_such_file, read_bounded
from datalabel.repository.check.label_files import AskedFiles, read_alone
from datalabel.repository.names import Images, Place, meant
from datalabel.repository.project import Project
from datalabel.repository.view import View
from datalabel.spec.yaml_text import read_yaml

SOURCE = "source"
"""`--split-by source`: every label source is a split."""

ROOT = "root"
"""The split of a source that is the project's folder, whose own name is each copy's own."""

MAX_BYTES = 256 << 20
_YAML_SPLITS = {"train": "train", "validation": "val", "val": "val", "test": "test"}
"""What keys of `data.yaml` name; of two for one split, the later one counts."""

_FLAG = re.compile(r"\s+-?[01]$")
"""VOC's lists of a class say behind each name whether the image shows it."""
_WORD = re.compile(r"(?:^|[^a-z])(trainval|train|valid|val|test|dev)(?=$|[^a-z])")


@dataclass(frozen=True, slots=True)
class SplitLists:
    """For each split the items that its lists name, and the names that are no item here."""

    items: dict[str, list[str]] = field(default_factory=dict)
    unknown: dict[str, list[str]] = field(default_factory=dict)


def split_lists(project: Project, view: View, wanted: Sequence[str]) -> SplitLists:
    """What `--split-by` names: the word `source`, files, folders, or `NAME=FILE`.

    Raises:
        InputError: a file does not exist, names no item of this revision, or cannot be read.
    """
    if list(wanted) == [SOURCE]:
        return SplitLists(_by_source(view))
    reader = _Lists(project, view)
    for text in wanted:
        name, sign, path = text.partition("=")
        is_named = bool(sign) and not (project.root / text).exists()
        reader.add(*((path, name) if is_named else (text, None)))
    return reader.lists


def _by_source(view: View) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for name, source in view.tree.sources.items():
        if source.set is not None:
            items = view.mentions_of(name, ["item"]).column("item").unique().to_pylist()
            path = source.path or name
            lists.setdefault(ROOT if path == "." else split_name(path), []).extend(items)
    if len(lists) < 2:
        raise InputError(
            "--split-by source needs label sources for more than one split",
            hint="name files instead: --split-by train.txt --split-by val.txt",
        )
    return lists


def split_name(path: str) -> str:
    """What a list is called: the word for a split in its file's name (`instances_train2017`), else the name."""
    stem = posixpath.splitext(posixpath.basename(path.rstrip("/")))[0]
    word = _WORD.search(stem.lower())
    name = word[1] if word else stem
    check_name(name, path)
    return name


class _Lists:
    """Reads lists one after another and turns the names in them into keys."""

    def __init__(self, project: Project, view: View) -> None:
        self._project = project
        self.lists = SplitLists()
        tracked: dict[str, str | None] = {}
        for batch in view.item_batches(["item", "content"]):
            cells = (batch.column(name).to_pylist() for name in ("item", "content"))
            # Items that never came count as well: a list may name what only labels speak of.
            tracked.update((key, content or "") for key, content in zip(*cells, strict=True))
        self._images = Images(tracked, list)

    def add(self, text: str, name: str | None) -> None:
        """One argument of `--split-by`."""
        path = self._project.root / text
        if path.is_dir():
            files = sorted(found for found in path.rglob("*.txt") if found.is_file())
            if not files:
                raise InputError("the folder holds no lists (*.txt)", where=text)
            for file in files:
                self._add_names(split_name(file.name), _lines(file), file)
        elif not path.is_file():
            raise no_such_file(path, text, "no such file")
        elif path.suffix.lower() in (".yaml", ".yml"):
            self._add_yaml(path)
        else:
            names = (
                _lines(path) if path.suffix.lower() == ".txt" else _label_file_names(path, self._project.root)
            )
            self._add_names(name or split_name(path.name), names, path)

    def _add_yaml(self, path: Path) -> None:
        """Ultralytics' `data.yaml`: `train`, `val` and `test` are folders, lists, or several of them. Roboflow names
        folders for the last two, whether there are such or not."""
        fields = read_yaml(_text(path), str(path)).entries
        found = {split: fields[key] for key, split in _YAML_SPLITS.items() if key in fields}
        found = {split: node for split, node in found.items() if node.is_mapping or node.items or node.text}
        if not found:
            raise InputError("names no train, val or test", where=str(path))
        base = path.parent / (fields["path"].text if "path" in fields else ".")
        for split, node in found.items():
            for one in node.items or [node]:
                if one.is_list or one.is_mapping:
                    raise InputError(f"{split} is neither a path nor a list of paths", where=str(one.place))
                self._add_place(split, _place_in(base if base.is_dir() else path.parent, one.text), path)

    def _add_place(self, split: str, place: Path, said_in: Path) -> None:
        if place.is_file():
            self._add_names(split, _lines(place), place)
            return
        folder = self._project.key_of(place)
        inside = [key for key in self._images.tracked if is_within(key, folder)]
        if inside:
            self.lists.items.setdefault(split, []).extend(inside)
        elif place.exists() or split == "train":
            raise InputError(f"{split}: no item lies in {folder}", where=str(said_in))
        else:
            self.lists.unknown.setdefault(split, []).append(folder)

    def _add_names(self, split: str, names: Iterable[str], path: Path) -> None:
        inside = path.is_relative_to(self._project.root)
        place = Place(self._project.key_of(path.parent) if inside else None)
        found, unknown = [], []
        for name in names:
            key = self._key(name, place)
            if key is not None:
                found.append(key)
            elif not name.startswith("#"):  # a remark
                unknown.append(name)
        if not found:
            raise InputError(f"none of the {len(unknown):,} names in it is an item here", where=str(path))
        self.lists.items.setdefault(split, []).extend(found)
        if unknown:
            self.lists.unknown.setdefault(split, []).extend(unknown)

    def _key(self, name: str, place: Place) -> str | None:
        """The item that a name means, as it is before as if a flag stood behind it."""
        tries = (one for whole in (name, _FLAG.sub("", name)) for one in (whole, posixpath.basename(whole)))
        keys = (meant(one, place, self._images) for one in tries)
        return next((key for key in keys if key is not None), None)


def _place_in(base: Path, text: str) -> Path:
    """What `data.yaml` means by a path. Roboflow writes `../train/images` for what lies beside the file; Ultralytics
    takes it so where the path as written leads nowhere."""
    as_written = base / text
    return base / text.removeprefix("../") if not as_written.exists() else as_written


def _text(path: Path) -> str:
    data = read_bounded(path, MAX_BYTES, name=str(path), what="a list of images")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"cannot be read as text: {error}", where=str(path)) from None


def _lines(path: Path) -> list[str]:
    """The lines that hold something."""
    return [line.strip() for line in _text(path).splitlines() if line.strip()]


def _label_file_names(path: Path, root: Path) -> list[str]:
    """The images that a label file names."""
    names = [
        read.mentions.column("name").to_pylist()
        for read in read_alone(AskedFiles([path], root)).sources.values()
    ]
    return [str(name) for part in names for name in part]
