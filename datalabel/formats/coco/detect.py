"""Telling a COCO file by its content, within bounds: it may be large, hostile or broken off."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

import msgspec
from msgspec import Raw

WINDOW = 1 << 20
FURTHER = 96 << 20
"""How far into a file is looked when its head names images but no annotation yet."""

_IMAGES = re.compile(rb'"(?:images|annotations)"\s*:\s*\[')
_LABELS = re.compile(rb'"category_id"\s*:|"categories"\s*:\s*\[|"annotations"\s*:\s*\[\s*\]')
_RESULT = re.compile(rb'^\s*\[\s*\{[^{}]{0,4000}"(?:image_id|category_id)"\s*:')
_SHAPE = re.compile(rb'"(?:bbox|segmentation|keypoints)"\s*:')
_CAPTIONS = re.compile(rb'"caption"\s*:\s*"')


def is_coco(path: Path, head: bytes) -> bool:
    """Whether this file, of which `head` is the beginning, is COCO or a list of COCO results.

    A broken file that begins like COCO counts as COCO: reading it then says what is wrong.
    """
    text = _utf8(head)
    start = text.lstrip()[:1]
    if start == b"[":
        return _is_results(text)
    if start != b"{":
        return False
    try:
        top = msgspec.json.decode(text, type=dict[str, Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _looks_like_coco(path, text)
    lists = {key for key, value in top.items() if bytes(value)[:1] == b"["}
    if "images" not in lists:
        return False
    labels = bytes(top["annotations"]) if "annotations" in lists else b""
    return "categories" in lists or _LABELS.search(labels) is not None


def _utf8(head: bytes) -> bytes:
    for mark, encoding in (
        (codecs.BOM_UTF8, None),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return head[3:] if encoding is None else head.decode(encoding, "ignore").encode()
    return head


def _is_results(text: bytes) -> bool:
    if not _RESULT.search(text):
        return False
    return all(word in text for word in (b'"image_id"', b'"category_id"')) and bool(_SHAPE.search(text))


def _looks_like_coco(path: Path, text: bytes) -> bool:
    """For a file that goes on beyond its head, or breaks off in it."""
    if _IMAGES.search(text) and _LABELS.search(text):
        return True
    tail = b""
    with path.open("rb") as file:
        for _ in range(FURTHER // WINDOW):
            window = file.read(WINDOW)
            if not window:
                break
            seen = tail + window
            if _IMAGES.search(text) is None and _IMAGES.search(seen) is None:
                # A long header of some other kind: one window is enough to say so.
                return False
            if _LABELS.search(seen):
                return True
            if _CAPTIONS.search(seen):
                return False
            tail = window[-64:]
    return _IMAGES.search(text) is not None and not window
