"""What a YOLO source says beside its labels: names of classes, the task, the shape of keypoints.

Ultralytics has `data.yaml`; Darknet has `obj.names` (and `obj.data`, which names no more than files), labelling
tools leave `classes.txt`. Where several of them name classes, the first sort in this order counts.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from datalabel.errors import Fault, Faults, InputError, RefusedError, nearest
from datalabel.spec.yaml_text import Node, read_yaml

DATA_FILES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
CLASS_FILES = ("classes.txt",)
NAME_FILES = ("_darknet.labels",)
NAMES_SUFFIX = ".names"
OBJECTS_FILE = "obj.data"
LISTS = ("train.txt", "val.txt", "valid.txt", "validation.txt", "test.txt", "trainval.txt")
"""Lists of images, unless label lines stand in them."""

TASKS = ("detect", "segment", "pose", "obb")
MAX_POINTS = 10_000
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Dataset:
    """Classes by number (a number without a name is missing), and how labels are written.

    `task` is None where the source does not say: then a line's length tells boxes from polygons. `points` is
    (number of keypoints, numbers per keypoint). `sources` are the files that name the classes.
    """

    classes: Mapping[int, str] = field(default_factory=dict)
    task: str | None = None
    points: tuple[int, int] | None = None
    sources: tuple[str, ...] = ()


def rank_of(member: str) -> int | None:
    """Which sort of file that names classes this is, the most telling 0; None for any other file."""
    base = posixpath.basename(member).lower()
    if base in DATA_FILES:
        return 0
    if base.endswith(NAMES_SUFFIX) or base in NAME_FILES:
        return 1
    return 2 if base in CLASS_FILES else None


def read_dataset(files: Mapping[str, str], place: str, faults: Faults) -> tuple[Dataset, list[Fault]]:
    """What the files (text by path below the source called `place`) say, and what is odd in them.

    Faults are collected, with file and line.
    """
    reading = _Reading(place, faults)
    for member, text in files.items():
        rank = rank_of(member)
        if rank == 0:
            reading.data_file(member, text)
        elif rank is not None:
            reading.names(rank, member, dict(enumerate(_lines(text))))
    return reading.dataset(), reading.remarks


class _Reading:
    """Collects what the files say."""

    def __init__(self, place: str, faults: Faults) -> None:
        self._place = place
        self._faults = faults
        self._named: dict[int, dict[str, dict[int, str]]] = {}
        self._task: str | None = None
        self._points: tuple[int, int] | None = None
        self.remarks: list[Fault] = []

    def dataset(self) -> Dataset:
        """What was found; files of one sort must agree."""
        rank = min(self._named, default=None)
        if rank is None:
            return Dataset({}, self._task, self._points)
        (first, classes), *others = self._named[rank].items()
        for member, said in others:
            if said != classes:
                self._faults.add(f"names other classes than {first}", f"{self._place}/{member}")
        return Dataset(classes, self._task, self._points, tuple(self._named[rank]))

    def names(self, rank: int, member: str, names: Mapping[int, str]) -> None:
        """Note what one file calls the classes; an empty name is none."""
        named = {number: name for number, name in names.items() if name}
        if named:
            self._named.setdefault(rank, {})[member] = named

    def data_file(self, member: str, text: str) -> None:
        """Read a `data.yaml`."""
        where = f"{self._place}/{member}"
        try:
            root = read_yaml(text, where)
        except InputError as error:
            self._faults.extend(error.faults)
            return
        if not root.is_mapping:
            self._faults.add("is no mapping with `names`", where)
            return
        entries = root.entries
        if "names" in entries:
            names = self._mapping(entries["names"])
            self.names(0, member, names)
            self._count(entries.get("nc"), names)
        if "kpt_shape" in entries:
            self._points, self._task = self._shape(entries["kpt_shape"]), "pose"
        if "task" in entries:
            self._task = self._task_of(entries["task"])

    def _mapping(self, node: Node) -> dict[int, str]:
        """Names by number, from a list or a mapping."""
        if not (node.is_list or node.is_mapping):
            self._faults.add("`names` is neither a list nor a mapping of numbers to names", str(node.place))
            return {}
        given: Iterable[tuple[str, Node]] = (
            node.entries.items() if node.is_mapping else ((str(at), one) for at, one in enumerate(node.items))
        )
        names: dict[int, str] = {}
        for key, one in given:
            if not _NUMBER.fullmatch(key):
                self._faults.add(f"the class number {key[:40]!r} is not a whole number", str(one.place))
            elif one.is_list or one.is_mapping:
                self._faults.add(f"the name of class {key} is not a text", str(one.place))
            else:
                names[int(key)] = one.text
        return names

    def _count(self, node: Node | None, names: Mapping[int, str]) -> None:
        if node is not None and node.value != len(names):
            self.remarks.append(Fault(f"nc is {node.text[:40]}, but {len(names)} are named", str(node.place)))

    def _shape(self, node: Node) -> tuple[int, int] | None:
        shape = [one.value for one in node.items]
        match shape:
            case [int(count), int(dims)] if 1 <= count <= MAX_POINTS and dims in (2, 3):
                return count, dims
        self._faults.add(
            f"kpt_shape is not [points, 2 or 3] with at most {MAX_POINTS:,} points", str(node.place)
        )
        return None

    def _task_of(self, node: Node) -> str | None:
        if node.text in TASKS:
            return node.text
        close = nearest(node.text[:40], TASKS)
        hint = f"did you mean {close}?" if close else f"use one of {', '.join(TASKS)}"
        self._faults.add(f"unknown task {node.text[:40]!r}; {hint}", str(node.place))
        return None


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.removeprefix("\ufeff").splitlines()]


def numbers_of(classes: Mapping[int, str]) -> dict[str, int]:
    """The number of each name, the lowest where several have it."""
    numbers: dict[str, int] = {}
    for number in sorted(classes):
        numbers.setdefault(classes[number], number)
    return numbers


def with_classes(
    files: Mapping[str, str], dataset: Dataset, added: Sequence[str]
) -> tuple[dict[str, str], dict[int, str]]:
    """The files with more classes in them, under the next free numbers, and all classes by number.

    Raises:
        RefusedError: a name cannot stand on a line of its own, and the classes are named by such a list.
    """
    start = max(dataset.classes, default=-1) + 1
    fresh = dict(enumerate(added, start))
    classes = {**dataset.classes, **fresh}
    changed = _naming(files, dataset, classes, fresh)
    for member in files if added else ():
        if posixpath.basename(member).lower() == OBJECTS_FILE:
            changed[member] = re.sub(
                r"(?m)^(\s*classes\s*=\s*)[0-9]+", rf"\g<1>{len(classes)}", files[member]
            )
    return changed, classes


def with_names(files: Mapping[str, str], names: Mapping[str, str | None]) -> dict[str, str]:
    """The files with other names for classes, which keep their numbers; a class without a new name keeps its own, and
    is called unused where another one has got that.

    Raises:
        RefusedError: as `with_classes`.
    """
    dataset, _ = read_dataset(files, "", Faults())
    fresh = {number: now for number, name in dataset.classes.items() if (now := names.get(name))}
    taken = set(fresh.values())
    fresh |= {
        number: f"{name} (unused)"
        for number, name in dataset.classes.items()
        if number not in fresh and name in names and name in taken
    }
    return _naming(files, dataset, {**dataset.classes, **fresh}, fresh)


def _naming(
    files: Mapping[str, str], dataset: Dataset, classes: Mapping[int, str], fresh: Mapping[int, str]
) -> dict[str, str]:
    """The files with these classes in them, of which some are `fresh`."""
    from datalabel.formats.yolo.data_yaml import extended

    changed = dict(files)
    for member in dataset.sources if fresh else ():
        if rank_of(member) == 0:
            changed[member] = extended(files[member], classes)
        else:
            _refuse_unlisted(fresh.values(), member)
            changed[member] = _listed(files[member], fresh)
    return changed


def _refuse_unlisted(names: Iterable[str], member: str) -> None:
    faults = Faults()
    for name in names:
        if _lines(name) != [name]:
            faults.add(f"the class {name!r} cannot stand in a list with one name per line", member)
    faults.raise_if_any(RefusedError, hint="rename the class")


def _listed(text: str, fresh: Mapping[int, str]) -> str:
    """A file with a name per line, with these names on their lines (counted from 0)."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines()
    lines += [""] * (max(fresh) + 1 - len(lines))
    for number, name in fresh.items():
        mark = "\ufeff" if lines[number].startswith("\ufeff") else ""
        lines[number] = mark + name
    ended = text.endswith(("\n", "\r"))
    return newline.join(lines) + (newline if ended else "")
