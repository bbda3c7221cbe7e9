"""state.db: transactions, taking turns, and what is refused."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from datalabel.content import ObjectId
from datalabel.errors import BusyError, DamagedError, TooNewError
from datalabel.store.state import Base, Rename, State

A, B, C = (ObjectId(letter * 64) for letter in "abc")


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.create(tmp_path / "state.db")


def test_a_new_project_stands_at_an_unborn_branch(state: State) -> None:
    position = state.read()
    assert (position.branch, position.head, position.staging) == ("main", None, None)
    assert position.bases == position.head_bases == {}


def test_staging_and_bases_move_together(state: State) -> None:
    start = state.read()
    state.stage(start, replace(start, staging=A, bases={"labels.json": Base(A, B)}))
    assert state.read() == replace(start, staging=A, bases={"labels.json": Base(A, B)})


def test_a_lost_update_is_refused(state: State) -> None:
    start = state.read()
    state.stage(start, replace(start, staging=A))
    with pytest.raises(BusyError, match="changed what is staged"):
        state.stage(start, replace(start, staging=B))
    assert state.read().staging == A


def test_a_commit_moves_the_branch_and_remembers_the_bases(state: State) -> None:
    start = state.read()
    staged = replace(start, staging=A, bases={"labels.json": Base(A, B)})
    state.stage(start, staged)
    state.move_branch(staged, replace(staged, head=C), "Ada", "commit: first")
    after = state.read()
    assert (after.head, after.staging) == (C, A)
    assert after.head_bases == {"labels.json": Base(A, B)}
    assert state.refs() == {"heads/main": C}
    with pytest.raises(BusyError, match="moved by another command"):
        state.move_branch(staged, replace(staged, head=B), "Ada", "commit: late")


def test_a_commit_stages_what_it_records(state: State) -> None:
    start = state.read()
    state.move_branch(start, replace(start, staging=A, head=C, bases={"a": Base(A, B)}), "Ada", "commit: all")
    after = state.read()
    assert (after.head, after.staging, after.bases, after.head_bases) == (
        C,
        A,
        {"a": Base(A, B)},
        after.bases,
    )


def test_the_journal_is_written_with_staging(state: State) -> None:
    start = state.read()
    state.stage(start, replace(start, staging=A), [Rename(".dlabel/tmp/1", "a.json"), Rename("b.xml", "")])
    assert state.journal() == [Rename(".dlabel/tmp/1", "a.json"), Rename("b.xml", "")]
    state.finish_journal()
    assert state.journal() == []


def _hold(path: Path, held: object, release: object) -> None:
    with State(path).writing("dlabel add"):
        held.set()  # type: ignore[attr-defined]
        release.wait(10)  # type: ignore[attr-defined]


@pytest.fixture(params=[True, False], ids=["locks", "no locks"])
def _locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that can lock, and one that cannot."""
    if not request.param:

        def refuse(_descriptor: int, _how: int) -> None:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

        monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.mark.usefixtures("_locks")
def test_a_second_writer_is_told_who_is_busy_or_waits(tmp_path: Path, state: State) -> None:
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path / "state.db", held, release))
    other.start()
    try:
        assert held.wait(20)
        with (
            pytest.raises(BusyError, match=rf"`dlabel add` \(process {other.pid} "),
            state.writing("dlabel commit"),
        ):
            pass
        release.set()
        with state.writing("dlabel commit", wait=10):
            pass
    finally:
        release.set()
        other.join()


@pytest.mark.usefixtures("_locks")
def test_a_dead_writer_is_taken_over(tmp_path: Path, state: State) -> None:
    child = os.fork()
    if child == 0:
        State(tmp_path / "state.db").writing("dlabel add").__enter__()
        os._exit(0)
    os.waitpid(child, 0)
    started = time.monotonic()
    with state.writing("dlabel commit"):
        assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM refs; END",
        "CREATE VIEW v AS SELECT * FROM refs",
        "CREATE TABLE more (x)",
        "DROP TABLE journal",
        "ALTER TABLE meta ADD COLUMN extra TEXT",
    ],
)
def test_another_schema_is_refused(tmp_path: Path, state: State, statement: str) -> None:
    with sqlite3.connect(tmp_path / "state.db") as db:
        db.execute(statement)
    db.close()
    with pytest.raises(DamagedError, match="another schema"):
        state.read()


def test_a_newer_store_is_refused_in_plain_words(tmp_path: Path, state: State) -> None:
    with sqlite3.connect(tmp_path / "state.db") as db:
        db.execute("UPDATE meta SET value = '2' WHERE key = 'format'")
    db.close()
    with pytest.raises(TooNewError, match="format version 2"):
        state.read()


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"x" * 5000])
def test_a_damaged_database_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with pytest.raises(DamagedError):
        State(path).read()


def test_a_missing_database_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DamagedError, match="missing"):
        State(tmp_path / "state.db").read()


@pytest.mark.parametrize("value", ["", "x" * 64, "refs", "../../x"])
def test_ids_from_the_database_are_checked(tmp_path: Path, state: State, value: str) -> None:
    with sqlite3.connect(tmp_path / "state.db") as db:
        db.execute("INSERT INTO meta VALUES ('staging', ?)", (value or "?",))
    db.close()
    with pytest.raises(DamagedError, match="no object id"):
        state.read()
