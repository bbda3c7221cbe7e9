"""`diff --html`, `show --html` and `report --html`."""

from __future__ import annotations

import json

import pytest
from pictures import write_coco, write_labels
from terminals import Desk, Terminal


@pytest.fixture
def changed(desk: Desk) -> Terminal:
    """A commit, and a label moved after it."""
    write_labels(desk.folder, {"images/a.png": [("cat", 1, 2, 10, 10)]})
    desk.well("init", "add images labels.json", "commit -m 'First <b>labels</b>'")
    write_coco(desk.folder / "labels.json", {"images/a.png": [("cat", 3, 2, 10, 10)]})
    desk.well("add labels.json")
    return desk


def test_one_line_and_the_status_of_diff(changed: Terminal) -> None:
    path = changed.folder / "page.html"
    done = changed.dlabel("diff", "--html", "page.html")
    assert (done.out, done.err, done.status) == (f"1 changed image, 1 drawn → {path}\n", "", 0)
    assert changed.dlabel("diff", "--html", "page.html", "--exit-code").status == 1
    assert changed.dlabel("diff", "HEAD", "HEAD", "--html", "same.html", "--exit-code").status == 0
    done = changed.dlabel("diff", "--html", "page.html", "--max-images", "0", "--json")
    assert json.loads(done.out) == {"html": str(path), "images": 1, "drawn": 0}


def test_a_commit_is_titled_by_its_message(changed: Terminal) -> None:
    done = changed.dlabel("show", "--html", "page.html")
    assert (done.status, done.err) == (0, "")
    page = (changed.folder / "page.html").read_text()
    assert "<title>First &lt;b&gt;labels&lt;/b&gt;</title>" in page


def test_a_report_is_one_document(changed: Terminal) -> None:
    path = changed.folder / "report.html"
    done = changed.dlabel("report", "--html", "report.html")
    assert (done.out, done.err, done.status) == (f"Wrote {path}\n", "", 0)
    page = path.read_text()
    assert "<strong>First &lt;b&gt;labels&lt;/b&gt;</strong>" in page
    assert '<td class="number">1</td>' in page
    done = changed.dlabel("report", "STAGED", "--html", "report.html", "--json")
    assert json.loads(done.out) == {"html": str(path)}
    assert "What the next commit would record." in path.read_text()
    assert changed.dlabel("report", "--html", "labels.json").status == 3


def test_other_files_are_not_replaced(changed: Terminal) -> None:
    before = (changed.folder / "labels.json").read_bytes()
    done = changed.dlabel("diff", "--html", "labels.json")
    assert done.status == 3
    assert "not written by dlabel" in done.err
    assert (changed.folder / "labels.json").read_bytes() == before
    assert changed.dlabel("diff", "--html", "nowhere/page.html").status == 3
    assert changed.dlabel("diff", "--html", "page.html", "--max-images", "-1").status == 2
