"""Published splits: which items a list names. Text lists, VOC's ImageSets, `data.yaml`, and label files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from datalabel.errors import InputError, nearest
from datalabel.experiments.splits import check_name
from datalabel.repository.label_files import read_alone
from datalabel.repository.names import Images, Place, meant
from datalabel.repository.project import Project
from datalabel.repository.view import View

SOURCE = "source"
"""`--split-by source`: every label source is a split."""

MAX_BYTES = 256 << 20
_WORD = re.compile(r"(?:^|[^a-z])(trainval|train|valid|val|test|dev)(?=$|[^a-z])")


def split_lists(project: Project, view: View, wanted: Sequence[str]) -> dict[str, list[str]]:
    """For each split the items that `--split-by` names: the word `source`, files, folders, or `NAME=FILE`.

    Raises:
        InputError: a file does not exist, names no item of this revision, or cannot be read.
    """
    if list(wanted) == [SOURCE]:
        return _by_source(view)
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
            lists.setdefault(split_name(source.path or name), []).extend(items)
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
        self.lists: dict[str, list[str]] = {}
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
            close = nearest(path.name, [near.name for near in path.parent.glob("*")][:1000])
            raise InputError("no such file", where=text, hint=f"did you mean {close}?" if close else None)
        elif path.suffix.lower() in (".yaml", ".yml"):
            self._add_yaml(path)
        else:
            names = _lines(path) if path.suffix.lower() == ".txt" else _label_file_names(path)
            self._add_names(name or split_name(path.name), names, path)

    def _add_yaml(self, path: Path) -> None:
        """Ultralytics' `data.yaml`: `train`, `val` and `test` are folders, lists, or several of them."""
        import yaml

        try:
            fields = yaml.safe_load(_text(path))
        except (yaml.YAMLError, RecursionError) as error:
            raise InputError(f"cannot be read as YAML: {error}", where=str(path)) from None
        places = (
            {key: fields.get(key) for key in ("train", "val", "test")} if isinstance(fields, dict) else {}
        )
        found = {split: place for split, place in places.items() if place}
        if not found:
            raise InputError("names no train, val or test", where=str(path))
        base = path.parent / str(fields.get("path") or ".")
        for split, place in found.items():
            for one in place if isinstance(place, list) else [place]:
                if not isinstance(one, str):
                    raise InputError(f"{split} is neither a path nor a list of paths", where=str(path))
                self._add_place(split, (base if base.is_dir() else path.parent) / one, path)

    def _add_place(self, split: str, place: Path, said_in: Path) -> None:
        if place.is_file():
            self._add_names(split, _lines(place), place)
            return
        folder = self._project.key_of(place)
        inside = [key for key in self._images.tracked if key.startswith(folder + "/")]
        if not inside:
            raise InputError(f"{split}: no item lies in {folder}", where=str(said_in))
        self.lists.setdefault(split, []).extend(inside)

    def _add_names(self, split: str, names: Iterable[str], path: Path) -> None:
        inside = path.is_relative_to(self._project.root)
        place = Place(self._project.key_of(path.parent) if inside else None)
        wanted = [self._key(name, place) for name in names]
        found = [key for key in wanted if key is not None]
        if not found:
            raise InputError(f"none of the {len(wanted):,} names in it is an item here", where=str(path))
        self.lists.setdefault(split, []).extend(found)

    def _key(self, name: str, place: Place) -> str | None:
        return meant(name, place, self._images) or meant(posixpath.basename(name), place, self._images)


def _text(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"is larger than {MAX_BYTES >> 20} MiB", where=str(path))
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read as text: {error}", where=str(path)) from None


def _lines(path: Path) -> list[str]:
    """The first word of each line; VOC's lists per class have a number behind it."""
    lines = (line.strip() for line in _text(path).splitlines())
    return [re.sub(r"\s+-?[01]$", "", line) for line in lines if line and not line.startswith("#")]


def _label_file_names(path: Path) -> list[str]:
    """The images that a label file names."""
    names = [read.mentions.column("name").to_pylist() for read in read_alone(path)]
    return [str(name) for part in names for name in part]
