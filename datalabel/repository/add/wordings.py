"""What is remembered of how a source was worded, so that `add` reads only what is worded anew.

It stands in the cache: for each wording the fingerprint of the mention, with its labels, that it became. Where the
source's base has another mention by now, the image has to be read like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from datalabel.content import canonical_json, fingerprint
from datalabel.formats.base import Before, Read
from datalabel.formats.wordings import KEPT
from datalabel.labels.hashing import Hashes, hash_rows
from datalabel.labels.mentions import digests, own_mentions
from datalabel.labels.tables import MENTIONS, empty
from datalabel.repository.add.spoken import LabelOptions
from datalabel.repository.stage import Stage
from datalabel.repository.view import view_of
from datalabel.version import version

_PAIR = np.dtype([("wording", "<u8"), ("became", "<u8")])
_OUTCOME = [*KEPT.names, "digest"]


class Remembered:
    """How a source was worded when it was last read, and what its base says."""

    def __init__(self, stage: Stage, source: str, how: LabelOptions) -> None:
        self._stage = stage
        self._source = source
        self._how = how
        self._pairs = np.zeros(0, _PAIR)
        self._base = empty(MENTIONS)
        self._became: Mapping[str, int] = {}

    def before(self, rules: int) -> Before:
        """What the source said, if it was read by these rules; of its wordings, those that still mean so."""
        base = self._stage.base(self._source)
        store = self._stage.project.store
        found = store.cache.wordings(self._source, _read_as(rules, self._how))
        if base is None or self._how.replaces or not found:
            return Before()
        self._base = own_mentions(view_of(store, base.tree, self._source).mentions_of(self._source))
        still = hash_rows(self._base, _OUTCOME)
        self._became = _by_item(self._base, still)
        pairs = np.sort(np.frombuffer(found, _PAIR), order="wording")
        self._pairs = pairs[np.isin(pairs["became"], still)]
        order = np.argsort(still)
        rows = order[np.searchsorted(still[order], self._pairs["became"])]
        return Before(self._pairs["wording"], self._base.select(KEPT.names).take(pa.array(rows)))

    def said_before(self, read: Read, keys: Sequence[str]) -> Mapping[str, int] | None:
        """The items that are worded as before, with the fingerprints of their labels (see `digests`).

        None: the base has other labels for one of them, so that theirs are needed after all.
        """
        if read.wordings is None or not read.wordings.same.any():
            return {}
        rows = np.flatnonzero(read.wordings.same)
        found = self._pairs[np.searchsorted(self._pairs["wording"], read.wordings.texts[rows])]
        said = [keys[row] for row in rows.tolist()]
        if any(self._became.get(key) != one for key, one in zip(said, found["became"].tolist(), strict=True)):
            return None
        digest = digests(self._base)
        return {key: digest[key] for key in said}


def remember_wordings(
    stage: Stage, source: str, read: Read, keys: Sequence[str], mentions: pa.Table, how: LabelOptions
) -> None:
    """Note how the source was worded, and what that became: `mentions` are those of the items `keys`."""
    if read.wordings is not None:
        own = own_mentions(mentions)
        outcomes = _by_item(own, hash_rows(own, _OUTCOME))
        pairs = np.empty(len(keys), _PAIR)
        pairs["wording"] = read.wordings.texts
        pairs["became"] = np.fromiter((outcomes[key] for key in keys), np.uint64, len(keys))
        read_as = _read_as(read.wordings.rules, how)
        stage.project.store.cache.remember_wordings(source, read_as, pairs.tobytes())


def _by_item(mentions: pa.Table, hashes: Hashes) -> dict[str, int]:
    """For each item the fingerprint of what a source's own mention says, and of its labels."""
    return dict(zip(mentions.column("item").to_pylist(), hashes.tolist(), strict=True))


def _read_as(rules: int, how: LabelOptions) -> str:
    """Everything but the text that decides what labels it becomes."""
    return f"{fingerprint(canonical_json([version(), rules, how.annotator])):016x}"
