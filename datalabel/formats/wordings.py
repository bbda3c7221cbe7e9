"""How a source words what it says of each image: one whose wording is known need not be read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalabel.content import fingerprints
from datalabel.labels.hashing import Hashes

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Wordings:
    """Fingerprints of the text about each image, one per mention; what is to be read each time has 0.

    `rules` is a fingerprint of all else that decides which labels that text becomes. `same` says of which mentions
    the reader knew the wording: of their labels none is in what was read.
    """

    rules: int
    texts: Hashes
    same: Bools


KEPT: pa.Schema = pa.schema(
    [
        ("number", pa.string()),
        ("name", pa.string()),
        ("extra", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
    ]
)
"""What a mention says that follows from its wording."""


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of a source that was read by the same rules before: its wordings (sorted), and the mentions
    that they became, with the columns `KEPT`."""

    texts: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    mentions: pa.Table = field(default_factory=KEPT.empty_table)

    def same(self, texts: Hashes) -> Bools:
        """Which of these wordings are known."""
        return np.asarray(np.isin(texts, self.texts) & (texts != 0))

    def mentions_of(self, texts: Hashes) -> pa.Table:
        """What known wordings became."""
        return self.mentions.take(pa.array(np.searchsorted(self.texts, texts)))


@dataclass(frozen=True, slots=True)
class Members:
    """The files of a folder, one per image: those that need not be opened, with their mentions as before."""

    wordings: Wordings
    mentions: pa.Table

    @classmethod
    def of(cls, rules: int, texts: Hashes, begun: int, before: Before) -> Members:
        """The first `begun` files have been read already."""
        same = before.same(texts)
        same[:begun] = False
        return cls(Wordings(rules, texts, same), before.mentions_of(texts[same]))

    def forget(self, rows: Iterable[int]) -> None:
        """Have these files read each time."""
        self.wordings.texts[list(rows)] = 0

    @property
    def passed_over(self) -> Ints:
        """The positions of the files that need not be opened; `mentions` are theirs."""
        return np.flatnonzero(self.wordings.same)


def member_wordings(members: Sequence[str], contents: Mapping[str, str], facts: Iterable[object]) -> Hashes:
    """The wording of files: their paths, their bytes, and what else is known of them (`facts`); 0 for a file whose
    bytes are not known."""
    said = zip(members, facts, strict=True)
    texts = (f"{member}\0{contents.get(member, '')}\0{fact}".encode() for member, fact in said)
    found = np.fromiter(fingerprints(texts), np.uint64, count=len(members))
    found[[member not in contents for member in members]] = 0
    return found
