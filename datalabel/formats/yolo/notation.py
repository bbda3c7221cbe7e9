"""How numbers are spelled: the habit of a source, found from its first lines and kept when it is written again.

Converters print six fixed decimals, six significant digits or the shortest text of a float. A source whose
habit is known needs no digits of its own kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.shortest import shortest

Floats = npt.NDArray[np.float64]

MAX_DIGITS = 17
"""No float needs more."""

_EXACT = 2.0**53


@dataclass(frozen=True, slots=True)
class Style:
    """A habit: `shortest`, or `fixed`, `rounded` (without trailing zeros) or `significant` with digits."""

    kind: str = "shortest"
    digits: int = 0

    def texts(self, values: Floats) -> pa.StringArray:
        """The numbers as they are spelled."""
        if self.kind == "fixed":
            return _fixed(values, self.digits)
        if self.kind == "significant":
            return pa.array([f"{value:.{self.digits}g}" for value in values.tolist()], pa.string())
        if self.kind == "rounded":
            return shortest(_rounded(values, self.digits) + 0.0)
        return shortest(values + 0.0)


SHORTEST = Style()


def habit(values: Floats, texts: Sequence[str]) -> Style:
    """The style that spells most of the values as the texts do; among equals, the first of a fixed order."""
    if not texts:
        return Style()
    digits = [text.lstrip("+-").partition(".") for text in texts]
    decimals = min(max(len(after) for _, _, after in digits), MAX_DIGITS)
    significant = min(max(len((whole + after).lstrip("0")) for whole, _, after in digits), MAX_DIGITS)
    styles = [
        Style("fixed", decimals),
        Style("rounded", decimals),
        Style(),
        Style("significant", max(significant, 1)),
    ]
    wanted = pa.array(texts, pa.string())
    hits = [pc.sum(pc.equal(style.texts(values), wanted)).as_py() or 0 for style in styles]
    return styles[int(np.argmax(hits))]


def _rounded(values: Floats, digits: int) -> Floats:
    small = np.abs(values) < _EXACT / 10.0**digits
    return np.where(small, np.round(np.where(small, values, 0.0), digits), values)


def _fixed(values: Floats, digits: int) -> pa.StringArray:
    """With so many decimals: by whole numbers, since printing each float takes far longer. How one is spelled does
    not depend on the others."""
    units = np.rint(values * 10.0**digits)
    large = ~(np.abs(units) < _EXACT)
    if not digits or large.all():
        return pa.array([f"{value + 0.0:.{digits}f}" for value in values.tolist()], pa.string())
    if large.any():
        texts = _fixed(np.where(large, 0.0, values), digits)
        return pc.replace_with_mask(texts, pa.array(large), _fixed(values[large], digits))
    whole, rest = np.divmod(np.abs(units).astype(np.int64), 10**digits)
    after = pc.utf8_lpad(pc.cast(pa.array(rest), pa.string()), digits, "0")
    before = pc.cast(pa.array(whole), pa.string())
    sign = pc.if_else(pa.array(units < 0), "-", "")
    return pc.binary_join_element_wise(pc.binary_join_element_wise(sign, before, ""), after, ".")
