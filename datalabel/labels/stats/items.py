"""Counting items; partial counts merge."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.arrays import floats_of
from datalabel.labels.stats.counts import EXACT, Numbers, Words, count_words
from datalabel.labels.stats.properties import PropertyCounts
from datalabel.labels.stats.results import ItemStats


@dataclass(slots=True)
class ItemCounts:
    """Counts items."""

    items: int = 0
    images: int = 0
    bytes: int = 0
    formats: Words = field(default_factory=Words)
    states: Words = field(default_factory=Words)
    sizes: Words = field(default_factory=lambda: Words(EXACT))
    width: Numbers = field(default_factory=Numbers)
    height: Numbers = field(default_factory=Numbers)
    properties: PropertyCounts = field(default_factory=PropertyCounts)

    def add(self, items: pa.Table) -> None:
        """Count these items. Columns that are not there count as null."""
        self.items += items.num_rows
        columns = {name: items.column(name) for name in items.column_names}
        if "content" in columns:
            self.images += len(columns["content"]) - columns["content"].null_count
        if "bytes" in columns:
            self.bytes += pc.sum(columns["bytes"]).as_py() or 0
        for words, name in ((self.formats, "format"), (self.states, "state")):
            if name in columns:
                count_words(words, columns[name])
        if "properties" in columns:
            self.properties.add(columns["properties"])
        self._add_sizes(items)

    def _add_sizes(self, items: pa.Table) -> None:
        wide, high = (floats_of(items, name) for name in ("width", "height"))
        known = np.isfinite(wide) & np.isfinite(high)
        self.width.add(wide[known])
        self.height.add(high[known])
        pairs = zip(*(side[known].astype(np.int64).tolist() for side in (wide, high)), strict=True)
        for size, count in Counter(pairs).items():
            self.sizes.add("×".join(map(str, size)), count)

    def merge(self, other: ItemCounts) -> None:
        """Count everything that the other has counted."""
        self.items += other.items
        self.images += other.images
        self.bytes += other.bytes
        self.formats.merge(other.formats)
        self.states.merge(other.states)
        self.sizes.merge(other.sizes)
        self.width.merge(other.width)
        self.height.merge(other.height)
        self.properties.merge(other.properties)

    def result(self) -> ItemStats:
        """What was counted."""
        return ItemStats(
            self.items,
            self.images,
            self.bytes,
            self.formats.top(None),
            self.states.top(None),
            self.sizes.top(),
            self.width.result(),
            self.height.result(),
            self.properties.result(),
        )
