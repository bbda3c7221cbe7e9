"""The text of label lines: which spelling a source has, and lines in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.shortest import shortest
from datalabel.formats.yolo.geometry import Floats, Ints, Rows
from datalabel.formats.yolo.lines import Parsed
from datalabel.formats.yolo.notation import SHORTEST, Style, habit

SAMPLE = 5000
"""How many numbers of each sort decide the spelling of a source."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How fractions, visibilities of keypoints and confidences are spelled."""

    fraction: Style = SHORTEST
    visibility: Style = SHORTEST
    confidence: Style = SHORTEST

    def header(self) -> dict[str, Any]:
        """As JSON."""
        return {
            name: [style.kind, style.digits]
            for name, style in (
                ("fraction", self.fraction),
                ("visibility", self.visibility),
                ("confidence", self.confidence),
            )
        }

    @classmethod
    def of(cls, header: Mapping[str, Any]) -> Spelling:
        """From a header."""
        return cls(**{name: Style(*header[name]) for name in cls.__slots__ if name in header})

    @classmethod
    def common(cls, parsed: Parsed, computed: Rows) -> Spelling:
        """The spelling that is most common among lines, given the numbers as computed from pixels again."""
        tokens = _tokens(parsed)
        points = parsed.rows.visibilities()
        fractions, seen = np.flatnonzero(~points)[:SAMPLE], np.flatnonzero(points)[:SAMPLE]
        scored = np.flatnonzero(~np.isnan(parsed.confidence))[:SAMPLE]
        last = [parsed.tokens[row][-1].as_py() for row in scored.tolist()]
        return cls(
            habit(computed.values[fractions], tokens.take(pa.array(fractions)).to_pylist()),
            habit(computed.values[seen], tokens.take(pa.array(seen)).to_pylist()),
            habit(parsed.confidence[scored], last),
        )

    def lines(self, numbers: Ints, rows: Rows, confidence: Floats, sizes: Floats) -> pa.StringArray:
        """Whole lines, without line breaks; a confidence of NaN is left out. `sizes` are width and height of the
        image of each line."""
        texts = self._texts(rows, sizes)
        joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(rows.starts, pa.int32()), texts), " ")
        lines = pc.binary_join_element_wise(pc.cast(pa.array(numbers), pa.string()), joined, " ")
        scored = ~np.isnan(confidence)
        if not scored.any():
            return lines
        last = self.confidence.texts(np.where(scored, confidence, 0.0))
        return pc.if_else(pa.array(scored), pc.binary_join_element_wise(lines, last, " "), lines)

    def _texts(self, rows: Rows, sizes: Floats) -> pa.StringArray:
        if self.fraction == SHORTEST:
            scales, codes = np.unique(sizes, return_inverse=True)
            widths, heights = codes.reshape(-1, 2).T
            texts = shortest(rows.values, scales, rows.along(widths, heights, 0))
        else:
            texts = self.fraction.texts(rows.values)
        points = rows.visibilities()
        if not points.any() or self.visibility == self.fraction:
            return texts
        return pc.replace_with_mask(texts, pa.array(points), self.visibility.texts(rows.values[points]))


def _tokens(parsed: Parsed) -> pa.StringArray:
    """The texts of all numbers, without class and confidence."""
    flat = parsed.tokens.flatten()
    starts = np.concatenate(([0], np.cumsum(pc.list_value_length(parsed.tokens).to_numpy())))
    chosen = np.ones(len(flat), np.bool_)
    chosen[starts[:-1]] = False
    chosen[starts[1:][~np.isnan(parsed.confidence)] - 1] = False
    return flat.filter(pa.array(chosen))
