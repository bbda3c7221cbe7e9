"""A column of texts that repeat much."""

from __future__ import annotations

from array import array

import numpy as np
import pyarrow as pa


class Texts:
    """Collects codes, and each text once."""

    def __init__(self) -> None:
        self._codes = array("i")
        self._known: dict[str, int] = {}

    def add(self, text: str | None) -> None:
        """The next row."""
        self._codes.append(-1 if text is None else self._known.setdefault(text, len(self._known)))

    def column(self) -> pa.StringArray:
        """All rows."""
        codes = np.frombuffer(self._codes, dtype=np.int32) if self._codes else np.zeros(0, np.int32)
        words = pa.array(list(self._known), pa.string())
        return words.take(pa.array(codes, mask=codes < 0))
