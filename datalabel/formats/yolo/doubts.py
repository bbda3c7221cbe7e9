"""What only all lines of a source together tell: labels that reach out of images, polygons at odds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from datalabel.errors import Fault, Faults
from datalabel.formats.yolo.geometry import POLYGON, Ints
from datalabel.formats.yolo.lines import Parsed

PlaceOf = Callable[[int], str]
"""The file and line of a line, given by its index among those that were parsed."""


class Remarks:
    """Labels that reach out of their images: kept, and named."""

    def __init__(self, shown: int) -> None:
        self._shown = shown
        self._places: list[str] = []
        self._count = 0

    def add(self, parsed: Parsed, place: PlaceOf) -> Ints:
        """Look through some lines; which of them are remarked on."""
        rows = parsed.rows
        out = ((rows.values < 0) | (rows.values > 1)) & ~rows.visibilities()
        lines = parsed.which[np.unique(rows.owners[out])]
        self._count += len(lines)
        self._places += [place(line) for line in lines[: self._shown - len(self._places)].tolist()]
        return lines

    def faults(self) -> list[Fault]:
        """A remark for each of the first places, and how many there are more."""
        found = [Fault("a fraction is not in 0..1; it is kept", place) for place in self._places]
        if self._count > len(found):
            found.append(Fault(f"… and {self._count - len(found):,} more labels like these"))
        return found


class Polygons:
    """Polygons with and without a confidence. Only an odd number of columns tells that there is one, so it is
    in all lines or in none: else it may be a coordinate that lost its partner."""

    def __init__(self) -> None:
        self._first: dict[bool, str] = {}

    @property
    def sorts(self) -> frozenset[bool]:
        """Whether there are polygons without (False) and with a confidence (True)."""
        return frozenset(self._first)

    def add(self, parsed: Parsed, place: PlaceOf) -> None:
        """Look through some lines."""
        polygons = parsed.rows.codes == POLYGON
        scored = ~np.isnan(parsed.confidence)
        for has in (False, True):
            rows = parsed.which[polygons & (scored == has)]
            if len(rows):
                self._first.setdefault(has, place(int(rows[0])))

    def check(self, faults: Faults) -> None:
        """Note a fault when there are both."""
        if len(self._first) == 2:
            what = "has a number more than polygons elsewhere: a coordinate without its partner, or a confidence "
            faults.add(f"{what}that others lack", self._first[True])
