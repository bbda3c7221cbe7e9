"""XML as Pascal VOC files use it: read safely, kept as JSON, written again.

How an element is kept as JSON (its *notation*):

* text only, no attributes: the text itself, `"Unspecified"`;
* else an object whose keys are in document order: `"@name"` an attribute, `"tag"` a child element,
  `"#text"` text between children, `"!comment"` a comment, `"?target"` a processing instruction. A list
  stands for several children of one tag in a row;
* when children of one tag are interrupted by others: `{"@name": …, "#children": [["tag", notation], …]}`.

White space between elements is layout, not content; it is not in the notation (see `Layout`).
"""

from __future__ import annotations

import codecs
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from datalabel.errors import InputError

MAX_BYTES = 16 * 1024 * 1024
"""The size of the largest file that is read: 100,000 objects on one image."""
MAX_DEPTH = 32
"""How deep elements may be nested."""

_SMALL = 1024 * 1024
_NEEDS_CARE = (b"<!", b"\0", b"xmlns", b"xml:")
"""Without these a file declares no document type and holds no comment, and no name changes by a namespace:
the fast parser of the standard library is safe and keeps everything."""

Notation = str | dict[str, Any]

_DECLARATION = re.compile(r"<\?xml\s[^>]*\?>\s*")
_ENCODING = re.compile(r"encoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]*)[\"']")


class XmlError(Exception):
    """What is wrong with a document, and in which line."""

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document: its root, and the comments and instructions before and after it, as written."""

    root: ET.Element
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def parse(data: bytes) -> Document:
    """Parse a document that a stranger wrote.

    Document type declarations (and with them all entities but the five of XML) are refused, so nothing
    is expanded or fetched; size and depth are bounded. Comments and instructions become elements of the
    tags `!comment` and `?target`.

    Raises:
        XmlError: the document is not well formed, or refused.
    """
    if len(data) > MAX_BYTES:
        raise XmlError(f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB")
    if not data:
        raise XmlError("the file is empty")
    if len(data) > _SMALL or any(sign in data for sign in _NEEDS_CARE) or b"<?" in data[5:]:
        return _Careful().parse(data)
    try:
        return Document(ET.fromstring(data))  # noqa: S314
    except (ET.ParseError, LookupError, ValueError):
        return _Careful().parse(data)


def _reason(code: int) -> str:
    return f"is not well-formed XML: {expat.ErrorString(code)}"


class _Careful:
    """Parses with Python handlers that bound the depth, refuse declarations, keep comments and lines."""

    def __init__(self) -> None:
        self._tree = ET.TreeBuilder()
        self._depth = 0
        self._seen_root = False
        self._outside: tuple[list[str], list[str]] = ([], [])
        self.starts: list[tuple[int, str, int]] = []
        """Depth (root: 1), tag and line of every element, in document order."""
        self._expat = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._tree.data
        parser.CommentHandler = self._comment
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartDoctypeDeclHandler = self._doctype

    def parse(self, data: bytes) -> Document:
        try:
            self._expat.Parse(data, True)
        except expat.ExpatError as error:
            raise XmlError(_reason(error.code), error.lineno) from None
        except (LookupError, ValueError) as error:
            raise XmlError(f"the declared encoding cannot be read: {error}", 1) from None
        before, after = self._outside
        return Document(self._tree.close(), tuple(before), tuple(after))

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._seen_root = True
        line = self._expat.CurrentLineNumber
        if self._depth > MAX_DEPTH:
            raise XmlError(f"elements are nested deeper than {MAX_DEPTH}", line)
        self.starts.append((self._depth, tag, line))
        self._tree.start(tag, attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._tree.end(tag)

    def _comment(self, text: str) -> None:
        self._aside("!comment", text)

    def _instruction(self, target: str, text: str) -> None:
        self._aside("?" + target, text)

    def _aside(self, tag: str, text: str) -> None:
        if not self._depth:
            self._outside[self._seen_root].append(_aside_text(tag, text))
            return
        self._tree.start(tag, {})
        self._tree.data(text)
        self._tree.end(tag)

    def _doctype(self, *_: object) -> None:
        raise XmlError(
            "document type declarations (DOCTYPE, ENTITY) are refused", self._expat.CurrentLineNumber
        )


def line_of(data: bytes, number: int, tag: str | None = None) -> int | None:
    """The line of the nth `object` (from 1; 0: the root), or of the first element `tag` inside it."""
    careful = _Careful()
    try:
        careful.parse(data)
    except XmlError as error:
        return error.line
    objects, found = 0, None
    for depth, name, line in careful.starts:
        if depth == 2 and name == "object":
            objects += 1
        inside = objects == number if number else not (depth > 1 and name == "object")
        if inside and found is None:
            found = line
        if inside and name == tag:
            return line
    return found


def children_of(element: ET.Element) -> list[tuple[str, ET.Element | str]]:
    """The content of an element in document order: child elements, and text that is not layout."""
    texts = [element.text or "", *(child.tail or "" for child in element)]
    if not len(element):
        return [("#text", texts[0])] if texts[0] else []
    content: list[tuple[str, ET.Element | str]] = []
    mixed = any(text and not text.isspace() for text in texts)
    if mixed and texts[0]:
        content.append(("#text", texts[0]))
    for child, tail in zip(element, texts[1:], strict=True):
        content.append((child.tag, child))
        if mixed and tail:
            content.append(("#text", tail))
    return content


def notation(element: ET.Element, depth: int = 2) -> Notation:
    """An element's content as JSON (see the top of this file).

    Raises:
        XmlError: it is nested too deep.
    """
    if depth > MAX_DEPTH:
        raise XmlError(f"elements are nested deeper than {MAX_DEPTH}")
    if not len(element) and not element.keys():
        return element.text or ""
    noted: dict[str, Any] = {f"@{name}": value for name, value in element.items()}
    content = [
        (tag, child if isinstance(child, str) else notation(child, depth + 1))
        for tag, child in children_of(element)
    ]
    if interrupted([tag for tag, _ in content]):
        noted["#children"] = [list(pair) for pair in content]
    else:
        gather(noted, content)
    return noted


def interrupted(tags: Iterable[str]) -> bool:
    """Whether equal tags stand apart."""
    runs = collapsed(tags)
    return len(set(runs)) != len(runs)


def collapsed(tags: Iterable[str]) -> list[str]:
    """Tags in order, each run of equal ones once."""
    runs: list[str] = []
    for tag in tags:
        if not runs or runs[-1] != tag:
            runs.append(tag)
    return runs


def gather(into: dict[str, Any], content: Iterable[tuple[str, Any]]) -> None:
    """Put children into a mapping; several of one tag become a list."""
    for tag, value in content:
        if tag not in into:
            into[tag] = value
        elif isinstance(into[tag], list):
            into[tag].append(value)
        else:
            into[tag] = [into[tag], value]


def text_of(noted: Any) -> str | None:
    """The text of an element that holds text only (and perhaps attributes), else None."""
    if isinstance(noted, str):
        return noted
    if isinstance(noted, dict) and all(key[0] == "@" or key == "#text" for key in noted):
        text = noted.get("#text", "")
        return text if isinstance(text, str) else None
    return None


def with_text(noted: Any, text: str) -> Notation:
    """The same element with another text; its attributes stay."""
    if not isinstance(noted, dict):
        return text
    return {**{key: value for key, value in noted.items() if key[:1] == "@"}, "#text": text}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is laid out, apart from its content."""

    declaration: str = ""
    """The XML declaration with the white space after it, as written; empty when there is none."""
    encoding: str = "utf-8"
    bom: bool = False
    newline: str = "\n"
    indent: str | None = "\t"
    """One step of indentation; None when elements follow each other without white space."""
    end: str = "\n"
    empty: str | None = None
    """How an element without content ends: `/>`, ` />`, or None: by an end tag."""

    @classmethod
    def of(cls, data: bytes, root: ET.Element) -> Layout:
        """The layout of a parsed file."""
        encoding, bom, text = _decoded(data)
        head = _DECLARATION.match(text)
        first = root.text or ""
        stripped = text.rstrip()
        return cls(
            declaration=head.group().replace("\r\n", "\n") if head else "",
            encoding=encoding,
            bom=bom,
            newline="\r\n" if "\r\n" in text else "\n",
            indent=first.rpartition("\n")[2] if first.isspace() and "\n" in first else None,
            end=text[len(stripped) :].replace("\r\n", "\n"),
            empty=None if "/>" not in text else " />" if " />" in text else "/>",
        )

    def encoded(self, text: str) -> bytes:
        """The bytes of a text in this layout. Characters that the encoding lacks become references."""
        if self.newline != "\n":
            text = text.replace("\n", self.newline)
        codec = "utf-16-le" if self.encoding.startswith("utf-16") else self.encoding
        data = text.encode(codec, "xmlcharrefreplace")
        if self.encoding.startswith("utf-16"):
            return codecs.BOM_UTF16_LE + data
        return codecs.BOM_UTF8 + data if self.bom else data


def _decoded(data: bytes) -> tuple[str, bool, str]:
    """The name of a document's encoding, whether it has a mark, and its text."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16", True, data.decode("utf-16", "replace")
    bom = data.startswith(codecs.BOM_UTF8)
    declared = _ENCODING.search(data[:200].decode("latin-1")) if b"encoding" in data[:200] else None
    encoding = declared.group(1).lower() if declared else "utf-8"
    if encoding.startswith("utf-16") or bom:
        encoding = "utf-8"
    return encoding, bom, data[3 * bom :].decode(encoding, "replace")


_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_IN_TEXT = str.maketrans(_ESCAPES)
_IN_ATTRIBUTE = str.maketrans(_ESCAPES | {'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})
_SPECIAL = re.compile(r"[&<>\r]")
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no XML document can hold."""


def escaped(text: str) -> str:
    """Text as it stands between tags."""
    return text.translate(_IN_TEXT) if _SPECIAL.search(text) else text


def _aside_text(tag: str, text: str) -> str:
    if tag == "!comment":
        return f"<!--{text}-->"
    return f"<?{tag[1:]} {text}?>" if text else f"<?{tag[1:]}?>"


@dataclass(slots=True)
class Writer:
    """Collects the text of one document."""

    layout: Layout
    pieces: list[str] = field(default_factory=list)
    inline: bool = False
    """Whether to add no white space, as between pieces of text."""

    def line(self, level: int) -> str:
        """What stands before a tag of this level: a new line with its indentation, where there is one."""
        if level > MAX_DEPTH + 4:
            raise InputError(f"elements are nested deeper than {MAX_DEPTH}")
        indent = self.layout.indent
        return "" if self.inline or indent is None else "\n" + indent * level

    def leaf(self, tag: str, text: str, level: int) -> None:
        """An element that holds text only."""
        if text:
            self.pieces.append(f"{self.line(level)}<{tag}>{escaped(text)}</{tag}>")
        else:
            self.element(tag, "", level)

    def open(self, tag: str, attributes: str, level: int) -> None:
        """A start tag."""
        self.pieces.append(f"{self.line(level)}<{tag}{attributes}>")

    def close(self, tag: str, level: int) -> None:
        """An end tag on a line of its own."""
        self.pieces.append(f"{self.line(level)}</{tag}>")

    def element(self, tag: str, noted: Any, level: int, inline: bool = False) -> None:
        """An element from its notation; a list stands for several."""
        for one in noted if isinstance(noted, list) else [noted]:
            before = "" if inline else self.line(level)
            if tag == "#text":
                self.pieces.append(escaped(str(one)))
            elif tag[0] in "!?":
                self.pieces.append(before + _aside_text(tag, str(one)))
            else:
                self._element(tag, {"#text": one} if isinstance(one, str) else one, level, before)

    def _element(self, tag: str, noted: dict[str, Any], level: int, before: str) -> None:
        start = f"{before}<{tag}{attribute_text(noted)}"
        content = list(_content(noted))
        if not content or content == [("#text", "")]:
            self.pieces.append(start + (self.layout.empty or f"></{tag}>"))
            return
        self.pieces.append(start + ">")
        inline = any(name == "#text" for name, _ in content)
        for name, value in content:
            self.element(name, value, level + 1, inline)
        self.pieces.append(f"</{tag}>" if inline else f"{self.line(level)}</{tag}>")


def _content(noted: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in noted.items():
        if key == "#children":
            yield from ((tag, child) for tag, child in value)
        elif key[:1] not in ("@", "$"):
            yield key, value


def attribute_text(noted: dict[str, Any]) -> str:
    """The attributes in a notation, as they stand in a start tag."""
    return "".join(
        f' {key[1:]}="{value.translate(_IN_ATTRIBUTE)}"' for key, value in noted.items() if key[0] == "@"
    )
