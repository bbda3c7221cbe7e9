"""The verb `agreement`: how far annotators, or two label sets, agree at one revision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from datalabel.errors import InputError, UsageError
from datalabel.labels.rows import distinct
from datalabel.labels.tables import GROUND_TRUTH
from datalabel.printable import some
from datalabel.quality.agreement import AgreementBuilder
from datalabel.quality.resampling import RESAMPLES, SEED
from datalabel.quality.results import Agreement
from datalabel.quality.sets import SetsBuilder
from datalabel.repository.sides import Sides
from datalabel.repository.view import View
from datalabel.store.key_ranges import KeyRange

ITEMS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class AgreementOptions:
    """What is compared: two sets, or (without `sets`) the annotators of one set. `iou` lies in (0, 1). `with_unseen`
    names one of two sets that saw all that the other names: where it says nothing, there is nothing."""

    sets: tuple[str, str] | None = None
    set_name: str = GROUND_TRUTH
    iou: float = 0.5
    with_unseen: str | None = None
    resamples: int = RESAMPLES
    seed: int = SEED

    def check(self) -> None:
        """Whether they make sense.

        Raises:
            UsageError: they do not.
        """
        if not 0 < self.iou < 1:
            raise UsageError(f"--iou takes a number above 0 and below 1, not {self.iou:g}", hint="--iou 0.5")
        if self.sets is not None and self.sets[0] == self.sets[1]:
            raise UsageError(f"a set is compared with another one, not with itself: {self.sets[0]!r}")
        if self.with_unseen is not None and self.with_unseen not in (self.sets or ()):
            raise UsageError(
                f"--with-unseen takes one of the two sets that are compared, not {self.with_unseen!r}",
                hint=f"--with-unseen {self.sets[1]}" if self.sets else "it goes with --sets A B",
            )


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
    sides = Sides(view, options.set_name)
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
            f"{len(people)} worked on it: {some(sorted(people), 5)}",
            hint=_other_ways(view, options.set_name),
        )
    return found


def _between_sets(view: View, options: AgreementOptions) -> Agreement:
    assert options.sets is not None  # noqa: S101 - for the type checker
    first, second = options.sets
    builder = SetsBuilder(
        first,
        second,
        options.iou,
        resamples=options.resamples,
        seed=options.seed,
        with_unseen=options.with_unseen,
    )
    sides = [Sides(view, name) for name in (first, second)]
    for keys in _pieces(view):
        builder.add(*(one.of(keys) for one in sides))
    found = builder.result()
    if not found.items:
        raise InputError(
            f"no item at {view.name} is in both sets, {first!r} and {second!r}",
            hint="--with-unseen NAME says which of them saw all, and has nothing where it says nothing",
        )
    return found


def _pieces(view: View) -> Iterator[KeyRange]:
    """The items in ranges of keys of bounded size."""
    for batch in view.item_batches(["item"]):
        keys = batch.column("item")
        for start in range(0, batch.num_rows, ITEMS_AT_ONCE):
            last = min(start + ITEMS_AT_ONCE, batch.num_rows) - 1
            yield KeyRange(keys[start].as_py(), keys[last].as_py() + "\0")


def _too_few(people: set[str], name: str, revision: str) -> str:
    who = f"only {some(sorted(people), 5)} worked on it" if people else "nobody worked on it"
    return f"agreement needs two annotators, and in the set {name!r} at {revision} {who}"


def _other_ways(view: View, name: str) -> str:
    others = [one for one in view.sets if one != name]
    if others:
        return f"compare sets: dlabel agreement --sets {name} {others[0]}"
    return "add another's labels beside these: dlabel add FILE --annotator NAME --beside"
