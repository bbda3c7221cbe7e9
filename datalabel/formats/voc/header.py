"""What the files of a Pascal VOC source have in common, and where everything stands.

* A mention's `number` is the path of the XML below the source (a JSON string), so that the same file is
  written again; it is null for a source of a single file.
* `extra` of a mention holds the other children of `<annotation>` in the notation of `voc.xml`, `extra` of
  a label those of `<object>`. Elements that columns hold (`filename`, `name`, `size`, `bndbox`) appear
  there only with what the columns cannot say: attributes, further children, sizes in another spelling.
* Keys with `$` are ours: `$order` (child elements in another order than the header's), `$attributes` (the
  order of properties), `$layout` (what differs from the header's layout), `$before` and `$after` (comments
  around the root), `$name` (the name of the image or class, where white space stands around it), `$xmin` to `$ymax`
  (corners in another spelling). `$properties` in an order stands for the `<attributes>` that `properties` come from.
* The header holds the layout and the order of children that are most common among the first files. Of orders
  that are equally common it holds the usual one, so that an unusual one is noted where it is.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from datalabel.formats.voc.properties import properties_of
from datalabel.formats.voc.xml import Layout, collapsed

PROPERTIES = "$properties"
SIDES = ("xmin", "ymin", "xmax", "ymax")

ORDERS: Mapping[str, Sequence[str]] = {
    "annotation": ["folder", "filename", "path", "source", "owner", "size", "segmented", "object"],
    "size": ["width", "height", "depth"],
    "object": ["name", "pose", "truncated", "difficult", "occluded", "bndbox", PROPERTIES],
    "bndbox": [*SIDES],
}
"""The usual order of children, for what a source does not show."""

_REQUIRED = {"annotation": ("object",), "object": ("name", "bndbox"), "bndbox": SIDES, "size": ()}
_ALWAYS = frozenset({"size", "width", "height", "name", "bndbox", *SIDES})


@dataclass(frozen=True, slots=True)
class Common:
    """What is common to the files of a source."""

    layout: Layout = field(default_factory=Layout)
    orders: Mapping[str, Sequence[str]] = field(default_factory=lambda: ORDERS)
    name_element: str = "filename"
    folder: bool = True

    def header(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "folder": self.folder,
            "layout": asdict(self.layout),
            "name_element": self.name_element,
            "order": {key: list(order) for key, order in self.orders.items()},
        }

    @classmethod
    def of(cls, header: Mapping[str, Any]) -> Common:
        """From a header; what it does not say is as usual."""
        layout = Layout(**header.get("layout", {}))
        orders = {**ORDERS, **header.get("order", {})}
        return cls(layout, orders, header.get("name_element", "filename"), header.get("folder", True))

    def expected(self, of: str, present: Iterable[str]) -> list[str]:
        """The children of an element in the common order; those that it does not know stand last.

        Elements that columns hold count as present, so that their absence from a file is noted there.
        """
        order = self.orders[of]
        there = dict.fromkeys(present)
        known = [tag for tag in order if tag in there or tag in _ALWAYS or tag == self.name_element]
        return known + [tag for tag in there if tag not in order]


def side_note(tag: str) -> str:
    """Where the extra of a box keeps the text of a child: of a side, that is a note of how its number is spelled."""
    return f"${tag}" if tag in SIDES else tag


def common_of(files: Sequence[tuple[bytes, ET.Element]], name_element: str, folder: bool) -> Common:
    """What is most common among some files; among equals, the usual order, else what comes first."""
    shapes: dict[str, Counter[tuple[str, ...]]] = {key: Counter() for key in ORDERS}
    layouts: Counter[Layout] = Counter()
    for data, root in files:
        layouts[Layout.of(data, root)] += 1
        shapes["annotation"][_shape(root)] += 1
        for child in root:
            if child.tag in ("object", "size"):
                shapes[child.tag][_shape(child)] += 1
        for box in root.iterfind("object/bndbox"):
            shapes["bndbox"][_shape(box)] += 1
    orders = {key: _order(shape, key) for key, shape in shapes.items()}
    layout = layouts.most_common(1)[0][0] if layouts else Layout()
    return Common(layout, orders, name_element, folder)


def _shape(element: ET.Element) -> tuple[str, ...]:
    return tuple(
        collapsed(
            PROPERTIES if child.tag == "attributes" and properties_of(child) else child.tag
            for child in element
        )
    )


def _order(shapes: Counter[tuple[str, ...]], key: str) -> list[str]:
    """The most common order without repetitions, with what every such element must have."""
    usual = tuple(ORDERS[key])
    shape = max(shapes, key=lambda one: (shapes[one], one == usual), default=())
    order = list(dict.fromkeys(tag for tag in shape if tag[0] not in "#!?"))
    if not order:
        return list(ORDERS[key])
    return order + [tag for tag in _REQUIRED[key] if tag not in order]
