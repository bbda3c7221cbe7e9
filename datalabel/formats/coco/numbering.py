"""Which numbers images, categories and annotations get when a file is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.base import Selection
from datalabel.formats.coco.carried import Carried
from datalabel.formats.coco.document import RESULTS
from datalabel.formats.coco.lookup import whole

_PLAIN = r"^[0-9]{1,18}$"


class Numbers:
    """The numbers of one file: those of its source where it has them, fresh ones above the highest else.

    Where images have come to one number (of several exports of a part each, say), the first keeps it: labels name
    their image by it. That labels have one number may be the source's own saying, and is kept.
    """

    def __init__(self, selection: Selection) -> None:
        self.header: Mapping[str, Any] = selection.header or {}
        self.own = selection.header is not None
        self.results = self.header.get("shape") == RESULTS
        known = _known(selection) if self.own else _Known(classes=list(selection.classes))
        self._next_image, self._next_label = known.image + 1, known.label + 1
        self._shared = dict.fromkeys(known.shared, False)
        """Numbers of several images, and whether one has it by now."""
        given: Any = self.header.get("categories", [])
        self.categories: list[Any] = list(given) if isinstance(given, list) else []
        self.class_numbers: dict[str, str] = {}
        for one in self.categories:
            self.class_numbers.setdefault(one["name"], json.dumps(one["id"], ensure_ascii=False))
        self.carried = Carried.of(selection.headers)
        if not self.results:
            self._add_categories(known.classes, selection)

    def _add_categories(self, classes: Sequence[str], selection: Selection) -> None:
        used = [whole(number) for number in self.class_numbers.values()]
        fresh = max([number for number in used if number is not None], default=0) + 1
        for name in classes:
            if name in self.class_numbers:
                continue
            category: dict[str, Any] = {"id": fresh, "name": name, **self.carried.categories.get(name, {})}
            if name in selection.keypoints:
                points, edges = selection.keypoints[name]
                category["keypoints"] = list(points)
                category["skeleton"] = [[first + 1, second + 1] for first, second in edges]
            self.categories.append(category)
            self.class_numbers[name] = str(fresh)
            fresh += 1

    def images(self, items: pa.Table) -> list[str | None]:
        """The number of each item; None where a list of results cannot have one."""
        given = items.column("number").to_pylist() if self.own else [None] * items.num_rows
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
        fresh = pa.array([str(self._next_label + place) for place in range(count)], pa.string())
        self._next_label += count
        return pc.replace_with_mask(given, missing, fresh) if count else given


@dataclass(slots=True)
class _Known:
    """The highest numbers of images and labels in a source, the numbers that several images share, and the classes of
    its labels."""

    image: int = 0
    label: int = 0
    shared: Sequence[str] = ()
    classes: Sequence[str] = ()


def _known(selection: Selection) -> _Known:
    known, numbers = _Known(), [pa.chunked_array([], pa.string())]
    classes: set[str] = set()
    for batch in selection.batches(("source_id", "class")):
        numbers.append(batch.items.column("number"))
        known.image = max(known.image, _maximum(numbers[-1]))
        known.label = max(known.label, _maximum(batch.labels.column("source_id")))
        classes.update(pc.unique(batch.labels.column("class")).to_pylist())
    counts = pc.value_counts(
        pa.chunked_array([chunk for one in numbers for chunk in one.chunks], pa.string()).drop_null()
    )
    known.shared = counts.field("values").filter(pc.greater(counts.field("counts"), 1)).to_pylist()
    order = {name: place for place, name in enumerate(selection.classes)}
    known.classes = sorted(classes, key=lambda name: (order.get(name, len(order)), name))
    return known


def _maximum(texts: pa.ChunkedArray) -> int:
    plain = pc.fill_null(pc.match_substring_regex(texts, _PLAIN), False)
    highest = pc.max(pc.cast(texts.filter(plain), pa.int64())).as_py() or 0
    others = texts.filter(pc.invert(plain)).to_pylist()
    return max([int(highest), *(number for number in map(whole, others) if number is not None)])
