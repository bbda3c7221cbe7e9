"""What lies on the belt, as numbers: outlines, boxes and defects of potatoes, without a pixel.

Only Python's own generator and arithmetic are used here, so that a seed gives the same labels on every machine
and with every library version.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

GOOD = "good_potato"
BAD = "bad_potato"
DEFECTS = ("green", "rot", "cut")

BELT = (0.125, 0.875)
"""Where the belt begins and ends, as shares of the image's height."""

_TRIES = 60
_MARGIN = 5.0


@dataclass(frozen=True, slots=True)
class Shape:
    """An ellipse with waves on it; lengths in pixels, angles in radians.

    The outline at polar angle t is the ellipse's radius there times 1 + Σ size · cos(k · t + phase), the sum
    running over `waves` = (k, size, phase).
    """

    x: float
    y: float
    long: float
    short: float
    turn: float
    waves: tuple[tuple[int, float, float], ...]

    def radius(self, angle: float) -> float:
        """The distance from the centre to the outline in this direction."""
        along, across = math.cos(angle - self.turn) / self.long, math.sin(angle - self.turn) / self.short
        wave = 1 + sum(size * math.cos(k * angle + phase) for k, size, phase in self.waves)
        return wave / math.hypot(along, across)

    def outline(self, points: int) -> Iterator[tuple[float, float]]:
        """So many points of the outline, clockwise on the screen, equal angles apart."""
        for step in range(points):
            angle = math.tau * step / points
            reach = self.radius(angle)
            yield self.x + reach * math.cos(angle), self.y + reach * math.sin(angle)

    @property
    def reach(self) -> float:
        """The radius of a circle around the centre that holds the outline."""
        return self.long * (1 + sum(size for _, size, _ in self.waves))


@dataclass(frozen=True, slots=True)
class Potato:
    """One potato as a careful annotator would label it: pixels with one decimal, inside the image.

    `polygon` has 24 to 40 points; `box` is x, y, width, height; `properties` names a bad one's `defect`.
    """

    class_name: str
    polygon: tuple[tuple[float, float], ...]
    box: tuple[float, float, float, float]
    properties: dict[str, str]
    shape: Shape = field(repr=False, compare=False)


def potatoes(seed: int, size: tuple[int, int] = (640, 480)) -> tuple[Potato, ...]:
    """The four to nine potatoes of a scene; none overlaps another."""
    chance = Random(f"potatoes {seed}")  # noqa: S311 - a drawing, not a secret
    shapes = _shapes(chance, size, chance.randint(5, 9))
    bad = {spot for spot in range(len(shapes)) if chance.random() < 0.3}
    return tuple(_potato(chance, shape, spot in bad) for spot, shape in enumerate(shapes))


def _shapes(chance: Random, size: tuple[int, int], wanted: int) -> list[Shape]:
    """Shapes thrown on the belt one after the other; one that finds no free place shrinks and tries again."""
    while True:
        placed: list[Shape] = []
        for _ in range(wanted):
            shape = next((s for s in _throws(chance, size) if _is_free(s, placed)), None)
            if shape:
                placed.append(shape)
        if len(placed) >= 4:
            return placed


def _throws(chance: Random, size: tuple[int, int]) -> Iterator[Shape]:
    width, height = size
    scale = min(width / 640, height / 480)
    waves = tuple(
        (k, chance.uniform(0.3, 1.0) * most, chance.uniform(0, math.tau))
        for k, most in ((1, 0.05), (2, 0.045), (3, 0.05), (4, 0.02), (5, 0.012))
    )
    long = chance.uniform(50, 78) * scale
    slim = chance.uniform(0.66, 0.88)
    for attempt in range(_TRIES):
        shrunk = long * (1 - 0.3 * attempt / _TRIES)
        shape = Shape(0, 0, shrunk, shrunk * slim, chance.uniform(0, math.tau), waves)
        room = shape.reach + _MARGIN * scale
        x = chance.uniform(room, width - room)
        y = chance.uniform(BELT[0] * height + room, BELT[1] * height - room)
        yield Shape(x, y, shape.long, shape.short, shape.turn, waves)


def _is_free(shape: Shape, placed: list[Shape]) -> bool:
    """Whether this outline keeps clear of all others, measured along the line between the centres."""
    for other in placed:
        apart = math.hypot(other.x - shape.x, other.y - shape.y)
        if apart > shape.reach + other.reach:
            continue
        if any(_holds(other, x, y) for x, y in shape.outline(24)) or any(
            _holds(shape, x, y) for x, y in other.outline(24)
        ):
            return False
    return True


def _holds(shape: Shape, x: float, y: float) -> bool:
    away = math.hypot(x - shape.x, y - shape.y)
    return away < shape.radius(math.atan2(y - shape.y, x - shape.x)) * 1.06


def _potato(chance: Random, shape: Shape, is_bad: bool) -> Potato:
    points = chance.randint(24, 40)
    polygon = tuple((round(x, 1), round(y, 1)) for x, y in shape.outline(points))
    edge = list(shape.outline(180))
    left, top = (round(min(p[axis] for p in edge), 1) for axis in (0, 1))
    right, bottom = (round(max(p[axis] for p in edge), 1) for axis in (0, 1))
    box = (left, top, round(right - left, 1), round(bottom - top, 1))
    defect = chance.choice(DEFECTS)
    return Potato(BAD if is_bad else GOOD, polygon, box, {"defect": defect} if is_bad else {}, shape)
