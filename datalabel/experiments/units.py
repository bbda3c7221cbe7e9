"""What is never parted: identical images, and images of one group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

GROUP = "\0"
"""What names of groups begin with, and no content does: the name of a unit that has a group is a group's."""


def units_of(contents: Mapping[str, str], groups: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """For each item the name of the unit that it belongs to: items of one content, or of one group, belong together,
    and so does everything that shares one of these with something that they belong to.

    The first of its groups in alphabetical order names a unit, or else its content; so a unit keeps its name, and is
    drawn as before, while no new item makes one of two.
    """
    above: dict[str, str] = {}

    def top(name: str) -> str:
        while name in above:
            if above[name] in above:
                above[name] = above[above[name]]
            name = above[name]
        return name

    for item, names in groups.items():
        for group in names:
            first, second = sorted((top(contents[item]), top(f"{GROUP}{group}")))
            if first != second:
                above[second] = first
    return {item: top(content) for item, content in contents.items()}
