"""Tables as CSV (RFC 4180, lines end in a line feed)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any


def csv_of(names: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Rows under a heading. None is an empty cell; what cannot be printed is escaped, as on a terminal."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in value)
