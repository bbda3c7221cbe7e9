"""Revisions: whatever names a tree. `HEAD`, `HEAD~2`, a branch, a snapshot, a commit id or its prefix, `STAGED`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalabel.content import ObjectId
from datalabel.errors import InputError, UsageError, nearest
from datalabel.repository.project import Project
from datalabel.store.history import COMMIT
from datalabel.store.snapshots import REFS, Snapshot
from datalabel.store.state import Position

if TYPE_CHECKING:
    from datalabel.repository.view import View

STAGED = "STAGED"
_STEPS = re.compile(r"^(?P<base>.+?)(?P<steps>(?:~\d*|\^\d*)*)$")
_STEP = re.compile(r"([~^])(\d*)")
_DIGITS = 18
"""No history is longer than so many digits tell."""
_HEX = re.compile(r"^[0-9a-f]{4,64}$")


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision that was found: how it was asked for, its tree, and its commit (None: staging, or unborn).

    A snapshot's tree is what it selected of its commit, with the table of its splits.
    """

    name: str
    tree: ObjectId | None
    commit: ObjectId | None
    splits: ObjectId | None = None
    snapshot: Snapshot | None = None

    @property
    def main_set(self) -> str:
        """The label set that is meant where none is named: the only one of a snapshot, else the ground truth."""
        from datalabel.labels.tables import GROUND_TRUTH

        return self.snapshot.main_set if self.snapshot else GROUND_TRUTH

    def view(self, project: Project) -> View:
        """Its tree, opened for reading."""
        from datalabel.repository.view import view_of

        return view_of(project.store, self.tree, self.name, self.splits)


def resolve_revision(project: Project, name: str) -> Revision:
    """The tree that a revision names.

    `HEAD` before the first commit is the empty tree.

    Raises:
        InputError: nothing has this name, a prefix is ambiguous, or history does not reach that far back.
        UsageError: it is no text.
    """
    _refuse_no_text(name)
    position = project.store.state.read()
    if name == STAGED:
        return Revision(STAGED, position.staging, None)
    found = find_snapshot(project, name)
    if found is not None:
        return Revision(name, found.tree, found.commit, found.splits, found)
    matched = _STEPS.match(name)
    base, steps = (matched["base"], matched["steps"]) if matched else (name, "")
    commit = _commit_named(project, position, base)
    for sign, digits in _STEP.findall(steps):
        commit = _walk_back(project, name, commit, sign, int(digits[:_DIGITS]) if digits else 1)
    tree = project.store.history.tree_of(commit)
    return Revision(name, tree, commit)


def _refuse_no_text(name: object) -> None:
    if not isinstance(name, str):
        raise UsageError(f"a revision is a text, not {name!r}", hint="such as 'HEAD', 'HEAD~1' or 'STAGED'")


def range_of(text: str) -> tuple[str, str] | None:
    """Both ends of `A..B`, each of which is HEAD where it is left out; None for what is no range.

    Raises:
        UsageError: it is no text.
    """
    _refuse_no_text(text)
    before, dots, after = text.partition("..")
    return (before or "HEAD", after or "HEAD") if dots else None


def view_at(project: Project, name: str) -> View:
    """The tree of a revision, opened for reading."""
    return resolve_revision(project, name).view(project)


def find_snapshot(project: Project, name: str) -> Snapshot | None:
    """The snapshot of this name; None when there is none."""
    target = project.store.state.refs().get(REFS + name)
    return project.store.snapshots.get(target) if target else None


def list_snapshots(project: Project) -> list[Snapshot]:
    """Every snapshot, oldest first."""
    refs = project.store.state.refs()
    found = [project.store.snapshots.get(target) for ref, target in refs.items() if ref.startswith(REFS)]
    return sorted(found, key=lambda snapshot: (snapshot.created, snapshot.name))


def snapshot_named(project: Project, name: str) -> Snapshot:
    """The snapshot of this name.

    Raises:
        InputError: there is none; the nearest is named.
        UsageError: it is no text.
    """
    _refuse_no_text(name)
    found = find_snapshot(project, name)
    if found is not None:
        return found
    refs = project.store.state.refs()
    other = any(ref.partition("/")[2] == name for ref in refs)
    if other:
        raise InputError(f"{name!r} is a branch, not a snapshot", hint="dlabel snapshot list")
    close = nearest(name, [ref.removeprefix(REFS) for ref in refs if ref.startswith(REFS)])
    raise InputError(
        f"there is no snapshot {name!r}",
        hint=f"did you mean {close!r}?" if close else "dlabel snapshot list shows them",
    )


def _commit_named(project: Project, position: Position, base: str) -> ObjectId | None:
    if base in ("HEAD", "@"):
        return position.head
    snapshot = find_snapshot(project, base)
    if snapshot is not None:
        return snapshot.commit
    known = project.store.state.refs()
    refs = {ref: target for ref, target in known.items() if not ref.startswith(REFS)}
    for prefix in ("", "heads/"):
        if prefix + base in refs:
            return refs[prefix + base]
    if base == position.branch:
        return None
    if _HEX.match(base):
        found = _commits_with(project, base, refs)
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(sorted(one[:12] for one in found))
            raise InputError(f"the prefix {base!r} is ambiguous: {shown}", hint="give more of its digits")
    names = ["HEAD", STAGED, *(ref.partition("/")[2] for ref in known)]
    close = nearest(base, names)
    raise InputError(
        f"no revision is called {base!r}",
        hint=f"did you mean {close!r}?" if close else "dlabel log lists the commits",
    )


def _commits_with(project: Project, prefix: str, refs: dict[str, ObjectId]) -> list[ObjectId]:
    """Commits in history whose id begins so."""
    found: set[ObjectId] = set()
    for start in set(refs.values()):
        found.update(name for name, _ in project.store.history.walk(start) if name.startswith(prefix))
    if not found and len(prefix) == 64 and project.store.objects.has(ObjectId(prefix)):
        project.store.objects.get(COMMIT, ObjectId(prefix))
        found.add(ObjectId(prefix))
    return list(found)


def _walk_back(
    project: Project, name: str, commit: ObjectId | None, sign: str, count: int
) -> ObjectId | None:
    """`~n`: n first parents back; `^n`: the n-th parent."""
    if commit is None:
        raise InputError(f"{name}: there is no commit yet", hint='dlabel commit -m "…" makes the first')
    history = project.store.history
    if sign == "^":
        parents = history.commit(commit).parents
        if count == 0:
            return commit
        if count > len(parents):
            number = f"{len(parents)} parent{'' if len(parents) == 1 else 's'}"
            raise InputError(f"{name}: {commit[:12]} has {number}")
        return parents[count - 1]
    for done in range(count):
        parents = history.commit(commit).parents
        if not parents:
            raise InputError(
                f"{name}: history ends {done} {'commit' if done == 1 else 'commits'} back",
                hint="dlabel log shows how far it goes",
            )
        commit = parents[0]
    return commit
