"""Properties of a label as CVAT writes them into Pascal VOC:

    <attributes><attribute><name>ripe</name><value>yes</value></attribute>…</attributes>

A value is a text and stays one, whatever it looks like: XML has no types, and the text must come out again.
Numbers, truth values, lists and null are written as their canonical JSON with `<value type="json">`, an XML
attribute that other readers pass over, and are read back as what they were.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from datalabel.content import canonical_json


def properties_of(element: ET.Element | str) -> dict[str, Any] | None:
    """The properties that an `<attributes>` holds, in its order; None when it holds anything else."""
    if isinstance(element, str) or element.keys() or not len(element) or not _blank(element.text):
        return None
    found: dict[str, Any] = {}
    for attribute in element:
        pair = _pair(attribute)
        if pair is None or pair[0] in found:
            return None
        found[pair[0]] = pair[1]
    return found


def _pair(attribute: ET.Element) -> tuple[str, Any] | None:
    if attribute.tag != "attribute" or attribute.keys() or len(attribute) != 2:
        return None
    name, value = attribute
    if (name.tag, value.tag) != ("name", "value") or not name.text or name.keys() or len(name) or len(value):
        return None
    if not all(map(_blank, (attribute.text, attribute.tail, name.tail, value.tail))):
        return None
    text = value.text or ""
    if not value.keys():
        return name.text, text
    typed = _typed(text) if dict(value.items()) == {"type": "json"} else None
    return (name.text, typed[0]) if typed else None


def _typed(text: str) -> tuple[Any] | None:
    """The value of a JSON text in its canonical spelling, if it is one and not a text."""
    try:
        value = json.loads(text)
        same = not isinstance(value, str) and canonical_json(value).decode() == text
    except (ValueError, RecursionError):
        return None
    return (value,) if same else None


def _blank(text: str | None) -> bool:
    return not text or text.isspace()


def attribute_notation(properties: Mapping[str, Any], order: list[str]) -> dict[str, Any]:
    """Properties as an `<attributes>` element: those of the order first, then by name."""
    names = [name for name in order if name in properties]
    names += sorted(name for name in properties if name not in names)
    return {"attribute": [{"name": name, "value": _value(properties[name])} for name in names]}


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return {"@type": "json", "#text": canonical_json(value).decode()}
