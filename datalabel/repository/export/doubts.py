"""What an export writes and perhaps is not meant: told, and written all the same."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.errors import Fault
from datalabel.labels.tables import GROUND_TRUTH
from datalabel.printable import amount
from datalabel.repository.image_sizes import of_another_size
from datalabel.repository.view import View

_SIDES = ["width", "height"]


def doubts(view: View, set_name: str, keys: Collection[str] | None) -> list[Fault]:
    """Images of another size than label files say, and images that no label file names, among these items (None: all)
    of a set that is written as a whole."""
    columns = ["item", "content", *_SIDES]
    items = view.items.together(view.item_batches(columns), columns)
    if keys is not None:
        items = items.filter(pc.is_in(items.column("item"), value_set=pa.array(keys, pa.string())))
    columns = ["item", "set", *_SIDES]
    scanned = view.store.tables.scan(view.mentions, columns)
    own = (batch.filter(pc.equal(batch.column("set"), set_name)) for batch in scanned)
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
