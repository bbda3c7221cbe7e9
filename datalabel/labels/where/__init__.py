"""Choosing items and labels by an expression in the style of SQL: `class = 'car' AND width > 1000`.

The expression is read, checked and turned into operations on whole columns; nothing of it is executed.

*   Columns are those of `COLUMNS`. `item.` or `label.` may stand before a name; without it a name that both
    have (`properties`) is the label's. Names are case-sensitive.
*   There are AND OR NOT, `= != < <= > >=`, IN, BETWEEN, LIKE and ILIKE (`%`, `_`, ESCAPE), IS NULL,
    `+ - * /` on numbers, brackets, texts in single quotes, numbers, TRUE, FALSE and NULL.
*   Where a value is missing the answer is unknown, as in SQL, and what is unknown is not chosen. Division by
    zero gives a missing value. Numbers are 64-bit floats; texts are ordered by code point.
*   `properties.site`, `properties.size.unit`, `properties."my key"` are values inside the JSON, compared by
    their own type: one of another type than what it is compared with is unknown. A list passes a test against
    constants when one of its members does (`properties.defects = 'cut'`: the list contains it), and `!=` and
    NOT are the opposite; anywhere else a list is unknown. A property alone holds where it is true.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.where.columns import COLUMNS, Column, Side
from datalabel.labels.where.evaluate import truth
from datalabel.labels.where.nodes import And, Condition, columns_in, texts_for
from datalabel.labels.where.values import Rows

__all__ = ["COLUMNS", "Column", "Where", "parse_where"]


@dataclass(frozen=True, slots=True)
class Where:
    """An expression that has been read: which items and which labels it chooses.

    It is a chain of terms joined by AND. Terms that name item columns only (or none) choose items; all others
    choose labels, with the columns of the label's item beside its own. `canonical` is the expression in its
    one spelling: it reads back as the same expression.
    """

    text: str
    terms: tuple[Condition, ...]

    @property
    def canonical(self) -> str:
        """The expression, normalised."""
        return str(self.terms[0]) if len(self.terms) == 1 else str(And(self.terms))

    @property
    def label_columns(self) -> tuple[str, ...]:
        """The columns of the labels table that are needed, `item` first."""
        named = (name for term in self.terms for name in columns_in(term) if name.side is Side.LABEL)
        return tuple(dict.fromkeys(["item", *(column for name in named for column in name.reads)]))

    @property
    def chooses_labels(self) -> bool:
        """Whether any term is about labels; if not, an item is chosen with all its labels."""
        return any(map(_about_labels, self.terms))

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class that the expression names."""
        return tuple(dict.fromkeys(text for term in self.terms for text in texts_for(term, "class")))

    def items(self, items: pa.Table) -> pa.BooleanArray:
        """Which items are chosen, per row of a table of items."""
        terms = [term for term in self.terms if not _about_labels(term)]
        return _all_hold(terms, Rows(items), items.num_rows)

    def labels(self, labels: pa.Table, items: pa.Table) -> pa.BooleanArray:
        """Which labels are chosen, per row of a table with `label_columns`.

        `items` holds the items of the batch, each once. A label is chosen when its item is among them and is
        chosen, and every term about labels holds.
        """
        item_of = pc.index_in(labels.column("item"), value_set=items.column("item"))
        of_items = pc.fill_null(self.items(items).take(item_of), False)
        terms = [term for term in self.terms if _about_labels(term)]
        return _flat(pc.and_(of_items, _all_hold(terms, Rows(items, labels, item_of), labels.num_rows)))


def parse_where(text: str) -> Where:
    """Read an expression.

    Raises:
        UsageError: it is not an expression, or it names or does what is not available; all such places
            at once, with a hint.
    """
    from datalabel.labels.where.parse import read_condition

    condition = read_condition(text)
    return Where(text, condition.terms if isinstance(condition, And) else (condition,))


def _about_labels(term: Condition) -> bool:
    return any(name.side is Side.LABEL for name in columns_in(term))


def _all_hold(terms: Sequence[Condition], rows: Rows, count: int) -> pa.BooleanArray:
    """Where every term is TRUE, of so many rows."""
    truths: Iterator[Any] = (pc.fill_null(truth(term, rows), False) for term in terms)
    every = reduce(pc.and_, truths, pa.scalar(True))
    return pa.repeat(every, count) if isinstance(every, pa.Scalar) else _flat(every)


def _flat(values: pa.Array | pa.ChunkedArray) -> pa.BooleanArray:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
