"""The verbs `log`, `show` and `diff`: what was recorded, and what differs between two revisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from datalabel.content import ObjectId
from datalabel.errors import InputError
from datalabel.repository.differences import Difference
from datalabel.repository.project import Project
from datalabel.repository.revisions import STAGED, resolve_revision, view_at
from datalabel.repository.view import view_of
from datalabel.store.history import Commit


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One commit and its id."""

    id: ObjectId
    commit: Commit


def log(project: Project, revision: str = "HEAD", limit: int | None = None) -> Iterator[LogEntry]:
    """The commits that led to a revision, newest first; none before the first commit."""
    start = resolve_revision(project, revision).commit
    if start is None:
        return
    for count, (name, commit) in enumerate(project.store.history.walk(start)):
        if limit is not None and count >= limit:
            return
        yield LogEntry(name, commit)


def log_entry(project: Project, revision: str) -> LogEntry:
    """The commit that a revision names.

    Raises:
        InputError: it names no commit.
    """
    found = resolve_revision(project, revision)
    if found.commit is None:
        raise InputError(
            f"{revision} is no commit", hint='dlabel commit -m "…" makes one; dlabel diff shows staging'
        )
    return LogEntry(found.commit, project.store.history.commit(found.commit))


def diff(
    project: Project, before: str = "HEAD", after: str = STAGED, paths: Sequence[str] = ()
) -> Difference:
    """What differs between two revisions, narrowed to items that match one of the globs, if any are given."""
    old, new = (view_at(project, revision) for revision in (before, after))
    return Difference(project, old, new, narrowing(paths))


def diff_of_commit(project: Project, entry: LogEntry, paths: Sequence[str] = ()) -> Difference:
    """What a commit changed against its first parent."""
    parent = entry.commit.parents[0] if entry.commit.parents else None
    tree = project.store.history.commit(parent).tree if parent else None
    before = view_of(project.store, tree, f"{entry.id[:12]}^")
    return Difference(
        project, before, view_of(project.store, entry.commit.tree, entry.id[:12]), narrowing(paths)
    )


def narrowing(paths: Sequence[str]) -> Callable[[str], bool] | None:
    """Whether a key is meant by one of the globs: `*` crosses folders, a folder's name means all in it."""
    if not paths:
        return None
    import fnmatch
    import re

    patterns = [re.compile(fnmatch.translate(path)) for path in paths]
    folders = tuple(path.rstrip("/") + "/" for path in paths)
    everything = any(path.rstrip("/") in ("", ".") for path in paths)
    return lambda key: (
        everything or key.startswith(folders) or any(pattern.match(key) for pattern in patterns)
    )
