"""Reading Pascal VOC: folders of XML files into columns (what stands where: see `voc.header`)."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from datalabel.content import canonical_json, fingerprint
from datalabel.errors import Faults, InputError
from datalabel.formats.base import READ_LABELS, READ_MENTIONS, Read, ReadContext, SourceFiles
from datalabel.formats.voc.bare import blank_between, is_bare
from datalabel.formats.voc.files import Files
from datalabel.formats.voc.header import PROPERTIES, SIDES, Common, common_of, side_note
from datalabel.formats.voc.names import SPELLED, name_in
from datalabel.formats.voc.numbers import BadNumberError, Numbers, corners
from datalabel.formats.voc.properties import properties_of
from datalabel.formats.voc.texts import Texts
from datalabel.formats.voc.xml import (
    Layout,
    XmlError,
    children_of,
    collapsed,
    gather,
    interrupted,
    line_of,
    notation,
    text_of,
)
from datalabel.formats.wordings import Members, member_wordings
from datalabel.labels.tables import table_of

SAMPLE = 64
"""How many files decide what is common."""
MAX_REMEMBERED = 100_000
SHOWN = 20

_Found = tuple[str, tuple[float, float, float, float], str | None, str]
"""Class, bounds, properties and extra of an object."""


class Reader:
    """Collects the columns of one source, and every fault in it."""

    def __init__(self, source: SourceFiles, context: ReadContext) -> None:
        self._source = source
        self._context = context
        self._item_key = context.item_key
        self._faults = Faults(SHOWN)
        self._files = Files(source, self._faults)
        self._numbers = Numbers()
        self._common = Common()
        self._names: list[str] = []
        self._members: list[str | None] = []
        self._sizes: list[tuple[int | None, int | None]] = []
        self._extras: list[str] = []
        self._mention = array("i")
        self._rank = array("i")
        self._boxes = (array("d"), array("d"), array("d"), array("d"))
        self._texts = {"class": Texts(), "properties": Texts(), "extra": Texts()}
        self._seen: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
        self._usual_sides: list[str] = []
        self._where = ""
        self._data = b""
        self._bare = False

    def read(self, members: Sequence[str | None]) -> Read:
        """Read the members (None: the source itself), in this order.

        Raises:
            InputError: any of them is faulty; all faults are in it.
        """
        folder = members != [None]
        name_element = self._item_key or "filename"
        sample = [self._files.parsed(member) for member in members[:SAMPLE]]
        common = [(data, root) for data, root, _ in filter(None, sample)]
        self._common = common_of(common, name_element, folder)
        self._usual_sides = list(self._common.orders["bndbox"])
        known = self._known([member for member in members if member is not None], len(sample))
        before = dict(zip(known.passed_over.tolist(), known.mentions.to_pylist(), strict=True))
        for index, member in enumerate(members):
            if index in before:
                self._as_before(before[index])
                continue
            found = sample[index] if index < SAMPLE else self._files.parsed(member)
            if found is not None:
                self._data, root, around = found
                self._where = self._files.place(member)
                self._bare = is_bare(self._data)
                self._file(member, root, around)
        self._faults.raise_if_any(InputError)
        known.forget(row for row, member in enumerate(members) if member in self._files.saved_meanwhile)
        wordings = known.wordings if folder else None
        return Read(self._common.header(), self._mentions(), self._labels(), wordings=wordings)

    def _known(self, members: Sequence[str], begun: int) -> Members:
        """What is known of the files from when they were last read; none of a single file."""
        # Before there was `SPELLED`, names were read with the white space around them.
        rules = fingerprint(canonical_json([self._common.header(), self._item_key, SPELLED]))
        texts = member_wordings(members, self._source.contents, [""] * len(members))
        return Members.of(rules, texts, begun, self._context.before(rules))

    def _as_before(self, mention: Mapping[str, Any]) -> None:
        """A file that need not be read."""
        self._names.append(mention["name"])
        self._members.append(mention["number"])
        self._sizes.append((mention["width"], mention["height"]))
        self._extras.append(mention["extra"])

    def _fault(self, what: str, number: int = 0, tag: str | None = None) -> None:
        # Finding a line parses the file again: only for faults that will be shown.
        line = line_of(self._data, number, tag) if len(self._faults) < SHOWN else None
        where = self._where if line is None else f"{self._where}:{line}"
        self._faults.add(what, f"{where}: object {number}" if number else where)

    def _file(self, member: str | None, root: ET.Element, around: dict[str, list[str]]) -> None:
        row = len(self._names)
        rank, tags = 0, []
        content: list[tuple[str, Any]] = []
        name = ""
        size: tuple[int | None, int | None] = (None, None)
        for tag, child in children_of(root):
            tags.append(tag)
            if isinstance(child, str):
                content.append((tag, child))
            elif tag == "object":
                self._object(row, rank, child)
                rank += 1
            elif tag == "size":
                size, rest = self._size(child)
                if rest:
                    content.append((tag, rest))
            elif tag == self._common.name_element:
                noted = self._noted(child)
                name = name_in(noted)
                if not name.strip() or not isinstance(noted, str):
                    content.append((tag, noted))
                elif noted != name:
                    content.append((SPELLED, noted))
            else:
                content.append((tag, self._noted(child)))
        self._check_held(tags, name)
        extra: dict[str, Any] = {f"@{key}": value for key, value in root.items()}
        gather(extra, content)
        self._order("annotation", tags, extra, ["object"] if rank else [])
        extra |= around | self._layout(root)
        path = PurePosixPath(member or self._source.path().name)
        self._names.append(name if name.strip() else path.stem)
        self._members.append(None if member is None else json.dumps(member, ensure_ascii=False))
        self._sizes.append(size)
        self._extras.append(json.dumps(extra, ensure_ascii=False))

    def _check_held(self, tags: list[str], name: str) -> None:
        for tag in (self._common.name_element, "size"):
            if tags.count(tag) > 1:
                self._fault(f"<{tag}> stands {tags.count(tag)} times", 0, tag)
        if self._item_key is not None and not name.strip():
            self._fault(f"has no text in <{self._item_key[:80]}>, which was to name the image (--item-key)")

    def _noted(self, element: ET.Element) -> Any:
        try:
            return notation(element)
        except XmlError as fault:
            self._fault(fault.what, 0, element.tag)
            return ""

    def _layout(self, root: ET.Element) -> dict[str, Any]:
        layout = Layout.of(self._data, root)
        common = self._common.layout
        if layout == common or (not len(root) and layout.end == common.end):
            return {}
        ours, usual = asdict(layout), asdict(common)
        if layout.empty is None:
            ours["empty"] = usual["empty"]
        differs = {key: value for key, value in ours.items() if value != usual[key]}
        return {"$layout": differs} if differs else {}

    def _order(self, of: str, tags: list[str], extra: dict[str, Any], more: Sequence[str] = ()) -> None:
        """Note the order of children where it is not the one in which they would be written without a note."""
        runs = tags if interrupted(tags) else collapsed(tags)
        present = [key for key in extra if key[0] not in "@$"]
        usual = self._common.expected(of, [*present, *more, *([PROPERTIES] if PROPERTIES in runs else [])])
        if runs != usual:
            extra["$order"] = runs

    def _size(self, element: ET.Element) -> tuple[tuple[int | None, int | None], dict[str, Any]]:
        """Width and height, and what else `<size>` holds."""
        sides: dict[str, int | None] = {"width": None, "height": None}
        tags: list[str] = []
        content: list[tuple[str, Any]] = []
        for tag, child in children_of(element):
            noted = child if isinstance(child, str) else self._noted(child)
            tags.append(tag)
            text = text_of(noted)
            if tag in sides and text is not None and text.strip():
                try:
                    sides[tag] = self._numbers.pixels(text)
                except BadNumberError as fault:
                    self._fault(f"{tag} {fault}", 0, tag)
            if tag not in sides or noted != str(sides[tag]):
                content.append((tag, noted))
        for side in sides:
            if tags.count(side) > 1:
                self._fault(f"<{side}> stands {tags.count(side)} times", 0, side)
        extra: dict[str, Any] = {f"@{key}": value for key, value in element.items()}
        gather(extra, content)
        self._order("size", tags, extra, [side for side in sides if side in tags])
        return (sides["width"], sides["height"]), extra

    def _object(self, row: int, rank: int, element: ET.Element) -> None:
        number = rank + 1
        found = self._quick(element) if self._bare else None
        if found is None:
            found = self._any_object(number, element)
        if found is None:
            return
        name, box, properties, extra = found
        if not name or name.isspace():
            self._fault("has no name", number)
            return
        self._mention.append(row)
        self._rank.append(rank)
        for column, value in zip(self._boxes, box, strict=True):
            column.append(value)
        self._texts["class"].add(name)
        self._texts["properties"].add(properties)
        self._texts["extra"].add(extra)

    def _quick(self, element: ET.Element) -> _Found | None:
        """An object without attributes whose children are one name, one plain box, and texts; else None.

        What such an object's `extra` is depends on its tags and texts alone, so it is made once for all.
        """
        texts: list[Any] = [child.text for child in element]
        tags: tuple[str, ...] = tuple([child.tag for child in element])
        if tags.count("name") != 1 or tags.count("bndbox") != 1 or not blank_between(element):
            return None
        where = tags.index("bndbox")
        lengths = list(map(len, element))
        lengths[where] = 0
        box = self._numbers.usual(element[where], self._usual_sides)
        if box is None or any(lengths):
            return None
        place = tags.index("name")
        name, texts[place], texts[where] = texts[place] or "", None, None
        if name.strip() != name:
            return None
        key = (tags, tuple(texts))
        extra = self._seen.get(key)
        if extra is None:
            extra = self._object_extra(0, element, {}, None)[1]
            if len(self._seen) < MAX_REMEMBERED:
                self._seen[key] = extra
        return name, box, None, extra

    def _any_object(self, number: int, element: ET.Element) -> _Found | None:
        """Any object; None after noting a fault."""
        box = element.find("bndbox")
        if box is None:
            self._fault("has no <bndbox>", number)
            return None
        every = (properties_of(child) for child in element.iterfind("attributes"))
        properties = next((one for one in every if one is not None), None)
        found = self._box(number, box)
        if found is None:
            return None
        bounds, leftover = found
        name, extra = self._object_extra(number, element, leftover, properties)
        return name, bounds, canonical_json(properties).decode() if properties else None, extra

    def _object_extra(
        self, number: int, element: ET.Element, leftover: Any, properties: dict[str, Any] | None
    ) -> tuple[str, str]:
        """The class, and the JSON of what columns do not hold of an object."""
        tags: list[str] = []
        content: list[tuple[str, Any]] = []
        name = ""
        held: set[str] = set()
        for tag, child in children_of(element):
            first = tag not in held
            if tag == "bndbox" and first:
                if leftover:
                    content.append((tag, leftover))
            elif tag == "attributes" and _bears(child, properties) and PROPERTIES not in tags:
                tag = PROPERTIES
            else:
                noted = child if isinstance(child, str) else self._noted(child)
                if tag == "name" and first:
                    name = name_in(noted)
                if tag != "name" or not isinstance(noted, str):
                    content.append((tag, noted))
                elif noted != name:
                    content.append((SPELLED, noted))
            held.add(tag)
            tags.append(tag)
        for single in ("name", "bndbox"):
            if tags.count(single) > 1:
                self._fault(f"has {tags.count(single)} elements <{single}>", number)
        extra: dict[str, Any] = {f"@{key}": value for key, value in element.items()}
        gather(extra, content)
        self._order("object", tags, extra)
        if properties and list(properties) != sorted(properties):
            extra["$attributes"] = list(properties)
        return name, json.dumps(extra, ensure_ascii=False)

    def _box(
        self, number: int, box: ET.Element
    ) -> tuple[tuple[float, float, float, float], dict[str, Any]] | None:
        """x, y, w, h and what else `<bndbox>` holds; None after noting a fault."""
        before = len(self._faults)
        content = [
            (tag, child if isinstance(child, str) else self._noted(child)) for tag, child in children_of(box)
        ]
        tags = [tag for tag, _ in content]
        texts = {tag: text_of(noted) for tag, noted in content}
        for side in SIDES:
            if tags.count(side) != 1:
                self._fault(f"has {tags.count(side) or 'no'} <{side}> in its <bndbox>", number, "bndbox")
            else:
                try:
                    self._numbers.check(texts[side])
                except BadNumberError as fault:
                    self._fault(f"{side} {fault}", number, side)
        if len(self._faults) > before:
            return None
        xmin, ymin, xmax, ymax = (str(texts[side]) for side in SIDES)
        try:
            (x, w), (y, h) = self._numbers.span(xmin, xmax), self._numbers.span(ymin, ymax)
        except BadNumberError as fault:
            self._fault(f"the box {fault}", number, "bndbox")
            return None
        spelled = dict(zip(SIDES, corners(x, y, w, h), strict=True))
        extra: dict[str, Any] = {f"@{key}": value for key, value in box.items()}
        odd = [(tag, noted) for tag, noted in content if noted != spelled.get(tag)]
        gather(extra, [(side_note(tag) if isinstance(noted, str) else tag, noted) for tag, noted in odd])
        self._order("bndbox", tags, extra)
        return (x, y, w, h), extra

    def _mentions(self) -> pa.Table:
        count = len(self._names)
        columns = {
            "name": self._names,
            "number": self._members,
            "order": np.arange(count, dtype=np.int64),
            "width": [width for width, _ in self._sizes],
            "height": [height for _, height in self._sizes],
            "extra": self._extras,
        }
        return table_of(columns, READ_MENTIONS)

    def _labels(self) -> pa.Table:
        x, y, w, h = (np.array(column, dtype=np.float64) for column in self._boxes)
        columns = {
            "mention": np.array(self._mention, dtype=np.int32),
            "kind": pa.repeat("box", len(x)) if len(x) else pa.array([], pa.string()),
            "x": x,
            "y": y,
            "w": w,
            "h": h,
            "rank": np.array(self._rank, dtype=np.int32),
        }
        return table_of(columns | {key: texts.column() for key, texts in self._texts.items()}, READ_LABELS)


def _bears(child: ET.Element | str, properties: dict[str, Any] | None) -> bool:
    return properties is not None and properties_of(child) == properties
