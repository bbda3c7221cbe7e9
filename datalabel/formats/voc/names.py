"""Names of classes and images: read without the white space around them, written as they were read.

Some writers of XML put every text on a line of its own, and readers strip it. A name that has white space around it
is written with `xml:space="preserve"`, which says so in XML, and is read back whole.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.voc.xml import Notation, text_of, with_text

SPELLED = "$name"
"""Where an extra keeps a name that has white space around it in its file."""

_SPACE = "@xml:space"
_KEPT = "preserve"


def name_in(noted: Any) -> str:
    """The name that an element says, from its notation; empty when it says none."""
    text = text_of(noted) or ""
    whole = isinstance(noted, dict) and noted.get(_SPACE) == _KEPT
    return text if whole else text.strip()


def name_notation(noted: Notation | None, name: str) -> Notation:
    """The element of a name: as it was noted if it still says this name, else with the name as its text."""
    if noted is not None and name_in(noted) == name:
        return noted
    if is_trim(name):
        return with_text(noted, name)
    attributes = noted if isinstance(noted, dict) else {}
    return with_text({**attributes, _SPACE: _KEPT}, name)


def is_trim(name: str) -> bool:
    """Whether a name has no white space around it."""
    return name.strip() == name


def are_trim(names: pa.ChunkedArray) -> pa.ChunkedArray:
    """The same of many, as a mask."""
    return pc.equal(pc.utf8_trim_whitespace(names), names)
