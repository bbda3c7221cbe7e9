"""Reading one image file, or some, into the store: each once; hashed, stored and understood in the same read."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from datalabel.content import BLOB, ObjectId, object_id
from datalabel.errors import DlabelError, Fault, InputError
from datalabel.files import Stat, read_whole
from datalabel.images import ImageFacts, read_facts
from datalabel.store.cache import Known
from datalabel.store.objects import LocalObjects, copy_blob, hash_stream

SMALL = 64 << 20
"""Files up to this size are read in one piece; larger ones pass through in blocks."""


@dataclass(frozen=True, slots=True)
class ReadImage:
    """One file that was read: its key, and what was found or what is wrong with it."""

    key: str
    known: Known | None = None
    fault: Fault | None = None


def read_block(objects: LocalObjects, files: Sequence[tuple[str, str]], *, keep: bool) -> list[ReadImage]:
    """Read some files, given as key and path. What is wrong with one is told of it."""
    return [_read_one(objects, key, path, keep=keep) for key, path in files]


def _read_one(objects: LocalObjects, key: str, path: str, *, keep: bool) -> ReadImage:
    try:
        return ReadImage(key, known=read_image(objects, key, path, keep=keep))
    except DlabelError as error:
        return ReadImage(key, fault=error.faults[0])
    except OSError as error:
        return ReadImage(key, fault=Fault(f"cannot be read: {error.strerror or error}", key))


def read_image(objects: LocalObjects, key: str, path: str | Path, *, keep: bool) -> Known:
    """Read one image file: its content id and header facts; with `keep`, its bytes go to the store.

    Raises:
        InputError: it is no image, truncated, beyond limits, or changed while it was read.
    """
    checked = time.time_ns()
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        before = Stat.of(os.fstat(descriptor))
        if before.size <= SMALL:
            data = read_whole(descriptor, before.size)
            facts = read_facts(data, name=key)
            content = objects.put(BLOB, data) if keep else object_id(BLOB, data)
        else:
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                facts, content = _read_large(objects, key, file, keep=keep)
        if Stat.of(os.fstat(descriptor)) != before:
            raise InputError("changed while it was read", where=key, hint="add it again")
    finally:
        os.close(descriptor)
    return Known(key, *before, checked, content, facts.text)


def _read_large(
    objects: LocalObjects, key: str, file: BinaryIO, *, keep: bool
) -> tuple[ImageFacts, ObjectId]:
    if keep:
        return _copy_large(objects, key, file)
    content, _ = hash_stream(file)
    file.seek(0)
    return read_facts(file, name=key), content


def _copy_large(objects: LocalObjects, key: str, file: BinaryIO) -> tuple[ImageFacts, ObjectId]:
    """Copy in constant memory; what is hashed and understood is the copy."""
    temporary = objects.new_temporary()
    try:
        with temporary.open("w+b") as copy:
            content, _ = copy_blob(file, copy)
            copy.seek(0)
            facts = read_facts(copy, name=key)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    objects.adopt(temporary, content)
    return facts, content
