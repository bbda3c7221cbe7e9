"""From a spelled-out tree of nodes to a `Spec`: every value is checked, every fault has its place and path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from datalabel.errors import nearest
from datalabel.spec import vocabulary as words
from datalabel.spec.authored import Report
from datalabel.spec.inherit import merged
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
from datalabel.spec.understand_property import understand_property
from datalabel.spec.values import Values
from datalabel.spec.vocabulary import join
from datalabel.spec.yaml_text import Node

T = TypeVar("T")


def understand(root: Node, report: Report) -> Spec:
    """The spec that a merged tree means. Faults go to the report; what is faulty is left out."""
    return _Understanding(root, report).spec()


class _Understanding:
    def __init__(self, root: Node, report: Report) -> None:
        self._root = root
        self._report = report
        self._values = Values(report)
        self._image = root.entries.get("image") or Node({}, root.place)
        self._regions: dict[str, Region] = {}

    def spec(self) -> Spec:
        values, root = self._values, self._root
        self._regions = self._named(self._image, "roi", "image.roi", self._region)
        return Spec(
            project_name=values.text(root, "project_name", ""),
            classes=self._classes(),
            regions=self._regions,
            item_properties=self._named(self._image, "properties", "image.properties", self._property),
            image=self._image_conditions(),
            workflow=self._workflow(),
            check=self._check(),
            quality=self._quality(),
        )

    def _named(self, node: Node, key: str, path: str, make: Callable[[Node, str], T | None]) -> dict[str, T]:
        """A mapping of names, each understood; what is faulty is left out."""
        found: dict[str, T] = {}
        for name, inner in node.entries.get(key, Node({}, node.place)).entries.items():
            one = make(inner, join(path, name))
            if one is not None:
                found[name] = one
        return found

    # Classes

    def _classes(self) -> dict[str, dict[str, LabelType]]:
        defaults = self._root.entries.get("defaults") or Node({}, self._root.place)
        for kind, inner in defaults.entries.items():
            # For their faults: they count even when no class has this kind yet.
            self._label_type(inner, kind, f"defaults.{kind}")
        classes: dict[str, dict[str, LabelType]] = {}
        for name, node in self._root.entries.get("data_spec", Node({}, self._root.place)).entries.items():
            kinds = node.entries or defaults.entries
            classes[name] = {
                kind: self._label_type(
                    merged(defaults.entries[kind], inner) if kind in defaults.entries else inner,
                    kind,
                    f"data_spec.{name}.{kind}",
                )
                for kind, inner in kinds.items()
            }
        return classes

    def _label_type(self, node: Node, kind: str, path: str) -> LabelType:
        points = self._points(node, kind, path)
        return LabelType(
            color=self._values.color(node, path),
            properties=self._named(node, "properties", f"{path}.properties", self._property),
            conditions=self._conditions(node.entries.get("conditions"), f"{path}.conditions"),
            points=points,
            edges=self._pairs(node, "edges", path, points),
            symmetric=self._pairs(node, "symmetric", path, points),
        )

    def _property(self, node: Node, path: str) -> Property | None:
        return understand_property(node, path, self._values)

    def _points(self, node: Node, kind: str, path: str) -> tuple[str, ...]:
        points = self._values.texts(node, "points", path)
        for key in ("points", "edges", "symmetric"):
            if key in node.entries and kind != "keypoints":
                self._report.fault(
                    f"only keypoints have {key}", node.keys.get(key, node.place), f"{path}.{key}"
                )
        if len(set(points)) < len(points):
            self._report.fault(
                "two points have the same name", node.entries["points"].place, f"{path}.points"
            )
        return points

    def _pairs(self, node: Node, key: str, path: str, points: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
        """Pairs of points, given by name or by index from 0."""
        listed = node.entries.get(key)
        if listed is None:
            return ()
        # Defaults may leave the points themselves to the classes.
        named = bool(points) or not path.startswith("defaults.")
        pairs: list[tuple[int, int]] = []
        for pair in listed.items:
            if len(pair.items) != 2 or any(end.is_mapping or end.is_list for end in pair.items):
                self._report.fault(f"{key} takes pairs of points", pair.place, f"{path}.{key}")
                continue
            ends = [self._point(end, points, f"{path}.{key}") for end in pair.items] if named else [None]
            if None not in ends:
                pairs.append((ends[0] or 0, ends[1] or 0))
        if not listed.is_list:
            self._report.fault(f"{key} takes a list of pairs of points", listed.place, f"{path}.{key}")
        return tuple(pairs)

    def _point(self, end: Node, points: tuple[str, ...], path: str) -> int | None:
        if end.text in points:
            return points.index(end.text)
        if isinstance(end.value, int) and not isinstance(end.value, bool) and 0 <= end.value < len(points):
            return end.value
        close = nearest(end.text, points)
        tail = f"; did you mean {close!r}?" if close else ""
        self._report.fault(f"there is no point {end.text!r}{tail}", end.place, path)
        return None

    def _conditions(self, node: Node | None, path: str) -> Conditions:
        if node is None:
            return Conditions()
        values = self._values
        measures: dict[str, Any] = {name: values.number(node, name, path, least=0) for name in words.MEASURES}
        measures |= {name: values.integer(node, name, path, least=0) for name in words.POINTS}
        values.ordered(node, measures, path)
        inside = values.text(node, "inside", path)
        if inside is not None and inside not in self._regions:
            close = nearest(inside, self._regions)
            tail = f"; did you mean {close!r}?" if close else "; regions stand under image.roi"
            self._report.fault(
                f"there is no region {inside!r}{tail}", node.entries["inside"].place, f"{path}.inside"
            )
            inside = None
        overlap = values.number(node, "max_overlap", path, least=0, most=1)
        return Conditions(
            **measures, inside=inside, per_image=values.span(node, "per_image", path), max_overlap=overlap
        )

    # Images

    def _region(self, node: Node, path: str) -> Region | None:
        relative = "relative" in node.entries
        corners = node
        if node.is_mapping:
            unknown = [key for key in node.entries if key not in ("pixels", "relative")]
            if unknown or len(node.entries) != 1:
                self._report.fault(
                    "a region is `pixels: […]`, `relative: […]` or a bare list", node.place, path
                )
                return None
            corners = next(iter(node.entries.values()))
        return self._values.region(corners, path, relative=relative)

    def _image_conditions(self) -> ImageConditions:
        node = self._image.entries.get("conditions")
        if node is None:
            return ImageConditions()
        path = "image.conditions"
        sizes: dict[str, Any] = {
            name: self._values.integer(node, name, path, least=0) for name in words.SIZES
        }
        self._values.ordered(node, sizes, path)
        return ImageConditions(**sizes, formats=self._formats(node, path))

    def _formats(self, node: Node, path: str) -> tuple[str, ...]:
        """Names of formats as they are recorded. One that looks misspelt is warned of: there are many."""
        found = [name.lower() for name in self._values.texts(node, "formats", path)]
        for name in found:
            close = nearest(name, words.FORMATS)
            if close and name not in words.FORMATS and name not in words.FORMAT_ALIASES:
                self._report.warn(
                    f"{name!r} is no format of images known here; did you mean {close!r}?",
                    node.entries["formats"].place,
                    f"{path}.formats",
                )
        return tuple(dict.fromkeys(words.usual_format(name) for name in found))

    # The rest

    def _workflow(self) -> Workflow:
        node = self._root.entries.get("workflow")
        if node is None:
            return Workflow()
        states = self._values.texts(node, "states", "workflow") or Workflow().states
        given = node.entries.get("states")
        if given is not None and (len(set(states)) < len(states) or not (given.items or given.text)):
            self._report.fault("states are one or more different names", given.place, "workflow.states")
        listed = node.entries.get("transitions")
        if listed is None:
            kept = {name: to for name, to in Workflow().transitions.items() if name in states}
            return Workflow(
                states, {name: tuple(one for one in to if one in states) for name, to in kept.items()}
            )
        transitions: dict[str, tuple[str, ...]] = {}
        for name in listed.entries:
            path = f"workflow.transitions.{name}"
            transitions[name] = self._values.texts(listed, name, "workflow.transitions")
            for state in (name, *transitions[name]):
                if state not in states:
                    close = nearest(state, states)
                    tail = f"; did you mean {close!r}?" if close else ""
                    self._report.fault(f"there is no state {state!r}{tail}", listed.keys[name], path)
        return Workflow(states, transitions)

    def _check(self) -> CheckSettings:
        node = self._root.entries.get("check")
        if node is None:
            return CheckSettings()
        severity: dict[str, Any] = {}
        listed = node.entries.get("severity")
        for code in listed.entries if listed is not None else ():
            word = (
                self._values.word(listed, code, "check.severity", words.SEVERITIES)
                if listed is not None
                else None
            )
            if word is not None:
                severity[code] = word
        on_commit: Any = self._values.word(node, "on_commit", "check", words.ON_COMMIT) or "never"
        ignore, groups = (self._values.texts(node, name, "check") for name in ("ignore", "groups"))
        return CheckSettings(ignore, severity, on_commit, groups)

    def _quality(self) -> Quality:
        node = self._root.entries.get("quality")
        if node is None:
            return Quality()
        return Quality(
            self._values.integer(node, "labels_per_class", "quality", least=0),
            self._values.number(node, "agreement", "quality", least=0, most=1),
            self._values.number(node, "error_rate", "quality", least=0, most=1),
        )
