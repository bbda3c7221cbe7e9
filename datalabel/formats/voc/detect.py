"""Is this Pascal VOC? Told from the beginning of a file, without parsing it."""

from __future__ import annotations

import codecs
import re

_ROOT = re.compile(r"<annotation[\s/>]")
_SKIPPED = (("<?", "?>"), ("<!--", "-->"), ("<!DOCTYPE", ">"))


def is_voc(head: bytes) -> bool:
    """Whether the first element is `<annotation>` and the objects in sight do not lack a `<bndbox>`."""
    text = _text(head)
    place = _first_element(text)
    if not _ROOT.match(text, place):
        return False
    first = text.find("</object>", place)
    return first < 0 or "<bndbox" in text[place:]


def _text(head: bytes) -> str:
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return head.decode("utf-16", "replace")
    return head.removeprefix(codecs.BOM_UTF8).decode("latin-1")


def _first_element(text: str) -> int:
    """Where the first element begins, after the declaration, comments and a document type."""
    place = 0
    while True:
        while place < len(text) and text[place].isspace():
            place += 1
        for start, end in _SKIPPED:
            if text.startswith(start, place):
                # An internal subset holds ">" of its own; it ends with "]>".
                subset = start == "<!DOCTYPE" and "[" in text[place : text.find(">", place)]
                found = text.find("]>" if subset else end, place)
                if found < 0:
                    return len(text)
                place = found + len("]>" if subset else end)
                break
        else:
            return place
