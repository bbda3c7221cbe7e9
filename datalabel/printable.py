"""Text from data, fit to be shown, and amounts and measures in words."""

from __future__ import annotations

import math
from collections.abc import Iterable


def printable(text: object) -> str:
    """Text from data on one line: what cannot be printed (controls, line breaks, direction marks) is escaped."""
    words = str(text)
    if words.isprintable():
        return words
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in words)


def amount(number: int, one: str, several: str | None = None) -> str:
    """`1 label`, `4,888 labels`; `several` where the plural is more than an added `s`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def some(words: Iterable[str], most: int) -> str:
    """`a, b and 3 more`: the first of several words, and how many there are besides."""
    every = list(words)
    rest = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(every[:most]) + rest


def number(value: float) -> str:
    """A measure in about three digits: `12,345`, `105`, `13.4`, `0.98`, `14`, `3e-05`."""
    size = abs(float(f"{value:.3g}"))  # 9.996 is as large as 10, and has as many digits
    if not math.isfinite(value) or size >= 1e9:
        return f"{value:.2g}"
    if value == int(value) or size >= 100:
        return f"{value:,.0f}"
    if size < 0.0001:
        return f"{value:.0e}"
    digits = 1 if size >= 10 else 2 if size >= 0.01 else 4
    return f"{value:.{digits}f}"


def percent(part: float, whole: float) -> str:
    """`7.4 %`, and nothing of nothing."""
    share = 100 * part / whole if whole else 0.0
    return f"{share:.0f} %" if share >= 99.95 or not share else f"{share:.1f} %"


def signed(value: float) -> str:
    """A difference with its sign."""
    text = number(abs(value))
    return f"+{text}" if value > 0 else f"−{text}" if value < 0 else "0"
