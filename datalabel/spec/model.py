"""A data spec in memory: what labels may look like. Frozen, resolved, valid once constructed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PropertyType = Literal["options", "number", "integer", "text", "boolean"]


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a class and kind, or of an item.

    `options` are the leaves of the option tree, in the order written; `tree` is the tree as written
    (text leaves and one-key mappings). `multiple` means that a value is a list of distinct options.
    """

    type: PropertyType
    options: tuple[str, ...] = ()
    tree: tuple[Any, ...] = ()
    multiple: bool = False
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions on the labels of one class and kind. Sizes in pixels, areas in square pixels.

    `min_aspect` and `max_aspect` bound width / height. `inside` names a region of interest that the
    label's bounds must lie in. `per_image` bounds how many such labels an item has (None: no upper bound).
    `max_overlap` bounds the IoU of two labels of one class, kind and annotator on the item.
    """

    min_width: float | None = None
    max_width: float | None = None
    min_height: float | None = None
    max_height: float | None = None
    min_area: float | None = None
    max_area: float | None = None
    min_aspect: float | None = None
    max_aspect: float | None = None
    min_points: int | None = None
    max_points: int | None = None
    inside: str | None = None
    per_image: tuple[int, int | None] | None = None
    max_overlap: float | None = None


Skeleton = tuple[tuple[str, ...], tuple[tuple[int, int], ...]]
"""The names of a class's keypoints, and edges (pairs of indexes from 0)."""


@dataclass(frozen=True, slots=True)
class LabelType:
    """What labels of one class and one kind look like. A class is known by its name and kind together.

    `points` are the names of keypoints in order; `edges` and `symmetric` are pairs of their indexes.
    """

    color: str | None = None
    properties: Mapping[str, Property] = field(default_factory=dict)
    conditions: Conditions = field(default_factory=Conditions)
    points: tuple[str, ...] = ()
    edges: tuple[tuple[int, int], ...] = ()
    symmetric: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """A region of interest: a polygon of at least three corners, in pixels or as fractions of the image."""

    corners: tuple[tuple[float, float], ...]
    relative: bool = False

    @property
    def rectangle(self) -> tuple[float, float, float, float] | None:
        """x1, y1, x2, y2 of a region of four corners whose sides run along the axes: each changes one coordinate,
        in turn. None of any other."""
        turned = self.corners[1:] + self.corners[:1]
        steps = [(a[0] != b[0], a[1] != b[1]) for a, b in zip(self.corners, turned, strict=True)]
        if len(steps) != 4 or set(steps) != {(True, False), (False, True)} or steps[0] == steps[1]:
            return None
        xs, ys = zip(*self.corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True, slots=True)
class ImageConditions:
    """Conditions on items. Formats are lower-case names as Pillow gives them (`jpeg`, `png`)."""

    min_width: int | None = None
    max_width: int | None = None
    min_height: int | None = None
    max_height: int | None = None
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workflow:
    """The states of an item and which may follow which."""

    states: tuple[str, ...] = ("WORKING", "SUBMITTED", "REVIEWED", "SKIPPED")
    transitions: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "WORKING": ("SUBMITTED", "SKIPPED"),
            "SUBMITTED": ("REVIEWED", "WORKING"),
            "REVIEWED": ("WORKING",),
            "SKIPPED": ("WORKING",),
        }
    )


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """Which findings count in this project. `on_commit` refuses a commit at or above that severity.

    `groups` are properties of images whose values must not be shared by two splits of a snapshot.
    """

    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Literal["error", "warning", "info"]] = field(default_factory=dict)
    on_commit: Literal["error", "warning", "never"] = "never"
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quality:
    """What the set must reach. `check` and `report` compare with `labels_per_class`; the others are not checked."""

    labels_per_class: int | None = None
    agreement: float | None = None
    error_rate: float | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """A resolved data spec.

    `classes` maps a class name to its kinds and what each looks like. A class with no kinds may be drawn
    as any kind. A spec without classes allows all of them.
    """

    project_name: str | None = None
    classes: Mapping[str, Mapping[str, LabelType]] = field(default_factory=dict)
    regions: Mapping[str, Region] = field(default_factory=dict)
    item_properties: Mapping[str, Property] = field(default_factory=dict)
    image: ImageConditions = field(default_factory=ImageConditions)
    workflow: Workflow = field(default_factory=Workflow)
    check: CheckSettings = field(default_factory=CheckSettings)
    quality: Quality = field(default_factory=Quality)
