"""The verb `log`: what was recorded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, starmap
from typing import SupportsIndex

from datalabel.content import ObjectId
from datalabel.errors import InputError, UsageError
from datalabel.repository.project import Project
from datalabel.repository.revisions import STAGED, range_of, resolve_revision
from datalabel.store.history import Commit


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One commit and its id."""

    id: ObjectId
    commit: Commit


def log(project: Project, revision: str = "HEAD", limit: int | None = None) -> Iterator[LogEntry]:
    """The commits that led to a revision, newest first; none before the first commit. Of `A..B` those that led to B
    and not to A.

    Raises:
        InputError: the revision is staging, or unknown.
    """
    before, after = range_of(revision) or (None, revision)
    if limit is not None and (not isinstance(limit, SupportsIndex) or limit < 0):
        raise UsageError(f"limit= takes a number of commits, not {limit!r}")
    found = resolve_revision(project, after)
    if found.commit is None:
        if found.name == STAGED:
            raise _no_commit(STAGED)
        return iter(())
    known = resolve_revision(project, before).commit if before else None
    left_out = {name for name, _ in project.store.history.walk(known)} if known else set()
    walked = (
        (name, commit) for name, commit in project.store.history.walk(found.commit) if name not in left_out
    )
    chosen = islice(walked, limit if limit is None else min(limit, sys.maxsize))
    return starmap(LogEntry, chosen)


def log_entry(project: Project, revision: str) -> LogEntry:
    """The commit that a revision names.

    Raises:
        InputError: it names no commit.
    """
    found = resolve_revision(project, revision)
    if found.commit is None:
        raise _no_commit(revision)
    return LogEntry(found.commit, project.store.history.commit(found.commit))


def _no_commit(revision: str) -> InputError:
    return InputError(
        f"{revision} is not a commit", hint='dlabel commit -m "…" makes one; dlabel diff shows staging'
    )
