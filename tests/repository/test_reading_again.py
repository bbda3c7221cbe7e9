"""A label file whose words are mostly known is read in part; what comes of it is what reading all of it gives."""

from __future__ import annotations

import copy
import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_files import Context, read
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import coco, write_image
from remembering import THEN, Bases, do_then, exchange, forget, outcome

import datalabel
from datalabel.errors import RefusedError
from datalabel.formats.coco import chunks
from datalabel.repository.add import bringing
from datalabel.repository.add.adding import Added
from datalabel.repository.repository import Repository
from datalabel.store.history import Tree

Document = dict[str, Any]


@pytest.fixture(autouse=True)
def _read_piece_by_piece() -> Iterator[None]:
    """Some labels at a time, so that a small file has more than its beginning."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_BYTES", 300)
        yield


def begun(images: int = 12) -> Document:
    """A file of some images with two labels each."""
    boxes = {
        f"{number:02}.jpg": [("cat", 1.5, 2.0, 10.0, 10.0), ("dog", 5.0, 5.0 + number, 9.0, 9.0)]
        for number in range(images)
    }
    return coco(boxes)


def _move(document: Document, at: random.Random) -> None:
    at.choice(document["annotations"])["bbox"][0] += 1


def _remove_label(document: Document, at: random.Random) -> None:
    document["annotations"].remove(at.choice(document["annotations"]))


def _remove_image(document: Document, at: random.Random) -> None:
    gone = at.choice(document["images"])
    document["images"].remove(gone)
    document["annotations"] = [one for one in document["annotations"] if one["image_id"] != gone["id"]]


def _add_image(document: Document, at: random.Random) -> None:
    number = 1000 + at.randrange(1000)
    if all(one["id"] != number for one in document["images"]):
        document["images"].append({"id": number, "file_name": f"new{number}.jpg", "width": 64, "height": 48})
        document["annotations"].append({**document["annotations"][0], "id": number, "image_id": number})


def _shuffle(document: Document, at: random.Random) -> None:
    at.shuffle(document["annotations"])


def _new_field(document: Document, at: random.Random) -> None:
    at.choice(document["annotations"])[at.choice(["note", "certain", "bbox_mode"])] = at.randrange(3)


def _field_first(document: Document, at: random.Random) -> None:
    place = at.randrange(len(document["annotations"]))
    document["annotations"][place] = {"note": 1, **document["annotations"][place]}


def _drop_field(document: Document, at: random.Random) -> None:
    for one in at.sample(document["annotations"], len(document["annotations"]) // 2 + 1):
        one.pop("area", None)


def _rename_class(document: Document, at: random.Random) -> None:
    at.choice(document["categories"])["name"] += "s"


def _resize(document: Document, at: random.Random) -> None:
    at.choice(document["images"])["width"] += 1


def _renumber(document: Document, at: random.Random) -> None:
    first = at.randrange(5000)
    for place, one in enumerate(document["annotations"]):
        one["id"] = first + place


def _same_number(document: Document, at: random.Random) -> None:
    at.choice(document["annotations"])["id"] = document["annotations"][0]["id"]


EDITS: list[Callable[[Document, random.Random], None]] = [
    *(_move, _remove_label, _remove_image, _add_image, _shuffle, _new_field, _field_first, _drop_field),
    *(_rename_class, _resize, _renumber, _same_number),
]


def add(repo: Repository, document: Document) -> tuple[Added, Tree, Bases]:
    """What adding the file says, and all that it leads to."""
    (repo.root / "labels.json").write_text(json.dumps(document))
    return outcome(repo, repo.add("labels.json"))


def added(repo: Repository, document: Document) -> tuple[Added, Tree, Bases] | str:
    """The same, or why it is refused: names that were exchanged may mean either item."""
    try:
        return add(repo, document)
    except RefusedError as refused:
        return str(refused)


EDITED = given(
    edits=st.lists(
        st.tuples(st.sampled_from(EDITS), st.integers(0, 999), st.sampled_from(THEN)),
        min_size=1,
        max_size=6,
    )
)


def remembered_and_in_portions(
    tmp_path_factory: pytest.TempPathFactory,
    edits: list[tuple[Callable[[Document, random.Random], None], int, str]],
) -> None:
    folder = tmp_path_factory.mktemp("again")
    document = begun()
    with (
        datalabel.init(folder / "one" / "project", name="test") as remembering,
        datalabel.init(folder / "two" / "project", name="test") as forgetful,
    ):
        assert add(remembering, document) == add(forgetful, document)
        for edit, seed, then in edits:
            edit(document, random.Random(seed))  # noqa: S311
            forget(forgetful)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(bringing, "AT_ONCE", 3)
                expected = added(forgetful, document)
            assert added(remembering, document) == expected
            for repo in (remembering, forgetful):
                do_then(repo, then, "labels.json")


test_neither_what_was_remembered_nor_portions_change_anything = settings(max_examples=8)(
    EDITED(remembered_and_in_portions)
)
test_they_never_do = pytest.mark.slow(settings(max_examples=40)(EDITED(remembered_and_in_portions)))


def test_only_what_is_worded_anew_is_read(tmp_path: Path) -> None:
    document = begun()
    before = read(tmp_path / "labels.json", document)
    assert before.wordings is not None
    assert before.labels.num_rows == 24
    document["annotations"][20]["bbox"][0] += 1
    again = read(tmp_path / "labels.json", document, Context(last=before))
    assert again.wordings is not None
    read_again = set(np.flatnonzero(~again.wordings.same).tolist())
    assert 10 in read_again
    assert len(read_again) < 6
    assert set(again.labels.column("mention").to_pylist()) == read_again
    assert again.header == before.header


@pytest.mark.parametrize("edit", [_rename_class, _renumber])
def test_words_that_mean_something_else_by_now_are_read(
    tmp_path: Path, edit: Callable[[Document, random.Random], None]
) -> None:
    document = begun()
    before = read(tmp_path / "labels.json", document)
    edit(document, random.Random(0))  # noqa: S311
    again = read(tmp_path / "labels.json", document, Context(last=before))
    assert again.labels.num_rows == 24


def test_a_field_that_the_beginning_lacks_has_all_read(tmp_path: Path) -> None:
    document = begun()
    before = read(tmp_path / "labels.json", document)
    changed = copy.deepcopy(document)
    changed["annotations"][20]["note"] = "new"
    again = read(tmp_path / "labels.json", changed, Context(last=before))
    assert again.labels.num_rows == 24
    assert again.wordings is None
    assert again.labels.equals(read(tmp_path / "labels.json", changed).labels)


def test_an_image_that_has_another_key_by_now_has_its_labels_read(repo: Repository) -> None:
    document = begun()
    add(repo, document)
    repo.commit("labels first")
    for image in document["images"]:
        write_image(repo.root / "images" / image["file_name"], image["id"])
    repo.add("images")
    document["annotations"][20]["bbox"][0] += 1
    add(repo, document)
    keys = repo.labels("STAGED").to_arrow().column("item").to_pylist()
    assert sorted(set(keys)) == [f"images/{number:02}.jpg" for number in range(12)]
    assert len(keys) == 24


def test_a_damaged_memory_costs_time_and_nothing_else(repo: Repository) -> None:
    import sqlite3

    document = begun()
    add(repo, document)
    with sqlite3.connect(repo.root / ".dlabel" / "cache.db") as db:
        (texts,) = db.execute("SELECT texts FROM wordings").fetchone()
        assert len(texts) == 12 * 16
        db.execute("UPDATE wordings SET texts = ?", (bytes(byte ^ 1 for byte in texts)[:-3],))
    document["annotations"][20]["bbox"][0] += 1
    added, _, _ = add(repo, document)
    assert added.labels[0].labels == 24
    assert added.labels[0].changed_items == 1


def test_a_base_that_says_other_things_by_now_has_them_read(repo: Repository) -> None:
    document = begun()
    add(repo, document)
    repo.commit("first")
    exchange(repo)
    repo.commit("exchanged")
    repo.restore(revision="HEAD~1", staged=True)
    document["annotations"][20]["bbox"][0] += 1
    (repo.root / "labels.json").write_text(json.dumps(document))
    shutil.copytree(repo.root, repo.root.parent / "copy")
    (repo.root.parent / "copy" / ".dlabel" / "cache.db").unlink()
    with datalabel.open(repo.root.parent / "copy") as forgetful:
        assert add(repo, document) == add(forgetful, document)


def test_a_class_that_nothing_is_of_any_more_is_not_told(repo: Repository) -> None:
    document = begun()
    document["annotations"][23]["category_id"] = 3
    document["categories"].append({"id": 3, "name": "elk"})
    added, _, _ = add(repo, document)
    assert added.labels[0].new_classes == ("cat", "dog", "elk")
    document["annotations"][23]["category_id"] = 1
    added, _, _ = add(repo, document)
    assert added.labels[0].new_classes == ("cat",)  # of the image that changed
