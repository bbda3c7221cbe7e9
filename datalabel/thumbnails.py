"""Small JPEGs of images, decoded within limits. For people to look at; nothing is measured on them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from datalabel.errors import InputError
from datalabel.images import decoder_said, read_facts

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE: Final = 640
"""Pixels of a thumbnail's longest side."""

MAX_DECODED: Final = 60_000_000
"""Images of more pixels are not decoded: two at a time, in 32 bits, stay under half a gigabyte."""

_QUALITY: Final = 80
_PAPER: Final = (238, 238, 238)
_DEEP: Final = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})


def thumbnail(data: bytes, *, name: str, side: int = SIDE) -> bytes:
    """A JPEG of the image that fits a square of `side` pixels; never larger than the image.

    It shows the pixels as they are stored, in whose grid labels are recorded: EXIF's orientation is neither
    applied nor kept. Of several frames it shows the first; transparency lies on light grey; grey values of
    more than 8 bits are spread over what the image uses.

    Raises:
        InputError: the image is damaged, or has more than `MAX_DECODED` pixels.
    """
    facts = read_facts(data, name=name)
    if facts.width * facts.height > MAX_DECODED:
        pixels = f"{facts.width:,} × {facts.height:,}"
        raise InputError(f"{pixels} pixels are too many to decode for a thumbnail", where=name)
    try:
        return _small_jpeg(data, side)
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise whatever they stumble over
        raise InputError(f"cannot be decoded: {decoder_said(error)[0]}", where=name) from None


@contextmanager
def unwarned() -> Iterator[None]:
    """Keep Pillow's warnings about odd files quiet while thumbnails are made, in whichever thread.

    Warning filters belong to the whole process, so this goes round all of the work, once.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def small_image(data: bytes, side: int) -> Image:
    """The stored pixels of an image in RGB, so that they fit a square of `side` pixels. Raises whatever Pillow
    stumbles over; nothing is checked before decoding."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (side, side))  # a JPEG is decoded at a fraction of its size
        small = _eight_bits(image) if image.mode in _DEEP else image
        if small.mode in ("P", "LA", "PA", "La", "RGBa"):
            small = small.convert("RGBA")
        small.thumbnail((side, side))
        if small.mode == "RGBA":
            paper = Image.new("RGB", small.size, _PAPER)
            paper.paste(small, mask=small.getchannel("A"))
            small = paper
        return small.convert("RGB")


def _small_jpeg(data: bytes, side: int) -> bytes:
    out = io.BytesIO()
    small_image(data, side).save(out, "JPEG", quality=_QUALITY, exif=b"", icc_profile=None)
    return out.getvalue()


def _eight_bits(image: Image) -> Image:
    """Sixteen bits and more, and fractions: from the darkest to the brightest value as 0 to 255."""
    import numpy as np
    from PIL import Image as Images

    values: Any = np.nan_to_num(np.asarray(image, dtype=np.float32))
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) * (255 / (high - low) if high > low else 0)
    return Images.fromarray(scaled.astype(np.uint8))
