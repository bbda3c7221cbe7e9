"""What changed in conditions on labels and images and in regions, and whether they became tighter."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields

from datalabel.spec.canonical import as_json
from datalabel.spec.changes import Effect, Scope, SpecChange, change_at
from datalabel.spec.model import Conditions, ImageConditions, Region, Spec
from datalabel.spec.vocabulary import join, usual_format

Regions = Mapping[str, Region]


def compare_conditions(
    old: Conditions, new: Conditions, regions: tuple[Regions, Regions], path: str, scope: Scope
) -> Iterator[SpecChange]:
    """The changes of the conditions of one class and kind; `regions` are those of both specs."""
    for field in fields(Conditions):
        was, now = getattr(old, field.name), getattr(new, field.name)
        if was == now:
            continue
        if field.name == "inside":
            effect = _region_effect(regions[0].get(was or ""), regions[1].get(now or ""))
        elif field.name == "per_image":
            effect = _narrowing(_span_tightened(was, now))
        else:
            effect = _narrowing(_tightened(field.name, was, now))
        yield change_at(join(path, field.name), effect, as_json(was), as_json(now), scope)


def compare_regions(before: Spec, after: Spec) -> Iterator[SpecChange]:
    """The changes of regions; one that no class keeps to before and after has no effect."""
    for name in {**before.regions, **after.regions}:
        old, new = before.regions.get(name), after.regions.get(name)
        if old == new:
            continue
        users = _kept_to(before, name) & _kept_to(after, name)
        effect = _region_effect(old, new) if users else "compatible"
        yield change_at(f"image.roi.{name}", effect, as_json(old), as_json(new), _drawn_as(users))


def _drawn_as(types: Collection[tuple[str, str]]) -> Scope:
    return Scope("labels", lambda row: (row["class"], row["kind"]) in types)


def compare_image_conditions(old: ImageConditions, new: ImageConditions) -> Iterator[SpecChange]:
    """The changes of the conditions on images."""
    images = Scope("images", lambda _: True)
    for field in fields(ImageConditions):
        was, now = getattr(old, field.name), getattr(new, field.name)
        if was == now:
            continue
        path = f"image.conditions.{field.name}"
        if field.name == "formats":
            yield _formats(was, now, path, images)
        else:
            yield change_at(path, _narrowing(_tightened(field.name, was, now)), was, now, images)


def _formats(old: tuple[str, ...], new: tuple[str, ...], path: str, images: Scope) -> SpecChange:
    """An empty list allows all."""
    allowed, kept = ({usual_format(name) for name in names} for names in (old, new))
    values = (list(old) or None, list(new) or None)
    if not new or (old and allowed <= kept):
        return change_at(path, "compatible", *values, images)
    others = Scope("images", lambda row: bool(row["format"]) and usual_format(row["format"]) not in kept)
    return change_at(path, "breaking", *values, others)


def _narrowing(tightened: bool) -> Effect:
    return "narrowing" if tightened else "compatible"


def _tightened(name: str, was: float | None, now: float | None) -> bool:
    """Of a bound, where None is none: nothing is below 0, and no overlap above 1."""
    if name.startswith("min_"):
        return (now or 0) > (was or 0)
    loosest = 1.0 if name == "max_overlap" else math.inf
    return (loosest if now is None else now) < (loosest if was is None else was)


def _span_tightened(was: tuple[int, int | None] | None, now: tuple[int, int | None] | None) -> bool:
    (low, high), (least, most) = was or (0, None), now or (0, None)
    return least > low or _tightened("max_", high, most)


# Regions


def _kept_to(spec: Spec, region: str) -> set[tuple[str, str]]:
    """The classes and kinds whose labels lie in a region."""
    return {
        (name, kind)
        for name, kinds in spec.classes.items()
        for kind, looks in kinds.items()
        if looks.conditions.inside == region
    }


def _region_effect(old: Region | None, new: Region | None) -> Effect:
    if new is None:
        return "compatible"
    return _narrowing(old is None or not (old == new or _grown(old, new)))


def _grown(old: Region, new: Region) -> bool:
    """Whether both are rectangles in one unit, and the new one holds the old. Of other shapes none is said to."""
    was, now = old.rectangle, new.rectangle
    if was is None or now is None or old.relative != new.relative:
        return False
    (left, top, right, bottom), (x1, y1, x2, y2) = was, now
    return x1 <= left and y1 <= top and x2 >= right and y2 >= bottom
