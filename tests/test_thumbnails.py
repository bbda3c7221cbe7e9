"""Thumbnails show what is stored, whatever the format, and never decode what is too much."""

from __future__ import annotations

import io

import numpy as np
import pytest
from pictures import png_of
from PIL import Image

from datalabel.errors import InputError
from datalabel.thumbnails import thumbnail, unwarned


def saved(image: Image.Image, format: str, **options: object) -> bytes:  # noqa: A002
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=["JPEG"])


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "CMYK", "RGBA", "LA"])
def test_every_format_and_mode(format: str, mode: str) -> None:  # noqa: A002
    image = Image.new("RGB", (1000, 500), (250, 250, 250)).convert(mode)
    try:
        data = saved(image, format)
    except (OSError, ValueError):
        data = saved(image.convert("RGB"), format)
    with unwarned():
        small = opened(thumbnail(data, name="a"))
    assert (small.mode, small.size) == ("RGB", (640, 320))
    assert min(small.resize((1, 1)).tobytes()) > 200


def test_small_images_keep_their_size() -> None:
    assert opened(thumbnail(saved(Image.new("RGB", (30, 20)), "PNG"), name="a")).size == (30, 20)


def test_pixels_are_shown_as_they_are_stored() -> None:
    image = Image.new("RGB", (60, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    small = opened(thumbnail(saved(image, "JPEG", exif=exif), name="a"))
    assert small.size == (60, 40)
    assert not small.getexif()


def test_deep_grey_is_spread() -> None:
    values = np.linspace(1000, 1400, 64 * 64).reshape(64, 64).astype(np.uint16)
    small = np.asarray(opened(thumbnail(saved(Image.fromarray(values), "PNG"), name="a")).convert("L"))
    assert small.min() < 10
    assert small.max() > 245
    flat = np.full((8, 8), 700, np.uint16)
    assert opened(thumbnail(saved(Image.fromarray(flat), "PNG"), name="a")).size == (8, 8)


def test_a_bomb_is_not_decoded() -> None:
    with pytest.raises(InputError, match="too many to decode"):
        thumbnail(png_of(16_000, 16_000), name="bomb.png")


def test_damage_is_an_error_that_names_the_image() -> None:
    whole = saved(Image.effect_noise((200, 200), 90), "PNG")
    middle = len(whole) // 2
    damaged = whole[:middle] + bytes(500) + whole[middle + 500 :]
    with pytest.raises(InputError, match=r"^a\.png: ") as caught:
        thumbnail(damaged, name="a.png")
    assert caught.value.faults[0].what.startswith("cannot be decoded")
    with pytest.raises(InputError, match="b: "):
        thumbnail(b"no image", name="b")
