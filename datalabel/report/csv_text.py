"""Tables as CSV (RFC 4180, lines end in a line feed)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from datalabel.printable import printable

_FORMULAS = ("=", "+", "-", "@")


def csv_of(names: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Rows under a heading. None is an empty cell; what cannot be printed is escaped, as on a terminal, and text that
    a spreadsheet would take for a formula has an apostrophe before it (OWASP: CSV injection)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.startswith(_FORMULAS) else text
