"""The verbs `snapshot create|list|show|delete`: a selection of one commit, frozen for one experiment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import ObjectId
from datalabel.errors import Fault, InputError, UsageError
from datalabel.experiments.digest import ITEM_COLUMNS, LABEL_COLUMNS, SelectionDigest, ordered
from datalabel.labels.tables import GROUND_TRUTH, SPLITS, table_of
from datalabel.repository.author import author_of
from datalabel.repository.export.selecting import Filter, Selected
from datalabel.repository.git import git_commit
from datalabel.repository.project import Project
from datalabel.repository.revisions import STAGED, resolve_revision, snapshot_named
from datalabel.repository.snapshot.splitting import SnapshotOptions, Splitter
from datalabel.repository.view import View, splits_of
from datalabel.store.snapshots import REFS, Snapshot
from datalabel.store.state import now
from datalabel.store.table import Table

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

_NOTHING = Fault("nothing is selected: no item is left", hint="dlabel stats tells what there is")


@dataclass(frozen=True, slots=True)
class Created:
    """A new snapshot, and the items that were left out: those that no source of its sets names, those between two
    splits, and those in no list; `unknown` has what the lists of splits name that is no item, and `warnings` what
    the filter names that nothing has."""

    snapshot: Snapshot
    unseen: tuple[str, ...]
    bridging: Mapping[str, tuple[str, str]]
    unnamed: tuple[str, ...]
    unknown: Mapping[str, Sequence[str]]
    warnings: tuple[Fault, ...] = ()


def create_snapshot(project: Project, name: str, revision: str, options: SnapshotOptions) -> Created:
    """Freeze a selection of a commit under a name.

    Raises:
        InputError: the name is taken or cannot be one, the revision is not a commit, or nothing is selected.
        UsageError: the options contradict each other, or cannot be read.
    """
    chosen = Filter.of(options.where, drop_empty=options.drop_empty)
    with project.writing("dlabel snapshot create") as position:
        _check_name(project, name, position.branch)
        found = resolve_revision(project, revision)
        if found.commit is None:
            raise InputError(
                f"{revision} is not a commit; a snapshot is taken from a commit",
                hint='dlabel commit -m "…" first',
            )
        view = found.view(project)
        sets = _sets(view, options.sets)
        chosen.check_classes(view, sets)
        warnings = chosen.unheard(view, sets)
        selected = Selected(project, view, sets)
        selected.narrow(chosen)
        unseen = () if options.with_unseen else tuple(selected.unseen())
        selected.drop_items(unseen)
        splitter = Splitter(project, selected.items, found, options)
        if splitter.is_empty:
            raise InputError.of([*warnings, _NOTHING])
        assigned, query = splitter.assign()
        selected.drop_items([*assigned.bridging, *assigned.unnamed])
        asked = {field: getattr(options, field) for field in ("where", "drop_empty", "with_unseen")}
        snapshot = replace(
            _freeze(project, selected, sets, assigned.splits, name, found.commit),
            query={**asked, **query},
            note=options.note,
        )
        target = project.store.snapshots.put(snapshot)
        project.store.objects.flush()
        project.store.state.set_ref(REFS + name, None, target, snapshot.author, f"snapshot: {name}")
    return Created(snapshot, unseen, assigned.bridging, assigned.unnamed, assigned.unknown, warnings)


def _check_name(project: Project, name: str, branch: str) -> None:
    if (
        not isinstance(name, str)
        or not _NAME.fullmatch(name)
        or ".." in name
        or name.endswith((".", ".lock"))
    ):
        raise UsageError(
            f"{name!r} cannot name a snapshot",
            hint="letters, digits, dots, _ and - can, beginning with a letter or digit",
        )
    kinds = {ref.partition("/")[2]: ref.partition("/")[0] for ref in project.store.state.refs()}
    if name in ("HEAD", STAGED) or name == branch or kinds.get(name, "snapshots") != "snapshots":
        raise InputError(
            f"{name!r} names a branch already" if name in kinds or name == branch else f"{name} is reserved",
            hint="choose another name",
        )
    if name in kinds:
        raise InputError(
            f"there is a snapshot {name!r} already; snapshots never change",
            hint=f"choose another name, or dlabel snapshot delete {name}",
        )


def _sets(view: View, wanted: Sequence[str]) -> list[str]:
    """The sets that are frozen: those named, else the ground truth, else all there are."""
    names = list(wanted) or ([GROUND_TRUTH] if GROUND_TRUTH in view.sets else view.sets)
    return sorted({view.labels(name).name for name in names})


def _freeze(
    project: Project, selected: Selected, sets: Sequence[str], splits: Mapping[str, str], name: str,
    commit: ObjectId,
) -> Snapshot:  # fmt: skip
    """Put the selection into the store, and count and name what is in it."""
    store = project.store
    tree = selected.finished()
    table = None
    if splits:
        rows = table_of({"item": sorted(splits), "split": [splits[key] for key in sorted(splits)]}, SPLITS)
        table = store.tables.save(store.tables.append(Table("splits"), rows))
    view = View(store, tree, name, table)
    digest, counts = measure(view, sets)
    if not counts[""]["items"]:
        raise InputError.of([_NOTHING])
    return Snapshot(
        name=name, commit=commit, tree=store.history.put_tree(tree), splits=table, digest=digest, sets=sets,
        query={}, counts=counts, note="", author=author_of(project), created=now(), git=git_commit(project.root),
    )  # fmt: skip


def measure(view: View, sets: Sequence[str]) -> tuple[str, dict[str, dict[str, int]]]:
    """The digest of what a view selects, and the items and labels of each split (all: the empty name)."""
    table = view.split_table()
    digest = SelectionDigest()
    items: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    for batch in view.item_batches(["item", "content"]):
        found = splits_of(batch.column("item"), table)
        digest.add_items(batch.append_column("split", found).select(list(ITEM_COLUMNS)))
        _count(items, found)
    for name in sets:
        for batch in view.labels(name).map(ordered, LABEL_COLUMNS):
            digest.add_labels(name, batch)
            _count(labels, splits_of(batch.column("item"), table))
    return digest.result(), {name: {"items": items[name], "labels": labels[name]} for name in ("", *items)}


def _count(counts: Counter[str], splits: pa.Array) -> None:
    counts[""] += len(splits)
    for found in pc.value_counts(splits).to_pylist():
        if found["values"] is not None:
            counts[found["values"]] += found["counts"]


def delete_snapshot(project: Project, name: str, *, dry_run: bool = False) -> Snapshot:
    """Forget a snapshot's name; what it selected stays in the store as long as something else needs it.

    Raises:
        InputError: there is none of this name.
    """
    with project.writing("dlabel snapshot delete"):
        found = snapshot_named(project, name)
        target = project.store.state.refs()[REFS + name]
        if not dry_run:
            project.store.state.set_ref(REFS + name, target, None, author_of(project), f"delete: {name}")
    return found
