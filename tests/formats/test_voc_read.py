"""Pascal VOC: what a file says, column by column, and what is refused."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from format_round_trip import Context, on_disk, read_folder
from hypothesis import given
from hypothesis import strategies as st

from datalabel.errors import InputError
from datalabel.formats.base import Read
from datalabel.formats.registry import get_format

VOC = get_format("voc")
BOX = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>22</ymax></bndbox>"


def read_text(folder: Path, text: str | bytes, context: Context | None = None) -> Read:
    on_disk({"a.xml": text if isinstance(text, bytes) else text.encode()}, folder)
    return read_folder(VOC, folder, context, name="Annotations")


def faults_of(folder: Path, text: str | bytes, context: Context | None = None) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_text(folder, text, context)
    return [str(fault) for fault in caught.value.faults]


def box(xmin: str, ymin: str, xmax: str, ymax: str) -> str:
    return f"<bndbox><xmin>{xmin}</xmin><ymin>{ymin}</ymin><xmax>{xmax}</xmax><ymax>{ymax}</ymax></bndbox>"


def boxes_of(folder: Path, *boxes: str) -> list[tuple[float, ...]]:
    objects = "".join(f"<object><name>a</name>{one}</object>" for one in boxes)
    labels = read_text(folder, f"<annotation>{objects}</annotation>").labels
    return list(zip(*(labels.column(name).to_pylist() for name in "xywh"), strict=True))


def test_corners_are_taken_as_written(tmp_path: Path) -> None:
    assert boxes_of(
        tmp_path,
        box("260", "177", "491", "376"),
        box("5", "6", "5", "6"),
        box("9", "8", "-1", "-2"),
        box("0.1", "0.7", "0.3", " 1e1 "),
    ) == [(260, 177, 231, 199), (5, 6, 0, 0), (9, 8, -10, -10), (0.1, 0.7, 0.2, 9.3)]


NUMBERS = st.one_of(
    st.integers(-(10**9), 10**9).map(str),
    st.decimals(-(10**9), 10**9, places=2).map(str),
    st.decimals(-(10**8), 10**8, places=6).map(str),
    st.decimals(10**7, 10**10, places=9).map(str),
    st.decimals(-2, 2, places=7).map(lambda number: f"{number:f}".rstrip("0").rstrip(".")),
    st.from_regex(r"-?[0-9]{1,3}\.[0-9]{1,3}", fullmatch=True),
    st.sampled_from(
        ["-0", "0.0", "-0.5", "+1", "1.", ".5", "007", " 3", "1e2", "0.000001", "99999999.999999"]
    ),
)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=8))
def test_plain_numbers_are_read_quickly_and_like_any_other(
    tmp_path_factory: pytest.TempPathFactory, corners: list[tuple[str, str, str, str]]
) -> None:
    objects = "".join(f"<object><name>a</name>{box(*sides)}</object>" for sides in corners)
    # With an attribute in the file no object is read quickly.
    quick, slow = (
        read_text(tmp_path_factory.mktemp("voc"), f"<annotation>{one}{objects}</annotation>").labels
        for one in ("<note>1</note>", '<note of="1">1</note>')
    )
    assert quick.equals(slow)


def test_attributes_stay_with_their_objects_in_every_encoding(tmp_path: Path) -> None:
    def text(number: int) -> str:
        return f'<annotation><object id="{number}"><name>a</name>{BOX}</object></annotation>'

    files = {f"{number}.xml": text(number).encode("utf-16") for number in range(3)}
    plain = f"<annotation><object><name>a</name>{BOX}</object></annotation>".encode()
    on_disk({**files, "9.xml": plain}, tmp_path)
    extras = read_folder(VOC, tmp_path).labels.column("extra").to_pylist()
    assert [json.loads(extra) for extra in extras] == [{"@id": "0"}, {"@id": "1"}, {"@id": "2"}, {}]


def test_columns_and_extra(tmp_path: Path) -> None:
    read = read_text(
        tmp_path,
        "<annotation><folder>f</folder><filename>é 1.jpg</filename><path>/abs/é.jpg</path><size><width>640</width>"
        "<height>480</height><depth>3</depth></size><object><name>dog</name><pose>Left</pose>"
        f"<difficult>1</difficult>{BOX}<part><name>head</name>{BOX}</part></object></annotation>",
    )
    (mention,) = read.mentions.to_pylist()
    assert (mention["name"], mention["number"], mention["order"]) == ("é 1.jpg", '"a.xml"', 0)
    assert (mention["width"], mention["height"]) == (640, 480)
    assert json.loads(mention["extra"]) == {"folder": "f", "path": "/abs/é.jpg", "size": {"depth": "3"}}
    (label,) = read.labels.to_pylist()
    assert (label["mention"], label["class"], label["kind"], label["rank"]) == (0, "dog", "box", 0)
    assert json.loads(label["extra"]) == {
        "pose": "Left",
        "difficult": "1",
        "part": {"name": "head", "bndbox": {"xmin": "1", "ymin": "2", "xmax": "11", "ymax": "22"}},
    }


def test_attributes_become_properties_and_stay_texts(tmp_path: Path) -> None:
    pairs = [("occluded", "0"), ("colour", "red"), ("length", "3.50")]
    inner = "".join(f"<attribute><name>{a}</name><value>{b}</value></attribute>" for a, b in pairs)
    text = f"<annotation><object><name>a</name>{BOX}<attributes>{inner}</attributes></object></annotation>"
    (label,) = read_text(tmp_path, text).labels.to_pylist()
    assert label["properties"] == '{"colour":"red","length":"3.50","occluded":"0"}'


@pytest.mark.parametrize(
    ("element", "name"),
    [
        ("<filename>b.jpg</filename>", "b.jpg"),
        ("<filename>b</filename>", "b"),
        ("<filename>\n\t b c.jpg\r\n</filename>", "b c.jpg"),
        ('<filename a="b"> b.jpg </filename>', "b.jpg"),
        ('<filename xml:space="preserve"> b.jpg</filename>', " b.jpg"),
        ("<filename> \n</filename>", "a"),
        ("<filename/>", "a"),
        ("", "a"),
    ],
)
def test_the_name_is_as_written_else_the_stem(tmp_path: Path, element: str, name: str) -> None:
    read = read_text(tmp_path, f"<annotation>{element}</annotation>")
    assert read.mentions.column("name").to_pylist() == [name]
    assert read.labels.num_rows == 0


@pytest.mark.parametrize("note", ["<note>1</note>", '<note of="1">1</note>'], ids=["quickly", "closely"])
def test_classes_are_read_without_white_space_around_them(tmp_path: Path, note: str) -> None:
    names = ["dog", "\n\t\tdog\n\t", " traffic  light ", "\u00a0dog"]
    objects = "".join(f"<object><name>{name}</name>{BOX}</object>" for name in names)
    labels = read_text(tmp_path, f"<annotation>{note}{objects}</annotation>").labels
    assert labels.column("class").to_pylist() == ["dog", "dog", "traffic  light", "dog"]


@pytest.mark.parametrize("name", ["<name/>", "<name> \n</name>", '<name xml:space="preserve"> </name>'])
def test_a_class_of_white_space_is_none(tmp_path: Path, name: str) -> None:
    text = f"<annotation><object>{name}{BOX}</object></annotation>"
    assert faults_of(tmp_path, text) == ["Annotations/a.xml:1: object 1: has no name"]


def test_another_element_can_name_the_image(tmp_path: Path) -> None:
    text = "<annotation><filename>x</filename><path>\n /data/b.jpg\n</path></annotation>"
    read = read_text(tmp_path, text, Context(item_key="path"))
    assert read.mentions.column("name").to_pylist() == ["/data/b.jpg"]
    assert faults_of(tmp_path, text, Context(item_key="uuid")) == [
        "Annotations/a.xml:1: has no text in <uuid>, which was to name the image (--item-key)"
    ]


def test_every_fault_of_a_folder_is_named_with_its_place(tmp_path: Path) -> None:
    on_disk(
        {
            "a.xml": f"<annotation>\n<object><name>a</name>{BOX}</object>\n<object>\n<name>b</name>\n<bndbox>\n"
            "<xmin>abc</xmin><ymin/><xmax>1</xmax>\n<ymax>nan</ymax></bndbox></object>\n"
            f"<object>{BOX}</object><object><name>c</name></object></annotation>".encode(),
            "b.xml": b"",
            "c.xml": b"<annotation>\n<object>",
            "d.xml": b"<annotations/>",
            "e.xml": b"<annotation/>",
            "sub/f.xml": b"not XML",
        },
        tmp_path,
    )
    with pytest.raises(InputError) as caught:
        read_folder(VOC, tmp_path, name="Annotations")
    assert set(map(str, caught.value.faults)) == {
        'Annotations/a.xml:6: object 2: xmin is "abc", not a number',
        'Annotations/a.xml:6: object 2: ymin is "", not a number',
        'Annotations/a.xml:7: object 2: ymax is "nan", not a number',
        "Annotations/a.xml:8: object 3: has no name",
        "Annotations/a.xml:8: object 4: has no <bndbox>",
        "Annotations/b.xml: the file is empty",
        "Annotations/c.xml:2: is not well-formed XML: no element found",
        "Annotations/d.xml: is not Pascal VOC: the root element is <annotations>, not <annotation>",
        "Annotations/sub/f.xml:1: is not well-formed XML: syntax error",
    }


@pytest.mark.parametrize(
    "number",
    ["inf", "-Infinity", "NaN", "1e999", "1_000", "0x10", "１２", "1,5", "--1", "", "9" * 900, "<a/>"],
)
def test_what_is_no_finite_number_is_refused(tmp_path: Path, number: str) -> None:
    text = f"<annotation><object><name>a</name>{box(number, '1', '2', '3')}</object></annotation>"
    (fault,) = faults_of(tmp_path, text)
    assert fault.startswith("Annotations/a.xml:1: object 1: xmin ")


def test_sizes_must_be_numbers(tmp_path: Path) -> None:
    text = "<annotation>\n<size><width>wide</width><height>inf</height></size></annotation>"
    assert faults_of(tmp_path, text) == [
        'Annotations/a.xml:2: width is "wide", not a number',
        'Annotations/a.xml:2: height is "inf", not a number',
    ]


@pytest.mark.parametrize(
    ("inner", "what"),
    [
        (
            "<xmin>1</xmin><xmin>1</xmin><ymin>1</ymin><xmax>1</xmax><ymax>1</ymax>",
            "has 2 <xmin> in its <bndbox>",
        ),
        ("<xmin>1</xmin><xmax>1</xmax><ymax>1</ymax>", "has no <ymin> in its <bndbox>"),
        ("<xmin>-1e308</xmin><ymin>1</ymin><xmax>1e308</xmax><ymax>1</ymax>", "the box is too large"),
    ],
)
def test_boxes_must_be_whole(tmp_path: Path, inner: str, what: str) -> None:
    text = f"<annotation><object><name>a</name><bndbox>{inner}</bndbox></object></annotation>"
    assert faults_of(tmp_path, text) == [f"Annotations/a.xml:1: object 1: {what}"]


@pytest.mark.parametrize("tag", ["name", "bndbox"])
def test_an_object_says_one_thing_once(tmp_path: Path, tag: str) -> None:
    twice = {"name": "<name>a</name>" * 2 + BOX, "bndbox": "<name>a</name>" + BOX * 2}[tag]
    assert faults_of(tmp_path, f"<annotation><object>{twice}</object></annotation>") == [
        f"Annotations/a.xml:1: object 1: has 2 elements <{tag}>"
    ]


BOMBS = {
    "entities": '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><annotation><folder>&b;</folder></annotation>',
    "external": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><annotation><folder>&x;</folder></annotation>',
    "parameter": '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;]><annotation/>',
    "plain": '<!DOCTYPE annotation SYSTEM "voc.dtd"><annotation/>',
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused(tmp_path: Path, text: str, encoding: str) -> None:
    assert faults_of(tmp_path, text.encode(encoding)) == [
        "Annotations/a.xml:1: document type declarations (DOCTYPE, ENTITY) are refused"
    ]


@pytest.mark.parametrize("depth", [33, 5_000, 1_000_000])
def test_deep_nesting_is_refused_quickly(tmp_path: Path, depth: int) -> None:
    begun = time.perf_counter()
    (fault,) = faults_of(tmp_path, b"<annotation>" + b"<a>" * depth + b"</a>" * depth + b"</annotation>")
    assert fault == "Annotations/a.xml:1: elements are nested deeper than 32"
    assert time.perf_counter() - begun < 5


def test_huge_files_are_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a.xml").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InputError, match="larger than 16 MiB"):
        read_folder(VOC, tmp_path)


def test_very_many_faults_stay_readable(tmp_path: Path) -> None:
    begun = time.perf_counter()
    faults = faults_of(tmp_path, "<annotation>" + "<object/>" * 5_000 + "</annotation>")
    assert len(faults) == 21
    assert faults[-1] == "… and 4,980 more faults like these"
    assert time.perf_counter() - begun < 10


@pytest.mark.parametrize("encoding", ["hex", "utf-7", "nonsense", "big5"])
def test_unreadable_encodings_are_named(tmp_path: Path, encoding: str) -> None:
    (fault,) = faults_of(tmp_path, f'<?xml version="1.0" encoding="{encoding}"?><annotation/>')
    assert fault.startswith("Annotations/a.xml:1: ")


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no XML files"):
        read_folder(VOC, tmp_path)


@pytest.mark.parametrize(
    ("head", "is_voc"),
    [
        ("<annotation>", True),
        ("\ufeff<?xml version='1.0'?>\n<!-- a > b -->\n<annotation verified='no'><object>", True),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><annotation>", True),
        (f"<annotation><object><name>a</name>{BOX}</object>", True),
        ("<annotation><object><name>a</name><polygon/></object>", False),
        ("<annotations><image/>", False),
        ("<html><annotation>", False),
        ("<!-- <annotation> ", False),
        ('{"a": "<annotation>"}', False),
        ("", False),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_files_are_recognised_by_their_beginning(head: str, is_voc: bool, encoding: str) -> None:
    if encoding == "utf-16":
        head = head.removeprefix("\ufeff")
    assert VOC.detect(Path("x"), head.encode(encoding)) is is_voc
