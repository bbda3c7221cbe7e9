"""Properties of items: what the sources in a tree say of them, by name.

They are held with the items, so that nobody who asks for them has to know which sources there are. Each source says
them in a field of its mentions; whoever changes mentions settles what the items have from then on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pyarrow as pa

from datalabel.content import canonical_json
from datalabel.errors import Fault
from datalabel.formats.registry import get_format
from datalabel.labels.mentions import own_mentions
from datalabel.labels.properties import said_in, united, values_in
from datalabel.labels.rows import distinct, split_by_source, with_column
from datalabel.printable import amount
from datalabel.repository.stage import Draft
from datalabel.store.history import Source

_SAYS = ["item", "source", "name", "extra"]


def by_field(sources: Mapping[str, Source], mentions: pa.Table) -> Iterator[tuple[str | None, pa.Table]]:
    """The mentions, together where their sources say properties in the same field; None: in none."""
    names: dict[str, list[str]] = {}
    for name in sorted(name for name in distinct(mentions["source"]) if name is not None):
        told = get_format(sources[name].format).holds.item_properties if name in sources else None
        if told is not None:
            names.setdefault(told, []).append(name)
    rest = mentions
    for told, those in sorted(names.items()):
        mine, rest = split_by_source(rest, *those)
        yield told, mine
    yield None, rest


def said_by(sources: Mapping[str, Source], mentions: pa.Table) -> dict[str, dict[str, str]]:
    """For each item of which a source says properties, what each source says of it: canonical JSON by source."""
    said: dict[str, dict[str, str]] = {}
    for told, rows in by_field(sources, own_mentions(mentions)):
        texts = said_in(rows.column("extra"), told) if told is not None else pa.array([], pa.string())
        places = np.flatnonzero(texts.is_valid())
        cells = (
            column.take(pa.array(places)).to_pylist() for column in (rows["item"], rows["source"], texts)
        )
        for item, source, text in zip(*cells, strict=True):
            said.setdefault(item, {})[source] = text
    return said


@dataclass(slots=True)
class Settled:
    """The properties of the items that are to have others than they do (None: none), and which of them sources do
    not agree on: the item, the name, what is told and what another source says."""

    texts: dict[str, str | None] = field(default_factory=dict)
    disputed: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, draft: Draft, items: Sequence[str], teller: str | None = None) -> Settled:
        """What the mentions of a draft say of these items (sorted). Where sources do not agree on a value, that of
        the `teller` counts, else what the item has, else that of the first source by name."""
        read = draft.project.store.tables.read
        said = said_by(draft.tree.sources, read(draft.mentions, _SAYS, items=items))
        rows = read(draft.items, ["item", "properties"], items=items)
        held = dict(zip(rows["item"].to_pylist(), rows["properties"].to_pylist(), strict=True))
        found, joined = cls(), cache(_joined)
        for item in items:
            told = said.get(item, {})
            others = tuple(sorted((source, text) for source, text in told.items() if source != teller))
            text, disputed = joined(told.get(teller or ""), others, held.get(item))
            if text != held.get(item):
                found.texts[item] = text
            found.disputed += [(item, *one) for one in disputed]
        return found

    def remarks(self, teller: str) -> Iterator[Fault]:
        """What to say of it when `teller` is added, whose word counts."""
        if self.disputed:
            item, name, here, other, there = min(self.disputed)
            count = amount(len({one[0] for one in self.disputed}), "item")
            yield Fault(
                f"says properties of {count} otherwise than other sources, and counts from now on: {name} is {here}, "
                f"{there} in {other} (first: {item})",
                teller,
            )


def settle(draft: Draft, items: Iterable[str]) -> None:
    """Let those of these items that there are have the properties that the mentions of a draft say."""
    texts = Settled.of(draft, sorted(items)).texts
    rows = draft.read(draft.items, sorted(texts))
    if rows.num_rows:
        draft.put_items(with_properties(rows, texts))


def with_properties(items: pa.Table, texts: Mapping[str, str | None]) -> pa.Table:
    """The items, those among `texts` with these properties."""
    cells = zip(items["item"].to_pylist(), items["properties"].to_pylist(), strict=True)
    return with_column(items, "properties", pa.array([texts.get(*cell) for cell in cells], pa.string()))


def _joined(
    told: str | None, others: tuple[tuple[str, str], ...], held: str | None
) -> tuple[str | None, list[tuple[str, str, str, str]]]:
    """Properties by name: as told, else as held where another says so, else as the first other says. And where others
    say otherwise than told: the name, what is told, who says otherwise, and what."""
    if not others:
        return told, []
    first, kept = values_in(told), values_in(held)
    disputed, still = [], {}
    for source, text in others:
        for name, value in values_in(text).items():
            if name in first and value != first[name]:
                disputed.append((name, first[name], source, value))
            elif name not in first and kept.get(name) == value:
                still[name] = json.loads(text)[name]
    texts = [text for _, text in others]
    return united([*([told] if told else []), canonical_json(still).decode(), *texts]), disputed
