"""Run lengths of masks: COCO's compressed counts, checked before anything trusts them.

A mask is read column by column; runs of background and object alternate, background first. Compressed
counts hold, from the fourth run on, the difference to the run two before, in groups of five bits, lowest
first, each group one character from 48 up (pycocotools, `maskApi.c`, `rleToString`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from datalabel.labels.arrays import ordinals

Counts = npt.NDArray[np.int64]

MAX_PIXELS = 1 << 32
"""Masks larger than this are refused: the counts of COCO are 32-bit."""

_GROUPS = 7


def decode(text: str) -> Counts:
    """The runs of compressed counts.

    Raises:
        ValueError: a character does not belong there, or the text breaks off within a number.
    """
    try:
        codes = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    except UnicodeEncodeError:
        raise ValueError("a character that does not belong there") from None
    if not len(codes):
        return codes
    if codes.min() < 0 or codes.max() > 63:
        raise ValueError("a character that does not belong there")
    last = (codes & 0x20) == 0
    if not last[-1]:
        raise ValueError("the last count breaks off")
    ends = np.flatnonzero(last)
    starts = np.concatenate(([0], ends[:-1] + 1))
    if (ends - starts).max() >= _GROUPS:
        raise ValueError("a count beyond 32 bits")
    place = ordinals(ends - starts + 1)
    differences = np.add.reduceat((codes & 0x1F) << (5 * place), starts)
    negative = (codes[ends] & 0x10) != 0
    differences -= np.where(negative, np.int64(1) << (5 * (place[ends] + 1)), 0)
    return _summed(differences)


def _summed(differences: Counts) -> Counts:
    counts = differences.copy()
    counts[1::2] = np.cumsum(differences[1::2])
    counts[2::2] = np.cumsum(differences[2::2])
    return counts


def encode(counts: Counts) -> str:
    """Compressed counts of runs."""
    differences = np.array(counts, np.int64)
    differences[3:] -= np.asarray(counts, np.int64)[1:-2]
    letters: list[int] = []
    for value in differences.tolist():
        more = True
        while more:
            bits = value & 0x1F
            value >>= 5
            more = value != (-1 if bits & 0x10 else 0)
            letters.append((bits | (0x20 if more else 0)) + 48)
    return bytes(letters).decode("ascii")


def fault(counts: Counts, height: int, width: int) -> str | None:
    """Why these runs are no mask of this size, or None when they are one."""
    if height < 0 or width < 0 or height * width > MAX_PIXELS:
        return f"RLE size {height}×{width} is impossible"
    if len(counts) and (counts.min() < 0 or counts.max() > MAX_PIXELS):
        return "RLE has a count that is negative or too large"
    total = int(counts.sum())
    if total != height * width:
        return f"RLE counts cover {total:,} pixels, its size {height}×{width} has {height * width:,}"
    return None


def bounds(counts: Counts, height: int) -> tuple[float, float, float, float]:
    """x, y, width and height of the pixels that the mask covers; zeros when there are none."""
    stops = np.cumsum(counts)
    first, past = stops[0::2][: len(counts) // 2], stops[1::2]
    filled = past > first
    first, past = first[filled], past[filled]
    if not len(first):
        return (0.0, 0.0, 0.0, 0.0)
    left, right = int(first[0]) // height, int(past[-1] - 1) // height
    crossing = (past - 1) // height > first // height
    top = 0 if crossing.any() else int((first % height).min())
    bottom = height - 1 if crossing.any() else int(((past - 1) % height).max())
    return (float(left), float(top), float(right - left + 1), float(bottom - top + 1))


def area(counts: Counts) -> int:
    """How many pixels the mask covers."""
    return int(counts[1::2].sum())
