"""What the numbers mean that sources give their classes: lists of results name classes by them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from datalabel.errors import InputError
from datalabel.formats.base import ClassNumber
from datalabel.formats.registry import get_format
from datalabel.labels.class_names import Names, one_each
from datalabel.repository.view import View
from datalabel.store.history import Source


@dataclass(frozen=True, slots=True)
class MeantClass:
    """What a number (verbatim JSON) means in a source: the class as the file calls or called it (`word`), and as it
    is called here; None: no class is left of it."""

    number: str
    word: str
    here: str | None
    fields: Mapping[str, Any] = field(default_factory=dict)


def meant_classes(view: View, source: Source) -> list[MeantClass]:
    """What each number of a source means in a tree, those of its file first."""
    return [
        MeantClass(
            one.number,
            one.was,
            source.names.get(one.was, one.was) if one.in_file else one.name,
            one.fields,
        )
        for one in numbers_in_file_words(view, source)
    ]


def numbers_in_file_words(view: View, source: Source) -> Sequence[ClassNumber]:
    """The numbers of a source as its header has them."""
    return get_format(source.format).class_numbers(view.header(replace(source, names={})))


def with_numbers_before(
    view: View, source: Source, words: Names, header: Mapping[str, Any]
) -> Mapping[str, Any]:
    """A new header of a source with the numbers that it had in a tree and that its file has no more: nothing else
    gets them. `words` are what its files called the classes of the header in the tree.

    A number that we took out of the file, since its class became one with another, goes on to mean that; what the
    tool itself took out means nothing certain.
    """
    fmt = get_format(source.format)
    now = {one.number for one in fmt.class_numbers(header)}
    before = numbers_in_file_words(view, source)
    in_file = one_each([one.was for one in before if one.in_file], words)
    kept = []
    for one in before:
        if one.number in now:
            continue
        if one.in_file:
            is_ours = one.was in in_file and in_file[one.was] is None
            here = source.names.get(one.was, one.was) if is_ours else None
            kept.append(ClassNumber(one.number, here, one.was))
        else:
            kept.append(one)
    return fmt.with_class_numbers(header, kept)


def of_two_classes(number: str, *told: tuple[str, str | None], where: str) -> InputError:
    """The error for a list of results where a number is that of two classes: each with the file that says so."""
    (first, one), (second, other) = told
    return InputError(
        f"category {number} is {one!r} in {first} and {other!r} in {second}, and a list of results names classes by "
        "number only",
        where=where,
        hint="give the classes of both files numbers of their own",
    )


def highest(numbers: Iterable[str]) -> int:
    """The highest of these numbers that are whole; 0: none is."""
    values = map(json.loads, numbers)
    return max((one for one in values if isinstance(one, int) and not isinstance(one, bool)), default=0)
