"""CVAT's `attributes`, an object of names and values: properties of the annotation or of the image that has it."""

from __future__ import annotations

import json

from datalabel.formats.coco.repeated import RepeatedError, once
from datalabel.labels.properties import spelled

ATTRIBUTES = "attributes"


def taken(text: str) -> str | None:
    """The text of an `attributes` as properties; None where it is no object, or empty: then it stays an extra field.

    Raises:
        RepeatedError: a name stands in it twice.
    """
    if not text.startswith("{"):
        return None
    try:
        return spelled(json.loads(text, object_pairs_hook=once))
    except RepeatedError:
        raise
    except (ValueError, RecursionError):
        return None
