"""The columns in which items, mentions and labels are held, everywhere in the program.

Bulk data is Arrow. A row of `LABELS` is one label; what its columns mean is written in
`datalabel/store/FORMAT.md`. Two conventions hold wherever these tables are passed around:

* rows are sorted by item key, and the rows of one item are never split over two batches;
* a null is "not said": null `properties` are `{}`, a null `annotator` is "unknown".
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

KINDS = ("box", "rotated_box", "polygon", "polyline", "keypoints", "mask", "category")
"""The kinds of geometry that a label may have."""

UNKNOWN = "unknown"
"""What the annotator of a label is called when nobody said who it was."""

GROUND_TRUTH = "ground_truth"
"""The name of a label set unless said otherwise."""

LABELS: pa.Schema = pa.schema(
    [
        pa.field("item", pa.string(), nullable=False),
        pa.field("id", pa.uint64(), nullable=False),
        pa.field("class", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("x", pa.float64()),
        pa.field("y", pa.float64()),
        pa.field("w", pa.float64()),
        pa.field("h", pa.float64()),
        pa.field("coords", pa.list_(pa.float64())),
        pa.field("parts", pa.list_(pa.int32())),
        pa.field("rle", pa.string()),
        pa.field("properties", pa.string()),
        pa.field("confidence", pa.float64()),
        pa.field("annotator", pa.string()),
        pa.field("source", pa.string()),
        pa.field("source_id", pa.string()),
        pa.field("rank", pa.int32()),
        pa.field("extra", pa.string()),
    ]
)

LABEL_ORDER = ("item", "source", "rank", "id")
"""In what order a set holds its labels: each source's together, as the source has them."""

ITEMS: pa.Schema = pa.schema(
    [
        pa.field("item", pa.string(), nullable=False),
        pa.field("content", pa.string()),
        pa.field("bytes", pa.int64()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("format", pa.string()),
        pa.field("orientation", pa.int8()),
        pa.field("state", pa.string()),
        pa.field("assignee", pa.string()),
        pa.field("reviewer", pa.string()),
        pa.field("round", pa.int32()),
        pa.field("marks", pa.string()),
        pa.field("properties", pa.string()),
        pa.field("moved_to", pa.string()),
    ]
)

MENTIONS: pa.Schema = pa.schema(
    [
        pa.field("item", pa.string(), nullable=False),
        pa.field("set", pa.string()),
        pa.field("source", pa.string()),
        pa.field("annotator", pa.string()),
        pa.field("name", pa.string()),
        pa.field("number", pa.string()),
        pa.field("order", pa.int64()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("extra", pa.string()),
        pa.field("digest", pa.uint64()),
    ]
)

MENTION_ORDER = ("item", "set", "source", "annotator")
"""In what order mentions are held."""

SPLITS: pa.Schema = pa.schema(
    [pa.field("item", pa.string(), nullable=False), pa.field("split", pa.string(), nullable=False)]
)
"""Which split of a snapshot each item belongs to."""

MEASURES: pa.Schema = pa.schema(
    [
        pa.field("left", pa.float64()),
        pa.field("top", pa.float64()),
        pa.field("right", pa.float64()),
        pa.field("bottom", pa.float64()),
        pa.field("area", pa.float64()),
        pa.field("points", pa.int32()),
        pa.field("nearest_alike", pa.float64()),
        pa.field("nearest", pa.float64()),
        pa.field("plain", pa.bool_()),
    ]
)
"""What may be known of labels without looking at their outlines: columns beside those of `LABELS`.

Bounds and area are those of `labels.geometry`, null for boxes, whose columns say as much. `points` counts those of
polygons and lines, of keypoints the labelled ones. `nearest` is the largest IoU of the bounds with another label of
the item by the same annotator, `nearest_alike` of the same class, too (see `labels.overlap`). `plain` is true where
nothing more than these numbers can be found wrong with a label's own geometry, or with how it lies among the labels
of its item, false where something may be; null for a label that was not measured, of which the other columns are
null too.
"""

NEAREST = ("nearest_alike", "nearest")

MEASURES_VERSION = 3
"""Raised when other numbers come out, or other labels are plain: what was measured before is measured again then."""

MEASURED_LABELS = pa.schema([*LABELS, *MEASURES])
"""Labels with what is known of them."""

LEFT_OUT = ("coords", "parts", "rle", "extra")
"""The long columns, which are left out (null) for most plain labels where `MEASURES` are asked for."""

GEOMETRY = ("x", "y", "w", "h", "coords", "parts", "rle")
"""The columns that together are a label's geometry (with `kind`)."""

JUDGED = ("class", "kind", *GEOMETRY, "properties")
"""What checks judge a label by: labels equal in these are the same to them, and an acceptance is about these."""


def table_of(columns: dict[str, Any], schema: pa.Schema) -> pa.Table:
    """A table of this schema from some of its columns; the others are null.

    Raises:
        KeyError: a column that the schema does not know.
    """
    unknown = set(columns) - set(schema.names)
    if unknown:
        raise KeyError(f"no such column: {', '.join(sorted(unknown))}")
    rows = len(next(iter(columns.values()))) if columns else 0
    arrays = [
        as_array(columns[field.name], field.type) if field.name in columns else pa.nulls(rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def as_array(values: Any, type_: pa.DataType) -> pa.Array | pa.ChunkedArray:
    """Values (a sequence, NumPy or Arrow array) as an Arrow array of this type."""
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values if values.type == type_ else values.cast(type_)
    return pa.array(values, type_)


def empty(schema: pa.Schema) -> pa.Table:
    """A table of this schema without rows."""
    return schema.empty_table()


def label_id_text(label_id: int) -> str:
    """How a label id is written for people and in JSON: 16 hexadecimal digits."""
    return f"{label_id:016x}"
