"""A label's change as a shape of a page: its mark, where it is and was, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datalabel.labels.diff import LabelChange
from datalabel.labels.tables import label_id_text
from datalabel.report.page import Detail, Mark, Shape, Tone
from datalabel.repository.pages.outlining import outline_of

ADDED = Mark("added", "added", "+", Tone.GOOD)
REMOVED = Mark("removed", "removed", "−", Tone.BAD)
MOVED = Mark("moved", "moved", "→", Tone.MOVED)
CHANGED = Mark("changed", "edited", "~", Tone.CHANGED)
SAME = Mark("same", "unchanged", "·", Tone.QUIET)
MARKS = (ADDED, REMOVED, MOVED, CHANGED, SAME)
"""A label moved when nothing but its geometry changed. Moved and edited together are what `diff` calls changed."""

_WORDS = 120


def shape_of(set_name: str, change: LabelChange) -> Shape:
    """The shape of a changed label."""
    label = change.after or change.before or {}
    elsewhere = {"geometry", "kind"} & set(change.fields)
    return Shape(
        mark=_mark(change).key,
        class_name=label["class"],
        kind=label["kind"],
        set=set_name,
        id=label_id_text(change.id),
        outline=outline_of(label),
        before=outline_of(change.before) if elsewhere and change.before else None,
        old_class=change.fields["class"][0] if "class" in change.fields else None,
        details=tuple(Detail(name, _words(name, value)) for name, value in change.fields.items()),
    )


def shape_of_same(set_name: str, label: Mapping[str, Any]) -> Shape:
    """The shape of a label that did not change (as `labels.diff.label_json` gives it)."""
    return Shape(SAME.key, label["class"], label["kind"], set_name, label["id"], outline_of(label))


def _mark(change: LabelChange) -> Mark:
    if change.change == "added":
        return ADDED
    if change.change == "removed":
        return REMOVED
    return MOVED if set(change.fields) == {"geometry"} else CHANGED


def _words(name: str, value: Any) -> str:
    """What a field's change comes to. That of the class is shown as such, so nothing is said here."""
    if name == "class":
        return ""
    if name == "geometry":
        return f"IoU {value['iou']:.2f}{_moved(value['shift'])}"
    if isinstance(value, Mapping):
        return _short("; ".join(f"{key}: {_pair(pair)}" for key, pair in value.items()))
    return _short(_pair(value))


def _moved(shift: Sequence[float] | None) -> str:
    """How far the centre went, right and down; nothing for less than a tenth of a pixel."""
    steps = [round(step, 1) for step in shift or ()]
    if not any(steps):
        return ""
    return ", moved " + ", ".join(f"{step:+g}".replace("-", "−") if step else "0" for step in steps)


def _pair(pair: Any) -> str:
    return f"{_plain(pair[0])} → {_plain(pair[1])}"


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if isinstance(value, list):
        return "[" + ", ".join(map(_plain, value)) + "]"
    return str(value)


def _short(words: str) -> str:
    return words if len(words) <= _WORDS else words[: _WORDS - 1] + "…"
