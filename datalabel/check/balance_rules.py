"""B101–B105: what a set has too little or too much of. They take the set as a whole, never a part of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from datalabel.check.columns import Floats
from datalabel.check.finding import Needs, Severity
from datalabel.check.gathered import Classes, Sizes
from datalabel.check.set_rule import SetHit, set_rule
from datalabel.check.words import number, quoted
from datalabel.printable import amount

IMBALANCE = 100
"""The largest class may have so many times the labels of the smallest."""

FAR = 6.0
"""From this robust z on a size is far from its class."""

FEWEST = 30
"""So many labels of a class and kind it takes to say what is usual."""

NARROWEST = 0.1
"""The least spread of log areas that is assumed: where all are drawn alike, a tenth more is no outlier."""


@set_rule("B101", "few-labels", Severity.WARNING, Classes, Needs.WHOLE_SET)
def few_labels(classes: Classes) -> Iterator[SetHit]:
    """A class with fewer labels than `quality.labels_per_class` of the data spec asks for.

    Silent when the spec does not ask, about a set without any label, and about classes that the spec does not name
    (S101 does) where it names any. Label more images that show it: `dlabel
    stats` says where it occurs.
    """
    target = classes.spec.quality.labels_per_class
    if target is None or not classes.totals:
        return
    for name in classes.spec.classes or sorted(classes.totals):
        if classes.totals[name] < target:
            have = amount(classes.totals[name], "label")
            yield SetHit(f"class {quoted(name)} has {have}; the spec asks for {target:,}")


@set_rule("B102", "class-unused", Severity.INFO, Classes, Needs.WHOLE_SET)
def class_unused(classes: Classes) -> Iterator[SetHit]:
    """A class of the data spec that no label has.

    None has come up yet, or the name is one that annotators do not use. Silent about a set without any label,
    and when the spec sets `quality.labels_per_class` (B101 speaks of it then).
    """
    if classes.spec.quality.labels_per_class is None and classes.totals:
        for name in classes.spec.classes:
            if not classes.totals[name]:
                yield SetHit(f"class {quoted(name)} has no label")


@set_rule("B103", "value-unused", Severity.INFO, Classes, Needs.WHOLE_SET)
def value_unused(classes: Classes) -> Iterator[SetHit]:
    """An option of a property in the data spec that no label uses.

    A model cannot learn what never occurs. Silent about classes without labels.
    """
    for name, kinds in classes.spec.classes.items():
        for kind, told in kinds.items():
            if not classes.types[name, kind]:
                continue
            for key, declared in told.properties.items():
                used = classes.used.get((name, kind, key), set())
                for option in declared.options:
                    if option not in used:
                        words = f"no {kind.replace('_', ' ')} of class {quoted(name)} has"
                        yield SetHit(f"{words} {quoted(option)} as its {quoted(key)}")


@set_rule("B104", "imbalance", Severity.INFO, Classes, Needs.WHOLE_SET)
def imbalance(classes: Classes) -> Iterator[SetHit]:
    """A class with more than 100 times the labels of another.

    What is rare a model learns badly, and a score over all labels does not show it. Label more of the rare
    class, or weigh it in training. Classes without any label are B102's.
    """
    seen = [(count, name) for name, count in classes.totals.items() if count]
    if not seen:
        return
    (most, common), (least, rare) = max(seen), min(seen)
    if most > IMBALANCE * least:
        ratio = f"{most / least:,.0f} times as many labels as"
        yield SetHit(f"class {quoted(common)} ({most:,}) has {ratio} class {quoted(rare)} ({least:,})")


@set_rule("B105", "unusual-size", Severity.INFO, Sizes, Needs.WHOLE_SET)
def unusual_size(sizes: Sizes) -> Iterator[SetHit]:
    """A label much larger or smaller than is usual for its class and kind.

    A slip of the mouse, a whole image taken for an object, or another unit. Look at it. Measured by the
    modified z score of the logarithm of the area, 0.6745 (x − median) / MAD (Iglewicz and Hoaglin, "How to
    Detect and Handle Outliers", 1993), which outliers themselves do not move; more than 6 is found, in
    classes of 30 labels or more. The MAD is taken to be 0.1 at least: where all are drawn alike, up to 2.4 times
    larger or smaller is usual. Labels without an area, and those that G101 to G103 speak of, are left out.
    """
    for name, kind, places, logs in sizes.by_type():
        if len(logs) < FEWEST:
            continue
        usual = float(np.median(logs))
        z = _robust_z(logs, usual)
        for place in np.flatnonzero(np.abs(z) > FAR).tolist():
            item, label, source = sizes.places[int(places[place])]
            times = float(np.exp(abs(logs[place] - usual)))
            area = float(f"{np.exp(logs[place]):.5g}")  # logarithms are kept in single precision
            words = f"{number(area)} px², {number(times)} times"
            way = "larger" if z[place] > 0 else "smaller"
            what = f"{kind.replace('_', ' ')} of class {quoted(name)}"
            message = f"{what} covers {words} {way} than the median of its class"
            yield SetHit(message, item, label, source)


def _robust_z(values: Floats, median: float) -> Floats:
    spread = max(float(np.median(np.abs(values - median))), NARROWEST)
    return np.asarray(0.6745 * (values - median) / spread)
