"""Tables as CSV (RFC 4180, lines end in a line feed)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from datalabel.printable import printable


def csv_of(names: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Rows under a heading. None is an empty cell; what cannot be printed is escaped, as on a terminal."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value
