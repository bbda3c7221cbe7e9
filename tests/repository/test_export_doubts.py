"""An export tells what it writes and is perhaps not meant."""

from __future__ import annotations

from typing import Any

from histories import CAT, DOG, A, B, C, begin, said
from pictures import write_image

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
