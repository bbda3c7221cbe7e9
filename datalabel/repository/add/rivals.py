"""May a new source label items that another source of the same set labels already?"""

from __future__ import annotations

import pyarrow as pa

from datalabel.errors import RefusedError
from datalabel.labels.mentions import of_set
from datalabel.labels.rows import distinct, split_by_source
from datalabel.repository.add.spoken import Spoken
from datalabel.repository.stage import Stage


def refuse_overlap(stage: Stage, source: str, set_name: str, now: Spoken) -> None:
    """A new source may not quietly label what others label, unless it is someone else's work.

    Raises:
        RefusedError: another source of the set mentions the same items and its annotators are unknown, or
            the same; the message names the ways out.
    """
    mentions = stage.read(stage.mentions, now.items)
    mentions = of_set(mentions, set_name)
    mine = _annotators(now.labels, now.mentions)
    for rival in sorted(distinct(mentions.column("source"))):
        seen, _ = split_by_source(mentions, rival)
        items = sorted(distinct(seen.column("item")))
        drawn, _ = split_by_source(stage.read(stage.labels(set_name), items), rival)
        theirs = _annotators(drawn, seen)
        if mine and theirs and not mine & theirs:
            continue
        raise RefusedError(
            f"{len(items):,} of its items are in {set_name!r} from {rival} already (first: {items[0]})",
            where=source,
            hint=f"--replaces {rival} if this is a newer export of the same work, --beside if both count, "
            f"or, if someone else drew it, {_by_others(stage.project.typed(rival), known=bool(theirs))}",
        )


def _by_others(rival: str, *, known: bool) -> str:
    """What to type where two people drew; of neither it may stay unknown who."""
    mine = "--annotator NAME"
    return mine if known else f"first dlabel add {rival} --annotator NAME, then this with {mine}"


def _annotators(labels: pa.Table, mentions: pa.Table) -> frozenset[str]:
    """Who drew these labels and saw these items; empty when someone unknown drew."""
    drew = distinct(labels.column("annotator"))
    saw = {name for name in distinct(mentions.column("annotator")) if name is not None}
    return frozenset() if None in drew else frozenset(drew | saw)
