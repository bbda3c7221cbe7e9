"""X101–X105: splits of a snapshot that are not as far apart as a measurement of a model needs them to be.

They look at items with the column `split`; without it, nothing is split and they are silent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.check.columns import Ints
from datalabel.check.finding import CheckBatch, Needs, Severity
from datalabel.check.gathered import Keys
from datalabel.check.item_rules import NEAR
from datalabel.check.near import near_pairs
from datalabel.check.set_rule import SetHit, set_rule
from datalabel.check.words import quoted
from datalabel.errors import nearest
from datalabel.labels.properties import values_in
from datalabel.printable import amount
from datalabel.spec.model import Spec


class Splits:
    """The split of every item, what its image looks like, and which classes and groups each split has."""

    columns: ClassVar[Sequence[str]] = ("item", "class")

    def __init__(self) -> None:
        self.keys = Keys()
        self.spec = Spec()
        self.names: dict[str, int] = {}
        self.classes: Counter[tuple[str, str]] = Counter()
        self.groups: dict[tuple[str, str], dict[str, str]] = {}
        self.properties: set[str] = set()
        self._codes: list[Ints] = []

    def add(self, batch: CheckBatch) -> None:
        """Take in the next batch."""
        if "split" not in batch.items.column_names:
            return
        self.spec = batch.spec
        self.keys.add(batch)
        splits = batch.items.column("split").to_pylist()
        self._codes.append(np.array([self._code(name) for name in splits], np.int64))
        self._add_classes(batch.labels, batch.items)
        if batch.spec.check.groups:
            texts = pc.unique(batch.items.column("properties")).to_pylist()
            self.properties.update(*(values_in(text) for text in texts))
        for name in batch.spec.check.groups:
            self._add_groups(name, batch.items, splits)

    def merge(self, other: Self) -> None:
        """Take in all that another has, whose batches come next."""
        self.keys.merge(other.keys)
        self.spec = other.spec if other.names else self.spec
        codes = np.array([*map(self._code, other.names), -1], np.int64)
        self._codes += [codes[part] for part in other._codes]
        self.classes.update(other.classes)
        for group, firsts in other.groups.items():
            mine = self.groups.setdefault(group, {})
            self.groups[group] = {**firsts, **mine}
        self.properties |= other.properties

    def _code(self, name: str | None) -> int:
        return -1 if name is None else self.names.setdefault(name, len(self.names))

    def _add_classes(self, labels: pa.Table, items: pa.Table) -> None:
        places = pc.index_in(labels.column("item"), value_set=items.column("item").combine_chunks())
        drawn = pa.table({"class": labels.column("class"), "split": items.column("split").take(places)})
        for row in drawn.group_by(["class", "split"]).aggregate([([], "count_all")]).to_pylist():
            if row["split"] is not None:
                self.classes[row["class"], row["split"]] += row["count_all"]

    def _add_groups(self, name: str, items: pa.Table, splits: Sequence[str | None]) -> None:
        """For each value of a property, in each split, the first item that has it."""
        for key, split, text in zip(
            items.column("item").to_pylist(), splits, items.column("properties").to_pylist(), strict=True
        ):
            value = values_in(text).get(name)
            if value is not None and split is not None:
                self.groups.setdefault((name, value), {}).setdefault(split, key)

    @cached_property
    def codes(self) -> Ints:
        """For each item the place of its split in `names`; -1 for none. Asked for when all is gathered."""
        return np.concatenate([np.zeros(0, np.int64), *self._codes])

    def name(self, place: int) -> str:
        """The split of one item."""
        return list(self.names)[int(self.codes[place])]


@set_rule("X101", "same-image-in-two-splits", Severity.ERROR, Splits, Needs.WHOLE_SET)
def same_image_in_two_splits(splits: Splits) -> Iterator[SetHit]:
    """The same bytes in two splits of a snapshot: a model is measured on what it learned from.

    `snapshot create` never parts identical images: `--split` and `--from` keep them together, and of those that
    published lists (`--split-by`) part it takes none. A snapshot that has them was made in another way; make it
    again.
    """
    contents, codes = splits.keys.contents, splits.codes
    order = np.flatnonzero(codes >= 0)
    order = order[np.argsort(contents[order], kind="stable")]
    one, other = order[:-1], order[1:]
    same = (contents[one] == contents[other]) & (contents[one] != 0)
    for one, other in zip(order[:-1][same].tolist(), order[1:][same].tolist(), strict=True):
        if codes[one] != codes[other]:
            yield _hit(splits, other, one, "the image is byte for byte that of")


@set_rule("X102", "near-image-in-two-splits", Severity.WARNING, Splits, Needs.WHOLE_SET | Needs.PIXELS)
def near_image_in_two_splits(splits: Splits) -> Iterator[SetHit]:
    """Images in two splits that look the same: perceptual hashes that differ in 4 of 64 bits or fewer.

    Frames of one video, or crops of one photo, make a model look better than it is. It takes the pixels: `check
    --images`, or the rule selected by its code; a check without them is silent.
    """
    looks, codes = splits.keys.looks, splits.codes
    seen = np.flatnonzero((looks != 0) & (codes >= 0))
    for left, right, _ in near_pairs(looks[seen], NEAR):
        for one, other in zip(seen[left].tolist(), seen[right].tolist(), strict=True):
            same = splits.keys.contents[one] == splits.keys.contents[other]
            if not same and codes[one] != codes[other]:
                yield _hit(splits, other, one, "the image looks like")


def _hit(splits: Splits, place: int, other: int, words: str) -> SetHit:
    key = quoted(splits.keys.key(other))
    message = (
        f"{words} {key}, which is in the split {splits.name(other)}; this one is in {splits.name(place)}"
    )
    return SetHit(message, splits.keys.key(place), in_set=False)


@set_rule("X103", "group-in-two-splits", Severity.ERROR, Splits, Needs.WHOLE_SET)
def group_in_two_splits(splits: Splits) -> Iterator[SetHit]:
    """Images of one group in two splits: the same site, patient or video, as `check: {groups: [site]}` says.

    What all images of a group share can be learned by heart. `snapshot create --split` keeps each group in one split;
    published lists (`--split-by`), and splits from before the spec named the group, may not.
    """
    for (name, value), first in sorted(splits.groups.items()):
        if len(first) > 1:
            places = ", ".join(f"{split} (first: {quoted(key)})" for split, key in sorted(first.items()))
            yield SetHit(f"images with {name} {value} are in {len(first)} splits: {places}", in_set=False)


@set_rule("X104", "class-missing-in-split", Severity.WARNING, Splits, Needs.WHOLE_SET)
def class_missing_in_split(splits: Splits) -> Iterator[SetHit]:
    """A class that the snapshot has and one of its splits does not: it cannot be learned, or cannot be measured.

    Rare classes fall into one split by chance. Another `--seed`, another share, or more labels of the class help.
    """
    for name in sorted({name for name, _ in splits.classes}):
        absent = [split for split in sorted(splits.names) if not splits.classes[name, split]]
        total = sum(splits.classes[name, split] for split in splits.names)
        if absent:
            labels = amount(total, "label")
            yield SetHit(f"class {quoted(name)} has {labels}, and none in {', '.join(absent)}")


@set_rule("X105", "group-unknown", Severity.WARNING, Splits, Needs.WHOLE_SET)
def group_unknown(splits: Splits) -> Iterator[SetHit]:
    """A property named by `check: {groups: [site]}` that no image of a split snapshot has: X103 compares nothing.

    Most likely the name is mistyped, or no label file says it; COCO files do, in the `attributes` of images.
    """
    for name in splits.spec.check.groups if splits.names else ():
        if name not in splits.properties:
            close = nearest(name, splits.properties)
            hint = f"; did you mean {quoted(close)}?" if close else ""
            yield SetHit(
                f"no image has the property {quoted(name)} that check.groups names{hint}", in_set=False
            )
