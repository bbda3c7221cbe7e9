"""How changes look in a terminal: summaries, items, labels by object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datalabel.cli.presenting import Screen, shown
from datalabel.printable import amount

if TYPE_CHECKING:
    from datalabel.labels.merge import Conflict

_SIGNS = (("added", "+", "good"), ("removed", "-", "bad"), ("changed", "~", "warn"))
_ITEM_WORDS = ("added", "removed", "replaced", "renamed", "changed")


def summary_lines(screen: Screen, summary: Mapping[str, Any]) -> None:
    """Counts of a change, a line per table."""
    items = [
        f"{number:,} {word}" for word in _ITEM_WORDS if (number := summary.get("items", {}).get(word, 0))
    ]
    names = ["items", *summary.get("sets", {})]
    width = max(len(shown(name)) for name in names)
    if items:
        screen.line(f"  {'items':<{width}}  " + ", ".join(items))
    for name, counts in summary.get("sets", {}).items():
        parts = [(f"{sign}{counts[word]:,} {word}  ", style) for word, sign, style in _SIGNS if counts[word]]
        fields = ", ".join(f"{field} {number:,}" for field, number in counts.get("by_field", {}).items())
        screen.line(f"  {shown(name):<{width}}  ", *parts, (f"({fields})" if fields else "", "dim"))
    if summary.get("spec"):
        screen.line(f"  {'spec':<{width}}  {amount(summary['spec'], 'change')}")


def item_line(screen: Screen, change: Mapping[str, Any]) -> None:
    """One changed item."""
    style = {"added": "good", "removed": "bad"}.get(change["change"], "warn")
    words = shown(change["key"])
    if change.get("old_key"):
        words = f"{shown(change['old_key'])} → {words}"
    screen.line("  ", (f"{change['change']:<9}", style), words, (_item_fields(change), "dim"))


def _item_fields(change: Mapping[str, Any]) -> str:
    fields = change["fields"]
    if {"width", "height"} & set(fields):
        old = [fields[name][0] if name in fields else "…" for name in ("width", "height")]
        new = [fields[name][1] if name in fields else "…" for name in ("width", "height")]
        return f"  {old[0]}×{old[1]} → {new[0]}×{new[1]}"
    shown_fields = [
        _properties(*pair) if name == "properties" else name
        for name, pair in fields.items()
        if name not in ("content", "bytes")
    ]
    return "  " + ", ".join(shown_fields) if shown_fields else ""


def _properties(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """Each property that is another now."""
    old, new = before or {}, after or {}
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return (
        ", ".join(f"{shown(name)} {_pair([old.get(name), new.get(name)])}" for name in names) or "properties"
    )


def label_line(screen: Screen, change: Mapping[str, Any]) -> None:
    """One changed label: what it is, and below it how each field changed."""
    sign, style = {word: (sign, style) for word, sign, style in _SIGNS}[change["change"]]
    label = change["after"] or change["before"]
    what = _label(label)
    fields = [f"{name} {_field(name, value)}" for name, value in change["fields"].items()]
    screen.line("    ", (f"{sign} {change['id']}", style), f"  {what}")
    line = ""
    for field in fields:
        if line and len(line) + len(field) + 26 > screen.width:
            screen.line(" " * 24, (line, "info"))
            line = ""
        line = f"{line}  {field}" if line else field
    if line:
        screen.line(" " * 24, (line, "info"))


def conflict_line(screen: Screen, conflict: Conflict) -> None:
    """What base, staging and the source say of one label's field."""
    said = [_said(conflict.field, value) for value in (conflict.base, conflict.ours, conflict.theirs)]
    words = ", ".join(
        f"{side} {value}" for side, value in zip(("was", "here", "in the file"), said, strict=True)
    )
    screen.line(f"  {shown(conflict.item)}  label {conflict.id:016x}  {conflict.field}: {words}")


def _said(field: str, value: Any) -> str:
    if field == "label":
        return "gone" if value is None else _label(value)
    return _value(value)


def _label(label: Mapping[str, Any]) -> str:
    return f"{shown(label['class'])} {label['kind']} {_bounds(label['bbox'])}"


def _bounds(box: list[float] | None) -> str:
    if not box or any(side is None for side in box):
        return ""
    return "[" + ", ".join(_number(side) for side in box) + "]"


def _number(value: Any) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else shown(value)


def _field(name: str, value: Any) -> str:
    if name == "geometry":
        iou = "" if value.get("iou") is None else f"IoU {value['iou']:.2f}"
        shift = value.get("shift")
        moved = f" moved {_number(shift[0])}, {_number(shift[1])}" if shift and any(shift) else ""
        return f"{iou}{moved}"
    if isinstance(value, Mapping):
        return ", ".join(f"{shown(key)} {_pair(pair)}" for key, pair in value.items())
    return _pair(value)


def _pair(value: Any) -> str:
    if isinstance(value, list) and len(value) == 2:
        return f"{_value(value[0])} → {_value(value[1])}"
    return _value(value)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return "none" if value is None else _number(value)
