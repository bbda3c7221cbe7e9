"""What an image looks like in 64 bits, and whether all of its pixels can be decoded."""

from __future__ import annotations

from dataclasses import dataclass

from datalabel.errors import InputError
from datalabel.image_headers import CUT
from datalabel.images import decoder_said, read_facts
from datalabel.thumbnails import MAX_DECODED, small_image

VERSION = 1
"""Changes whenever `look_at` answers otherwise, so that nobody trusts an older answer."""

_SIDE = 64
"""Pixels of the longest side of what is hashed: small enough to be quick, with enough to average over."""


@dataclass(frozen=True, slots=True)
class Look:
    """What looking at the pixels found. `bits` is the perceptual hash; None for an image without contrast, one
    that has a fault, and one too large to decode. `fault` says why it cannot be decoded; `cut`: because it ends
    too early.
    """

    bits: int | None = None
    fault: str | None = None
    cut: bool = False


def look_at(data: bytes, *, name: str) -> Look:
    """Decode an image and hash what it looks like. Never raises for what the bytes are.

    The hash is the difference hash (Neal Krawetz, "Kind of Like That", 2013): grey, 9 by 8 pixels, each
    bit whether a pixel is brighter than its right neighbour. It stays nearly the same when the image is resized
    or saved again. Pixels are taken as they are stored, without EXIF's orientation. Images of more than
    `MAX_DECODED` pixels are not decoded. Wrap many calls in `thumbnails.unwarned`.
    """
    try:
        facts = read_facts(data, name=name)
    except InputError as error:
        fault = error.faults[0].what
        return Look(fault=fault, cut=fault == CUT)
    if facts.width * facts.height > MAX_DECODED:
        return Look()
    try:
        return Look(_difference_hash(data))
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise whatever they stumble over
        fault, cut = decoder_said(error)
        return Look(fault=fault, cut=cut)


def _difference_hash(data: bytes) -> int | None:
    from PIL.Image import Resampling

    grey = small_image(data, _SIDE).convert("L").resize((9, 8), Resampling.BOX)
    pixels = grey.tobytes()
    bits = 0
    for row in range(0, 72, 9):
        for left, right in zip(pixels[row : row + 8], pixels[row + 1 : row + 9], strict=True):
            bits = bits << 1 | (left > right)
    return bits or None
