"""How a source words what it says of each image: one whose wording is known need not be read again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datalabel.labels.hashing import Hashes


@dataclass(frozen=True, slots=True)
class Wordings:
    """Fingerprints of the text about each image, one per mention.

    `rules` is a fingerprint of all else that decides which labels that text becomes. `same` says of which mentions
    the reader knew the wording: of their `passed_over` labels none is in what was read.
    """

    rules: int
    texts: Hashes
    same: npt.NDArray[np.bool_]
    passed_over: int = 0
