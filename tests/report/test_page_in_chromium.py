"""Pages as a browser sees them: nothing is reported, nothing leaves, and what one does has its effect."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chromium import CHROMIUM, Chromium, wait_until
from page_worlds import HOSTILE, hostile_page, jpeg, large_page, page_of
from pictures import write_coco, write_labels
from terminals import Terminal

from datalabel.report.document import write_document
from datalabel.report.html import write_page
from datalabel.report.markdown import heading, table, text
from datalabel.report.page import Detail, Mark, Page, Picture, Shape, Tone

if CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("there is no Chromium here", allow_module_level=True)

SHOWN = "document.getElementById('shown').textContent"
NAME = "document.getElementById('name').textContent"
ROWS = "document.querySelectorAll('.row').length"
FACTS = (
    "Object.fromEntries([...document.querySelectorAll('header dl div')].map("
    "one => [one.children[0].textContent, +one.children[1].textContent.replaceAll(',', '')]))"
)
BY_FIELD = (
    "Object.fromEntries([...document.querySelectorAll('.bar[data-facet=detail]')].map("
    "bar => [bar.dataset.name, +bar.querySelector('.parts').textContent.trim().slice(1)]))"
)
FILTERED_IN = (
    "(() => { const begun = performance.now(); document.querySelector('.chip').click();"
    " return performance.now() - begun; })()"
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(chromium: Chromium) -> Iterator[Chromium]:
    """The browser at a desk; afterwards it must have met no complaint, and asked for nothing outside."""
    chromium.look(1400, 900)
    chromium.open("about:blank")
    chromium.events.clear()
    yield chromium
    assert chromium.complaints() == []
    assert all(address.startswith(("file:///", "data:image/jpeg;base64,")) for address in chromium.requests())


def show(browser: Chromium, page: Page, folder: Path) -> None:
    write_page(page, folder / "page.html")
    browser.open((folder / "page.html").as_uri())
    browser.settle()


def test_hostile_names_stay_text(browser: Chromium, tmp_path: Path) -> None:
    show(browser, hostile_page(HOSTILE), tmp_path)
    browser.press("j")
    assert browser.run(NAME) == HOSTILE
    assert browser.run("document.title") == HOSTILE
    assert browser.run("document.querySelector('#changes td.class .data').textContent") == HOSTILE
    assert browser.run("document.querySelector('.tag text').textContent").startswith("~ </script><img")
    assert browser.run("document.querySelectorAll('img[onerror], img[src=x], [onclick]').length") == 0
    assert browser.run("getComputedStyle(document.body).display") == "flex"


def test_a_document_is_laid_out_in_its_own_style(browser: Chromium, tmp_path: Path) -> None:
    rows = table(("class", "labels"), [[text(HOSTILE), "4,155"]], right=[1])
    write_document(HOSTILE, heading(1, text(HOSTILE)) + "\n" + rows, tmp_path / "report.html")
    browser.open((tmp_path / "report.html").as_uri())
    browser.settle()
    assert browser.run("document.title") == browser.run("document.querySelector('h1').textContent") == HOSTILE
    assert browser.run("getComputedStyle(document.querySelector('td.number')).textAlign") == "right"
    assert browser.run("document.documentElement.scrollWidth") == 1400


def test_what_is_said_of_a_whole_image_is_counted_and_is_no_label(browser: Chromium, tmp_path: Path) -> None:
    marks = (Mark("error", "error", "✕", Tone.BAD),)
    label = Shape("error", "cat", "box", "truth", "1f", details=(Detail("G101 zero-size", "flat"),))
    whole = Shape("error", "the image", "image", "", "", details=(Detail("S114 image-size", "too narrow"),))
    page = replace(page_of([Picture("a.png", 64, 48, None, (whole, label))]), marks=marks)
    show(browser, page, tmp_path)
    assert browser.run(SHOWN) == "1 image · 1 label"
    chips = "[...document.querySelectorAll('.chip')].map(chip => chip.textContent)"
    assert browser.run(chips) == ["✕ error2", "S114 image-size1", "G101 zero-size1", "the image1", "cat1"]


def test_the_policy_stops_what_is_not_ours(chromium: Chromium, tmp_path: Path) -> None:
    show(chromium, page_of([]), tmp_path)
    chromium.run(
        "(window.stopped = []) && document.addEventListener("
        "'securitypolicyviolation', (event) => stopped.push(event.effectiveDirective))"
    )
    chromium.run(
        "(() => { const script = document.createElement('script'); script.textContent = 'window.mine = 1';"
        " document.body.append(script); document.body.setAttribute('style', 'color: red');"
        " new Image().src = 'https://example.invalid/a.png'; fetch('https://example.invalid').catch(() => 0); })()"
    )
    wait_until(chromium, "stopped.length === 4")
    assert sorted(chromium.run("stopped")) == ["connect-src", "img-src", "script-src-elem", "style-src-attr"]
    assert chromium.run("window.mine === undefined")


def test_keys_go_from_image_to_image(browser: Chromium, tmp_path: Path) -> None:
    show(browser, large_page(9), tmp_path)
    assert browser.run("document.getElementById('picture').hidden")
    browser.press("s")
    seen = []
    for key in ("j", "j", "ArrowRight", "k", "ArrowUp", "k", "k"):
        browser.press(key)
        seen.append(browser.run(NAME)[-5])
    assert seen == ["0", "1", "2", "1", "0", "0", "0"]
    assert browser.run("location.hash") == "#images%2F00000.jpg"
    assert browser.run("document.querySelector('.row[aria-selected=true]').title") == "images/00000.jpg"
    browser.press("Escape")
    assert browser.run("document.getElementById('picture').hidden")
    browser.press("?")
    assert browser.run("document.getElementById('keys').open")


def test_pictures_of_less_rank_come_first_whatever_is_on_them(browser: Chromium, tmp_path: Path) -> None:
    page = large_page(9)
    pictures = [replace(one, rank=int(one.key != "images/00005.jpg")) for one in page.pictures]
    show(browser, replace(page, pictures=pictures, first="Worst"), tmp_path)
    assert browser.run("document.getElementById('order').textContent") == "Worst first"
    browser.press("j")
    assert browser.run(NAME) == "images/00005.jpg"


def test_an_address_keeps_the_image(browser: Chromium, tmp_path: Path) -> None:
    show(browser, large_page(9), tmp_path)
    browser.open("about:blank")
    browser.open(f"{(tmp_path / 'page.html').as_uri()}#images%2F00004.jpg")
    assert browser.run(NAME) == "images/00004.jpg"
    browser.run("location.hash = '#%zz'")
    browser.run("location.hash = '#images%2F00007.jpg'")
    browser.settle()
    assert browser.run(NAME) == "images/00007.jpg"


def test_filters_leave_what_they_say(browser: Chromium, tmp_path: Path) -> None:
    page = large_page(60)
    show(browser, page, tmp_path)

    def expected(mark: str | None = None, name: str | None = None, text: str = "") -> str:
        found = [
            [
                shape
                for shape in picture.shapes
                if mark in (None, shape.mark) and name in (None, shape.class_name)
            ]
            for picture in page.pictures
            if text in picture.key
        ]
        return f"{sum(map(bool, found))} of 60 images · {sum(map(len, found))} labels"

    browser.press("1")
    assert browser.run(SHOWN) == expected("added")
    browser.click(".bar, .chip[title='class 3']")
    assert browser.run(SHOWN) == expected("added", "class 3")
    browser.press("1")
    assert browser.run(SHOWN) == expected(None, "class 3")
    browser.press("c")
    browser.press("/")
    for letter in "0005":
        browser.press(letter)
    assert browser.run(SHOWN) == expected(text="0005")
    assert browser.run(ROWS) == 11
    browser.press("Enter")
    assert "0005" in browser.run(NAME)
    browser.press("c")
    assert browser.run(SHOWN) == f"60 images · {sum(len(picture.shapes) for picture in page.pictures)} labels"


def test_three_thousand_images_are_a_small_document(browser: Chromium, tmp_path: Path) -> None:
    show(browser, large_page(3000), tmp_path)
    nodes = "document.querySelectorAll('*').length"
    assert browser.run(SHOWN).startswith("3,000 images")
    assert browser.run(nodes) < 1500
    browser.run("document.getElementById('list').scrollTop = 64 * 1500")
    browser.settle()
    assert browser.run(nodes) < 1500
    assert 0 < browser.run(ROWS) < 40
    browser.press("j")
    assert browser.run("document.querySelector('.row[aria-selected=true]') !== null")
    assert browser.run(nodes) < 1500
    begun = "performance.timing.domContentLoadedEventEnd - performance.timing.responseEnd"
    assert browser.run(begun) < 5000
    assert browser.run(FILTERED_IN) < 1000


def test_light_and_dark_follow_the_system_and_the_key(browser: Chromium, tmp_path: Path) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    show(browser, page_of([]), tmp_path)
    light = browser.run(paper)
    browser.press("t")
    dark = browser.run(paper)
    browser.look(1400, 900, "dark")
    browser.open((tmp_path / "page.html").as_uri())
    assert light != dark == browser.run(paper)
    browser.press("t")
    assert browser.run(paper) == light


@pytest.mark.parametrize("size", [(1, 4000), (4000, 1), (None, None)])
def test_images_of_odd_sizes_are_shown(browser: Chromium, tmp_path: Path, size: tuple[int, int]) -> None:
    shapes = large_page(5).pictures[4].shapes
    show(
        browser,
        page_of([Picture("odd.jpg", *size, None, shapes), Picture("bare.jpg", *size, jpeg())]),
        tmp_path,
    )
    browser.press("j")
    assert browser.run("document.querySelectorAll('.overlay .fill').length") > 0
    assert browser.run("document.getElementById('figure').clientWidth") > 0
    assert browser.run("document.documentElement.scrollWidth") <= 1400


def test_a_narrow_window_shows_one_thing_at_a_time(browser: Chromium, tmp_path: Path) -> None:
    browser.look(500, 900)
    show(browser, large_page(30), tmp_path)
    assert browser.run("document.documentElement.scrollWidth") == 500
    browser.click(".row")
    assert browser.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert browser.run("document.documentElement.scrollWidth") == 500
    browser.click("#back")
    assert browser.run("getComputedStyle(document.querySelector('nav')).display") == "flex"


def test_the_page_counts_what_diff_counts(browser: Chromium, tmp_path: Path) -> None:
    folder, terminal = tmp_path, Terminal(tmp_path)
    images = [f"images/{number}.png" for number in range(4)]
    classes = ("cat", "dog", HOSTILE)
    write_labels(folder, {name: [(classes[k], 5 * k, 4, 10, 10) for k in range(3)] for name in images})
    terminal.well("init", "add images labels.json", "commit -m one")
    write_coco(
        folder / "labels.json",
        {
            "images/0.png": [("cat", 0, 4, 10, 10), ("dog", 6, 5, 10, 10), (HOSTILE, 10, 4, 10, 10)],
            "images/1.png": [("dog", 0, 4, 10, 10), ("dog", 5, 4, 10, 10), (HOSTILE, 10, 4, 10, 10)],
            "images/2.png": [("cat", 0, 4, 10, 10), ("cat", 40, 30, 9, 9)],
            "images/3.png": [("cat", 0, 4, 10, 10), ("dog", 5, 4, 10, 10), (HOSTILE, 10, 4, 10, 10)],
        },
    )
    terminal.dlabel("add", "labels.json")
    done = terminal.dlabel("diff", "--html", "page.html", "--exit-code")
    assert (done.status, done.err) == (1, "")
    found: dict[str, Any] = json.loads(terminal.dlabel("diff", "--json").out)
    browser.open((folder / "page.html").as_uri())
    facts, summary = browser.run(FACTS), found["summary"]["ground_truth"]
    assert facts == {
        "images": len({label["item"] for label in found["labels"]}),
        **{f"labels {word}": summary[word] for word in ("added", "removed", "changed")},
    }
    assert browser.run(SHOWN) == f"{facts['images']} images · {len(found['labels'])} labels"
    assert browser.run(BY_FIELD) == summary["by_field"]
    assert f"{facts['images']} changed images, {facts['images']} drawn → " in done.out
