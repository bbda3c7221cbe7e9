"""The verb `stats`: counts and distributions of one revision, in one pass over each set."""

from __future__ import annotations

from functools import partial

import pyarrow as pa

from datalabel.errors import InputError, UsageError, nearest
from datalabel.labels.stats import Stats, StatsBuilder
from datalabel.labels.stats.groups import NONE, Grouping, grouping_of
from datalabel.labels.tables import GROUND_TRUTH, MEASURES
from datalabel.repository.view import View, named_in, span_of, splits_of
from datalabel.store.key_ranges import KeyRange
from datalabel.threads import in_order

COLUMNS = [
    "item",
    "class",
    "kind",
    "x",
    "y",
    "w",
    "h",
    "coords",
    "parts",
    "rle",
    "properties",
    "confidence",
    "annotator",
    *MEASURES.names,
]


def stats_of(view: View, by: str | None = None) -> Stats:
    """The statistics of every set of a tree, of its splits if it has any, and of groups if `by` names a way.

    `by` is `class`, `annotator`, `split`, `properties.NAME` or `item.properties.NAME`.

    Raises:
        UsageError: `by` is none of these.
        InputError: the tree has no splits, or nothing in it has the property, or it has far too many values.
    """
    if not isinstance(by, str | None):
        raise UsageError(f"by= takes one way to group, not {by!r}", hint="such as 'class'")
    grouping = grouping_of(by) if by else None
    splits = view.split_table()
    if by == "split" and splits is None:
        raise InputError(f"{view.name} has no splits", hint="a snapshot has: dlabel snapshot list")
    builder = StatsBuilder(view.name, grouping)
    names = view.sets
    for name in names:
        counted = partial(_counted, view, name, grouping, splits)
        for part in in_order(counted, view.ranges(name)):
            builder.merge(part)
    if not names:
        for items in view.item_batches():
            builder.add_items(items)
    result = builder.result()
    if grouping is not None:
        _check_property(result, grouping)
    return result


def _counted(
    view: View, name: str, grouping: Grouping | None, splits: pa.Table | None, keys: KeyRange
) -> StatsBuilder:
    """One set in one range of keys."""
    part = StatsBuilder(by=grouping)
    with view.store.tables.opened(view.mentions) as mentions:
        for items, labels in view.keyed_batches(name, columns=COLUMNS, keys=keys):
            of_items = None if splits is None else splits_of(items.column("item"), splits)
            if name != GROUND_TRUTH:  # that is about all items
                said = mentions.read(["item", "set"], keys=span_of(items))
                items = items.append_column("seen", named_in(said, name, items.column("item")))
            part.add(name, items, labels, of_items)
    return part


def _check_property(found: Stats, grouping: Grouping) -> None:
    """A property that nothing has is most likely a misspelt one."""
    name = grouping.property_name
    if name is None or any(set(one.groups) - {NONE} for one in found.sets.values()):
        return
    known = {key for one in found.sets.values() for named in one.properties.values() for key in named}
    if grouping.of_items:
        known = set()
    known |= set(found.items.properties)
    close = nearest(name, known)
    hint = f"did you mean {close!r}?" if close else "the properties are: " + ", ".join(sorted(known)[:20])
    place = "item" if grouping.of_items else "label"
    raise InputError(f"no {place} at {found.revision} has a property {name!r}", hint=hint if known else None)
