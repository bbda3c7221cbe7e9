"""Tables from rows, as a test says them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from datalabel.labels.tables import table_of


def rows_of(rows: Sequence[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """A table of these rows. Labels get the ids 1, 2, … unless they have some; what else is not said is null."""
    numbered = [{"id": number, **row} for number, row in enumerate(rows, 1)]
    return table_of({name: [row.get(name) for row in numbered] for name in schema.names}, schema)
