"""The names of a migration against the specs before and after: what a step leads to must be there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from datalabel.errors import nearest
from datalabel.spec.authored import Report
from datalabel.spec.migration import (
    DeleteClasses,
    DeleteProperties,
    MapOptions,
    Migration,
    Name,
    Redraw,
    RenameClasses,
    RenameProperties,
    SplitClass,
    Step,
)
from datalabel.spec.model import LabelType, Property, Spec
from datalabel.spec.yaml_text import Place


def check_names(migration: Migration, before: Collection[str], after: Spec, report: Report) -> None:
    """Faults where a step leads to a class, kind, property or option that the spec afterwards does not have,
    and no later step takes up; warnings where it begins at a class that is none of `before`."""
    known = set(before)
    for place, step in enumerate(migration.steps):
        for name in _sources(step):
            if name.text not in known:
                report.warn(
                    f"no label and no spec has a class {name.text!r}{_close(name, known)}", name.place, ""
                )
        _Targets(step, migration.steps[place + 1 :], after, report).check()
        known |= {name.text for name in _targets(step)}
    _warn_of_shifts(migration.steps, before, report)


def _warn_of_shifts(steps: Sequence[Step], before: Collection[str], report: Report) -> None:
    """Words that mean something else afterwards: of a file in the old words nobody can tell which is meant."""
    left: set[str] = set()
    for place, step in enumerate(steps):
        if isinstance(step, MapOptions):
            old, new = {name.text for name, _ in step.pairs}, [name for _, name in step.pairs if name]
            same = {name.text for name, one in step.pairs if one and name.text == one.text}
            _warn_of(sorted({name.text for name in new} & old - same), "value", step.property.place, report)
        elif isinstance(step, RenameClasses):
            left |= {name.text for name, new in step.pairs if name.text != new.text} & set(before)
            stay = {name.text for name in _targets(step)} - _taken_up(steps[place + 1 :])
            _warn_of(sorted(stay & left), "class", step.pairs[0][0].place, report)


def _warn_of(words: Sequence[str], what: str, place: Place, report: Report) -> None:
    for word in words:
        report.warn(f"the {what} {word!r} means something else afterwards: {_ADVICE[what]}", place, "")


_ADVICE = {
    "class": "the labelling tool goes on in the old words, or takes the file that dlabel restore writes",
    "value": "where the labelling tool keeps the old words, what it changes later is taken for the new ones; "
    "rename there before its next export",
}


def _sources(step: Step) -> Iterator[Name]:
    match step:
        case RenameClasses(pairs):
            yield from (old for old, _ in pairs)
        case DeleteClasses(names):
            yield from names
        case SplitClass(name):
            yield name
        case Redraw(classes) | RenameProperties(classes) | DeleteProperties(classes) | MapOptions(classes):
            yield from classes


def _taken_up(steps: Iterable[Step]) -> set[str]:
    """The classes that steps turn into others or delete."""
    leaving = (step for step in steps if isinstance(step, RenameClasses | DeleteClasses | SplitClass))
    return {name.text for step in leaving for name in _sources(step)}


def _targets(step: Step) -> Iterator[Name]:
    match step:
        case RenameClasses(pairs):
            yield from (new for _, new in pairs)
        case SplitClass(_, _, into, rest):
            yield from (new for _, new in into)
            if rest is not None:
                yield rest


def _close(name: Name, known: Collection[str]) -> str:
    found = nearest(name.text, known)
    return f"; did you mean {found!r}?" if found else ""


class _Targets:
    """What one step leads to; `later` are the steps after it."""

    def __init__(self, step: Step, later: tuple[Step, ...], spec: Spec, report: Report) -> None:
        self._step = step
        self._later = later
        self._spec = spec
        self._report = report

    def check(self) -> None:
        """Every fault."""
        taken_up = _taken_up(self._later)
        for name in _targets(self._step):
            if self._spec.classes and name.text not in self._spec.classes and name.text not in taken_up:
                self._fault(f"the spec afterwards has no class {name.text!r}", name, self._spec.classes)
        match self._step:
            case Redraw(classes, _, new):
                self._kind(classes, new)
            case RenameProperties(classes, pairs):
                self._properties(classes, [new for _, new in pairs])
            case MapOptions(classes, name, options):
                self._options(classes, name, [new for _, new in options if new is not None])

    def _fault(self, what: str, name: Name, known: Collection[str]) -> None:
        self._report.fault(what + _close(name, known), name.place, "")

    def _kind(self, classes: tuple[Name, ...], kind: Name) -> None:
        if any(isinstance(step, Redraw) and step.old.text == kind.text for step in self._later):
            return
        for name in classes:
            kinds = self._spec.classes.get(name.text)
            if kinds and kind.text not in kinds:
                what = f"the spec afterwards does not draw {name.text!r} as {kind.text}"
                self._fault(what, kind, kinds)

    def _properties(self, classes: tuple[Name, ...], names: list[Name]) -> None:
        if any(isinstance(step, RenameProperties | DeleteProperties) for step in self._later):
            return
        for about in classes:
            declared = self._declared(about)
            for name in names:
                if declared and name.text not in declared:
                    self._fault(f"{about.text!r} has no property {name.text!r} afterwards", name, declared)

    def _options(self, classes: tuple[Name, ...], name: Name, values: list[Name]) -> None:
        if any(isinstance(step, MapOptions | RenameProperties) for step in self._later):
            return
        for about in classes:
            declared = self._declared(about).get(name.text, [])
            options = list(chain.from_iterable(one.options for one in declared))
            if not declared or any(one.type != "options" for one in declared):
                continue
            for value in values:
                if value.text not in options:
                    what = f"{name.text!r} of {about.text!r} has no option {value.text!r} afterwards"
                    self._fault(what, value, options)

    def _declared(self, about: Name) -> Mapping[str, list[Property]]:
        """The properties of a class whatever it is drawn as; none where some kind allows any."""
        kinds: Mapping[str, LabelType] = self._spec.classes.get(about.text, {})
        found: dict[str, list[Property]] = {}
        for looks in kinds.values():
            for name, declared in looks.properties.items():
                found.setdefault(name, []).append(declared)
        return found if all(looks.properties for looks in kinds.values()) else {}
