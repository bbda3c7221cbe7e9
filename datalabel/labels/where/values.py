"""The values of an expression over one batch: columns, properties, and arithmetic on them.

A value is an Arrow array with one entry per row, or an Arrow scalar where it is the same for every row.
Numbers are 64-bit floats throughout.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.geometry import SOLID, area
from datalabel.labels.properties import properties_in
from datalabel.labels.where.columns import PROPERTIES, Side, Type
from datalabel.labels.where.nodes import Arithmetic, Field, Literal, Negative, Property, Value

Values: TypeAlias = Any
"""An Arrow array, chunked array or scalar."""

ARROW = {Type.TEXT: pa.string(), Type.NUMBER: pa.float64(), Type.TRUTH: pa.bool_()}


class Rows:
    """The rows of one batch that an expression is worked out on: labels with their items, or items alone.

    `item_of` says for each row which row of `items` belongs to it; None: the rows are the items.
    """

    def __init__(
        self, items: pa.Table, labels: pa.Table | None = None, item_of: pa.Array | None = None
    ) -> None:
        self._tables = {Side.ITEM: items, Side.LABEL: labels}
        self._item_of = item_of
        self._texts: dict[Side, _PropertyTexts] = {}

    def values(self, value: Value, type_: Type) -> Values:
        """A value as this type, not ANY; a property is null where it is of another type."""
        match value:
            case Literal():
                return pa.scalar(value.value, ARROW[type_])
            case Field():
                return self._spread(value.side, self._field(value))
            case Property():
                texts = self.texts(value.side)
                return self._spread(value.side, texts.spread(typed(texts.at(value.path), type_)))
            case Arithmetic():
                return _calculated(
                    value.sign, self.values(value.left, Type.NUMBER), self.values(value.right, Type.NUMBER)
                )
            case Negative():
                return pc.negate(self.values(value.value, Type.NUMBER))

    def any_member(self, value: Property, type_: Type, test: Callable[[Values], Values]) -> Values:
        """Where a property passes a test; where it is a list, any of its members. Tried once per text."""
        texts = self.texts(value.side)
        return self._spread(value.side, texts.spread(_any_member(texts.at(value.path), type_, test)))

    def missing(self, value: Value) -> Values:
        """Where a value is null."""
        if isinstance(value, Property):
            texts = self.texts(value.side)
            absent = pa.array([found is None for found in texts.at(value.path)], pa.bool_())
            return self._spread(value.side, texts.spread(absent))
        return pc.is_null(self.values(value, Type.NUMBER if value.type is Type.ANY else value.type))

    def texts(self, side: Side) -> _PropertyTexts:
        """The properties of one table, taken apart."""
        if side not in self._texts:
            self._texts[side] = _PropertyTexts.of(self._tables[side].column(PROPERTIES))
        return self._texts[side]

    def _spread(self, side: Side, values: Values) -> Values:
        """One entry per row, from one entry per row of the table."""
        if side is Side.LABEL or self._item_of is None:
            return values
        return values.take(self._item_of)

    def _field(self, field: Field) -> Values:
        columns = [self._tables[field.side].column(name) for name in field.reads]
        match field.column.name:
            case "area":
                return _areas(pa.table(columns, list(field.reads)))
            case "aspect":
                return _calculated("/", *columns)
            case "id":
                return id_texts(columns[0])
        return columns[0].cast(ARROW[field.type])


def _areas(labels: pa.Table) -> Values:
    """The areas of what has one, and of the bounds of lines, keypoints and categories."""
    solid = pc.is_in(labels.column("kind"), value_set=pa.array(SOLID))
    bounds = pc.multiply(labels.column("w"), labels.column("h"))
    return pc.if_else(solid, pa.array(area(labels), from_pandas=True), bounds)


@dataclass(frozen=True, slots=True)
class _PropertyTexts:
    """A column of properties: the objects that its distinct texts say, and which one each row has."""

    objects: list[Mapping[str, Any]]
    which: pa.Array

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> _PropertyTexts:
        encoded = column.combine_chunks().dictionary_encode()
        objects = [properties_in(text) or {} for text in encoded.dictionary.to_pylist()]
        # Rows without properties have `{}`, which stands last.
        return cls([*objects, {}], encoded.indices.fill_null(len(objects)))

    def at(self, path: tuple[str, ...]) -> list[Any]:
        """What stands at a path, per object; None where there is nothing."""
        found: list[Any] = list(self.objects)
        for name in path:
            found = [one.get(name) if isinstance(one, Mapping) else None for one in found]
        return found

    def spread(self, values: pa.Array) -> pa.Array:
        """One entry per row, from one entry per object."""
        return values.take(self.which)


def typed(values: list[Any], type_: Type) -> pa.Array:
    """JSON values as a column of one type; null where they are of another."""
    return pa.array([_as(value, type_) for value in values], ARROW[type_])


def _as(value: Any, type_: Type) -> str | float | bool | None:
    if isinstance(value, bool):
        return value if type_ is Type.TRUTH else None
    if isinstance(value, str) and type_ is Type.TEXT:
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int | float) and type_ is Type.NUMBER:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return None


def _any_member(values: list[Any], type_: Type, test: Callable[[Values], Values]) -> pa.Array:
    """Per value whether it, or one member of it where it is a list, passes; null where that is unknown."""
    lists = [value if isinstance(value, list) else [value] for value in values]
    sizes = np.fromiter(map(len, lists), np.intp, len(lists))
    owner = np.repeat(np.arange(len(lists)), sizes)
    passed = test(typed([member for members in lists for member in members], type_))
    true = _owners(owner, len(lists), pc.fill_null(passed, False))
    unknown = _owners(owner, len(lists), pc.is_null(passed))
    return pa.array(true, mask=~true & unknown)


def _owners(owner: npt.NDArray[np.intp], count: int, chosen: pa.Array) -> npt.NDArray[np.bool_]:
    found = np.zeros(count, np.bool_)
    found[owner[chosen.to_numpy(zero_copy_only=False)]] = True
    return found


def _calculated(sign: str, left: Values, right: Values) -> Values:
    match sign:
        case "+":
            return pc.add(left, right)
        case "-":
            return pc.subtract(left, right)
        case "*":
            return pc.multiply(left, right)
    none = pa.scalar(None, pa.float64())
    return pc.divide(left, pc.if_else(pc.equal(right, 0.0), none, right))


def id_texts(ids: pa.ChunkedArray) -> pa.Array:
    """Label ids as people write them: 16 hexadecimal digits each (`tables.label_id_text`), all in one go."""
    numbers = ids.to_numpy().astype(">u8")
    starts = np.arange(len(numbers) + 1, dtype=np.int64) * 16
    digits = pa.py_buffer(numbers.tobytes().hex().encode())
    return pa.LargeStringArray.from_buffers(len(numbers), pa.py_buffer(starts), digits).cast(pa.string())
