"""What a page of pictures shows: images with marked labels drawn over them, and a summary.

The page knows nothing of where its marks come from: a difference, findings or annotators. Lengths are in
pixels of the image, origin top left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

Points = Sequence[float]
"""x and y in turn."""


class Tone(StrEnum):
    """How a mark looks. Tones differ in line style and sign as well as in colour."""

    GOOD = "good"
    BAD = "bad"
    MOVED = "moved"
    CHANGED = "changed"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that a label may be on this page. Quiet marks are context: not counted, not filtered by."""

    key: str
    word: str
    sign: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Outline:
    """What is drawn of a label: closed rings, open lines, and single points."""

    rings: Sequence[Points] = ()
    lines: Sequence[Points] = ()
    points: Points = ()

    @property
    def size(self) -> int:
        """How many points it has."""
        return (sum(map(len, self.rings)) + sum(map(len, self.lines)) + len(self.points)) // 2


NOTHING = Outline()


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing said of a label: what it is about (labels are filtered by that), and the words."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A label with its mark. `before` is where it was, when it was elsewhere; `old_class` likewise. Without a set it
    is what there is to say of the image as a whole."""

    mark: str
    class_name: str
    kind: str
    set: str
    id: str
    outline: Outline = NOTHING
    before: Outline | None = None
    old_class: str | None = None
    details: Sequence[Detail] = ()

    def bare(self) -> Shape:
        """The same without anything to draw."""
        return replace(self, outline=NOTHING, before=None)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image and its labels. Without a thumbnail its labels are drawn on an empty canvas of its size.

    `status` is a word on the image itself (`added`, `replaced`), `notes` are whole sentences, `unlisted` is
    the number of marked labels that are not among `shapes`. Pictures of less `rank` come before
    those with more labels.
    """

    key: str
    width: int | None
    height: int | None
    thumbnail: bytes | None
    shapes: Sequence[Shape] = ()
    status: str | None = None
    notes: Sequence[str] = ()
    unlisted: int = 0
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """A number worth a glance."""

    label: str
    value: int
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a chart: a name, and a number for each mark it has."""

    name: str
    parts: Sequence[tuple[str, int]]

    @property
    def total(self) -> int:
        """All parts together."""
        return sum(number for _, number in self.parts)


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of one scale. `filters` names what a bar selects when it is pressed: `class`, `set` or `detail`."""

    title: str
    bars: Sequence[Bar]
    filters: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A short table of texts below the charts; the first column is a heading."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on one page. `unlisted` is the number of images that are counted and not among `pictures`.

    `mark_title` and `detail_title` say what marks and the names of details are, as headings of filters;
    `first` says which images come first.
    """

    title: str
    subtitle: str
    facts: Sequence[Fact]
    marks: Sequence[Mark]
    pictures: Sequence[Picture]
    charts: Sequence[Chart] = ()
    listings: Sequence[Listing] = ()
    notes: Sequence[str] = ()
    unlisted: int = 0
    mark_title: str = "Change"
    detail_title: str = "Field"
    first: str = "Most"

    @property
    def drawn(self) -> int:
        """How many pictures show their image."""
        return sum(picture.thumbnail is not None for picture in self.pictures)
