"""What COCO cannot hold of a selection."""

from __future__ import annotations

from dataclasses import replace
from itertools import starmap

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.base import Batch, Capabilities, Loss, Selection
from datalabel.formats.coco.carried import Carried
from datalabel.formats.coco.document import RESULTS
from datalabel.formats.coco.reserved import given_numbers
from datalabel.formats.losses import Tally, capability_losses, field_lost

_ROTATED = "labels of kind rotated_box are written as polygons"
_HOLES = "polygons with holes are written as masks"
_CLASSES = "labels of classes that a list of results cannot name are left out"
_ITEMS = "labels of items that a list of results cannot name are left out"


def losses(holds: Capabilities, selection: Selection) -> list[Loss]:
    """Everything that `write` would not keep of the selection, in a fixed order."""
    kinds = {"rotated_box"} | ({"category"} if selection.header is not None else set())
    own = _Own(selection)
    found = capability_losses(replace(holds, kinds=holds.kinds | kinds, holes=True), selection, look=own.look)
    lost = Carried.of(selection.headers).lost
    return [*found, *starmap(field_lost, sorted(lost.items())), *own.losses()]


class _Own:
    """What only this format loses, counted batch by batch."""

    def __init__(self, selection: Selection) -> None:
        header = selection.header or {}
        self._results = header.get("shape") == RESULTS
        named = [one["name"] for one in header.get("categories", []) if "name" in one]
        named += given_numbers(header)
        self._named = pa.array(named, pa.string())
        self._tally = Tally()

    def look(self, batch: Batch) -> None:
        """Count some items and their labels."""
        labels = batch.labels
        tests = {_ROTATED: pc.equal(labels.column("kind"), "rotated_box"), _HOLES: _holed(labels)}
        if self._results:
            numbered = batch.items.filter(pc.is_valid(batch.items.column("number"))).column("item")
            tests[_ITEMS] = pc.invert(pc.is_in(labels.column("item"), value_set=numbered.combine_chunks()))
            tests[_CLASSES] = pc.invert(pc.is_in(labels.column("class"), value_set=self._named))
        for what, chosen in tests.items():
            self._tally.rows(what, labels, np.asarray(chosen, np.bool_))

    def losses(self) -> list[Loss]:
        """What was counted, in a fixed order."""
        order = (_ROTATED, _HOLES, _ITEMS, _CLASSES)
        return sorted(self._tally.losses(), key=lambda loss: order.index(loss.what))


def _holed(labels: pa.Table) -> pa.Array:
    """Polygons with a ring that is a hole (a negative number of points)."""
    parts = labels.column("parts").combine_chunks()
    rings = pc.list_flatten(parts).to_numpy()
    owners = pc.list_parent_indices(parts).to_numpy()
    holed = np.zeros(labels.num_rows, np.bool_)
    holed[owners[rings < 0]] = True
    return pc.and_(pa.array(holed), pc.equal(labels.column("kind").combine_chunks(), "polygon"))
