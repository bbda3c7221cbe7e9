"""What is remembered of how a source was worded, so that `add` reads only what is worded anew.

It stands in the cache, under the digest of the files that the source's base was read from: for any other base it is
not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from datalabel.content import ObjectId, canonical_json, fingerprint
from datalabel.formats.base import Read
from datalabel.labels.hashing import Hashes
from datalabel.repository.spoken import LabelOptions, digests
from datalabel.repository.stage import Stage
from datalabel.repository.view import view_of
from datalabel.store.history import Source
from datalabel.version import version


class Remembered:
    """How a source was worded when its base was read, and what it said by that."""

    def __init__(self, stage: Stage, source: str, how: LabelOptions) -> None:
        known = stage.tree.sources.get(source)
        self._base = stage.bases.get(source) if known and same_options(known, how) else None
        self._store = stage.project.store
        self._source = source
        self._how = how

    def wordings(self, rules: int) -> Hashes:
        """Every wording that the source had, if it was read by these rules; else none."""
        if self._base is None or self._how.replaces:
            return np.zeros(0, np.uint64)
        found = self._store.cache.wordings(self._source, _read_as(self._base.digest, rules, self._how))
        return np.frombuffer(found, "<u8")

    def said_before(self, read: Read, keys: Sequence[str]) -> Mapping[str, int] | None:
        """The items that are worded as before, with the fingerprints of their labels (see `spoken.digests`).

        None: an image that has another key by now is among them, so its labels are needed.
        """
        if read.wordings is None:
            return {}
        same = [keys[row] for row in np.flatnonzero(read.wordings.same).tolist()]
        if not all(key in self._digests for key in same):
            return None
        return {key: self._digests[key] for key in same}

    @cached_property
    def _digests(self) -> Mapping[str, int]:
        if self._base is None:
            return {}
        return digests(view_of(self._store, self._base.tree, self._source).mentions_of(self._source))


def remember_wordings(stage: Stage, source: str, digest: ObjectId, read: Read, how: LabelOptions) -> None:
    """Note how the source was worded in the files of this digest, from which its base was read."""
    said = read.wordings
    if said is not None:
        texts = said.texts.astype("<u8").tobytes()
        stage.project.store.cache.remember_wordings(source, _read_as(digest, said.rules, how), texts)


def same_options(known: Source, how: LabelOptions) -> bool:
    """Whether a source is added as it was before."""
    return (known.set, known.annotator, dict(known.options)) == (how.set, how.annotator, dict(how.options))


def _read_as(digest: ObjectId, rules: int, how: LabelOptions) -> str:
    """The files of a source and everything that decides what is read in them."""
    said = [version(), rules, how.set, how.annotator, dict(how.options)]
    return f"{digest} {fingerprint(canonical_json(said)):016x}"
