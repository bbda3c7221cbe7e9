"""What a disk holds after the power went: only what was synced, or that and some of the rest.

Replays the log of `shim.c`. The model: a file's bytes are durable after a sync of the file or of its file system,
a name after a sync of its folder or of the file system. What was not synced may be there in part: names in the
order in which they were made, a file's writes in any choice, the last of them torn.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Event:
    """One change, as logged."""

    what: str
    path: str
    other: str
    offset: int
    data: bytes


def events(log: Path) -> list[Event]:
    """What a command did, in order."""
    text, at = log.read_bytes(), 0
    found: list[Event] = []
    while at < len(text):
        end = text.index(b"\n", at)
        what, path, other, offset, size = text[at:end].decode().split("\t")
        at = end + 1 + int(size)
        found.append(Event(what, path, other, int(offset), text[end + 1 : at]))
    return found


@dataclass(slots=True)
class File:
    """Bytes that are durable, and what was done to them since."""

    synced: bytes = b""
    since: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Writes at an offset; None: cut to that length."""

    def sync(self) -> None:
        """Everything so far is durable."""
        self.synced, self.since = self.after(self.since), []

    def after(self, changes: list[tuple[int, bytes | None]]) -> bytes:
        """The bytes with some changes."""
        held = bytearray(self.synced)
        for offset, data in changes:
            if data is None:
                del held[offset:]
                held.extend(bytes(offset - len(held)))
            else:
                held.extend(bytes(max(offset - len(held), 0)))
                held[offset : offset + len(data)] = data
        return bytes(held)

    def torn(self, drawn: random.Random) -> bytes:
        """The bytes with any of the changes, one of which may have stopped half way."""
        kept = [change for change in self.since if drawn.random() < 0.5]
        if kept and drawn.random() < 0.5:
            offset, data = kept[-1]
            if data is not None:
                kept[-1] = (offset, data[: drawn.randrange(len(data) + 1) // SECTOR * SECTOR])
        return self.after(kept)


@dataclass(slots=True)
class Naming:
    """A change of names: `path` is now `file` (None: gone; a folder: "folder"), or `origin` took its place."""

    path: str
    file: File | str | None
    origin: str | None = None
    durable: bool = False

    @property
    def folders(self) -> set[str]:
        """The folders whose sync makes it durable."""
        return {str(PurePosixPath(name).parent) for name in (self.path, self.origin) if name}

    def apply(self, names: dict[str, File | str]) -> None:
        """Change the names as this says; what lies in a renamed folder goes with it."""
        if self.file is None:
            names.pop(self.path, None)
            return
        if self.origin is not None:
            inside = [name for name in names if name.startswith(self.origin + "/")]
            for name in inside:
                names[self.path + name[len(self.origin) :]] = names.pop(name)
            names.pop(self.origin, None)
        names[self.path] = self.file


class Disk:
    """The files below a folder while a log is replayed."""

    def __init__(self, folder: Path) -> None:
        self._root = str(folder)
        self._start: dict[str, File | str] = {self._root: "folder"}
        for path in sorted(folder.rglob("*")):
            self._start[str(path)] = "folder" if path.is_dir() else File(path.read_bytes())
        self._names = dict(self._start)
        self._namings: list[Naming] = []

    def play(self, event: Event) -> None:
        """One change more."""
        file = self._names.get(event.path)
        match event.what:
            case "write" if isinstance(file, File):
                file.since.append((event.offset, event.data))
            case "truncate" if isinstance(file, File):
                file.since.append((event.offset, None))
            case "create" if file is None:
                self._name(Naming(event.path, File()))
            case "mkdir":
                self._name(Naming(event.path, "folder"))
            case "unlink" | "rmdir":
                self._name(Naming(event.path, None))
            case "rename" if file is not None:
                self._name(Naming(event.other, file, event.path))
            case "link" if file is not None:
                self._name(Naming(event.other, file))
            case "fsync" | "fdatasync":
                self._sync(event.path)
            case "syncfs":
                self._sync_all()

    def _name(self, naming: Naming) -> None:
        naming.apply(self._names)
        self._namings.append(naming)

    def _sync(self, path: str) -> None:
        found = self._names.get(path)
        if isinstance(found, File):
            found.sync()
        for naming in self._namings:
            naming.durable = naming.durable or path in naming.folders

    def _sync_all(self) -> None:
        for found in self._names.values():
            if isinstance(found, File):
                found.sync()
        for naming in self._namings:
            naming.durable = True

    def crash(self, target: Path, drawn: random.Random | None = None) -> None:
        """Write to an empty folder what is there after the power went: what was synced, or some more."""
        names = dict(self._start)
        kept = drawn.randrange(len(self._namings) + 1) if drawn else 0
        for number, naming in enumerate(self._namings):
            if naming.durable or number < kept:
                naming.apply(names)
        for name in sorted(names):
            held = names[name]
            path = target / PurePosixPath(name).relative_to(self._root)
            if isinstance(held, str):
                if path.parent.is_dir():
                    path.mkdir(exist_ok=True)
            elif path.parent.is_dir():
                path.write_bytes(held.torn(drawn) if drawn else held.synced)
