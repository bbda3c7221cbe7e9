"""Rows of the table of mentions: what sources say of items."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def of_set(mentions: pa.Table, name: str) -> pa.Table:
    """The mentions by sources of one label set."""
    return mentions.filter(pc.equal(mentions.column("set"), name))


def own_mentions(mentions: pa.Table) -> pa.Table:
    """The rows that say what the file says of an item, without those that only name who saw it."""
    return mentions.filter(pc.is_valid(mentions.column("name")))


def keys_by_name(mentions: pa.Table) -> dict[str, str]:
    """The items that a source's names mean."""
    rows = own_mentions(mentions)
    return dict(zip(rows.column("name").to_pylist(), rows.column("item").to_pylist(), strict=True))


def digests(mentions: pa.Table) -> dict[str, int]:
    """For each item, the fingerprint of the labels that the source gave it when it was read."""
    rows = own_mentions(mentions)
    return dict(zip(rows.column("item").to_pylist(), rows.column("digest").to_pylist(), strict=True))
