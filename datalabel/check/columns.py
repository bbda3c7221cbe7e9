"""What rules measure: numbers per label or item, each computed over whole columns and at most once a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.check.measured import measured
from datalabel.check.words import number, quoted
from datalabel.labels import frames, geometry
from datalabel.labels.arrays import one_array, only, ordinals, rows_of, side_by_side, values_of
from datalabel.labels.properties import properties_in
from datalabel.labels.sorting import distinct
from datalabel.labels.tables import GEOMETRY

if TYPE_CHECKING:
    from datalabel.check.overhang import Overhang
    from datalabel.check.pairs import Close
    from datalabel.labels.rings import Rings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TOLERANCE = 1e-6
"""Relative slack of every comparison with a size or a limit: coordinates that were fractions of the image
come back from the multiplication with an error of this order at most, and that is nobody's mistake."""

UNREADABLE = object()
"""Stands for properties that are no JSON object."""


class Columns:
    """The measures of a batch. Arrays have one row per label (or per item, where it says so), in table order.

    NaN stands for what cannot be measured: nothing was said, or it does not apply to the kind.
    """

    def __init__(self, items: pa.Table, labels: pa.Table, reread: Callable[[], pa.Table] | None) -> None:
        """`reread` as in `CheckBatch`: never a method of the batch, which would keep both until the next collection
        of garbage."""
        self._items = items
        self._labels = labels
        self._reread = reread
        self._pieces: dict[str, pa.Array] = {}
        self._codes: dict[str, tuple[list[Any], Ints]] = {}
        self._are: dict[tuple[str, ...], Bools] = {}

    @measured
    def item_rows(self) -> Ints:
        """For each label the row of its item in the items, -1 when it is not there."""
        keys, codes = self.encoded("item")
        found = pc.index_in(
            pa.array(keys, pa.string()), value_set=self._items.column("item").combine_chunks()
        )
        return _integers(pc.fill_null(found, -1))[codes]

    @measured
    def item_sizes(self) -> Floats:
        """Width and height of each item as it is shown (EXIF orientation applied), shape (items, 2). NaN unless
        both are known."""
        return frames.shown_sizes(self._items)

    @measured
    def turned(self) -> Bools:
        """For each item whether its orientation swaps width and height."""
        return frames.turned(self._items)

    @measured
    def image_sizes(self) -> Floats:
        """Width and height of each label's item as it is shown, shape (n, 2)."""
        return self.of_item(self.item_sizes, np.nan)

    def of_item(self, values: npt.NDArray[Any], missing: Any) -> npt.NDArray[Any]:
        """Values per item as values per label."""
        padded = np.concatenate([values, np.full((1, *values.shape[1:]), missing, values.dtype)])
        return rows_of(padded, self.item_rows)

    @measured
    def known(self) -> Bools:
        """Labels that carry their `MEASURES`."""
        return geometry.measured(self._labels)

    @measured
    def plain(self) -> Bools:
        """Labels of which it is known that neither their own geometry nor how they lie among the other labels of
        their item is wrong; their outlines may be left out."""
        if "plain" not in self._labels.column_names:
            return np.zeros(self._labels.num_rows, np.bool_)
        return np.asarray(pc.fill_null(self._labels.column("plain"), False).to_numpy())

    @measured
    def not_finite(self) -> Bools:
        """Drawn labels with a coordinate that is infinite, no number or missing, the right and bottom edge of boxes
        among them. Nothing is measured on them."""
        found: Bools = ~np.isfinite(self.recorded_ends).all(axis=1) & self.is_kind("box")
        rows = np.flatnonzero(self.is_kind("polygon", "rotated_box", "polyline", "keypoints"))
        values, lengths = self.lists("coords", rows)
        wrong = np.flatnonzero(~np.isfinite(values))
        found[rows[np.searchsorted(np.cumsum(lengths), wrong, side="right")]] = True
        return found

    @measured
    def negative(self) -> Bools:
        """Boxes of negative width or height."""
        below = (self.recorded[:, 2:] < 0).any(axis=1)
        return np.asarray(below & self.is_kind("box") & ~self.not_finite)

    @measured
    def flat(self) -> Bools:
        """Boxes of zero width or height (not negative), rings that enclose nothing, empty masks, lines without
        length."""
        boxes = (self.recorded[:, 2:] == 0).any(axis=1) & self.is_kind("box") & ~self.negative
        masks = self.is_kind("mask") & (self.areas == 0)
        still = (self.bounds[:, :2] == self.bounds[:, 2:]).all(axis=1)
        lines = self.is_kind("polyline") & still & (self.point_counts >= 2)
        return np.asarray((boxes & ~self.not_finite) | masks | lines | self._collapsed())

    def _collapsed(self) -> Bools:
        """Outlines that cover nothing. Area 0 alone proves nothing: a figure of eight has it too."""
        found = np.zeros(self._labels.num_rows, np.bool_)
        with np.errstate(all="ignore"):
            extent = np.nanmax(self.bounds[:, 2:] - self.bounds[:, :2], axis=1, initial=0.0)
            nothing = 1e-9 * extent**2
            suspects = self.is_kind("polygon", "rotated_box") & ~(self.raw_areas > nothing)
        rows = np.flatnonzero(suspects & np.isfinite(self.bounds[:, 0]) & np.isfinite(nothing))
        if len(rows):
            found[rows] = geometry.covered(self.drawn(rows)) <= nothing[rows]
        return found

    @measured
    def placed(self) -> Floats:
        """The bounds, but NaN for flat labels: that these are nowhere is the one thing to say about them."""
        return only(~self.flat, self.bounds)

    @measured
    def sized(self) -> Bools:
        """Labels whose size means something: neither flat nor of negative size."""
        return ~(self.flat | self.negative)

    @measured
    def bounds(self) -> Floats:
        """True bounds x1, y1, x2, y2 with x1 <= x2, y1 <= y2, shape (n, 4); NaN unless all four are finite."""
        sound = np.isfinite(self.raw_bounds).all(axis=1) & ~self.not_finite
        low_x, low_y, far_x, far_y = only(sound, self.raw_bounds).T
        low, far = ((find(low_x, far_x), find(low_y, far_y)) for find in (np.minimum, np.maximum))
        return side_by_side(*low, *far)

    @measured
    def raw_bounds(self) -> Floats:
        """The bounds as `labels.geometry` has them."""
        with np.errstate(all="ignore"):
            return geometry.bounds(self._labels)

    @measured
    def raw_areas(self) -> Floats:
        """The areas as `labels.geometry` has them."""
        with np.errstate(all="ignore"):
            return geometry.area(self._labels)

    @measured
    def areas(self) -> Floats:
        """True areas; NaN for kinds that enclose none, and where the geometry is not finite."""
        found = self.raw_areas
        solid = self.is_kind(*geometry.SOLID)
        return np.where(solid & ~self.not_finite & np.isfinite(found) & (found >= 0), found, np.nan)

    @measured
    def sides(self) -> Floats:
        """Width and height, shape (n, 2): of the bounds, or for a rotated box its own first two sides.

        NaN for boxes of negative size.
        """
        with np.errstate(all="ignore"):
            found = self.bounds[:, 2:] - self.bounds[:, :2]
        found[(self.recorded[:, 2:] < 0).any(axis=1) & self.is_kind("box")] = np.nan
        rows = np.flatnonzero(self.is_kind("rotated_box"))
        values, lengths = self.lists("coords", rows)
        rows, whole = rows[lengths == 8], np.repeat(lengths == 8, lengths)
        corners = values[whole].reshape(-1, 4, 2)
        with np.errstate(all="ignore"):
            found[rows] = np.hypot(*np.moveaxis(np.diff(corners[:, :3], axis=1), 2, 0))
        found[self.not_finite] = np.nan
        return found

    @measured
    def recorded(self) -> Floats:
        """x, y, width and height as the columns have them, shape (n, 4); NaN where null."""
        return side_by_side(*(_floats(self._labels.column(name)) for name in "xywh"))

    @measured
    def recorded_ends(self) -> Floats:
        """The right and bottom edge that the columns have, shape (n, 2); NaN where a number is null."""
        with np.errstate(all="ignore"):
            return np.asarray(self.recorded[:, :2] + self.recorded[:, 2:])

    @measured
    def point_counts(self) -> Floats:
        """Points of polygons and lines, labelled points of keypoints; NaN for other kinds."""
        found = np.full(self._labels.num_rows, np.nan)
        if self.known.any():
            found[self.known] = _floats(self._labels.column("points"))[self.known]
        rows = np.flatnonzero(self.is_kind("polygon", "polyline") & ~self.known)
        found[rows] = self.lists("coords", rows)[1] // 2
        rows = np.flatnonzero(self.is_kind("keypoints") & ~self.known)
        values, lengths = self.lists("coords", rows)
        labelled = (ordinals(lengths) % 3 == 2) & (values > 0)
        found[rows] = np.bincount(np.repeat(np.arange(len(rows)), lengths)[labelled], minlength=len(rows))
        found[self.not_finite] = np.nan
        return found

    @measured
    def rings(self) -> Rings:
        """The rings of every label that encloses something."""
        from datalabel.check.outlines import rings_of

        return rings_of(self)

    @measured
    def repeats(self) -> Bools:
        """For each point of `rings` whether it is the same as the next one of its ring."""
        rings = self.rings
        (x, y), last = rings.points.T, rings.starts + rings.counts - 1
        same = np.empty(len(x), np.bool_)
        np.equal(x[:-1], x[1:], out=same[:-1])
        same[:-1] &= y[:-1] == y[1:]
        same[last] = (rings.points[last] == rings.points[rings.starts]).all(axis=1)
        return same

    @measured
    def crossings(self) -> dict[int, str]:
        """The labels with a ring that crosses itself, and in words where."""
        from datalabel.check.crossings import crossings_of

        return crossings_of(self)

    @measured
    def overhang(self) -> Overhang:
        """What of the labels lies outside their images."""
        from datalabel.check.overhang import overhang_of

        return overhang_of(self)

    @measured
    def close(self) -> Close:
        """Labels that may show the same object, or one of which lies in the other."""
        from datalabel.check.pairs import close_pairs

        with np.errstate(all="ignore"):
            return close_pairs(self, self._labels)

    @measured
    def kinds(self) -> npt.NDArray[np.object_]:
        """The kind of each label."""
        return np.array([kind for _, kind in self.types], dtype=object)[self.type_codes]

    def is_kind(self, *kinds: str) -> Bools:
        """Which labels are of these kinds. Not to be changed."""
        if kinds not in self._are:
            found = np.array([kind in kinds for _, kind in self.types], np.bool_)
            self._are[kinds] = found[self.type_codes]
        return self._are[kinds]

    @measured
    def _typed(self) -> tuple[list[tuple[str, str]], Ints]:
        (classes, class_codes), (kinds, kind_codes) = (self.encoded(name) for name in ("class", "kind"))
        pairs, codes = distinct(class_codes * max(len(kinds), 1) + kind_codes)
        names = [(classes[pair // len(kinds)], kinds[pair % len(kinds)]) for pair in pairs.tolist()]
        return names, codes

    @property
    def types(self) -> list[tuple[str, str]]:
        """The distinct pairs of class and kind."""
        return self._typed[0]

    @property
    def type_codes(self) -> Ints:
        """For each label the position of its class and kind in `types`."""
        return self._typed[1]

    @measured
    def _valued(self) -> tuple[list[tuple[int, Any]], Ints]:
        texts, codes = self.encoded("properties")
        parsed = [properties_of(text) for text in texts]
        pairs, rows = distinct(self.type_codes * max(len(texts), 1) + codes)
        values = [(pair // len(texts), parsed[pair % len(texts)]) for pair in pairs.tolist()]
        return values, rows

    @property
    def valued(self) -> list[tuple[int, Any]]:
        """The distinct triples of class, kind and properties: position in `types`, parsed properties."""
        return self._valued[0]

    @property
    def value_codes(self) -> Ints:
        """For each label the position of its class, kind and properties in `valued`."""
        return self._valued[1]

    def encoded(self, name: str) -> tuple[list[Any], Ints]:
        """The distinct values of a text column, and for each label the position of its own. Null is a value."""
        if name not in self._codes:
            column = self._labels.column(name).combine_chunks().dictionary_encode(null_encoding="encode")
            self._codes[name] = column.dictionary.to_pylist(), _integers(column.indices)
        return self._codes[name]

    def lists(self, name: str, rows: npt.NDArray[np.intp]) -> tuple[Floats, Ints]:
        """The values of a list column of these labels (ascending) end to end, and how many each label has. Not to be
        changed."""
        values, lengths = values_of(self._whole(name), rows)
        return values.astype(np.float64, copy=False), lengths

    @measured
    def drawn_again(self) -> pa.Table:
        """Kind and geometry of all labels, also of those whose outlines were left out: these are read again."""
        return (self._labels if self._reread is None else self._reread()).select(["kind", *GEOMETRY])

    def drawn(self, rows: npt.NDArray[np.intp]) -> pa.Table:
        """Kind and geometry of these labels. For few, of which the columns do not tell: outlines may have to be read
        again."""
        outlines = self._labels.column("coords").is_null().to_numpy()
        whole = self.drawn_again if (self.plain & outlines)[rows].any() else self._labels
        return whole.select(["kind", *GEOMETRY]).take(pa.array(rows))

    def _whole(self, name: str) -> pa.Array:
        """A list column in one piece, which is made once."""
        if name not in self._pieces:
            self._pieces[name] = self._labels.column(name).combine_chunks()
        return self._pieces[name]

    # Words

    def title(self, row: int) -> str:
        """`box of class "RBC"`."""
        name, kind = self.types[self.type_codes[row]]
        return f"{kind.replace('_', ' ')} of class {quoted(name)}"

    def place(self, row: int) -> str:
        """`at 504, 337`: the top left corner of the bounds; empty when there are none."""
        x, y = self.bounds[row, :2]
        return f"at {number(x)}, {number(y)}" if np.isfinite(x) else ""


def properties_of(text: str | None) -> Any:
    """Parsed properties: a mapping, or `UNREADABLE`."""
    value = properties_in(text)
    return UNREADABLE if value is None else value


def _floats(column: pa.ChunkedArray | pa.Array) -> Floats:
    return np.array(one_array(column).cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _integers(column: pa.ChunkedArray | pa.Array) -> Ints:
    return np.asarray(one_array(column).to_numpy(zero_copy_only=False)).astype(np.int64)
