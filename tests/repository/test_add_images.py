"""Adding images: what is recognised, what is refused, what is not read twice."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pictures import png_of, write_coco, write_image

import datalabel
from datalabel.errors import InputError
from datalabel.files import Stat
from datalabel.progress import SILENT
from datalabel.repository.repository import Repository


def keys(repo: Repository) -> list[str]:
    return list(repo.items().column("item").to_pylist())


def test_images_become_items(repo: Repository) -> None:
    write_image(repo.root / "images" / "a.jpg", 1)
    write_image(repo.root / "images" / "deep" / "b.png", 2, size=(30, 20))
    done = repo.add("images")
    assert done.images.added == ("images/a.jpg", "images/deep/b.png")
    item = repo.items().to_pylist()[1]
    assert (item["width"], item["height"], item["format"], item["orientation"]) == (30, 20, "png", 1)
    assert item["bytes"] == (repo.root / "images/deep/b.png").stat().st_size


def test_unchanged_images_are_not_read_again(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        path = write_image(repo.root / "images" / f"{number}.jpg", number)
        os.utime(path, ns=(1_700_000_000_000_000_000, 1_700_000_000_000_000_000))
    time.sleep(0.06)
    repo.add("images")
    opened: list[str] = []
    plain_open = os.open

    def noting_open(path: Any, *arguments: Any, **options: Any) -> int:
        opened.append(Path(path).name)
        return plain_open(path, *arguments, **options)

    monkeypatch.setattr(os, "open", noting_open)
    write_image(repo.root / "images" / "5.jpg", 55)
    opened.clear()
    done = repo.add("images")
    assert done.images.unchanged == 5
    assert [name for name in opened if name.endswith(".jpg")] == ["5.jpg"]


def test_a_change_within_one_tick_of_the_clock_is_seen(repo: Repository) -> None:
    path = write_image(repo.root / "a.bmp", 1)
    repo.add("a.bmp")
    stat = path.stat()
    size = len(path.read_bytes())
    write_image(repo.root / "b.bmp", 200)
    other = (repo.root / "b.bmp").read_bytes()
    assert len(other) == size
    path.write_bytes(other)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert repo.status().unstaged == (("a.bmp", "modified"),)


def test_a_change_that_leaves_every_time_as_it_was_is_seen(
    repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_time_of_change(found: os.stat_result) -> Stat:
        return Stat(found.st_size, found.st_mtime_ns, found.st_mtime_ns, found.st_ino)

    monkeypatch.setattr(Stat, "of", without_time_of_change)  # `utime` cannot set it: it alone would tell
    path, other = write_image(repo.root / "a.bmp", 1), write_image(repo.root / "b.bmp", 200)
    soon = time.time_ns() + 60_000_000_000  # still to come when it is read, however long that takes
    os.utime(path, ns=(soon, soon))
    repo.add("a.bmp")
    read = Stat.of(path.stat())
    path.write_bytes(other.read_bytes())
    os.utime(path, ns=(soon, soon))
    assert Stat.of(path.stat()) == read
    assert repo.status().unstaged == (("a.bmp", "modified"),)


def test_replaced_renamed_and_missing_images(labelled: Repository) -> None:
    root = labelled.root / "images"
    write_image(root / "a.jpg", 77)
    (root / "b.jpg").rename(root / "moved.jpg")
    (root / "c.jpg").unlink()
    done = labelled.add()
    assert done.images.replaced == ("images/a.jpg",)
    assert done.images.renamed == (("images/b.jpg", "images/moved.jpg"),)
    assert done.missing == ("images/c.jpg",)
    changes = {change.key: change for change in labelled.diff().items}
    assert changes["images/a.jpg"].change == "replaced"
    assert changes["images/moved.jpg"].change == "renamed"
    assert changes["images/moved.jpg"].old_key == "images/b.jpg"
    assert list(labelled.diff().labels()) == []
    assert [row["item"] for row in labelled.labels().to_arrow().to_pylist()][-1] == "images/moved.jpg"
    labelled.commit("moved")
    write_coco(labelled.root / "labels.json", {"images/b.jpg": [("cat", 6, 5, 20, 20)]})
    labelled.add()
    (change,) = [change for _, change in labelled.diff().labels() if change.change == "changed"]
    assert change.item == "images/moved.jpg"


def test_an_image_that_comes_after_its_labels_were_committed_is_a_rename(repo: Repository) -> None:
    write_coco(repo.root / "labels.json", {"a.jpg": [("cat", 1, 2, 3, 4)], "b.jpg": []})
    repo.add("labels.json")
    repo.commit("first")
    write_image(repo.root / "photos" / "a.jpg", 1)
    assert repo.add("photos").images.joined == (("a.jpg", "photos/a.jpg"),)
    (change,) = repo.diff().items
    assert (change.change, change.old_key, change.key) == ("renamed", "a.jpg", "photos/a.jpg")
    assert list(repo.diff().labels()) == []
    repo.restore("a.jpg", "photos/a.jpg", staged=True)
    assert repo.items().column("item").to_pylist() == ["a.jpg", "b.jpg"]
    assert repo.labels().count() == 1


def broken_files(folder: Path) -> dict[str, bytes]:
    whole = write_image(folder / "whole.jpg", 5).read_bytes()
    return {
        "cut.jpg": whole[: len(whole) // 2],
        "empty.png": b"",
        "text.jpg": b"hello",
        "bomb.png": png_of(60_000, 60_000),
    }


def test_files_that_are_no_images_are_all_named_and_nothing_is_staged(
    repo: Repository, tmp_path: Path
) -> None:
    for name, data in broken_files(tmp_path).items():
        (repo.root / name).write_bytes(data)
    write_image(repo.root / "good.jpg")
    with pytest.raises(InputError) as error:
        repo.add(".")
    assert [fault.where for fault in error.value.faults] == ["bomb.png", "cut.jpg", "empty.png", "text.jpg"]
    assert error.value.hint is not None
    assert "--keep-going" in error.value.hint
    assert keys(repo) == []
    done = repo.add(".", keep_going=True)
    assert keys(repo) == ["good.jpg"]
    assert len(done.images.faults) == 4


def test_odd_but_sound_images_go_in(repo: Repository) -> None:
    from PIL import Image

    Image.new("CMYK", (8, 8)).save(repo.root / "cmyk.jpg")
    Image.new("I;16", (8, 8)).save(repo.root / "deep.png")
    write_image(repo.root / "really_png.jpg", format="PNG")
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        write_image(repo.root / f"turned{orientation}.jpg", orientation, exif=exif)
    repo.add(".")
    found = {row["item"]: row for row in repo.items().to_pylist()}
    assert found["really_png.jpg"]["format"] == "png"
    assert [found[f"turned{number}.jpg"]["orientation"] for number in range(1, 9)] == list(range(1, 9))
    assert len(found) == 11


def test_ignored_files_are_left_out(repo: Repository) -> None:
    (repo.root / ".dlabelignore").write_text("thumbs/\n*.tmp.jpg\n!keep.tmp.jpg\n")
    for name in ("a.jpg", "b.tmp.jpg", "keep.tmp.jpg", "thumbs/c.jpg"):
        write_image(repo.root / name, len(name))
    repo.add(".")
    assert keys(repo) == ["a.jpg", "keep.tmp.jpg"]
    assert repo.status().untracked == ()


def test_names_in_two_unicode_forms_are_refused(repo: Repository) -> None:
    write_image(repo.root / "images" / "e\u0301.jpg", 1)
    repo.add("images")
    assert keys(repo) == ["images/\u00e9.jpg"]
    assert repo.status().unstaged == ()
    assert repo.status().untracked == ()
    write_image(repo.root / "images" / "\u00e9.jpg", 2)
    with pytest.raises(InputError, match="two files have the same name in different Unicode forms"):
        repo.add("images")


def test_names_that_differ_in_case_are_two_items(repo: Repository) -> None:
    write_image(repo.root / "A.jpg", 1)
    write_image(repo.root / "a.jpg", 2)
    repo.add(".")
    assert keys(repo) == ["A.jpg", "a.jpg"]


def test_images_elsewhere_are_named_by_their_root(tmp_path: Path, repo: Repository) -> None:
    write_image(tmp_path / "drive" / "x.jpg")
    (repo.root / ".dlabel" / "config.yaml").write_text(f"roots: {{nas: {tmp_path / 'drive'}}}\n")
    again = datalabel.open(repo.root)
    again.add(tmp_path / "drive")
    assert keys(again) == ["nas/x.jpg"]
    again.commit("from the drive")
    assert again.status().clean


def test_images_may_stay_where_they_are(repo: Repository) -> None:
    (repo.root / ".dlabel" / "config.yaml").write_text("images: reference\n")
    again = datalabel.open(repo.root)
    write_image(repo.root / "a.jpg")
    again.add("a.jpg")
    (item,) = again.items().to_pylist()
    assert not again.project.store.objects.has(item["content"])
    (repo.root / "a.jpg").unlink()
    with pytest.raises(InputError, match="not in the store"):
        again.restore("a.jpg")


def test_links_are_read_but_folders_behind_links_are_not_entered(tmp_path: Path, repo: Repository) -> None:
    write_image(tmp_path / "outside" / "x.jpg")
    (repo.root / "link.jpg").symlink_to(tmp_path / "outside" / "x.jpg")
    (repo.root / "folder").symlink_to(tmp_path / "outside")
    repo.add(".")
    assert keys(repo) == ["link.jpg"]


@pytest.mark.parametrize(
    "text", ["rots: {a: /x}\n", "images: maybe\n", "roots: {'../x': /y}\n", "roots: {a: b}\n", "- x\n", "{"]
)
def test_faulty_settings_are_named(repo: Repository, text: str) -> None:
    (repo.root / ".dlabel" / "config.yaml").write_text(text)
    with pytest.raises(InputError, match=r"config\.yaml"):
        datalabel.open(repo.root).add(".")


class _InterruptedAt:
    """A listener that presses Ctrl-C once so many files were read."""

    def __init__(self, count: int) -> None:
        self._left = count

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[_InterruptedAt]:  # noqa: ARG002
        yield self

    def advance(self, amount: int = 1) -> None:
        self._left -= amount
        if self._left <= 0:
            raise KeyboardInterrupt


def test_an_interrupt_stages_nothing_and_repeats_no_finished_work(repo: Repository) -> None:
    for number in range(200):
        path = write_image(repo.root / "images" / f"{number:03d}.bmp", number, size=(number + 1, 2))
        os.utime(path, ns=(1_700_000_000_000_000_000, 1_700_000_000_000_000_000))
    time.sleep(0.06)
    repo.project.progress = _InterruptedAt(128)
    with pytest.raises(KeyboardInterrupt):
        repo.add("images")
    assert keys(repo) == []
    assert list(repo.project.store.temporary.iterdir()) == []
    kept = set(repo.project.store.objects.ids())
    known = repo.project.store.cache.files()
    assert len(known) >= 128
    assert {one.content for one in known.values()} <= kept
    repo.project.progress = SILENT
    assert len(repo.add("images").images.added) == 200
    repo.commit("all of them")
    assert repo.status().clean
