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
CHECK = ("ignore", "severity", "on_commit", "groups")
QUALITY = ("labels_per_class", "agreement", "error_rate")

TYPES = ("options", "number", "integer", "text", "boolean")
SEVERITIES = ("error", "warning", "info")
ON_COMMIT = ("error", "warning", "never")

ALIASES = {"condition": "conditions"}
ELLIPSIS = "…"
"""Stands for anything in the slides that specs are copied from; counts as absent."""

FORMATS = (
    "jpeg",
    "png",
    "gif",
    "bmp",
    "webp",
    "tiff",
    "jpeg2000",
    "avif",
    "ppm",
)
"""Formats of images as they are recorded."""
FORMAT_ALIASES = {"jpg": "jpeg", "tif": "tiff", "jp2": "jpeg2000"}
"""Other names by which specs call them."""

MEANINGS = {
    "project_name": "What the project is called.",
    "extends": "Templates (`dlabel spec list`) or paths, relative to this file. Later ones win, this file over all.",
    "remove": "Dotted paths of what was inherited and is not wanted: data_spec.potato.box",
    "defaults": "Settings per kind, under those of every class that is drawn as it.",
    "data_spec": "The classes by name, and the kinds that each may be drawn as. None: all classes are allowed.",
    "image": "What the images themselves must be like.",
    "workflow": "The states of an image, and which may follow which. No command checks images against it.",
    "check": "Which findings count in this project.",
    "quality": "What the set is to reach; `check` and `report` measure labels per class.",
    "box": "An upright rectangle.",
    "rotated_box": "A rectangle at any angle.",
    "polygon": "An outline, perhaps with holes or in several pieces.",
    "polyline": "A line of two points or more.",
    "keypoints": "Named points in a fixed order.",
    "mask": "A region, pixel by pixel.",
    "category": "A class of the whole image.",
    "color": "A CSS name, #rgb or #rrggbb. In quotes: an unquoted # begins a comment.",
    "properties": "Properties by name.",
    "conditions": "What the geometry must keep to.",
    "condition": "The same as `conditions`.",
    "points": "The names of the points, in order.",
    "edges": "Pairs of points that a line joins, by name or by number from 0.",
    "symmetric": "Pairs of points that change places when the image is mirrored.",
    "type": "What a value is; `options` when options are given, else text unless said.",
    "options": "The values to choose from. An entry may have a list below it: {green: [light, dark]}; "
    "then the ends are the values.",
    "multiple": "Whether a value is a list of several different options.",
    "required": "Whether every label must say it.",
    "minimum": "The least number allowed.",
    "maximum": "The greatest number allowed.",
    "pattern": "A regular expression (RE2) that must match somewhere in the text.",
    "description": "For people.",
    "min_width": "Pixels, at least.",
    "max_width": "Pixels, at most.",
    "min_height": "Pixels, at least.",
    "max_height": "Pixels, at most.",
    "min_area": "Square pixels, at least.",
    "max_area": "Square pixels, at most.",
    "min_aspect": "Width divided by height, at least.",
    "max_aspect": "Width divided by height, at most.",
    "min_points": "Points of the outline or line, or labelled keypoints, at least.",
    "max_points": "Points of the outline or line, or labelled keypoints, at most.",
    "inside": "The region of `image.roi` that the label must lie in.",
    "per_image": "How many an image has: [least, most] (most may be null), or one number for both.",
    "max_overlap": "The largest IoU allowed between two labels of one class, kind and annotator, 0 to 1.",
    "roi": "Regions of interest by name: [x1, y1, x2, y2] or a list of corners.",
    "pixels": "[x1, y1, x2, y2] or a list of corners [x, y], in pixels.",
    "relative": "[x1, y1, x2, y2] or a list of corners [x, y], as fractions of width and height.",
    "formats": "The file formats that images may have: jpeg, png, …",
    "states": "The names of the states.",
    "transitions": "For each state, those that may follow it.",
    "ignore": "Codes of findings that do not count, or their beginnings: B104, G1",
    "severity": "How bad a finding is here, by its code or the beginning of it.",
    "on_commit": "`commit` refuses at findings this bad or worse; `never` lets everything in.",
    "groups": "Properties of images whose values must not be shared by two splits of a snapshot: [site]",
    "labels_per_class": "How many labels each class should have; `check` (B101) and `report` compare with it.",
    "agreement": "The agreement of annotators that is wanted, from 0 to 1. No command checks it.",
    "error_rate": "The largest acceptable share of wrong labels, from 0 to 1. No command checks it.",
}
"""Every word of the grammar in one sentence, for editors to show."""


def join(path: str, key: str) -> str:
    """A path in a spec one step deeper."""
    return f"{path}.{key}" if path else key


def usual_format(name: str) -> str:
    """The name by which a format of images is recorded, in whatever case and by whatever alias it was given."""
    return FORMAT_ALIASES.get(name.lower(), name.lower())
