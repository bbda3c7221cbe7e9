"""The grammar of authored specs as a JSON Schema (2020-12), for editors; made from the same vocabulary that the
loader follows, so that the two cannot disagree about words."""

from __future__ import annotations

import json
from typing import Any

from datalabel.spec import vocabulary as words

Schema = dict[str, Any]

_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_NUMBER: Schema = {"type": "number", "minimum": 0}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_ABSENT: Schema = {"enum": [None, words.ELLIPSIS]}


def grammar_text() -> str:
    """The schema as JSON text, indented."""
    return json.dumps(grammar(), indent=2, ensure_ascii=False) + "\n"


def grammar() -> Schema:
    """The schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dlabel data spec",
        "description": "What labels may look like: classes, kinds, properties, conditions, regions, workflow.",
        **_words(_top()),
        "$defs": {
            "options": {
                "description": "Values, which may have lists of values below them.",
                "anyOf": [
                    {"type": "array", "items": {"anyOf": [_TEXT, _named({"$ref": "#/$defs/options"})]}},
                    _named({"$ref": "#/$defs/options"}),
                    {"type": "null"},
                ],
            },
            "property": _or_absent(_words(_property())),
            "kind": _or_absent(_kind()),
            "kinds": _or_absent(_words({kind: {"$ref": "#/$defs/kind"} for kind in words.KINDS})),
        },
    }  # fmt: skip


def _top() -> Schema:
    regions = {"anyOf": [_region(), _words({"pixels": _region()}), _words({"relative": _region()})]}
    image = {
        "roi": {"description": "Regions of interest, by name.", **_named(regions)},
        "properties": _named({"$ref": "#/$defs/property"}),
        "conditions": _or_absent(_words({**dict.fromkeys(words.SIZES, _COUNT), "formats": _texts()})),
    }
    said: Schema = {
        "project_name": {"description": "The project's name.", **_TEXT},
        "extends": {"description": "Templates or paths; later ones win.", **_texts()},
        "remove": {"description": "Dotted paths of what was inherited.", "type": "array", "items": _TEXT},
        "defaults": {"description": "Settings per kind, under those of a class.", "$ref": "#/$defs/kinds"},
        "data_spec": {"description": "The classes.", **_named({"$ref": "#/$defs/kinds"})},
        "image": _or_absent(_words({**image, "condition": image["conditions"]})),
        "workflow": _or_absent(_words({"states": _texts(), "transitions": _named(_texts())})),
        "check": _or_absent(
            _words({
                "ignore": _texts(),
                "severity": _named({"enum": list(words.SEVERITIES)}),
                "on_commit": {"enum": list(words.ON_COMMIT)},
            })
        ),
        "quality": _or_absent(
            _words({"labels_per_class": _COUNT, "agreement": _share(), "error_rate": _share()})
        ),
    }  # fmt: skip
    return {name: said[name] for name in words.TOP}


def _kind() -> Schema:
    """Besides the words of the grammar, a property may stand straight under a kind."""
    conditions = _or_absent(_words({**_conditions()}))
    said: Schema = {
        "color": {"description": "A CSS name, #rgb or #rrggbb (in quotes).", "type": ["string", "null"]},
        "properties": _or_absent(_named({"$ref": "#/$defs/property"})),
        "conditions": conditions,
        "points": _texts(),
        "edges": _pairs(),
        "symmetric": _pairs(),
    }
    short = {"anyOf": [{"required": ["options"]}, {"required": ["type"]}], "$ref": "#/$defs/property"}
    properties = {**{name: said[name] for name in words.KIND}, "condition": conditions}
    return {"type": "object", "properties": properties, "additionalProperties": short}


def _property() -> Schema:
    said: Schema = {
        "type": {"enum": [*words.TYPES, None]},
        "options": {"anyOf": [{"$ref": "#/$defs/options"}, _ABSENT]},
        "multiple": {"type": "boolean"},
        "required": {"type": "boolean"},
        "minimum": {"type": "number"},
        "maximum": {"type": "number"},
        "pattern": {"description": "RE2, linear in time.", "type": "string"},
        "description": _TEXT,
    }
    return {name: said[name] for name in words.PROPERTY}


def _conditions() -> Schema:
    spans = {"anyOf": [{"type": "array", "prefixItems": [_COUNT, {"type": ["integer", "null"]}], "minItems": 2,
                        "maxItems": 2}, _COUNT]}  # fmt: skip
    said: Schema = {
        **dict.fromkeys(words.MEASURES, _NUMBER),
        **dict.fromkeys(words.POINTS, _COUNT),
        "inside": {"description": "A region of image.roi.", **_TEXT},
        "per_image": {"description": "How many an image has: [least, most].", **spans},
        "max_overlap": {"description": "IoU with another label of its class.", **_share()},
    }
    return {name: said[name] for name in words.CONDITIONS}


def _words(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _named(inner: Schema) -> Schema:
    return {"type": "object", "additionalProperties": inner}


def _or_absent(inner: Schema) -> Schema:
    return {"anyOf": [inner, _ABSENT]}


def _texts() -> Schema:
    return {"anyOf": [{"type": "array", "items": _TEXT}, _TEXT]}


def _pairs() -> Schema:
    return {"type": "array", "items": {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 2,
                                       "maxItems": 2}}  # fmt: skip


def _region() -> Schema:
    corner = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    corners = {"type": "array", "items": corner, "minItems": 3}
    return {"anyOf": [{"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}, corners]}


def _share() -> Schema:
    return {"type": "number", "minimum": 0, "maximum": 1}
