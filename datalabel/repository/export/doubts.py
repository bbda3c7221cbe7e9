"""What an export writes and perhaps is not meant: told, and written all the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.errors import Fault
from datalabel.formats.registry import get_format
from datalabel.images import TURNED
from datalabel.labels.mentions import of_set
from datalabel.labels.tables import GROUND_TRUTH
from datalabel.printable import amount
from datalabel.repository.export.selecting import Filter
from datalabel.repository.image_sizes import of_another_size
from datalabel.repository.view import View

_SIDES = ["width", "height"]
_TOLERANCE = 0.01
"""So far out of 0..1 trainers let a centre or a size lie."""


def doubts(view: View, set_name: str, keys: Collection[str] | None) -> list[Fault]:
    """Images of another size than label files say, and images that no label file names, among these items (None: all)
    of a set that is written as a whole."""
    columns = ["item", "content", *_SIDES]
    items = view.items.together(view.item_batches(columns), columns)
    if keys is not None:
        items = items.filter(pc.is_in(items.column("item"), value_set=pa.array(keys, pa.string())))
    columns = ["item", "set", *_SIDES]
    scanned = view.store.tables.scan(view.mentions, columns)
    own = (of_set(batch, set_name) for batch in scanned)
    said = view.mentions.together(own, columns)
    return [*_resized(items, said), *(_unnamed(items, said) if set_name == GROUND_TRUTH else ())]


def _resized(items: pa.Table, said: pa.Table) -> list[Fault]:
    found = of_another_size(items, said)
    if not found:
        return []
    is_are = "is" if len(found) == 1 else "are"
    what = f"{amount(len(found), 'image')} {is_are} of another size than the label file says: labels lie elsewhere"
    return [Fault(f"{what} (first: {found[0]})", hint="dlabel check --select I104,I105")]


def _unnamed(items: pa.Table, said: pa.Table) -> list[Fault]:
    named = pc.is_in(items.column("item"), value_set=said.column("item").combine_chunks())
    found = items.filter(pc.invert(named)).column("item").to_pylist()
    if not found or not said.num_rows:
        return []
    what = f"{amount(len(found), 'image')} that no label file names: written as without labels"
    return [Fault(f"{what} (first: {found[0]})", hint="a snapshot leaves such images out")]


def fraction_doubts(view: View, set_name: str, chosen: Filter, splits: Sequence[str]) -> list[Fault]:
    """What trainers make of labels that are told in fractions of their images: those of these splits, where the view
    has such."""
    table = view.split_table()
    keys = None
    if table is not None:
        told = table.filter(pc.is_in(table.column("split"), value_set=pa.array(splits, pa.string())))
        keys = sorted(told.column("item").to_pylist()) if told.num_rows < table.num_rows else None
    return [*_skipped(view, set_name, chosen, keys), *_turned(view, set_name, chosen, keys)]


def _skipped(view: View, set_name: str, chosen: Filter, keys: Sequence[str] | None) -> list[Fault]:
    """Labels whose centre or size is no fraction of the image. Reaching a little over an edge is none of these."""
    columns = sorted({"item", *"xywh", *chosen.label_columns})
    count, images, first = 0, 0, ""
    for batch in view.keyed_batches(set_name, keys, columns):
        items, labels = chosen.apply(*batch)
        found = labels.column("item").filter(pa.array(_out_of_range(items, labels)))
        if len(found):
            first = first or found[0].as_py()
            count, images = count + len(found), images + pc.count_distinct(found).as_py()
    if not count:
        return []
    what = f"{amount(count, 'label')} far outside the image or of negative size: "
    what += f"trainers skip all labels of {amount(images, 'image')} (first: {first})"
    hint = "dlabel check --select G102,G104,G105 finds them, dlabel check --fix clips to the image"
    return [Fault(what, hint=hint)]


def _out_of_range(items: pa.Table, labels: pa.Table) -> npt.NDArray[np.bool_]:
    rows = pc.index_in(labels.column("item"), value_set=items.column("item").combine_chunks()).to_numpy()
    found = np.zeros(labels.num_rows, np.bool_)
    for start, size, side in (("x", "w", "width"), ("y", "h", "height")):
        sides = items.column(side).to_numpy().astype(np.float64)[rows]
        low, length = (labels.column(name).to_numpy() for name in (start, size))
        with np.errstate(all="ignore"):
            center = low + length / 2
        found |= (length < 0) | (center < -_TOLERANCE * sides)
        found |= np.maximum(center, length) > (1 + _TOLERANCE) * sides
    return found


def _turned(view: View, set_name: str, chosen: Filter, keys: Sequence[str] | None) -> list[Fault]:
    """Images that EXIF shows with their sides swapped and that have labels in pixels: fractions of the stored sides.
    Labels that came as fractions go out as the same ones."""
    items = view.items.together(view.item_batches(["item", "orientation"]), ["item", "orientation"])
    turned = pc.fill_null(pc.greater_equal(items.column("orientation"), TURNED), False)
    found = items.column("item").filter(turned).to_pylist()
    if keys is not None:
        found = sorted(set(found).intersection(keys))
    sources = ((name, one) for name, one in view.tree.sources.items() if one.set == set_name)
    fractional = pa.array([name for name, one in sources if get_format(one.format).fractional], pa.string())
    labelled: list[str] = []
    columns = sorted({"item", "source", *chosen.label_columns})
    for batch in view.keyed_batches(set_name, found, columns) if found else ():
        _, labels = chosen.apply(*batch)
        measured = pc.invert(pc.is_in(labels.column("source"), value_set=fractional))
        labelled += pc.unique(labels.column("item").filter(measured)).to_pylist()
    if not labelled:
        return []
    is_are = "is" if len(labelled) == 1 else "are"
    what = f"{amount(len(labelled), 'image')} {is_are} turned by EXIF, and fractions are of the sides as stored: "
    hint = "dlabel check --select I105 finds labels drawn on the turned image: turn its pixels (mogrify -auto-orient)"
    return [Fault(f"{what}trainers that turn images misplace these labels (first: {labelled[0]})", hint=hint)]
