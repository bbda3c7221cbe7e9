"""Is this part of a YOLO data set? Told from the beginning of a file."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from datalabel.formats.yolo.dataset import CLASS_FILES, DATA_FILES, NAME_FILES, NAMES_SUFFIX
from datalabel.formats.yolo.lines import looks_like_labels

_NAMES = re.compile(r"^[\"']?names[\"']?\s*:", re.MULTILINE)
_SPLITS = re.compile(r"^[\"']?(train|val|test|nc|kpt_shape)[\"']?\s*:", re.MULTILINE)
_OBJECTS = re.compile(r"^\s*names\s*=\s*\S", re.MULTILINE)


def is_yolo(path: Path, head: bytes) -> bool:
    """Whether the file holds label lines, or is one of those that name the classes: `data.yaml` and `obj.data`
    by their content (under another name, a `data.yaml` has to name more than classes), lists of names by their
    own name."""
    if b"\0" in head:
        return False
    text = head.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    name = path.name.lower()
    if name.endswith(NAMES_SUFFIX) or name in (*NAME_FILES, *CLASS_FILES):
        return bool(text.strip())
    if _NAMES.search(text) and (name in DATA_FILES or _SPLITS.search(text)):
        return True
    return looks_like_labels(text) or bool(_OBJECTS.search(text) and "classes" in text)
