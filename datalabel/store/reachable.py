"""What leads to what: every object that `state.db` leads to, each with what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from datalabel.content import BLOB, ObjectId
from datalabel.errors import DamagedError
from datalabel.store.history import COMMIT, HEADER, SPEC, TREE, Commit, Tree
from datalabel.store.objects import hash_stream, missing, unlike
from datalabel.store.segments import SEGMENT, Segment, SegmentRef
from datalabel.store.snapshots import SNAPSHOT, Snapshot
from datalabel.store.store import Store
from datalabel.store.table import SCHEMAS, TABLE


@dataclass(frozen=True, slots=True)
class Use:
    """An object that something names: its id and kind, `what` it holds there and in which `place`, in words.

    `holds` and `ref` are for tables and segments (see `tables.Table`); `item` is the key of the image that a blob is.
    What is `spare` need not be there: the segments that a fold replaced, which tell what changed where they are.
    """

    id: ObjectId
    kind: str
    what: str
    place: str
    holds: str = ""
    ref: SegmentRef | None = None
    item: str | None = None
    spare: bool = False


class Reachable:
    """Walks through a store. Whatever is smaller than an image is verified on the way.

    `uses` are the objects that were met, each once, with its first use; `broken` says of some what is wrong.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._objects = store.objects
        self.uses: dict[tuple[str, ObjectId], Use] = {}
        self.broken: dict[tuple[str, ObjectId], DamagedError] = {}

    def walk(self) -> None:
        """Go wherever the refs, the reflog, staging and what sources said lead."""
        todo = list(self._roots())[::-1]
        while todo:
            use = todo.pop()
            key = (use.kind, use.id)
            if key in self.uses or (use.spare and not self._objects.has(use.id)):
                continue
            self.uses[key] = use
            try:
                todo += list(self._led_to(use))[::-1]
            except DamagedError as error:
                self.broken[key] = error

    def _roots(self) -> Iterator[Use]:
        state = self._store.state
        position = state.read()
        for name, target in state.refs().items():
            yield _use_of_ref(name, target, name)
        if position.staging is not None:
            yield Use(position.staging, TREE, "what is staged", "staging")
        for moment, bases in (("", position.bases), (" at the last commit", position.head_bases)):
            for name, base in bases.items():
                yield Use(base.tree, TREE, "what a source said", f"the source {name} as read last{moment}")
        for name, target in state.reflog():
            yield _use_of_ref(name, target, f"the reflog of {name}")

    def _led_to(self, use: Use) -> Iterator[Use]:
        """What an object leads to.

        Raises:
            DamagedError: it is missing, or not what its name and kind promise.
        """
        if use.kind == COMMIT:
            yield from _of_commit(use, Commit.from_bytes(self._objects.get(COMMIT, use.id)))
        elif use.kind == TREE:
            yield from _of_tree(use, Tree.from_bytes(self._objects.get(TREE, use.id)))
        elif use.kind == SNAPSHOT:
            yield from _of_snapshot(Snapshot.from_bytes(self._objects.get(SNAPSHOT, use.id)))
        elif use.kind == TABLE:
            for ref in self._store.tables.load(use.id, use.holds).segments:
                yield replace(use, id=ref.id, kind=SEGMENT, ref=ref)
        elif use.kind == SEGMENT:
            yield from self._of_segment(use)
        elif use.kind in (HEADER, SPEC):
            self._objects.get(use.kind, use.id)
        elif not self._objects.has(
            use.id
        ):  # a file's bytes, as large as they like, are read by several threads
            raise missing(use.id, use.kind)

    def _of_segment(self, use: Use) -> Iterator[Use]:
        verify(self._store, use)
        assert use.ref is not None  # noqa: S101 - a table names it
        with Segment(self._objects, use.ref, SCHEMAS[use.holds]) as segment:
            for ref in segment.folds:
                yield replace(use, id=ref.id, ref=ref, spare=True)
            if use.holds == "items":
                rows = segment.read(["item", "content"])
                for item, content in zip(*(column.to_pylist() for column in rows.columns), strict=True):
                    if content is not None:
                        yield Use(ObjectId(content), BLOB, f"the image {item}", use.place, item=item)


def verify(store: Store, use: Use) -> int:
    """Read an object whole; its size.

    Raises:
        DamagedError: it is missing, or not what its name promises.
    """
    with store.objects.open(use.id, use.kind) as file:
        found, size = hash_stream(file, kind=use.kind)
    if found != use.id:
        raise unlike(use.kind, use.id, size)
    return size


def _use_of_ref(name: str, target: ObjectId, place: str) -> Use:
    kind = COMMIT if name.startswith("heads/") else SNAPSHOT
    return Use(target, kind, f"a {kind}", place)


def _of_commit(use: Use, commit: Commit) -> Iterator[Use]:
    subject = commit.message.partition("\n")[0]
    yield Use(commit.tree, TREE, "all of it", f"commit {use.id[:12]} ({subject})")
    for parent in commit.parents:
        yield Use(parent, COMMIT, "a commit", f"a parent of commit {use.id[:12]}")


def _of_snapshot(snapshot: Snapshot) -> Iterator[Use]:
    place = f"the snapshot {snapshot.name}"
    yield Use(snapshot.tree, TREE, "all of it", place)
    yield Use(snapshot.commit, COMMIT, "the commit", place)
    if snapshot.splits is not None:
        yield Use(snapshot.splits, TABLE, "the splits", place, "splits")


def _of_tree(use: Use, tree: Tree) -> Iterator[Use]:
    place = use.place
    if tree.spec is not None:
        yield Use(tree.spec, SPEC, "the spec", place)
    if tree.spec_text is not None:
        yield Use(tree.spec_text, BLOB, "the text of dlabel.yaml", place)
    tables = {"the items": (tree.items, "items"), "what sources mention": (tree.mentions, "mentions")}
    tables |= {f"the labels of {name}": (table, "labels") for name, table in tree.sets.items()}
    for what, (table, holds) in tables.items():
        if table is not None:
            yield Use(table, TABLE, what, place, holds)
    for name, source in tree.sources.items():
        if source.header is not None:
            yield Use(source.header, HEADER, f"the header of {name}", place)
