"""`state.db`: what commands change in place. Refs, HEAD, staging, sources as last read, reflog, journal.

SQLite with a rollback journal and full synchronisation, so that the file survives being copied alone. It is
changed in transactions only, and each points at durable bytes only. A database with another schema than
this one's (a trigger, a view, one more column) is refused.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from datalabel.content import ObjectId, is_object_id
from datalabel.errors import BusyError, DamagedError, DlabelError, InputError, TooNewError
from datalabel.files import hold
from datalabel.interrupts import settle
from datalabel.store.processes import is_alive, started_at

FORMAT_VERSION = 1

_SCHEMA = """\
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID
CREATE TABLE refs (name TEXT PRIMARY KEY, target TEXT NOT NULL) WITHOUT ROWID
CREATE TABLE bases (source TEXT, moment TEXT, tree TEXT NOT NULL, digest TEXT NOT NULL, \
PRIMARY KEY (source, moment)) WITHOUT ROWID
CREATE TABLE reflog (seq INTEGER PRIMARY KEY, ref TEXT NOT NULL, old TEXT, new TEXT, time TEXT NOT NULL, \
who TEXT NOT NULL, why TEXT NOT NULL)
CREATE TABLE journal (seq INTEGER PRIMARY KEY, origin TEXT NOT NULL, target TEXT NOT NULL)
CREATE TABLE writer (one INTEGER PRIMARY KEY CHECK (one = 1), pid INTEGER NOT NULL, host TEXT NOT NULL, \
command TEXT NOT NULL, since TEXT NOT NULL, started TEXT NOT NULL)
""".splitlines()

_NOT_DAMAGE = (
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM,
)  # fmt: skip
"""SQLite's codes for what the disk or the folder refuses."""

_REFUSALS = (sqlite3.DatabaseError, UnicodeDecodeError)
"""How SQLite says no. Where its message quotes damaged text, not even the message can be read."""


@dataclass(frozen=True, slots=True)
class Base:
    """A source as last read from or written to its path: the tree that holds it so, and its files' digest."""

    tree: ObjectId
    digest: ObjectId


@dataclass(frozen=True, slots=True)
class Rename:
    """A working-tree change that the journal announces: the file at `origin` becomes `target`.

    Both are keys, the origin perhaps a path in `.dlabel/tmp/`; an empty target means that the file is deleted.
    """

    origin: str
    target: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where the project stands: branch, HEAD's commit, the staging tree, and the sources' bases.

    `bases` belong to staging; `head_bases` are what they were at the last commit.
    """

    branch: str
    head: ObjectId | None
    staging: ObjectId | None
    bases: Mapping[str, Base]
    head_bases: Mapping[str, Base]

    def with_base(self, source: str, base: Base | None) -> Position:
        """The same with another base of one source (None: forgotten)."""
        bases = {name: known for name, known in self.bases.items() if name != source}
        return replace(self, bases=bases if base is None else {**bases, source: base})


def now() -> str:
    """The time as it is written everywhere: UTC, ISO 8601, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class State:
    """The database of one project."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.RLock()

    @classmethod
    def create(cls, path: Path, branch: str = "main") -> State:
        """Make a new database whose HEAD is the unborn branch."""
        state = cls(path)
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = EXTRA")
            connection.execute("BEGIN EXCLUSIVE")
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.executemany(
                "INSERT INTO meta VALUES (?, ?)",
                [("format", str(FORMAT_VERSION)), ("head", f"heads/{branch}")],
            )
            connection.execute("COMMIT")
        except _REFUSALS as error:
            raise state._failure(error) from error
        finally:
            connection.close()
        return state

    def close(self) -> None:
        """Release the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._opened()
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        if not self._path.is_file():
            raise DamagedError(
                "state.db is missing", where=str(self._path), hint="put it back from a copy of .dlabel"
            )
        try:
            connection = sqlite3.connect(
                self._path, isolation_level=None, timeout=10, check_same_thread=False
            )
        except _REFUSALS as error:
            raise self._failure(error) from error
        try:
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        """Refuse what is no database of ours, or one that a later version of this program made."""
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA synchronous = EXTRA")
            found = {
                row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
            }
            version = dict(connection.execute("SELECT key, value FROM meta")) if _SCHEMA[0] in found else {}
        except _REFUSALS as error:
            raise self._failure(error) from error
        known = _text(version.get("format", ""))
        if known.isdigit() and int(known) > FORMAT_VERSION:
            raise TooNewError(
                f"the store has format version {known}, this program reads up to {FORMAT_VERSION}",
                hint="install a newer dlabel",
            )
        if found != set(_SCHEMA) or known != str(FORMAT_VERSION):
            raise DamagedError("state.db has another schema than expected", where=str(self._path))

    # Reading

    def read(self) -> Position:
        """HEAD, staging and the sources' bases, as of one moment."""
        with self._transaction("DEFERRED") as db:
            meta = dict(db.execute("SELECT key, value FROM meta"))
            ref = _text(meta.get("head", ""))
            if not ref.startswith("heads/"):
                raise DamagedError(f"HEAD names {ref!r}, which is no branch", where=str(self._path))
            target = db.execute("SELECT target FROM refs WHERE name = ?", (ref,)).fetchone()
            bases: dict[str, dict[str, Base]] = {"staging": {}, "head": {}}
            for source, moment, tree, digest in db.execute("SELECT source, moment, tree, digest FROM bases"):
                if moment not in bases:
                    raise DamagedError(f"state.db knows no moment {moment!r}", where=str(self._path))
                bases[moment][_text(source)] = Base(_id(tree), _id(digest))
        staging = meta.get("staging")
        return Position(
            ref.removeprefix("heads/"),
            _id(target[0]) if target else None,
            _id(staging) if staging else None,
            bases["staging"],
            bases["head"],
        )

    def refs(self) -> dict[str, ObjectId]:
        """Every ref and the object it names: commits (`heads/…`) and snapshots (`snapshots/…`)."""
        with self._transaction("DEFERRED") as db:
            return {
                _text(name): _id(target)
                for name, target in db.execute("SELECT name, target FROM refs ORDER BY name")
            }

    def reflog(self) -> list[tuple[str, ObjectId]]:
        """Every object that a ref has named, newest first."""
        with self._transaction("DEFERRED") as db:
            rows = db.execute("SELECT ref, new, old FROM reflog ORDER BY seq DESC")
            return [(_text(ref), _id(one)) for ref, *both in rows for one in both if one is not None]

    def verify(self) -> None:
        """Have SQLite read all of the file.

        Raises:
            DamagedError: something in it is not as it should be.
        """
        with self._transaction("DEFERRED") as db:
            found = [str(row[0]) for row in db.execute("PRAGMA integrity_check(3)")]
        if found != ["ok"]:
            raise self._failure(sqlite3.DatabaseError("; ".join(found)))

    def journal(self) -> list[Rename]:
        """The working-tree changes that a command announced and has not finished."""
        with self._transaction("DEFERRED") as db:
            rows = db.execute("SELECT origin, target FROM journal ORDER BY seq")
            return [Rename(_text(origin), _text(target)) for origin, target in rows]

    # Writing

    @contextlib.contextmanager
    def writing(self, command: str, wait: float = 0.0) -> Iterator[None]:
        """Announce this process as the writer for the length of the block.

        Raises:
            BusyError: another living process writes and did not finish within `wait` seconds.
        """
        deadline = time.monotonic() + wait
        with contextlib.ExitStack() as held:
            while (other := self._announce(command, held)) is not None:
                if time.monotonic() >= deadline:
                    raise BusyError(f"{other} holds the project", hint="wait for it, or add --wait SECONDS")
                time.sleep(0.1)
            try:
                yield
            finally:
                with self._transaction("IMMEDIATE") as db:
                    mine = (os.getpid(), platform.node())
                    db.execute("DELETE FROM writer WHERE pid = ? AND host = ?", mine)

    def _announce(self, command: str, held: contextlib.ExitStack) -> str | None:
        """Become the writer, or say who is. The lock decides, wherever the other one runs; where there is none,
        whether the process that announced itself is alive."""
        try:
            lock = hold(self._path.parent)
            if lock is not None:
                held.callback(os.close, lock)
            is_locked = False
        except BlockingIOError:
            lock, is_locked = None, True
        with self._transaction("IMMEDIATE") as db:
            row = db.execute("SELECT pid, host, command, since, started FROM writer").fetchone()
            if is_locked or (lock is None and row is not None and is_alive(row[0], row[1], row[4])):
                return "`{2}` (process {0} on {1}, since {3})".format(*row) if row else "another command"
            mine = (os.getpid(), platform.node(), command, now(), started_at(os.getpid()))
            db.execute("INSERT OR REPLACE INTO writer VALUES (1, ?, ?, ?, ?, ?)", mine)
        return None

    def stage(self, expected: Position, new: Position, renames: Sequence[Rename] = ()) -> None:
        """Make a new staging tree and bases visible, if staging is still what the command started from.

        `renames` are journalled in the same transaction; whoever comes next finishes them.

        Raises:
            BusyError: another command changed staging meanwhile.
        """
        with self._transaction("IMMEDIATE") as db:
            self._expect(db, expected)
            db.execute("INSERT OR REPLACE INTO meta VALUES ('staging', ?)", (new.staging,))
            _write_bases(db, "staging", expected.bases, new.bases)
            db.executemany(
                "INSERT INTO journal (origin, target) VALUES (?, ?)",
                [(rename.origin, rename.target) for rename in renames],
            )
            settle()

    def move_branch(self, expected: Position, new: Position, who: str, why: str) -> None:
        """Move HEAD's branch to a commit, `new.head`, whose tree is staging from now on; the reflog notes it."""
        ref = f"heads/{expected.branch}"
        with self._transaction("IMMEDIATE") as db:
            self._expect(db, expected)
            row = db.execute("SELECT target FROM refs WHERE name = ?", (ref,)).fetchone()
            if (row[0] if row else None) != expected.head:
                raise BusyError(
                    f"{expected.branch} was moved by another command", hint="run the command again"
                )
            db.execute("INSERT OR REPLACE INTO refs VALUES (?, ?)", (ref, new.head))
            db.execute("INSERT OR REPLACE INTO meta VALUES ('staging', ?)", (new.staging,))
            db.execute(
                "INSERT INTO reflog (ref, old, new, time, who, why) VALUES (?, ?, ?, ?, ?, ?)",
                (ref, expected.head, new.head, now(), who, why),
            )
            _write_bases(db, "staging", expected.bases, new.bases)
            _write_bases(db, "head", expected.head_bases, new.bases)
            settle()

    def set_ref(self, name: str, old: ObjectId | None, new: ObjectId | None, who: str, why: str) -> None:
        """Make a ref that is not a branch's HEAD name another object, or nothing (None), and note it.

        Raises:
            BusyError: it does not name `old` (None: it exists) any more.
        """
        with self._transaction("IMMEDIATE") as db:
            row = db.execute("SELECT target FROM refs WHERE name = ?", (name,)).fetchone()
            if (row[0] if row else None) != old:
                raise BusyError(f"{name} was changed by another command", hint="run the command again")
            if new is None:
                db.execute("DELETE FROM refs WHERE name = ?", (name,))
            else:
                db.execute("INSERT OR REPLACE INTO refs VALUES (?, ?)", (name, new))
            db.execute(
                "INSERT INTO reflog (ref, old, new, time, who, why) VALUES (?, ?, ?, ?, ?, ?)",
                (name, old, new, now(), who, why),
            )
            settle()

    def _expect(self, db: sqlite3.Connection, expected: Position) -> None:
        row = db.execute("SELECT value FROM meta WHERE key = 'staging'").fetchone()
        if (row[0] if row else None) != expected.staging:
            raise BusyError("another command changed what is staged", hint="run the command again")

    def finish_journal(self) -> None:
        """Every journalled change was done."""
        with self._transaction("IMMEDIATE") as db:
            db.execute("DELETE FROM journal")

    @contextlib.contextmanager
    def _transaction(self, mode: str) -> Iterator[sqlite3.Connection]:
        """One thread at a time has the connection."""
        with self._lock:
            db = self._db
            try:
                db.execute(f"BEGIN {mode}")
                yield db
                db.execute("COMMIT")
            except BaseException as error:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                if isinstance(error, _REFUSALS):
                    raise self._failure(error) from error
                raise

    def _failure(self, error: Exception) -> DlabelError:
        """What SQLite's refusal means: somebody else writes, the disk or the folder refuses, or it is damaged."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return BusyError("another command is writing state.db", hint="run the command again")
        if code in _NOT_DAMAGE:
            return InputError(
                f"state.db cannot be used: {error}",
                where=str(self._path),
                hint="is the disk full, or may the folder not be written?",
            )
        return DamagedError(
            f"state.db cannot be read: {error}",
            where=str(self._path),
            hint="put it back from a copy of .dlabel",
        )


def _write_bases(
    db: sqlite3.Connection, moment: str, old: Mapping[str, Base], new: Mapping[str, Base]
) -> None:
    gone = [(name, moment) for name in old.keys() - new.keys()]
    db.executemany("DELETE FROM bases WHERE source = ? AND moment = ?", gone)
    changed = [(name, moment, base.tree, base.digest) for name, base in new.items() if old.get(name) != base]
    db.executemany("INSERT OR REPLACE INTO bases VALUES (?, ?, ?, ?)", changed)


def _id(value: object) -> ObjectId:
    if not is_object_id(value):
        raise DamagedError("state.db names something that is no object id")
    return ObjectId(str(value))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise DamagedError("state.db holds something that is no text where a name should be")
    return value
