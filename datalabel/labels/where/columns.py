"""The columns that an expression may name, for help texts and for the parser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """What a value is. `ANY` is a property (each row's own JSON type counts) or NULL."""

    TEXT = "a text"
    NUMBER = "a number"
    TRUTH = "TRUE or FALSE"
    ANY = "anything"


class Side(StrEnum):
    """Which table a column is of; also the prefix that says so in an expression."""

    ITEM = "item"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class Column:
    """A column as users name it; `reads` are the columns of the stored table that it is taken from."""

    name: str
    side: Side
    type: Type
    meaning: str
    reads: tuple[str, ...]


def _column(side: Side, name: str, type_: Type, meaning: str, *reads: str) -> Column:
    return Column(name, side, type_, meaning, reads or (name,))


COLUMNS: tuple[Column, ...] = (
    _column(Side.ITEM, "item", Type.TEXT, "the item's key: its path below the project root"),
    _column(Side.ITEM, "key", Type.TEXT, "the same as item", "item"),
    _column(Side.ITEM, "content", Type.TEXT, "id of the image; null while the image is not here"),
    _column(Side.ITEM, "bytes", Type.NUMBER, "size of the image file"),
    _column(Side.ITEM, "width", Type.NUMBER, "width of the image in pixels"),
    _column(Side.ITEM, "height", Type.NUMBER, "height of the image in pixels"),
    _column(Side.ITEM, "format", Type.TEXT, "format of the image file"),
    _column(Side.ITEM, "orientation", Type.NUMBER, "EXIF orientation, 1 to 8"),
    _column(Side.ITEM, "state", Type.TEXT, "where the item stands in the workflow"),
    _column(Side.ITEM, "assignee", Type.TEXT, "who labels the item"),
    _column(Side.ITEM, "reviewer", Type.TEXT, "who reviews the item"),
    _column(Side.ITEM, "round", Type.NUMBER, "how often the item came back from review"),
    _column(Side.ITEM, "properties", Type.ANY, "a property of the item: item.properties.site"),
    _column(Side.LABEL, "id", Type.TEXT, "the label's id: 16 hexadecimal digits"),
    _column(Side.LABEL, "class", Type.TEXT, "class of the label"),
    _column(
        Side.LABEL, "kind", Type.TEXT, "box, rotated_box, polygon, polyline, keypoints, mask or category"
    ),
    _column(Side.LABEL, "x", Type.NUMBER, "left bound in pixels"),
    _column(Side.LABEL, "y", Type.NUMBER, "upper bound in pixels"),
    _column(Side.LABEL, "w", Type.NUMBER, "width of the bounds in pixels"),
    _column(Side.LABEL, "h", Type.NUMBER, "height of the bounds in pixels"),
    _column(
        Side.LABEL,
        "area",
        Type.NUMBER,
        "area of the box, outline or mask in square pixels; of other kinds w * h",
        "w",
        "h",
        "kind",
        "coords",
        "parts",
        "rle",
    ),
    _column(Side.LABEL, "aspect", Type.NUMBER, "w / h", "w", "h"),
    _column(Side.LABEL, "confidence", Type.NUMBER, "a model's confidence, 0 to 1"),
    _column(Side.LABEL, "annotator", Type.TEXT, "who drew the label; null: unknown"),
    _column(Side.LABEL, "source", Type.TEXT, "the source that the label came from"),
    _column(Side.LABEL, "source_id", Type.TEXT, "the label's number in its source"),
    _column(Side.LABEL, "properties", Type.ANY, "a property of the label: properties.occluded"),
)
"""Every name that an expression may use. A name that both tables have is the label's, unless `item.` stands
before it (`properties` is the only one)."""

PROPERTIES = "properties"

BY_SIDE: Mapping[Side, Mapping[str, Column]] = {
    side: {column.name: column for column in COLUMNS if column.side is side} for side in Side
}


def find_column(name: str, side: Side | None = None) -> Column | None:
    """The column of this name; without a side the label's comes first."""
    sides = (Side.LABEL, Side.ITEM) if side is None else (side,)
    return next((BY_SIDE[one][name] for one in sides if name in BY_SIDE[one]), None)


def column_names(side: Side | None = None) -> list[str]:
    """The names that an expression may use, of one table or of both."""
    return list(dict.fromkeys(column.name for column in COLUMNS if side in (None, column.side)))
