"""What is written so plainly that it need not be looked at closely."""

from __future__ import annotations

import xml.etree.ElementTree as ET


def is_bare(data: bytes) -> bool:
    """Whether surely no element below the root of a file has attributes: there is no "=" after the root's start tag,
    and the text is spelled in single bytes."""
    return b"\0" not in data and b"=" not in data[data.find(b">", data.find(b"<annotation")) :]


def blank_between(element: ET.Element) -> bool:
    """Whether only white space stands between the children of an element."""
    between = (element.text or "") + "".join([child.tail or "" for child in element])
    return not between or between.isspace()
