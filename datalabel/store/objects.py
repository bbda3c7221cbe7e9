"""Immutable objects, named by their content. The promises are written at `ObjectStore`."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self

from datalabel.content import BLOB, ObjectId, hasher, is_object_id, object_id
from datalabel.errors import DamagedError
from datalabel.files import clone, sync_all, sync_folder, write_new
from datalabel.threads import in_order

if TYPE_CHECKING:
    from blake3 import blake3

PUT_BACK = "put it back from a copy of .dlabel/objects"
"""The way out where an object is missing or damaged."""

MODE = 0o444
"""Objects are never written to again."""

_NOT_DAMAGE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EPERM)
"""Why an object may not open although it is whole."""


class ObjectStore(Protocol):
    """Where objects are kept.

    * An object's name follows from its kind and bytes; putting it again changes nothing.
    * `put` is not durable by itself: what a batch put is durable, and visible under its name, after
      `flush`; a name that can be seen means whole bytes.
    * `get` verifies what it returns against the name.
    * Implementations are safe to use from several threads.
    """

    def put(self, kind: str, data: bytes) -> ObjectId:
        """Keep these bytes; their id."""

    def adopt(self, temporary: Path, name: ObjectId) -> None:
        """Take over a finished temporary file that holds the object of this name."""

    def new_temporary(self) -> Path:
        """A path for an unfinished write, to be handed to `adopt` or removed."""

    def flush(self) -> None:
        """Make everything put so far durable and visible."""

    def get(self, kind: str, name: ObjectId) -> bytes:
        """The object's bytes, verified. Raises `DamagedError` when missing or changed."""

    def open(self, name: ObjectId, kind: str = "object") -> BinaryIO:
        """The object as a seekable file, not verified. Raises `DamagedError`, naming `kind`, when missing."""

    def has(self, name: ObjectId) -> bool:
        """Whether the object is there (put and not yet flushed counts)."""

    def ids(self) -> Iterator[ObjectId]:
        """The name of every visible object, sorted."""

    def delete(self, name: ObjectId) -> None:
        """Forget an object; no error when it is not there."""


def missing(name: ObjectId, kind: str = "object") -> DamagedError:
    """The error for an object that should be there and is not."""
    return DamagedError(f"the {kind} {name[:12]}… is missing from the store", hint=PUT_BACK)


def verified(kind: str, name: ObjectId, data: bytes) -> bytes:
    """The bytes, when they are those that the name promises.

    Raises:
        DamagedError: they are not.
    """
    if object_id(kind, data) != name:
        raise unlike(kind, name, len(data))
    return data


def unlike(kind: str, name: ObjectId, size: int, *, where: str | None = None) -> DamagedError:
    """The error for an object that is not what its name promises."""
    return DamagedError(
        f"the {kind} {name[:12]}… does not hold what its name says ({size:,} bytes)",
        where=where,
        hint=PUT_BACK,
    )


class LocalObjects:
    """Objects as files: `objects/ab/cdef…`, mode 0444, by way of `tmp/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._objects = str(folder / "objects")
        self._tmp = str(folder / "tmp")
        # Texts, not paths: with many small objects, taking paths apart would cost more than writing them.
        self._pending: dict[ObjectId, str] = {}
        self._folders: set[str] = set()  # those that are there
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._serial = 0

    def path(self, name: ObjectId) -> Path:
        """Where the object of this name lies, or would lie."""
        return Path(self._path(name))

    def _path(self, name: ObjectId) -> str:
        if not is_object_id(name):
            raise DamagedError(f"{str(name)[:80]!r} is not the name of an object")
        return f"{self._objects}/{name[:2]}/{name[2:]}"

    def new_temporary(self) -> Path:
        """A path below `tmp/` that nobody else uses."""
        return Path(self._temporary())

    def _temporary(self) -> str:
        with self._lock:
            self._serial += 1
            return f"{self._tmp}/{os.getpid()}-{id(self):x}-{self._serial}"

    def put(self, kind: str, data: bytes) -> ObjectId:
        """Write the bytes to `tmp/`, unless the store has them."""
        name = object_id(kind, data)
        if not self.has(name):
            temporary = self._temporary()
            write_new(temporary, [data], mode=MODE)
            self._keep(temporary, name)
        return name

    def adopt(self, temporary: Path, name: ObjectId) -> None:
        """Take over a file of `tmp/`; it becomes visible with the next flush."""
        temporary.chmod(MODE)
        self._keep(str(temporary), name)

    def _keep(self, temporary: str, name: ObjectId) -> None:
        with self._lock:
            known = name in self._pending
            if not known:
                self._pending[name] = temporary
        if known:
            Path(temporary).unlink()

    def hand_over(self) -> dict[ObjectId, str]:
        """What was put and not flushed, for another process to `take_over`: names of files in `tmp/`."""
        return {name: temporary.rpartition("/")[2] for name, temporary in self._taken().items()}

    def take_over(self, written: Mapping[ObjectId, str]) -> None:
        """Keep what another process put into `tmp/` and handed over."""
        for name, temporary in written.items():
            self._keep(f"{self._tmp}/{temporary}", name)

    def _taken(self) -> dict[ObjectId, str]:
        with self._lock:
            pending, self._pending = self._pending, {}
        return pending

    def flush(self) -> None:
        """Sync the data, rename, sync the folders: in this order, so that a name implies whole bytes."""
        with self._flushing:
            with self._lock:
                pending = dict(self._pending)
            if pending:
                self._make_visible(pending)
            with self._lock:
                for name in pending:
                    self._pending.pop(name, None)

    def _make_visible(self, pending: Mapping[ObjectId, str]) -> None:
        sync_all(self._tmp, list(pending.values()))
        folders: set[str] = set()
        for name, temporary in pending.items():
            path = self._path(name)
            folder = path[:-63]
            if folder not in self._folders:
                Path(folder).mkdir(exist_ok=True)
                self._folders.add(folder)
            folders.add(folder)
            os.rename(temporary, path)  # noqa: PTH104 - see `_pending`
        if len(folders) > 8:
            sync_all(self._objects, sorted(folders))
        else:
            for folder in folders:
                sync_folder(folder)
        sync_folder(self._objects)

    def discard(self) -> None:
        """Drop what was put and not flushed."""
        for temporary in self._taken().values():
            Path(temporary).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def get(self, kind: str, name: ObjectId) -> bytes:
        """Read and verify the whole object."""
        with self.open(name, kind) as source:
            return verified(kind, name, source.read())

    def open(self, name: ObjectId, kind: str = "object") -> BinaryIO:
        """Open the object's file (or its unfinished copy) for reading."""
        pending = self._pending.get(name)
        try:
            if pending is not None:
                with contextlib.suppress(FileNotFoundError):  # it was flushed just now
                    return Path(pending).open("rb")
            return Path(self._path(name)).open("rb")
        except FileNotFoundError:
            raise missing(name, kind) from None
        except OSError as error:
            if error.errno in _NOT_DAMAGE:
                raise
            raise DamagedError(f"the {kind} {name[:12]}… cannot be read: {error.strerror}") from error

    def has(self, name: ObjectId) -> bool:
        """Whether the object is there, flushed or not."""
        return name in self._pending or os.access(self._path(name), os.F_OK)

    def ids(self) -> Iterator[ObjectId]:
        """Every name, by listing the folders. What else lies there is none of ours."""
        for folder in sorted(path for path in Path(self._objects).iterdir() if path.is_dir()):
            with os.scandir(folder) as found:
                names = sorted(folder.name + entry.name for entry in found if entry.is_file())
            yield from (ObjectId(name) for name in names if is_object_id(name))

    def status(self, name: ObjectId) -> os.stat_result | None:
        """The status of the object's file; None when it is gone."""
        try:
            return self.path(name).stat()
        except FileNotFoundError:
            return None

    def delete(self, name: ObjectId) -> None:
        """Remove the object's file."""
        self.path(name).unlink(missing_ok=True)


_BLOCK = 1 << 18
"""So many bytes are read and written at a time: Linux took three times as long to write 4 MiB at a time."""


def hash_stream(source: BinaryIO, out: BinaryIO | None = None, *, kind: str = BLOB) -> tuple[ObjectId, int]:
    """Read a file once: its id and size, copying it to `out` on the way. Constant memory."""
    running, size = hasher(kind), 0
    while data := source.read(_BLOCK):
        running.update(data)
        size += len(data)
        if out is not None:
            out.write(data)
    return ObjectId(running.hexdigest()), size


_RANGE = 1 << 24
"""So many bytes are copied before a thread begins to hash them."""

_BEHIND = 16 * _RANGE
"""What lies so far back is on the disk by now."""


def copy_blob(source: BinaryIO, out: BinaryIO) -> tuple[ObjectId, int]:
    """Copy a whole file into an empty one: the blob id and the size of the copy. Constant memory.

    Blocks are shared where the file system can. Else the kernel copies what is large, and a thread hashes what is
    copied and has it written to disk: for 4 GB, that takes half of the time of reading, hashing, writing and syncing
    in turn.
    """
    if clone(source, out):
        return hash_stream(out)
    size = os.fstat(source.fileno()).st_size
    if size <= _RANGE or not hasattr(os, "copy_file_range"):
        return hash_stream(source, out)
    try:
        running = hasher(BLOB)
        for _ in in_order(partial(_take_in, running, out.fileno()), _copied(source, out, size), workers=1):
            pass
        return ObjectId(running.hexdigest()), size
    except OSError as error:
        if error.errno not in _CANNOT_COPY:
            raise
    out.truncate(0)
    return hash_stream(source, out)


_CANNOT_COPY = (errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP)
"""What a kernel or a file system answers that does not copy between these two files."""


def _copied(source: BinaryIO, out: BinaryIO, size: int) -> Iterator[range]:
    """Copy range by range; where each lies. Neither file moves its position.

    Raises:
        OSError: as the system says, and where it says nothing but copies less than there is (old kernels do).
    """
    place = 0
    while place < size:
        copied = os.copy_file_range(source.fileno(), out.fileno(), _RANGE, place, place)
        if not copied:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        yield range(place, place + copied)
        place += copied


def _take_in(running: blake3, file: int, where: range) -> None:
    """Hash a range of a new file, and have it written to disk."""
    place = where.start
    while data := os.pread(file, min(_BLOCK, where.stop - place), place):
        running.update(data)
        place += len(data)
    if hasattr(os, "posix_fadvise"):
        # Linux begins to write what is said to be needed no more. Said again when it is written, it frees the memory,
        # which the next ranges take: where memory is new to a virtual machine, that is four times as fast.
        for start in (where.start, where.start - _BEHIND):
            if start >= 0:
                os.posix_fadvise(file, start, len(where), os.POSIX_FADV_DONTNEED)


def blob_id_of(path: Path) -> ObjectId:
    """The blob id of a file's bytes. Constant memory."""
    with path.open("rb") as file:
        return hash_stream(file)[0]
