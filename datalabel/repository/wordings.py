"""What is remembered of how a source was worded, so that `add` reads only what is worded anew.

It stands in the cache: for each wording the fingerprint of the labels that it became. Where the source's base has
other labels for the image by now, it has to be read like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa

from datalabel.content import canonical_json, fingerprint
from datalabel.formats.base import Read
from datalabel.labels.hashing import Hashes
from datalabel.repository.spoken import LabelOptions, digests
from datalabel.repository.stage import Stage
from datalabel.repository.view import view_of
from datalabel.version import version

_PAIR = np.dtype([("wording", "<u8"), ("labels", "<u8")])


class Remembered:
    """How a source was worded when it was last read, and what its base says."""

    def __init__(self, stage: Stage, source: str, how: LabelOptions) -> None:
        self._stage = stage
        self._source = source
        self._how = how
        self._pairs = np.zeros(0, _PAIR)

    def wordings(self, rules: int) -> Hashes:
        """Every wording that the source had, if it was read by these rules; else none."""
        if self._source in self._stage.bases and not self._how.replaces:
            found = self._stage.project.store.cache.wordings(self._source, _read_as(rules, self._how))
            self._pairs = np.sort(np.frombuffer(found, _PAIR), order="wording")
        return self._pairs["wording"]

    def said_before(self, read: Read, keys: Sequence[str]) -> Mapping[str, int] | None:
        """The items that are worded as before, with the fingerprints of their labels (see `spoken.digests`).

        None: the base has other labels for one of them, so that theirs are needed after all.
        """
        if read.wordings is None:
            return {}
        rows = np.flatnonzero(read.wordings.same)
        found = self._pairs[np.searchsorted(self._pairs["wording"], read.wordings.texts[rows])]
        said = {
            keys[row]: digest for row, digest in zip(rows.tolist(), found["labels"].tolist(), strict=True)
        }
        return said if all(self._base.get(key) == digest for key, digest in said.items()) else None

    @cached_property
    def _base(self) -> Mapping[str, int]:
        view = view_of(self._stage.project.store, self._stage.bases[self._source].tree, self._source)
        return digests(view.mentions_of(self._source))


def remember_wordings(
    stage: Stage, source: str, read: Read, keys: Sequence[str], mentions: pa.Table, how: LabelOptions
) -> None:
    """Note how the source was worded, and what that became: `mentions` are those of the items `keys`."""
    if read.wordings is not None:
        said = digests(mentions)
        pairs = np.empty(len(keys), _PAIR)
        pairs["wording"] = read.wordings.texts
        pairs["labels"] = np.fromiter((said[key] for key in keys), np.uint64, len(keys))
        read_as = _read_as(read.wordings.rules, how)
        stage.project.store.cache.remember_wordings(source, read_as, pairs.tobytes())


def _read_as(rules: int, how: LabelOptions) -> str:
    """Everything but the text that decides what labels it becomes."""
    return f"{fingerprint(canonical_json([version(), rules, how.annotator])):016x}"
