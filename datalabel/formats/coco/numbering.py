"""Which numbers images, categories and annotations get when a file is written."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.base import Selection
from datalabel.formats.coco.carried import Carried
from datalabel.formats.coco.document import RESULTS
from datalabel.formats.coco.lookup import whole
from datalabel.formats.coco.reserved import class_numbers, given_numbers
from datalabel.labels.rows import distinct

_PLAIN = r"^[0-9]{1,18}$"


class Numbers:
    """The numbers of one file: those of its source where it has them, fresh ones above the highest else. A set has
    those of its sources, of images and categories: what a model says of them by number is read by these.

    Where images have come to one number (of several exports of a part each, say), the first keeps it: labels name
    their image by it. That labels have one number may be the source's own saying, and is kept.
    """

    def __init__(self, selection: Selection) -> None:
        self.header: Mapping[str, Any] = selection.header or {}
        self.own = selection.header is not None
        self.results = self.header.get("shape") == RESULTS
        self._selection = selection
        numbers = selection.item_numbers().drop_null()
        counts = pc.value_counts(numbers)
        shared = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
        self._shared = dict.fromkeys(shared.to_pylist(), False)
        """Numbers of several images, and whether one has it by now."""
        self._next_image = _highest(numbers) + 1
        self._next_label: int | None = None if self.own else 1
        given: Any = self.header.get("categories", [])
        self.categories: list[Any] = list(given) if isinstance(given, list) else []
        self.class_numbers: dict[str, str] = {}
        for one in self.categories:
            self.class_numbers.setdefault(one["name"], _json(one["id"]))
        self.carried = Carried.of(selection.headers)
        self._given = {**self.carried.numbers, **given_numbers(self.header)}
        if self._given or not self.results:
            self._add_categories(self._new_classes())

    def _new_classes(self) -> list[str]:
        """The classes without a number; of a source only those that its labels have."""
        new = [name for name in self._selection.classes if name not in self.class_numbers]
        if self.results:  # the files whose numbers it borrows give those
            new = [name for name in new if name in self._given]
        if not self.own or not new:
            return new
        batches = self._selection.batches(("class",))
        found = set().union(*(distinct(batch.labels.column("class")) for batch in batches))
        return [name for name in new if name in found]

    def _add_categories(self, classes: Sequence[str]) -> None:
        skeletons = self._selection.keypoints
        others = [
            one for header in self._selection.headers for one in class_numbers(header) if not one.in_file
        ]
        known = [one.number for one in (*class_numbers(self.header), *others)]
        used = map(whole, [*known, *map(_json, self._given.values())])
        fresh = itertools.count(max([number for number in used if number is not None], default=0) + 1)
        for name in classes:
            number = self._given[name] if name in self._given else next(fresh)
            category = {"id": number, "name": name, **self.carried.categories.get(name, {})}
            if name in skeletons:
                points, edges = skeletons[name]
                category["keypoints"] = list(points)
                category["skeleton"] = [[first + 1, second + 1] for first, second in edges]
            self.categories.append(category)
            self.class_numbers[name] = _json(number)

    def images(self, items: pa.Table) -> list[str | None]:
        """The number of each item; None where a list of results cannot have one."""
        given = items.column("number").to_pylist()
        fresh = self._fresh_images()
        for place, number in enumerate(given) if self._shared else ():
            if number in self._shared:
                given[place] = None if self._shared[number] else number
                self._shared[number] = True
        return [number if number is not None else next(fresh) for number in given]

    def _fresh_images(self) -> Iterator[str | None]:
        while True:
            if self.results:
                yield None
            else:
                self._next_image += 1
                yield str(self._next_image - 1)

    def labels(self, given: pa.StringArray) -> pa.StringArray:
        """The number of each label."""
        missing = given.is_null() if self.own else pa.array(np.ones(len(given), np.bool_))
        count = int(pc.sum(missing).as_py() or 0)
        if not count:
            return given
        if self._next_label is None:  # what most exports need not look for
            self._next_label = 1 + _highest_label(self._selection)
        fresh = pa.array([str(self._next_label + place) for place in range(count)], pa.string())
        self._next_label += count
        return pc.replace_with_mask(given, missing, fresh)


def _json(number: Any) -> str:
    return json.dumps(number, ensure_ascii=False)


def _highest_label(selection: Selection) -> int:
    batches = selection.batches(("source_id",))
    return max((_highest(batch.labels.column("source_id")) for batch in batches), default=0)


def _highest(texts: pa.ChunkedArray) -> int:
    plain = pc.fill_null(pc.match_substring_regex(texts, _PLAIN), False)
    highest = pc.max(pc.cast(texts.filter(plain), pa.int64())).as_py() or 0
    others = texts.filter(pc.invert(plain)).to_pylist()
    return max([int(highest), *(number for number in map(whole, others) if number is not None)])
