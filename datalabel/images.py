"""What the header of an image says: size, format, orientation. No pixel is decoded, no memory taken for one.

The formats that data sets are made of (JPEG, PNG, GIF, BMP, WebP, TIFF) are read by `image_headers`. Pillow
knows their sizes too, but decodes a whole PNG to look for its orientation, allocates WebP's canvas when it
opens one, swaps a rotated TIFF's sides, warns through a process-wide switch, never notices a file cut short,
and takes three times as long for a JPEG. What is rarer (AVIF, JPEG 2000, PPM) goes through Pillow, imported
only then.
"""

from __future__ import annotations

import re
import struct
import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, cast

from datalabel import image_headers as headers
from datalabel.errors import InputError
from datalabel.image_headers import MAX_PIXELS, MAX_SIDE, UnfitError

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "TURNED",
    "ImageFacts",
    "decoder_said",
    "looks_like_image",
    "read_facts",
    "without_suffix",
]

# fmt: off
IMAGE_SUFFIXES: Final = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".dib", ".webp", ".tif", ".tiff",
    ".jp2", ".j2k", ".jpx", ".avif", ".ppm", ".pgm", ".pbm",
})
# fmt: on
"""Lower-case endings of files worth looking into; what a file is, its content decides."""


def without_suffix(path: str) -> str:
    """The path without the suffix of an image; a suffix that is none of these belongs to the name."""
    dot = path.rfind(".")
    if dot < 0 or path[dot:].lower() not in IMAGE_SUFFIXES:
        return path
    return path[:dot] if path[path.rfind("/") + 1 : dot].strip(".") else path


TURNED: Final = 5
"""EXIF orientations from here on swap width and height."""

_MAX_DECODED: Final = 50_000_000  # pixels that the check of a rare format may decode


class ImageFacts(NamedTuple):
    """What the header says.

    `width` and `height` count the stored pixels, before any rotation by `orientation` (EXIF 1-8; 1 when
    absent or unreadable). `format` is Pillow's name in lower case: jpeg, png, gif, bmp, webp, tiff, …;
    a multi-picture JPEG (MPO) is a jpeg, as its first picture is.
    """

    width: int
    height: int
    format: str
    orientation: int

    @property
    def text(self) -> str:
        """The facts in one line, for `of_text`."""
        return f"{self.width} {self.height} {self.format} {self.orientation}"

    @classmethod
    def of_text(cls, text: str) -> ImageFacts:
        """The facts that this is the `text` of.

        Raises:
            ValueError: it is none.
        """
        width, height, name, orientation = text.split(" ")
        return cls(int(width), int(height), name, int(orientation))


_Reader = Callable[[headers.Source], tuple[int, int, int]]


def read_facts(data: BinaryIO | bytes | memoryview, *, name: str) -> ImageFacts:
    """The header facts of an image, by content whatever its suffix says.

    `data` is the image's bytes, or a seekable binary file (an `mmap` too) that holds nothing else; its
    position afterwards is undefined. `name` only serves the messages. That the file is complete is proved
    from its structure (end markers, declared lengths), and for the rare formats by a bounded decode.
    Bytes after the end of the image are tolerated.

    Raises:
        InputError: no image, an empty or cut file, a damaged header, or more than `MAX_PIXELS` pixels or
            `MAX_SIDE` pixels on a side; the error names the file and says what to do.
    """
    try:
        source = headers.Source(data)
        if not source.size:
            raise UnfitError("the file is empty (0 bytes)", headers.CUT_HINT)
        head = source.head(32)
        found = _sniff(head)
        if found is None:
            raise UnfitError(*_stranger(head))
        width, height, orientation = _READERS[found](source)
        headers.check_size(width, height)
        return ImageFacts(width, height, found, orientation)
    except UnfitError as fault:
        raise InputError(fault.what, where=name, hint=fault.hint) from None
    except (OSError, ValueError, struct.error) as error:
        raise InputError(f"the image cannot be read: {error}", where=name, hint=headers.SAVE_HINT) from error


def looks_like_image(head: bytes) -> bool:
    """Whether a file that begins with these bytes (32 are enough) is of a format that `read_facts` knows."""
    return _sniff(head) is not None


_MAGIC: Final = (
    ("jpeg", re.compile(rb"\xff\xd8\xff")),
    ("png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("gif", re.compile(rb"GIF8[79]a")),
    # Two letters alone would take many a text for a BMP; the size of its second header is among these.
    ("bmp", re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00", re.DOTALL)),
    ("webp", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
    ("tiff", re.compile(rb"II[*+]\x00|MM\x00[*+]")),
    ("jpeg2000", re.compile(rb"\x00\x00\x00\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51")),
    ("avif", re.compile(rb"....ftypavi[fs]|....ftypmi[fa]1.{4,16}avif", re.DOTALL)),
    ("ppm", re.compile(rb"P[1-6][ \t\r\n]+(?:#|\d)")),
)


def _sniff(head: bytes) -> str | None:
    return next((name for name, magic in _MAGIC if magic.match(head)), None)


def _stranger(head: bytes) -> tuple[str, str]:
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
        return "HEIC images are not supported", "convert it to JPEG or PNG, or exclude it in .dlabelignore"
    if len(head) < 16 and any(magic.startswith(head) for magic in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return headers.CUT, headers.CUT_HINT
    return (
        "this is not an image in any known format",
        "remove it, or exclude it in .dlabelignore; JPEG, PNG, GIF, BMP, WebP, TIFF and others are known",
    )


def _avif(source: headers.Source) -> tuple[int, int, int]:
    _check_boxes(source)
    image = _open("AvifImagePlugin", "AvifImageFile", source)
    return *image.size, headers.exif_orientation(image.info.get("exif", b""))


def _jpeg2000(source: headers.Source) -> tuple[int, int, int]:
    if source.head(4) != b"\xff\x4f\xff\x51":
        _check_boxes(source)
    if not source.holds(b"\xff\xd9", max(0, source.size - 64)):
        headers.cut()
    return *_open("Jpeg2KImagePlugin", "Jpeg2KImageFile", source).size, 1


def _ppm(source: headers.Source) -> tuple[int, int, int]:
    image = _open("PpmImagePlugin", "PpmImageFile", source)
    width, height = image.size
    headers.check_size(width, height)
    if width * height <= _MAX_DECODED:
        _by_pillow(image.load)
    return width, height, 1


def _check_boxes(source: headers.Source) -> None:
    """ISO/IEC 14496-12, section 4.2: boxes one after the other to the end of the file."""
    at = 0
    for _ in range(headers.MAX_PARTS):
        if at == source.size:
            return
        length = int.from_bytes(source.take(at, 8)[:4])
        if length == 1:
            length = int.from_bytes(source.take(at + 8, 8))
        if length == 0:  # to the end
            return
        if length < 8:
            headers.damaged("its boxes do not follow each other")
        at += length
        if at > source.size:
            headers.cut()
    headers.damaged("too many boxes")


def decoder_said(error: Exception) -> tuple[str, bool]:
    """What one of Pillow's decoders says, and whether it means that the file ends too early."""
    text = str(error) or type(error).__name__
    return text, "truncated" in text or "not enough" in text.lower()


_FILTERS = threading.Lock()  # Python's warning filters belong to the whole process


def _by_pillow(work: Callable[[], object]) -> object:
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return work()
        except UnfitError:
            raise
        except ImportError:
            raise UnfitError(
                "this Pillow cannot read the format", "upgrade it: pip install -U pillow"
            ) from None
        except Exception as error:  # noqa: BLE001 - its decoders raise whatever they stumble over
            text, cut = decoder_said(error)
            what = headers.CUT if cut else f"Pillow cannot read it: {text}"
            raise UnfitError(what, headers.CUT_HINT if cut else headers.SAVE_HINT) from None


def _open(module: str, plugin: str, source: headers.Source) -> ImageFile:
    """Pillow's reader of one format: unlike `Image.open` it neither guesses nor warns of many pixels."""

    def work() -> object:
        from importlib import import_module

        return getattr(import_module(f"PIL.{module}"), plugin)(source.stream())

    return cast("ImageFile", _by_pillow(work))


_READERS: Final[dict[str, _Reader]] = {
    "jpeg": headers.jpeg,
    "png": headers.png,
    "gif": headers.gif,
    "bmp": headers.bmp,
    "webp": headers.webp,
    "tiff": headers.tiff,
    "jpeg2000": _jpeg2000,
    "avif": _avif,
    "ppm": _ppm,
}

FORMATS: Final = tuple(_READERS)
"""What `ImageFacts.format` may be."""
