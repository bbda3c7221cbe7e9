"""Snapshots: a selection of one commit, frozen for one experiment. Canonical JSON objects, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datalabel.content import ObjectId, canonical_json
from datalabel.store.json_objects import JsonReader
from datalabel.store.objects import ObjectStore

SNAPSHOT = "snapshot"
REFS = "snapshots/"
"""The prefix of the refs that name snapshots."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was selected, how, and the digest that names the selection.

    `tree` holds the selected items, labels and sets as a tree of their own; it shares the segments of the
    commit's tree. `splits` is the table that says which split each item is in; None when there are none.
    `query` is how the selection was asked for (`where`, `drop_empty`, `with_unseen`, `split`, `split_by`, `from`,
    `seed`): what came out of it is stored, so nothing ever has to be asked again. `counts` has the items and
    labels of each split, and of all under the empty name.
    """

    name: str
    commit: ObjectId
    tree: ObjectId
    splits: ObjectId | None
    digest: str
    sets: Sequence[str]
    query: Mapping[str, Any]
    counts: Mapping[str, Mapping[str, int]]
    note: str
    author: str
    created: str
    git: Mapping[str, Any] | None

    @property
    def main_set(self) -> str:
        """The set that is meant where none is named: the only one, else the ground truth."""
        from datalabel.labels.tables import GROUND_TRUTH

        return self.sets[0] if len(self.sets) == 1 else GROUND_TRUTH

    def to_bytes(self) -> bytes:
        """As an object of the store."""
        return canonical_json(
            {
                "name": self.name,
                "commit": self.commit,
                "tree": self.tree,
                "splits": self.splits,
                "digest": self.digest,
                "sets": list(self.sets),
                "query": self.query,
                "counts": self.counts,
                "note": self.note,
                "author": self.author,
                "created": self.created,
                "git": self.git,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Snapshot:
        """Read back, checked.

        Raises:
            DamagedError: it is not what `to_bytes` writes.
        """
        reader = JsonReader(data, SNAPSHOT)
        return cls(
            name=reader.text("name"),
            commit=reader.id_of(reader.fields.get("commit")),
            tree=reader.id_of(reader.fields.get("tree")),
            splits=reader.optional_id("splits"),
            digest=reader.text("digest"),
            sets=[reader.checked(name, str) for name in reader.checked(reader.fields.get("sets"), list)],
            query=reader.mapping("query"),
            counts={split: _counts(reader, value) for split, value in reader.mapping("counts").items()},
            note=reader.text("note"),
            author=reader.text("author"),
            created=reader.text("created"),
            git=reader.checked(reader.fields.get("git"), (dict, type(None))),
        )


def _counts(reader: JsonReader, value: Any) -> dict[str, int]:
    fields = reader.checked(value, dict)
    return {name: reader.checked(fields.get(name), int) for name in ("items", "labels")}


class Snapshots:
    """Reads and writes snapshots over an object store."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def put(self, snapshot: Snapshot) -> ObjectId:
        """Keep a snapshot.

        Raises:
            DamagedError: it could not be read again.
        """
        data = snapshot.to_bytes()
        Snapshot.from_bytes(data)
        return self._objects.put(SNAPSHOT, data)

    def get(self, name: ObjectId) -> Snapshot:
        """The snapshot of this id, verified."""
        return Snapshot.from_bytes(self._objects.get(SNAPSHOT, name))
