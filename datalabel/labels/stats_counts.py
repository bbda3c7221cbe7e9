"""Counters that merge: numbers, words and properties, each in bounded memory.

What a counter says depends only on what was counted, never on the order or on how the work was divided:
a merge of parts equals one count of the whole.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EXACT = 1 << 16
"""So many different numbers are kept as they are; beyond, each is rounded to seven bits of mantissa."""

DISTINCT = 1000
"""So many different words are counted one by one; beyond, only their total is known."""

TOP = 20
"""So many of the commonest words are shown."""

_DROPPED_BITS = np.uint64(45)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Distribution:
    """How numbers are distributed. Quantiles are interpolated linearly between neighbours.

    `exact` is False when there were more than `EXACT` different numbers: then the quantiles and the mean are
    within 0.4 % of the true ones (`min` and `max` are always exact).
    """

    count: int
    min: float
    p5: float
    p25: float
    median: float
    p75: float
    p95: float
    max: float
    mean: float
    exact: bool = True

    def to_json(self) -> dict[str, Any]:
        """The shape that scripts rely on."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


class Numbers:
    """Counts finite numbers; others are passed over."""

    def __init__(self) -> None:
        self._values: Floats = np.empty(0)
        self._counts: Ints = np.empty(0, np.int64)
        self._low = math.inf
        self._high = -math.inf
        self._rounded = False

    def add(self, values: Floats, counts: Ints | None = None) -> None:
        """Count these numbers, each once or so many times."""
        keep = np.isfinite(values)
        told = np.ones(len(values), np.int64) if counts is None else counts
        self._take(values[keep] + 0.0, told[keep])

    def merge(self, other: Numbers) -> None:
        """Count everything that the other has counted."""
        self._rounded |= other._rounded
        self._low, self._high = min(self._low, other._low), max(self._high, other._high)
        self._take(other._values, other._counts, extremes=False)

    def _take(self, values: Floats, counts: Ints, *, extremes: bool = True) -> None:
        if extremes and len(values):
            self._low = min(self._low, float(values.min()))
            self._high = max(self._high, float(values.max()))
        self._values = np.concatenate([self._values, values])
        self._counts = np.concatenate([self._counts, counts])
        if self._rounded:
            self._values = _rounded(self._values)
        self._compact()
        if not self._rounded and len(self._values) > EXACT:
            self._rounded = True
            self._values = _rounded(self._values)
            self._compact()

    def _compact(self) -> None:
        self._values, codes = np.unique(self._values, return_inverse=True)
        counts = np.zeros(len(self._values), np.int64)
        np.add.at(counts, codes.reshape(-1), self._counts)
        self._counts = counts

    def result(self) -> Distribution | None:
        """What was counted; None when nothing was."""
        total = int(self._counts.sum())
        if not total:
            return None
        ends = np.cumsum(self._counts)
        p5, p25, median, p75, p95 = (self._quantile(q, ends, total) for q in (0.05, 0.25, 0.5, 0.75, 0.95))
        mean = self._mean(total)
        return Distribution(
            total, self._low, p5, p25, median, p75, p95, self._high, mean, exact=not self._rounded
        )

    def _quantile(self, q: float, ends: Ints, total: int) -> float:
        place = q * (total - 1)
        below, share = int(place), place - int(place)
        low = float(self._values[np.searchsorted(ends, below, side="right")])
        high = float(self._values[np.searchsorted(ends, min(below + 1, total - 1), side="right")])
        found = low if low == high else low * (1 - share) + high * share
        return min(max(found, self._low), self._high)

    def _mean(self, total: int) -> float:
        largest = max(abs(self._low), abs(self._high))
        if not largest:
            return 0.0
        # Scaled, because a sum of huge numbers would overflow; fsum, because it does not depend on order.
        parts = (self._values / largest) * (self._counts / total)
        return min(max(math.fsum(parts.tolist()) * largest, self._low), self._high)


def _rounded(values: Floats) -> Floats:
    """Each number replaced by the middle of the numbers that agree with it in sign, exponent and seven bits."""
    bits = np.abs(values).view(np.uint64)
    middle = (bits >> _DROPPED_BITS << _DROPPED_BITS) | np.uint64(1 << (int(_DROPPED_BITS) - 1))
    return np.where(values == 0, 0.0, np.copysign(middle.view(np.float64), values))


class Words:
    """Counts words one by one, up to `DISTINCT` different ones."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self.total = 0
        self.many = False

    def add(self, word: str, count: int = 1) -> None:
        """Count a word so many times. Very long ones are cut."""
        self.total += count
        if not self.many:
            self._counts[word if len(word) <= _LONGEST else word[: _LONGEST - 1] + "…"] += count
            self._settle()

    def merge(self, other: Words) -> None:
        """Count everything that the other has counted."""
        self.total += other.total
        self.many |= other.many
        self._counts.update(other._counts)
        self._settle()

    def _settle(self) -> None:
        if self.many or len(self._counts) > DISTINCT:
            self.many = True
            self._counts.clear()

    @property
    def distinct(self) -> int | None:
        """How many different words there are; None when they were too many."""
        return None if self.many else len(self._counts)

    def top(self, most: int | None = TOP) -> dict[str, int]:
        """The commonest words with their counts; equally common ones in alphabetical order."""
        every = sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return dict(every[:most])


@dataclass(frozen=True, slots=True)
class PropertyStats:
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

    def to_json(self) -> dict[str, Any]:
        """The shape that scripts rely on."""
        return {
            "labels": self.labels,
            "values": dict(self.values),
            "other": self.other,
            "distinct": self.distinct,
            "numbers": self.numbers.to_json() if self.numbers else None,
        }


@dataclass(slots=True)
class PropertyCounts:
    """Counts the values of the properties of one class, or of items."""

    _labels: Counter[str] = field(default_factory=Counter)
    _words: dict[str, Words] = field(default_factory=dict)
    _numbers: dict[str, Numbers] = field(default_factory=dict)

    def add(self, texts: pa.Array | pa.ChunkedArray) -> None:
        """Count a column of properties (JSON objects as text). What is no object is passed over."""
        counted = texts.value_counts()
        found: dict[str, tuple[list[float], list[int]]] = {}
        pairs = zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)
        for text, count in pairs:
            for name, value in _object(text).items():
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
            words.add(_word(one), count)
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


def _word(value: Any) -> str:
    if not isinstance(value, str):
        try:
            value = json.dumps(value, sort_keys=True, ensure_ascii=False)
        except RecursionError:
            return "…"
    return str(value).encode("utf-8", "replace").decode()


def _object(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        value = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
