"""The rules A: what annotators of one set, or two sets, see differently is found once, at its label."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import write_coco
from terminals import Desk

import datalabel
from datalabel.check.finding import Finding
from datalabel.errors import InputError, UsageError
from datalabel.repository.check.checking import CheckOptions, check_files
from datalabel.repository.check.label_files import AskedFiles
from datalabel.repository.repository import Repository
from datalabel.spec.model import Spec

Drawn = tuple[str, float, Mapping[str, Any]]
"""Class, left edge of a box of 10 × 10, and properties."""


def write(path: Path, images: Mapping[str, Mapping[str, Sequence[Drawn]]]) -> None:
    """A COCO file: for each image what each of those who saw it drew."""
    names = sorted({one[0] for people in images.values() for boxes in people.values() for one in boxes})
    pictures = [
        {"id": number, "file_name": key, "width": 400, "height": 100, "annotators": list(people)}
        for number, (key, people) in enumerate(images.items(), 1)
    ]
    annotations = [
        {"id": place, "image_id": number, "category_id": names.index(name) + 1, "iscrowd": 0, "area": 100,
         "bbox": [left, 0, 10, 10], "annotator": who, "attributes": dict(said)}
        for place, (number, who, (name, left, said)) in enumerate(
            (
                (number, who, one)
                for number, people in enumerate(images.values(), 1)
                for who, boxes in people.items()
                for one in boxes
            ),
            1,
        )
    ]  # fmt: skip
    categories = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
    path.write_text(json.dumps({"images": pictures, "annotations": annotations, "categories": categories}))


def found(repo: Repository, **options: Any) -> list[Finding]:
    return list(repo.check(**{"select": ["A"], **options}).findings)


def drawn(at: float, name: str = "cat", **said: Any) -> Drawn:
    return name, at, said


ALIKE = {who: [drawn(0), drawn(50, colour="red")] for who in ("ann", "bob", "cho")}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"dan": []}, [("A101", 'is not drawn by "dan", who saw the image')] * 2),
        ({"cho": [drawn(0)]}, [("A101", 'is not drawn by "cho", who saw the image')]),
        (
            {"cho": [drawn(0), drawn(50, colour="red"), drawn(99)]},
            [("A102", "is drawn by 1 of 3 who saw the image")],
        ),
        (
            {"cho": [drawn(0, "dog"), drawn(50, colour="red")]},
            [("A103", 'has class "dog"; for "ann", "bob" it is "cat"')],
        ),
        ({"cho": [drawn(2), drawn(50, colour="red")]}, [("A104", "with IoU 0.667 only")]),
        (
            {"cho": [drawn(0), drawn(50, colour="blue")]},
            [("A105", 'has colour "blue"; for "ann", "bob" it is "red"')],
        ),
        ({"cho": [drawn(0, age=2), drawn(50, colour="red")], "bob": [drawn(0, age=2.0), drawn(50)]}, []),
        (
            {
                "cho": [drawn(0, age=[2, {"a": 1}]), drawn(50)],
                "bob": [drawn(0, age=[2.0, {"a": 1.0}]), drawn(50)],
            },
            [],
        ),
        ({"cho": [drawn(0, age=None), drawn(50)], "bob": [drawn(0, age=2), drawn(50)]}, []),
        (
            {"cho": [drawn(0, age="2"), drawn(50)], "bob": [drawn(0, age=[2]), drawn(50)]},
            [("A105", 'has age [2]; for "cho" it is "2"')],
        ),
        ({"cho": [drawn(0), drawn(50)]}, []),
        ({"cho": [drawn(0), drawn(50, colour="red", hidden=True)]}, []),
    ],
)
def test_a_planted_difference_is_found_once(
    repo: Repository, changed: dict[str, list[Drawn]], expected: list[tuple[str, str]]
) -> None:
    write(
        repo.root / "labels.json",
        {"a.jpg": {**ALIKE, **changed}, "b.jpg": ALIKE, "c.jpg": {"ann": [drawn(7)]}},
    )
    repo.add("labels.json")
    findings = found(repo)
    assert [one.code for one in findings] == [code for code, _ in expected]
    for one, (_, words) in zip(findings, expected, strict=True):
        assert one.message.endswith(words), one.message
        assert (one.item, one.set) == ("a.jpg", "ground_truth")
    (repo.root / "dlabel.yaml").write_text("check: {severity: {A: error}}\n")
    repo.add(".")
    assert {one.severity for one in found(repo)} <= {"error"}


PLANTED: Mapping[str, Callable[[list[Drawn], int], list[Drawn]]] = {
    "A101": lambda boxes, place: boxes[:place] + boxes[place + 1 :],
    "A102": lambda boxes, _: [*boxes, drawn(390)],
    "A103": lambda boxes, place: _with(boxes, place, ("owl", *boxes[place][1:])),
    "A104": lambda boxes, place: _with(boxes, place, (boxes[place][0], boxes[place][1] + 2, boxes[place][2])),
    "A105": lambda boxes, place: _with(boxes, place, (*boxes[place][:2], {"colour": "blue"})),
}


def _with(boxes: list[Drawn], place: int, one: Drawn) -> list[Drawn]:
    return [*boxes[:place], one, *boxes[place + 1 :]]


OBJECTS = st.lists(
    st.tuples(st.sampled_from(["cat", "dog"]), st.integers(0, 9)),
    min_size=1,
    max_size=5,
    unique_by=lambda one: one[1],
)


@given(st.lists(OBJECTS, min_size=1, max_size=3), st.sampled_from(sorted(PLANTED)), st.data())
@settings(max_examples=20)
def test_a_difference_in_any_world_is_found_once_at_its_place(
    tmp_path_factory: pytest.TempPathFactory,
    images: list[list[tuple[str, int]]],
    code: str,
    data: st.DataObject,
) -> None:
    people = ["ann", "bob", "cho", "dan"][: data.draw(st.integers(3, 4))]
    world = {
        f"{number}.jpg": {
            who: [drawn(left * 35, name, colour="red") for name, left in objects] for who in people
        }
        for number, objects in enumerate(images)
    }
    item, who = data.draw(st.sampled_from(sorted(world))), data.draw(st.sampled_from(people))
    boxes = world[item][who]
    with datalabel.init(tmp_path_factory.mktemp("world") / "p", name="test") as repo:
        write(repo.root / "labels.json", world)
        repo.add("labels.json")
        assert found(repo) == []
        world[item][who] = PLANTED[code](boxes, data.draw(st.integers(0, len(boxes) - 1)))
        write(repo.root / "labels.json", world)
        repo.add("labels.json")
        (one,) = found(repo)
        assert (one.code, one.item) == (code, item)
        assert f'"{who}"' in one.message or code == "A104"


def test_who_did_not_see_an_image_misses_nothing_and_one_person_never_differs(repo: Repository) -> None:
    write(repo.root / "labels.json", {"a.jpg": {"ann": [drawn(0)]}, "b.jpg": {"bob": [drawn(0), drawn(3)]}})
    repo.add("labels.json")
    assert found(repo) == []


def drawn_at_random(seed: int) -> dict[str, dict[str, list[Drawn]]]:
    """Twelve images of four people who see most and draw most of it."""
    chance = random.Random(seed)  # noqa: S311
    return {
        f"{number}.jpg": {
            who: [
                drawn(place * 40 + chance.uniform(-2, 2), chance.choice(["cat", "dog"]))
                for place in range(5)
                if chance.random() < 0.7
            ]
            for who in ("ann", "bob", "cho", "dan")
            if chance.random() < 0.9
        }
        for number in range(12)
    }


@pytest.mark.parametrize("seed", range(4))
def test_what_is_found_is_what_agreement_counts(tmp_path: Path, seed: int) -> None:
    with datalabel.init(tmp_path / "p", name="test") as repo:
        write(repo.root / "labels.json", drawn_at_random(seed))
        repo.add("labels.json")
        findings, measured = found(repo), repo.agreement()
        assert {one.item for one in findings if one.code in ("A101", "A102")} == {
            one.item for one in measured.worst if one.missed
        }
        several = Counter(one.item for one in measured.worst for _ in range(one.reclassified))
        assert {one.item for one in findings if one.code == "A103"} == set(several)
        assert all(one.other is not None for one in findings if one.code in ("A103", "A104", "A105"))


@pytest.mark.parametrize("seed", range(3))
def test_label_files_without_a_project_tell_what_those_whom_they_name_see_differently(
    tmp_path: Path, seed: int
) -> None:
    """The people of two files are held against each other; nobody knows what those saw whom no file names."""
    images = drawn_at_random(seed)
    with datalabel.init(tmp_path, name="test") as repo:
        for name, people in (("one.json", ("ann", "bob")), ("two.json", ("cho", "dan"))):
            theirs = {
                key: {who: said for who, said in all_said.items() if who in people}
                for key, all_said in images.items()
            }
            write(tmp_path / name, theirs)
            repo.add(name)
        whole = found(repo)
    write_coco(tmp_path / "others.json", {key: [("cat", 300, 40, 50, 50)] for key in images})
    files = ("one.json", "two.json", "others.json")
    asked = AskedFiles([tmp_path / name for name in files], tmp_path)
    alone = check_files(asked, Spec(), CheckOptions(select=("A",))).findings

    def told(findings: Sequence[Finding]) -> Counter[tuple[str, str | None, str]]:
        """Ids are other ones here, so that other labels of the same objects are named."""
        who = re.compile(r"is (?:not )?drawn by .*")
        return Counter((one.code, one.item, "".join(who.findall(one.message))) for one in findings)

    assert told(alone) == told(whole)
    assert {one.source for one in alone} <= {"one.json", "two.json"}


def test_a_difference_is_accepted_and_what_a_change_brought_is_new(repo: Repository) -> None:
    write(
        repo.root / "labels.json", {"a.jpg": {**ALIKE, "cho": [drawn(0, "dog"), drawn(50)]}, "b.jpg": ALIKE}
    )
    repo.add("labels.json")
    repo.commit("first")
    (known,) = found(repo)
    assert found(repo, since="HEAD") == []
    write(
        repo.root / "labels.json",
        {"a.jpg": {**ALIKE, "cho": [drawn(0, "dog"), drawn(50)]}, "b.jpg": {**ALIKE, "bob": [drawn(0)]}},
    )
    repo.add("labels.json")
    assert [(one.code, one.item) for one in found(repo, since="HEAD")] == [("A101", "b.jpg")]
    repo.accept("A103", "a.jpg", known.label, because="nobody can tell")
    assert [one.code for one in found(repo)] == ["A101"]


def test_two_sets_are_held_against_each_other(repo: Repository) -> None:
    write(
        repo.root / "labels.json",
        {"a.jpg": ALIKE, "b.jpg": {"ann": [drawn(0)]}, "c.jpg": {"ann": [drawn(0)]}},
    )
    repo.add("labels.json")
    preds = {"a.jpg": {"net": [drawn(0, "dog"), drawn(99)]}, "b.jpg": {"net": [drawn(1)]}}
    write(repo.root / "preds.json", preds)
    repo.add("preds.json", model="net")
    repo.commit("first")
    assert found(repo) == []
    between = ("ground_truth", "net")
    told = found(repo, sets=between)
    assert Counter((one.code, one.item) for one in told) == {("A101", "a.jpg"): 2, ("A103", "a.jpg"): 1}
    assert {one.set for one in told if one.code == "A101"} == {"ground_truth", "net"}
    assert found(repo, sets=between, since="HEAD") == []
    write(repo.root / "preds.json", {**preds, "b.jpg": {"net": []}})
    repo.add("preds.json")
    (new,) = found(repo, sets=between, since="HEAD")
    assert (new.code, new.set, new.item) == ("A101", "ground_truth", "b.jpg")
    assert new.message.endswith('by "ground_truth" is not drawn by "net", who saw the image')
    repo.accept(new.code, "b.jpg", new.label, because="too small for the net", sets=between)
    assert "b.jpg" not in {one.item for one in found(repo, sets=between)}
    assert repo.gate(select=["A"]).lapsed == ()
    with pytest.raises(InputError, match="no label set 'nets'"):
        repo.check(sets=("ground_truth", "nets"))
    with pytest.raises(UsageError, match="not with itself"):
        repo.check(sets=("net", "net"))


def test_the_order_of_two_sets_decides_nothing(repo: Repository) -> None:
    """Also where both have one label, but for its properties."""
    for name, colour in (("one", "red"), ("two", "blue")):
        write(repo.root / f"{name}.json", {"a.jpg": {"ann": [drawn(0, colour=colour), drawn(50), drawn(90)]}})
        repo.add(f"{name}.json", set=name)
    told, again = (found(repo, sets=sets) for sets in (("one", "two"), ("two", "one")))
    assert [one.code for one in told] == ["A105"]
    assert [(one.set, one.label, one.message) for one in told] == [
        (one.set, one.label, one.message) for one in again
    ]
    with pytest.raises(InputError) as nothing:
        repo.accept("A105", "a.jpg", because="as it is")
    assert "--sets" in (nothing.value.hint or "")


def test_the_command_takes_two_sets_of_a_project(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(repo.root, capsys)
    write(repo.root / "labels.json", {"a.jpg": {"ann": [drawn(0)]}})
    write(repo.root / "preds.json", {"a.jpg": {"net": [drawn(99)]}})
    repo.add("labels.json")
    repo.add("preds.json", model="net")
    told = desk.dlabel("check", "--select", "A", "--sets", "ground_truth", "net")
    assert (told.status, told.out.splitlines()[0]) == (0, "info A101 not-drawn  2")
    assert desk.dlabel("check", "labels.json", "--sets", "ground_truth", "net").status == 2
