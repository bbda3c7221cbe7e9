"""Images read by processes beside this one: with small files, most of the work holds Python's lock.

A reader gets blocks of files and answers with what it read, and with the temporary files in which it wrote new
objects: these are this process's from then on, which alone makes them durable and visible.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from datalabel.content import ObjectId
from datalabel.processes import Answering, GoneError, Workers
from datalabel.repository.add.read_image import ReadImage, read_block
from datalabel.store.objects import LocalObjects

Files = Sequence[tuple[str, str]]
"""Files as key and path."""


class Answer(NamedTuple):
    """What was read, and the names of the files in `tmp/` that hold new objects."""

    images: list[ReadImage]
    written: dict[ObjectId, str]


class _About(NamedTuple):
    """The folder of the store, and whether the bytes of images are kept."""

    folder: bytes
    keep: bool


class Readers(Workers):
    """Some processes that read images into a store; as many threads may call `read` at once."""

    def __init__(self, objects: LocalObjects, number: int, *, keep: bool) -> None:
        """Start them, as many as the system lets; `keep` as in `read_image`."""
        super().__init__(f"{__name__}:{reader.__name__}", number)
        self.tell(msgspec.msgpack.encode(_About(os.fsencode(objects.folder), keep)))
        self._objects, self._keep, self._is_stopped = objects, keep, False

    def read(self, files: Files) -> list[ReadImage]:
        """Read some files by a reader; where it is gone, in this process. Nothing is read after `stop`."""
        question = msgspec.msgpack.encode([(key, os.fsencode(path)) for key, path in files])
        try:
            answer = msgspec.msgpack.decode(self.ask(question), type=Answer)
        except GoneError:
            return [] if self._is_stopped else read_block(self._objects, files, keep=self._keep)
        self._objects.take_over(answer.written)
        return answer.images

    def stop(self) -> None:
        """End the readers, whatever they are doing."""
        self._is_stopped = True
        super().stop()


def reader(about: memoryview) -> Answering:
    """What reads files into a store, at the other end."""
    folder, keep = msgspec.msgpack.decode(about, type=_About)
    objects = LocalObjects(Path(os.fsdecode(folder)))

    def answer(question: memoryview) -> bytes:
        asked = msgspec.msgpack.decode(question, type=list[tuple[str, bytes]])
        images = read_block(objects, [(key, os.fsdecode(path)) for key, path in asked], keep=keep)
        return msgspec.msgpack.encode(Answer(images, objects.hand_over()))

    return answer
