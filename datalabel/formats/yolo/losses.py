"""What one YOLO folder cannot hold, and what must not be asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import starmap
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.errors import Faults, RefusedError
from datalabel.formats.base import Batch, Capabilities, Loss, Selection
from datalabel.formats.claims import Claims
from datalabel.formats.losses import Tally, capability_losses, field_lost
from datalabel.formats.yolo.carried import carried
from datalabel.formats.yolo.geometry import too_short
from datalabel.formats.yolo.places import place_in_source, place_in_split
from datalabel.formats.yolo.plan import Plan, Seen, plan_of

_HELD = {
    None: {"box", "polygon"},
    "detect": {"box"},
    "segment": {"polygon"},
    "pose": {"keypoints"},
    "obb": {"rotated_box"},
}
_BECOMES: dict[str | None, dict[str, str]] = {
    None: {"rotated_box": "rotated_box becomes a polygon"},
    "detect": {},
    "segment": {"box": "box becomes a polygon", "rotated_box": "rotated_box becomes a polygon"},
    "pose": {"box": "box becomes keypoints without points"},
    "obb": {"box": "box becomes a rotated_box"},
}
"""What else is written with its whole outline, by what the folder holds."""


def losses(selection: Selection, *, training: bool = False) -> list[Loss]:
    """Everything that writing the selection into one folder would not keep, in a fixed order.

    Raises:
        RefusedError: see `planned`.
    """
    plan = planned([selection], training=training)
    holds = Capabilities(
        kinds=frozenset(_HELD[plan.task] | _BECOMES[plan.task].keys()), confidence=plan.confidence
    )
    _, lost = carried(selection.headers, plan.dataset)
    tally = Tally()

    def look(batch: Batch) -> None:
        _count(tally, batch.labels, _changed(plan, batch.labels))

    found = capability_losses(holds, selection, bounds=True, look=look)
    if plan.task == "pose" and "keypoints" in plan.kinds:
        for batch in selection.batches(("kind", "coords")):
            _count(tally, batch.labels, _changed_points(plan, batch.labels))
    return [*found, *starmap(field_lost, sorted(lost.items())), *tally.losses()]


def _count(tally: Tally, labels: pa.Table, changed: Iterable[tuple[str, Any]]) -> None:
    for what, chosen in changed:
        tally.rows(what, labels, np.asarray(chosen, np.bool_))


def _changed(plan: Plan, labels: pa.Table) -> Iterator[tuple[str, Any]]:
    """What happens to some labels for this format's own reasons, and to which of them."""
    for kind, what in _BECOMES[plan.task].items():
        yield what, pc.equal(labels.column("kind"), kind)
    if "polygon" in _HELD[plan.task]:
        yield "polygon of fewer than 3 points becomes its bounding box", too_short(labels)


def _changed_points(plan: Plan, labels: pa.Table) -> Iterator[tuple[str, Any]]:
    """What happens to keypoints, and to which of them."""
    count, dims = plan.points
    points = pc.equal(labels.column("kind"), "keypoints")
    lengths = pc.fill_null(pc.list_value_length(labels.column("coords")), 0)
    yield f"keypoints are written as {count} points", pc.and_(points, pc.not_equal(lengths, 3 * count))
    if dims == 2:
        yield "keypoints lose which of them are hidden", _hidden(labels, points)


def _hidden(labels: pa.Table, keypoints: pa.ChunkedArray) -> pa.Array:
    """Labels with a point that is labelled and not visible."""
    coords = labels.column("coords").combine_chunks()
    parents = pc.list_parent_indices(coords).to_numpy()
    values = pc.list_flatten(coords).to_numpy()
    starts = np.searchsorted(parents, parents)
    hidden = ((np.arange(len(values)) - starts) % 3 == 2) & (values == 1)
    rows = np.bincount(parents[hidden], minlength=labels.num_rows) > 0
    return pc.and_(pa.array(rows), keypoints)


def planned(selections: Sequence[Selection], *, training: bool = False) -> Plan:
    """How selections are written into one folder, when nothing would overwrite a file of its own, and all can be told
    in fractions.

    Raises:
        RefusedError: two items would be written to one file, or an image with labels has no known size.
    """
    place = place_in_split if training else place_in_source
    faults = Faults()
    claims = Claims(faults)

    def look(selection: Selection, batch: Batch) -> None:
        for item in batch.items.select(["item", "name", "number"]).to_pylist():
            claims.claim(place(selection, item), item["item"], selection.name)
        for key in _sizeless(batch):
            faults.add("the size of the image is not known, so nothing in it can be told in fractions", key)

    seen = Seen.of(selections, look)
    faults.raise_if_any(RefusedError, hint="add the images, or leave these items out")
    return plan_of(selections, seen, training=training)


def _sizeless(batch: Batch) -> list[str]:
    """Items with labels whose size is not known."""
    items = batch.items
    known = pc.and_(pc.greater(items.column("width"), 0), pc.greater(items.column("height"), 0))
    unknown = items.column("item").filter(pc.invert(pc.fill_null(known, False)))
    if not len(unknown):
        return []
    labelled = pc.is_in(unknown, value_set=pc.unique(batch.labels.column("item")))
    return list(unknown.filter(labelled).to_pylist())
