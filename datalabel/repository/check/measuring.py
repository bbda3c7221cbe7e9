"""Measuring label sets once, so that what follows need not look at their outlines."""

from __future__ import annotations

from datalabel.check.measuring import LOOKED_AT, measures_of
from datalabel.repository.view import EMPTY_TREE, View


def measure_labels(after: View, before: View | None = None) -> None:
    """Measure what was not measured yet of all label sets, or of what a change brought to them. It is kept beside the
    store's objects, if it can be."""
    before = before or View(after.store, EMPTY_TREE, "nothing")
    for name in after.tree.sets:
        after.store.tables.measure(after.label_table(name), LOOKED_AT, measures_of, before.label_table(name))
