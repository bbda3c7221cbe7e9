"""What of labels lies outside their images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datalabel.check.columns import TOLERANCE, Bools, Columns, Floats
from datalabel.labels.arrays import only, side_by_side


@dataclass(frozen=True, slots=True)
class Overhang:
    """Arrays with one row per label. Nothing lies outside an image whose size is not known.

    `beyond` is how far it reaches beyond the left, top, right and bottom edge (0: not), shape (n, 4); `sizes` the
    image's width and height that are meant, shape (n, 2). `partly` reaches beyond an edge, `wholly` has nothing
    on the image's side of one.
    """

    beyond: Floats
    sizes: Floats
    partly: Bools
    wholly: Bools


def overhang_of(columns: Columns) -> Overhang:
    """Masks lie outside only where they are of another size than the image, which is G110's: never here."""
    sizes = columns.image_sizes
    bounds = only(~columns.is_kind("mask"), columns.placed)
    beyond = _excess(bounds, sizes)
    turned = columns.of_item(columns.turned, False)
    if turned.any():
        # Some tools label what is shown, others what is stored: whichever frame the label fits better.
        other = _excess(bounds, sizes[:, ::-1])
        better = turned & (other.sum(axis=1) < beyond.sum(axis=1))
        beyond, sizes = only(better, other, beyond), only(better, sizes[:, ::-1], sizes)
    reaches = (beyond > 0).any(axis=1)
    wholly = _apart(bounds, sizes)
    return Overhang(beyond, sizes, reaches & ~wholly, wholly)


def _excess(bounds: Floats, sizes: Floats) -> Floats:
    found = side_by_side(*-bounds[:, :2].T, *(bounds[:, 2:] - sizes).T)
    return np.where(found > np.tile(sizes.T, (2, 1)).T * TOLERANCE, found, 0.0)


def _apart(bounds: Floats, sizes: Floats) -> Bools:
    """Labels that reach beyond an edge and have nothing on the image's side of it."""
    slack = sizes * TOLERANCE
    low, high = np.split(bounds, 2, axis=1)
    before = (low < -slack) & (high <= slack)
    after = (high > sizes + slack) & (low >= sizes - slack)
    return np.asarray((before | after).any(axis=1))
