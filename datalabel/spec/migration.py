"""A migration in memory: what becomes of labels that were made under an old spec, step by step."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from datalabel.labels.class_names import settled
from datalabel.spec.yaml_text import Place


@dataclass(frozen=True, slots=True)
class Name:
    """A name as the file gives it, and where."""

    text: str
    place: Place

    def __str__(self) -> str:
        return self.text


Pairs = tuple[tuple[Name, Name], ...]


@dataclass(frozen=True, slots=True)
class RenameClasses:
    """Classes get other names, all at once; two that get the same are merged."""

    pairs: Pairs


@dataclass(frozen=True, slots=True)
class DeleteClasses:
    """The labels of some classes go."""

    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class SplitClass:
    """The labels of a class get the class that belongs to the value of a property; those with another value, or
    none, get `rest`. Without `rest` they are left over."""

    name: Name
    by: Name
    into: Pairs
    rest: Name | None = None


@dataclass(frozen=True, slots=True)
class Redraw:
    """Labels drawn as one kind are drawn as another. No classes: all."""

    classes: tuple[Name, ...]
    old: Name
    new: Name


@dataclass(frozen=True, slots=True)
class RenameProperties:
    """Properties get other names, all at once. No classes: all."""

    classes: tuple[Name, ...]
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class DeleteProperties:
    """Properties go. No classes: all."""

    classes: tuple[Name, ...]
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class MapOptions:
    """Values of a property become others, or nothing (None). In lists every member for itself. No classes: all."""

    classes: tuple[Name, ...]
    property: Name
    pairs: tuple[tuple[Name, Name | None], ...]


Step = RenameClasses | DeleteClasses | SplitClass | Redraw | RenameProperties | DeleteProperties | MapOptions


@dataclass(frozen=True, slots=True)
class Migration:
    """The steps in their order, and the file of the spec afterwards (relative to the map's folder) where one is
    named."""

    steps: tuple[Step, ...]
    spec: Name | None = None


def names_after(
    called: Mapping[str, str | None], steps: Sequence[Step], used: Collection[str]
) -> Mapping[str, str | None]:
    """What classes are called after the steps that are called otherwise than at first; None: no label is left of it.

    `called` has what each is called before the steps, `used` the classes of the labels afterwards.
    """
    now = dict(called)
    for step in steps:
        changed = _changed_names(step)
        now = {first: changed.get(name, name) if name else None for first, name in now.items()}
    left = set(used) - set(now.values())
    return settled({first: name for first, name in now.items() if not (name is None and first in left)})


def _changed_names(step: Step) -> Mapping[str, str | None]:
    match step:
        case RenameClasses(pairs):
            return {old.text: new.text for old, new in pairs}
        case DeleteClasses(deleted):
            return dict.fromkeys(name.text for name in deleted)
        case SplitClass(split):
            return {split.text: None}
        case _:
            return {}


def words_of(step: Step) -> str:
    """A step in one line, as people say it."""
    match step:
        case RenameClasses(pairs):
            return f"rename {_arrows(pairs)}"
        case DeleteClasses(names):
            return f"delete {', '.join(map(str, names))}"
        case SplitClass(name, by, into, rest):
            others = f", else {rest}" if rest else ""
            return f"split {name} by {by}: {_arrows(into)}{others}"
        case Redraw(classes, old, new):
            return f"redraw {_of(classes)} from {old} to {new}"
        case RenameProperties(classes, pairs):
            return f"rename properties of {_of(classes)}: {_arrows(pairs)}"
        case DeleteProperties(classes, names):
            return f"delete properties of {_of(classes)}: {', '.join(map(str, names))}"
        case MapOptions(classes, name, options):
            return f"map {name} of {_of(classes)}: {_arrows(options)}"


def _arrows(pairs: tuple[tuple[Name, Name | None], ...]) -> str:
    return ", ".join(f"{old} → {new or 'nothing'}" for old, new in pairs)


def _of(classes: tuple[Name, ...]) -> str:
    return ", ".join(map(str, classes)) or "every class"
