"""What a selection is written as: one task for the whole folder, told by a look at all of it beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.errors import Faults
from datalabel.formats.base import Batch, Selection
from datalabel.formats.yolo.dataset import Dataset, numbers_of, read_dataset, with_classes
from datalabel.formats.yolo.geometry import BOX, KEYPOINTS, POLYGON, ROTATED

_CODES = {"detect": BOX, "segment": POLYGON, "pose": KEYPOINTS, "obb": ROTATED}
_TASK_OF = {"keypoints": "pose", "polygon": "segment", "rotated_box": "obb"}
"""What a folder is, by the commonest of these kinds; boxes fit into any of them."""


@dataclass(slots=True)
class Seen:
    """What the labels of some selections are."""

    kinds: Counter[str] = field(default_factory=Counter)
    classes: set[str] = field(default_factory=set)
    points: int = 0
    """Of the label that has most."""
    scored: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """How many labels of each kind have a confidence in 0..1, and how many have none such."""

    @classmethod
    def of(cls, selections: Sequence[Selection], look: Callable[[Selection, Batch], None]) -> Seen:
        """Look at every label; at coordinates only where there are keypoints. `look` sees each batch, too."""
        seen = cls()
        for selection in selections:
            for batch in selection.batches(("kind", "class", "confidence")):
                look(selection, batch)
                seen._add(batch.labels)
        for selection in selections if seen.kinds["keypoints"] else ():
            for batch in selection.batches(("kind", "coords")):
                seen._add_points(batch.labels)
        return seen

    def _add(self, labels: pa.Table) -> None:
        confidence = labels.column("confidence")
        scored = pc.fill_null(pc.and_(pc.greater_equal(confidence, 0), pc.less_equal(confidence, 1)), False)
        counts = pa.table({"kind": labels.column("kind"), "scored": scored})
        for row in counts.group_by(["kind", "scored"]).aggregate([([], "count_all")]).to_pylist():
            self.kinds[row["kind"]] += row["count_all"]
            self.scored[row["kind"], row["scored"]] += row["count_all"]
        self.classes.update(pc.unique(labels.column("class")).to_pylist())

    def _add_points(self, labels: pa.Table) -> None:
        points = labels.filter(pc.equal(labels.column("kind"), "keypoints")).column("coords")
        self.points = max(self.points, (pc.max(pc.list_value_length(points)).as_py() or 0) // 3)

    def all_scored(self, *kinds: str) -> bool | None:
        """Whether all labels (of these kinds) have a confidence; None when some have and some have not."""
        found = {
            scored for (kind, scored), count in self.scored.items() if count and kind in (kinds or self.kinds)
        }
        return None if len(found) == 2 else found == {True}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a folder is written. `files` are those beside the label files, `numbers` the number of each class.

    A source that is written again (`own`) keeps boxes and polygons side by side when it had no task.
    """

    own: bool
    dataset: Dataset
    files: Mapping[str, str]
    numbers: Mapping[str, int]
    confidence: bool
    kinds: frozenset[str]
    """The kinds of the labels."""

    @property
    def task(self) -> str | None:
        """The task; None for boxes and polygons side by side."""
        mixed = self.own and self.dataset.task == "segment"
        return None if mixed else self.dataset.task

    @property
    def points(self) -> tuple[int, int]:
        """Keypoints per label, and numbers per keypoint."""
        return self.dataset.points or (0, 3)

    def codes(self, labels: pa.Table) -> npt.NDArray[np.int8]:
        """What each label is written as; -1 for those that have no bounds to be written by."""
        kinds = labels.column("kind")
        if self.task is None:
            outlines = pc.is_in(kinds, value_set=pa.array(["polygon", "rotated_box"]))
            codes = np.where(outlines.to_numpy(), POLYGON, BOX)
        else:
            codes = np.full(len(kinds), _CODES[self.task])
        bounded = np.asarray(labels.column("x").is_valid().to_numpy())
        return np.where(bounded, codes, -1).astype(np.int8)


def plan_of(selections: Sequence[Selection], seen: Seen, *, training: bool = False) -> Plan:
    """How these selections, whose labels were seen, are written into one folder; `training`: without confidences."""
    header = selections[0].header if selections else None
    if header is not None:
        return _again(header, seen, selections[0])
    classes = list(dict.fromkeys(name for selection in selections for name in selection.classes))
    classes += sorted(seen.classes - set(classes))
    counts = {kind: seen.kinds[kind] for kind in _TASK_OF if seen.kinds[kind]}
    task = _TASK_OF[max(counts, key=counts.__getitem__)] if counts else "detect"
    points = (max(seen.points, 1), 3) if task == "pose" else None
    dataset = Dataset(dict(enumerate(classes)), task, points)
    confidence = not training and seen.all_scored() is True
    return Plan(False, dataset, {}, numbers_of(dataset.classes), confidence, frozenset(seen.kinds))


def _again(header: Mapping[str, Any], seen: Seen, selection: Selection) -> Plan:
    """A source as it was, with more classes where its labels now have such."""
    faults = Faults()
    files: Mapping[str, str] = header["files"]
    dataset, _ = read_dataset(files, selection.name, faults)
    faults.raise_if_any()
    known = set(dataset.classes.values())
    added = [name for name in selection.classes if name in seen.classes - known]
    added += sorted(seen.classes - known - set(added))
    files, classes = with_classes(files, dataset, added)
    whole = Dataset(classes, dataset.task, dataset.points, dataset.sources)
    # After a polygon, only an odd number of columns tells that the last is a confidence: all or none.
    confidence = seen.all_scored("polygon", "rotated_box") is not None
    return Plan(True, whole, files, numbers_of(classes), confidence, frozenset(seen.kinds))
