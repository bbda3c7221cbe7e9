"""A folder being written: whole with its manifest, or not there at all."""

from __future__ import annotations

import contextlib
import errno
import glob
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec

from datalabel.content import BLOB, ObjectId, hasher
from datalabel.errors import InputError
from datalabel.files import checked_key, contained, hold, write_new
from datalabel.formats.base import OutputFile
from datalabel.interrupts import settle
from datalabel.repository.image_bytes import NOT_HERE, differs, find_image
from datalabel.repository.output_file import refuse_own
from datalabel.repository.project import Project
from datalabel.repository.working_tree import MANIFEST, UNFINISHED
from datalabel.store.objects import copy_blob
from datalabel.threads import in_order

TOGETHER = 64
"""So many files are handed to a thread at a time."""

ImageMode = Literal["none", "copy", "link"]


class OutputFolder:
    """Files go to a folder beside the one that was asked for, which takes its place at `finish`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._partial = folder
        self._held: int | None = None
        self._made: set[str] = set()
        self._parents: list[Path] = []
        self.files: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        folder = self._folder
        refuse_own(folder)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise _not_empty(folder)
        self._parents = [one for one in folder.parents if not one.exists()]
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_dead(folder)
        self._partial = Path(
            tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=UNFINISHED, dir=folder.parent)
        )
        self._held = hold(self._partial)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._partial != self._folder:
            shutil.rmtree(self._partial, ignore_errors=True)
            for parent in self._parents:
                with contextlib.suppress(OSError):  # somebody uses it by now
                    parent.rmdir()
        if self._held is not None:
            os.close(self._held)

    def write_all(self, files: Iterable[OutputFile]) -> None:
        """Files in their order; another thread writes those whose bytes are there already: to make a file keeps the
        system busier than its bytes do, but a folder takes one file at a time.

        Raises:
            InputError: the folder has a file of one of these names already.
        """
        for written in in_order(self._write_several, self._several(files), workers=1):
            self.files |= written

    def _several(self, files: Iterable[OutputFile]) -> Iterator[list[OutputFile]]:
        """Files that are written together; what comes in pieces is written by the thread that makes the pieces."""
        several: list[OutputFile] = []
        for file in files:
            self.files[file.path] = {}  # its place among the others
            if not isinstance(file.chunks, Sequence):
                self.files[file.path] = self._write(file)
                continue
            several.append(file)
            if len(several) == TOGETHER:
                yield several
                several = []
        yield several

    def _write_several(self, files: Sequence[OutputFile]) -> dict[str, dict[str, Any]]:
        return {file.path: self._write(file) for file in files}

    def _write(self, file: OutputFile) -> dict[str, Any]:
        """One file, and what the manifest says of it."""
        running, size = hasher(BLOB), 0

        def measured() -> Iterator[bytes]:
            nonlocal size
            for chunk in file.chunks:
                running.update(chunk)
                size += len(chunk)
                yield chunk

        with _once(file.path):
            write_new(self._new(file.path), measured())
        return {"bytes": size, "blake3": running.hexdigest()}

    def put_image(self, project: Project, key: str, content: ObjectId, name: str, mode: ImageMode) -> None:
        """An image of the store as a file of its own, or as a read-only link into the store.

        Raises:
            InputError: its bytes are not here, or the folder lies where no link into the store can.
            DamagedError: the store holds other bytes under its name.
        """
        target = Path(self._new(name))
        origin = find_image(project, key, content)
        if origin is None:
            raise InputError(NOT_HERE, where=key, hint="--images none exports without them")
        if mode == "link":
            if not project.store.objects.has(content):
                raise InputError(
                    "with `images: reference` there is nothing to link to", where=key, hint="--images copy"
                )
            with _once(name):
                _link(origin, target, key)
            self.files[name] = {"bytes": origin.stat().st_size, "blake3": content}
            return
        with _once(name), origin.open("rb") as source, target.open("x+b") as out:
            found, size = copy_blob(source, out)
        if found != content:
            raise differs(project, key, origin, content)
        self.files[name] = {"bytes": size, "blake3": content}

    def _new(self, name: str) -> str:
        """Where a file goes. Its folder is made, and looked at for links, once: nobody else writes here."""
        folder = name.rpartition("/")[0]
        if folder not in self._made:
            with _once(name):
                contained(self._partial, name).parent.mkdir(parents=True, exist_ok=True)
            self._made.add(folder)
        return f"{self._partial}/{checked_key(name)}"

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest and put the folder in place."""
        value = {**manifest, "files": dict(sorted(self.files.items()))}
        # The standard library lays out a text of many files slowly, in Python.
        text = json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")
        contained(self._partial, MANIFEST).write_bytes(msgspec.json.format(text, indent=1) + b"\n")
        self._partial.chmod(0o755)
        settle()
        try:
            if self._folder.exists():
                self._folder.rmdir()
            self._partial.rename(self._folder)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):  # another command was quicker
                raise _not_empty(self._folder) from error
            raise
        self._partial = self._folder


def _not_empty(folder: Path) -> InputError:
    return InputError("is not an empty folder", where=str(folder), hint="name a new folder with -o DIR")


@contextlib.contextmanager
def _once(name: str) -> Iterator[None]:
    """Names are compared by the file system: its own idea of case and Unicode is the one that counts."""
    try:
        yield
    except FileExistsError:
        raise InputError(
            "two sources or images would become the same file",
            where=name,
            hint="export one of them: --where \"source = 'NAME'\", or \"item = 'NAME'\"",
        ) from None


def _remove_dead(folder: Path) -> None:
    """Remove what exports to this folder left when they were killed; those that live hold theirs."""
    for left in folder.parent.glob(f".{glob.escape(folder.name)}.*{UNFINISHED}"):
        with contextlib.suppress(OSError):
            held = hold(left)
            if held is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(held)


def _link(origin: Path, target: Path, key: str) -> None:
    try:
        os.link(origin, target)
    except FileExistsError:
        raise
    except OSError as error:
        raise InputError(
            f"cannot be linked into the folder: {error.strerror}",
            where=key,
            hint="a link needs the same file system; --images copy",
        ) from error
