"""The report: what it says of a commit, of staging, against another revision, and of hostile names."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from pictures import write_coco

from datalabel.cli.presenting import Screen
from datalabel.cli.report import ReportText
from datalabel.errors import InputError
from datalabel.repository.check.findings_markdown import findings_markdown
from datalabel.repository.report.markdown import report_markdown
from datalabel.repository.repository import Repository

HOSTILE = (
    "x | y `z` <script>alert(1)</script> ![p](http://e.vil/p.png) @user #12 www.e.vil :cat: \\ *b* __c__"
)


@pytest.fixture
def grown(labelled: Repository) -> Repository:
    """The three images with a second commit: a dog became a cat, a cat went, a dog without width came."""
    write_coco(
        labelled.root / "labels.json",
        {
            "images/a.jpg": [("cat", 1, 2, 10, 10), ("cat", 20, 20, 8, 8)],
            "images/b.jpg": [],
            "images/c.jpg": [("dog", 3, 3, 0, 9)],
        },
    )
    labelled.add()
    labelled.commit("Second pass\n\nReviewed by Ada.\nAll of it.")
    return labelled


def shown(repo: Repository, width: int = 80, revision: str = "HEAD") -> str:
    out = io.StringIO()
    ReportText(repo.report(revision)).text(Screen(out, color=False, width=width))
    return out.getvalue()


def test_what_a_commit_changed_by_class(grown: Repository) -> None:
    report = grown.report()
    assert report.changes is not None
    change = report.changes.sets["ground_truth"]
    assert (change.added, change.removed, change.changed) == (1, 1, 1)
    assert {name: (one.added, one.removed, one.changed) for name, one in change.classes.items()} == {
        "cat": (0, 1, 1),
        "dog": (1, 0, 0),
    }
    assert change.reclassified == (("dog", "cat", 1),)
    assert dict(change.by_field) == {"class": 1}
    summary = grown.show()[1].summary()["sets"]["ground_truth"]
    assert summary == {
        "added": change.added,
        "removed": change.removed,
        "changed": change.changed,
        "by_field": dict(change.by_field),
    }


def test_the_first_commit_added_everything(grown: Repository) -> None:
    report = grown.report("HEAD~1")
    assert report.changes is not None
    assert report.changes.items["added"] == 3
    classes = report.changes.sets["ground_truth"].classes
    assert {name: one.added for name, one in classes.items()} == {"cat": 2, "dog": 1}


def test_against_another_revision_signs_turn(grown: Repository) -> None:
    there, back = (
        grown.report("HEAD", against="HEAD~1").changes,
        grown.report("HEAD~1", against="HEAD").changes,
    )
    assert there is not None
    assert back is not None
    new, old = there.sets["ground_truth"], back.sets["ground_truth"]
    assert (new.added, new.removed, new.changed) == (old.removed, old.added, old.changed)
    assert new.reclassified == (("dog", "cat", 1),)
    assert old.reclassified == (("cat", "dog", 1),)


def test_staging_is_compared_with_the_commit(grown: Repository) -> None:
    report = grown.report("STAGED")
    assert (report.entry, report.changes and dict(report.changes.sets)) == (None, {})
    assert "nothing changed" in shown(grown, revision="STAGED")


def test_what_check_finds_and_which_classes_are_behind(grown: Repository) -> None:
    (grown.root / "dlabel.yaml").write_text(
        "project_name: pets\nquality: {labels_per_class: 2}\n"
        "data_spec: {cat: {box: {}}, dog: {box: {}}, cow: {box: {}}}\n"
    )
    grown.add("dlabel.yaml")
    report = grown.report("STAGED")
    assert report.project == "pets"
    assert dict(report.severities) == {"error": 1, "warning": 2, "info": 1}
    assert [(group.code, group.count) for group in report.findings] == [("G101", 1), ("B101", 2), ("I106", 1)]
    assert report.findings[0].first[0].item == "images/c.jpg"
    assert report.targets is not None
    assert [(one.name, one.labels, one.missing) for one in report.targets.below] == [
        ("cow", 0, 2),
        ("dog", 1, 1),
    ]
    assert report.targets.reached == 1
    text = shown(grown, revision="STAGED")
    assert "1 of 3 classes have the 2 labels wanted" in text
    assert "Classes with fewer than 2 labels" in text


def test_a_finding_is_placed_as_in_the_comment_that_check_writes(grown: Repository) -> None:
    report = grown.report()
    comment = findings_markdown("HEAD", [finding for group in report.findings for finding in group.first])
    told = [
        line.split(" ", 2)[2] for line in report_markdown(report).splitlines() if line.startswith("- G101 ")
    ]
    assert told
    assert all(place in comment for place in told)


def test_the_report_as_a_terminal_shows_it(grown: Repository) -> None:
    for width in (80, 200):
        lines = shown(grown, width).splitlines()
        assert max(map(len, lines)) <= width
        text = "\n".join(lines)
        for words in ("pets at HEAD", "test at HEAD"):
            assert (words in text) == words.startswith("test")
        assert "Second pass" in text
        assert "Reviewed by Ada." in text
        assert "ground_truth: 1 added, 1 removed, 1 changed" in text
        assert "check: 1 error" in text
        assert "\x1b" not in text
        assert "\n\n\n" not in text


def test_the_document_is_json(grown: Repository) -> None:
    document = grown.report().to_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert list(document) == ["project", "revision", "commit", "changes", "check", "stats", "targets"]
    assert document["commit"]["message"].startswith("Second pass")


def test_every_text_of_data_stays_text(repo: Repository) -> None:
    write_coco(repo.root / "labels.json", {f"{number}.jpg": [(HOSTILE, 1, 1, 0, 5)] for number in range(2)})
    repo.add("labels.json")
    repo.commit(f"# {HOSTILE}\n\n- {HOSTILE}\n> quoted")
    document = report_markdown(repo.report())
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(document)
    inline = [child for token in tokens for child in token.children or ()]
    kinds = {child.type for child in inline}
    assert not kinds & {"link_open", "image", "html_inline", "code_inline", "em_open", "s_open"}
    assert not {token.type for token in tokens} & {"html_block", "fence", "code_block"}
    texts = [
        "".join(child.content for child in token.children or ()) for token in tokens if token.type == "inline"
    ]
    assert HOSTILE in [text.replace("\u200b", "") for text in texts]
    joined = "".join(texts)
    for words in ("@user", "#12", "www.e", "http:/", ":cat:"):
        assert words not in joined


def test_before_the_first_commit_the_way_out_is_named(repo: Repository) -> None:
    with pytest.raises(InputError) as error:
        repo.report()
    assert error.value.hint is not None
    assert "dlabel report STAGED" in error.value.hint
    assert repo.report("STAGED").stats.items.items == 0


def test_a_report_on_real_data(repo: Repository, shared_data: Path) -> None:
    for file in sorted((shared_data / "taco").glob("*.gz"))[3:]:
        (repo.root / "labels.json").write_bytes(gzip.decompress(file.read_bytes()))
        repo.add("labels.json")
        repo.commit(file.name)
    changes = repo.report().changes
    assert changes is not None
    assert (changes.items["added"], changes.sets["ground_truth"].added) == (785, 2632)
    assert sum(labels for _, _, labels in changes.sets["ground_truth"].reclassified) == 304


def test_a_set_lacks_no_labels_on_images_that_its_files_do_not_name(labelled: Repository) -> None:
    write_coco(labelled.root / "model.json", {"images/a.jpg": [("cat", 1, 2, 10, 10)], "images/b.jpg": []})
    labelled.add("model.json", set="model")
    labelled.commit("a model")
    whole, model = (labelled.stats().sets[name].per_item for name in ("ground_truth", "model"))
    assert (whole.labelled, whole.empty, whole.unseen) == (2, 1, 0)
    assert (model.labelled, model.empty, model.unseen) == (1, 1, 1)
    assert dict(model.histogram) == {0: 1, 1: 1}
    assert labelled.stats().items.items == 3
    said = labelled.check("HEAD", select=["I106"]).findings
    assert Counter(one.set for one in said) == {"ground_truth": whole.empty, "model": model.empty}
    labelled.create_snapshot("all", sets=["model"], with_unseen=True, split="train=2/3,val=1/3")
    parts = labelled.stats("all").sets["model"].splits.values()
    assert sum(one.per_item.labelled + one.per_item.empty for one in parts) == 2
    assert sum(one.per_item.unseen for one in parts) == 1
    document = report_markdown(labelled.report())
    assert "on 1 of 2 items" in document
    assert "1 label on 1 item, 1 item without; 1 item in none of its label files." in document


def test_a_snapshot_is_told_split_by_split(grown: Repository) -> None:
    grown.create_snapshot("exp-1", split="train=2/3,val=1/3")
    report = grown.report("exp-1")
    splits = report.stats.sets["ground_truth"].splits
    assert set(splits) == {"train", "val"}
    assert sum(one.labels for one in splits.values()) == 3
    assert sum(one.per_item.labelled + one.per_item.empty for one in splits.values()) == 3
    assert report.changes is None
    assert "| train " in report_markdown(report)
    grouped = grown.stats("exp-1", by="split").sets["ground_truth"]
    assert grouped.groups == grouped.splits == splits
