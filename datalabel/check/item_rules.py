"""I106–I110: items beside each other, and items without labels or labels without an image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.check.columns import Bools
from datalabel.check.finding import Needs, Severity, Whole
from datalabel.check.gathered import Keys, Pictures
from datalabel.check.near import near_pairs
from datalabel.check.set_rule import SetHit, set_rule
from datalabel.check.words import quoted
from datalabel.printable import amount

Places = npt.NDArray[np.intp]

MANY = 100
"""More new images without labels than this are labelling under way, and counted."""

NEAR = 4
"""So many of the 64 bits of two perceptual hashes may differ where two images look the same."""


@set_rule("I106", "no-labels", Severity.INFO, Keys)
def no_labels(keys: Keys) -> Iterator[SetHit]:
    """An image without any label in the set.

    Empty on purpose, or forgotten: a detector learns from it that there is nothing to see. Where more images
    lack labels than have them, labelling is under way and only their number is said. Silent about a set
    without any label, and in other sets than `ground_truth` about images that no label file of the set names.
    """
    without = np.flatnonzero((keys.counts == 0) & keys.concerned)
    labelled = np.count_nonzero(keys.counts)
    if keys.part_of is not None:
        yield from _part_without_labels(keys, without, keys.part_of)
        return
    if not labelled:
        return
    if len(without) > labelled:
        yield SetHit(f"{len(without):,} of {len(without) + labelled:,} images have no label yet")
        return
    for place in without.tolist():
        yield SetHit("the image has no label", keys.key(place))


def _part_without_labels(keys: Keys, without: Places, whole: Whole) -> Iterator[SetHit]:
    """Of some items nothing can be said about all: each is named, or, when they are many, counted."""
    if whole.labelled and len(without) > MANY:
        yield SetHit(f"{len(without):,} images of those that changed have no label yet")
    elif whole.labelled:
        for place in without.tolist():
            yield SetHit("the image has no label", keys.key(place))


@set_rule("I107", "image-never-came", Severity.WARNING, Keys)
def image_never_came(keys: Keys) -> Iterator[SetHit]:
    """Labels on an image that was never added.

    The label file names it, but no file of that name was found. Add it (`dlabel add FOLDER`), tell where the
    images lie (`--images DIR`), or take the labels away. Where no labelled image is here at all, that is said
    once. Silent when label files are checked without a project (I101 looks for their images).
    """
    if not keys.recorded:
        return
    labelled = keys.counts > 0
    absent = np.flatnonzero(labelled & (keys.contents == 0))
    none = len(absent) == labelled.sum() if keys.part_of is None else not keys.part_of.images
    if len(absent) and none:
        images = "the one labelled image" if len(absent) == 1 else f"the {len(absent):,} labelled images"
        yield SetHit(f"none of {images} was added")
        return
    for place in absent.tolist():
        yield SetHit(f"the image was never added; it has {_labels(keys, place)}", keys.key(place))


def _labels(keys: Keys, place: int) -> str:
    return amount(int(keys.counts[place]), "label")


@set_rule("I108", "same-key", Severity.WARNING, Keys, Needs.SAME_IMAGES)
def same_key(keys: Keys) -> Iterator[SetHit]:
    """Two keys that differ only in letter case or in Unicode normalisation.

    On Windows and macOS the two are one file: whoever clones there loses one image, or has labels on the wrong one.
    Rename one (`dlabel mv`). Reported on the later key.
    """
    names = pc.unique(keys.keys).sort()
    first: dict[str, str] = {}
    for key, name in zip(names.to_pylist(), folded(names).to_pylist(), strict=True):
        other = first.setdefault(name, key)
        if other != key:
            yield SetHit(f"on some file systems this is the same file as {quoted(other)}", key, in_set=False)


def folded(keys: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """How the most careless file system sees these keys."""
    if pc.all(pc.string_is_ascii(keys), min_count=0).as_py():
        return pc.ascii_lower(keys)  # the same, in a tenth of the time
    return pc.utf8_normalize(pc.utf8_lower(pc.utf8_normalize(keys, form="NFKC")), form="NFKC")


@set_rule("I109", "identical-images", Severity.WARNING, Pictures, Needs.SAME_IMAGES)
def identical_images(keys: Pictures) -> Iterator[SetHit]:
    """The same image, byte for byte, under two keys with different labels.

    A model is taught two truths about one picture, and a split may put one in training and one in the test. Keep one
    item, with the right labels. Compared are class, geometry and properties of all labels. Reported on
    the later key, against the first.
    """
    places = np.flatnonzero(keys.contents != 0)
    for first, others in _groups(keys, places):
        for place in others:
            if keys.labels[place] != keys.labels[first]:
                other = quoted(keys.key(first))
                here, there = _labels(keys, place), keys.counts[first]
                message = f"the same image as {other}, with other labels: {here} here, {there:,} there"
                yield SetHit(message, keys.key(place))


def _groups(keys: Keys, places: Places) -> Iterator[tuple[int, list[int]]]:
    """Items with the same image: the first key, and the others."""
    _, codes, counts = np.unique(keys.contents[places], return_inverse=True, return_counts=True)
    groups: dict[int, list[int]] = {}
    for place in places[counts[codes] > 1].tolist():
        groups.setdefault(int(keys.contents[place]), []).append(place)
    for group in groups.values():
        first, *others = sorted(group, key=keys.key)
        yield first, others


@set_rule("I110", "similar-images", Severity.INFO, Pictures, Needs.PIXELS)
def similar_images(keys: Pictures) -> Iterator[SetHit]:
    """Two images that look the same and whose labels are of different classes or numbers.

    Resized or saved again, or frames of one film: mostly they show the same objects, and one of the two lacks a
    label or has a wrong class. Compared are perceptual hashes (64 bits, of which 4 may differ) and how many labels
    of each class and kind there are. It takes the pixels: `check --images`, or the rule selected by
    its code. Reported on the later key, with the most alike of the earlier. Identical files are I109's.
    """
    seen: dict[int, tuple[int, str, int]] = {}
    for one, other, distance in _alike(keys):
        later, earlier = (one, other) if keys.key(one) > keys.key(other) else (other, one)
        candidate = (distance, keys.key(earlier), earlier)
        seen[later] = min(seen.get(later, candidate), candidate)
    for later, (distance, name, earlier) in sorted(seen.items()):
        here, there = _labels(keys, later), keys.counts[earlier]
        bits = "no bit" if not distance else "1 bit" if distance == 1 else f"{distance} bits"
        words = f"looks like {quoted(name)} ({bits} of 64 differ), with other labels"
        message = f"{words}: {here} here, {there:,} there"
        yield SetHit(message, keys.key(later))


def _alike(keys: Pictures) -> Iterator[tuple[int, int, int]]:
    """Pairs of items that look alike, are not identical and have labels of different classes."""
    places = np.flatnonzero(keys.looks != 0)
    for first, second, distance in near_pairs(keys.looks[places], NEAR):
        one, other = places[first], places[second]
        same = (keys.contents[one] == keys.contents[other]) & (keys.contents[one] != 0)
        differ: Bools = (keys.classes[one] != keys.classes[other]) & ~same
        yield from zip(one[differ].tolist(), other[differ].tolist(), distance[differ].tolist(), strict=True)
