"""Counting the values of properties, alone and two by two; partial counts merge."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa

from datalabel.labels.properties import plain, properties_in
from datalabel.labels.stats.counts import Distribution, Numbers, Plain, Words, shortened

NAMES = 12
"""Of the properties of one label so many are set against each other: the first in alphabetical order."""

PAIRS = 200
"""So many pairs of properties are counted; beyond, none is."""

CELLS = 400
"""So many pairs of values of two properties are counted; beyond, none is."""


@dataclass(frozen=True, slots=True)
class PropertyStats(Plain):
    """The values of one property.

    `labels` counts the labels (or items) that have it; `values` the commonest values (the members of lists one
    by one), `other` how often any other occurred, `distinct` how many different ones there are (None: more
    than `DISTINCT`). `numbers` summarises those that are numbers.
    """

    labels: int
    values: Mapping[str, int]
    other: int
    distinct: int | None
    numbers: Distribution | None


@dataclass(frozen=True, slots=True)
class CrossStats(Plain):
    """Two properties side by side: how many labels have which value of the first with which of the second."""

    properties: tuple[str, str]
    counts: Mapping[str, Mapping[str, int]]


class PropertyPairs:
    """Counts which values of two properties occur together. Fractions, lists and objects are passed over."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
        self._many = False

    def add(self, properties: Mapping[str, Any], count: int) -> None:
        """Count the properties of so many labels."""
        if self._many:
            return
        plain = {
            name: shortened(word_of(value))
            for name, value in properties.items()
            if isinstance(value, str | int)
        }
        for pair in combinations(sorted(plain)[:NAMES], 2):
            self._count(pair, Counter({(plain[pair[0]], plain[pair[1]]): count}))

    def _count(self, pair: tuple[str, str], cells: Counter[tuple[str, str]]) -> None:
        mine = self._cells.setdefault(pair, Counter())
        # One cell more than is shown stands for "too many", so that a merge of parts knows it as well.
        if len(mine) <= CELLS:
            mine.update(cells)
        if len(self._cells) > PAIRS:
            self._many = True
            self._cells.clear()

    def merge(self, other: PropertyPairs) -> None:
        """Count everything that the other has counted."""
        if other._many:
            self._many = True
            self._cells.clear()
        if not self._many:
            for pair, cells in other._cells.items():
                self._count(pair, cells)

    def result(self) -> tuple[CrossStats, ...]:
        """The pairs of properties with few enough values, in alphabetical order."""
        found = []
        for pair, cells in sorted(self._cells.items()):
            if len(cells) <= CELLS:
                counts: dict[str, dict[str, int]] = {}
                for (first, second), count in sorted(cells.items()):
                    counts.setdefault(first, {})[second] = count
                found.append(CrossStats(pair, counts))
        return tuple(found)


@dataclass(slots=True)
class PropertyCounts:
    """Counts the values of the properties of one class, or of items."""

    _labels: Counter[str] = field(default_factory=Counter)
    _words: dict[str, Words] = field(default_factory=dict)
    _numbers: dict[str, Numbers] = field(default_factory=dict)

    def add(self, texts: pa.Array | pa.ChunkedArray, crossed: PropertyPairs | None = None) -> None:
        """Count a column of properties (JSON objects as text), and what occurs together in `crossed`.

        What is no object is passed over.
        """
        counted = texts.value_counts()
        found: dict[str, tuple[list[float], list[int]]] = {}
        pairs = zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)
        for text, count in pairs:
            properties = properties_in(text) or {}
            if crossed is not None:
                crossed.add(properties, count)
            for name, value in properties.items():
                if value is not None:
                    self._add_value(name, value, count, found)
        for name, (values, counts) in found.items():
            numbers = self._numbers.setdefault(name, Numbers())
            numbers.add(np.array(values, np.float64), np.array(counts, np.int64))

    def _add_value(
        self, name: str, value: Any, count: int, found: dict[str, tuple[list[float], list[int]]]
    ) -> None:
        self._labels[name] += count
        words = self._words.setdefault(name, Words())
        for one in value if isinstance(value, list) else [value]:
            words.add(word_of(one), count)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
            values, counts = found.setdefault(name, ([], []))
            values.append(float(value))
            counts.append(count)

    def merge(self, other: PropertyCounts) -> None:
        """Count everything that the other has counted."""
        self._labels.update(other._labels)
        for name, words in other._words.items():
            self._words.setdefault(name, Words()).merge(words)
        for name, numbers in other._numbers.items():
            self._numbers.setdefault(name, Numbers()).merge(numbers)

    def result(self) -> dict[str, PropertyStats]:
        """What was counted, by name of the property, in alphabetical order."""
        found = {}
        for name in sorted(self._labels):
            words, numbers = self._words[name], self._numbers.get(name)
            top = words.top()
            found[name] = PropertyStats(
                self._labels[name],
                top,
                words.total - sum(top.values()),
                words.distinct,
                numbers.result() if numbers else None,
            )
        return found


def word_of(value: Any) -> str:
    """A property's value as one word: text as it is, anything else as JSON. 1.0 is 1."""
    if not isinstance(value, str):
        try:
            value = json.dumps(plain(value), sort_keys=True, ensure_ascii=False)
        except RecursionError:
            return "…"
    return str(value).encode("utf-8", "replace").decode()
