"""The verb `stats`: counts and distributions of one revision, in one pass over each set."""

from __future__ import annotations

from datalabel.labels.stats import Stats, StatsBuilder
from datalabel.repository.view import View

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
]


def stats_of(view: View) -> Stats:
    """The statistics of every set of a tree."""
    builder = StatsBuilder(view.name)
    names = sorted(view.tree.sets)
    for name in names:
        for items, labels in view.keyed_batches(name, columns=COLUMNS):
            builder.add(name, items, labels)
    if not names:
        for items in view.item_batches():
            builder.add_items(items)
    return builder.result()
