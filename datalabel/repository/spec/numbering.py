"""Classes that labels got by a migration have numbers at once: lists of results may name them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

from datalabel.formats.base import ClassNumber
from datalabel.formats.registry import get_format
from datalabel.repository.class_numbers import highest, numbers_in_file_words
from datalabel.repository.stage import Stage
from datalabel.repository.view import View
from datalabel.spec.migration import Step, names_after
from datalabel.store.history import Source


def number_classes(
    stage: Stage, steps: Sequence[Step], labelled: Mapping[str, Collection[str]], order: Sequence[str]
) -> None:
    """Give the classes of the labels of each source (`labelled`) numbers where it has none for them: such as no
    source of its format ever gave, the same in all of them; the first in `order` gets the first."""
    places = {name: place for place, name in enumerate(order)}
    formats = {source.format for source in stage.tree.sources.values() if source.set is not None}
    for name in sorted(formats):
        numbers = _Numbers(stage, name, steps, set().union(*labelled.values()))
        for source, classes in labelled.items():
            numbers.wanted[source] = sorted(classes, key=lambda one: (places.get(one, len(places)), one))
        numbers.give()


class _Numbers:
    """The numbers of the sources of one format after some steps; `wanted` has the classes of each in their order."""

    def __init__(self, stage: Stage, format_name: str, steps: Sequence[Step], used: Collection[str]) -> None:
        self._stage = stage
        self._format = get_format(format_name)
        self._view = View(stage.project.store, stage.tree, "STAGED")
        self.wanted: dict[str, Sequence[str]] = {}
        self._numbers: dict[str, list[ClassNumber]] = {}
        """Those of each source, called as here."""
        self._given: dict[str, str] = {}
        """The number of each class, which is the same in all sources where they allow it."""
        for name, source in self._own_first(format_name):
            self._numbers[name] = [*self._called_here(source, steps, used)]
            for one in self._numbers[name]:
                if one.name is not None:
                    self._given.setdefault(one.name, one.number)
        self._fresh = count(1 + highest(one.number for known in self._numbers.values() for one in known))

    def _own_first(self, format_name: str) -> list[tuple[str, Source]]:
        """The sources, those before the others whose numbers these borrow."""
        found = [(name, one) for name, one in self._stage.tree.sources.items() if one.format == format_name]
        return sorted(
            found, key=lambda one: (self._format.borrows_numbers(self._view.header(one[1])), one[0])
        )

    def _called_here(
        self, source: Source, steps: Sequence[Step], used: Collection[str]
    ) -> Iterator[ClassNumber]:
        known = numbers_in_file_words(self._view, source)
        ours = (one.name for one in known if not one.in_file)
        after = names_after({name: name for name in ours if name is not None}, steps, used)
        for one in known:
            names = source.names if one.in_file else after
            yield replace(one, name=names.get(one.name, one.name) if one.name is not None else None)

    def give(self) -> None:
        """Record the numbers in the headers of the sources; files that name classes by their names have none."""
        for name, known in self._numbers.items():
            if not known:
                continue
            source = self._stage.tree.sources[name]
            named, taken = {one.name for one in known}, {one.number for one in known}
            new = [one for one in self.wanted.get(name, ()) if one not in named]
            reserved = [one for one in known if not one.in_file]
            reserved += [ClassNumber(self._number(one, taken), one, one) for one in new]
            header = self._view.header(replace(source, names={}))
            after = self._format.with_class_numbers(header, reserved)
            if after != header:
                self._stage.set_source(name, replace(source, header=self._stage.put_header(after)))

    def _number(self, name: str, taken: Collection[str]) -> str:
        number = self._given.get(name)
        if number is None or number in taken:
            number = self._given[name] = str(next(self._fresh))
        return number
