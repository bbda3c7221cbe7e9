"""Header facts: right for every format, and for hostile bytes an error that names the file, nothing else."""

from __future__ import annotations

import io
import mmap
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import png_of
from PIL import Image, features

from datalabel.errors import InputError
from datalabel.images import (
    FORMATS,
    MAX_PIXELS,
    MAX_SIDE,
    ImageFacts,
    decoder_said,
    looks_like_image,
    read_facts,
)
from datalabel.spec import vocabulary

SIZE = (23, 17)


def picture(mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    ramp = Image.linear_gradient("L").resize(size)
    return Image.merge("RGB", (ramp, ramp.rotate(180), ramp)).convert(mode)


def encoded(kind: str, mode: str = "RGB", orientation: int | None = None, **options: Any) -> bytes:
    out = io.BytesIO()
    if orientation is not None:
        exif = Image.Exif()
        exif[0x010F] = "a camera"
        exif[0x0112] = orientation
        options["exif"] = exif
    picture(mode).save(out, kind, **options)
    return out.getvalue()


KINDS = ["jpeg", "png", "gif", "bmp", "webp", "tiff", "ppm"]
KINDS += [kind for kind, feature in (("jpeg2000", "jpg_2000"), ("avif", "avif")) if features.check(feature)]
SAMPLES = {kind: encoded(kind) for kind in KINDS}
TURNED = {kind: encoded(kind, orientation=6) for kind in ("jpeg", "png", "tiff", "webp")}


def error_of(data: bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        read_facts(data, name="photos/a.jpg")
    error = caught.value
    assert error.faults[0].where == "photos/a.jpg"
    assert error.hint
    return error


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_from_bytes_memory_and_files(kind: str, tmp_path: Path) -> None:
    data = SAMPLES[kind]
    path = tmp_path / "misnamed.jpg"
    path.write_bytes(data)
    expected = ImageFacts(*SIZE, kind, 1)
    assert looks_like_image(data[:32])
    assert read_facts(data, name="a") == expected
    assert read_facts(memoryview(data), name="a") == expected
    assert read_facts(io.BytesIO(data), name="a") == expected
    with path.open("rb") as file:
        assert read_facts(file, name="a") == expected
        assert read_facts(file, name="a") == expected, "the position it was left at does not matter"
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            assert read_facts(memoryview(mapped), name="a") == expected


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("jpeg", "CMYK", {}),
        ("jpeg", "L", {"progressive": True}),
        ("jpeg", "RGB", {"optimize": True, "icc_profile": b"p" * 100_000}),
        ("jpeg", "RGB", {"comment": b"\xff\xd9 a comment"}),
        ("png", "I;16", {}),
        ("png", "P", {}),
        ("png", "RGBA", {}),
        ("png", "1", {}),
        ("bmp", "P", {}),
        ("bmp", "1", {}),
        ("webp", "RGBA", {"lossless": True}),
        ("webp", "RGB", {"lossless": True}),
        ("webp", "RGB", {"icc_profile": b"profile"}),
        ("tiff", "CMYK", {}),
        ("tiff", "I;16", {"compression": "tiff_lzw"}),
        ("tiff", "F", {}),
        ("tiff", "RGB", {"big_tiff": True}),
        ("tiff", "1", {"compression": "group4"}),
        ("gif", "L", {"save_all": True, "append_images": [picture("L").rotate(90)], "comment": b"; , !"}),
        ("ppm", "L", {}),
        ("ppm", "1", {}),
    ],
)
def test_every_kind_of_pixel(kind: str, mode: str, options: dict[str, Any]) -> None:
    data = encoded(kind, mode, **options)
    assert read_facts(data, name="a") == ImageFacts(*SIZE, kind, 1)


@pytest.mark.parametrize("kind", [*TURNED, *({"avif"} & set(KINDS))])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_told_and_sizes_are_the_stored_ones(kind: str, orientation: int) -> None:
    facts = read_facts(encoded(kind, orientation=orientation), name="a")
    assert facts == ImageFacts(*SIZE, kind, orientation)


@pytest.mark.parametrize("value", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist_counts_as_none(value: int) -> None:
    assert read_facts(encoded("jpeg", orientation=value), name="a").orientation == 1


def test_big_endian_exif_and_broken_exif() -> None:
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, 8, 0)
    block = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + b"\0\0\0\0"
    assert read_facts(encoded("jpeg", exif=block), name="a").orientation == 8
    for broken in (block[:18], block[:10], b"Exif\0\0", b"Exif\0\0no directory at all"):
        assert read_facts(encoded("jpeg", exif=broken), name="a").orientation == 1


def test_orientation_after_the_pixels_of_a_png() -> None:
    data, turned = SAMPLES["png"], TURNED["png"]
    at = turned.index(b"eXIf") - 4
    chunk = turned[at : at + 12 + int.from_bytes(turned[at : at + 4])]
    assert read_facts(data[:-12] + chunk + data[-12:], name="a").orientation == 6


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_anywhere_is_refused(kind: str) -> None:
    data = SAMPLES[kind]
    for end in {*range(40), *range(40, len(data), 7), len(data) - 2, len(data) - 1}:
        error_of(data[:end])
    assert "cut short" in str(error_of(data[: len(data) * 2 // 3])) or kind in ("ppm", "avif", "jpeg2000")


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "bmp", "webp", "tiff"])
def test_bytes_after_the_end_are_tolerated(kind: str) -> None:
    data = SAMPLES[kind] + b"a phone's film of the same moment" * 50
    assert read_facts(data, name="a") == ImageFacts(*SIZE, kind, 1)
    assert read_facts(io.BytesIO(data), name="a") == ImageFacts(*SIZE, kind, 1)


def test_the_end_marker_of_an_embedded_preview_does_not_count() -> None:
    block = b"Exif\0\0" + SAMPLES["jpeg"]
    data = encoded("jpeg", exif=block)
    assert read_facts(data, name="a").width == SIZE[0]
    error_of(data[:-2])


def test_empty_and_foreign_files() -> None:
    assert "0 bytes" in str(error_of(b""))
    for data in (b"\0" * 100, b'{"images": []}', b"BMW is a car maker, no bitmap", b"%PDF-1.7", b"<svg/>"):
        assert not looks_like_image(data)
        assert "not an image" in str(error_of(data))
    assert "HEIC" in str(error_of(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"))
    assert not looks_like_image(b"")


def bombs() -> dict[str, bytes]:
    jpeg = bytearray(SAMPLES["jpeg"])
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    gif = bytearray(SAMPLES["gif"])
    gif[6:10] = b"\xff\xff\xff\xff"
    bmp = bytearray(SAMPLES["bmp"])
    bmp[18:26] = struct.pack("<ii", 2**31 - 1, -(2**31) + 1)
    tiff = SAMPLES["tiff"].replace(
        struct.pack("<HHII", 256, 4, 1, 23), struct.pack("<HHII", 256, 4, 1, 2**31)
    )
    webp = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + b"\xff" * 6
    ppm = b"P6 100000 100000 255\n"
    every = {"png": png_of(2**31 - 1, 2**31 - 1), "jpeg": bytes(jpeg), "gif": bytes(gif), "bmp": bytes(bmp)}
    return every | {"tiff": tiff, "webp": webp, "ppm": ppm}


@pytest.mark.parametrize("kind", list(bombs()))
def test_decompression_bombs_are_refused_by_their_header(kind: str) -> None:
    message = str(error_of(bombs()[kind]))
    assert "300,000,000" in message


def test_limits() -> None:
    side = MAX_PIXELS // 20_000
    assert read_facts(png_of(side, 20_000), name="a").width == side
    assert "limits" in str(error_of(png_of(side + 1, 20_000)))
    assert read_facts(png_of(MAX_SIDE, 1), name="a").width == MAX_SIDE
    assert "limits" in str(error_of(png_of(1, MAX_SIDE + 1)))
    assert "damaged" in str(error_of(png_of(0, 5)))


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff" + b"\xff" * 3_000_000,
        b"\xff\xd8" + b"\xff\xe0\x00\x02" * 1_500_000,
        SAMPLES["png"][:33] + b"\0\0\0\0teXt\0\0\0\0" * 1_500_000,
        SAMPLES["gif"][:13] + b"!\xfe" + b"\x01a" * 1_500_000,
        b"RIFF\xff\xff\xff\x00WEBPVP8X\x0a\0\0\0" + b"\0" * 17_000_000,
        b"II*\0\x08\0\0\0\x02\0" + struct.pack("<HHII", 256, 4, 2**31, 0) * 2,
    ],
    ids=["fill bytes", "empty segments", "empty chunks", "tiny blocks", "empty RIFF chunks", "endless tag"],
)
def test_endless_structures_end_soon(data: bytes) -> None:
    start = time.perf_counter()
    error_of(data)
    assert time.perf_counter() - start < 5


def test_a_source_that_cannot_be_read_is_named() -> None:
    class Torn(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(InputError, match=r"photos/b\.png: .*Input/output"):
        read_facts(Torn(b"12345"), name="photos/b.png")


@given(
    st.sampled_from([*SAMPLES.values(), *TURNED.values()]),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=9)), max_size=6),
    st.integers(0, 1 << 16),
    st.binary(max_size=20),
)
@settings(max_examples=400, deadline=2000)
def test_mutated_images_give_facts_or_an_error(
    data: bytes, edits: list[tuple[int, bytes]], end: int, tail: bytes
) -> None:
    spoilt = bytearray(data)
    for at, patch in edits:
        at %= min(len(spoilt), 200)
        spoilt[at : at + len(patch)] = patch
    hostile = bytes(spoilt[: max(4, end % (2 * len(spoilt)))]) + tail
    facts: ImageFacts | None = None
    with suppress(InputError):
        facts = read_facts(hostile, name="a.jpg")
    if facts:
        assert 1 <= facts.width * facts.height <= MAX_PIXELS
        assert 1 <= facts.orientation <= 8
        assert looks_like_image(hostile)


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_bytes_and_files_agree(data: bytes) -> None:
    def outcome(source: bytes | io.BytesIO) -> object:
        try:
            return read_facts(source, name="a")
        except InputError as error:
            return str(error)

    for magic in (b"", b"\xff\xd8\xff", b"II*\0", b"RIFF", b"GIF89a", b"P5 "):
        assert outcome(magic + data) == outcome(io.BytesIO(magic + data))


def test_real_photographs_agree_with_pillow(shared_data: Path) -> None:
    paths = sorted((shared_data / "bccd").rglob("*.jpg"))
    assert len(paths) == 364
    for path in paths:
        data = path.read_bytes()
        with Image.open(io.BytesIO(data)) as image:
            assert read_facts(data, name=path.name) == ImageFacts(*image.size, "jpeg", 1)


def test_importing_and_reading_a_jpeg_does_not_import_pillow() -> None:
    code = (
        "import sys, datalabel.images as images\n"
        "images.read_facts(sys.stdin.buffer.read(), name='a')\n"
        "sys.exit('PIL' in sys.modules or 'numpy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], input=SAMPLES["jpeg"], check=False)
    assert run.returncode == 0


def test_a_spec_may_ask_for_the_formats_that_are_recorded() -> None:
    assert vocabulary.FORMATS == FORMATS


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (EOFError(), ("EOFError", False)),
        (
            OSError("image file is truncated (3 bytes not processed)"),
            ("image file is truncated (3 bytes not processed)", True),
        ),
        (ValueError("Not enough data"), ("Not enough data", True)),
    ],
)
def test_what_a_decoder_says_has_words(error: Exception, said: tuple[str, bool]) -> None:
    assert decoder_said(error) == said
