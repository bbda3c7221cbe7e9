"""How a source words what it says of each image: one whose wording is known need not be read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import fingerprints
from datalabel.labels.hashing import Hashes

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Wordings:
    """Fingerprints of the text about each image, one per mention; what is to be read each time has 0.

    `rules` is a fingerprint of all else that decides which labels that text becomes. `same` says of which mentions
    the reader knew the wording: of their labels none is in what was read.
    """

    rules: int
    texts: Hashes
    same: Bools


KEPT = pa.schema([(name, pa.string()) for name in ("number", "name", "extra")]).append(
    pa.field("width", pa.int32())
).append(pa.field("height", pa.int32()))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of a source that was read by the same rules before: its wordings, and its mentions with the
    columns `KEPT`."""

    texts: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    mentions: pa.Table = field(default_factory=KEPT.empty_table)

    def same(self, texts: Hashes) -> Bools:
        """Which of these wordings are known."""
        return np.asarray(np.isin(texts, self.texts) & (texts != 0))


@dataclass(frozen=True, slots=True)
class Members:
    """The files of a folder, one per image: those that need not be opened, with their mentions as before."""

    wordings: Wordings
    mentions: pa.Table

    @classmethod
    def of(cls, rules: int, texts: Hashes, numbers: Sequence[str], begun: int, before: Before) -> Members:
        """`numbers` are those of the mentions; the first `begun` of them have been read already."""
        places = pc.index_in(pa.array(numbers, pa.string()), value_set=before.mentions.column("number"))
        same = before.same(texts) & places.is_valid().to_numpy(zero_copy_only=False)
        same[:begun] = False
        return cls(Wordings(rules, texts, same), before.mentions.take(places))

    def passed_over(self) -> dict[int, dict[str, Any]]:
        """The mentions of the files that need not be opened, by their positions."""
        rows = np.flatnonzero(self.wordings.same)
        return dict(zip(rows.tolist(), self.mentions.take(pa.array(rows)).to_pylist(), strict=True))


def member_wordings(members: Sequence[str], contents: Mapping[str, str], facts: Iterable[object]) -> Hashes:
    """The wording of files: their paths, their bytes, and what else is known of them (`facts`); 0 for a file whose
    bytes are not known."""
    said = zip(members, facts, strict=True)
    texts = (f"{member}\0{contents.get(member, '')}\0{fact}".encode() for member, fact in said)
    found = np.fromiter(fingerprints(texts), np.uint64, count=len(members))
    found[[member not in contents for member in members]] = 0
    return found
