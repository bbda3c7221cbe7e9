"""The verb `commit`: check what changed, record staging, move the branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from datalabel.check.finding import Finding, Severity
from datalabel.content import ObjectId
from datalabel.errors import RefusedError, UsageError
from datalabel.files import is_unicode
from datalabel.labels.tables import label_id_text
from datalabel.repository.add.adding import Added, AddOptions, add_to
from datalabel.repository.author import author_of
from datalabel.repository.check.accepting import unaccepted
from datalabel.repository.check.checking import CheckOptions, check_since
from datalabel.repository.differences import Difference
from datalabel.repository.git import git_commit
from datalabel.repository.project import Project
from datalabel.repository.revisions import STAGED
from datalabel.repository.stage import Stage
from datalabel.repository.view import view_of
from datalabel.store.history import Commit
from datalabel.store.state import now


@dataclass(frozen=True, slots=True)
class Committed:
    """What `commit` did: the new commit (None: nothing to commit), what changed, and what its checks found."""

    id: ObjectId | None
    branch: str
    message: str
    summary: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()
    added: Added | None = None


def commit(project: Project, message: str, *, all_sources: bool = False) -> Committed:
    """Record staging as a commit on HEAD's branch; with `all_sources`, add what changed first. All or nothing:
    what is not committed is not staged either.

    Raises:
        UsageError: the message is empty.
        RefusedError: the spec says `check: {on_commit: …}` and the checks found something as bad as that.
    """
    if not isinstance(message, str) or not message.strip():
        raise UsageError("a commit needs a message", hint='dlabel commit -m "what and why"')
    if not is_unicode(message):
        raise UsageError(f"the message is not valid Unicode: {message!r}", hint="write it in UTF-8")
    with project.writing("dlabel commit") as position:
        stage = Stage.of(project, position)
        added = _add_changed(stage) if all_sources else None
        new, before = stage.reached() if added else position, project.store.history.tree_of(position.head)
        if new.staging is None or new.staging == before:
            if added:
                stage.save()
            return Committed(None, position.branch, message, {}, added=added)
        difference = Difference(
            project, view_of(project.store, before, "HEAD"), view_of(project.store, new.staging, STAGED)
        )
        found = check_since(difference, CheckOptions()).findings
        findings = unaccepted(project, difference.after, found)
        _refuse_bad(difference.after.spec.check.on_commit, findings)
        record = Commit(
            tree=new.staging,
            parents=(position.head,) if position.head else (),
            branch=position.branch,
            author=author_of(project),
            time=now(),
            message=message.strip(),
            summary=difference.summary(),
            git=git_commit(project.root),
        )
        name = project.store.history.put_commit(record)
        stage.commit(replace(new, head=name), record.author, f"commit: {record.message}")
    return Committed(name, position.branch, record.message, record.summary, findings, added)


def _add_changed(stage: Stage) -> Added:
    added = add_to(stage, [], AddOptions())
    for labels in added.labels:
        if labels.is_open:
            first = labels.conflicts[0]
            raise RefusedError(
                f"the file and staging changed the same labels differently (first: {first.item}, label "
                f"{label_id_text(first.id)}, {first.field})",
                where=labels.source,
                hint="dlabel add lists them all; dlabel add --prefer ours|theirs decides",
            )
    return added


def _refuse_bad(limit: str, findings: tuple[Finding, ...]) -> None:
    if limit == "never":
        return
    bad = [finding for finding in findings if finding.severity.rank <= Severity(limit).rank]
    if bad:
        raise RefusedError(
            f"what changed has findings that the spec refuses: {len(bad):,} (first: {bad[0].item}: {bad[0].message})",
            hint="dlabel check --since HEAD shows them all; mend or accept them, or change `check: {on_commit: "
            f"{limit}}}` in dlabel.yaml",
        )
