"""Works on image files: many small ones, one large one, unchanged, changed, and brought back."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from .bench import Bench, bytes_under, dlabel, program
from .image_rivals import Prepare, rivals
from .projects import add_and_commit, photos_project
from .work import Contender, Limit, Quantity, Work


def images_add(bench: Bench) -> Work:
    """The first add + commit."""
    photos = bench.inputs.photos
    return Work(
        f"first add + commit of {bench.inputs.size.photos:,} images of about 50 KB, durable",
        (
            Contender("dlabel", add_and_commit("photos"), photos_project(bench)),
            *(rival.adds(_copy(photos, "photos"), "photos") for rival in rivals(bench)),
            Contender("cp -r + sync", (("cp", "-r", str(photos), "copy"), ("sync",)), machine=True),
            Contender("read + BLAKE3", (program("hash_files", photos),), machine=True),
        ),
        (
            Limit(("cp -r + sync",), 2.0),
            Limit(("DVC, copies",), 0.35),
            Limit(("Oxen",), 0.2),
        ),
        (photos,),
    )


def big_add(bench: Bench) -> Work:
    """One file of 4 GB."""
    image = bench.inputs.big_image

    def prepare(folder: Path) -> None:
        shutil.copyfile(image, folder / "big.bmp")
        bench.run(folder, dlabel("init"))

    def prepare_little(folder: Path) -> None:
        shutil.copyfile(next(bench.inputs.many_files.rglob("*.bmp")), folder / "little.bmp")
        bench.run(folder, dlabel("init"))

    beside = [rival for rival in rivals(bench) if not rival.name.startswith("git")]
    return Work(
        f"add + commit of one image of {image.stat().st_size / 1e9:.2f} GB",
        (
            Contender("dlabel", add_and_commit("big.bmp"), prepare),
            Contender("dlabel, a tiny image", add_and_commit("little.bmp"), prepare_little),
            *(rival.adds(_copy(image, "big.bmp"), "big.bmp") for rival in beside),
            Contender("cp", (("cp", str(image), "copy.bmp"),), machine=True),
            Contender("read + BLAKE3", (program("hash_files", image),), machine=True),
        ),
        (
            Limit(("cp",), 2.0),
            Limit(("dlabel, a tiny image",), 1.2, quantity=Quantity.MEMORY),
        ),
        (image,),
    )


def status(bench: Bench) -> Work:
    """Nothing changed."""
    photos = bench.inputs.photos

    def prepare(folder: Path) -> None:
        photos_project(bench)(folder)
        bench.run(folder, *add_and_commit("photos"), dlabel("status"))

    return Work(
        f"status of {bench.inputs.size.photos:,} unchanged images",
        (
            Contender("dlabel", (dlabel("status"),), prepare, reuse=True),
            *(rival.asks_status(_copy(photos, "photos"), "photos") for rival in rivals(bench)),
            Contender("scandir + stat", (program("walk", photos),), machine=True),
        ),
        (Limit(("Oxen",), 0.6),),
    )


def status_many(bench: Bench) -> Work:
    """Nothing changed among many files: against a walk, start-up aside on both sides."""
    files = bench.inputs.many_files

    def prepare(folder: Path) -> None:
        shutil.copytree(files, folder / "files")
        bench.run(folder, dlabel("init"), *add_and_commit("files"), dlabel("status"))

    def prepare_one(folder: Path) -> None:
        shutil.copyfile(next(files.rglob("*.bmp")), folder / "one.bmp")
        bench.run(folder, dlabel("init"), *add_and_commit("one.bmp"), dlabel("status"))

    return Work(
        f"status of {bench.inputs.size.many_files:,} unchanged files, start-up aside",
        (
            Contender("dlabel", (dlabel("status"),), prepare, reuse=True),
            Contender("dlabel, one file", (dlabel("status"),), prepare_one, reuse=True),
            Contender("scandir + stat", (program("walk", files),), machine=True),
            Contender(
                "scandir + stat, one file", (program("walk", next(files.rglob("*.bmp"))),), machine=True
            ),
        ),
        (
            Limit(
                ("scandir + stat",),
                2.5,
                aside="dlabel, one file",
                than_aside="scandir + stat, one file",
            ),
        ),
        (files,),
    )


def images_change(bench: Bench) -> Work:
    """One in a hundred images changed."""
    photos, changed = bench.inputs.photos, bench.inputs.changed_photos

    def prepare(folder: Path) -> None:
        photos_project(bench)(folder)
        bench.run(folder, *add_and_commit("photos"))
        _overwrite(changed, folder / "photos")

    def change(folder: Path) -> None:
        _overwrite(changed, folder / "photos")

    return Work(
        "add + commit when 1 % of the images changed",
        (
            Contender("dlabel", add_and_commit("photos"), prepare, weigh=bytes_under),
            *(
                replace(rival.adds_again(_copy(photos, "photos"), change, "photos"), weigh=bytes_under)
                for rival in rivals(bench)
            ),
        ),
        (Limit(("Oxen",), 0.3),),
    )


def images_back(bench: Bench) -> Work:
    """The previous version on disk again."""
    photos, changed = bench.inputs.photos, bench.inputs.changed_photos

    def change(folder: Path) -> None:
        _overwrite(changed, folder / "photos")

    def prepare(folder: Path) -> None:
        photos_project(bench)(folder)
        bench.run(folder, *add_and_commit("photos"))
        change(folder)
        bench.run(folder, *add_and_commit("photos"))

    return Work(
        "the previous version of all images back on disk, 1 % differ",
        (
            Contender("dlabel", (dlabel("restore", "--from", "HEAD~1", "photos"),), prepare),
            *(rival.goes_back(_copy(photos, "photos"), change, "photos") for rival in rivals(bench)),
        ),
        (Limit(("Oxen",), 0.7),),
    )


def _copy(source: Path, name: str) -> Prepare:
    """Files of one's own: some rivals link what they add, or make it read-only."""

    def prepare(folder: Path) -> None:
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, folder / name)

    return prepare


def _overwrite(source: Path, target: Path) -> None:
    """Put files under the same names, as an editor does: written beside, then renamed."""
    for file in source.iterdir():
        beside = target / f".{file.name}"
        shutil.copyfile(file, beside)
        os.replace(beside, target / file.name)  # noqa: PTH105
