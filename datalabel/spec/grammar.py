"""The grammar of authored specs as a JSON Schema (2020-12), for editors; made from the same vocabulary that the
loader follows, so that the two cannot disagree about words.

It says what a text can show on its own. What needs more (that a region, a point or a template is there) is
said by the loader alone.
"""

from __future__ import annotations

import json
from typing import Any

from datalabel.spec import vocabulary as words

Schema = dict[str, Any]

# A word that an editor's YAML takes for a number, a boolean or null is text here.
_TEXT: Schema = {"type": ["string", "number", "boolean", "null"]}
_NUMBER: Schema = {"type": "number"}
_LENGTH: Schema = {"type": "number", "minimum": 0}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_FLAG: Schema = {"type": "boolean"}
_ABSENT: Schema = {"enum": [None, words.ELLIPSIS]}
_EMPTY: Schema = {"enum": [None, words.ELLIPSIS, {}]}


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
            "options": _options(),
            "property": _or_absent(_words(_property())),
            "kind": _or_absent(_kind()),
            "kinds": _or_absent(_words({kind: _ref("kind") for kind in words.KINDS})),
        },
    }


def _top() -> Schema:
    said: Schema = {
        "project_name": _TEXT,
        "extends": _texts(),
        "remove": {"type": "array", "items": _TEXT},
        "defaults": _ref("kinds"),
        "data_spec": _named(_ref("kinds")),
        "image": _words(_with_aliases(_image())),
        "workflow": _words({"states": _texts(), "transitions": _named({"anyOf": [_texts(), _EMPTY]})}),
        "check": _words(
            {
                "ignore": _texts(),
                "severity": _named({"enum": [*words.SEVERITIES, *_EMPTY["enum"]]}),
                "on_commit": {"enum": list(words.ON_COMMIT)},
                "groups": _texts(),
            }
        ),
        "quality": _words({"labels_per_class": _COUNT, "agreement": _SHARE, "error_rate": _SHARE}),
    }
    return {name: said[name] for name in words.TOP}


def _image() -> Schema:
    pixels, relative = _corners(_NUMBER), _corners(_SHARE)
    region = {"anyOf": [pixels, _words({"pixels": pixels}), _words({"relative": relative}), _EMPTY]}
    said: Schema = {
        "roi": _named(region),
        "properties": _named(_ref("property")),
        "conditions": _words({**dict.fromkeys(words.SIZES, _COUNT), "formats": _texts()}),
    }
    return {name: said[name] for name in words.IMAGE}


def _kind() -> Schema:
    """Besides the words of the grammar, a property may stand straight under a kind."""
    said: Schema = {
        "color": _TEXT,
        "properties": _named(_ref("property")),
        "conditions": _words(_conditions()),
        "points": _texts(),
        "edges": _pairs(),
        "symmetric": _pairs(),
    }
    short = {
        "description": "A property.",
        "anyOf": [{"required": ["options"]}, {"required": ["type"]}],
        **_words(_property()),
    }
    known = _words(_with_aliases({name: said[name] for name in words.KIND}))
    return known | {"additionalProperties": short}


def _property() -> Schema:
    said: Schema = {
        "type": {"enum": list(words.TYPES)},
        "options": _ref("options"),
        "multiple": _FLAG,
        "required": _FLAG,
        "minimum": _NUMBER,
        "maximum": _NUMBER,
        "pattern": _TEXT,
        "description": _TEXT,
    }
    return {name: said[name] for name in words.PROPERTY}


def _conditions() -> Schema:
    span = {"type": "array", "prefixItems": [_COUNT, _or_absent(_COUNT)], "minItems": 2, "maxItems": 2}
    said: Schema = {
        **dict.fromkeys(words.MEASURES, _LENGTH),
        **dict.fromkeys(words.POINTS, _COUNT),
        "inside": _TEXT,
        "per_image": {"anyOf": [span, _COUNT]},
        "max_overlap": _SHARE,
    }
    return {name: said[name] for name in words.CONDITIONS}


def _options() -> Schema:
    branches = {**_named(_ref("options")), "minProperties": 1}
    listed = {"type": "array", "items": {"anyOf": [_TEXT, branches]}, "minItems": 1}
    return {"anyOf": [listed, branches, _ABSENT]}


# Pieces


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _words(properties: Schema) -> Schema:
    """A mapping of these words, each of which may be left empty."""
    told = {
        name: {"description": words.MEANINGS[name], **_or_absent(one)} for name, one in properties.items()
    }
    return {"type": "object", "properties": told, "additionalProperties": False}


def _with_aliases(properties: Schema) -> Schema:
    return properties | {
        alias: properties[name] for alias, name in words.ALIASES.items() if name in properties
    }


def _named(inner: Schema) -> Schema:
    return {"type": "object", "additionalProperties": inner}


def _or_absent(inner: Schema) -> Schema:
    return {"anyOf": [inner, _ABSENT]}


def _texts() -> Schema:
    return {"anyOf": [{"type": "array", "items": _TEXT}, _TEXT]}


def _pairs() -> Schema:
    pair = {"type": "array", "items": _TEXT, "minItems": 2, "maxItems": 2}
    return {"type": "array", "items": pair}


def _corners(number: Schema) -> Schema:
    box = {"type": "array", "items": number, "minItems": 4, "maxItems": 4}
    corner = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
    return {"anyOf": [box, {"type": "array", "items": corner, "minItems": 3}]}
