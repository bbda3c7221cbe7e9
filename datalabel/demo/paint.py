"""How a belt and a potato look: arrays of light and colour, no labels.

A canvas is a float32 array of shape (3, height, width), red, green, blue, 0 to 255. The light comes from the
upper left.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datalabel.demo.potatoes import BELT, Potato

Array: TypeAlias = NDArray[Any]
Colour: TypeAlias = tuple[float, float, float]

_LIGHT = (-0.46, -0.54, 0.70)
_SKINS = ((216, 178, 118), (203, 160, 104), (190, 143, 92), (207, 170, 122), (182, 128, 92))


def _noise(chance: np.random.Generator, shape: tuple[int, ...], cells: tuple[float, float]) -> Array:
    """Smooth noise around 0, about -1 to 1; `cells` are the rows and columns of hills."""
    rows, columns = (max(2, round(count) + 1) for count in cells)
    grid = Image.fromarray(chance.random((rows, columns), np.float32) * 2 - 1)
    return np.asarray(grid.resize((shape[1], shape[0]), Image.Resampling.BICUBIC), np.float32)


def _grain(chance: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Normal noise, different in every pixel."""
    return chance.standard_normal(shape, np.float32)


def _smooth(low: float, high: float, value: Array) -> Array:
    """0 below `low`, 1 above `high` (or the other way round), an S between."""
    t = np.clip((value - low) * (1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def _plane(colour: Colour) -> Array:
    return np.array(colour, np.float32)[:, None, None]


def _mix(canvas: Array, colour: Colour | Array, share: Array) -> None:
    canvas += ((_plane(colour) if isinstance(colour, tuple) else colour) - canvas) * share


def belt(chance: np.random.Generator, width: int, height: int) -> Array:
    """An empty belt between two steel rails, somewhere on its way."""
    scale = min(width / 640, height / 480)
    shape = (height, width)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    top, bottom = (share * height for share in BELT)
    stains, grain = _noise(chance, shape, (7, 9)), _grain(chance, shape)
    value = 56 + 3.2 * grain + 5 * _noise(chance, shape, (60, 4)) + 4 * stains
    value += 2.2 * np.sin(x * (2.1 / scale)) * np.sin(y * (2.1 / scale))
    period = 150 * scale
    # A rib across the belt: lit on its left slope, in shade on its right one.
    along = (x + chance.uniform(0, period)) % period - period / 2
    value += 15 * np.exp(-(((along + 3 * scale) / (2.2 * scale)) ** 2))
    value -= 19 * np.exp(-(((along - 3 * scale) / (3.4 * scale)) ** 2))
    edge = np.minimum(y - top, bottom - y)
    value *= 0.62 + 0.38 * _smooth(0, 26 * scale, edge)
    value += 20 * np.exp(-(((edge - 3.5 * scale) / (1.6 * scale)) ** 2))
    canvas = value * _plane((0.97, 1.0, 1.04))
    _mix(canvas, (104, 86, 64), 0.2 * _smooth(0.15, 1.0, stains + 0.12 * grain))
    _crumbs(chance, canvas, (top, bottom), scale)
    _rails(chance, canvas, scale)
    return canvas


def _crumbs(chance: np.random.Generator, canvas: Array, rows: tuple[float, float], scale: float) -> None:
    """Bits of earth that fell off, each with its shadow."""
    for _ in range(int(chance.integers(25, 50))):
        size = chance.uniform(0.7, 2.3) * scale
        x = chance.uniform(8, canvas.shape[2] - 8)
        y = chance.uniform(rows[0] + 12 * scale, rows[1] - 12 * scale)
        shade = chance.uniform(0.7, 1.3)
        _dab(canvas, (x + 1.2 * scale, y + 1.5 * scale), size * 1.3, (18, 18, 18), 0.5)
        _dab(canvas, (x, y), size, (112 * shade, 88 * shade, 62 * shade), 0.85)


def _dab(canvas: Array, at: tuple[float, float], size: float, colour: Colour, share: float) -> None:
    reach = int(size * 2.2) + 2
    left, top = max(0, int(at[0]) - reach), max(0, int(at[1]) - reach)
    part = canvas[:, top : int(at[1]) + reach, left : int(at[0]) + reach]
    x = np.arange(left, left + part.shape[2], dtype=np.float32) - at[0]
    y = np.arange(top, top + part.shape[1], dtype=np.float32)[:, None] - at[1]
    _mix(part, colour, share * np.exp((x * x + y * y) * (-1 / (size * size))))


def _rails(chance: np.random.Generator, canvas: Array, scale: float) -> None:
    """The frame above the belt, and below it the same, mirrored and in less light."""
    height, width = canvas.shape[1:]
    gap = max(3, round(15 * scale))
    rail = max(4, round(BELT[0] * height) - gap)
    offset = chance.uniform(0, 64 * scale)
    for below in (False, True):
        view = canvas[:, ::-1] if below else canvas
        view[:, rail : rail + gap] = _rollers(width, gap, offset, scale)
        view[:, :rail] = _steel(chance, width, rail, 0.82 if below else 1.0)
        for x in np.arange(offset % (96 * scale), width, 96 * scale).tolist():
            _bolt(view[:, :rail], x, rail * 0.52, 6.2 * scale, -1 if below else 1)


def _rollers(width: int, gap: int, offset: float, scale: float) -> Array:
    """The ends of the rollers in the dark between rail and belt."""
    x = np.arange(width, dtype=np.float32)
    across = ((x + offset) % (64 * scale) - 32 * scale) / (13 * scale)
    lit = np.sqrt(np.clip(1 - across**2, 0, 1)) * np.clip(0.75 - 0.45 * across, 0, 1)
    fade = np.linspace(0.45, 1, gap, dtype=np.float32)[:, None]
    return (12 + 150 * lit * fade) * _plane((0.96, 1.0, 1.05))


def _steel(chance: np.random.Generator, width: int, rail: int, light: float) -> Array:
    y = np.linspace(0, 1, rail, dtype=np.float32)[:, None]
    sheen = (
        128 + 44 * np.exp(-(((y - 0.3) / 0.22) ** 2)) - 46 * _smooth(0.72, 1, y) - 24 * _smooth(0.12, 0, y)
    )
    brushed = 7 * _noise(chance, (rail, width), (rail, 5)) + 3 * _grain(chance, (rail, width))
    return (sheen * light + brushed) * _plane((0.97, 1.0, 1.03))


def _bolt(view: Array, x: float, y: float, size: float, up: int) -> None:
    _dab(view, (x + size * 0.25, y + size * 0.3 * up), size * 1.1, (30, 32, 34), 0.75)
    reach = int(size) + 2
    left, top = max(0, int(x) - reach), max(0, int(y) - reach)
    part = view[:, top : int(y) + reach + 1, left : int(x) + reach + 1]
    u = (np.arange(left, left + part.shape[2], dtype=np.float32) - x) / size
    v = (np.arange(top, top + part.shape[1], dtype=np.float32)[:, None] - y) / size * up
    away = np.hypot(u, v)
    dome = (
        120 - 75 * (u * 0.6 + v * 0.8) * _smooth(0.3, 1, away) + 30 * np.exp(-(((away - 0.75) / 0.12) ** 2))
    )
    dome -= 50 * (np.abs(v + 0.4 * u) < 0.14) * (away < 0.62)
    part += (dome - part) * np.clip((1 - away) * size + 0.5, 0, 1)


class _Window:
    """The part of a canvas around a potato, and where its points lie seen from the potato's centre."""

    def __init__(self, canvas: Array, potato: Potato, margin: float) -> None:
        self.shape = potato.shape
        x, y, width, height = potato.box
        left, top = max(0, int(x - margin)), max(0, int(y - margin))
        self.part = canvas[:, top : int(y + height + margin) + 2, left : int(x + width + margin) + 2]
        rows, columns = self.part.shape[1:]
        self.x = np.arange(left, left + columns, dtype=np.float32) - np.float32(self.shape.x)
        self.y = np.arange(top, top + rows, dtype=np.float32)[:, None] - np.float32(self.shape.y)

    def polar(self, shift: float = 0.0) -> tuple[Array, Array]:
        """The distance from the centre, moved to the lower right, and the outline's in that direction."""
        x, y = self.x - np.float32(shift), self.y - np.float32(shift)
        angles = np.linspace(-math.pi, math.pi, 129).tolist()
        radii = np.array([self.shape.radius(angle) for angle in angles], np.float32)
        place = (np.arctan2(y, x) + np.float32(math.pi)) * np.float32(128 / math.tau)
        step = np.minimum(place.astype(np.int32), 127)
        return np.hypot(x, y), radii[step] + (place - step.astype(np.float32)) * np.diff(radii)[step]


def cast_shadow(canvas: Array, potato: Potato) -> None:
    """A soft shadow to the lower right, darkest where the potato touches the belt."""
    short = potato.shape.short
    window = _Window(canvas, potato, 0.36 * short)
    away, edge = window.polar(0.17 * short)
    share = away / edge
    window.part *= 1 - 0.60 * _smooth(1.30, 0.86, share) - 0.25 * _smooth(1.06, 0.86, share)


def paint(canvas: Array, potato: Potato, chance: np.random.Generator) -> None:
    """One potato, sound or with its defect (green, rot, cut)."""
    window = _Window(canvas, potato, 2)
    away, edge = window.polar()
    body = _Body(window, away / edge, chance)
    body.add_skin()
    body.add_eyes()
    defects = {"green": body.add_green, "rot": body.add_rot, "cut": body.add_cut}
    if "defect" in potato.properties:
        defects[potato.properties["defect"]]()
    window.part += (body.lit() - window.part) * np.clip(edge - away + 0.5, 0, 1)


class _Body:
    """A potato under the brush: its colour and its relief (pixels above the belt), point by point.

    `depth` is 0 in the centre and 1 on the outline.
    """

    def __init__(self, window: _Window, depth: Array, chance: np.random.Generator) -> None:
        self.shape, self.x, self.y, self.depth = window.shape, window.x, window.y, depth
        self.chance = chance
        self.unit = window.shape.short / 50
        self.relief = 0.78 * self.shape.short * np.sqrt(1.02 - np.minimum(depth, 1) ** 2.3)
        self.colour = np.empty((3, *depth.shape), np.float32)
        self.flesh = np.zeros(depth.shape, np.float32)

    def _noise(self, hills: float) -> Array:
        """Noise with so many hills along the potato's short radius."""
        rows, columns = self.depth.shape
        share = hills / self.shape.short
        return _noise(self.chance, (rows, columns), (share * rows, share * columns))

    def add_skin(self) -> None:
        """Earthy colour, mottled, russet in places, with fine pores and some soil."""
        base = _plane(_SKINS[int(self.chance.integers(len(_SKINS)))])
        base *= np.float32(self.chance.uniform(0.93, 1.06))
        broad, middle, fine = self._noise(1.4), self._noise(3), self._noise(6.5)
        grain = _grain(self.chance, self.depth.shape)
        self.colour[:] = base * (1 + 0.08 * broad + 0.05 * fine + 0.025 * grain)
        _mix(self.colour, base * np.float32(0.72), 0.5 * _smooth(0.15, 0.8, broad * 0.6 + middle))
        _mix(self.colour, (98, 74, 50), 0.4 * _smooth(0.55, 1.1, 0.5 * fine - broad))
        self.relief += self.unit * (0.7 * middle + 0.22 * fine)
        self._add_pores(base * np.float32(0.5))

    def _add_pores(self, colour: Array) -> None:
        spots = self._spots(int(self.chance.integers(60, 110)), 0.95).astype(np.intp)
        dots = np.zeros(self.depth.shape, np.float32)
        dots[spots[1], spots[0]] = self.chance.uniform(0.25, 0.9, spots.shape[1])
        for axis in (0, 1):
            dots += 0.45 * (np.roll(dots, 1, axis) + np.roll(dots, -1, axis))
        _mix(self.colour, colour, np.minimum(dots, 0.75))

    def _spots(self, count: int, most: float) -> NDArray[np.float64]:
        """Random places on the potato: columns and rows in the window, shape (2, count)."""
        angles = self.chance.uniform(0, math.tau, count)
        reach = np.sqrt(self.chance.uniform(0, most**2, count))
        reach *= [self.shape.radius(angle) for angle in angles.tolist()]
        origin = [[-float(self.x[0])], [-float(self.y[0, 0])]]
        return np.stack([reach * np.cos(angles), reach * np.sin(angles)]) + origin

    def add_eyes(self) -> None:
        """Shallow pits, each under a small brow."""
        for at_x, at_y in self._spots(int(self.chance.integers(4, 8)), 0.78).T.tolist():
            size = self.chance.uniform(2.4, 4.4) * self.unit
            turn = self.shape.turn + math.pi / 2 + self.chance.uniform(-0.4, 0.4)
            reach = round(5 * size)
            rows = slice(max(0, int(at_y) - reach), int(at_y) + reach)
            columns = slice(max(0, int(at_x) - reach), int(at_x) + reach)
            u, v = self.x[columns] - self.x[0] - at_x, self.y[rows] - self.y[0] - at_y
            along = (u * math.cos(turn) + v * math.sin(turn)) / (size * 1.9)
            across = (v * math.cos(turn) - u * math.sin(turn)) / size - 0.5 * along**2
            pit = np.exp(-(along**2) - across**2)
            brow = np.exp(-(along**2) - (across + 1.5) ** 2)
            self.relief[rows, columns] += self.unit * (0.9 * brow - 1.8 * pit)
            _mix(self.colour[:, rows, columns], (92, 64, 40), 0.5 * pit)

    def add_green(self) -> None:
        """Skin that lay in the sun: a broad green side."""
        side = self.chance.uniform(0, math.tau)
        lean = (self.x * math.cos(side) + self.y * math.sin(side)) / self.shape.radius(side)
        patchy = self._noise(3)
        sun = _smooth(-0.3, 0.55, lean + 0.4 * self._noise(1.5) + 0.15 * patchy)
        _mix(self.colour, (112, 144, 62), 0.76 * sun)
        _mix(self.colour, (66, 104, 42), 0.4 * _smooth(0.2, 1.0, lean + 0.5 * patchy))

    def add_rot(self) -> None:
        """Dark, sunken, soft patches with a brown rim, mouldy in the middle."""
        fine, coarse = self._noise(6.5), self._noise(2.2)
        for number in range(int(self.chance.integers(2, 4))):
            angle, share = self.chance.uniform(0, math.tau), self.chance.uniform(0.2, 0.62)
            reach = share * self.shape.radius(angle)
            size = self.shape.short * self.chance.uniform(0.38, 0.54) * (1 if number == 0 else 0.5)
            spread = np.hypot(self.x - reach * math.cos(angle), self.y - reach * math.sin(angle)) / size
            spread += 0.34 * coarse + 0.13 * fine
            _mix(self.colour, (122, 84, 48), 0.75 * _smooth(1.45, 0.95, spread))
            soft = _smooth(1.05, 0.66, spread)
            _mix(self.colour, (54, 39, 30), 0.9 * soft)
            _mix(self.colour, (166, 162, 146), 0.5 * _smooth(0.5, 0.1, spread) * _smooth(0, 0.7, fine))
            self.relief -= self.unit * soft * ((3.2 if number == 0 else 1.0) + 0.9 * fine)

    def add_cut(self) -> None:
        """A slice taken off: pale wet flesh inside a thin brown line."""
        side = self.shape.turn + math.pi * int(self.chance.integers(2)) + self.chance.uniform(-0.5, 0.5)
        lean = self.x * math.cos(side) + self.y * math.sin(side)
        across = (self.y * math.cos(side) - self.x * math.sin(side)) / self.shape.radius(side + math.pi / 2)
        face = np.hypot((lean / self.shape.radius(side) - 0.47) / 0.40, across / 0.68)
        face = np.maximum(face + 0.03 * self._noise(3), self.depth / 0.955)
        inside = _smooth(1.03, 0.97, face)
        fine = self._noise(5)
        _mix(self.colour, (112, 78, 46), 0.75 * _smooth(1.09, 1.0, face))
        _mix(self.colour, _plane((240, 221, 160)) * (1 + 0.03 * fine), inside)
        _mix(self.colour, (220, 188, 112), 0.5 * inside * np.exp(-(((face - 0.86) / 0.035) ** 2)))
        _mix(self.colour, (206, 162, 98), 0.45 * inside * _smooth(0.1, 0.9, self._noise(2.4)))
        flat = 0.66 * self.shape.short - 0.34 * lean + 0.2 * fine
        self.relief += (flat - self.relief) * inside
        self.flesh = inside

    def lit(self) -> Array:
        """The colour under the lamp: falloff, a dull highlight, and dark where it meets the belt."""
        down, right = np.gradient(self.relief)
        toward = (_LIGHT[2] - right * _LIGHT[0] - down * _LIGHT[1]) / np.sqrt(1 + down**2 + right**2)
        toward = np.maximum(toward, 0)
        gloss = 255 * (0.05 + 0.08 * self.flesh) * toward**12
        shade = (0.31 + 0.84 * toward) * (1 - 0.35 * _smooth(0.86, 1.0, self.depth))
        return self.colour * shade * _plane((1.02, 1.0, 0.95)) + gloss


def finish(canvas: Array) -> Image.Image:
    """One lamp above the belt, and the lens's dark corners."""
    height, width = canvas.shape[1:]
    u = (np.arange(width, dtype=np.float32) / width - 0.42) / 0.75
    v = (np.arange(height, dtype=np.float32)[:, None] / height - 0.42) / 0.8
    canvas *= 0.72 + 0.44 * np.exp(-u * u) * np.exp(-v * v)
    canvas *= _plane((1.03, 1.0, 0.96))
    np.clip(canvas, 0, 255, out=canvas)
    return Image.merge("RGB", [Image.fromarray(plane) for plane in canvas.astype(np.uint8)])
