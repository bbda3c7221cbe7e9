"""What the statistics say: frozen values with their JSON shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datalabel.labels.stats_counts import Distribution, PropertyStats


@dataclass(frozen=True, slots=True)
class ItemStats:
    """The items: how many, how many with an image behind them, and what the images are.

    `bytes` is their size altogether; `sizes` are the commonest, as `640×480`; `state` of an item that has none
    is not counted. Width and height are in stored pixels.
    """

    items: int
    images: int
    bytes: int
    formats: Mapping[str, int]
    states: Mapping[str, int]
    sizes: Mapping[str, int]
    width: Distribution | None
    height: Distribution | None
    properties: Mapping[str, PropertyStats]

    def to_json(self) -> dict[str, Any]:
        """The shape that scripts rely on."""
        return {
            "items": self.items,
            "images": self.images,
            "bytes": self.bytes,
            "formats": dict(self.formats),
            "states": dict(self.states),
            "sizes": dict(self.sizes),
            "width": _json(self.width),
            "height": _json(self.height),
            "properties": {name: one.to_json() for name, one in self.properties.items()},
        }


@dataclass(frozen=True, slots=True)
class AreaStats:
    """Labels with an area by COCO's limits: below 32², below 96², and larger."""

    small: int = 0
    medium: int = 0
    large: int = 0

    def to_json(self) -> dict[str, int]:
        """The shape that scripts rely on."""
        return {"small": self.small, "medium": self.medium, "large": self.large}


@dataclass(frozen=True, slots=True)
class SizeStats:
    """How large labels are, in pixels: width and height of their true bounds, and the side of a square of the
    same area. `unmeasured` counts drawn labels whose geometry is negative or not finite, or has no extent to
    measure (a mask without pixels)."""

    width: Distribution | None
    height: Distribution | None
    side: Distribution | None
    area: AreaStats
    unmeasured: int

    def to_json(self) -> dict[str, Any]:
        """The shape that scripts rely on."""
        return {
            "width": _json(self.width),
            "height": _json(self.height),
            "side": _json(self.side),
            "area": self.area.to_json(),
            "unmeasured": self.unmeasured,
        }


@dataclass(frozen=True, slots=True)
class ClassStats:
    """One class: its labels, the items that have any, its labels by kind and area, its share of all labels."""

    labels: int
    items: int
    kinds: Mapping[str, int]
    share: float
    area: AreaStats

    def to_json(self) -> dict[str, Any]:
        """The shape that scripts rely on."""
        return {
            "labels": self.labels,
            "items": self.items,
            "kinds": dict(self.kinds),
            "share": self.share,
            "area": self.area.to_json(),
        }


@dataclass(frozen=True, slots=True)
class PerItemStats:
    """Labels per item: items with any, items with none, the distribution over all items, and how many items
    have how many labels."""

    labelled: int
    empty: int
    distribution: Distribution | None
    histogram: Mapping[int, int]

    def to_json(self) -> dict[str, Any]:
        """The shape that scripts rely on."""
        return {
            "labelled": self.labelled,
            "empty": self.empty,
            "distribution": _json(self.distribution),
            "histogram": {str(labels): items for labels, items in self.histogram.items()},
        }


@dataclass(frozen=True, slots=True)
class AnnotatorStats:
    """One annotator: labels drawn, and items with at least one of them."""

    labels: int
    items: int

    def to_json(self) -> dict[str, int]:
        """The shape that scripts rely on."""
        return {"labels": self.labels, "items": self.items}


@dataclass(frozen=True, slots=True)
class SetStats:
    """One label set. Classes, kinds and annotators stand in the order of their labels, most first."""

    labels: int
    classes: Mapping[str, ClassStats]
    kinds: Mapping[str, int]
    properties: Mapping[str, Mapping[str, PropertyStats]]
    size: SizeStats
    per_item: PerItemStats
    annotators: Mapping[str, AnnotatorStats]
    confidence: Distribution | None

    def to_json(self) -> dict[str, Any]:
        """The shape that scripts rely on."""
        return {
            "labels": self.labels,
            "classes": {name: one.to_json() for name, one in self.classes.items()},
            "kinds": dict(self.kinds),
            "properties": {
                name: {key: one.to_json() for key, one in every.items()}
                for name, every in self.properties.items()
            },
            "size": self.size.to_json(),
            "per_item": self.per_item.to_json(),
            "annotators": {name: one.to_json() for name, one in self.annotators.items()},
            "confidence": _json(self.confidence),
        }


@dataclass(frozen=True, slots=True)
class Stats:
    """The statistics of one revision: its items, and each of its label sets by name."""

    revision: str | None
    items: ItemStats
    sets: Mapping[str, SetStats]

    def to_json(self) -> dict[str, Any]:
        """The JSON document that scripts rely on."""
        return {
            "revision": self.revision,
            "items": self.items.to_json(),
            "sets": {name: one.to_json() for name, one in self.sets.items()},
        }


def _json(found: Distribution | None) -> dict[str, Any] | None:
    return found.to_json() if found else None
