"""How changes of a data spec look in a terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from datalabel.cli.presenting import Screen, shown

EFFECT_STYLES = {"breaking": "bad", "narrowing": "warn", "compatible": "good"}

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_LONGEST = 60


def spec_change_line(
    screen: Screen, change: Mapping[str, Any], *, note: str = "", effect: bool = False
) -> None:
    """One change, as `SpecChange.to_json` gives it: its path, and where it is short the value before and after;
    at the end a note."""
    style = EFFECT_STYLES[change["effect"]]
    begin = f"{change['effect']:<10}  " if effect else ""
    values = _values(change)
    screen.line(
        "  ", (f"{begin}{_SIGNS[change['change']]} ", style), shown(change["path"]),
        (f"  {values}" if values else "", "info"), (f"  {note}" if note else "", "dim"),
    )  # fmt: skip


def _values(change: Mapping[str, Any]) -> str:
    """Nothing for mappings: their paths say what came and went."""
    before, after = change["before"], change["after"]
    if isinstance(before, dict) or isinstance(after, dict):
        return ""
    if change["change"] != "changed":
        return _short(after if before is None else before)
    return f"{_short(before)} → {_short(after)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        text = ", ".join(value) or "any"
    return shown(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")
