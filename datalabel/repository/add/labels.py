"""Adding a label source: what the file says now, merged with what was done here since it was last read.

Adding is a three-way merge. Base is the source as last read or written, theirs is the file now, ours is
staging. Only the items about which the source says something new are touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import ObjectId
from datalabel.errors import Fault
from datalabel.formats.base import Format, Read
from datalabel.labels.class_names import Names, between, settled
from datalabel.labels.mentions import digests, own_mentions
from datalabel.labels.merge import Conflict
from datalabel.labels.rows import (
    constant,
    differing_items,
    distinct,
    item_hashes,
    of_items,
    sort_rows,
    split_by_source,
    with_column,
    without_items,
)
from datalabel.labels.tables import MENTION_ORDER, MENTIONS, empty
from datalabel.repository.add.base_trees import Theirs, remember_base
from datalabel.repository.add.bringing import Bringing, Brought
from datalabel.repository.add.by_number import Renumbered
from datalabel.repository.add.exchanged import refuse_exchanged
from datalabel.repository.add.renumbered import refuse_renumbered
from datalabel.repository.add.rivals import refuse_overlap
from datalabel.repository.add.spoken import LabelOptions, Spoken, spoken
from datalabel.repository.add.turned import turned_images
from datalabel.repository.add.wordings import remember_wordings
from datalabel.repository.class_numbers import with_numbers_before
from datalabel.repository.item_properties import Settled, said_by, with_properties
from datalabel.repository.names import Place
from datalabel.repository.stage import Stage
from datalabel.repository.view import View, view_of
from datalabel.store.history import Source
from datalabel.store.table import Table


@dataclass(frozen=True, slots=True)
class LabelsAdded:
    """What adding one source did. With conflicts and no preference (`decided`), nothing of the source was staged.

    `changed_items` counts the items with other labels than before, `properties` those with other properties;
    `awaited` those that the source names and whose images are not here; `new_classes` are those of the
    labels that came of the changed items, where the spec does not name them, and `called` has what classes that the
    source says of them are called here.
    """

    source: str
    format: str
    set: str
    labels: int
    changed_items: int
    conflicts: tuple[Conflict, ...] = ()
    remarks: tuple[Fault, ...] = ()
    new_classes: tuple[str, ...] = ()
    awaited: int = 0
    decided: str | None = None
    properties: int = 0
    called: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether there are conflicts that nobody decided."""
        return bool(self.conflicts) and self.decided is None


@dataclass(frozen=True, slots=True)
class Reading:
    """A source and what was read from it. `keys` gives the item of each row of `read.mentions`; `digest`
    names the bytes of its files; `path` is None for a file outside the project, and `place` is where names begin.
    `before` has the items that were not read again, with the fingerprints of their labels."""

    name: str
    path: str | None
    place: Place
    format: Format
    read: Read
    keys: Sequence[str]
    digest: ObjectId
    before: Mapping[str, int]
    renumbered: Renumbered | None = None
    """Of a source that names images and classes by the numbers of others: those that mean something else by now."""
    names: Names = field(default_factory=dict)
    """What the classes of such a source are called here."""


def add_labels(stage: Stage, reading: Reading, how: LabelOptions) -> LabelsAdded:
    """Bring what one source says into staging.

    Raises:
        RefusedError: a new source names items that another source of the set labels, without `replaces` or
            `beside`; or names may mean one item or another, since items were moved; or numbers, since they were
            given anew.
    """
    name = reading.name
    now = spoken(name, reading.read, reading.keys, how, reading.before)
    if name not in stage.tree.sources and not how.replaces and not how.beside:
        refuse_overlap(stage, name, how.set, now)
    addition = _Addition(stage, now, how, reading)
    addition.refuse_doubts()
    conflicts = addition.brought.conflicts
    labels = reading.read.labels.num_rows + addition.labels_on(reading.before)
    counts = (name, reading.format.name, how.set, labels)
    if conflicts and how.prefer is None:
        return LabelsAdded(*counts, 0, conflicts, reading.read.remarks)
    came = split_by_source(addition.brought.labels, name)[0]
    record = addition.record(distinct(came.column("class")))
    addition.apply(record)
    new_classes = _new_classes(stage, came)
    turned = turned_images(stage, came) if reading.format.fractional else []
    remember_base(stage, name, reading.digest, addition.theirs, addition.words)
    remember_wordings(stage, name, reading.read, reading.keys, now.mentions, how)
    return LabelsAdded(
        *counts,
        len(addition.changed),
        conflicts,
        (*reading.read.remarks, *turned, *addition.said.remarks(name)),
        new_classes,
        sum(stage.known.get(key) is None for key in now.items),
        how.prefer if conflicts else None,
        len(addition.said.texts),
        addition.called(),
    )


def _new_classes(stage: Stage, labels: pa.Table) -> tuple[str, ...]:
    """The classes of labels that the spec in staging does not name."""
    spec = View(stage.project.store, stage.tree, "STAGED").spec
    return tuple(sorted(distinct(labels.column("class")) - spec.classes.keys()))


class _Addition:
    """One source on its way into staging."""

    def __init__(self, stage: Stage, now: Spoken, how: LabelOptions, reading: Reading) -> None:
        self._stage = stage
        self._reading = reading
        self._name = reading.name
        self._old_name = how.replaces or reading.name
        self._now = now
        self._how = how
        self.said = Settled()
        self._base = self._base_view()
        self._said = self._base.mentions_of(self._old_name) if self._base else empty(MENTIONS)
        self.changed = self._changed_items()
        self.brought = self._brought()
        self.theirs = Theirs(
            how.set, self.changed, self.brought.theirs, self.brought.doubtful, self._all_mentions()
        )

    def _base_view(self) -> View | None:
        """What the source said before. Where that was forgotten, with a commit that removed it, staging tells."""
        stage, base = self._stage, self._stage.base(self._old_name)
        if base is not None:
            return view_of(stage.project.store, base.tree, self._name)
        known = self._old_name in stage.tree.sources
        return View(stage.project.store, stage.finished(), self._name) if known else None

    @cached_property
    def _known(self) -> Source | None:
        """The source as it is recorded."""
        return self._stage.tree.sources.get(self._old_name)

    @cached_property
    def _words(self) -> Names:
        """What the files called the classes of the recorded header when they were last read or written."""
        said = self._base.tree.sources.get(self._old_name) if self._base is not None else None
        return said.names if said is not None else {}

    @cached_property
    def names(self) -> Names:
        """What the classes of the files are called here."""
        known = between(self._words, self._known.names) if self._known is not None else {}
        return settled({**self._reading.names, **known})

    @cached_property
    def learned(self) -> frozenset[str]:
        """Names from here that the header has come to know since: by them, and by the words that they stand for, the
        file means its own classes."""
        if self._base is None or not self.names or self._reading.renumbered is not None:
            return frozenset()
        fmt, said = self._reading.format, self._base.tree.sources[self._old_name]
        before = set(fmt.class_names(self._base.header(said)))
        now = set(fmt.class_names(self._reading.read.header))
        return frozenset(now - before - self.names.keys()) if before else frozenset()

    def called(self) -> dict[str, str]:
        """The classes that the source says on changed items and that have another name here, with that name."""
        said = distinct(self.theirs.labels.column("class"))
        return {
            old: here
            for old, here in sorted(self.names.items())
            if here is not None and here != old and old in said and here not in self.learned
        }

    def refuse_doubts(self) -> None:
        """Refuse names and numbers of which nobody knows whether they mean what they did."""
        stage, name, now, reading = self._stage, self._name, self._now, self._reading
        refuse_exchanged(stage, name, reading.place, now, self.changed, self.before)
        if reading.renumbered is not None:
            told = (reading.before, self.before, self.names, reading.renumbered)
            refuse_renumbered(stage, name, self._how, now, *told)

    def record(self, came: set[str]) -> Source:
        """The source as it is from now on. A class that was left without a label has its own name again where labels
        of it `came`, and no other has got that; a part speaks for its items only."""
        reading, how, known = self._reading, self._how, self._known
        if known is not None and how.partial and known.header is not None:
            header, names = known.header, settled({**reading.names, **known.names})
        else:
            header = self._stage.put_header(self._header())
            own = came.difference(self.names.values())
            names = settled(
                {
                    old: here
                    for old, here in self.names.items()
                    if here not in self.learned and not (here is None and old in own)
                }
            )
        return Source(reading.format.name, reading.path, how.set, how.annotator, header, how.options, names)

    def _header(self) -> Mapping[str, Any]:
        """What belongs to the file as a whole, and the numbers that it gave to classes before."""
        header, known = self._reading.read.header, self._known
        if known is None or known.format != self._reading.format.name:
            return header
        view = View(self._stage.project.store, self._stage.tree, "STAGED")
        return with_numbers_before(view, known, self._words, header)

    @property
    def words(self) -> Names:
        """What the files call the classes of the header that is recorded from now on."""
        return self._words if self._how.partial else {}

    @cached_property
    def before(self) -> Table | None:
        """The labels of the set when the source was last read."""
        return self._base.label_table(self._how.set) if self._base else None

    def _all_mentions(self) -> pa.Table:
        """Every item that the source names, tracked or not. With `--partial` it may name others, as before."""
        now = self._now.mentions
        if not self._how.partial:
            return now
        return pa.concat_tables([now, without_items(self._said, self._now.items)])

    def _changed_items(self) -> list[str]:
        """The items about whose labels the source says something else than before."""
        old, new = digests(self._said), digests(self._now.mentions)
        if self._how.replaces:
            return sorted(new.keys() | old.keys())
        if self._how.partial:
            old = {key: digest for key, digest in old.items() if key in new}
        return differing_items(old, new)

    def _brought(self) -> Brought:
        """What the source says, brought together with base and staging on the items that it changed."""
        name, how = self._name, self._how
        staged = self._stage.labels(how.set)
        tables = self._stage.project.store.tables
        factors = _factors(self._said, self._now.mentions) if self._reading.format.fractional else {}
        bringing = Bringing(
            tables, self.before, staged, self._old_name, name, how.prefer, factors, self.names, self.learned
        )
        return bringing.bring(self.changed, self._now.labels)

    def labels_on(self, before: Mapping[str, int]) -> int:
        """How many labels the source has on the items in `before`, where it says what it did."""
        if self._base is None or not before:
            return 0
        held, known = self._base.label_table(self._how.set), pa.array(before, pa.string())
        scanned = self._stage.project.store.tables.scan(held, ["item", "source"])
        kept = (batch.filter(pc.is_in(batch.column("item"), value_set=known)) for batch in scanned)
        return sum(split_by_source(rows, self._name)[0].num_rows for rows in kept)

    def apply(self, record: Source) -> None:
        """Write the outcome into staging, and the source as it is from now on."""
        sources = {**self._stage.tree.sources, self._name: record}
        self._stage.put_labels(self._how.set, self.brought.labels, self.brought.gone)
        said_anew = self._said_anew()
        before, now = self._put_mentions(self.brought.kept, said_anew)
        if self._how.replaces:
            self._stage.set_source(self._how.replaces, None)
            self._stage.bases.pop(self._how.replaces, None)
        self._stage.set_source(self._name, record)
        self._put_items(said_anew, differing_items(*(_properties(sources, rows) for rows in (before, now))))

    def _said_anew(self) -> set[str]:
        """The items of which the source says something new: it did not name them before, or labels came of it."""
        named = set(self._now.items)
        return (named - distinct(self._said.column("item"))) | (named & self.brought.kept)

    def _put_mentions(self, labelled: frozenset[str], said_anew: set[str]) -> tuple[pa.Table, pa.Table]:
        """The source's mentions are what it says now; those of other sources stay, and so do those of items that it
        does not name any more but has labels on, since somebody decided for them. Items that were removed here stay
        away while it says nothing new of them. Returned are its mentions that change, before and now."""
        old, new = (item_hashes(rows, MENTIONS.names) for rows in (self._said, self._now.mentions))
        if self._how.partial:
            old = {key: known for key, known in old.items() if key in new}
        away = new.keys() - self._stage.known.keys() - said_anew
        touched = [key for key in differing_items(old, new) if key not in away]
        mine, others = split_by_source(
            self._stage.read(self._stage.mentions, touched), self._name, self._old_name
        )
        kept = _silent(of_items(mine, labelled - new.keys()), self._name)
        now = pa.concat_tables([of_items(self._now.mentions, touched), kept])
        rows = pa.concat_tables([others, now])
        present = distinct(mine.column("item")) | distinct(others.column("item"))
        self._stage.put_mentions(sort_rows(rows, *MENTION_ORDER), present - distinct(rows.column("item")))
        return mine, now

    def _put_items(self, said_anew: set[str], said_otherwise: Sequence[str]) -> None:
        """Items that only label files know come with their mention, follow its size, and go with it. One that was
        removed by hand does not come back with a file that says nothing new of it. Those of which the source says
        other properties than before follow that."""
        stage, known = self._stage, self._stage.known
        said = own_mentions(self._now.mentions)
        waits = [
            known.get(key) is None and (key in known or key in said_anew)
            for key in said.column("item").to_pylist()
        ]
        said = said.filter(pa.array(waits, pa.bool_()))
        tracked = [key for key in said.column("item").to_pylist() if key in known]
        rows, gone = _following(stage.read(stage.items, tracked), said), self._forgotten()
        if said_otherwise:
            self.said = Settled.of(stage, said_otherwise, self._name)
            keys = (self.said.texts.keys() & known.keys()) - distinct(rows.column("item")) - gone
            rows = pa.concat_tables([rows, stage.read(stage.items, sorted(keys))])
            rows = with_properties(sort_rows(rows, "item"), self.said.texts)
        stage.put_items(rows, gone)

    def _forgotten(self) -> set[str]:
        """Items without an image that nobody mentions any more."""
        if self._how.partial:
            return set()
        known = self._stage.known
        named = set(self._now.items)
        gone = {key for key in distinct(self._said.column("item")) - named if known.get(key, "") is None}
        return gone - distinct(self._stage.read(self._stage.mentions, sorted(gone)).column("item"))


def _factors(before: pa.Table, now: pa.Table) -> dict[str, tuple[float, float]]:
    """How many times as wide and as high as before images are, of those that have another size now."""
    before, now = own_mentions(before), own_mentions(now)
    at = pc.index_in(now.column("item"), value_set=before.column("item").combine_chunks())
    sizes = [before.column(side).take(at) for side in ("width", "height")]
    differ = [
        pc.not_equal(now.column(side), size) for side, size in zip(("width", "height"), sizes, strict=True)
    ]
    pairs = pa.table([*now.select(["item", "width", "height"]).columns, *sizes], ["item", *"whWH"])
    rows = pairs.filter(pc.or_(*differ)).to_pylist()
    return {row["item"]: (row["w"] / row["W"], row["h"] / row["H"]) for row in rows if row["W"] and row["H"]}


def _properties(sources: Mapping[str, Source], mentions: pa.Table) -> dict[str, int]:
    """A fingerprint of the properties that each item has by these mentions, of those that have any."""
    return {item: hash(tuple(said.values())) for item, said in said_by(sources, mentions).items()}


_NO_LABELS = pa.scalar(0, pa.uint64())


def _silent(mentions: pa.Table, source: str) -> pa.Table:
    """Mentions by which the source says nothing of labels."""
    digests = pc.if_else(pc.is_valid(mentions.column("digest")), _NO_LABELS, pa.scalar(None, pa.uint64()))
    rows = with_column(mentions, "digest", digests)
    return with_column(rows, "source", constant(source, rows.num_rows))


def _following(present: pa.Table, said: pa.Table) -> pa.Table:
    """Rows for the items that mentions (one each) name: as at present, with the sizes that are said. Those that
    stay as they are left out."""
    before = pc.index_in(said.column("item"), value_set=present.column("item").combine_chunks())
    rows = with_column(present.take(before), "item", said.column("item"))
    changed = pc.is_null(before)
    for name in ("width", "height"):
        new, old = said.column(name), rows.column(name)
        changed = pc.or_(changed, pc.and_(pc.is_valid(new), pc.fill_null(pc.not_equal(new, old), True)))
        rows = with_column(rows, name, pc.coalesce(new, old))
    return rows.filter(changed)
