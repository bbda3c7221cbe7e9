"""Statistics as typed and as drawn: at 80 and 200 columns, as CSV, Markdown and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from agreement_world import agreement, box
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pictures import coco, commit_labels, write_coco
from terminals import Desk, Terminal

from datalabel.cli.agreement import AgreementText
from datalabel.cli.charts import beside, cut, fitted, heat_map, sparkline
from datalabel.cli.presenting import Screen
from datalabel.cli.presenting import cells as columns_filled
from datalabel.cli.stats import StatsText
from datalabel.printable import number, percent, printable, signed
from datalabel.repository.repository import Repository

HOSTILE = "a|b `c` <i>*x*</i> [l](http://e.vil) @user"


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two commits: 60 cats and 3 dogs on two of three images, then a dog and an odd name more. Only read."""
    folder = tmp_path_factory.mktemp("pets")
    cats = [
        ("cat", 2.0 + 8 * (place % 15), 2.0 + 20 * (place // 15), 6.0, 6.0 + place % 4) for place in range(60)
    ]
    dogs = [("dog", 100.0, 10.0, 59.5, 40.0), ("dog", 101.0, 10.0, 58.5, 40.0)]
    images = {"a.jpg": [*cats, dogs[0]], "b.jpg": dogs, "c.jpg": []}
    with Repository.init(folder, name="pets") as repository:
        commit_labels(repository, coco(images, size=(160, 90)))
        images["c.jpg"] = [("dog", 5.0, 5.0, 20.0, 20.0), (HOSTILE, 50.0, 50.0, 10.0, 10.0)]
        write_coco(folder / "labels.json", images, size=(160, 90))
        repository.add()
        repository.commit("second")
    return folder


@pytest.fixture
def project(committed: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Desk(committed, capsys)


def drawn(terminal: Terminal, width: int, revision: str, by: str | None = None) -> str:
    """What a terminal of that width shows."""
    out = io.StringIO()
    with Repository.open(terminal.folder) as repository:
        StatsText(repository.stats(revision, by=by)).text(Screen(out, color=False, width=width))
    return re.sub(r"  [\d.]+ kB", "", out.getvalue())


def test_the_screen_at_80_columns(project: Terminal) -> None:
    assert drawn(project, 80, "HEAD~1") == NARROW
    piped = project.dlabel("stats", "HEAD~1")
    assert (re.sub(r"  [\d.]+ kB", "", piped.out), piped.err, piped.status) == (NARROW, "", 0)


NARROW = """\
3 items at HEAD~1  jpeg 3
  sizes       160×90 (3)

ground_truth  63 labels on 2 items, 1 item without
  class  kind  labels   share  items
  cat    box       60  95.2 %      1  ██████████████████████████████████████████
  dog    box        3   4.8 %      2  ██▏

                min   5 %  median  mean  95 %   max  shape
  labels/item     0  0.20       2    21  55.1    61
  width px        6     6       6  8.53     6  59.5
  height px       6     6       8  9.05     9    40  █    █    █    █
  aspect       0.67  0.67    0.86  0.85     1  1.49  █   █    █     █
  COCO sizes  small 60 (95.2 %)  medium 3 (4.8 %)  large 0 (0 %)
  at the edge 3 labels (4.8 %): left 0, top 0, right 3, bottom 0
  overlap     9 labels (14.3 %) meet another, 2 by IoU > 0.5 (2 of one class)
  together    dog + cat on 1 item

  centres on the image
  ┌────────────────────────────────┐
  │▒▒▒▒██▒▒▒▒▒▒██▒▒▒▒▒▒██▒▒        │
  │                                │
  │▒▒▒▒██▒▒▒▒▒▒██▒▒▒▒▒▒██▒▒        │
  │                        ██▒▒    │
  │▒▒▒▒██▒▒▒▒▒▒██▒▒▒▒▒▒██▒▒        │
  │                                │
  │▒▒▒▒██▒▒▒▒▒▒██▒▒▒▒▒▒██▒▒        │
  │                                │
  │                                │
  └────────────────────────────────┘
"""


def test_the_screen_at_200_columns(project: Terminal) -> None:
    assert drawn(project, 200, "HEAD~1") == BROAD


BROAD = """\
3 items at HEAD~1  jpeg 3
  sizes       160×90 (3)

ground_truth  63 labels on 2 items, 1 item without
  class  kind  labels   share  items
  cat    box       60  95.2 %      1  ████████████████████████████████████████████████████████████
  dog    box        3   4.8 %      2  ███

                min   5 %  median  mean  95 %   max  shape                         centres on the image
  labels/item     0  0.20       2    21  55.1    61                                ┌────────────────────────────────┐
  width px        6     6       6  8.53     6  59.5                                │▒▒▒▒██▒▒▒▒▒▒██▒▒▒▒▒▒██▒▒        │
  height px       6     6       8  9.05     9    40  █    █    █    █              │                                │
  aspect       0.67  0.67    0.86  0.85     1  1.49  █   █    █     █              │▒▒▒▒██▒▒▒▒▒▒██▒▒▒▒▒▒██▒▒        │
  COCO sizes  small 60 (95.2 %)  medium 3 (4.8 %)  large 0 (0 %)                   │                        ██▒▒    │
  at the edge 3 labels (4.8 %): left 0, top 0, right 3, bottom 0                   │▒▒▒▒██▒▒▒▒▒▒██▒▒▒▒▒▒██▒▒        │
  overlap     9 labels (14.3 %) meet another, 2 by IoU > 0.5 (2 of one class)      │                                │
  together    dog + cat on 1 item                                                  │▒▒▒▒██▒▒▒▒▒▒██▒▒▒▒▒▒██▒▒        │
                                                                                   │                                │
                                                                                   │                                │
                                                                                   └────────────────────────────────┘
"""


def test_groups_at_two_widths(project: Terminal) -> None:
    assert drawn(project, 80, "HEAD~1", "class").partition("\n\n")[2] == GROUPS
    broad = drawn(project, 200, "HEAD~1", "class")
    assert "S M L in %" in broad
    assert max(map(len, broad.splitlines())) <= 200


GROUPS = """\
ground_truth  63 labels on 2 items, 1 item without

  class  labels   share  items  per item  width  height  aspect   S M L in %
  cat        60  95.2 %      1        60      6    7.50    0.80  100   0   0
  dog         3   4.8 %      2      1.50   59.5      40    1.49    0 100   0
"""


def test_what_differs_is_told_in_every_form(desk: Desk) -> None:
    path = desk.folder / "scored.json"
    assert desk.dlabel("init").status == 0
    for score in (None, 0.0, 0.9):
        labels = coco({"a.png": [("cat", 1, 2, 10, 10)]})
        if score is not None:
            labels["annotations"][0]["score"] = score
        path.write_text(json.dumps(labels))
        assert desk.dlabel("add", "scored.json", "--set", "scored").status == 0
        assert desk.dlabel("commit", "-m", str(score)).status == 0
    for revisions in (("HEAD", "HEAD~1"), ("HEAD~1", "HEAD~2"), ("HEAD~2", "HEAD~1")):
        for form in ("text", "csv", "markdown"):
            done = desk.dlabel("stats", revisions[0], "--against", revisions[1], "--format", form)
            assert (done.status, done.err) == (0, "")
            assert "confidence" in done.out, done.out


def test_two_revisions_side_by_side(project: Terminal) -> None:
    done = project.dlabel("stats", "HEAD", "--against", "HEAD~1")
    assert (done.out, done.err, done.status) == (COMPARED, "", 0)
    assert (
        project.dlabel("stats", "HEAD", "--against", "HEAD").out == "HEAD against HEAD\nNo number differs.\n"
    )


COMPARED = """\
HEAD against HEAD~1

ground_truth

                         before  after   change
  labels                     63     65       +2
  items with labels           2      3       +1
  items without               1      0       −1
  labels per item, mean      21   21.7    +0.67
  width px, mean           8.53   8.73    +0.20
  height px, mean          9.05   9.23    +0.18
  aspect, mean             0.85   0.85  +0.0046
  small (COCO)               60     62       +2

  class                         before  after  change
  dog                                3      4      +1  ████████████████
  a|b `c` <i>*x*</i> [l](http…       0      1      +1  ████████████████
"""


def test_json_keeps_its_keys_and_gains_the_differences(project: Terminal) -> None:
    plain = json.loads(project.dlabel("stats", "HEAD", "--json").out)
    compared = json.loads(project.dlabel("stats", "HEAD", "--against", "HEAD~1", "--json").out)
    against = compared.pop("against")
    assert compared == plain
    assert {"labels", "classes", "kinds", "properties", "size", "per_item", "annotators"} < plain["sets"][
        "ground_truth"
    ].keys()
    assert against["revision"] == "HEAD~1"
    labels = [
        change for change in against["changes"] if (change["section"], change["name"]) == ("labels", "")
    ]
    assert [(one["before"], one["after"], one["delta"]) for one in labels] == [(63, 65, 2)]


def test_what_no_label_file_of_a_set_names_is_told_beside_what_has_no_labels(desk: Desk) -> None:
    cat = ("cat", 1, 1, 5, 5)
    write_coco(desk.folder / "people.json", {f"{name}.jpg": [cat] for name in "abc"})
    write_coco(desk.folder / "model.json", {"a.jpg": [cat], "b.jpg": []})
    desk.dlabel("init")
    desk.dlabel("add", "people.json")
    desk.dlabel("add", "model.json", "--set", "model")
    told = "model  1 label on 1 item, 1 item without\n  1 item in none of its label files\n"
    assert told in desk.dlabel("stats").out
    assert told in desk.dlabel("stats", "--by", "class").out
    assert desk.dlabel("stats").out.count("label files") == 1
    sets = json.loads(desk.dlabel("stats", "--json").out)["sets"]
    assert {name: one["per_item"]["unseen"] for name, one in sets.items()} == {"ground_truth": 0, "model": 1}
    desk.dlabel("commit", "-m", "first")
    write_coco(desk.folder / "model.json", {f"{name}.jpg": [cat] for name in "abc"})
    desk.dlabel("add")
    compared = desk.dlabel("stats", "--against", "HEAD").out
    assert re.search(r"items in no label file +1 +0 +−1\n", compared)


def test_csv_parses_back(project: Terminal) -> None:
    rows = list(csv.DictReader(io.StringIO(project.dlabel("stats", "--format", "csv").out)))
    assert list(rows[0]) == ["set", "part", "section", "name", "measure", "value"]
    found = {(row["section"], row["name"], row["measure"]): row["value"] for row in rows}
    assert found["classes", "cat", "labels"] == "60"
    assert found["classes", HOSTILE, "labels"] == "1"
    rows = list(
        csv.DictReader(io.StringIO(project.dlabel("stats", "--against", "HEAD~1", "--format", "csv").out))
    )
    assert [row["delta"] for row in rows if (row["section"], row["name"]) == ("labels", "")] == ["2"]


def cells(document: str) -> list[str]:
    """The texts of all cells of all tables, as a reader sees them."""
    tokens = MarkdownIt("commonmark").enable("table").parse(document)
    return [
        "".join(child.content for child in token.children or ())
        for before, token in pairwise(tokens)
        if before.type in ("td_open", "th_open")
    ]


@pytest.mark.parametrize("against", [[], ["--against", "HEAD~1"]])
def test_markdown_shows_every_name_as_it_is(project: Terminal, against: list[str]) -> None:
    done = project.dlabel("stats", "HEAD", *against, "--format", "markdown")
    assert done.status == 0
    assert any(cell.replace("\u200b", "").endswith(HOSTILE) for cell in cells(done.out))
    assert "<i>" not in MarkdownIt("commonmark").enable("table").render(done.out)


def test_properties_stand_against_each_other_when_asked(desk: Desk) -> None:
    write_coco(desk.folder / "labels.json", {"a.jpg": [("cat", 1, 1, 5, 5)] * 4})
    content = json.loads((desk.folder / "labels.json").read_text())
    for number_, annotation in enumerate(content["annotations"]):
        annotation["attributes"] = {"night": number_ < 3, "site": "north" if number_ else "south"}
    (desk.folder / "labels.json").write_text(json.dumps(content))
    desk.dlabel("init")
    desk.dlabel("add", "labels.json")
    assert "cat.night       4  true 3, false 1" in desk.dlabel("stats").out
    assert CROSSED not in desk.dlabel("stats").out
    assert desk.dlabel("stats", "-v").out.endswith(CROSSED)


CROSSED = """
  night × site  north  south
  false             1
  true              2      1
"""


def test_what_cannot_be_used_is_said(project: Terminal) -> None:
    for arguments, status, words in (
        (["stats", "nope"], 3, "no revision is called 'nope'"),
        (["stats", "--against", "nope"], 3, "no revision is called 'nope'"),
        (["stats", "--by", "clas"], 2, "did you mean class?"),
        (["stats", "--by", "split"], 3, "STAGED has no splits"),
        (["stats", "--by", "properties.sight"], 3, "no label at STAGED has a property 'sight'"),
        (["stats", "--format", "xml"], 2, "--format takes text, json, jsonl, csv, markdown"),
    ):
        done = project.dlabel(*arguments)
        assert (done.status, done.out) == (status, "")
        assert words in done.err


# Charts


def test_numbers_are_short_and_signed() -> None:
    assert [number(value) for value in (0, 14, 13.44, 0.976, 105.4, 12345.6, 0.0064)] == [
        "0", "14", "13.4", "0.98", "105", "12,346", "0.0064",
    ]  # fmt: skip
    assert [number(value) for value in (9.996, 99.96, 0.009996, 0.00009997, 2e9, float("inf"))] == [
        "10.0", "100", "0.01", "0.0001", "2e+09", "inf",
    ]  # fmt: skip
    assert [signed(value) for value in (2, -0.5, 0, -0.00003)] == ["+2", "−0.50", "0", "−3e-05"]
    assert [percent(1, 3), percent(0, 3), percent(3, 3), percent(1, 0)] == ["33.3 %", "0 %", "100 %", "0 %"]


def test_pictures_are_as_large_as_they_say() -> None:
    assert sparkline([0, 1, 50, 100]) == " ▁▄█"
    assert heat_map([[0, 4], [1, 2]]) == ["┌────┐", "│  ██│", "│░░▒▒│", "└────┘"]
    assert beside([["ab"], ["c"]], [["x"]], 2) == [["ab", "  ", "x"], ["c", "   "]]
    assert (cut("日本語の名前", 7), cut("a\x1b[31mb", 20)) == ("日本語…", "a\\x1b[31mb")
    assert fitted(["one", "two", "three"], 22, 5) == "one, two, … 3 more"


@given(st.text(max_size=30), st.integers(1, 12))
def test_a_text_is_cut_to_its_beginning_or_its_end(text: str, width: int) -> None:
    words = printable(text)
    for end in (False, True):
        kept = cut(text, width, end=end)
        assert columns_filled(kept) <= max(width, 1)
        bare = kept.removeprefix("…") if end else kept.removesuffix("…")
        assert kept == words or (words.endswith(bare) if end else words.startswith(bare))


def test_cutting_takes_time_as_the_text_is_long() -> None:
    started = time.process_time()
    assert cut("é" * 200_000, 20) == "é" * 19 + "…"
    assert time.process_time() - started < 5


def test_a_narrow_terminal_shows_the_worst_items_too() -> None:
    rows = [box("images/of a long name.jpg", "ann"), box("images/of a long name.jpg", "bob", "dog")]
    found = replace(agreement(rows), sets=("ground_truth",))
    for width in (1, 20, 50, 80):
        AgreementText(found).text(Screen(out := io.StringIO(), color=False, width=width))
        assert "ame.jpg   " in out.getvalue(), width
