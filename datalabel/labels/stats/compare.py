"""Statistics as a flat list of numbers, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from datalabel.labels.stats.counts import TOP, Plain
from datalabel.labels.stats.results import Stats

_NAMED = ("classes", "kinds", "annotators", "states", "formats", "sizes")
"""Sections whose next key is a name from the data."""

_PARTS = {"splits": "split", "groups": "group"}
_LEFT_OUT = ("together", "cross")
"""Tables of pairs: their numbers have no name of their own."""

Place = tuple[str, str, tuple[str, ...]]
"""Where a number stands in the document: its set, its part, and the keys that lead to it."""


@dataclass(frozen=True, slots=True)
class Number(Plain):
    """One number of the statistics and where it stands.

    `set` is empty for the items; `part` is empty for the whole set, else the split or group; `section` is one of
    the keys of the JSON document, `name` the class, annotator, … (for a property: its class, if any, and its own
    name), `measure` what is counted.
    """

    set: str
    part: str
    section: str
    name: str
    measure: str
    value: float


@dataclass(frozen=True, slots=True)
class Change(Plain):
    """One number before and after. `delta` is after − before; None (with the missing side) where one of them
    does not have the number. A count that is not there is 0."""

    set: str
    part: str
    section: str
    name: str
    measure: str
    before: float | None
    after: float | None
    delta: float | None


def numbers_of(stats: Stats) -> list[Number]:
    """Every number of the statistics, in the order of the JSON document."""
    return [Number(*_words(place), value) for place, value in _placed(stats)]


def compare(before: Stats, after: Stats) -> list[Change]:
    """The numbers that differ, in the order of the later document; those of the earlier alone come last.

    Bins of histograms are left out, since each lies between percentiles of its own; so are sizes of images that are
    not among the commonest on one side.
    """
    old, new = dict(_placed(before)), dict(_placed(after))
    cut = _cut(old), _cut(new)
    changes = []
    for place in dict.fromkeys([*new, *old]):
        if "histogram" in place[2] or _is_beyond(place, old) or _is_beyond(place, new):
            continue
        was, now = _value(place, old, new, cut[0]), _value(place, new, old, cut[1])
        if was != now:
            delta = None if was is None or now is None else now - was
            changes.append(Change(*_words(place), was, now, delta))
    return changes


def _placed(stats: Stats) -> Iterator[tuple[Place, float]]:
    document = stats.to_json()
    for key, value in document["items"].items():
        head = (key,) if isinstance(value, Mapping) else ("items", key)
        yield from _leaves(value, "", "", head)
    for name, one in document["sets"].items():
        for part, sections in (("", one), *_parts(one)):
            for section, value in sections.items():
                if section not in _PARTS and section not in _LEFT_OUT:
                    yield from _leaves(value, name, part, (section,))


def _parts(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, word in _PARTS.items():
        for name, one in document[key].items():
            yield f"{word} {name}", one


def _leaves(value: Any, set_name: str, part: str, path: tuple[str, ...]) -> Iterator[tuple[Place, float]]:
    """The numbers below a key of the document."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield (set_name, part, path), value
    elif isinstance(value, Mapping | list):
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, inner in pairs:
            yield from _leaves(inner, set_name, part, (*path, str(key)))


def _words(place: Place) -> tuple[str, str, str, str, str]:
    """Set, part, section, name and measure."""
    set_name, part, (section, *path) = place
    depth = 1 if section in _NAMED else (2 if set_name else 1) if section == "properties" else 0
    measure = ".".join(path[depth:]) or ("items" if section in ("states", "formats", "sizes") else "labels")
    return set_name, part, section, ".".join(path[:depth]), measure


def _value(
    place: Place, mine: Mapping[Place, float], theirs: Mapping[Place, float], cut: set[Place]
) -> float | None:
    """A number of one side. What only the other side counts is 0 here, unless this side's list was cut."""
    if place in mine:
        return mine[place]
    set_name, part, path = place
    counted = isinstance(theirs[place], int)
    return 0 if counted and (set_name, part, path[:-1]) not in cut else None


def _is_beyond(place: Place, numbers: Mapping[Place, float]) -> bool:
    """Whether it is a size of images that one side may have, and not among the commonest that it tells."""
    sizes = place[2][0] == "sizes" and place not in numbers
    return sizes and sum(path[0] == "sizes" for _, _, path in numbers) >= TOP


def _cut(numbers: Mapping[Place, float]) -> set[Place]:
    """The lists of values of which only the commonest are told."""
    return {
        (set_name, part, (*path[:-1], "values"))
        for (set_name, part, path), number in numbers.items()
        if path[0] == "properties" and path[-1] == "other" and len(path) in (3, 4) and number
    }
