"""Fields of a label that its file had computed from the geometry, and that a new geometry makes wrong."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from datalabel.formats.coco import Coco, derived_fields
from datalabel.labels.hashing import hash_rows
from datalabel.labels.rows import with_column
from datalabel.labels.tables import GEOMETRY
from datalabel.store.history import Tree


def without_derived(tree: Tree, before: pa.Table, after: pa.Table) -> pa.Table:
    """Labels with a new geometry lose the fields that their file had computed from the old one; the format
    computes them again when it writes."""
    shape = ("item", "id", "kind", *GEOMETRY)
    new = ~np.isin(hash_rows(after, shape), hash_rows(before, shape))
    formats = {name: source.format for name, source in tree.sources.items()}
    rows = np.flatnonzero(new & after.column("extra").is_valid().to_numpy())
    extras = after.column("extra").to_pylist() if len(rows) else []
    for row in rows.tolist():
        if formats.get(after.column("source")[row].as_py()) == Coco.name:
            said = msgspec.json.decode(extras[row], type=dict[str, msgspec.Raw])
            kept = {name: value for name, value in said.items() if name not in derived_fields}
            extras[row] = msgspec.json.encode(kept).decode() if kept else None
    return with_column(after, "extra", pa.array(extras, pa.string())) if len(rows) else after
