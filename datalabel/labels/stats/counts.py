"""Counters that merge: numbers and words, each in bounded memory.

What a counter says depends only on what was counted, never on the order or on how the work was divided:
a merge of parts equals one count of the whole.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalabel.labels.sorting import begins

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EXACT = 1 << 16
"""So many different numbers are kept as they are; beyond, each is rounded to seven bits of mantissa."""

_WAITING = 4
"""Times the numbers that are kept: so many may wait to be counted."""

DISTINCT = 1000
"""So many different words are counted one by one; beyond, only their total is known."""

TOP = 20
"""So many of the commonest words are shown."""

BINS = 16
"""So many bins a distribution's histogram has."""

_DROPPED_BITS = np.uint64(45)
_LONGEST = 200


class Plain:
    """A frozen value whose JSON shape is its fields: what scripts rely on. Keys are only ever added."""

    __slots__ = ()
    __dataclass_fields__: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The fields by name, and what they hold as JSON."""
        return {name: _json(getattr(self, name)) for name in self.__dataclass_fields__}


def _json(value: Any) -> Any:
    if isinstance(value, Plain):
        return value.to_json()
    if isinstance(value, Mapping):
        return {str(key): _json(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_json(inner) for inner in value]
    return value


@dataclass(frozen=True, slots=True)
class Distribution(Plain):
    """How numbers are distributed. Quantiles are interpolated linearly between neighbours.

    `exact` is False when there were more different numbers than are kept: then the quantiles and the mean are
    within 0.4 % of the true ones (`min` and `max` are always exact). `histogram` counts the numbers in `BINS`
    equal steps from `p5` to `p95`; it is empty where the two are the same.
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
    histogram: tuple[int, ...] = ()


class Numbers:
    """Counts finite numbers; others are passed over. Beyond `kept` different numbers, all are rounded."""

    def __init__(self, kept: int = EXACT) -> None:
        self._kept = kept
        self._values: Floats = np.empty(0)
        self._counts: Ints = np.empty(0, np.int64)
        self._waiting: list[tuple[Floats, Ints]] = []
        self._waits = 0
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
        other._settle()
        self._rounded |= other._rounded
        self._low, self._high = min(self._low, other._low), max(self._high, other._high)
        self._take(other._values, other._counts, extremes=False)

    def _take(self, values: Floats, counts: Ints, *, extremes: bool = True) -> None:
        if extremes and len(values):
            self._low = min(self._low, float(values.min()))
            self._high = max(self._high, float(values.max()))
        self._waiting.append((values, counts))
        self._waits += len(values)
        if self._waits > _WAITING * self._kept:
            self._settle()

    def _settle(self) -> None:
        """Count what waits: many numbers at a time, because all are sorted each time."""
        values, counts = zip((self._values, self._counts), *self._waiting, strict=True)
        self._values, self._counts = np.concatenate(values), np.concatenate(counts)
        self._waiting, self._waits = [], 0
        if self._rounded:
            self._values = _rounded(self._values)
        self._compact()
        if not self._rounded and len(self._values) > self._kept:
            self._rounded = True
            self._values = _rounded(self._values)
            self._compact()

    def _compact(self) -> None:
        order = np.argsort(self._values)
        ordered = self._values[order]
        starts = np.flatnonzero(begins(ordered))
        self._values = ordered[starts]
        self._counts = np.add.reduceat(self._counts[order], starts) if len(starts) else self._counts

    def result(self) -> Distribution | None:
        """What was counted; None when nothing was."""
        self._settle()
        total = int(self._counts.sum())
        if not total:
            return None
        ends = np.cumsum(self._counts)
        p5, p25, median, p75, p95 = (self._quantile(q, ends, total) for q in (0.05, 0.25, 0.5, 0.75, 0.95))
        return Distribution(
            total, self._low, p5, p25, median, p75, p95, self._high, self._mean(total),
            exact=not self._rounded, histogram=self._histogram(p5, p95),
        )  # fmt: skip

    def _histogram(self, low: float, high: float) -> tuple[int, ...]:
        if not 0 < high - low < math.inf:
            return ()
        inside = (self._values >= low) & (self._values <= high)
        places = (self._values[inside] - low) / (high - low) * BINS
        bins = np.minimum(places.astype(np.int64), BINS - 1)
        counts = np.zeros(BINS, np.int64)
        np.add.at(counts, bins, self._counts[inside])
        return tuple(counts.tolist())

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


def shortened(word: str) -> str:
    """A word, cut when it is very long."""
    return word if len(word) <= _LONGEST else word[: _LONGEST - 1] + "…"


class Words:
    """Counts words one by one, up to so many different ones."""

    def __init__(self, most: int = DISTINCT) -> None:
        self._most = most
        self._counts: Counter[str] = Counter()
        self.total = 0
        self.many = False

    def add(self, word: str, count: int = 1) -> None:
        """Count a word so many times. Very long ones are cut."""
        self.total += count
        if not self.many:
            self._counts[shortened(word)] += count
            self._settle()

    def merge(self, other: Words) -> None:
        """Count everything that the other has counted."""
        self.total += other.total
        self.many |= other.many
        self._counts.update(other._counts)
        self._settle()

    def _settle(self) -> None:
        if self.many or len(self._counts) > self._most:
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


def count_words(words: Words, column: pa.Array | pa.ChunkedArray) -> None:
    """Count a column of texts; nulls are passed over."""
    for pair in column.drop_null().value_counts().to_pylist():
        words.add(pair["values"], pair["counts"])


def falling(counts: Mapping[str, int]) -> dict[str, int]:
    """Most first; equally common ones in alphabetical order, those that never occur left out."""
    return dict(
        sorted(((name, count) for name, count in counts.items() if count), key=lambda p: (-p[1], p[0]))
    )


def histogram(values: Floats, steps: int) -> Ints:
    """How many values lie in each of so many equal steps from 0 to 1; others are passed over."""
    inside = values[(values >= 0) & (values <= 1)]
    places = np.minimum((inside * steps).astype(np.int64), steps - 1)
    return np.bincount(places, minlength=steps).astype(np.int64)
