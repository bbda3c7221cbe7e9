"""Single values of a spec: numbers, texts, colours, spans, regions; each checked where it stands."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from datalabel.errors import nearest
from datalabel.spec.authored import Report
from datalabel.spec.model import Region
from datalabel.spec.vocabulary import join
from datalabel.spec.yaml_text import Node

_LONGEST = 60


def _shown(node: Node) -> str:
    """What stands there, for a message: text in quotes, numbers bare, nothing of any length."""
    if node.is_mapping or node.is_list:
        return "a mapping" if node.is_mapping else "a list"
    text = node.text if len(node.text) <= _LONGEST else node.text[:_LONGEST] + "…"
    return text if isinstance(node.value, int | float) else repr(text)


class Values:
    """Reads values out of mappings; a faulty one is reported and counts as absent (None)."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def _bad(self, node: Node, what: str, path: str) -> None:
        self.report.fault(what, node.place, path)

    def text(self, node: Node, key: str, path: str) -> str | None:
        """A text; numbers and words like `no` are taken as written."""
        inner = node.entries.get(key)
        if inner is None:
            return None
        if inner.is_mapping or inner.is_list:
            self._bad(inner, "must be text", join(path, key))
            return None
        return inner.text

    def word(self, node: Node, key: str, path: str, known: Sequence[str]) -> str | None:
        """One of some words."""
        found = self.text(node, key, path)
        if found is None or found in known:
            return found
        close = nearest(found, known)
        tail = f"; did you mean {close!r}?" if close else ""
        self._bad(node.entries[key], f"{found!r} is none of {', '.join(known)}{tail}", join(path, key))
        return None

    def texts(self, node: Node, key: str, path: str) -> tuple[str, ...]:
        """A list of texts; a single text stands for a list of one."""
        inner = node.entries.get(key)
        if inner is None:
            return ()
        listed = inner.items if inner.is_list else (inner,)
        if any(one.is_mapping or one.is_list for one in listed):
            self._bad(inner, "must be a list of texts", join(path, key))
            return ()
        if any(one.value is None and not one.text for one in listed):
            self._bad(inner, "has an entry without a value", join(path, key))
            return ()
        return tuple(one.text for one in listed)

    def flag(self, node: Node, key: str, path: str) -> bool:
        """true or false; absent is false."""
        inner = node.entries.get(key)
        if inner is None or isinstance(inner.value, bool):
            return bool(inner is not None and inner.value)
        self._bad(inner, f"must be true or false, not {_shown(inner)}", join(path, key))
        return False

    def number(
        self, node: Node, key: str, path: str, *, least: float | None = None, most: float | None = None
    ) -> float | None:
        """A finite number within bounds."""
        inner = node.entries.get(key)
        if inner is None:
            return None
        value = inner.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self._bad(inner, f"must be a number, not {_shown(inner)}", join(path, key))
            return None
        if (least is not None and value < least) or (most is not None and value > most):
            bounds = (
                f"from {least:g} to {most:g}"
                if least is not None and most is not None
                else f"{least:g} or more"
            )
            self._bad(inner, f"must be {bounds}, not {_shown(inner)}", join(path, key))
            return None
        return value

    def integer(self, node: Node, key: str, path: str, *, least: int) -> int | None:
        """A whole number."""
        value = self.number(node, key, path, least=least)
        if value is None:
            return None
        if not isinstance(value, int):
            self._bad(
                node.entries[key], f"must be a whole number, not {_shown(node.entries[key])}", join(path, key)
            )
            return None
        return value

    def ordered(self, node: Node, found: Mapping[str, float | None], path: str) -> None:
        """Each `min_…` must not lie above its `max_…`."""
        for name, low in found.items():
            high = found.get(f"max_{name[4:]}") if name.startswith("min_") else None
            if low is not None and high is not None and low > high:
                self._bad(
                    node.entries[name], f"{name} {low:g} is above max_{name[4:]} {high:g}", join(path, name)
                )

    def span(self, node: Node, key: str, path: str) -> tuple[int, int | None] | None:
        """`[low, high]` of whole numbers (high may be null: no bound), or one number for both."""
        inner = node.entries.get(key)
        if inner is None:
            return None
        ends = [one.value for one in inner.items] if inner.is_list else [inner.value, inner.value]
        whole = [isinstance(end, int) and not isinstance(end, bool) and end >= 0 for end in ends]
        if len(ends) == 2 and whole[0] and (whole[1] or ends[1] is None):
            low, high = ends
            if high is None or low <= high:  # type: ignore[operator]
                return (low, high)  # type: ignore[return-value]
        self._bad(inner, "must be [least, most], two whole numbers in order", join(path, key))
        return None

    def color(self, node: Node, path: str) -> str | None:
        """A colour as `#rrggbb`, from a CSS name, `#rgb` or `#rrggbb`."""
        found = self.text(node, "color", path)
        if found is None:
            return None
        short = re.fullmatch(r"#([0-9a-fA-F])([0-9a-fA-F])([0-9a-fA-F])", found)
        if short:
            return "#" + "".join(digit * 2 for digit in short.groups()).lower()
        if re.fullmatch(r"#[0-9a-fA-F]{6}", found):
            return found.lower()
        from PIL import ImageColor

        known = ImageColor.colormap
        name = found.lower()
        if name in known:
            red, green, blue = ImageColor.getrgb(name)[:3]
            return f"#{red:02x}{green:02x}{blue:02x}"
        close = nearest(name, known)
        tail = f"; did you mean {close}?" if close else "; give a CSS name, #rgb or #rrggbb"
        self._bad(node.entries["color"], f"{found!r} is no colour{tail}", join(path, "color"))
        return None

    def region(self, node: Node, path: str, *, relative: bool) -> Region | None:
        """Four numbers (x1, y1, x2, y2) or a list of at least three corners [x, y]."""
        corners = _corners(node)
        if corners is None:
            self._bad(node, "a region is [x1, y1, x2, y2], or at least three corners [x, y]", path)
            return None
        if relative and not all(0 <= value <= 1 for corner in corners for value in corner):
            self._bad(node, "a relative region lies within 0 and 1", path)
            return None
        return Region(corners, relative)


def _corners(node: Node) -> tuple[tuple[float, float], ...] | None:
    flat = _numbers(node)
    if flat is not None and len(flat) == 4:
        x1, y1, x2, y2 = flat
        return ((x1, y1), (x2, y1), (x2, y2), (x1, y2)) if x1 < x2 and y1 < y2 else None
    pairs = [_numbers(corner) for corner in node.items]
    if len(pairs) < 3:
        return None
    found = [(pair[0], pair[1]) for pair in pairs if pair is not None and len(pair) == 2]
    return tuple(found) if len(found) == len(pairs) else None


def _numbers(node: Node) -> list[float] | None:
    values = [one.value for one in node.items]
    found = [float(one) for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
    return found if node.is_list and len(found) == len(values) and all(map(math.isfinite, found)) else None
