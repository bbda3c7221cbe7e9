"""The files that everybody works on, the same at every run: drawn from a seed, made once per work folder.

`python -m tests.benchmarks.inputs SIZE FOLDER NAME…` makes them. It runs as a process of its own, since Linux counts
the memory of whoever starts a process into that process's peak: the one that measures must stay small.
"""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .sizes import SIZES, Size

ROOT = Path(__file__).resolve().parents[2]
PHOTO_SIZE = (332, 248)
PHOTO_QUALITY = 84
CHANGED = 100  # one image in so many differs in the second version


@dataclass(frozen=True, slots=True)
class Inputs:
    """The folder of the inputs. Each is made when it is first asked for."""

    folder: Path
    size: Size

    @property
    def photos(self) -> Path:
        """A folder of JPEGs of about 50 KB."""
        return self._made("photos")

    @property
    def changed_photos(self) -> Path:
        """A folder with new content for one in a hundred of the photos, under the same names."""
        return self._made("changed_photos")

    @property
    def many_files(self) -> Path:
        """A folder of very small images, for walks."""
        return self._made("many_files")

    @property
    def big_image(self) -> Path:
        """One large file that is an image."""
        return self._made("big_image.bmp")

    @property
    def coco(self) -> Path:
        """A COCO file with outlines of about twenty points."""
        return self._made("coco.json")

    @property
    def coco_changed(self) -> Path:
        """Its next version: labels of one in a hundred images moved or gone."""
        return self._made("coco_changed.json")

    @property
    def coco_renumbered(self) -> Path:
        """The same next version, from a tool that numbers all labels anew."""
        return self._made("coco_renumbered.json")

    @property
    def tenth(self) -> Path:
        """A COCO file with a tenth of the images and labels."""
        return self._made("tenth.json")

    @property
    def tenth_changed(self) -> Path:
        """The next version of the tenth."""
        return self._made("tenth_changed.json")

    @property
    def history(self) -> Path:
        """A COCO file small enough to be added a thousand times."""
        return self._made("history.json")

    def _made(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            command = [
                sys.executable,
                "-m",
                "tests.benchmarks.inputs",
                self.size.name,
                str(self.folder),
                name,
            ]
            subprocess.run(command, check=True, cwd=ROOT)
        return path


def make(size: Size, folder: Path, name: str) -> None:
    """Make one input under a name that says it is unfinished, then give it its own."""
    unfinished = folder / f"unfinished-{name}"
    if unfinished.is_dir():
        shutil.rmtree(unfinished)
    folder.mkdir(parents=True, exist_ok=True)
    MAKERS[name](size, unfinished)
    unfinished.rename(folder / name)


def photo_name(number: int) -> str:
    """The name of a photo in its folder."""
    return f"photo_{number:06}.jpg"


def _photos(size: Size, folder: Path) -> None:
    folder.mkdir()
    for number in range(size.photos):
        (folder / photo_name(number)).write_bytes(_photo(number))


def _changed_photos(size: Size, folder: Path) -> None:
    folder.mkdir()
    for number in range(0, size.photos, CHANGED):
        (folder / photo_name(number)).write_bytes(_photo(size.photos + number))


def _photo(seed: int) -> bytes:
    """A JPEG of coloured noise on a slope: about 50 KB that no compressor makes smaller."""
    import numpy as np
    from PIL import Image

    width, height = PHOTO_SIZE
    noise = np.random.default_rng(seed).integers(0, 160, (height, width, 3), dtype=np.uint8)
    slope = np.linspace(0, 95, width, dtype=np.uint8)[None, :, None]
    file = io.BytesIO()
    Image.fromarray(noise + slope).save(file, "JPEG", quality=PHOTO_QUALITY)
    return file.getvalue()


def _many_files(size: Size, folder: Path) -> None:
    """Uncompressed 4 × 4 pictures in folders of a thousand, each with its number for a content."""
    for number in range(size.many_files):
        inner = folder / f"{number // 1000:03}"
        if number % 1000 == 0:
            inner.mkdir(parents=True)
        (inner / f"{number:06}.bmp").write_bytes(_bmp_header(4, 4) + struct.pack("<Q", number) * 6)


def _big_image(size: Size, path: Path) -> None:
    """A BMP filled with noise, and as much noise after its end as it takes: nobody accepts a billion pixels."""
    import numpy as np

    side = min(8000, 4 * int((size.big_image_bytes / 3) ** 0.5 / 4))
    random = np.random.default_rng(0)
    with path.open("wb") as file:
        file.write(_bmp_header(side, side))
        for start in range(0, size.big_image_bytes, 1 << 22):
            file.write(random.bytes(min(1 << 22, size.big_image_bytes - start)))


def _bmp_header(width: int, height: int) -> bytes:
    """The head of an uncompressed BMP of 24 bits per pixel; rows are padded to four bytes, so width must be too."""
    pixels = 3 * width * height
    return struct.pack("<2sIHHI", b"BM", 54 + pixels, 0, 0, 54) + struct.pack(
        "<IiiHHIIiiII", 40, width, height, 1, 24, 0, pixels, 2835, 2835, 0, 0
    )


def _coco(part: int, *, changed: bool = False, renumbered: bool = False) -> Callable[[Size, Path], None]:
    def write(size: Size, path: Path) -> None:
        from .coco_input import write_coco

        images, labels = max(1, size.coco_images // part), max(1, size.coco_labels // part)
        write_coco(path, images, labels, changed=changed, renumbered=renumbered)

    return write


MAKERS: dict[str, Callable[[Size, Path], None]] = {
    "photos": _photos,
    "changed_photos": _changed_photos,
    "many_files": _many_files,
    "big_image.bmp": _big_image,
    "coco.json": _coco(1),
    "coco_changed.json": _coco(1, changed=True),
    "coco_renumbered.json": _coco(1, changed=True, renumbered=True),
    "tenth.json": _coco(10),
    "tenth_changed.json": _coco(10, changed=True),
    "history.json": _coco(40),
}


def main() -> None:
    """Make the inputs that are named."""
    size, folder, *names = sys.argv[1:]
    for name in names:
        make(SIZES[size], Path(folder), name)


if __name__ == "__main__":
    main()
