"""The canonical form of a spec: what is said, and nothing else, as canonical JSON. Two spellings of one spec
have one form. It is what the store keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from datalabel.content import canonical_json
from datalabel.errors import DamagedError
from datalabel.spec.model import (
    CheckSettings,
    Conditions,
    ImageConditions,
    LabelType,
    Property,
    Quality,
    Region,
    Spec,
    Workflow,
)
from datalabel.spec.verify import verify


def canonical_spec(spec: Spec) -> bytes:
    """The canonical form. Classes keep their order in `order`: exports number them by it."""
    said = as_json(spec)
    if len(spec.classes) > 1:
        said["order"] = list(spec.classes)
    return canonical_json(said)


def as_json(value: Any) -> Any:
    """A value of the model as JSON; a dataclass as a mapping of the fields that differ from their defaults."""
    if is_dataclass(value):
        found: dict[str, Any] = {}
        for field in fields(value):
            default = field.default_factory() if field.default_factory is not MISSING else field.default
            inner = getattr(value, field.name)
            if inner != default:
                found[field.name] = as_json(inner)
        return found
    if isinstance(value, Mapping):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [as_json(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def spec_from_canonical(data: bytes) -> Spec:
    """The spec again.

    Raises:
        DamagedError: it is not what `canonical_spec` writes.
    """
    try:
        said = json.loads(data)
        order = said.pop("order", None) or list(said.get("classes", {}))
        classes = said.pop("classes", {})
        if not isinstance(classes, dict) or sorted(order) != sorted(classes):
            raise ValueError("the order names other classes")
        parts: dict[str, Any] = {
            "classes": {
                name: {kind: _label_type(one) for kind, one in classes[name].items()} for name in order
            },
            "regions": {name: Region(**_tuples(one)) for name, one in said.pop("regions", {}).items()},
            "item_properties": _properties(said.pop("item_properties", {})),
        }
        for name, make in (("image", ImageConditions), ("check", CheckSettings), ("quality", Quality)):
            parts[name] = make(**_tuples(said.pop(name, {})))
        workflow = said.pop("workflow", {})
        if "transitions" in workflow:
            workflow["transitions"] = _tuples(workflow["transitions"])
        spec = Spec(**parts, workflow=Workflow(**_tuples(workflow)), **said)
        verify(spec)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise DamagedError(
            "a spec object cannot be read", hint="put it back from a copy of .dlabel/objects"
        ) from None
    return spec


def _label_type(said: dict[str, Any]) -> LabelType:
    parts = dict(said)
    properties = _properties(parts.pop("properties", {}))
    conditions = Conditions(**_tuples(parts.pop("conditions", {})))
    return LabelType(properties=properties, conditions=conditions, **_tuples(parts))


def _properties(said: dict[str, Any]) -> dict[str, Property]:
    return {name: _property(one) for name, one in said.items()}


def _property(said: dict[str, Any]) -> Property:
    # Only the outer list: branches of an option tree stay as written.
    parts: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in said.items()
    }
    return Property(**parts)


def _tuples(said: dict[str, Any]) -> dict[str, Any]:
    return {name: _tuple(value) for name, value in said.items()}


def _tuple(value: Any) -> Any:
    return tuple(_tuple(inner) for inner in value) if isinstance(value, list) else value
