"""Numbers of Pascal VOC: from corner texts to x, y, w, h and back, exactly.

A width is the difference of two decimal numbers, rounded once: `0.3 - 0.1` is 0.2, as it was meant. The other
way round, the far corner is the exact decimal sum of the shortest spellings of x and w. So both directions
undo each other for every finite float, and whole numbers stay whole.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from decimal import Context, Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float64]

MAX_DIGITS = 800
"""The longest number that is read. No sum of two floats takes more digits."""

_NUMBER = re.compile(r"[ \t\r\n]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t\r\n]*")
_PLAIN = re.compile(r"0|-?[1-9][0-9]{0,7}|-?(?:0|[1-9][0-9]{0,7})\.([0-9]{0,5}[1-9])")
"""A number in the only spelling that `spelled` gives it, whose difference to another one has at most 15 digits."""
_MILLION = 1_000_000
_EXACT = Context(prec=2 * MAX_DIGITS, Emax=10**6, Emin=-(10**6), traps=[])
_USUAL = ["xmin", "ymin", "xmax", "ymax"]
_MAX_PIXELS = 2**31 - 1
_KNOWN_LIMIT = 100_000
_STEPS = 1e6
"""Corners that are whole millionths of a pixel are spelled in bulk."""


class BadNumberError(Exception):
    """What is wrong with a number; completes a sentence that begins with its name."""


class Numbers:
    """Reads and spells numbers, remembering the usual ones."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def usual(self, box: ET.Element, order: list[str]) -> tuple[float, float, float, float] | None:
        """x, y, w, h of a box of four plain numbers in the usual order, spelled so again; None for any other.

        The caller knows that there are no attributes.
        """
        if [side.tag for side in box] != order or len(order) != 4 or any(map(len, box)):
            return None
        between = (box.text or "") + "".join([side.tail or "" for side in box])
        known = self._known
        numbers = [known.get(side.text or "") for side in box]
        if None in numbers:
            numbers = [self._millionths(side.text) for side in box]
        if None in numbers or (between and not between.isspace()):
            return None
        corners: Any = numbers
        if order == _USUAL:
            xmin, ymin, xmax, ymax = corners
        else:
            xmin, ymin, xmax, ymax = (corners[order.index(side)] for side in _USUAL)
        # Whole numbers divide to the nearest double, as decimals do.
        return xmin / _MILLION, ymin / _MILLION, (xmax - xmin) / _MILLION, (ymax - ymin) / _MILLION

    def _millionths(self, text: str | None) -> int | None:
        """A plain number as so many millionths, else None."""
        if text is None:
            return None
        number = self._known.get(text)
        if number is None and (plain := _PLAIN.fullmatch(text)):
            decimals = plain[1] or ""
            number = int(text.replace(".", "", 1)) * 10 ** (6 - len(decimals))
            if len(self._known) < _KNOWN_LIMIT:
                self._known[text] = number
        return number

    def check(self, text: str | None) -> Decimal:
        """A finite number, exactly as written.

        Raises:
            BadNumberError: it is none.
        """
        if text is None:
            raise BadNumberError("holds other elements, not a number")
        if len(text) > MAX_DIGITS:
            raise BadNumberError(f"has more than {MAX_DIGITS} characters")
        if not _NUMBER.fullmatch(text):
            raise BadNumberError(f"is {_shown(text)}, not a number")
        if not math.isfinite(float(text)):
            raise BadNumberError(f"is {_shown(text)}, which is too large")
        exact = _EXACT.create_decimal(text.strip())
        return exact if float(text) else Decimal(0)

    def span(self, low: str, high: str) -> tuple[float, float]:
        """Where a span begins, and its length.

        Raises:
            BadNumberError: a number is none, or the length is not finite.
        """
        start, end = self.check(low), self.check(high)
        length = float(_EXACT.subtract(end, start))
        if not math.isfinite(length):
            raise BadNumberError("is too large")
        return float(low), length

    def pixels(self, text: str) -> int | None:
        """A whole number of pixels; None when it is not whole or does not fit.

        Raises:
            BadNumberError: it is no number.
        """
        self.check(text)
        number = float(text)
        return int(number) if number.is_integer() and abs(number) <= _MAX_PIXELS else None


def corners(x: float, y: float, w: float, h: float) -> tuple[str, str, str, str]:
    """How xmin, ymin, xmax and ymax are spelled."""
    if x.is_integer() and y.is_integer() and w.is_integer() and h.is_integer():
        left, top, wide, high = int(x), int(y), int(w), int(h)
        if max(abs(left), abs(top), abs(wide), abs(high)) < 2**53:
            return str(left), str(top), str(left + wide), str(top + high)
    return spelled(x), spelled(y), far(x, w), far(y, h)


def corners_in_bulk(x: Floats, y: Floats, w: Floats, h: Floats) -> list[pa.StringArray]:
    """How xmin, ymin, xmax and ymax of many boxes are spelled, an array each; the same texts as `corners` gives.

    A double that is the nearest to a whole number of millionths below 10¹⁵ is spelled by these digits, whatever
    finds its shortest spelling: so few digits tell doubles apart. So sums are those of whole numbers.
    """
    start, length = np.stack([x, y]), np.stack([w, h])
    with np.errstate(all="ignore"):
        steps, more = np.rint(start * _STEPS), np.rint(length * _STEPS)
        ends = np.concatenate([steps, steps + more])
        exact = (steps / _STEPS == start) & (more / _STEPS == length)
        # Arrow writes what is smaller with an exponent.
        plain = (ends == 0) | ((np.abs(ends) >= 1e3) & (np.abs(ends) < 1e12))
    texts = [pc.cast(pa.array(row / _STEPS + 0.0), pa.string()) for row in ends]
    rare = ~(exact.all(axis=0) & plain.all(axis=0))
    if not rare.any():
        return texts
    spelt = [corners(*box) for box in zip(*(side[rare].tolist() for side in (x, y, w, h)), strict=True)]
    return [
        pc.replace_with_mask(text, rare, pa.array(side, pa.string()))
        for text, side in zip(texts, zip(*spelt, strict=True), strict=True)
    ]


def spelled(value: float) -> str:
    """A float in plain decimal notation, by its shortest digits."""
    return _plain(Decimal(repr(value)))


def far(start: float, length: float) -> str:
    """The far end of a span, in plain decimal notation."""
    return _plain(_EXACT.add(Decimal(repr(start)), Decimal(repr(length))))


def _plain(number: Decimal) -> str:
    if not number:
        return "0"
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _shown(text: str) -> str:
    short = text if len(text) <= 40 else text[:40] + "…"
    return '"' + short.replace("\n", "\\n") + '"'
