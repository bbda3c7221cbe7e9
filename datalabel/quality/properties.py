"""Agreement on properties: what several annotators say of an object that they all drew.

A property is compared where both (or several) gave it a value; values are equal or not, an ordered list among
them. An annotator who left a property out said nothing about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from datalabel.labels.arrays import positions
from datalabel.labels.properties import values_in
from datalabel.labels.sorting import distinct_pairs
from datalabel.quality.batch import Batch, Ints, Words
from datalabel.quality.objects import Pairs
from datalabel.quality.resampling import Alpha, Kappa, Tally
from datalabel.quality.tallies import PAIR, AlphaTally, spread


@dataclass(frozen=True, slots=True)
class Said:
    """What labels say: one row per label and property, sorted by label, then property."""

    label: Ints
    name: Ints
    value: Ints


@dataclass(slots=True)
class PropertyTally:
    """Alpha of each property; kappa of each property for each two annotators."""

    names: Words = field(default_factory=Words)
    values: Words = field(default_factory=Words)
    alphas: AlphaTally = field(default_factory=AlphaTally)
    pairs: dict[tuple[int, int], int] = field(default_factory=dict)
    same: Tally = field(default_factory=Tally)
    first: Tally = field(default_factory=Tally)
    second: Tally = field(default_factory=Tally)

    def add(self, batch: Batch, offset: int, objects: Ints, pairs: Pairs) -> None:
        """Count what the labels of a batch say; `objects` are the numbers of their objects."""
        said = self._said(batch.labels)
        if not len(said.label):
            return
        units = distinct_pairs(objects[said.label], said.name)
        item = np.zeros(len(units), np.int64)
        item[units.where] = batch.item[said.label] + offset
        self.alphas.add(item, units.second, spread(units.where, said.value, len(units)))
        self._add_pairs(batch, offset, said, pairs)

    def _said(self, labels: pa.Table) -> Said:
        column = labels.column("properties").combine_chunks().dictionary_encode()
        rows = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
        codes = column.indices.drop_null().to_numpy()
        parsed = [self._parsed(text) for text in column.dictionary.to_pylist()]
        counts = np.array([len(one) for one in parsed], np.int64)
        if not counts.sum():
            return Said(*(np.zeros(0, np.int64) for _ in range(3)))
        flat = np.array([pair for one in parsed for pair in sorted(one.items())], np.int64)
        starts = (np.cumsum(counts) - counts)[codes]
        row = np.repeat(np.arange(len(rows)), counts[codes])
        found = flat[positions(starts, counts[codes])]
        return Said(rows[row], found[:, 0], found[:, 1])

    def _parsed(self, text: str) -> Mapping[int, int]:
        said = values_in(text)
        return {self.names.code(name): self.values.code(value) for name, value in said.items()}

    def _add_pairs(self, batch: Batch, offset: int, said: Said, pairs: Pairs) -> None:
        """Rows of the left labels, each with the row of the right label on the same property."""
        counts = np.bincount(said.label, minlength=len(batch.item))
        starts = np.cumsum(counts) - counts
        pair = np.repeat(np.arange(len(pairs.left)), counts[pairs.left])
        own = counts[pairs.left]
        left = positions(starts[pairs.left], own)
        width = len(self.names)
        keys, wanted = said.label * width + said.name, pairs.right[pair] * width + said.name[left]
        right = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        both = keys[right] == wanted
        pair, left, right = pair[both], left[both], right[both]
        people = batch.annotator[pairs.left[pair]] * PAIR + batch.annotator[pairs.right[pair]]
        group = self._groups(people, said.name[left])
        item = batch.item[pairs.left[pair]] + offset
        self.same.add(item, group, value=(said.value[left] == said.value[right]).astype(np.float64))
        self.first.add(item, group, said.value[left])
        self.second.add(item, group, said.value[right])

    def _groups(self, people: Ints, name: Ints) -> Ints:
        """A number for every two people and property."""
        found = distinct_pairs(people, name)
        pairs = zip(found.first.tolist(), found.second.tolist(), strict=True)
        return np.array([self.pairs.setdefault(pair, len(self.pairs)) for pair in pairs], np.int64)[
            found.where
        ]

    def alpha(self, items: int) -> Alpha:
        """Alpha of each property, by its number."""
        return self.alphas.alpha(np.arange(len(self.names)), items)

    def kappa(self, items: int) -> Kappa:
        """Kappa for each two annotators and property, in the order of `pairs`."""
        groups = np.arange(len(self.pairs))
        return Kappa(groups, *(one.counts(items) for one in (self.same, self.first, self.second)))
