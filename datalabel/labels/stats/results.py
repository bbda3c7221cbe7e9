"""What the statistics say: frozen values. Their JSON shape is their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from datalabel.labels.stats.counts import Distribution, Plain
from datalabel.labels.stats.properties import CrossStats, PropertyStats

COLUMNS, ROWS = 16, 9
"""The grid in which positions are counted: so many cells from left to right, and from top to bottom."""


@dataclass(frozen=True, slots=True)
class ItemStats(Plain):
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


@dataclass(frozen=True, slots=True)
class AreaStats(Plain):
    """Labels with an area by COCO's limits: below 32², below 96², and larger."""

    small: int = 0
    medium: int = 0
    large: int = 0


@dataclass(frozen=True, slots=True)
class SizeStats(Plain):
    """How large labels are, in pixels: width and height of their true bounds, and the side of a square of the
    same area. `aspect` is width / height. `unmeasured` counts drawn labels whose geometry is negative or not
    finite, or has no extent to measure (a mask without pixels)."""

    width: Distribution | None
    height: Distribution | None
    side: Distribution | None
    area: AreaStats
    unmeasured: int
    aspect: Distribution | None


@dataclass(frozen=True, slots=True)
class ClassStats(Plain):
    """One class: its labels, the items that have any, its labels by kind and area, its share of all labels."""

    labels: int
    items: int
    kinds: Mapping[str, int]
    share: float
    area: AreaStats


@dataclass(frozen=True, slots=True)
class PerItemStats(Plain):
    """Labels per item: items with any, items with none, the distribution over both, and how many items have how
    many labels. `unseen` counts the items that the set is not about: in another set than `ground_truth`, those that
    no label file of it names."""

    labelled: int
    empty: int
    distribution: Distribution | None
    histogram: Mapping[int, int]
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class AnnotatorStats(Plain):
    """One annotator: labels drawn, items with at least one of them, and the labels by class."""

    labels: int
    items: int
    classes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PositionStats(Plain):
    """Where labels are: how many have their centre in which cell of the image as it is shown.

    `grid` has `ROWS` rows of `COLUMNS` counts, from the top left. `outside` counts centres beyond the image,
    `unknown` drawn labels without bounds, or on an image whose size nobody knows.
    """

    grid: tuple[tuple[int, ...], ...]
    outside: int
    unknown: int

    @property
    def placed(self) -> int:
        """How many labels have a place in the grid."""
        return sum(map(sum, self.grid))


@dataclass(frozen=True, slots=True)
class BorderStats(Plain):
    """Labels that come within a pixel of the border of their image, and so may be cut off by it: how many
    could be looked at, how many touch at all, and how many at each side (a corner counts at both)."""

    labels: int
    touching: int
    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class NearestStats(Plain):
    """IoU of the bounds with the nearest other label: labels that overlap it at all, that overlap it by more
    than one half, and how many by how much in ten steps of 0.1."""

    overlapping: int
    over_half: int
    histogram: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OverlapStats(Plain):
    """How much labels cover each other, among those of one annotator on one item. `labels` counts those with
    bounds; `same_class` looks at the nearest label of the same class, `any_class` at the nearest of all."""

    labels: int
    same_class: NearestStats
    any_class: NearestStats


@dataclass(frozen=True, slots=True)
class PairStats(Plain):
    """Two classes, and on how many items both occur. `share` is that of the items with the rarer one."""

    classes: tuple[str, str]
    items: int
    share: float


@dataclass(frozen=True, slots=True)
class TogetherStats(Plain):
    """Which classes occur on the same items: the commonest pairs, and for the commonest classes (in the order
    of `classes`) a symmetric matrix of items, with the items that have the class itself on the diagonal.

    Empty when there are more classes than are followed.
    """

    pairs: tuple[PairStats, ...]
    classes: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class PartStats(Plain):
    """The labels of a set, a split or a group. Classes, kinds and annotators stand most labels first.

    `confidence_histogram` counts confidences in twenty steps of 0.05.
    """

    labels: int
    classes: Mapping[str, ClassStats]
    kinds: Mapping[str, int]
    properties: Mapping[str, Mapping[str, PropertyStats]]
    size: SizeStats
    per_item: PerItemStats
    annotators: Mapping[str, AnnotatorStats]
    confidence: Distribution | None
    confidence_histogram: tuple[int, ...]
    position: PositionStats
    border: BorderStats
    overlap: OverlapStats
    together: TogetherStats
    cross: tuple[CrossStats, ...]
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SetStats(PartStats):
    """One label set, its splits, and the groups that were asked for, most labels first.

    An item belongs to a group when a label on it does, or when the group is one of items.
    """

    splits: Mapping[str, PartStats] = field(default_factory=dict)
    groups: Mapping[str, PartStats] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stats(Plain):
    """The statistics of one revision: its items, and each of its label sets by name. `by` is what the groups
    of the sets were made by, if they were."""

    revision: str | None
    items: ItemStats
    sets: Mapping[str, SetStats]
    by: str | None = None
