"""What a source means that names images and classes by numbers only.

What it meant by a number before holds. Other numbers are those of the sources that give their images and classes
numbers themselves; lists that borrow them, too, say nothing of what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from datalabel.formats.base import Format, Read
from datalabel.labels.class_names import Names, between
from datalabel.labels.mentions import own_mentions
from datalabel.repository.class_numbers import MeantClass, meant_classes, of_two_classes
from datalabel.repository.stage import Stage
from datalabel.repository.view import View, view_of
from datalabel.store.history import Source


@dataclass(frozen=True, slots=True)
class Renumbered:
    """Numbers by which a source meant something else before than others mean now: for items (by the keys that it
    meant) and for classes (by its words) the number and what that is now; classes are called as here."""

    items: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    classes: Mapping[str, tuple[str, str]] = field(default_factory=dict)


class ByNumber:
    """What one source may mean by its numbers; `old_name` is what it was called so far."""

    def __init__(self, stage: Stage, name: str, old_name: str, fmt: Format) -> None:
        self._stage = stage
        self._name = name
        self._old_name = old_name
        self._format = fmt
        self.is_asked = False
        """Whether the source names anything by numbers."""

    @cached_property
    def _staged(self) -> View:
        """Staging with what this command has added so far."""
        return View(self._stage.project.store, self._stage.finished(), "STAGED")

    @cached_property
    def _said(self) -> tuple[View, Source] | None:
        """The source as it was last read or written."""
        known = self._stage.tree.sources.get(self._old_name)
        if known is None:
            return None
        base = self._stage.base(self._old_name)
        if base is None:
            return self._staged, known
        view = view_of(self._stage.project.store, base.tree, self._old_name)
        return view, view.tree.sources[self._old_name]

    @cached_property
    def _owners(self) -> Sequence[tuple[str, Source]]:
        """The other sources of the format that give numbers themselves."""
        return [
            (name, source)
            for name, source in sorted(self._stage.tree.sources.items())
            if source.format == self._format.name
            and name not in (self._name, self._old_name)
            and not self._format.borrows_numbers(self._staged.header(source))
        ]

    # Images

    @cached_property
    def _own_images(self) -> Mapping[str, str]:
        """What the source called the image of each number before."""
        if self._said is None:
            return {}
        rows = own_mentions(self._said[0].mentions_of(self._old_name, ["number", "name"]))
        return dict(zip(rows.column("number").to_pylist(), rows.column("name").to_pylist(), strict=True))

    @cached_property
    def _images(self) -> Mapping[str, Mapping[str, str]]:
        """Of each number the items that have it now, with a name of each."""
        found: dict[str, dict[str, str]] = {}
        for name, _ in self._owners:
            rows = own_mentions(self._staged.mentions_of(name, ["number", "name", "item"]))
            columns = (rows.column(one).to_pylist() for one in ("number", "name", "item"))
            for number, called, item in zip(*columns, strict=True):
                found.setdefault(number, {}).setdefault(item, called)
        return found

    def names_by_number(self) -> Mapping[str, Sequence[str]]:
        """What images are called, by their numbers; more than one name where nobody knows which is meant."""
        self.is_asked = True
        now = {number: list(called.values()) for number, called in self._images.items()}
        return {**now, **{number: [name] for number, name in self._own_images.items()}}

    # Classes

    @cached_property
    def _own_classes(self) -> Mapping[str, MeantClass]:
        """What classes the source named before by their numbers, as its file was last read or written."""
        if self._said is None:
            return {}
        view, said = self._said
        here = between(said.names, self._stage.tree.sources[self._old_name].names)
        numbers = self._format.class_numbers(view.header(said))
        return {
            one.number: MeantClass(one.number, one.was, here.get(one.was, one.was), one.fields)
            for one in numbers
            if one.in_file
        }

    @cached_property
    def _classes(self) -> Mapping[str, Sequence[tuple[str, MeantClass]]]:
        """Of each number the sources that have it, with what it means there."""
        found: dict[str, list[tuple[str, MeantClass]]] = {}
        for name, source in self._owners:
            for one in meant_classes(self._staged, source):
                found.setdefault(one.number, []).append((name, one))
        return found

    @cached_property
    def _told(self) -> tuple[Sequence[Mapping[str, Any]], Names]:
        """The categories, called in words that each mean one class here, and what these are called."""
        words: dict[str, str | None] = {one.word: one.here for one in self._own_classes.values()}
        categories = [dict(one.fields) for one in self._own_classes.values()]
        for number, told in self._classes.items():
            clear = [(name, one) for name, one in told if one.here is not None]
            if number in self._own_classes or not clear or number in self._unclear:
                continue
            self._refuse_several(clear)
            one = min((one for _, one in clear), key=lambda known: known.word != known.here)
            choice = (one.word, one.here, f"{one.word} ({number})")
            word = next(name for name in choice if name is not None and words.get(name, one.here) == one.here)
            words[word] = one.here
            categories.append({**one.fields, "name": word})
        return categories, words

    def _refuse_several(self, told: Sequence[tuple[str, MeantClass]]) -> None:
        (first, one), *others = told
        for name, other in others:
            if other.here != one.here:
                raise of_two_classes(one.number, (first, one.here), (name, other.here), where=self._name)

    def categories(self) -> Sequence[Mapping[str, Any]]:
        """Categories by which the source may name classes, each number once, in words that `names` tells.

        Raises:
            InputError: two sources give one number to two classes.
        """
        self.is_asked = True
        return self._told[0]

    def unclear_categories(self) -> Mapping[str, str]:
        """Numbers of what is no class any more in one source, unless another has the very class by it."""
        return self._unclear

    @cached_property
    def _unclear(self) -> Mapping[str, str]:
        found = {}
        for number, told in self._classes.items():
            gone = [(name, one) for name, one in told if one.here is None]
            if not gone or number in self._own_classes:
                continue
            name, one = gone[0]
            if {other.here for _, other in told} - {None} != {one.word}:
                found[number] = (
                    f"which was {one.word!r} in {name}: its labels are of other classes now, or none"
                )
        return found

    # What came of it

    @property
    def names(self) -> Names:
        """What the classes of the categories are called here."""
        return self._told[1] if self.is_asked else {}

    def renumbered(self, read: Read, keys: Sequence[str]) -> Renumbered:
        """What the source, of whose mentions `keys` are the items, meant by numbers that mean something else now."""
        if not self.is_asked or self._said is None:
            return Renumbered()
        items = {}
        for number, key in zip(read.mentions.column("number").to_pylist(), keys, strict=True):
            now = self._images.get(number, {})
            if number in self._own_images and now and key not in now:
                items[key] = number, min(now)
        classes = {}
        for number, one in self._own_classes.items():
            present = {other.here for _, other in self._classes.get(number, ())} - {None, one.here}
            if present:
                classes[one.word] = number, min(name for name in present if name is not None)
        return Renumbered(items, classes)
