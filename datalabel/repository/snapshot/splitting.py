"""Which split of a new snapshot each item belongs to: drawn, taken from lists, or kept from an earlier one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from datalabel.errors import InputError, UsageError
from datalabel.experiments.splits import EXAMPLE, Assigned, Ratios, published, without_unions
from datalabel.experiments.units import GROUP, units_of
from datalabel.labels.properties import values_in
from datalabel.printable import amount
from datalabel.repository.differences import Difference
from datalabel.repository.project import Project
from datalabel.repository.revisions import Revision, snapshot_named
from datalabel.repository.snapshot.split_lists import split_lists
from datalabel.repository.view import View, view_of
from datalabel.store.snapshots import Snapshot
from datalabel.store.table import Table

_FINEST = 1_000_000
"""A share that is given as a float is the fraction nearest to it with no larger denominator."""


@dataclass(frozen=True, slots=True)
class SnapshotOptions:
    """How a snapshot is selected and split. `split` is `train=0.8,val=0.2`, or a mapping that says so; `split_by`
    names lists. Items that no source of the sets names are left out, but `with_unseen`."""

    where: str | None = None
    drop_empty: bool = False
    with_unseen: bool = False
    sets: Sequence[str] = ()
    split: str | Mapping[str, float] | None = None
    split_by: Sequence[str] = ()
    earlier: str | None = None
    seed: int | None = None
    note: str = ""

    @property
    def shares(self) -> str | None:
        """What `split` says, as text."""
        if self.split is None or isinstance(self.split, str):
            return self.split
        return ",".join(f"{name}={_meant(share)}" for name, share in self.split.items())


def _meant(share: float) -> Fraction | float:
    """The fraction that a float stands for: 1 - 0.8 means a fifth."""
    return Fraction(share).limit_denominator(_FINEST) if math.isfinite(share) else share


class Splitter:
    """Decides the split of each selected item, as the options say."""

    def __init__(self, project: Project, items: Table, revision: Revision, options: SnapshotOptions) -> None:
        self._project = project
        self._revision = revision
        self._options = options
        self._contents = contents_of(project, items)
        self._groups = revision.view(project).spec.check.groups
        self._units = units_of(self._contents, groups_of(project, items, self._groups))

    @property
    def is_empty(self) -> bool:
        """Whether no item is selected."""
        return not self._contents

    def assign(self) -> tuple[Assigned, dict[str, object]]:
        """The split of each item, and how it was asked for.

        Raises:
            InputError: a split would be empty, or a list cannot be used.
            UsageError: the options contradict each other.
        """
        how = self._options
        if how.split_by:
            if how.split or how.earlier or how.seed is not None:
                raise UsageError(
                    "--split-by takes published splits as they are", hint="drop --split, --from and --seed"
                )
            return self._published(how.split_by)
        if how.earlier is not None:
            return self._from_earlier(how.earlier)
        if how.shares is not None:
            return self._drawn(Ratios.parse(how.shares), how.seed or 0)
        if how.seed is not None:
            raise UsageError("--seed needs --split", hint=f"e.g. {EXAMPLE}")
        return Assigned({}, {}), {}

    def _published(self, wanted: Sequence[str]) -> tuple[Assigned, dict[str, object]]:
        named = split_lists(self._project, self._revision.view(self._project), wanted)
        lists = without_unions(named.items)
        unions = named.items.keys() - lists.keys()
        unknown = {split: names for split, names in named.unknown.items() if split not in unions}
        assigned = replace(published(lists, self._contents), unknown=unknown)
        self._refuse_empty(assigned, lists)
        root = f"{self._project.root.as_posix()}/"
        return assigned, {"split_by": [path.replace(root, "", 1) for path in wanted]}

    def _drawn(self, ratios: Ratios, seed: int) -> tuple[Assigned, dict[str, object]]:
        drawn = ratios.assign(list(self._units.values()), seed)
        assigned = Assigned(dict(zip(self._units, drawn, strict=True)), {})
        self._refuse_empty(assigned, ratios.shares)
        return assigned, {"split": str(ratios), "seed": seed}

    def _from_earlier(self, name: str) -> tuple[Assigned, dict[str, object]]:
        """Items keep the split that their image, or else their key, had; new ones are drawn."""
        earlier = snapshot_named(self._project, name)
        known = _Known.of(self._project, earlier, self._revision.view(self._project))
        text = self._options.shares or earlier.query.get("split")
        seed = self._options.seed if self._options.seed is not None else int(earlier.query.get("seed") or 0)
        splits: dict[str, str] = {}
        bridging: dict[str, tuple[str, str]] = {}
        fresh: dict[str, str] = {}
        # Units never part: where an image is new, what one of its unit was, all of them are.
        together: dict[str, set[str]] = {}
        for key, content in self._contents.items():
            together.setdefault(self._units[key], set()).update(known.splits_of(key, content))
        for key, content in self._contents.items():
            is_old = content in known.by_content
            names = sorted(known.splits_of(key, content) if is_old else together[self._units[key]])
            if len(names) > 1:
                bridging[key] = (names[0], names[1])
            elif names:
                splits[key] = names[0]
            else:
                fresh[key] = self._units[key]
        if fresh and not text:
            raise InputError(
                f"{amount(len(fresh), 'new item')} since {name!r}, whose splits were published lists",
                hint=f"say how new items are split, e.g. {EXAMPLE}",
            )
        if fresh:
            drawn = Ratios.parse(str(text)).assign(list(fresh.values()), seed)
            splits |= zip(fresh, drawn, strict=True)
        return Assigned(splits, bridging), {"from": name, "split": text, "seed": seed}

    def _refuse_empty(self, assigned: Assigned, names: Iterable[str]) -> None:
        filled = set(assigned.splits.values())
        empty = [name for name in names if name not in filled]
        if empty:
            shared = f", {len(assigned.bridging):,} of them in two splits" if assigned.bridging else ""
            if any(unit.startswith(GROUP) for unit in self._units.values()):
                shared += f"; those of one {' or '.join(self._groups)} stay together"
            raise InputError(
                f"the split {empty[0]!r} would be empty ({amount(len(self._contents), 'item')} selected{shared})",
                hint="select more items, give it a larger share, or draw with another --seed",
            )


@dataclass(frozen=True, slots=True)
class _Known:
    """The splits of an earlier snapshot, by the keys that items have now and by content."""

    by_key: Mapping[str, str]
    by_content: Mapping[str, str]

    @classmethod
    def of(cls, project: Project, earlier: Snapshot, now: View) -> _Known:
        view = view_of(project.store, earlier.tree, earlier.name, earlier.splits)
        table = view.split_table()
        if table is None:
            raise InputError(f"the snapshot {earlier.name!r} has no splits", hint=f"e.g. {EXAMPLE}")
        by_key = dict(zip(table.column("item").to_pylist(), table.column("split").to_pylist(), strict=True))
        contents = contents_of(project, view.items)
        by_content = {content: by_key[key] for key, content in contents.items()}
        return cls(Difference(project, view, now).followed(by_key), by_content)

    def splits_of(self, key: str, content: str) -> list[str]:
        return sorted({split for split in (self.by_content.get(content), self.by_key.get(key)) if split})


def groups_of(project: Project, items: Table, properties: Sequence[str]) -> dict[str, list[str]]:
    """The groups of each item that has some: its values of these properties."""
    found: dict[str, list[str]] = {}
    for batch in project.store.tables.scan(items, ["item", "properties"]) if properties else ():
        for key, text in zip(
            *(batch.column(name).to_pylist() for name in ("item", "properties")), strict=True
        ):
            said = values_in(text)
            if names := [f"{name} {said[name]}" for name in properties if name in said]:
                found[key] = names
    return found


def contents_of(project: Project, items: Table) -> dict[str, str]:
    """The content of each item; the key stands for what is not here."""
    found: dict[str, str] = {}
    for batch in project.store.tables.scan(items, ["item", "content"]):
        keys = batch.column("item").to_pylist()
        found |= (
            (key, content or f"key {key}")
            for key, content in zip(keys, batch.column("content").to_pylist(), strict=True)
        )
    return found
