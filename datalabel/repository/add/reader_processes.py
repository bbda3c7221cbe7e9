"""Processes that read images beside this one: with small files, most of the work holds Python's lock.

A reader gets blocks of files and answers with what it read, and with the temporary files in which it wrote new
objects: these are this process's from then on, which alone makes them durable and visible. A reader that dies, or
does not start, is done without.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import queue
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Self, cast

import msgspec

from datalabel.content import ObjectId
from datalabel.repository.add.read_image import ReadImage, read_block
from datalabel.store.objects import LocalObjects

MOST = 8
"""More readers would wait for the disk."""

_READER = """\
import json, sys
sys.path[:] = json.loads(sys.argv.pop(1))
from datalabel.repository.add.reader import serve
serve(sys.argv[1:], sys.stdin.buffer)
"""
"""Who sits at the other end: the same program, found where this one was."""

Files = Sequence[tuple[str, str]]
"""Files as key and path."""


class Answer(NamedTuple):
    """What was read, and the names of the files in `tmp/` that hold new objects."""

    images: list[ReadImage]
    written: dict[ObjectId, str]


class Readers:
    """Some processes that read images into a store; a call of `read` uses one, so that as many threads are served."""

    def __init__(self, objects: LocalObjects, number: int, *, keep: bool) -> None:
        """Start them, as many as the system lets; `keep` as in `read_image`."""
        self._objects, self._keep, self._is_stopped = objects, keep, False
        self._all: list[_Reader] = []
        self._free: queue.SimpleQueue[_Reader | None] = queue.SimpleQueue()
        for _ in range(number):
            reader = None
            with contextlib.suppress(OSError):
                reader = _Reader(objects.folder, keep=keep)
                self._all.append(reader)
            self._free.put(reader)

    def read(self, files: Files) -> list[ReadImage]:
        """Read some files by a reader; where it is gone, in this process. Nothing is read after `stop`."""
        reader = self._free.get()
        try:
            if reader is None:
                raise _GoneError
            answer = reader.read(files)
        except _GoneError:
            return [] if self._is_stopped else read_block(self._objects, files, keep=self._keep)
        finally:
            self._free.put(reader)
        self._objects.take_over(answer.written)
        return answer.images

    def stop(self) -> None:
        """End the readers, whatever they are doing."""
        self._is_stopped = True
        for reader in self._all:
            reader.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _GoneError(Exception):
    """A reader does not answer."""


class _Reader:
    """One process, from outside."""

    def __init__(self, folder: Path, *, keep: bool) -> None:
        # Not what lies where one stands (the empty path), unless that is this package.
        path = [*map(str, filter(None, sys.path)), str(Path(__file__).parents[3])]
        command = [sys.executable, "-P", "-c", _READER, json.dumps(path), str(folder), *["keep"] * keep]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nothing)  # noqa: S603 - ourselves
        self._questions = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("io.BufferedReader", self._process.stdout)
        self._is_known = False

    def read(self, files: Files) -> Answer:
        """Have some files read.

        Raises:
            _GoneError: the process died, or is not this program.
        """
        try:
            self._is_known = self._is_known or self._greets()
            if not self._is_known:
                raise EOFError
            send(self._questions, msgspec.msgpack.encode([(key, os.fsencode(path)) for key, path in files]))
            return msgspec.msgpack.decode(received(self._answers), type=Answer)
        except (OSError, EOFError, ValueError, msgspec.DecodeError) as error:
            self.stop()
            raise _GoneError from error

    def _greets(self) -> bool:
        """Whether its first word is ours. Nobody is waited for who says something else."""
        said = b""
        while said != ourselves() and ourselves().startswith(said):
            more = self._answers.read1(len(ourselves()) - len(said))
            if not more:
                return False
            said += more
        return said == ourselves()

    def stop(self) -> None:
        """End the process: it has nothing to lose."""
        self._process.kill()
        with contextlib.suppress(OSError), self._process:
            pass


def number_of_readers() -> int:
    """How many readers are of use: one for each processor; none where there is one, or where what runs this program
    is no Python that would run another."""
    is_python = Path(sys.executable or "").name.startswith("python") and not hasattr(sys, "frozen")
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(processors, MOST) if is_python and processors > 1 else 0


def ourselves() -> bytes:
    """Which program this is, and a reader's first word: on another's path another version may lie."""
    return os.fsencode(__file__)


def send(stream: IO[bytes], data: bytes) -> None:
    """Say something to the other side."""
    stream.write(len(data).to_bytes(4, "big") + data)
    stream.flush()


def received(stream: IO[bytes]) -> bytes:
    """What the other side says.

    Raises:
        EOFError: the other side is gone.
    """
    head = stream.read(4)
    data = stream.read(int.from_bytes(head, "big"))
    if len(head) < 4 or len(data) < int.from_bytes(head, "big"):
        raise EOFError
    return data
