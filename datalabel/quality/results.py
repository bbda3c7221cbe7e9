"""What agreement finds, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datalabel.labels.tables import label_id_text
from datalabel.quality.resampling import LEVEL, RESAMPLES, SEED, Estimate


@dataclass(frozen=True, slots=True)
class AnnotatorAgreement:
    """One annotator against the others: on items that another saw too.

    Recall and precision count objects that at least half of the others drew. `alpha_without` is alpha of all
    the others among themselves and on all items.
    """

    annotator: str
    items: int
    labels: int
    recall: Estimate
    precision: Estimate
    mean_iou: Estimate
    alpha_without: Estimate

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "annotator": self.annotator,
            "items": self.items,
            "labels": self.labels,
            **_estimates(self, "recall", "precision", "mean_iou", "alpha_without"),
        }


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two annotators, or two sets, on the items that both saw. The first is measured against the second:
    recall is the share of the second's labels that it has, precision the share of its labels that the second has.
    Kappa is on class, over matched labels; `properties` has kappa per property.
    """

    first: str
    second: str
    items: int
    labels: tuple[int, int]
    matched: int
    recall: Estimate
    precision: Estimate
    mean_iou: Estimate
    kappa: Estimate
    properties: Mapping[str, Estimate]

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "first": self.first,
            "second": self.second,
            "items": self.items,
            "labels": list(self.labels),
            "matched": self.matched,
            **_estimates(self, "recall", "precision", "mean_iou", "kappa"),
            "properties": {name: one.to_json() for name, one in self.properties.items()},
        }


@dataclass(frozen=True, slots=True)
class ClassAgreement:
    """One class: `agreement` is how likely another annotator gives it too where one did; alpha takes everything
    else that was said ("not drawn" too) as one.
    """

    name: str
    labels: int
    agreement: Estimate
    alpha: Estimate
    mean_iou: Estimate

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        head = {"class": self.name, "labels": self.labels}
        return {**head, **_estimates(self, "agreement", "alpha", "mean_iou")}


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many pairs of annotators said these two of one object; None is "not drawn".

    Between sets the first is what the first set says; among annotators the two stand in alphabetical order.
    """

    first: str | None
    second: str | None
    count: int

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"first": self.first, "second": self.second, "count": self.count}


@dataclass(frozen=True, slots=True)
class ItemLabel:
    """A label on an item: who drew it, its id and class, and the number of its object on the item."""

    annotator: str
    id: int
    name: str
    object: int


@dataclass(frozen=True, slots=True)
class ItemAgreement:
    """An item: `disagreement` is how much it takes from alpha (Σ D_u); `share` how likely two who saw one of its
    objects differ about it. `missed` counts the annotators, over all objects, who did not draw what another drew;
    `reclassified` the objects with two classes or more.
    """

    item: str
    saw: tuple[str, ...]
    objects: int
    missed: int
    reclassified: int
    disagreement: float
    share: float
    labels: tuple[ItemLabel, ...]

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "item": self.item,
            "annotators": list(self.saw),
            "objects": self.objects,
            "missed": self.missed,
            "reclassified": self.reclassified,
            "disagreement": self.disagreement,
            "share": self.share,
            "labels": [
                {
                    "annotator": one.annotator,
                    "id": label_id_text(one.id),
                    "class": one.name,
                    "object": one.object,
                }
                for one in self.labels
            ],
        }


@dataclass(frozen=True, slots=True)
class AgainstOther:
    """One annotator of a set against the other set; `recall_by_peers` is what the set's own annotators say of
    them (see `AnnotatorAgreement`).
    """

    annotator: str
    items: int
    labels: int
    recall: Estimate
    precision: Estimate
    mean_iou: Estimate
    recall_by_peers: Estimate

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "annotator": self.annotator,
            "items": self.items,
            "labels": self.labels,
            **_estimates(self, "recall", "precision", "mean_iou", "recall_by_peers"),
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """The annotators of `set_name`, each against the set `against`; whoever misses most comes first.

    `correlation` is Spearman's, between recall by peers and recall against the other set, over the `ranked`
    annotators who had at least `least` objects to find in both.
    """

    set_name: str
    against: str
    annotators: tuple[AgainstOther, ...]
    correlation: float | None
    ranked: int
    least: int

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "set": self.set_name,
            "against": self.against,
            "annotators": [one.to_json() for one in self.annotators],
            "rank_correlation": {
                "spearman": self.correlation,
                "annotators": self.ranked,
                "least_objects": self.least,
            },
        }


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What one of two sets names and the other does not: items, and how many labels lie on them."""

    items: int = 0
    labels: int = 0


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far annotators, or two sets, agree.

    `alpha` is Krippendorff's on class with "not drawn" as a value, objects taken at `iou`; `class_alpha` the same
    among those who drew the object; `sweep` is alpha at every threshold. `annotators` and `worst` have the
    worst first. Intervals are percentiles of resamples of the items.

    `majority` tells of two sets on how many of the items several annotators saw an item: there the set speaks with
    the objects that at least half of them drew, each by one label. `left_out` tells of each of two sets what is not
    compared, since the other does not name it; `taken_as_empty` on how many items that a set does not name it counts
    as having seen nothing, since somebody said that it saw all.
    """

    compared: tuple[str, ...]
    iou: float
    items: int
    labels: int
    alpha: Estimate
    class_alpha: Estimate
    mean_iou: Estimate
    sweep: tuple[tuple[float, Estimate], ...]
    annotators: tuple[AnnotatorAgreement, ...]
    pairs: tuple[PairAgreement, ...]
    classes: tuple[ClassAgreement, ...]
    properties: tuple[tuple[str, Estimate], ...]
    confusion: tuple[Confusion, ...]
    worst: tuple[ItemAgreement, ...]
    judged: tuple[Judged, ...] = ()
    majority: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, LeftOut] = field(default_factory=dict)
    taken_as_empty: Mapping[str, int] = field(default_factory=dict)
    resamples: int = RESAMPLES
    seed: int = SEED
    sets: tuple[str, ...] = field(default=())
    revision: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a JSON object; what is not defined is null."""
        return {
            "revision": self.revision,
            "sets": list(self.sets),
            "compared": list(self.compared),
            "iou": self.iou,
            "items": self.items,
            "labels": self.labels,
            "bootstrap": {"resamples": self.resamples, "seed": self.seed, "level": LEVEL},
            **_estimates(self, "alpha", "class_alpha", "mean_iou"),
            "sweep": [{"iou": iou, "alpha": alpha.to_json()} for iou, alpha in self.sweep],
            "annotators": [one.to_json() for one in self.annotators],
            "pairs": [one.to_json() for one in self.pairs],
            "classes": [one.to_json() for one in self.classes],
            "properties": [{"property": name, "alpha": alpha.to_json()} for name, alpha in self.properties],
            "confusion": [one.to_json() for one in self.confusion],
            "worst": [one.to_json() for one in self.worst],
            "judged": [one.to_json() for one in self.judged],
            "majority": dict(self.majority),
            "left_out": {
                name: {"items": one.items, "labels": one.labels} for name, one in self.left_out.items()
            },
            "taken_as_empty": dict(self.taken_as_empty),
        }


def _estimates(value: object, *names: str) -> dict[str, Any]:
    return {name: getattr(value, name).to_json() for name in names}
