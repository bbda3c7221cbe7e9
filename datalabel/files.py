"""Files of the working tree: safe paths, the directory walk, durable and atomic writes.

Every path that comes from a file, an object or a database passes `checked_key` before it is used and
`contained` before anything is written there (law 8).
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import posixpath
import re
import stat
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from datalabel.errors import InputError, nearest
from datalabel.printable import printable

if TYPE_CHECKING:
    import ctypes

MAX_KEY_BYTES = 1024
"""Keys are bounded so that every index can hold them whole."""

_RESERVED = frozenset({".git", ".dlabel"})
_SHORT = frozenset({"git~1", "dlabel~1"})
"""What Windows may call them as well."""
_PLAIN = re.compile(r"[\w-][\w.-]*(?:/[\w-][\w.-]*)*", re.ASCII)
"""Keys that nothing can be said against; most are."""
_UNDECODED = re.compile("[\ud800-\udfff]")
_IGNORABLE = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, *range(0x206A, 0x2070), 0xFEFF]
)


def normalised(path: str) -> str:
    """A path as a key is spelled: `/`-separated, Unicode NFC, without `.` parts."""
    text = unicodedata.normalize("NFC", path) if not path.isascii() else path
    if "//" not in text and "/." not in text and not text.startswith(("/", ".")) and not text.endswith("/"):
        return text
    return "/".join(part for part in text.split("/") if part not in ("", "."))


def key_fault(key: str) -> str | None:
    """Why this text cannot be an item's key, or None when it can."""
    if len(key) <= MAX_KEY_BYTES and _PLAIN.fullmatch(key):
        return None
    if not key or key.startswith("/"):
        return "is empty" if not key else "is absolute"
    if "\0" in key:
        return "holds a NUL character"
    try:
        if len(key.encode()) > MAX_KEY_BYTES:
            return f"is longer than {MAX_KEY_BYTES} bytes"
    except UnicodeEncodeError:
        return "is not valid Unicode"
    for part in key.split("/"):
        if part in ("", ".", ".."):
            return f"has the part {part!r}"
        if is_reserved(part):
            return f"names {part!r}, which belongs to a version control system"
    return None


def is_reserved(part: str) -> bool:
    """Whether a name on a path means the folder of a version control system, in the eyes of the most careless file
    system (after a colon, Windows names a stream)."""
    if part.isascii() and "." not in part and "~" not in part:
        return False
    text = part if part.isascii() else unicodedata.normalize("NFKC", part).translate(_IGNORABLE)
    return text.casefold().partition(":")[0].rstrip(". ") in _RESERVED | _SHORT


def checked_key(key: str, *, where: str | None = None) -> str:
    """The key itself, when it is safe to use below a project's root.

    Raises:
        InputError: it is absolute, leaves the root, or names a version control system's folder.
    """
    fault = key_fault(key)
    if fault:
        raise InputError(
            f"the path {key!r} {fault}", where=where, hint="use a relative path inside the project"
        )
    return key


def contained(root: Path, key: str) -> Path:
    """The path of a key below a root, safe to write to: no folder on the way is a symbolic link.

    Raises:
        InputError: the key is unsafe, or a parent is a symbolic link.
    """
    checked_key(key)
    path = str(root)
    *parents, name = key.split("/")
    for part in parents:
        path = f"{path}/{part}"
        if os.path.islink(path):  # noqa: PTH114 - asked for every file of a project: a Path each would cost more
            raise InputError(f"{path} is a symbolic link; nothing is written through it", where=key)
    return Path(f"{path}/{name}")


class Stat(NamedTuple):
    """What tells whether a file may have changed since it was read. Times in nanoseconds."""

    size: int
    mtime: int
    ctime: int
    inode: int

    @classmethod
    def of(cls, result: os.stat_result) -> Stat:
        """From the operating system's answer."""
        return cls(result.st_size, result.st_mtime_ns, result.st_ctime_ns, result.st_ino)


class Entry(NamedTuple):
    """A regular file met on a walk: its path below the walk's root as on disk, and its stat."""

    path: str
    stat: Stat


def walk(
    root: str | Path,
    *,
    skip_folder: Callable[[str], bool] | None = None,
    skip_file: Callable[[str], bool] | None = None,
    linked: Callable[[str], object] | None = None,
    prefix: str = "",
) -> Iterator[Entry]:
    """Every regular file below a folder with its stat, the entries of each folder sorted by name.

    Folders behind symbolic links are not entered; links to files count as the files. `.git` and `.dlabel`, however
    they are spelled, are never entered. `skip_folder(path)` leaves out a whole folder and `skip_file(path)` a file;
    `linked(path)` is told of folders behind links. Names that are not valid Unicode raise `InputError`.
    """
    for name in _names_in(root):
        path, place = prefix + name, f"{root}/{name}"
        status = _status(os.lstat, place)
        if status is None:
            continue
        is_folder = stat.S_ISDIR(status.st_mode)
        skip = skip_folder if is_folder else skip_file
        if (is_folder and is_reserved(name)) or (skip and skip(path)):
            continue
        if not name.isascii():
            _check_name(name, place)
        if is_folder:
            yield from walk(
                place, skip_folder=skip_folder, skip_file=skip_file, linked=linked, prefix=path + "/"
            )
            continue
        if stat.S_ISLNK(status.st_mode):
            status = _status(os.stat, place)
        if status is not None and stat.S_ISREG(status.st_mode):
            yield Entry(path, Stat.of(status))
        elif status is not None and stat.S_ISDIR(status.st_mode) and linked is not None:
            linked(path)


def is_within(key: str, folder: str) -> bool:
    """Whether a key is a folder's own (`.`: the root), or lies in it."""
    return folder == "." or f"{key}/".startswith(f"{folder}/")


def folders_around(key: str) -> Iterator[str]:
    """The folders that a key lies in: the nearest first, the root (`.`) last."""
    while key := posixpath.dirname(key):
        yield key
    yield "."


def no_such_file(path: Path, said: str, what: str = "no such file or folder") -> InputError:
    """The error for a path that does not exist, as the user `said` it; it names the file beside it that is meant."""
    beside = [near.name for near in islice(path.parent.glob("*"), 1000)]
    close = nearest(path.name, beside)
    hint = f"did you mean {printable(close)}?" if close else None
    return InputError(what, where=printable(said), hint=hint)


def _names_in(folder: str | Path) -> list[str]:
    """What lies in a folder, sorted; nothing in one that is gone."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - asked of every folder there is, as all of a walk
    except FileNotFoundError:
        return []
    except OSError as error:
        hint = "let yourself in (chmod u+rx), or leave it out by a pattern in .dlabelignore"
        raise InputError(f"cannot read the folder: {error.strerror}", where=str(folder), hint=hint) from error


def _status(ask: Callable[[str], os.stat_result], path: str) -> os.stat_result | None:
    """What the system says of a file; None for one that is gone, and for a link that leads nowhere or in a circle."""
    try:
        return ask(path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return None
        raise


def _check_name(name: str, path: str) -> None:
    if not is_unicode(name):
        hint = "rename it, or leave it out by a pattern in .dlabelignore"
        raise InputError("the name is not valid Unicode", where=printable(path), hint=hint)


def is_unicode(text: str) -> bool:
    """Whether a text can be stored; one that was made of undecodable bytes cannot."""
    return text.isascii() or not _UNDECODED.search(text)


def write_atomic(path: Path, data: bytes) -> None:
    """Replace a file whole and durably: afterwards it holds either the old bytes or the new ones."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def write_new(path: str | Path, chunks: Iterable[bytes | memoryview], *, mode: int = 0o644) -> None:
    """Write a file that is not there yet, by the few calls that this takes; it is not durable by itself.

    Raises:
        FileExistsError: something has this name.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        for chunk in chunks:
            written = os.write(descriptor, chunk)
            while written < len(chunk):
                written += os.write(descriptor, memoryview(chunk)[written:])
    except BaseException:
        Path(path).unlink()
        raise
    finally:
        os.close(descriptor)


def read_whole(descriptor: int, size: int) -> bytes:
    """The bytes of an open file from where it stands to its end, of which about `size` are expected."""
    data = os.read(descriptor, size + 1)
    if len(data) == size:
        return data
    parts = [data]
    while parts[-1]:
        parts.append(os.read(descriptor, size + 1))
    return b"".join(parts)


def read_bounded(path: Path, limit: int, *, name: str, what: str, hint: str | None = None) -> bytes:
    """The bytes of a file that is read as `what` (e.g. "a data spec"); `name` is what messages call it.

    Raises:
        InputError: it is no regular file, cannot be read, or holds more than `limit` bytes.
    """
    if not path.is_file():
        raise InputError("is no file" if os.path.lexists(path) else "no such file", where=name, hint=hint)
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=name, hint=hint) from error
    if len(data) > limit:
        raise InputError(f"is larger than {limit >> 20} MiB, too large for {what}", where=name, hint=hint)
    return data


def sync_folder(folder: str | Path) -> None:
    """Make the names in a folder durable."""
    _sync(folder)


def _sync(path: str | Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_all(folder: str | Path, files: Sequence[str | Path]) -> None:
    """Make many new files below a folder durable: one `syncfs` where there is one, else a sync each."""
    if not files:
        return
    if len(files) > 8 and _syncfs(folder):
        return
    for path in files:
        _sync(path)


_FICLONE = 0x40049409
"""The ioctl by which Linux shares the blocks of one file with another (`linux/fs.h`)."""


def clone(source: BinaryIO, target: BinaryIO) -> bool:
    """Make `target` share the blocks of `source`, where the file system can; whether it did."""
    try:
        import fcntl

        fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
    except (ImportError, OSError):
        return False
    return True


def hold(folder: Path) -> int | None:
    """Lock a folder until the descriptor is closed or this process dies; None where the file system cannot lock.

    Raises:
        BlockingIOError: another one holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except (ImportError, OSError):
        os.close(descriptor)
        return None
    return descriptor


@functools.cache
def _libc() -> ctypes.CDLL | None:
    import ctypes  # who only reads syncs nothing

    try:
        library = ctypes.CDLL(None, use_errno=True)
        library.syncfs.argtypes = [ctypes.c_int]
    except (OSError, AttributeError):
        return None
    return library


def _syncfs(folder: str | Path) -> bool:
    library = _libc()
    if library is None:
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return bool(library.syncfs(descriptor) == 0)
    finally:
        os.close(descriptor)
