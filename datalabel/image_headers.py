"""The structure of image files: how large the picture is, which way up, and whether the file is all there."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final, NoReturn

MAX_PIXELS: Final = 300_000_000
"""Larger images are refused: decoded they take a gigabyte, whatever the few bytes of the file look like."""

MAX_SIDE: Final = 250_000
"""No side may have more pixels than this."""

MAX_PARTS: Final = 1_000_000  # chunks, segments, blocks or strips of one file
CUT: Final = "the image is cut short"
CUT_HINT: Final = "copy or download the file again"
SAVE_HINT: Final = "open it in an image editor and save it again as PNG or JPEG"


class UnfitError(Exception):
    """Why these bytes are no usable image, and what to do; `read_facts` adds the name."""

    def __init__(self, what: str, hint: str = SAVE_HINT) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class Source:
    """Bytes in memory or a seekable file, read by position."""

    def __init__(self, data: BinaryIO | bytes | memoryview) -> None:
        self._view = memoryview(data).cast("B") if isinstance(data, bytes | memoryview) else None
        self._file = io.BytesIO() if isinstance(data, bytes | memoryview) else data
        self.size = len(self._view) if self._view is not None else self._file.seek(0, io.SEEK_END)

    def head(self, count: int) -> bytes:
        """The first bytes, fewer when there are fewer."""
        return self.take(0, min(count, self.size))

    def take(self, at: int, count: int) -> bytes:
        """Exactly these bytes; refuses a range that is not all there, before reading it."""
        if at < 0 or at + count > self.size:
            cut()
        if self._view is not None:
            return bytes(self._view[at : at + count])
        self._file.seek(at)
        taken = self._file.read(count)
        return taken if len(taken) == count else cut()

    def holds(self, needle: bytes, start: int) -> bool:
        """Whether the needle occurs at or after `start`."""
        if self._view is not None:
            return re.compile(re.escape(needle)).search(self._view, start) is not None
        step, overlap = 1 << 20, len(needle) - 1
        return any(
            needle in self.take(at, min(step + overlap, self.size - at))
            for at in range(start, self.size, step)
        )

    def stream(self) -> BinaryIO:
        """The same bytes as a file."""
        if self._view is not None:
            return io.BytesIO(self._view)
        self._file.seek(0)
        return self._file


def cut() -> NoReturn:
    """Refuse a file that ends too early."""
    raise UnfitError(CUT, CUT_HINT)


def damaged(what: str) -> NoReturn:
    """Refuse a file whose structure makes no sense."""
    raise UnfitError(f"the image is damaged: {what}")


def check_size(width: int, height: int) -> None:
    """Refuse an image without pixels, or with more than the limits allow."""
    if width < 1 or height < 1:
        damaged(f"its header says {width:,} × {height:,} pixels")
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise UnfitError(
            f"the header says {width:,} × {height:,} pixels; the limits are {MAX_PIXELS:,} pixels and "
            f"{MAX_SIDE:,} on a side",
            "cut it into tiles, or exclude it in .dlabelignore",
        )


def jpeg(source: Source) -> tuple[int, int, int]:
    """ITU-T T.81 annex B: segments up to the first scan, then the end marker (in scan data FF is stuffed)."""
    size: tuple[int, int] | None = None
    orientation, seen_exif, at = 1, False, 2
    for _ in range(MAX_PARTS):
        lead, marker, length = struct.unpack(">BBH", source.take(at, 4))
        if lead != 0xFF:
            damaged("its segments do not follow each other")
        if marker in (0xFF, 0x00):  # fill bytes
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:  # these carry nothing
            at += 2
        elif marker == 0xD9 or length < 2:
            damaged("it ends before its first scan")
        elif marker == 0xDA:
            if size is None:
                damaged("it has no frame header")
            if source.take(source.size - 2, 2) != b"\xff\xd9" and not source.holds(
                b"\xff\xd9", at + 2 + length
            ):
                cut()
            return *size, orientation
        else:
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack(">HH", source.take(at + 5, 4))
                check_size(width, height)
                size = size or (width, height)
            elif marker == 0xE1 and not seen_exif and source.take(at + 4, min(6, length - 2)) == b"Exif\0\0":
                orientation, seen_exif = exif_orientation(source.take(at + 10, length - 8)), True
            at += 2 + length
    damaged("too many segments")


def png(source: Source) -> tuple[int, int, int]:
    """PNG third edition, section 5: chunks from IHDR to IEND."""
    start = source.take(8, 25)
    if start[:8] != b"\0\0\0\rIHDR" or zlib.crc32(start[4:21]) != int.from_bytes(start[21:]):
        damaged("its IHDR chunk is not whole")
    width, height = struct.unpack(">II", start[8:16])
    check_size(width, height)
    orientation, pixels, at = 1, False, 33
    for _ in range(MAX_PARTS):
        length, kind = struct.unpack(">I4s", source.take(at, 8))
        if kind == b"IDAT":
            pixels = True
        elif kind == b"eXIf":
            orientation = exif_orientation(source.take(at + 8, length))
        elif kind == b"IEND":
            source.take(at + 8, length + 4)
            return (width, height, orientation) if pixels else damaged("it has no pixels")
        at += 12 + length
    damaged("too many chunks")


def gif(source: Source) -> tuple[int, int, int]:
    """GIF89a specification, appendix B: blocks up to the trailer."""
    width, height, flags = struct.unpack("<HHB", source.take(6, 5))
    check_size(width, height)
    at = 13 + _colours(flags)
    pictures = 0
    for _ in range(MAX_PARTS):
        block = source.take(at, 1)
        if block == b";":
            return (width, height, 1) if pictures else damaged("it has no pixels")
        if block == b"!":
            at = _after_sub_blocks(source, at + 2)
        elif block == b",":
            pictures += 1
            at = _after_sub_blocks(source, at + 11 + _colours(source.take(at + 9, 1)[0]))
        else:
            damaged("its blocks do not follow each other")
    damaged("too many blocks")


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_sub_blocks(source: Source, at: int) -> int:
    for _ in range(MAX_PARTS):
        length = source.take(at, 1)[0]
        at += 1 + length
        if not length:
            return at
    damaged("too many blocks")


def bmp(source: Source) -> tuple[int, int, int]:
    """Windows bitmap headers; a negative height means rows from the top."""
    declared, offset, header = struct.unpack("<I4xII", source.take(2, 16))
    if header == 12:
        width, height, bits = struct.unpack("<HH2xH", source.take(18, 8))
        packing = 0
    else:
        width, height, bits, packing = struct.unpack("<ii2xHI", source.take(18, 16))
    height = abs(height)
    check_size(width, height)
    plain = packing in (0, 3, 6)  # neither run lengths nor an embedded file
    needed = offset + (width * bits + 31) // 32 * 4 * height if plain else max(declared, offset + 1)
    return (width, height, 1) if needed <= source.size else cut()


def webp(source: Source) -> tuple[int, int, int]:
    """RFC 9649: the first chunk tells the size; only the extended form (VP8X) has metadata."""
    riff, first = struct.unpack("<4xI4x4s", source.take(0, 16))
    end = riff + 8
    if end > source.size:
        cut()
    body = source.take(20, 10)
    if first == b"VP8X":
        width, height = int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
        check_size(width, height)
        return width, height, _webp_orientation(source, end)
    if first == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", body[6:])
        return width & 0x3FFF, height & 0x3FFF, 1
    if first == b"VP8L" and body[0] == 0x2F:
        packed = int.from_bytes(body[1:5], "little")
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, 1
    damaged("its first chunk is no picture")


def _webp_orientation(source: Source, end: int) -> int:
    at = 12
    for _ in range(MAX_PARTS):
        if at + 8 > end:
            return 1
        kind, length = struct.unpack("<4sI", source.take(at, 8))
        if kind == b"EXIF":
            return exif_orientation(source.take(at + 8, length))
        at += 8 + length + length % 2
    damaged("too many chunks")


def tiff(source: Source) -> tuple[int, int, int]:
    """TIFF 6.0, section 2 (and BigTIFF): the first directory; every strip or tile must lie in the file."""
    tags = _directory(source)
    width, height = (next(iter(tags.get(tag, ())), 0) for tag in (256, 257))
    check_size(width, height)
    starts = tags.get(273) or tags.get(324) or damaged("it lists no pixels")
    lengths = tags.get(279) or tags.get(325) or (1,) * len(starts)
    if len(starts) != len(lengths):
        damaged("its lists of strips differ in length")
    if any(start + length > source.size for start, length in zip(starts, lengths, strict=True)):
        cut()
    return width, height, _upright(tags)


_WANTED: Final = frozenset({256, 257, 273, 274, 279, 324, 325})
_NUMBERS: Final = {3: ("H", 2), 4: ("I", 4), 16: ("Q", 8)}


def _directory(source: Source) -> dict[int, tuple[int, ...]]:
    """The wanted numeric tags of the first directory of a TIFF or of an EXIF block, which is one."""
    order = {b"II": "<", b"MM": ">"}.get(source.take(0, 2)) or damaged("its byte order is unknown")
    big = struct.unpack(f"{order}H", source.take(2, 2))[0] == 43
    counted, entry, inline = ("Q", "HHQ8s", 8) if big else ("H", "HHI4s", 4)
    at = struct.unpack(f"{order}{'Q' if big else 'I'}", source.take(8 if big else 4, inline))[0]
    count = struct.unpack(f"{order}{counted}", source.take(at, struct.calcsize(f"={counted}")))[0]
    if count > 0xFFFF:
        damaged("its directory is too long")
    at += struct.calcsize(f"={counted}")
    rows = source.take(at, count * struct.calcsize(f"={entry}"))
    return dict(_numbers(source, order, inline, struct.iter_unpack(f"{order}{entry}", rows)))


def _numbers(
    source: Source, order: str, inline: int, rows: Iterator[tuple[int, int, int, bytes]]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    for tag, kind, count, value in rows:
        if tag not in _WANTED or kind not in _NUMBERS:
            continue
        if count > MAX_PARTS:
            damaged("it is cut into too many strips")
        letter, width = _NUMBERS[kind]
        if count * width > inline:
            at = struct.unpack(f"{order}{'Q' if inline == 8 else 'I'}", value)[0]
            value = source.take(at, count * width)
        yield tag, struct.unpack(f"{order}{count}{letter}", value[: count * width])


def exif_orientation(block: bytes) -> int:
    """Tag 274 of an EXIF block. Cameras write many a faulty block; the picture is none the worse for it."""
    try:
        return _upright(_directory(Source(block.removeprefix(b"Exif\0\0"))))
    except UnfitError:
        return 1


def _upright(tags: dict[int, tuple[int, ...]]) -> int:
    value = next(iter(tags.get(274, ())), 1)
    return value if 1 <= value <= 8 else 1
