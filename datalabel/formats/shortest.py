"""The shortest texts of many doubles.

Finding the shortest digits of a double takes longer than anything else that an export does with a coordinate. Most
coordinates are whole hundredths of a pixel, or such a number divided by the side of an image: of these there are so
few that each is spelled once and then looked up.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STEP = 100
"""So many steps of a unit are looked up."""

REACH = 1 << 17
"""Up to so many steps."""

WORTH = 2
"""A table is asked that has no more than so many texts for each number; tables are kept for the next numbers."""

_UNSCALED = np.ones(1)


def shortest(
    values: Floats, scales: Floats = _UNSCALED, codes: Ints | None = None, *, pointed: bool = False
) -> pa.StringArray:
    """The shortest texts that give these doubles back, as Arrow writes them; whole numbers as `174`, or `174.0`.

    `scales[codes]` is what each number was divided by, if anything was: this changes nothing but the time it takes.
    """
    by = scales[0] if codes is None else scales[codes]
    with np.errstate(all="ignore"):
        steps = np.rint(values * by * STEP)
        known = (steps / STEP / by == values) & (steps < REACH) & ~np.signbit(values)
    size = int(np.max(steps, where=known, initial=-1)) + 1
    size = 1 << (size - 1).bit_length() if size else 0  # few sizes, so that few tables are made
    if not size or size * len(scales) > WORTH * len(values):
        return _spelled(values, pointed)
    places = np.where(known, steps, 0).astype(np.int64)
    if codes is not None:
        places += codes * size
    texts = _table(tuple(scales.tolist()), size, pointed).take(pa.array(places))
    if known.all():
        return texts
    return pc.replace_with_mask(texts, pa.array(~known), _spelled(values[~known], pointed))


def _spelled(values: Floats, pointed: bool) -> pa.StringArray:
    texts = pc.cast(pa.array(values, pa.float64()), pa.string())
    whole = pa.array((values == np.floor(values)) & np.isfinite(values)) if pointed else pa.scalar(False)
    if not pc.any(whole).as_py():
        return texts
    bare = texts.filter(whole)
    plain = pc.invert(pc.match_substring_regex(bare, "[.e]"))
    bare = pc.if_else(plain, pc.binary_join_element_wise(bare, ".0", ""), bare)
    return pc.replace_with_mask(texts, whole, bare)


@functools.lru_cache(maxsize=4)
def _table(scales: tuple[float, ...], size: int, pointed: bool) -> pa.StringArray:
    """The texts of 0, 1, 2, … steps divided by each of the scales, end to end."""
    return pa.concat_arrays([_divided(scale, size, pointed) for scale in scales])


@functools.lru_cache(maxsize=32)
def _divided(scale: float, size: int, pointed: bool) -> pa.StringArray:
    return _spelled(np.arange(size) / STEP / scale, pointed)
