"""The words of the grammar: which keys stand where. One table; the loader, its suggestions and the editors'
schema (`grammar.py`) all follow it."""

from __future__ import annotations

KINDS = ("box", "rotated_box", "polygon", "polyline", "keypoints", "mask", "category")

TOP = ("project_name", "extends", "remove", "defaults", "data_spec", "image", "workflow", "check", "quality")
KIND = ("color", "properties", "conditions", "points", "edges", "symmetric")
PROPERTY = ("type", "options", "multiple", "required", "minimum", "maximum", "pattern", "description")
SIZES = ("min_width", "max_width", "min_height", "max_height")
MEASURES = (*SIZES, "min_area", "max_area", "min_aspect", "max_aspect")
POINTS = ("min_points", "max_points")
CONDITIONS = (*MEASURES, *POINTS, "inside", "per_image", "max_overlap")
IMAGE = ("roi", "properties", "conditions")
IMAGE_CONDITIONS = (*SIZES, "formats")
WORKFLOW = ("states", "transitions")
CHECK = ("ignore", "severity", "on_commit")
QUALITY = ("labels_per_class", "agreement", "error_rate")

TYPES = ("options", "number", "integer", "text", "boolean")
SEVERITIES = ("error", "warning", "info")
ON_COMMIT = ("error", "warning", "never")

ALIASES = {"condition": "conditions"}
ELLIPSIS = "…"
"""Stands for anything in the slides that specs are copied from; counts as absent."""
