"""Two data specs side by side: every change, and what it does to labels that were valid.

If all changes are compatible, every label and image that was valid is valid still. What a change does is
judged by the rules of `check`: a spec without classes allows all, a class without kinds any kind, a class and
kind that declares no properties any property.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from datalabel.spec.canonical import as_json
from datalabel.spec.changes import Effect, Scope, SpecChange, change_at
from datalabel.spec.compare_conditions import compare_conditions, compare_image_conditions, compare_regions
from datalabel.spec.compare_properties import compare_properties
from datalabel.spec.model import CheckSettings, LabelType, Quality, Spec, Workflow
from datalabel.spec.vocabulary import join

Kinds = Mapping[str, LabelType]


def compare(before: Spec, after: Spec) -> list[SpecChange]:
    """Every change from one spec to another; none when they say the same."""
    images = Scope("images", lambda _: True)
    return [
        *_name(before.project_name, after.project_name),
        *_classes(before, after),
        *compare_regions(before, after),
        *compare_properties(before.item_properties, after.item_properties, "image.properties", images),
        *compare_image_conditions(before.image, after.image),
        *_workflow(before.workflow, after.workflow),
        *_settings(before.check, after.check, "check"),
        *_settings(before.quality, after.quality, "quality"),
    ]


# Classes


def _classes(before: Spec, after: Spec) -> Iterator[SpecChange]:
    names = {**before.classes, **after.classes}
    if bool(before.classes) != bool(after.classes):
        others = Scope("labels", lambda row: row["class"] not in names)
        effect: Effect = "breaking" if after.classes else "compatible"
        yield change_at(
            "data_spec", effect, list(before.classes) or None, list(after.classes) or None, others
        )
    for name in names:
        yield from _class(name, before, after)
    kept = [[name for name in one.classes if name in other.classes]
            for one, other in ((before, after), (after, before))]  # fmt: skip
    if kept[0] != kept[1]:
        yield change_at("data_spec", "compatible", list(before.classes), list(after.classes))


def _class(name: str, before: Spec, after: Spec) -> Iterator[SpecChange]:
    path = join("data_spec", name)
    scope = Scope("labels", lambda row: row["class"] == name, name)
    old, new = before.classes.get(name), after.classes.get(name)
    if new is None:
        effect: Effect = "breaking" if after.classes else "compatible"
        yield change_at(path, effect, list(old or ()), None, scope)
    elif old is None and before.classes:
        yield change_at(path, "compatible", None, list(new), scope)
    elif not old and new:
        others = Scope("labels", lambda row: row["class"] == name and row["kind"] not in new, name)
        yield change_at(path, "breaking", None if old is None else [], list(new), others)
        for kind in new:
            yield from _looks(name, kind, LabelType(), new[kind], (before, after))
    elif old is None:
        yield change_at(path, "compatible", None, [], scope)
    else:
        yield from _kinds(name, old or {}, new, (before, after))


def _kinds(name: str, old: Kinds, new: Kinds, specs: tuple[Spec, Spec]) -> Iterator[SpecChange]:
    """The kinds of a class that both specs have. None left means that any will do."""
    for kind in {**old, **new}:
        path = f"{join('data_spec', name)}.{kind}"
        if kind not in new:
            effect: Effect = "breaking" if new else "compatible"
            yield change_at(path, effect, as_json(old[kind]), None, _drawn(name, kind))
        elif kind not in old:
            yield change_at(path, "compatible", None, as_json(new[kind]), _drawn(name, kind))
        else:
            yield from _looks(name, kind, old[kind], new[kind], specs)


def _drawn(name: str, kind: str) -> Scope:
    return Scope("labels", lambda row: (row["class"], row["kind"]) == (name, kind), name)


def _looks(
    name: str, kind: str, old: LabelType, new: LabelType, specs: tuple[Spec, Spec]
) -> Iterator[SpecChange]:
    """A class drawn as one kind."""
    path, scope = f"{join('data_spec', name)}.{kind}", _drawn(name, kind)
    regions = (specs[0].regions, specs[1].regions)
    yield from compare_properties(old.properties, new.properties, f"{path}.properties", scope)
    yield from compare_conditions(old.conditions, new.conditions, regions, f"{path}.conditions", scope)
    if old.points != new.points:
        effect = _points_effect(old.points, new.points)
        yield change_at(f"{path}.points", effect, list(old.points) or None, list(new.points) or None, scope)
    for field in ("color", "edges", "symmetric"):
        was, now = (as_json(getattr(one, field)) or None for one in (old, new))
        if was != now:
            yield change_at(f"{path}.{field}", "compatible", was, now, scope)


def _points_effect(old: tuple[str, ...], new: tuple[str, ...]) -> Effect:
    """Points count by their place: one more or less breaks every label, and a name at another place gives its
    points a new meaning. New names for old places do nothing."""
    if not new:
        return "compatible"
    if not old:
        return "narrowing"
    if len(old) != len(new):
        return "breaking"
    moved = any(name in new and new.index(name) != place for place, name in enumerate(old))
    return "narrowing" if moved else "compatible"


# The rest


def _workflow(old: Workflow, new: Workflow) -> Iterator[SpecChange]:
    if old.states != new.states:
        gone = set(old.states) - set(new.states)
        scope = Scope("images", lambda row: row["state"] in gone)
        effect: Effect = "breaking" if gone else "compatible"
        yield change_at("workflow.states", effect, list(old.states), list(new.states), scope)
    for state in {**old.transitions, **new.transitions}:
        was, now = (one.transitions.get(state) for one in (old, new))
        if was != now:
            yield change_at(f"workflow.transitions.{state}", "compatible", as_json(was), as_json(now))


def _name(old: str | None, new: str | None) -> Iterator[SpecChange]:
    if old != new:
        yield change_at("project_name", "compatible", old, new)


def _settings(old: CheckSettings | Quality, new: CheckSettings | Quality, path: str) -> Iterator[SpecChange]:
    """What no label's validity hangs on."""
    for field in fields(old):
        was, now = getattr(old, field.name), getattr(new, field.name)
        if was != now:
            yield change_at(join(path, field.name), "compatible", _or_none(was), _or_none(now))


def _or_none(value: Any) -> Any:
    """As JSON; an empty list or mapping says nothing."""
    return None if value in ((), {}) else as_json(value)
