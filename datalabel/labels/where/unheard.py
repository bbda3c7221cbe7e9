"""Names in an expression that no row has, which are most likely mistyped: properties and annotators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from datalabel.errors import Fault, nearest
from datalabel.labels.rows import distinct
from datalabel.labels.where import Where
from datalabel.labels.where.columns import PROPERTIES, Side
from datalabel.labels.where.nodes import Property, columns_in, texts_for
from datalabel.labels.where.values import Rows

_ANNOTATOR = "annotator"


class Unheard:
    """What an expression names and no row had so far of those that were shown. Properties whose names are `known`
    need no row."""

    def __init__(self, where: Where, known: Mapping[Side, Iterable[str]]) -> None:
        self._known = {side: set(names) for side, names in known.items()}
        self._annotators = {text for term in where.terms for text in texts_for(term, _ANNOTATOR)}
        self._others: set[str] = set()
        named = {name for term in where.terms for name in columns_in(term) if isinstance(name, Property)}
        self._properties = {one for one in named if one.path[0] not in self._known[one.side]}

    def columns(self, side: Side) -> list[str]:
        """The columns that rows of a table have to be shown with; none when every name was met."""
        wanted = [PROPERTIES] if any(one.side is side for one in self._properties) else []
        return [*wanted, _ANNOTATOR] if side is Side.LABEL and self._annotators else wanted

    def show(self, side: Side, rows: pa.Table) -> None:
        """Take note of what rows of a table have."""
        wanted = self.columns(side)
        if _ANNOTATOR in wanted:
            names = {name for name in distinct(rows.column(_ANNOTATOR)) if name is not None}
            self._annotators -= names
            self._others |= names
        if PROPERTIES in wanted:
            texts = Rows(rows, rows).texts(side)
            self._known[side].update(*texts.objects)
            mine = [one for one in self._properties if one.side is side]
            self._properties -= {one for one in mine if _has(texts.at(one.path[:-1]), one.path[-1])}

    def faults(self) -> tuple[Fault, ...]:
        """What was never met, each with the nearest name that was."""
        properties = (
            _fault(f"no {one.side} has a property {'.'.join(one.path)!r}", one.path[0], self._known[one.side])
            for one in sorted(self._properties, key=str)
        )
        people = (_fault(f"no label is by {name!r}", name, self._others) for name in sorted(self._annotators))
        return (*properties, *people)


def _has(objects: Iterable[Any], name: str) -> bool:
    return any(isinstance(one, Mapping) and name in one for one in objects)


def _fault(what: str, name: str, others: set[str]) -> Fault:
    close = nearest(name, others - {name})
    hint = f"did you mean {close!r}?" if close else "dlabel stats tells what there is"
    return Fault(what, "--where", hint)
