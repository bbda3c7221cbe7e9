"""What several annotators say of the same objects, as rules look at it: arrays over a batch's labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from datalabel.check.columns import Floats, Ints


@dataclass(frozen=True)
class Several:
    """Objects, who of `names` saw their images, and who drew them.

    `unit` (the object, ascending), `annotator` and `label` have one place for each object and each who saw its image:
    `label` is a row of the batch's labels, -1 for who drew nothing there. `left`, `right` and `overlap` are pairs of
    rows that show one object.
    """

    names: Sequence[str]
    unit: Ints
    annotator: Ints
    label: Ints
    left: Ints
    right: Ints
    overlap: Floats

    @cached_property
    def _starts(self) -> Ints:
        return np.searchsorted(self.unit, np.arange(int(self.unit.max(initial=-1)) + 2))

    @property
    def seen(self) -> Ints:
        """How many saw each object's image."""
        return np.diff(self._starts)

    @cached_property
    def drawn(self) -> Ints:
        """How many drew each object."""
        return np.bincount(self.unit[self.label >= 0], minlength=len(self._starts) - 1)

    def drawers(self, unit: int) -> Ints:
        """The places of who drew an object."""
        places = np.arange(self._starts[unit], self._starts[unit + 1])
        return places[self.label[places] >= 0]

    def others(self, unit: int) -> Ints:
        """The places of who saw an object's image and did not draw it."""
        places = np.arange(self._starts[unit], self._starts[unit + 1])
        return places[self.label[places] < 0]

    def differing(self, codes: Ints) -> Ints:
        """The objects whose labels do not all have the same code; of each label of the batch there is one."""
        drawn = np.flatnonzero(self.label >= 0)
        values, units = codes[self.label[drawn]], self.unit[drawn]
        return np.unique(units[1:][(np.diff(units) == 0) & (np.diff(values) != 0)])

    def who(self, places: Iterable[int]) -> list[str]:
        """The names of the annotators at some places."""
        return [self.names[self.annotator[place]] for place in places]

    @cached_property
    def by(self) -> dict[int, str]:
        """Who drew each label."""
        drawn = np.flatnonzero(self.label >= 0)
        return dict(zip(self.label[drawn].tolist(), self.who(drawn.tolist()), strict=True))

    @cached_property
    def unit_of(self) -> dict[int, int]:
        """The object of each label."""
        drawn = np.flatnonzero(self.label >= 0)
        return dict(zip(self.label[drawn].tolist(), self.unit[drawn].tolist(), strict=True))
