"""What a spec that was inferred takes over from the one in its place: what no label tells."""

from __future__ import annotations

from collections.abc import Sequence

from datalabel.errors import RefusedError
from datalabel.spec.yaml_text import LINE_END, read_yaml

SECTIONS = ("workflow", "check", "quality")
"""The settings of a spec that are not about what labels are."""

_SCHEMA = "$schema="


def carried_over(inferred: str, old: str, name: str) -> str:
    """The inferred spec with the old one's `SECTIONS`, as they are written there, and its line for editors.

    Raises:
        InputError: the old one is no YAML.
        RefusedError: a section cannot be taken out of it.
    """
    keys = read_yaml(old, name).keys
    lines = LINE_END.split(old)
    starts = [*sorted(place.line - 1 for place in keys.values()), len(lines)]
    head = [line for line in lines[: starts[0]] if line.startswith("#") and _SCHEMA in line]
    sections = ""
    for key in SECTIONS:
        if key in keys:
            start = keys[key].line - 1
            if keys[key].column != 1:
                raise RefusedError(
                    f"has {key!r} in braces; it is not known what else stands on its lines",
                    where=f"{name}:{start + 1}",
                    hint=f"write `{key}:` on a line of its own, or move it out of the file",
                )
            end = starts[starts.index(start) + 1]
            sections += "\n".join(_section(lines, start, end)) + "\n"
    return "".join(f"{line}\n" for line in head) + inferred + sections


def _section(lines: Sequence[str], start: int, end: int) -> Sequence[str]:
    """The lines of a section with the comments above it, without those that stand above the next one."""
    while end > start + 1 and _is_between(lines[end - 1]):
        end -= 1
    while start and lines[start - 1].startswith("#") and _SCHEMA not in lines[start - 1]:
        start -= 1
    return lines[start:end]


def _is_between(line: str) -> bool:
    return not line.strip() or line.startswith("#")
