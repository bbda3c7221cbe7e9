"""How large labels are, gathered as the conditions of a spec measure it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalabel.labels import geometry

_LARGEST = 1e9
"""Pixels; labels beyond are mistakes, and a limit that lets them pass helps nobody."""


@dataclass(slots=True)
class ObservedSizes:
    """The least and greatest width, height and area of the labels of one class and kind."""

    _least: dict[str, float] = field(default_factory=dict)
    _most: dict[str, float] = field(default_factory=dict)

    def add(self, kind: str, labels: pa.Table) -> None:
        """Take in labels of one kind. Boxes without a size do not count: no condition is asked of them."""
        if kind == "category":
            return
        with np.errstate(all="ignore"):
            corners, areas = geometry.bounds(labels), geometry.area(labels)
            width, height = (corners[:, 2:] - corners[:, :2]).T
        sound = np.isfinite(width) & np.isfinite(height)
        if kind == "box":
            # As recorded: far from the origin, what is drawn may be too small to tell right from left.
            sound &= (labels.column("w").to_numpy() > 0) & (labels.column("h").to_numpy() > 0)
        if kind != "rotated_box":  # its sides are its own, not those of its bounds
            self._take("width", width[sound])
            self._take("height", height[sound])
        if kind in geometry.SOLID:
            self._take("area", areas[sound & np.isfinite(areas)])

    def _take(self, name: str, values: npt.NDArray[np.float64]) -> None:
        if len(values):
            self._least[name] = min(self._least.get(name, math.inf), float(values.min()))
            self._most[name] = max(self._most.get(name, 0.0), float(values.max()))

    def conditions(self) -> Iterator[str]:
        """`min_width: 8`, `max_width: 120`, …: whole numbers that all these labels keep to."""
        for name, most in self._most.items():
            least = max(self._least[name], 0.0)
            if most > _LARGEST:
                continue
            if math.floor(least):
                yield f"min_{name}: {math.floor(least)}"
            yield f"max_{name}: {math.ceil(most)}"
