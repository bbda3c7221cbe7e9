"""Where YOLO keeps the label file of an image, and what a label file's image is called.

Ultralytics replaces the last `/images/` in an image's path by `/labels/` and its suffix by `.txt`; without
such a folder the label file lies beside the image, as Darknet has it.
"""

from __future__ import annotations

import json
import posixpath
from typing import Any

from datalabel.errors import InputError
from datalabel.files import checked_key
from datalabel.formats.base import Selection
from datalabel.images import without_suffix

IMAGES, LABELS = "images", "labels"


def label_place(image: str) -> str:
    """The path of the label file of an image, both below the data set's folder."""
    above, folder, below = f"/{image}".rpartition(f"/{IMAGES}/")
    path = f"{above}/{LABELS}/{below}" if folder else f"/{image}"
    return f"{without_suffix(path[1:])}.txt"


def image_name(label: str) -> str:
    """The path of a label file's image, without the suffix, which only the image itself can tell."""
    parts = posixpath.splitext(label)[0].split("/")
    folders = parts[:-1]
    # What comes before the last `images` was not touched by the rule above.
    first = len(folders) - folders[::-1].index(IMAGES) if IMAGES in folders else 0
    if LABELS in folders[first:]:
        parts[folders.index(LABELS, first)] = IMAGES
    return "/".join(parts)


def below_labels(member: str) -> bool:
    """Whether a file lies in a folder that holds label files and nothing else, by the habit of the format."""
    return LABELS in member.lower().split("/")[:-1]


def place_in_source(selection: Selection, item: dict[str, Any]) -> str:
    """Where an item's label file goes: to the member that it came from, else where the source has most; for a
    set, where trainers look for the labels of `images/<item>`.

    Raises:
        InputError: the recorded member is no safe path.
    """
    if selection.header is None:
        return label_place(f"images/{item['name']}")
    if item["number"] is None:
        stem = without_suffix(posixpath.basename(item["name"]))
        return posixpath.join(selection.header.get("folder", ""), f"{stem}.txt")
    member = parsed_json(item["number"], item["item"])
    if not isinstance(member, str):
        raise InputError("the recorded member path is not a text", where=item["item"])
    return checked_key(member, where=item["item"])


def place_in_split(selection: Selection, item: dict[str, Any]) -> str:
    """Where trainers look for the labels of an item in a split."""
    return label_place(f"images/{selection.name}/{item['name']}")


def parsed_json(text: str, where: str | None) -> Any:
    """What the store kept as JSON.

    Raises:
        InputError: it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"a field that was kept is no JSON: {error}", where=where) from None
