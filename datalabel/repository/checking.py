"""The verb `check`: the rules, run over a revision, over what changed, or over label files without a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from datalabel.check.finding import CheckBatch, Finding
from datalabel.check.registry import select
from datalabel.check.run import run
from datalabel.errors import InputError
from datalabel.labels.rows import constant
from datalabel.labels.tables import GROUND_TRUTH, ITEMS, LABELS, table_of
from datalabel.repository.differences import Difference
from datalabel.repository.label_files import read_alone
from datalabel.repository.view import View
from datalabel.spec.model import Spec


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, and on what: a revision's name, or the paths of label files."""

    revision: str
    findings: tuple[Finding, ...]
    items: int
    labels: int


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """Which rules run (codes or their beginnings; empty: all), and on which items."""

    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    narrow: Callable[[str], bool] | None = None


def check_view(view: View, options: CheckOptions) -> Checked:
    """Every label of every set at one revision."""
    counted = _Counted(view, options.narrow)
    return Checked(view.name, _run(counted.batches(), view.spec, options), counted.items, counted.labels)


def check_since(difference: Difference, options: CheckOptions) -> Checked:
    """The items whose labels or images changed, as they are after the change; when the spec changed, all."""
    after = difference.after
    if difference.spec:
        return check_view(after, options)
    touched = {change.key for change in difference.items}
    counted = _Counted(after, options.narrow)

    def batches() -> Iterator[CheckBatch]:
        for name in sorted(after.tree.sets):
            keys = sorted(touched | set(difference.changed_items(name)))
            if keys:
                yield from counted.batches_of(name, keys)

    return Checked(after.name, _run(batches(), after.spec, options), counted.items, counted.labels)


def check_files(paths: Sequence[Path], format_name: str | None, spec: Spec, options: CheckOptions) -> Checked:
    """Label files as they are on disk, without a project.

    Raises:
        InputError: a file cannot be read, or is no label file.
    """
    batches: list[CheckBatch] = []
    for path in paths:
        if not path.exists():
            raise InputError("no such file or folder", where=str(path))
        found = read_alone(path, format_name)
        batches += [_batch_of(one.name, one.mentions, one.labels, spec) for one in found]
    items = sum(batch.items.num_rows for batch in batches)
    labels = sum(batch.labels.num_rows for batch in batches)
    return Checked(", ".join(map(str, paths)), _run(iter(batches), spec, options), items, labels)


def _batch_of(source: str, mentions: pa.Table, labels: pa.Table, spec: Spec) -> CheckBatch:
    """What a file says, as a rule sees it: names stand for items."""
    columns = {name: mentions.column(name) for name in ("width", "height")}
    items = table_of({"item": mentions.column("name"), **columns}, ITEMS).sort_by("item")
    cells = {name: labels.column(name) for name in labels.schema.names if name in LABELS.names}
    rows = {
        **cells,
        "item": mentions.column("name").take(labels.column("mention").combine_chunks()),
        "id": pa.array(range(1, labels.num_rows + 1), pa.uint64()),
        "source": constant(source, labels.num_rows),
    }
    table = table_of(rows, LABELS).sort_by([("item", "ascending"), ("rank", "ascending")])
    return CheckBatch(GROUND_TRUTH, items, table, spec)


def _run(batches: Iterator[CheckBatch], spec: Spec, options: CheckOptions) -> tuple[Finding, ...]:
    return tuple(run(batches, select(options.select, options.ignore), spec.check))


class _Counted:
    """The batches of a view, counting what passes."""

    def __init__(self, view: View, narrow: Callable[[str], bool] | None) -> None:
        self._view = view
        self._narrow = narrow
        self.items = 0
        self.labels = 0

    def batches(self) -> Iterator[CheckBatch]:
        for name in sorted(self._view.tree.sets):
            yield from self.batches_of(name, None)

    def batches_of(self, name: str, keys: list[str] | None) -> Iterator[CheckBatch]:
        seen = 0
        for items, labels in self._view.keyed_batches(name, keys):
            if self._narrow is not None:
                items, labels = (_narrowed(rows, self._narrow) for rows in (items, labels))
            seen += items.num_rows
            self.labels += labels.num_rows
            yield CheckBatch(name, items, labels, self._view.spec)
        self.items = max(self.items, seen)


def _narrowed(rows: pa.Table, narrow: Callable[[str], bool]) -> pa.Table:
    return rows.filter(pa.array([narrow(key) for key in rows.column("item").to_pylist()], pa.bool_()))
