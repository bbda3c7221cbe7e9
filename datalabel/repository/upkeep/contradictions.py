"""Does a tree agree with itself? Rows that name an item or a source that it does not have, or another's id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.repository.project import Project
from datalabel.repository.revisions import STAGED, list_snapshots, view_at
from datalabel.repository.view import View


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Rows of one table that contradict the rest of their tree: in which revision and set (None: mentions), what is
    wrong with them, how many they are, and the item of the first."""

    revision: str
    set: str | None
    what: str
    rows: int
    item: str


def contradictions(project: Project) -> Iterator[Contradiction]:
    """Those of staging, of the branches and of the snapshots; of trees that are the same, once."""
    seen = set()
    branches = [
        name.removeprefix("heads/") for name in project.store.state.refs() if name.startswith("heads/")
    ]
    for name in [STAGED, *branches, *(snapshot.name for snapshot in list_snapshots(project))]:
        view = view_at(project, name)
        known = view.tree.to_bytes()
        if known not in seen:
            seen.add(known)
            yield from in_view(view)


def in_view(view: View) -> Iterator[Contradiction]:
    """Those of one tree."""
    parts = [batch.column("item") for batch in view.item_batches(["item"])]
    items = pa.chunked_array([chunk for part in parts for chunk in part.chunks], pa.string())
    known = items.combine_chunks()
    yield from _Rows(view, None, known).found()
    for name in sorted(view.tree.sets):
        yield from _Rows(view, name, known).found()
        yield from _shared_ids(view, name)


class _Rows:
    """The rows of a tree's mentions, or of the labels of one set. A snapshot of some sets keeps the mentions of the
    others, which are no matter."""

    def __init__(self, view: View, name: str | None, items: pa.Array) -> None:
        self._view = view
        self._name = name
        self._items = items
        sources = {one: source.set for one, source in view.tree.sources.items() if source.set}
        self._sets = pa.array(sorted(set(sources.values())), pa.string())
        self._sources = pa.array([*sources], pa.string())
        self._of_set = pa.array([one for one, held in sources.items() if held == name], pa.string())

    def found(self) -> Iterator[Contradiction]:
        """What is wrong with any, with how many of them."""
        noun = "mentions" if self._name is None else "labels"
        counts: dict[str, tuple[int, str]] = {}
        for rows in self._batches():
            for what, wrong in self._judged(rows).items():
                keys = rows.column("item").filter(wrong)
                if len(keys):
                    count, first = counts.get(what, (0, keys[0].as_py()))
                    counts[what] = (count + len(keys), first)
        for what, (count, first) in counts.items():
            yield Contradiction(self._view.name, self._name, f"{noun} {what}", count, first)

    def _batches(self) -> Iterator[pa.Table]:
        scan = self._view.store.tables.scan
        if self._name is not None:
            return scan(self._view.label_table(self._name), ["item", "source"])
        rows = scan(self._view.mentions, ["item", "set", "source"])
        return (batch.filter(pc.is_in(batch.column("set"), value_set=self._sets)) for batch in rows)

    def _judged(self, rows: pa.Table) -> dict[str, pa.ChunkedArray]:
        items, sources = rows.column("item"), rows.column("source")
        told = pc.is_in(sources, value_set=self._sources, skip_nulls=True)
        wrong = {
            "on items that are not there": pc.invert(pc.is_in(items, value_set=self._items)),
            "of sources that are not there": pc.and_(sources.is_valid(), pc.invert(told)),
        }
        if self._name is not None:
            here = pc.is_in(sources, value_set=self._of_set, skip_nulls=True)
            wrong["of sources of another set"] = pc.and_(told, pc.invert(here))
        return wrong


def _shared_ids(view: View, name: str) -> Iterator[Contradiction]:
    """Labels of a set whose id an earlier one has."""
    ids: list[np.ndarray[tuple[int], np.dtype[np.uint64]]] = [np.zeros(0, np.uint64)]
    ids += [batch.column("id").to_numpy() for batch in view.store.tables.scan(view.label_table(name), ["id"])]
    every = np.concatenate(ids)
    every.sort()
    twins = every[1:][every[1:] == every[:-1]]
    if not len(twins):
        return
    rows = view.labels(name).to_arrow(["item", "id"])
    holders = rows.filter(pc.equal(rows.column("id"), pa.scalar(int(twins[0]), pa.uint64())))
    first = holders.column("item")[0].as_py()
    yield Contradiction(view.name, name, "labels with the id of another", len(twins), first)
