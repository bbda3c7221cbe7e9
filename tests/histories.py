"""A small project with a label file that is written again and again, for tests of what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pictures import Box, write_coco, write_image

from datalabel.repository.repository import Repository

A, B, C = "images/a.png", "images/b.png", "images/c.png"
CAT, DOG = ("cat", 1.0, 1.0, 10.0, 10.0), ("dog", 5.0, 5.0, 10.0, 10.0)
Labels = Mapping[str, Sequence[Box]]


def said(repo: Repository, labels: Labels, name: str = "labels.json") -> None:
    """A label file as a labelling tool would write it."""
    write_coco(repo.root / name, labels)


def begin(repo: Repository, labels: Labels, images: Sequence[str] = (A, B)) -> None:
    """Images with labels, committed."""
    for number, key in enumerate(images):
        write_image(repo.root / key, number)
    said(repo, labels)
    repo.add(*images, "labels.json")
    repo.commit("begin")


def held(repo: Repository, revision: str = "STAGED") -> list[tuple[str, str, float]]:
    """Item, class and left bound of every label."""
    rows = repo.labels(revision).to_arrow().to_pylist()
    return sorted((row["item"], row["class"], row["x"]) for row in rows)


def cats_become_dogs(repo: Repository) -> None:
    """A change of labels here, of which the file knows nothing; its word for cats has no other word here."""
    (repo.root / "map.yaml").write_text(
        "steps:\n  - split: {class: cat, by: size, into: {large: dog}, else: dog}\n"
    )
    repo.migrate(repo.root / "map.yaml")
