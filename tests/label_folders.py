"""Folders of label files that are edited and added again: what they begin with, and what may happen to them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pictures import write_image

import datalabel
from datalabel.repository.repository import Repository

Files = dict[str, str]
Edit = Callable[[Files, random.Random], None]

IMAGES = 12
DATA = "data.yaml"


def yolo() -> Files:
    lines = [f"0 0.5 0.5 0.{number + 10} 0.25\n1 0.25 0.5 0.125 0.5\n" for number in range(IMAGES)]
    files = {f"labels/{number:02}.txt": text for number, text in enumerate(lines)}
    return {DATA: "names: [cat, dog]\n", **files}


def voc() -> Files:
    def box(name: str, left: int) -> str:
        sides = f"<xmin>{left}</xmin><ymin>2</ymin><xmax>{left + 9}</xmax><ymax>20</ymax>"
        return f"  <object><name>{name}</name><bndbox>{sides}</bndbox></object>\n"

    def file(number: int) -> str:
        size = "<size><width>64</width><height>48</height></size>"
        boxes = box("cat", number) + box("dog", number + 5)
        return f"<annotation>\n  <filename>{number:02}.jpg</filename>{size}\n{boxes}</annotation>\n"

    return {f"{number:02}.xml": file(number) for number in range(IMAGES)}


def _one(files: Files, at: random.Random) -> str:
    return at.choice(sorted(name for name in files if name != DATA))


def _changed(old: str, new: str) -> Edit:
    def edit(files: Files, at: random.Random) -> None:
        name = _one(files, at)
        files[name] = files[name].replace(old, new, 1)

    return edit


def _first_changed(old: str, new: str) -> Edit:
    def edit(files: Files, at: random.Random) -> None:
        name = min(name for name in files if name != DATA)
        files[name] = files[name].replace(old, new)

    return edit


def _drop_file(files: Files, at: random.Random) -> None:
    if len(files) > 3:
        del files[_one(files, at)]


def _empty_file(files: Files, at: random.Random) -> None:
    files[_one(files, at)] = ""


def _same_as_another(files: Files, at: random.Random) -> None:
    files[_one(files, at)] = files[_one(files, at)]


def _other_line_ends(files: Files, at: random.Random) -> None:
    name = _one(files, at)
    files[name] = files[name].replace("\r\n", "\n").replace("\n", "\r\n")


def _mostly_other_line_ends(files: Files, at: random.Random) -> None:
    for name in files:
        if at.random() < 0.7:
            files[name] = files[name].replace("\r\n", "\n").replace("\n", "\r\n")


def _other_spelling(files: Files, at: random.Random) -> None:
    for name in sorted(name for name in files if name != DATA)[:3]:
        files[name] = re.sub(r"0\.\d+", lambda found: f"{float(found[0]):.6f}", files[name])


def _exchanged_classes(files: Files, at: random.Random) -> None:
    files[DATA] = "names: [dog, cat]\n"


def _more_classes(files: Files, at: random.Random) -> None:
    files[DATA] = files[DATA] + "\n"


@dataclass(frozen=True)
class Folder:
    """A format, a folder of it, and what may happen to that."""

    format: str
    begun: Callable[[], Files]
    edits: tuple[Edit, ...]


_ANY: tuple[Edit, ...] = (_drop_file, _other_line_ends, _mostly_other_line_ends, _changed("\n", "\n\n"))
FOLDERS = [
    Folder(
        "yolo",
        yolo,
        (
            *(*_ANY, _empty_file, _same_as_another, _exchanged_classes, _more_classes, _other_spelling),
            *(_changed("0 0.5 ", "0 1.75 "), _changed("1 0.25", "1 0.250"), _first_changed("0.5", "0.50")),
            *(_changed(" 0.25\n", " 0.25 0.5\n"), _changed("1 0.25 0.5 ", "1 0.25 0.5 0.5 0.25 0.75 ")),
            _changed("0.125 0.5\n", "0.125 0.5 0.5 0.75\n1 0.5 0.5 0.25 0.25 0.75 0.25 0.5\n"),
        ),
    ),
    Folder(
        "voc",
        voc,
        (
            *(
                *_ANY,
                _changed("<xmin>1", "<xmin>0"),
                _changed("<xmin>", "<xmin> "),
                _first_changed("  ", "\t"),
            ),
            _changed("</name>", "</name><pose>Left</pose>"),
            _changed("<filename>", "<folder>all</folder><filename>"),
            _changed("<width>64", "<width>65"),
            _first_changed("</name>", "</name><difficult>0</difficult>"),
        ),
    ),
]


def write(repo: Repository, files: Files) -> None:
    folder = repo.root / "labels"
    for path in sorted(folder.rglob("*")) if folder.exists() else ():
        if path.is_file() and path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != text.encode():
            path.write_bytes(text.encode())


def begin(folder: Path, files: Files) -> Repository:
    repo = datalabel.init(folder, name="test")
    for number in range(IMAGES):
        write_image(repo.root / f"{number:02}.jpg", number)
    repo.add(*(repo.root / f"{number:02}.jpg" for number in range(IMAGES)))
    write(repo, files)
    return repo
