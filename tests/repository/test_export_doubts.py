"""An export tells what it writes and is perhaps not meant."""

from __future__ import annotations

from typing import Any

from histories import CAT, DOG, A, B, C, begin, said
from pictures import write_coco, write_image
from PIL import Image

from datalabel.repository.export.doubts import fraction_doubts
from datalabel.repository.export.selecting import Filter
from datalabel.repository.repository import Repository


def told(repo: Repository, name: str, **options: Any) -> list[str]:
    done = repo.export("yolo", f"out-{name}", allow_loss=True, **options)
    return [one.what for one in done.warnings]


def test_images_of_another_size_than_the_file_says(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    assert told(repo, "sound") == []
    write_image(repo.root / A, 7, size=(320, 240))
    repo.add(A)
    repo.commit("larger")
    words = f"1 image is of another size than the label file says: labels lie elsewhere (first: {A})"
    assert told(repo, "all") == [words]
    assert told(repo, "cats", where="class = 'cat'", drop_empty=True) == [words]
    assert told(repo, "dogs", where="class = 'dog'", drop_empty=True) == []
    assert {one.code for one in repo.check("HEAD", select=["I104"]).findings} == {"I104"}


def test_images_that_no_label_file_names(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: []}, [A, B, C])
    words = f"1 image that no label file names: written as without labels (first: {C})"
    assert told(repo, "all") == [words]
    assert repo.export("coco", "as-it-came").warnings == ()
    repo.create_snapshot("s")
    assert told(repo, "snapshot", revision="s") == []
    said(repo, {A: [CAT], B: [], C: []})
    repo.commit("seen", all_sources=True)
    assert told(repo, "seen") == []


def fractions(repo: Repository, revision: str = "HEAD", where: str | None = None, *splits: str) -> list[str]:
    view = repo.view(revision)
    return [one.what for one in fraction_doubts(view, "ground_truth", Filter.of(where), splits)]


def test_labels_far_outside_of_their_image(repo: Repository) -> None:
    """Images are 64×48: Ultralytics lets a centre or a size lie a hundredth out of 0..1, and no size be negative."""
    fine = [("cat", -10.0, 0.0, 20.0, 48.4), ("cat", 54.0, 38.0, 20.0, 20.0), ("cat", 1.0, 1.0, 0.0, 5.0)]
    begin(repo, {A: fine, B: [("dog", 0.0, 0.0, 64.0, 48.0)]})
    assert fractions(repo) == []
    wrong = [("cat", -9.0, 0.0, 16.0, 9.0), ("cat", 60.0, 0.0, 10.0, 9.0), ("dog", 0.0, 0.0, 64.0, 49.0)]
    said(repo, {A: [*fine, *wrong], B: [("dog", 20.0, 20.0, -5.0, 5.0)]})
    repo.commit("wrong", all_sources=True)
    words = "far outside the image or of negative size: trainers skip all labels of"
    assert fractions(repo) == [f"4 labels {words} 2 images (first: {A})"]
    assert fractions(repo, where="class = 'dog' and w < 0") == [f"1 label {words} 1 image (first: {B})"]
    assert fractions(repo, where="class = 'dog' and w > 64") == []
    repo.create_snapshot("s", split={"train": 0.5, "val": 0.5})
    assert fractions(repo, "s", None, "train", "val") == fractions(repo)
    assert sorted(fractions(repo, "s", None, "train") + fractions(repo, "s", None, "val")) == [
        f"1 label {words} 1 image (first: {B})",
        f"3 labels {words} 1 image (first: {A})",
    ]


def test_images_that_exif_turns(repo: Repository) -> None:
    """Not those that only are mirrored, or whose labels came as fractions and go out as the same ones."""
    for number, orientation in enumerate((1, 3, 6, 8)):
        exif = Image.Exif()
        exif[0x0112] = orientation
        write_image(repo.root / f"images/{orientation}.jpg", number, exif=exif)
    write_coco(repo.root / "labels.json", {f"images/{one}.jpg": [CAT] for one in (1, 3, 6)})
    (repo.root / "labels").mkdir()
    (repo.root / "labels/8.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (repo.root / "data.yaml").write_text("train: images\nnames: [cat]\n")
    repo.add("images", "labels.json", "data.yaml")
    repo.commit("turned")
    words = "1 image is turned by EXIF, and fractions are of the sides as stored: "
    words += "trainers that turn images misplace these labels (first: images/6.jpg)"
    assert fractions(repo) == [words]
    assert fractions(repo, where="class = 'dog'") == []


def test_whoever_adds_fractions_of_turned_images_is_told(repo: Repository) -> None:
    for number, name in enumerate("abc"):
        exif = Image.Exif()
        exif[0x0112] = 6 if number else 1
        write_image(repo.root / f"images/{name}.jpg", number, exif=exif)
    (repo.root / "labels").mkdir()
    for name in "abc":
        (repo.root / f"labels/{name}.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (repo.root / "data.yaml").write_text("train: images\nnames: [cat]\n")

    def remarks() -> list[str]:
        return [str(one) for labels in repo.add(".").labels for one in labels.remarks]

    end = (
        "fractions are of the sides as stored, and where the tool turned the image, its labels are misplaced"
    )
    assert remarks() == [f"images/b.jpg: is turned by EXIF, as is 1 more: {end}"]
    assert remarks() == []  # nothing new is said
    (repo.root / "labels/c.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    assert remarks() == [f"images/c.jpg: is turned by EXIF: {end}"]
    (repo.root / "labels/a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    assert remarks() == []


def test_an_export_in_fractions_tells_them(repo: Repository) -> None:
    begin(repo, {A: [("cat", 60.0, 0.0, 10.0, 9.0)], B: [DOG]})
    words = (
        f"1 label far outside the image or of negative size: trainers skip all labels of 1 image (first: {A})"
    )
    assert told(repo, "all") == [words]
    assert told(repo, "dogs", where="class = 'dog'", drop_empty=True) == []
    assert repo.export("coco", "coco").warnings == ()
    repo.create_snapshot("s", split={"train": 0.5, "valid": 0.5})
    assert told(repo, "snapshot", revision="s") == [words]
    missing = "data.yaml names no val, which trainers need; its splits are train"
    assert missing in told(repo, "part", revision="s", split=["train"])
    assert repo.export("coco", "parts", revision="s").warnings == ()
