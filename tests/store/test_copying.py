"""Copying a large file into the store: its id is that of the copy, whatever the kernel can do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from blake3 import blake3

from datalabel.content import BLOB, object_id
from datalabel.store import objects
from datalabel.store.objects import copy_blob

RANGE = 1 << 12
WHOLE = bytes(2 * RANGE)


@pytest.fixture(autouse=True)
def short_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_RANGE", RANGE)
    monkeypatch.setattr(objects, "_BEHIND", 4 * RANGE)


def copied(tmp_path: Path, data: bytes) -> str:
    """The id that copying gives; the copy holds the same bytes."""
    (tmp_path / "source").write_bytes(data)
    with (tmp_path / "source").open("rb") as source, (tmp_path / "copy").open("w+b") as copy:
        name, size = copy_blob(source, copy)
    assert ((tmp_path / "copy").read_bytes(), size) == (data, len(data))
    return name


@pytest.mark.parametrize("size", [0, 1, RANGE - 1, RANGE, 9 * RANGE, 9 * RANGE + 5])
def test_a_copy_has_the_id_of_its_bytes(tmp_path: Path, size: int) -> None:
    data = blake3(b"bytes").digest(length=size)
    assert copied(tmp_path, data) == object_id(BLOB, data)


@pytest.mark.parametrize("reason", [errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP])
@pytest.mark.parametrize("after", [0, 3])
def test_where_the_kernel_does_not_copy_it_is_read_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int, after: int
) -> None:
    copy_file_range, calls = os.copy_file_range, iter(range(99))

    def refuse(source: int, out: int, count: int, place: int, to: int) -> int:
        if next(calls) < after:
            return copy_file_range(source, out, count, place, to)
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(os, "copy_file_range", refuse)
    data = blake3(b"bytes").digest(length=9 * RANGE + 5)
    assert copied(tmp_path, data) == object_id(BLOB, data)
    assert next(calls) == after + 1


def test_a_kernel_that_copies_nothing_and_says_nothing_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "copy_file_range", lambda *_: 0)
    assert copied(tmp_path, WHOLE) == object_id(BLOB, WHOLE)


def test_a_system_without_such_calls_copies_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "copy_file_range")
    monkeypatch.delattr(os, "posix_fadvise")
    data = blake3(b"bytes").digest(length=9 * RANGE)
    assert copied(tmp_path, data) == object_id(BLOB, data)


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(OSError, match="No space left"):
        copied(tmp_path, WHOLE)
