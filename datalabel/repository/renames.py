"""Which item is which after renames, told by the traces that they left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pyarrow.compute as pc

from datalabel.store.table import Table
from datalabel.store.tables import Tables

Row = Mapping[str, Any]


def traces(tables: Tables, items: Table, keys: Iterable[str] | None) -> dict[str, str]:
    """Where items were moved to, by the keys that they had, as a table of items remembers it; of all: None."""
    wanted = None if keys is None else sorted(set(keys))
    found = tables.read(items, ["item", "moved_to"], items=wanted, markers=True)
    found = found.filter(pc.is_valid(found.column("moved_to")))
    return dict(zip(found.column("item").to_pylist(), found.column("moved_to").to_pylist(), strict=True))


def _way(key: str, steps: Mapping[str, str]) -> list[str]:
    """The keys that an item may have had since it had this one. In which order steps were taken is not known."""
    keys = [key]
    while (target := steps.get(keys[-1])) is not None and target not in keys:
        keys.append(target)
    return keys


def moves(
    old: Mapping[str, Row], new: Mapping[str, Row], earlier: Mapping[str, str], later: Mapping[str, str]
) -> dict[str, str]:
    """Old key → new key of the items that have another one, by the traces before and after; none has two, and no two
    have one.

    Traces stay with a key, so the tree that knows of more keys is the later one, on whichever side it stands: the way
    back is the way there, read backwards. Of trees that went apart, either tells of its own renames.
    """
    if earlier.keys() > later.keys():
        return {key: target for target, key in _told(new, old, later, earlier).items()}
    there = _told(old, new, earlier, later)
    if earlier.keys() < later.keys():
        return there
    back = {key: target for target, key in _told(new, old, later, earlier).items()}
    taken = set(there.values())
    return there | {key: to for key, to in back.items() if key not in there and to not in taken}


def _told(
    old: Mapping[str, Row], new: Mapping[str, Row], earlier: Mapping[str, str], later: Mapping[str, str]
) -> dict[str, str]:
    """Old key → new key of the items whose way the traces of the later tree tell, chains followed to their end."""
    ways = {key: _way(key, later) for key in sorted(old.keys() & later.keys())}
    return _renamed(ways, old, new, {key for key, target in later.items() if earlier.get(key) == target})


def _renamed(
    ways: Mapping[str, Sequence[str]], old: Mapping[str, Row], new: Mapping[str, Row], known: Collection[str]
) -> dict[str, str]:
    """Old key → new key of the items that have another one; none has two, and no two have one.

    Where keys on the way are in use again, or were in use by an item that was removed, the image tells. Where it does
    not, an item is where it was, or else at the first key on its way that is nobody's; steps from the keys in `known`
    are older than the old items, and prove nothing where images are known.
    """
    stayed = [key for key in old.keys() & new.keys() if key not in ways]
    taken = {key: key for key in stayed if old[key]["content"] == new[key]["content"]}
    for key, keys in ways.items():
        content = old[key]["content"]
        same = (one for one in keys if one in new and one not in taken and new[one]["content"] == content)
        if content is not None and (target := next(same, None)) is not None:
            taken[target] = key
    taken = {key: key for key in stayed} | taken
    settled = set(taken.values())
    for key in sorted(ways.keys() - settled, key=lambda one: (one in new, one)):
        proven = next((place for place, one in enumerate(ways[key]) if one in known), len(ways[key]))
        free = (
            one
            for place, one in enumerate(ways[key])
            if one in new
            and one not in taken
            and (place <= proven or None in (old[key]["content"], new[one]["content"]))
        )
        if (target := next(free, None)) is not None:
            taken[target] = key
    return {key: target for target, key in taken.items() if key != target}
