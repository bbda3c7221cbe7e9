"""Findings and disagreements as pages: every one is on the page, marked as bad as it is, at its label."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from pictures import Box, coco, commit_labels, write_coco, write_image

from datalabel.check.finding import Severity
from datalabel.errors import InputError
from datalabel.report.html import page_html
from datalabel.repository.pages.agreement_pictures import page_of_agreement
from datalabel.repository.pages.page_pictures import PageOptions
from datalabel.repository.repository import Repository


@pytest.fixture
def faulty(repo: Repository) -> Repository:
    """Two images with faults, one without."""
    return commit_labels(
        repo,
        {
            "images/a.jpg": [("cat", 1, 2, 10, 10), ("dog", 20, 20, 0, 8), ("dog", 60, 20, 10, 8)],
            "images/b.jpg": [("cat", 100, 5, 20, 20)],
            "images/c.jpg": [("cat", 5, 5, 20, 20)],
        },
    )


def test_every_finding_is_on_its_label(faulty: Repository) -> None:
    findings = faulty.check("HEAD", select=["G101", "G104", "G105"]).findings
    page = faulty.check_page(findings, "HEAD")
    assert [picture.key for picture in page.pictures] == ["images/a.jpg", "images/b.jpg"]
    assert all(picture.thumbnail for picture in page.pictures)
    marked = {
        (shape.id, detail.name.split()[0]): shape.mark
        for picture in page.pictures
        for shape in picture.shapes
        for detail in shape.details
    }
    assert marked == {(one.label, one.code): one.severity.value for one in findings}
    assert Counter(shape.mark for shape in page.pictures[0].shapes) == {"other": 1, "error": 1, "warning": 1}
    assert {fact.label: fact.value for fact in page.facts} == {"images": 2, "errors": 2, "warnings": 1}
    assert json.dumps("G105 outside")[1:-1] in page_html(page).decode()


def test_of_two_labels_that_are_wrong_together_both_are_marked(faulty: Repository) -> None:
    twice: list[Box] = [("cat", 5, 5, 20, 20), ("cat", 5, 5.5, 20, 20), ("dog", 50, 5, 5, 5)]
    write_coco(faulty.root / "labels.json", {"images/c.jpg": twice})
    faulty.add("labels.json")
    (found,) = faulty.check("STAGED", select=["D"]).findings
    (picture,) = faulty.check_page([found], "STAGED").pictures
    assert {shape.id for shape in picture.shapes if shape.mark == "warning"} == {found.label, found.other}
    assert picture.unlisted == 0


def test_findings_on_images_count_like_those_on_labels_and_those_on_none_are_listed(
    faulty: Repository,
) -> None:
    (one, *_) = faulty.check("HEAD", select=["G101"]).findings
    whole = replace(one, label=None, message="the image is odd")
    nowhere = replace(one, item=None, label=None, message="the set is odd")
    page = faulty.check_page([whole, nowhere], "HEAD")
    (said,) = (shape for shape in page.pictures[0].shapes if shape.mark != "other")
    assert (said.mark, said.class_name, said.set) == ("error", "the image", "")
    assert [(one.name, one.text) for one in said.details] == [("G101 zero-size", "the image is odd")]
    assert page.listings[0].rows == [["G101", "the set is odd"]]


def test_one_error_comes_before_many_warnings(faulty: Repository) -> None:
    findings = [
        replace(one, severity=Severity.ERROR if one.item == "images/b.jpg" else Severity.WARNING)
        for one in faulty.check("HEAD", select=["G101", "G104", "G105"]).findings
    ]
    assert sorted(one.item or "" for one in findings) == ["images/a.jpg", "images/a.jpg", "images/b.jpg"]
    page = faulty.check_page(findings, "HEAD", max_images=1)
    assert {one.key: one.thumbnail is not None for one in page.pictures} == {
        "images/a.jpg": False,
        "images/b.jpg": True,
    }
    assert page.charts[0].bars[0].parts == [("error", 1)]
    assert any("the worst first" in note for note in page.notes)


def crowd(people: Mapping[str, Sequence[Box]]) -> dict[str, Any]:
    """A COCO document in which several people labelled one image."""
    document = coco({"images/a.jpg": [box for boxes in people.values() for box in boxes]})
    drawn_by = [who for who, boxes in people.items() for _ in boxes]
    for annotation, who in zip(document["annotations"], drawn_by, strict=True):
        annotation["annotator"] = who
    document["images"][0]["annotators"] = list(people)
    return document


def test_disagreements_say_who_did_not_draw_what(repo: Repository) -> None:
    write_image(repo.root / "images/a.jpg")
    cat, dog, bird = ("cat", 1, 1, 10, 10), ("dog", 30, 5, 12, 12), ("bird", 5, 30, 9, 9)
    people = {"ann": [cat, dog, bird], "ben": [cat, ("cow", 30, 5, 12, 12)], "cho": [cat, dog]}
    (repo.root / "labels.json").write_text(json.dumps(crowd(people)))
    repo.add("images", "labels.json")
    page = page_of_agreement(repo.project, repo.view(), repo.agreement())
    (picture,) = page.pictures
    assert picture.thumbnail
    said = {
        (shape.class_name, shape.details[0].name): (shape.mark, shape.details[0].text)
        for shape in picture.shapes
    }
    assert said["cat", "ann"] == ("agreed", "agreed")
    assert said["bird", "ann"] == ("missed", "not drawn by ben, cho")
    assert said["cow", "ben"] == ("differs", "ann: dog; cho: dog")
    assert len(picture.shapes) == 7
    assert {fact.label: fact.value for fact in page.facts} == {
        "items compared": 1,
        "objects missed by some, on these": 1,
        "objects of several classes, on these": 1,
    }, "the bird is one object, whoever of the two missed it"
    assert picture.notes[0] == "Seen by ann, ben, cho: 3 objects, 2 times one was not drawn."


def test_the_worst_items_come_first_however_much_is_agreed_on_others(repo: Repository) -> None:
    agreed: list[Box] = [("cat", 12 * place, 1, 10, 10) for place in range(5)]
    missed: list[Box] = [("dog", 12 * place, 20, 10, 10) for place in range(3)]
    drawn = {
        "images/a.jpg": [*((who, box) for who in ("ann", "ben") for box in agreed), ("ann", missed[0])],
        "images/b.jpg": [("ann", box) for box in missed],
    }
    document = coco({key: [box for _, box in rows] for key, rows in drawn.items()})
    people = [who for rows in drawn.values() for who, _ in rows]
    for annotation, who in zip(document["annotations"], people, strict=True):
        annotation["annotator"] = who
    for image in document["images"]:
        write_image(repo.root / image["file_name"])
        image["annotators"] = ["ann", "ben"]
    (repo.root / "labels.json").write_text(json.dumps(document))
    repo.add("images", "labels.json")
    found = repo.agreement()
    assert [one.item for one in found.worst] == ["images/b.jpg", "images/a.jpg"]
    page = page_of_agreement(repo.project, repo.view(), found, PageOptions(max_images=1))
    assert page.first == "Worst"
    assert [
        (one.key, one.thumbnail is not None) for one in sorted(page.pictures, key=lambda one: one.rank)
    ] == [("images/b.jpg", True), ("images/a.jpg", False)]


def test_a_page_needs_somebody_to_compare(faulty: Repository) -> None:
    with pytest.raises(InputError, match="needs two annotators"):
        faulty.agreement()
