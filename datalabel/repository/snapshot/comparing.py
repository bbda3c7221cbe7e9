"""The verb `snapshot diff`: what two snapshots select differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datalabel.repository.differences import Difference
from datalabel.repository.project import Project
from datalabel.repository.revisions import snapshot_named
from datalabel.repository.view import View, view_of
from datalabel.store.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class SnapshotDifference:
    """Two snapshots; the items of both, as the later one calls them, that are in another split now (None: in none);
    and counts."""

    before: Snapshot
    after: Snapshot
    moved: Mapping[str, tuple[str | None, str | None]]
    summary: Mapping[str, Any]

    @property
    def is_empty(self) -> bool:
        """Whether both select the same."""
        return self.before.digest == self.after.digest


def diff_snapshots(project: Project, before: str, after: str) -> SnapshotDifference:
    """Compare the items, splits and labels of two snapshots.

    Raises:
        InputError: one of them does not exist.
    """
    records = snapshot_named(project, before), snapshot_named(project, after)
    left, right = (view_of(project.store, one.tree, one.name, one.splits) for one in records)
    difference = Difference(project, left, right)
    old, new = difference.followed(_splits(left)), _splits(right)
    moved = {key: (old[key], new[key]) for key in sorted(old.keys() & new.keys()) if old[key] != new[key]}
    return SnapshotDifference(*records, moved, difference.summary())


def _splits(view: View) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for batch in view.item_batches(["item"]):
        found |= dict.fromkeys(batch.column("item").to_pylist())
    table = view.split_table()
    if table is not None:
        found |= zip(table.column("item").to_pylist(), table.column("split").to_pylist(), strict=True)
    return found
