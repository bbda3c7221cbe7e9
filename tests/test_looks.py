"""What an image looks like: nearly the same after saving again, something else for another image."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from datalabel.looks import Look, look_at
from datalabel.thumbnails import unwarned


def picture(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Coarse blotches of random colour."""
    blotches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(blotches).resize(size, Image.Resampling.BICUBIC)


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def bits(data: bytes) -> int:
    look = look_at(data, name="x")
    assert look.bits is not None
    assert look.fault is None
    return look.bits


@pytest.mark.parametrize("seed", range(6))
def test_saving_and_resizing_change_few_bits(seed: int) -> None:
    image = picture(seed)
    original = bits(saved(image))
    again = [
        saved(image, "JPEG", quality=60),
        saved(image.resize((400, 300)), "WEBP"),
        saved(image.convert("RGBA")),
        saved(image.quantize(64), "GIF"),
    ]
    assert all((original ^ bits(data)).bit_count() <= 4 for data in again)
    assert (original ^ bits(saved(picture(seed + 100)))).bit_count() > 8


def test_an_image_without_contrast_looks_like_none() -> None:
    assert look_at(saved(Image.new("RGB", (64, 48), "grey")), name="x") == Look()


def test_sixteen_bits_are_looked_at() -> None:
    deep = Image.fromarray((np.arange(4800, dtype=np.uint16).reshape(60, 80) * 7) % 4000)
    assert bits(saved(deep))


def test_what_is_cut_short_says_so() -> None:
    data = saved(picture(1), "JPEG")
    assert look_at(data[: len(data) // 2], name="x").cut


def test_what_is_no_image_says_why() -> None:
    with unwarned():
        assert look_at(b"", name="x").fault == "the file is empty (0 bytes)"
        png = bytearray(saved(picture(2)))
        png[60:90] = bytes(30)
        look = look_at(bytes(png), name="x")
    assert look.bits is None
    assert look.fault
    assert not look.cut
