"""`cache.db`: what is known of the working tree's files, so that unchanged files are not read again; of what label
sources said, so that only what is new in them is read; and of the pixels of images, so that none is decoded twice.

It may be deleted at any time, and everything in it points at durable objects only. A damaged cache is
replaced by an empty one.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from datalabel.content import ObjectId, fingerprints
from datalabel.files import Stat
from datalabel.images import ImageFacts
from datalabel.looks import VERSION, Look

_SCHEMA = """\
CREATE TABLE files (path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, ctime INTEGER, inode INTEGER, \
checked INTEGER, content TEXT, facts TEXT) WITHOUT ROWID
CREATE TABLE tracked (key TEXT PRIMARY KEY, content TEXT) WITHOUT ROWID
CREATE TABLE looks (content TEXT PRIMARY KEY, version INTEGER, bits INTEGER, fault TEXT, cut INTEGER) WITHOUT ROWID
CREATE TABLE wordings (source TEXT PRIMARY KEY, read_as TEXT, texts BLOB)
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID
""".splitlines()

RACY = 50_000_000
"""A file whose time of change lies within so many nanoseconds of its reading may have changed since without
a new time; it is read again."""
SECOND = 1_000_000_000
COARSE = 2 * SECOND
"""The same where the disk keeps whole seconds only, as old file systems do, or every other one (FAT)."""


class Known(NamedTuple):
    """What one reading of a file found, and when (ns). The second to fifth are its `Stat`; `facts` is the text of an
    `ImageFacts`, and null for a label file."""

    path: str
    size: int
    mtime: int
    ctime: int
    inode: int
    checked: int
    content: ObjectId
    facts: str | None = None

    @property
    def image(self) -> ImageFacts | None:
        """What the header of an image said; None for a label file, and where the text is damaged."""
        try:
            return ImageFacts.of_text(self.facts) if self.facts else None
        except ValueError:
            return None

    def still(self, stat: Stat) -> bool:
        """Whether a file with this stat surely still has the content that was read."""
        _, size, mtime, ctime, inode, checked, _, _ = self
        newest = mtime if mtime > ctime else ctime  # noqa: FURB136 - asked for every file there is
        return (
            stat == (size, mtime, ctime, inode) and newest + (RACY if newest % SECOND else COARSE) < checked
        )


class Cache:
    """The cache of one project."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = _opened_or_new(self._path)
            except (sqlite3.OperationalError, OSError):
                # It cannot be made here (read-only project, full disk): one that lasts for this command.
                self._connection = _opened(":memory:")
        return self._connection

    def close(self) -> None:
        """Release the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def files(self) -> dict[str, Known]:
        """Everything known, by path."""
        found: dict[str, Known] = {}
        with self._forgiving() as db:
            rows = db.execute("SELECT path, size, mtime, ctime, inode, checked, content, facts FROM files")
            found.update({one.path: one for one in map(Known._make, rows)})
        return found

    def remember(self, known: Iterable[Known]) -> None:
        """Note what was read. The objects must be durable by now. A read-only project remembers nothing."""
        rows = list(known)
        with self._forgiving() as db:
            db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def tracked(self, table: str | None) -> dict[str, str | None] | None:
        """Key and content of every item of the items table of this id, if that is the one indexed."""
        with self._forgiving() as db:
            row = db.execute("SELECT value FROM meta WHERE key = 'tracked'").fetchone()
            if row is not None and row[0].startswith(f"{table or ''} "):
                found = dict(db.execute("SELECT key, content FROM tracked"))
                if row[0] == _index_of(table, found):
                    return found
        return None

    def index(self, table: str | None, items: Mapping[str, str | None]) -> None:
        """Index the items table of this id."""
        with self._forgiving() as db:
            db.execute("DELETE FROM tracked")
            db.executemany("INSERT INTO tracked VALUES (?, ?)", items.items())
            db.execute("INSERT OR REPLACE INTO meta VALUES ('tracked', ?)", (_index_of(table, items),))

    def reindex(
        self, old: str | None, new: str | None, items: Mapping[str, str | None], gone: Iterable[str]
    ) -> None:
        """Carry the index from one items table to the next, of which it is known what differs."""
        known = self.tracked(old)
        if known is None:
            return
        gone = list(gone)
        for key in gone:
            known.pop(key, None)
        known.update(items)
        with self._forgiving() as db:
            db.executemany("DELETE FROM tracked WHERE key = ?", [(key,) for key in gone])
            db.executemany("INSERT OR REPLACE INTO tracked VALUES (?, ?)", items.items())
            db.execute("UPDATE meta SET value = ? WHERE key = 'tracked'", (_index_of(new, known),))

    def wordings(self, source: str, read_as: str) -> bytes:
        """Pairs of fingerprints (16 bytes each), of what a source said and of what that became, if it was last read
        so; else none."""
        with self._forgiving() as db:
            wanted = "SELECT texts FROM wordings WHERE source = ? AND read_as = ?"
            row = db.execute(wanted, (source, read_as)).fetchone()
            if row is not None and isinstance(row[0], bytes) and len(row[0]) % 16 == 0:
                return row[0]
        return b""

    def remember_wordings(self, source: str, read_as: str, texts: bytes) -> None:
        """Note what a source said when it was read so. A fingerprint that is damaged matches nothing."""
        with self._forgiving() as db:
            db.execute("INSERT OR REPLACE INTO wordings VALUES (?, ?, ?)", (source, read_as, texts))

    def looks(self, contents: Iterable[str]) -> dict[str, Look]:
        """What is known of the pixels of these images."""
        found: dict[str, Look] = {}
        with self._forgiving() as db:
            for content in contents:
                row = db.execute(
                    "SELECT bits, fault, cut FROM looks WHERE content = ? AND version = ?", (content, VERSION)
                ).fetchone()
                if row is not None:
                    bits = None if row[0] is None else row[0] % (1 << 64)
                    found[content] = Look(bits, row[1], bool(row[2]))
        return found

    def remember_looks(self, looks: Mapping[str, Look]) -> None:
        """Note what looking at the pixels of images found."""
        rows = [
            (content, VERSION, None if look.bits is None else _signed(look.bits), look.fault, look.cut)
            for content, look in looks.items()
        ]
        with self._forgiving() as db:
            db.executemany("INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?, ?)", rows)

    @contextlib.contextmanager
    def _forgiving(self) -> Iterator[sqlite3.Connection]:
        """The database for one use; what goes wrong with it costs time, not truth."""
        try:
            with self._db as db:
                yield db
        except sqlite3.OperationalError:
            return
        except sqlite3.DatabaseError:
            self.close()
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


def _index_of(table: str | None, items: Mapping[str, str | None]) -> str:
    """What an index says of itself: its table and the sum of its rows, since SQLite does not see flipped bits."""
    rows = (f"{key}\0{content}".encode() for key, content in items.items())
    return f"{table or ''} {sum(fingerprints(rows)) % (1 << 64):016x}"


def _opened_or_new(path: Path) -> sqlite3.Connection:
    """The database at a path; a new one where that is damaged or has another schema."""
    try:
        return _opened(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        path.unlink(missing_ok=True)
        return _opened(path)


def _opened(path: Path | str) -> sqlite3.Connection:
    # Threads that check parts of a set ask, too; SQLite lets one in at a time.
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = NORMAL")
        found = {row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
        if found and found != set(_SCHEMA):
            raise sqlite3.DatabaseError("another schema")
        if not found:
            with connection:
                for statement in _SCHEMA:
                    connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _signed(bits: int) -> int:
    """64 bits as SQLite keeps them."""
    return bits - (1 << 64) if bits >> 63 else bits
