"""What is measured on labels once, so that later checks and statistics need not look at their outlines again."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.check.duplicate_rules import drawn_twice
from datalabel.check.finding import CheckBatch, Needs, Rule
from datalabel.check.registry import RULES
from datalabel.check.rule import BatchRule, OnLabel
from datalabel.labels.overlap import overlaps, usual
from datalabel.labels.tables import GEOMETRY, LEFT_OUT, MEASURES, NEAREST
from datalabel.spec.model import Spec

Bools = npt.NDArray[np.bool_]

LOOKED_AT = ("item", "class", "kind", *GEOMETRY, "properties", "annotator", "extra")
"""The columns of labels that it takes."""

_ABOUT_OUTLINES = [
    one for one in RULES.values() if Needs.OUTLINES in one.needs and isinstance(one, BatchRule)
]

_KEPT = {
    "coords": ("rotated_box", "keypoints"),
    "parts": ("mask",),
    "rle": (),
    "extra": (),
}
"""The kinds of plain labels that keep a column: short ones, of which rules ask more than is measured."""


def takes_in(rules: Collection[Rule]) -> bool:
    """Whether these rules look at all that is measured: then measuring costs no more than they do."""
    return {*_ABOUT_OUTLINES, drawn_twice} <= set(rules)


def measures_of(labels: pa.Table) -> pa.Table:
    """The columns `MEASURES` of labels (columns `LOOKED_AT`, all of an item together), and `LEFT_OUT` as they are,
    but null for plain labels."""
    batch = CheckBatch("", pa.table({"item": pc.unique(labels.column("item"))}), labels, Spec())
    columns = batch.columns
    plain = _plain(batch)
    boxes = columns.is_kind("box")
    bounds = columns.raw_bounds
    numbers = zip(MEASURES.names, [*bounds.T, columns.raw_areas], strict=False)
    cells = {name: pa.array(values, mask=boxes) for name, values in numbers}
    cells |= zip(NEAREST, map(pa.array, overlaps(labels, usual(bounds)).T), strict=True)
    counts = columns.point_counts
    cells["points"] = pa.array(counts, mask=np.isnan(counts)).cast(pa.int32())
    cells["plain"] = pa.array(plain)
    for name in LEFT_OUT:
        left_out = plain & ~columns.is_kind(*_KEPT[name])
        cells[name] = pc.if_else(pa.array(left_out), None, labels.column(name))
    return pa.table({name: cells[name] for name in (*MEASURES.names, *LEFT_OUT)})


def _plain(batch: CheckBatch) -> Bools:
    """Labels about whose outlines no rule has anything to say, and which are close to no other: without the others
    that would change nothing about what is found on these."""
    found = np.ones(batch.labels.num_rows, np.bool_)
    for rule in _ABOUT_OUTLINES:
        found[[hit.row for hit in rule.hits(batch) if isinstance(hit, OnLabel)]] = False
    close = batch.columns.close
    for rows in (close.first, close.second, close.crowded):
        found[rows] = False
    return found
