"""No two items may be written to one file."""

from __future__ import annotations

import unicodedata

from datalabel.errors import Faults


class Claims:
    """The files of an export, each claimed by one item; a second claim is a fault.

    What one file is, the most careless file system decides: it knows no case, and one Unicode form.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._items: dict[str, str] = {}

    def claim(self, path: str, item: str, selection: str) -> None:
        """An item of a selection is to be written to this path."""
        name = path.lower() if path.isascii() else unicodedata.normalize("NFC", path).casefold()
        other = self._items.setdefault(name, item)
        if other != item:
            self._faults.add(f"{other} and {item} would be written to one file, {path}", selection)
