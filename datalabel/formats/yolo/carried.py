"""What `data.yaml` says that no column holds, and what of it one file made of several keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from datalabel.formats.yolo.data_yaml import plain
from datalabel.formats.yolo.dataset import rank_of
from datalabel.spec.yaml_text import read_yaml

FLIPS = "flip_idx"
"""Where each keypoint goes in a mirrored image."""

_UNDERSTOOD = frozenset({"path", "train", "val", "test", "names", "nc", "kpt_shape", "task"})
"""Where images lie is said anew, and so is what follows from labels."""


def fields_of(header: Mapping[str, Any]) -> dict[str, Any]:
    """The other fields of a source."""
    found: dict[str, Any] = {}
    for member, text in header.get("files", {}).items():
        if rank_of(member) == 0:
            entries = read_yaml(text, member).entries
            found |= {name: plain(node) for name, node in entries.items() if name not in _UNDERSTOOD}
    return found


def header_fields(header: Mapping[str, Any]) -> dict[str, int]:
    """The same by the words in which losses are told."""
    return {f"{name} of the file": 1 for name in fields_of(header)}


def carried(
    headers: Sequence[Mapping[str, Any]], points: tuple[int, int] | None
) -> tuple[dict[str, Any], dict[str, int]]:
    """The fields that one file of several sources keeps, and those that are lost: on which they do not agree, or that
    are about other keypoints than are written (`points`: their number, and how many numbers each has)."""
    said: dict[str, list[Any]] = {}
    for header in headers:
        for name, value in fields_of(header).items():
            said.setdefault(name, []).append(value)
    kept = {
        name: values[0]
        for name, values in said.items()
        if len({json.dumps(value, sort_keys=True) for value in values}) == 1
    }
    if not (points and isinstance(kept.get(FLIPS), list) and len(kept[FLIPS]) == points[0]):
        kept.pop(FLIPS, None)
    lost = {f"{name} of the file": len(values) for name, values in said.items() if name not in kept}
    return kept, lost
