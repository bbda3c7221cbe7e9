"""What `data.yaml` says that no column holds, and what of it one file made of several keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from datalabel.errors import Faults
from datalabel.formats.yolo.data_yaml import VALIDATION, plain
from datalabel.formats.yolo.dataset import Dataset, numbers_of, rank_of, read_dataset
from datalabel.spec.yaml_text import read_yaml

if TYPE_CHECKING:
    from datalabel.spec.model import Skeleton

FLIPS = "flip_idx"
"""Where each keypoint goes in a mirrored image."""
POINT_NAMES = "kpt_names"
"""What the keypoints are called, by the number of the class."""

_UNDERSTOOD = frozenset({"path", "train", "val", *VALIDATION, "test", "names", "nc", "kpt_shape", "task"})
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


def skeletons(header: Mapping[str, Any]) -> dict[str, Skeleton]:
    """What a source calls the keypoints of each class, where these are as many distinct names as it has points."""
    dataset, _ = read_dataset(header.get("files", {}), "", Faults())
    said, count = fields_of(header).get(POINT_NAMES), (dataset.points or (0, 3))[0]
    named: Mapping[str, Any] = said if isinstance(said, dict) else {}
    found: dict[str, Skeleton] = {}
    for number, name in dataset.classes.items():
        points = named.get(str(number))
        texts = {one for one in points if isinstance(one, str) and one} if isinstance(points, list) else ()
        if points and len(points) == len(texts) == count:
            found[name] = (tuple(points), ())
    return found


def carried(headers: Sequence[Mapping[str, Any]], dataset: Dataset) -> tuple[dict[str, Any], dict[str, int]]:
    """The fields that one file of several sources keeps, and those that are lost: on which they do not agree, or that
    are about other keypoints than are written. Names of keypoints stand under the numbers that classes have now."""
    said: dict[str, list[Any]] = {}
    for header in headers:
        for name, value in fields_of(header).items():
            said.setdefault(name, []).append(value)
    kept = {
        name: values[0]
        for name, values in said.items()
        if len({json.dumps(value, sort_keys=True) for value in values}) == 1
    }
    count = dataset.points[0] if dataset.points else 0
    if not (count and isinstance(kept.get(FLIPS), list) and len(kept[FLIPS]) == count):
        kept.pop(FLIPS, None)
    kept.pop(POINT_NAMES, None)
    if names := _point_names(headers, dataset.classes, count):
        kept[POINT_NAMES] = names
    lost = {f"{name} of the file": len(values) for name, values in said.items() if name not in kept}
    return kept, lost


def _point_names(
    headers: Sequence[Mapping[str, Any]], classes: Mapping[int, str], count: int
) -> dict[int, list[str]]:
    """The names of so many keypoints by number of the class; none where a source says what would not be in it."""
    numbers = numbers_of(classes)
    found: dict[int, list[str]] = {}
    for header in headers:
        said, named = fields_of(header).get(POINT_NAMES, {}), skeletons(header)
        if not isinstance(said, dict) or len(named) < len(said):
            return {}
        for name, (points, _) in named.items():
            if len(points) != count or name not in numbers:
                return {}
            if found.setdefault(numbers[name], list(points)) != list(points):
                return {}
    return dict(sorted(found.items()))
