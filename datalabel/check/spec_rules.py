"""S101–S105 and S116: classes, kinds and properties that the data spec does not know.

A spec without classes allows all of them, a class without kinds any kind, and a class and kind that declares
no properties any property: about what the spec does not speak of, these rules are silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from datalabel.check.columns import UNREADABLE
from datalabel.check.finding import CheckBatch, Severity
from datalabel.check.rule import Hit, OnLabel, rule
from datalabel.check.words import quoted
from datalabel.errors import nearest
from datalabel.printable import some
from datalabel.spec.model import LabelType, Property, Spec


def label_type(spec: Spec, name: str, kind: str) -> LabelType | None:
    """What the spec says about this class drawn as this kind; None when it says nothing."""
    return spec.classes.get(name, {}).get(kind)


@rule("S101", "unknown-class", Severity.ERROR)
def unknown_class(batch: CheckBatch) -> Iterator[Hit]:
    """A label of a class that the data spec does not have.

    A misspelt name, a class that was renamed, or one that the spec still lacks: correct the label, or add
    the class to `data_spec`. Silent when the spec has no classes.
    """
    known = batch.spec.classes
    if not known:
        return

    def judge(name: str, _kind: str) -> str | None:
        if name in known:
            return None
        close = nearest(name, known)
        hint = f"; did you mean {quoted(close)}?" if close else f"; it has {_some(known)}"
        return f"the spec has no class {quoted(name)}{hint}"

    yield from _by_type(batch, judge)


@rule("S102", "kind-not-allowed", Severity.ERROR)
def kind_not_allowed(batch: CheckBatch) -> Iterator[Hit]:
    """A label drawn as a kind of geometry that the data spec does not give its class.

    A class may be drawn as the kinds that the spec lists under it; one with no kinds as any.
    """

    def judge(name: str, kind: str) -> str | None:
        kinds = batch.spec.classes.get(name, {})
        if not kinds or kind in kinds:
            return None
        return f"class {quoted(name)} is drawn as {kind}; the spec allows {' or '.join(kinds)}"

    yield from _by_type(batch, judge)


@rule("S103", "property-missing", Severity.ERROR)
def property_missing(batch: CheckBatch) -> Iterator[Hit]:
    """A label without a property that the data spec requires for its class and kind."""
    yield from _by_value(batch, missing)


@rule("S104", "unknown-property", Severity.WARNING)
def unknown_property(batch: CheckBatch) -> Iterator[Hit]:
    """A label with a property that the data spec does not declare for its class and kind.

    Often a misspelt name beside a missing one. Silent for a class and kind that declares no properties.
    """
    yield from _by_value(batch, unknown)


@rule("S105", "invalid-property", Severity.ERROR)
def invalid_property(batch: CheckBatch) -> Iterator[Hit]:
    """A property whose value the data spec does not allow: no such option, out of range, of another type."""
    yield from _by_value(batch, invalid)


@rule("S116", "keypoint-count", Severity.ERROR)
def keypoint_count(batch: CheckBatch) -> Iterator[Hit]:
    """A label with more or fewer keypoints than the data spec names for its class.

    Points count by their place in the list: with one more or less, every later point gets the wrong name.
    """
    columns = batch.columns
    wanted = np.zeros(len(columns.types), np.int64)
    for place, (name, kind) in enumerate(columns.types):
        told = label_type(batch.spec, name, kind)
        wanted[place] = len(told.points) if told and kind == "keypoints" else 0
    rows = np.flatnonzero(wanted[columns.type_codes] > 0)
    lengths = columns.lists("coords", rows)[1]
    asked = wanted[columns.type_codes[rows]]
    for place in np.flatnonzero(lengths != 3 * asked).tolist():
        row = int(rows[place])
        yield OnLabel(
            row, f"{columns.title(row)} has {lengths[place] // 3} points; the spec names {asked[place]}"
        )


# What is wrong with one value of properties. Shared with the properties of items.


def missing(properties: Mapping[str, Property], value: Any) -> Iterator[str]:
    """Required properties that are absent or null."""
    given = {} if value is UNREADABLE else value
    for name, declared in properties.items():
        if declared.required and given.get(name) is None:
            options = f" ({_some(declared.options)})" if declared.options else ""
            yield f"lacks the property {quoted(name)}{options}"


def unknown(properties: Mapping[str, Property], value: Any) -> Iterator[str]:
    """Properties that are not declared."""
    if value is UNREADABLE:
        return
    for name in sorted(value.keys() - properties.keys()):
        close = nearest(name, properties)
        hint = f"; did you mean {quoted(close)}?" if close else f"; the spec has {_some(properties)}"
        yield f"has an unknown property {quoted(name)}{hint}"


def invalid(properties: Mapping[str, Property], value: Any) -> Iterator[str]:
    """Values of declared properties that are not allowed. A null is an absent value."""
    from datalabel.spec.properties import value_fault

    if value is UNREADABLE:
        yield "has properties that are no JSON object"
        return
    for name, declared in properties.items():
        given = value.get(name)
        fault = value_fault(name, declared, given) if given is not None else None
        if fault:
            yield f"has an invalid property: {fault}"


_Judge = Callable[[Mapping[str, Property], Any], Iterable[str]]


def _by_type(batch: CheckBatch, judge: Callable[[str, str], str | None]) -> Iterator[Hit]:
    """A hit on every label of the classes and kinds that are judged wrong, each judged once."""
    columns = batch.columns
    words = [judge(name, kind) for name, kind in columns.types]
    wrong = np.array([bool(text) for text in words], np.bool_)
    for row in np.flatnonzero(wrong[columns.type_codes]).tolist():
        yield OnLabel(row, words[columns.type_codes[row]] or "")


def _by_value(batch: CheckBatch, judge: _Judge) -> Iterator[Hit]:
    """Hits on every label whose class, kind and properties are judged wrong, each distinct value judged once."""
    columns = batch.columns
    words: list[tuple[str, ...]] = []
    for type_code, value in columns.valued:
        told = label_type(batch.spec, *columns.types[type_code])
        words.append(tuple(judge(told.properties, value)) if told and told.properties else ())
    wrong = np.array([bool(texts) for texts in words], np.bool_)
    for row in np.flatnonzero(wrong[columns.value_codes]).tolist():
        for text in words[columns.value_codes[row]]:
            yield OnLabel(row, f"{columns.title(row)} {text}")


def _some(names: Iterable[str]) -> str:
    return some(map(quoted, names), 8)
