"""The verb `agreement`: how far annotators, or two label sets, agree at one revision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.errors import InputError, UsageError
from datalabel.labels.rows import distinct, with_column
from datalabel.labels.tables import GROUND_TRUTH, UNKNOWN
from datalabel.quality.agreement import COLUMNS, AgreementBuilder
from datalabel.quality.resampling import RESAMPLES, SEED
from datalabel.quality.results import Agreement
from datalabel.quality.sets import SetsBuilder, Side
from datalabel.repository.view import View
from datalabel.store.key_ranges import KeyRange

ITEMS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class AgreementOptions:
    """What is compared: two sets, or (without `sets`) the annotators of one set. `iou` lies in (0, 1)."""

    sets: tuple[str, str] | None = None
    set_name: str = GROUND_TRUTH
    iou: float = 0.5
    resamples: int = RESAMPLES
    seed: int = SEED

    def check(self) -> None:
        """Whether they make sense.

        Raises:
            UsageError: they do not.
        """
        if not 0 < self.iou < 1:
            raise UsageError(f"--iou takes a number between 0 and 1, not {self.iou:g}", hint="--iou 0.5")
        if self.sets is not None and self.sets[0] == self.sets[1]:
            raise UsageError(f"a set is compared with another one, not with itself: {self.sets[0]!r}")


def agreement_of(view: View, options: AgreementOptions) -> Agreement:
    """How far annotators or sets agree at a revision.

    Raises:
        UsageError: options that make no sense.
        InputError: no such set; nobody, or nothing, to compare.
    """
    options.check()
    for name in options.sets or (options.set_name,):
        view.labels(name)
    found = _between_sets(view, options) if options.sets else _between_annotators(view, options)
    return replace(found, revision=view.name, sets=options.sets or (options.set_name,))


def _between_annotators(view: View, options: AgreementOptions) -> Agreement:
    builder = AgreementBuilder(options.iou, resamples=options.resamples, seed=options.seed)
    people: set[str] = set()
    sides = _Sides(view, options.set_name)
    for keys in _pieces(view):
        side = sides.of(keys)
        people |= distinct(side.seen.column("annotator")) | distinct(side.labels.column("annotator"))
        builder.add(side.labels, side.seen)
    found = builder.result()
    if len(people) < 2:
        raise InputError(
            _too_few(people, options.set_name, view.name), hint=_other_ways(view, options.set_name)
        )
    if not found.items:
        raise InputError(
            f"no item of {options.set_name!r} at {view.name} was seen by two annotators; "
            f"{len(people)} worked on it: {_some(people)}",
            hint=_other_ways(view, options.set_name),
        )
    return found


def _between_sets(view: View, options: AgreementOptions) -> Agreement:
    assert options.sets is not None  # noqa: S101 - for the type checker
    first, second = options.sets
    builder = SetsBuilder(first, second, options.iou, resamples=options.resamples, seed=options.seed)
    sides = [_Sides(view, name) for name in (first, second)]
    for keys in _pieces(view):
        builder.add(*(one.of(keys) for one in sides))
    found = builder.result()
    if not found.items:
        raise InputError(f"no item at {view.name} is in both sets, {first!r} and {second!r}")
    return found


def _pieces(view: View) -> Iterator[KeyRange]:
    """The items in ranges of keys of bounded size."""
    for batch in view.item_batches(["item"]):
        keys = batch.column("item")
        for start in range(0, batch.num_rows, ITEMS_AT_ONCE):
            last = min(start + ITEMS_AT_ONCE, batch.num_rows) - 1
            yield KeyRange(keys[start].as_py(), keys[last].as_py() + "\0")


class _Sides:
    """What one set says, by ranges of items."""

    def __init__(self, view: View, name: str) -> None:
        self._view = view
        self._labels = view.labels(name)
        signed: dict[str, bool] = {}
        for rows in self._labels.batches(["source", "annotator"]):
            unsigned = distinct(rows.column("source").filter(rows.column("annotator").is_null()))
            for source in distinct(rows.column("source")):
                signed[source] = signed.get(source, True) and source not in unsigned
        self._signed = pa.array([source for source, all_are in signed.items() if all_are], pa.string())
        """Sources that say of each of their labels whose it is."""

    def of(self, keys: KeyRange) -> Side:
        """What the set says of a range of items."""
        columns = (*COLUMNS, "source")
        labels = self._labels.table.together(self._labels.batches(columns, keys=keys), columns)
        told = ("item", "set", "source", "annotator", "name")
        with self._view.store.tables.opened(self._view.mentions) as opened:
            mentions = opened.read(told, keys=keys)
        said = mentions.filter(pc.equal(mentions.column("set"), self._labels.name))
        return Side(_known(labels.select(COLUMNS)), _known(self._seen(said, labels)))

    def _seen(self, mentions: pa.Table, labels: pa.Table) -> pa.Table:
        """Who saw which item. Where a source does not list who saw it, that is whom it is attributed to, unless all
        that it says of the item is others': nobody is invented who saw what others drew, and drew nothing."""
        place = _joined(mentions, "item", "source")
        listed = pc.is_null(mentions.column("name"))
        alone = pc.invert(pc.is_in(place, value_set=pc.unique(place.filter(listed))))
        silent = pc.invert(pc.is_in(place, value_set=pc.unique(_joined(labels, "item", "source"))))
        whose = ("item", "source", "annotator")
        own = pc.is_in(_joined(mentions, *whose), value_set=pc.unique(_joined(labels, *whose)))
        nobody = pc.and_(
            pc.is_null(mentions.column("annotator")),
            pc.is_in(mentions.column("source"), value_set=self._signed),
        )
        drew_nothing = pc.and_(silent, pc.invert(nobody))
        return mentions.filter(pc.or_(listed, pc.and_(alone, pc.or_(own, drew_nothing)))).select(
            ["item", "annotator"]
        )


def _joined(rows: pa.Table, *columns: str) -> pa.ChunkedArray:
    """Some texts of each row as one; null is a text of its own."""
    texts = [pc.fill_null(rows.column(name), "\0") for name in columns]
    return pc.binary_join_element_wise(*texts, "\0")


def _known(rows: pa.Table) -> pa.Table:
    """The rows, with a name for whoever was not named."""
    who = rows.column("annotator")
    return with_column(rows, "annotator", pc.fill_null(who, UNKNOWN)) if who.null_count else rows


def _too_few(people: set[str], name: str, revision: str) -> str:
    who = f"only {_some(people)} worked on it" if people else "nobody worked on it"
    return f"agreement needs two annotators, and in the set {name!r} at {revision} {who}"


def _some(people: set[str]) -> str:
    names = sorted(people)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _other_ways(view: View, name: str) -> str:
    others = sorted(set(view.tree.sets) - {name})
    if others:
        return f"compare sets: dlabel agreement --sets {name} {others[0]}"
    return "add another's labels beside these: dlabel add FILE --annotator NAME --beside"
