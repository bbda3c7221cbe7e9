"""Pascal VOC: what was read is written again, equal as parsed and mostly to the byte."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from format_round_trip import Context, files_of, on_disk, read_folder
from selections import InMemorySelection

from datalabel.formats.base import Read, SourceFiles
from datalabel.formats.registry import get_format

VOC = get_format("voc")

A_BOX = {"kind": "box", "x": 1.0, "y": 2.0, "w": 10.0, "h": 20.0}
BOX = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>22</ymax></bndbox>"


def parsed(data: bytes) -> Any:
    """XML with comments and instructions, without layout."""
    builder = ET.TreeBuilder(insert_comments=True, insert_pis=True)
    return _plain(ET.fromstring(data, parser=ET.XMLParser(target=builder)))  # noqa: S314


def _plain(element: ET.Element) -> Any:
    texts = [element.text or "", *(child.tail or "" for child in element)]
    if len(element) and not any(text.strip() for text in texts):
        texts = []
    return str(element.tag), dict(element.attrib), texts, [_plain(child) for child in element]


def again(folder: Path) -> tuple[Read, dict[str, bytes]]:
    read = read_folder(VOC, folder)
    selection = InMemorySelection.from_read(read)
    assert VOC.losses(selection) == []
    return read, files_of(VOC, selection)


def one(folder: Path, text: str | bytes, name: str = "a.xml") -> tuple[Read, bytes]:
    on_disk({name: text if isinstance(text, bytes) else text.encode()}, folder)
    read, files = again(folder)
    return read, files[name]


def annotation(inner: str, objects: str = "") -> str:
    return f"<annotation><filename>a.jpg</filename>{inner}{objects}</annotation>"


def an_object(inner: str = "", box: str = BOX, name: str = "<name>dog</name>") -> str:
    return f"<object>{name}{inner}{box}</object>"


def corners(xmin: str, ymin: str, xmax: str, ymax: str) -> str:
    return f"<bndbox><xmin>{xmin}</xmin><ymin>{ymin}</ymin><xmax>{xmax}</xmax><ymax>{ymax}</ymax></bndbox>"


ODD_FILES = {
    "difficult and friends": annotation(
        "",
        an_object("<pose>Left</pose><truncated>1</truncated><difficult>1</difficult><occluded>0</occluded>"),
    ),
    "parts": annotation(
        "",
        an_object(
            f"<part><name>head</name>{BOX}</part><part><name>foot</name>{BOX}</part>"
            f"<actions><jumping>1</jumping></actions><part><name>hand</name>{BOX}</part>"
        ),
    ),
    "polygon": annotation(
        "",
        an_object("<polygon><x1>1.5</x1><y1>2</y1><x2>3</x2></polygon><polygon><pt><x>1</x></pt></polygon>"),
    ),
    "attributes everywhere": (
        '<annotation verified="no" a="&quot;&lt;&#10;"><filename lang="x">a.jpg</filename>'
        '<size unit="px"><width a="1">4</width><height>5</height></size>'
        '<object id="7"><name c="d">dog</name><bndbox e="f"><xmin g="h">1</xmin><ymin>2</ymin>'
        "<xmax>11</xmax><ymax>22</ymax><angle>3</angle></bndbox></object></annotation>"
    ),
    "another order": (
        "<annotation><size><depth>3</depth><height>5</height><width>4</width></size><object><bndbox>"
        "<ymax>22</ymax><xmax>11</xmax><ymin>2</ymin><xmin>1</xmin></bndbox><name>dog</name></object>"
        "<filename>a.jpg</filename></annotation>"
    ),
    "objects apart": annotation(
        "", f"{an_object()}<owner>me</owner>{an_object()}{an_object()}<x/>{an_object()}"
    ),
    "comments": (
        "<!-- one --><?pi two?><annotation><!-- three --><filename>a.jpg</filename><object><!--4--><name>a</name>"
        f"<?five six?>{BOX}<!--7--></object></annotation><!-- eight -->"
    ),
    "mixed text": f"<annotation>stray <b>text</b> here<filename>a.jpg</filename>{an_object('more')}</annotation>",
    "mixed text inside": annotation("<note>some <i>bold</i> words <i>twice</i>\n</note>", an_object()),
    "character data": annotation("<note><![CDATA[a < b & c]]></note>", an_object("<t> \n </t><e/>")),
    "numbers": annotation("", an_object(box=corners("104.0", "1e2", " 204 ", "+300"))),
    "long numbers": annotation("", an_object(box=corners("0.1", "0.10000000000000000555", "0.3", "1E-7"))),
    "reversed": annotation("", an_object(box=corners("9", "-8", "-7", "-0"))),
    "sizes": annotation(
        "<size><width>640.0</width><height> 480 </height><depth>3</depth></size>", an_object()
    ),
    "half a size": annotation("<size><width></width><height>99999999999</height></size>", an_object()),
    "empty size": annotation("<size/>", an_object()),
    "text for a size": annotation("<size>big</size>", an_object()),
    "no objects": annotation("<segmented>0</segmented>"),
    "nothing at all": "<annotation/>",
    "no file name": f"<annotation>{an_object()}</annotation>",
    "empty file name": f"<annotation><filename> </filename>{an_object()}</annotation>",
    "namespaces": annotation('<s:x xmlns:s="urn:s" s:y="z">1</s:x>', an_object()),
    "properties": annotation(
        "",
        an_object(
            "<attributes><attribute><name>b</name><value>1.50</value></attribute>"
            "<attribute><name>a</name><value>true</value></attribute></attributes>"
        ),
    ),
    "odd properties": annotation(
        "",
        an_object(
            "<attributes/><attributes><attribute><name>a</name></attribute></attributes>"
            '<attributes><attribute><name>a</name><value type="json">[1]</value></attribute></attributes>'
            '<attributes><attribute><name>z</name><value type="json">[1, 2]</value></attribute></attributes>'
        ),
    ),
    "names with white space and attributes": annotation(
        "",
        an_object(name='<name c="d"> dog </name>') + an_object(name='<name xml:space="preserve"> dog</name>'),
    ),
    "odd name": annotation("", an_object(name='<name> a &lt;dog&gt;\n&amp; "cat"&#13; </name>')),
}


@pytest.mark.parametrize("text", ODD_FILES.values(), ids=ODD_FILES.keys())
def test_every_odd_thing_comes_back(tmp_path: Path, text: str) -> None:
    _, written = one(tmp_path, text)
    assert parsed(written) == parsed(text.encode())
    assert one(tmp_path / "again", written)[1] == written


def test_odd_files_in_one_folder_come_back(tmp_path: Path) -> None:
    sources = {f"sub {place}/{place}.xml": text.encode() for place, text in enumerate(ODD_FILES.values())}
    on_disk(sources, tmp_path)
    read = read_folder(VOC, tmp_path)
    names = [f"{place}.jpg" for place in range(len(sources))]
    told_apart = read.mentions.set_column(0, "name", pa.array(names))
    selection = InMemorySelection.from_read(Read(read.header, told_apart, read.labels))
    items = selection.items.set_column(
        1, "name", pa.array([_name_of(row) for row in selection.items.to_pylist()])
    )
    written = files_of(VOC, InMemorySelection.of(items, selection.labels, header=read.header))
    assert {path: parsed(data) for path, data in written.items()} == {
        path: parsed(data) for path, data in sources.items()
    }


@pytest.mark.parametrize(
    ("usual", "odd"),
    [
        (
            annotation("<size><width>64</width></size>"),
            annotation("<size><width>64</width><height>48</height><depth>3</depth></size>"),
        ),
        (
            annotation("<size><width>64</width></size>"),
            annotation("<size><depth>3</depth><width>64</width><height>48</height></size>"),
        ),
        (
            annotation("", an_object()),
            annotation("", f"<object><name>dog</name>{BOX}<attributes><attribute><name>a</name><value>1</value>"
                           "</attribute></attributes><polygon><x1>1</x1></polygon></object>"),
        ),
        (annotation(""), annotation(an_object(), "<owner>x</owner>")),
    ],
    ids=["height before depth", "depth first", "properties before others", "object before others"],
)  # fmt: skip
def test_children_that_other_files_do_not_have_keep_their_order(tmp_path: Path, usual: str, odd: str) -> None:
    contents = {"a": usual, "b": usual, "c": odd}
    texts = {f"{name}.xml": text.replace("a.jpg", f"{name}.jpg") for name, text in contents.items()}
    on_disk({name: text.encode() for name, text in texts.items()}, tmp_path)
    _, files = again(tmp_path)
    assert {name: parsed(data) for name, data in files.items()} == {
        name: parsed(text.encode()) for name, text in texts.items()
    }


def _name_of(item: dict[str, Any]) -> str:
    """The name as the file wrote it, or its stem."""
    place = int(json.loads(item["number"]).split("/")[1].removesuffix(".xml"))
    return "a.jpg" if "a.jpg" in list(ODD_FILES.values())[place] else str(place)


LAYOUTS = {
    "tabs": "<annotation>\n\t<filename>a.jpg</filename>\n\t<e></e>\n</annotation>\n",
    "spaces, no last line break": "<annotation>\n   <filename>a.jpg</filename>\n</annotation>",
    "none": "<annotation><filename>a.jpg</filename></annotation>",
    "flat": "<annotation>\n<filename>a.jpg</filename>\n</annotation>\n\n",
    "declared": "<?xml version='1.0' encoding=\"utf-8\" ?>\n<annotation>\n <filename>é.jpg</filename>\n</annotation>",
    "declared on the same line": '<?xml version="1.0"?><annotation><filename>a.jpg</filename><e/></annotation>',
    "text on lines of its own": "<annotation>\n\t<filename>\n\t\ta.jpg\n\t</filename>\n\t<object>\n\t\t<name>\n"
    "\t\t\tdog\n\t\t</name>\n\t\t<bndbox>\n\t\t\t<xmin>\n\t\t\t\t1\n\t\t\t</xmin>\n\t\t\t<ymin>2</ymin>\n\t\t\t"
    "<xmax>3</xmax>\n\t\t\t<ymax>4</ymax>\n\t\t</bndbox>\n\t</object>\n</annotation>\n",
    "self-closing": "<annotation>\n  <filename>a.jpg</filename>\n  <e />\n</annotation>\n",
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_the_layout_is_kept_to_the_byte(tmp_path: Path, text: str, newline: str) -> None:
    data = text.replace("\n", newline).encode()
    assert one(tmp_path, data)[1] == data


@pytest.mark.parametrize(
    ("encoding", "mark", "declared"),
    [
        ("utf-8", b"\xef\xbb\xbf", ""),
        ("utf-16-le", b"\xff\xfe", '<?xml version="1.0" encoding="UTF-16"?>\n'),
        ("utf-16-le", b"\xff\xfe", ""),
        ("iso-8859-1", b"", '<?xml version="1.0" encoding="ISO-8859-1"?>\n'),
        ("cp1252", b"", '<?xml version="1.0" encoding="windows-1252"?>\n'),
        ("ascii", b"", '<?xml version="1.0" encoding="US-ASCII"?>\n'),
    ],
)
def test_the_encoding_is_kept(tmp_path: Path, encoding: str, mark: bytes, declared: str) -> None:
    name = "a.jpg" if encoding == "ascii" else "é.jpg"
    text = f"{declared}<annotation>\n  <filename>{name}</filename>\n</annotation>\n"
    data = mark + text.encode(encoding)
    read, written = one(tmp_path, data)
    assert written == data
    assert read.mentions.column("name").to_pylist() == [name]


def test_big_endian_comes_back_equal_as_parsed(tmp_path: Path) -> None:
    data = b"\xfe\xff" + annotation("", an_object()).encode("utf-16-be")
    assert parsed(one(tmp_path, data)[1]) == parsed(data)


def test_a_letter_that_the_encoding_lacks_becomes_a_reference(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="US-ASCII"?><annotation><filename>a.jpg</filename></annotation>'
    on_disk({"a.xml": text.encode()}, tmp_path)
    read = read_folder(VOC, tmp_path)
    mentions = read.mentions.set_column(0, "name", pa.array(["한.jpg"]))
    (data,) = files_of(VOC, InMemorySelection.from_read(Read(read.header, mentions, read.labels))).values()
    assert parsed(data)[3][0][2] == ["한.jpg"]


def test_a_single_file_is_written_under_the_name_of_the_source(tmp_path: Path) -> None:
    text = annotation("", an_object()).encode()
    (path,) = on_disk({"b.xml": text}, tmp_path)
    read = VOC.read(SourceFiles("labels/b.xml", path), Context())
    assert read.mentions.column("number").to_pylist() == [None]
    assert files_of(VOC, InMemorySelection.from_read(read, name="labels/b.xml")) == {"b.xml": text}


def test_files_keep_their_places_below_the_folder(tmp_path: Path) -> None:
    sources = {
        path: f"<annotation><filename>{place}.jpg</filename></annotation>".encode()
        for place, path in enumerate(["z.xml", "sub/a.xml", "sub/deep/é.XML"])
    }
    on_disk(sources, tmp_path)
    assert again(tmp_path)[1] == sources


def edited(read: Read, **columns: list[Any]) -> InMemorySelection:
    """The source again after changes in some columns of its labels."""
    labels = read.labels
    for name, values in columns.items():
        place = labels.column_names.index(name)
        labels = labels.set_column(
            place, labels.schema.field(name), pa.array(values, labels.schema.field(name).type)
        )
    return InMemorySelection.from_read(Read(read.header, read.mentions, labels))


def test_digits_of_the_source_go_when_the_geometry_changes(tmp_path: Path) -> None:
    box = corners("104.0", "1e2", "204.00", "300.0")
    on_disk({"a.xml": annotation("", an_object(box=box)).encode()}, tmp_path)
    read = read_folder(VOC, tmp_path)
    (data,) = files_of(VOC, edited(read, x=[105.0])).values()
    assert corners("105", "1e2", "205", "300.0") in data.decode()


def test_other_fields_stay_when_the_class_changes(tmp_path: Path) -> None:
    text = annotation("", an_object("<difficult>1</difficult>", name='<name a="b">dog</name>'))
    on_disk({"a.xml": text.encode()}, tmp_path)
    (data,) = files_of(VOC, edited(read_folder(VOC, tmp_path), **{"class": ["a & b"]})).values()
    assert data.decode() == text.replace("dog", "a &amp; b")


@pytest.mark.parametrize("start", ["<name>", '<name a="b">'])
def test_a_class_that_changes_is_written_without_the_space_around_it(tmp_path: Path, start: str) -> None:
    text = annotation("", an_object(name=f"{start}\n dog\t</name>"))
    on_disk({"a.xml": text.encode()}, tmp_path)
    (data,) = files_of(VOC, edited(read_folder(VOC, tmp_path), **{"class": ["cat"]})).values()
    assert data.decode() == text.replace("\n dog\t", "cat")


def test_a_name_that_is_to_have_space_around_it_says_so(tmp_path: Path) -> None:
    selection = InMemorySelection.of(
        {"x/ a.jpg ": (4, 5)}, [{"item": "x/ a.jpg ", "class": "\ndog", **A_BOX}]
    )
    assert VOC.losses(selection) == []
    (data,) = files_of(VOC, selection).values()
    assert b'<filename xml:space="preserve">x/ a.jpg </filename>' in data
    assert b'<name xml:space="preserve">\ndog</name>' in data
    read, written = one(tmp_path, data)
    assert written == data
    assert read.mentions.column("name").to_pylist() == ["x/ a.jpg "]
    assert read.labels.column("class").to_pylist() == ["\ndog"]


def test_of_two_orders_of_corners_the_unusual_one_is_noted(tmp_path: Path) -> None:
    turned = "<bndbox><ymin>2</ymin><xmin>1</xmin><xmax>11</xmax><ymax>22</ymax></bndbox>"
    for place, boxes in enumerate([(BOX, turned), (turned, BOX)]):
        text = annotation("", "".join(an_object(box=box) for box in boxes))
        read, written = one(tmp_path / str(place), text)
        assert written == text.encode()
        extras = [json.loads(extra) for extra in read.labels.column("extra").to_pylist()]
        noted = {"bndbox": {"$order": ["ymin", "xmin", "xmax", "ymax"]}}
        assert extras == [noted if box == turned else {} for box in boxes]


def test_new_labels_take_the_habits_of_the_source(tmp_path: Path) -> None:
    text = annotation("", an_object("<pose>Left</pose><difficult>1</difficult>"))
    on_disk({"a.xml": text.encode()}, tmp_path)
    selection = edited(read_folder(VOC, tmp_path), extra=[None], properties=['{"ripe":true}'])
    (data,) = files_of(VOC, selection).values()
    added = '<attributes><attribute><name>ripe</name><value type="json">true</value></attribute></attributes>'
    fields = "<pose>Unspecified</pose><difficult>0</difficult>"
    assert data.decode() == annotation("", an_object(fields, box=BOX + added))


def test_a_new_item_of_a_source_gets_a_file_of_its_own(tmp_path: Path) -> None:
    on_disk({"sub/a.xml": annotation("").encode()}, tmp_path)
    read = read_folder(VOC, tmp_path)
    selection = InMemorySelection.of(
        pa.concat_tables(
            [
                InMemorySelection.from_read(read).items,
                InMemorySelection.of({"b/new.jpg": (4, 5)}, []).items,
            ]
        ),
        [],
        header=read.header,
    )
    files = files_of(VOC, selection)
    assert list(files) == ["sub/a.xml", "new.xml"]
    assert b"<filename>b/new.jpg</filename>" in files["new.xml"]
