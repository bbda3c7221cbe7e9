"""Which images have another size than a label file said."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def of_another_size(items: pa.Table, said: pa.Table) -> list[str]:
    """The items whose image is here and of another size than mentions say, in the order of these. Both tables have
    `item`, `width` and `height`, the items their `content` as well."""
    here = items.filter(pc.is_valid(items.column("content")))
    at = pc.index_in(said.column("item"), value_set=here.column("item").combine_chunks())
    differ = (pc.not_equal(said.column(side), here.column(side).take(at)) for side in ("width", "height"))
    return list(pc.unique(said.filter(pc.or_(*differ)).column("item")).to_pylist())
