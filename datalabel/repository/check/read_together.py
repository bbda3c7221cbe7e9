"""What label files that are read in one command say of each other's numbers, without a project."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from datalabel.formats.base import Read
from datalabel.repository.class_numbers import of_two_classes


class NotYet(Exception):  # noqa: N818 - no error: it is asked again later
    """A source asks what others say before all of them have been read."""


class ReadTogether:
    """The sources of one command. A source that asks what the others say is read when they have been: until `finish`
    was called, asking raises `NotYet`."""

    def __init__(self) -> None:
        self._read: list[tuple[str, str, Read]] = []
        self._finished = False

    def add(self, name: str, format_name: str, read: Read) -> None:
        """A source of this name and format has been read, and is of use to others."""
        if not self._finished:
            self._read.append((name, format_name, read))

    def finish(self) -> None:
        """All have been read but those that asked."""
        self._finished = True

    def names_by_number(self, format_name: str) -> Mapping[str, Sequence[str]]:
        """Names of images by the numbers that sources of a format give them."""
        names: dict[str, dict[str, None]] = {}
        for _, read in self._of(format_name):
            columns = (read.mentions.column(one).to_pylist() for one in ("number", "name"))
            for number, called in zip(*columns, strict=True):
                names.setdefault(number, {})[called] = None
        return {number: list(called) for number, called in names.items()}

    def categories(self, format_name: str, asking: str) -> Sequence[Mapping[str, Any]]:
        """The categories of sources of a format, each once.

        Raises:
            InputError: two of them give one number to two classes.
        """
        known: dict[str, tuple[str, Mapping[str, Any]]] = {}
        for name, read in self._of(format_name):
            for one in read.header.get("categories") or ():
                number = json.dumps(one.get("id"))
                first, other = known.setdefault(number, (name, one))
                if other.get("name") != one.get("name"):
                    told = (first, other.get("name")), (name, one.get("name"))
                    raise of_two_classes(number, *told, where=asking)
        return [one for _, one in known.values()]

    def _of(self, format_name: str) -> list[tuple[str, Read]]:
        if not self._finished:
            raise NotYet
        return [(name, read) for name, of, read in self._read if of == format_name]
