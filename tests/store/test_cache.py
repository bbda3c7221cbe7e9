"""cache.db: when a file that was read needs no second reading."""

from __future__ import annotations

import pytest

from datalabel.content import ObjectId
from datalabel.files import Stat
from datalabel.images import ImageFacts
from datalabel.store.cache import COARSE, RACY, SECOND, Known

READ = 1_700_000_000_000_000_000


@pytest.mark.parametrize(
    ("mtime", "ctime", "still"),
    [
        (READ - RACY - 1, READ - RACY - 1, True),
        (READ - RACY, READ - RACY - 1, False),
        (READ - RACY - 1, READ - RACY, False),
        (READ + 1, READ - RACY - 1, False),
        (READ - COARSE - SECOND, READ - COARSE - SECOND, True),
        (READ - COARSE, READ - COARSE, False),
        (READ - SECOND, READ - COARSE, False),
        (READ - SECOND, READ - RACY - 1, True),
    ],
)
def test_a_file_read_just_after_it_changed_may_have_changed_since(
    mtime: int, ctime: int, still: bool
) -> None:
    stat = Stat(9, mtime, ctime, 5)
    known = Known("a.jpg", *stat, checked=READ, content=ObjectId("a" * 64))
    assert known.still(stat) is still


@pytest.mark.parametrize("field", Stat._fields)
def test_a_file_of_another_stat_is_read_again(field: str) -> None:
    stat = Stat(9, 8, 7, 6)
    known = Known("a.jpg", *stat, checked=READ, content=ObjectId("a" * 64))
    assert known.still(stat)
    assert not known.still(stat._replace(**{field: 1}))


@pytest.mark.parametrize("facts", [ImageFacts(640, 480, "jpeg", 6), ImageFacts(1, 1, "", 1)])
def test_what_a_header_said_is_remembered(facts: ImageFacts) -> None:
    assert known_as(facts.text).image == facts


@pytest.mark.parametrize("text", [None, "", "640 480 jpeg", "640 48x jpeg 1", "640 480 jpeg 1 1"])
def test_a_damaged_memory_of_a_header_is_none(text: str | None) -> None:
    assert known_as(text).image is None


def known_as(text: str | None) -> Known:
    return Known("a.jpg", 9, 8, 7, 6, checked=READ, content=ObjectId("a" * 64), facts=text)
