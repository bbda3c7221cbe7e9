"""`cache.db`: what is known of the working tree's files, so that unchanged files are not read again.

It may be deleted at any time, and everything in it points at durable objects only. A damaged cache is
replaced by an empty one.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from datalabel.content import ObjectId
from datalabel.files import Stat

_COLUMNS = "path, size, mtime, ctime, inode, checked, content, width, height, format, orientation"

_SCHEMA = """\
CREATE TABLE files (path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, ctime INTEGER, inode INTEGER, \
checked INTEGER, content TEXT, width INTEGER, height INTEGER, format TEXT, orientation INTEGER) WITHOUT ROWID
CREATE TABLE tracked (key TEXT PRIMARY KEY, content TEXT) WITHOUT ROWID
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID
""".splitlines()

RACY = 50_000_000
"""A file whose time of change lies within so many nanoseconds of its reading may have changed since without
a new time; it is read again."""


@dataclass(frozen=True, slots=True)
class Known:
    """What one reading of a file found, and when (ns). The last four are null for a label file."""

    stat: Stat
    checked: int
    content: ObjectId
    width: int | None = None
    height: int | None = None
    format: str | None = None
    orientation: int | None = None

    def still(self, stat: Stat) -> bool:
        """Whether a file with this stat surely still has the content that was read."""
        return stat == self.stat and max(stat.mtime, stat.ctime) + RACY < self.checked


class Cache:
    """The cache of one project."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = self._opened()
            except sqlite3.DatabaseError:
                self._path.unlink(missing_ok=True)
                self._connection = self._opened()
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=10)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = NORMAL")
        found = {row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
        if found != set(_SCHEMA):
            if found:
                connection.close()
                raise sqlite3.DatabaseError("another schema")
            with connection:
                for statement in _SCHEMA:
                    connection.execute(statement)
        return connection

    def close(self) -> None:
        """Release the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def files(self) -> dict[str, Known]:
        """Everything known, by path."""
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM files")  # noqa: S608
        return {row[0]: Known(Stat(*row[1:5]), *row[5:]) for row in rows}

    def remember(self, known: Iterable[tuple[str, Known]]) -> None:
        """Note what was read. The objects must be durable by now. A read-only project remembers nothing."""
        rows = [
            (
                path, one.stat.size, one.stat.mtime, one.stat.ctime, one.stat.inode, one.checked,
                one.content, one.width, one.height, one.format, one.orientation,
            )
            for path, one in known
        ]  # fmt: skip
        with self._write() as db:
            db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def forget(self, paths: Iterable[str]) -> None:
        """Drop files that are gone."""
        with self._write() as db:
            db.executemany("DELETE FROM files WHERE path = ?", [(path,) for path in paths])

    def tracked(self, table: str | None) -> dict[str, str | None] | None:
        """Key and content of every item of the items table of this id, if that is the one indexed."""
        row = self._db.execute("SELECT value FROM meta WHERE key = 'tracked'").fetchone()
        if row is None or row[0] != (table or ""):
            return None
        return dict(self._db.execute("SELECT key, content FROM tracked"))

    def index(self, table: str | None, items: Mapping[str, str | None]) -> None:
        """Index the items table of this id."""
        with self._write() as db:
            db.execute("DELETE FROM tracked")
            db.executemany("INSERT INTO tracked VALUES (?, ?)", items.items())
            db.execute("INSERT OR REPLACE INTO meta VALUES ('tracked', ?)", (table or "",))

    def reindex(
        self, old: str | None, new: str | None, items: Mapping[str, str | None], gone: Iterable[str]
    ) -> None:
        """Carry the index from one items table to the next, of which it is known what differs."""
        with self._write() as db:
            moved = db.execute(
                "UPDATE meta SET value = ? WHERE key = 'tracked' AND value = ?", (new or "", old or "")
            )
            if moved.rowcount:
                db.executemany("DELETE FROM tracked WHERE key = ?", [(key,) for key in gone])
                db.executemany("INSERT OR REPLACE INTO tracked VALUES (?, ?)", items.items())

    @contextlib.contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        # A cache that cannot be written (read-only project, full disk) costs time, not truth.
        with contextlib.suppress(sqlite3.OperationalError), self._db as db:
            yield db
