"""Writing Pascal VOC: columns into one XML per item."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow.compute as pc

from datalabel.errors import InputError
from datalabel.files import checked_key
from datalabel.formats.base import LABEL_KEYS, Batch, OutputFile, Selection
from datalabel.formats.voc.header import PROPERTIES, SIDES, Common, side_note
from datalabel.formats.voc.names import SPELLED, is_trim, name_in, name_notation
from datalabel.formats.voc.numbers import BadNumberError, Numbers, corners_in_bulk
from datalabel.formats.voc.plain import PlainFiles, WriteFile, divided
from datalabel.formats.voc.properties import attribute_notation
from datalabel.formats.voc.xml import Writer, attribute_text, escaped, text_of, with_text
from datalabel.images import without_suffix

Row = dict[str, Any]

_PIECE = 1024
"""So many items are made together; more are no quicker."""
_MAX_TEMPLATES = 4096
_PLACES = tuple(f"\0{index}\0" for index in range(5))
"""Stand for the class and the corners in a template; no XML text holds NUL."""

_NEW_OBJECT = {"pose": "Unspecified", "truncated": "0", "difficult": "0", "occluded": "0"}
_FOREIGN_OBJECT = ("pose", "truncated", "difficult")
_LABEL_COLUMNS = ("item", "class", "x", "y", "w", "h", "properties", "extra")


def member_path(item: Row, own: bool) -> str:
    """Where an item's XML goes: the member that it came from, else a file named as the item.

    Raises:
        InputError: the recorded member is no safe path.
    """
    number = item["number"] if own else None
    if number is not None:
        member = _json(number, "the member path", item["item"])
        if not isinstance(member, str):
            raise InputError("the recorded member path is not a text", where=item["item"])
        return checked_key(member, where=item["item"])
    if own:
        return f"{posixpath.basename(without_suffix(item['name']))}.xml"
    return new_path(item["name"])


def new_path(name: str) -> str:
    """Where the XML of an item goes that did not come from one."""
    return f"Annotations/{without_suffix(name)}.xml"


def output_files(selection: Selection) -> Iterator[OutputFile]:
    """One file per item, in key order."""
    own = selection.header is not None
    common = Common.of(selection.header or {})
    templates = _Templates()

    def write(item: Row, labels: list[Row]) -> bytes:
        return _File(common, own, item, templates).data(labels)

    single = posixpath.basename(selection.name) if own and not common.folder else None
    plain = None if own else PlainFiles(write)
    for batch in selection.batches(_LABEL_COLUMNS):
        # Labels without bounds were named as lost.
        drawn = Batch(batch.items, batch.labels.filter(pc.is_valid(batch.labels.column("x"))))
        if plain is not None:
            yield from _new_files(drawn, plain, write)
            continue
        for item, labels in _by_item(drawn):
            yield OutputFile(single or member_path(item, own), (write(item, labels),))


def _new_files(batch: Batch, plain: PlainFiles, write: WriteFile) -> Iterator[OutputFile]:
    """The files of items of a set; those of plain ones are made together."""
    for piece in batch.pieces(_PIECE):
        is_plain, easy, odd = divided(piece)
        together = plain.files(easy)
        apart = (write(item, labels) for item, labels in _by_item(odd))
        names = piece.items.column("name").to_pylist()
        for name, is_easy in zip(names, is_plain.tolist(), strict=True):
            yield OutputFile(new_path(name), (next(together if is_easy else apart),))


def split_files(splits: Sequence[Selection]) -> Iterator[OutputFile]:
    """Every split's files, and the list of its images in `ImageSets/Main`."""
    for split in splits:
        stems: list[str] = []
        for batch in split.batches(LABEL_KEYS):
            stems += map(without_suffix, batch.items.column("name").to_pylist())
        yield from output_files(split)
        lines = "".join(f"{stem}\n" for stem in sorted(stems))
        yield OutputFile(f"ImageSets/Main/{split.name}.txt", (lines.encode(),))


def _by_item(batch: Batch) -> Iterator[tuple[Row, list[Row]]]:
    """Every item with its labels, which all have bounds."""
    labels = batch.labels
    rows = labels.select(_LABEL_COLUMNS).to_pylist()
    sides = corners_in_bulk(*(labels.column(name).to_numpy() for name in "xywh"))
    for row, *texts in zip(rows, *(side.to_pylist() for side in sides), strict=True):
        row["corners"] = texts
    start = 0
    for item in batch.items.to_pylist():
        end = start
        while end < len(rows) and rows[end]["item"] == item["item"]:
            end += 1
        yield item, rows[start:end]
        start = end


def _json(text: str, what: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} is no JSON: {error}", where=where) from None


@dataclass(slots=True)
class _Part:
    """An element under way: how many of each child were written, to place those that stand apart."""

    order: list[str]
    fields: Mapping[str, Any]

    def run(self, held: Mapping[str, Callable[[], None]], other: Callable[[str, Any], None]) -> None:
        """Write the children in order: `held` those that columns hold, `other` those of the fields."""
        left = {tag: self.order.count(tag) for tag in self.order}
        taken = dict.fromkeys(left, 0)
        for tag in self.order:
            left[tag] -= 1
            if tag in held:
                held[tag]()
                continue
            values = self.fields.get(tag, [])
            values = values if isinstance(values, list) else [values]
            first = taken[tag]
            taken[tag] = first + 1 if left[tag] else len(values)
            for value in values[first : taken[tag]]:
                other(tag, value)


class _Templates:
    """Texts of elements met before, with places for what differs; bounded."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], str] = {}
        self.get = self._known.get

    def add(self, key: tuple[Any, ...], template: str) -> None:
        if len(self._known) >= _MAX_TEMPLATES:
            self._known.clear()
        self._known[key] = template


class _File:
    """The XML of one item."""

    def __init__(self, common: Common, own: bool, item: Row, templates: _Templates) -> None:
        self._common = common
        self._templates = templates
        self._own = own
        self._item = item
        self._numbers = _NUMBERS
        extra = item["extra"]
        self._extra: dict[str, Any] = (
            self._defaults() if extra is None else _json(extra, "a field of the item", item["item"])
        )
        noted = self._extra.get("$layout")
        self._layout = replace(common.layout, **noted) if noted else common.layout
        self._out = Writer(self._layout)
        self._labels: list[Row] = []
        self._next = 0

    def _defaults(self) -> dict[str, Any]:
        """What a file says that no source said: the usual fields of Pascal VOC."""
        folder = posixpath.dirname(self._item["name"])
        size = {} if self._item["width"] is None else {"size": {"depth": "3"}}
        fields = {"folder": folder, **size, "segmented": "0"}
        known = self._common.orders["annotation"]
        return {tag: value for tag, value in fields.items() if value and (tag in known or not self._own)}

    def data(self, labels: list[Row]) -> bytes:
        """The file's bytes."""
        out, layout, extra = self._out, self._layout, self._extra
        self._labels = labels
        inner = len(out.pieces)
        order = self._order("annotation", extra, (["object"] if labels else []))
        left = order.count("object")
        objects = self._objects(left)
        held = {
            self._common.name_element: self._name,
            "object": lambda: next(objects),
            "size": self._usual_size if self._item["extra"] is None else self._size,
        }
        out.inline = "#text" in order
        _Part(order, extra).run(held, lambda tag, value: out.element(tag, value, 1))
        body = "".join(out.pieces[inner:])
        start = f"<annotation{attribute_text(extra)}"
        closing = out.line(0)
        root = f"{start}>{body}{closing}</annotation>" if body else start + (layout.empty or "></annotation>")
        return layout.encoded(self._around(root))

    def _around(self, root: str) -> str:
        before = [f"{text}\n" for text in self._extra.get("$before", ())]
        after = [f"\n{text}" for text in self._extra.get("$after", ())]
        return "".join([self._layout.declaration, *before, root, *after, self._layout.end])

    def _order(self, of: str, fields: Mapping[str, Any], more: list[str]) -> list[str]:
        """The order of an element's children: as noted, else the common one; new ones last."""
        present = [key for key in fields if key[0] not in "@$"] + more
        noted = fields.get("$order")
        if noted is None:
            return self._common.expected(of, present)
        return [*noted, *(tag for tag in present if tag not in noted)]

    def _objects(self, places: int) -> Iterator[None]:
        """Write one object per place, and all that are left in the last place."""
        for place in range(places):
            last = place == places - 1
            end = len(self._labels) if last else self._next + 1
            for label in self._labels[self._next : end]:
                self._object(label)
            self._next = min(end, len(self._labels))
            yield

    def _name(self) -> None:
        tag = self._common.name_element
        noted, name = self._extra.get(tag, self._extra.get(SPELLED)), self._item["name"]
        if noted is not None and not name_in(noted).strip():
            stem = posixpath.splitext(posixpath.basename(member_path(self._item, self._own)))[0]
            if name == stem:
                self._out.element(tag, noted, 1)
                return
        self._out.element(tag, name_notation(noted, name), 1)

    def _usual_size(self) -> None:
        """As `_size`, of files that no source said anything of: images have few sizes."""
        out = self._out
        key = ("size", self._layout, out.inline, self._item["width"], self._item["height"])
        text = self._templates.get(key)
        if text is None:
            before = len(out.pieces)
            self._size()
            self._templates.add(key, "".join(out.pieces[before:]))
        else:
            out.pieces.append(text)

    def _size(self) -> None:
        noted = self._extra.get("size", {})
        fields = {"#text": noted} if isinstance(noted, str) else noted
        sides = {side: self._item[side] for side in ("width", "height")}
        values: dict[str, Any] = {side: str(value) for side, value in sides.items() if value is not None}
        for side, text in values.items():
            if side in fields and self._same_pixels(text_of(fields[side]), sides[side]):
                values[side] = fields[side]
            elif side in fields:
                values[side] = with_text(fields[side], text)
        merged = {**fields, **values}
        if not any(key[0] != "$" for key in merged) and "size" not in self._extra:
            return
        order = self._order("size", merged, [])
        self._nested("size", 1, merged, order)

    def _same_pixels(self, text: str | None, value: int) -> bool:
        try:
            return text is not None and self._numbers.pixels(text) == value
        except BadNumberError:
            return False

    def _nested(self, tag: str, level: int, fields: Mapping[str, Any], order: list[str]) -> None:
        """An element from fields in a given order."""
        content: list[list[Any]] = []
        _Part(order, fields).run({}, lambda name, value: content.append([name, value]))
        attributes = {key: value for key, value in fields.items() if key[0] == "@"}
        self._out.element(tag, {**attributes, "#children": content}, level)

    def _object(self, label: Row) -> None:
        """One object, from a template where only class and corners differ from others before."""
        key = (label["extra"], self._layout, self._out.inline)
        template = None if label["properties"] else self._templates.get(key)
        if template is None:
            self._any_object(label)
            if not label["properties"]:
                self._templates.add(key, self._template(label))
            return
        if template and is_trim(label["class"]):
            self._out.pieces.append(template.format(escaped(label["class"]), *label["corners"]))
        else:
            self._any_object(label)

    def _template(self, label: Row) -> str:
        """An object's text with places for the class and the corners; empty when there cannot be one."""
        fields = self._object_fields(label)
        if not fields.keys().isdisjoint(("name", SPELLED, "bndbox")):
            return ""
        out, self._out = self._out, Writer(self._layout, inline=self._out.inline)
        self._any_object({**label, "class": _PLACES[0], "corners": _PLACES[1:]})
        text = "".join(self._out.pieces).replace("{", "{{").replace("}", "}}")
        for index, place in enumerate(_PLACES):
            text = text.replace(place, f"{{{index}}}")
        self._out = out
        return text

    def _any_object(self, label: Row) -> None:
        out = self._out
        fields = self._object_fields(label)
        properties = _json(label["properties"] or "{}", "properties", label["item"])
        more = [PROPERTIES] if properties else []
        order = self._order("object", fields, more)
        name = fields.get("name", fields.get(SPELLED))
        held = {
            "name": lambda: out.element("name", name_notation(name, label["class"]), 2),
            "bndbox": lambda: self._box(fields.get("bndbox", {}), label),
            PROPERTIES: lambda: self._attributes(properties, fields),
        }
        out.open("object", attribute_text(fields), 1)
        outside, out.inline = out.inline, out.inline or "#text" in order
        _Part(order, fields).run(held, lambda tag, value: out.element(tag, value, 2))
        out.close("object", 1)
        out.inline = outside

    def _object_fields(self, label: Row) -> dict[str, Any]:
        if label["extra"] is None and not self._own:
            return {tag: _NEW_OBJECT[tag] for tag in _FOREIGN_OBJECT}
        if label["extra"] is None:
            order = self._common.orders["object"]
            return {tag: value for tag, value in _NEW_OBJECT.items() if tag in order}
        fields: dict[str, Any] = _json(label["extra"], "a field of a label", label["item"])
        return fields

    def _attributes(self, properties: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
        if properties:
            noted = attribute_notation(properties, fields.get("$attributes", []))
            self._out.element("attributes", noted, 2)

    def _box(self, fields: dict[str, Any], label: Row) -> None:
        x, y, w, h = label["x"], label["y"], label["w"], label["h"]
        texts: dict[str, str] = dict(zip(SIDES, label["corners"], strict=True))
        noted_as = {side_note(side): side for side in SIDES}
        fields = {noted_as.get(name, name): value for name, value in fields.items()}
        if not fields:
            self._out.open("bndbox", "", 2)
            for side in self._common.orders["bndbox"]:
                if side in texts:
                    self._out.leaf(side, texts[side], 3)
            self._out.close("bndbox", 2)
            return
        values: dict[str, Any] = dict(texts)
        for low, high, span in (("xmin", "xmax", (x, w)), ("ymin", "ymax", (y, h))):
            noted = {side: fields.get(side, texts[side]) for side in (low, high)}
            same = self._same_span([text_of(one) for one in noted.values()], span)
            for side, one in noted.items():
                values[side] = one if same or side not in fields else with_text(one, texts[side])
        merged = {**fields, **values}
        self._nested("bndbox", 2, merged, self._order("bndbox", merged, []))

    def _same_span(self, texts: list[str | None], span: tuple[float, float]) -> bool:
        low, high = texts
        try:
            return low is not None and high is not None and self._numbers.span(low, high) == span
        except BadNumberError:
            return False


_NUMBERS = Numbers()
