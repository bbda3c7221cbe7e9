"""Names and measures as findings tell them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def cut(text: str) -> str:
    """A text from data, cut when it is very long."""
    return f"{text[:79]}…" if len(text) > 80 else text


def quoted(text: str) -> str:
    """A name from data in quotes, cut when it is very long."""
    return f'"{cut(text)}"'


def number(value: float) -> str:
    """A measure for people: two decimals at most, three digits when it is very small or large."""
    value = float(value)
    if value and not 0.01 <= abs(value) < 1e7:
        return f"{value:.3g}"
    return f"{value:.2f}".rstrip("0").rstrip(".")


def size_words(size: npt.NDArray[np.float64]) -> str:
    """`30×40`: a width and a height."""
    return f"{number(size[0])}×{number(size[1])}"
