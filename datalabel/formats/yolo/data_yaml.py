"""Writing `data.yaml`: a new one, or one that was read with more classes in it.

Names are quoted wherever YAML 1.1 (which PyYAML reads) or 1.2 would take them for anything but the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from datalabel.spec.yaml_scalar import quoted
from datalabel.spec.yaml_text import LINE_END, Node, read_yaml

TRAINED_ON = ("train", "val")
"""The keys without which Ultralytics trains on nothing."""
VALIDATION = ("valid", "validation")
"""What else the second of them is called by those who make splits."""


def keys_of(splits: Sequence[str]) -> dict[str, str]:
    """The key that each split is written under: its name, but `val` for validation images by another name, unless
    there is such a split."""
    spelled = () if "val" in splits else [name for name in VALIDATION if name in splits][:1]
    return {name: "val" if name in spelled else name for name in splits}


def new_data_yaml(
    folders: Mapping[str, str],
    classes: Sequence[str],
    *,
    task: str,
    points: tuple[int, int] | None = None,
    flips: Sequence[int] | None = None,
    named: Mapping[int, Sequence[str]] = MappingProxyType({}),
    more: Mapping[str, Any] = MappingProxyType({}),
) -> str:
    """A `data.yaml` for folders of images by split, with names of keypoints by class and some fields more. It has no
    `path`, so the folders lie beside the file itself."""
    lines = [f"{quoted(split)}: {quoted(folder)}" for split, folder in folders.items()]
    lines += [f"nc: {len(classes)}", *_names(dict(enumerate(classes)))]
    if points is not None:
        lines.append(f"kpt_shape: [{points[0]}, {points[1]}]")
    if flips is not None:
        lines.append(f"flip_idx: [{', '.join(map(str, flips))}]")
    if named:
        texts = {number: json.dumps(list(one), ensure_ascii=False) for number, one in named.items()}
        lines += ["kpt_names:", *(f"  {number}: {text}" for number, text in texts.items())]
    if task == "obb":
        # Four corners are also a polygon: this key tells them apart when the folder is read again.
        lines.append("task: obb")
    lines += [f"{quoted(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in more.items()]
    return "".join(f"{line}\n" for line in lines)


def extended(text: str, classes: Mapping[int, str]) -> str:
    """The text with these classes as `names`, and `nc` where it had one; all other lines stay as they are."""
    root = read_yaml(text, "data.yaml")
    starts = sorted(place.line for place in root.keys.values())
    if len(set(starts)) < len(starts) or any(place.column != 1 for place in root.keys.values()):
        return json.dumps({**plain(root), **_counted(root, classes)}, ensure_ascii=False, indent=2) + "\n"
    ends = [*LINE_END.findall(text), ""]
    lines = [line + end for line, end in zip(LINE_END.split(text), ends, strict=True)]
    first = root.keys["names"].line
    following = [line for line in starts if line > first]
    last = following[0] - 1 if following else len(lines)
    while last > first and (not lines[last - 1].strip() or lines[last - 1].startswith("#")):
        last -= 1
    if "nc" in root.keys:
        counted = root.keys["nc"].line - 1
        lines[counted] = re.sub(r"(nc\s*:\s*)[^\s#]+", rf"\g<1>{len(classes)}", lines[counted], count=1)
    named = (ends[0] or "\n").join(_names(classes)) + ends[last - 1]
    return "".join([*lines[: first - 1], named, *lines[last:]])


def _names(classes: Mapping[int, str]) -> list[str]:
    if not classes:
        return ["names: {}"]
    return ["names:", *(f"  {number}: {quoted(name)}" for number, name in classes.items())]


def _counted(root: Node, classes: Mapping[int, str]) -> dict[str, Any]:
    counted = {"nc": len(classes)} if "nc" in root.entries else {}
    return {**counted, "names": {str(number): name for number, name in classes.items()}}


def plain(node: Node) -> Any:
    """The value that YAML tells, without places."""
    if node.is_mapping:
        return {key: plain(one) for key, one in node.entries.items()}
    return [plain(one) for one in node.items] if node.is_list else node.value


def flips_of(points: Sequence[str]) -> list[int] | None:
    """Where each point goes in a mirrored image, told by `left` and `right` in their names.

    None when no name says so, or one has no counterpart.
    """
    places = {name: place for place, name in enumerate(points)}
    mirrored = [_mirrored(name) for name in points]
    if mirrored == list(points) or len(places) < len(points) or any(one not in places for one in mirrored):
        return None
    return [places[one] for one in mirrored]


def _mirrored(name: str) -> str:
    other = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}
    return re.sub(r"[Ll]eft|[Rr]ight", lambda found: other[found[0]], name)
