"""Which item is which after renames, told by the traces that they left."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def way(key: str, steps: Mapping[str, str]) -> list[str]:
    """The keys that an item may have had since it had this one. In which order steps were taken is not known."""
    keys = [key]
    while (target := steps.get(keys[-1])) is not None and target not in keys:
        keys.append(target)
    return keys


def renamed(
    ways: Mapping[str, Sequence[str]], old: Mapping[str, Row], new: Mapping[str, Row], known: Collection[str]
) -> dict[str, str]:
    """Old key → new key of the items that have another one; none has two, and no two have one.

    Where keys on the way are in use again, the image tells. Where it does not, an item is where it was, or else at
    the first key on its way that is nobody's; steps from the keys in `known` are older than the old items, and
    prove nothing.
    """
    taken = {key: key for key in old.keys() & new.keys() if key not in ways}
    for key, keys in ways.items():
        content = old[key]["content"]
        same = (one for one in keys if one in new and one not in taken and new[one]["content"] == content)
        if content is not None and (target := next(same, None)) is not None:
            taken[target] = key
    settled = set(taken.values())
    for key in sorted(ways.keys() - settled, key=lambda one: (one in new, one)):
        proven = next((place for place, one in enumerate(ways[key]) if one in known), len(ways[key]))
        free = (one for one in ways[key][: proven + 1] if one in new and one not in taken)
        if (target := next(free, None)) is not None:
            taken[target] = key
    return {key: target for target, key in taken.items() if key != target}
