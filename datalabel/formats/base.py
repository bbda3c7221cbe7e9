"""What a foreign format is: the protocol that each of them implements, and what goes in and out.

A format reads a source's files into columns, and turns columns into files. It never touches the project,
the store or the screen. Reading promises that every field of the source is either in a column, in `extra`,
in the header, or named in an error; writing promises the same in the other direction through `losses`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.errors import Fault
from datalabel.formats.source_files import SourceFiles
from datalabel.formats.wordings import Before, Wordings
from datalabel.labels.tables import LABELS

if TYPE_CHECKING:
    from datalabel.spec.model import Skeleton

READ_MENTIONS: pa.Schema = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("number", pa.string()),
        pa.field("order", pa.int64()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("extra", pa.string()),
        pa.field("annotators", pa.list_(pa.string())),
    ]
)
"""One row per image that the source names: its name and number (verbatim JSON) in the file, its order, its
size as the file says, the file's other fields on it (a JSON object, verbatim) and, where the file says so,
who saw it."""

BATCH_ITEMS: pa.Schema = pa.schema(
    [pa.field("item", pa.string(), nullable=False), *READ_MENTIONS, pa.field("properties", pa.string())]
)
"""An item to be written: its key, what a source says of it, and its properties (canonical JSON). These are null where
the source itself is written again: they are among its fields."""

READ_LABELS: pa.Schema = pa.schema(
    [pa.field("mention", pa.int32(), nullable=False)]
    + [LABELS.field(name) for name in LABELS.names if name not in ("item", "id", "source")]
)
"""As `LABELS`, but the item is given by its row in the mentions. `rank` counts from 0 within the item."""

LABEL_KEYS = ("item", "id", "rank")
"""The columns that labels to be written always have."""

VERBATIM = "$verbatim"
"""The key in a label's `extra` that holds the source's whole notation of the label, for the rare label that
columns and `extra` cannot give back exactly. It is written again while the columns are unchanged."""


class ReadContext(Protocol):
    """What a reader may ask about the project around the source."""

    annotator: str | None
    item_key: str | None
    """The field of the file that names an image, when file names are not stable (`--item-key`)."""

    def size_of(self, name: str) -> tuple[int, int] | None:
        """Width and height of the item that the file calls so, when known."""

    def names_by_number(self) -> Mapping[str, Sequence[str]]:
        """For sources that name images only by number: what other sources of this format call the images to which
        they give it."""

    def categories(self) -> Sequence[Mapping[str, Any]]:
        """For sources that name classes only by number: the categories of other sources of this format."""

    def unclear_categories(self) -> Mapping[str, str]:
        """Of further numbers, by which no class is certainly meant: what they meant, as a message goes on."""

    def before(self, rules: int) -> Before:
        """What is known of the source from when it was last read, if that was by these rules."""


@dataclass(frozen=True, slots=True)
class ClassNumber:
    """A number (verbatim JSON) by which files name a class.

    `name` is the class; None when no class is left of what the number meant, which was `was`. `fields` is what else
    the file says of it. A number that is not `in_file` was given here, or is one that the file gave before: it is no
    other class's, and its name is the class as it is called here.
    """

    number: str
    name: str | None
    was: str
    in_file: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Read:
    """What a source says: header (JSON), mentions and labels (schemas above), and remarks to show.

    Only a format that gives `wordings` may leave out labels: those of images that are worded as before.
    """

    header: Mapping[str, Any]
    mentions: pa.Table
    labels: pa.Table
    remarks: tuple[Fault, ...] = ()
    wordings: Wordings | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Some items to write, sorted by key, with all their labels.

    `items` has the schema `BATCH_ITEMS`; `name` is what the source called the
    item when the source itself is being written again, and the key otherwise. `labels` has the schema
    `LABELS`, sorted by (item, rank, id). Extras in either belong to the format being written; extras of
    other formats were taken out and counted in `Selection.foreign_extras`.
    """

    items: pa.Table
    labels: pa.Table

    def pieces(self, items: int) -> Iterator[Batch]:
        """The batch in pieces of so many items, for what is quicker near the processor."""
        keys = self.items.column("item").combine_chunks()
        owners = pc.index_in(self.labels.column("item"), value_set=keys).to_numpy()
        for start in range(0, len(keys), items):
            first, end = np.searchsorted(owners, [start, start + items]).tolist()
            yield Batch(self.items.slice(start, items), self.labels.slice(first, end - first))


class Selection(Protocol):
    """What is to be written: one source as it came, or a whole set.

    `header` is the header of the source when it is written again by its own format (then numbers and names
    are those of the source), else None (then labels are numbered anew, and `classes` gives the order of theirs).
    """

    @property
    def name(self) -> str:
        """What the output is called."""

    @property
    def header(self) -> Mapping[str, Any] | None:
        """The header of the source, or None."""

    @property
    def annotator(self) -> str | None:
        """Who drew every label of this source unless a label says otherwise (`add --annotator`)."""

    @property
    def classes(self) -> Sequence[str]:
        """Every class in the selection, the spec and the sources: the spec's order first, then the sources', then
        alphabetical."""

    @property
    def keypoints(self) -> Mapping[str, Skeleton]:
        """Those of the spec, by class."""

    @property
    def headers(self) -> Sequence[Mapping[str, Any]]:
        """Where labels are numbered anew, the headers of the sources that are of the format being written."""

    @property
    def foreign_extras(self) -> Mapping[str, int]:
        """Fields that other formats left on sources, items and labels, with how often: lost by this export."""

    def item_numbers(self) -> pa.ChunkedArray:
        """The numbers that sources of the format being written gave items, as texts."""
        ...  # pragma: no cover

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        """The selection in key order, in pieces of bounded size. May be iterated several times.

        `columns` are those of labels that are wanted besides `LABEL_KEYS`; None: all. Outlines are most of a set, so
        who only counts names what it counts.
        """
        ...  # pragma: no cover


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a format can hold. What it cannot is reported as lost, never dropped in silence."""

    kinds: frozenset[str]
    properties: bool = False
    item_properties: str | None = None
    """The field among those of an item (its `extra`) that holds the item's properties, where it is an object."""
    confidence: bool = False
    annotator: bool = False
    holes: bool = False
    pieces: bool = False
    """Polygons of several pieces."""
    decimals: int | None = None
    """How many decimals of a pixel come back from what was written; None: every digit."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One sort of thing that an export cannot keep: what, how often, and the first place, if it has one."""

    what: str
    count: int
    example: str

    def __str__(self) -> str:
        first = f" (first: {self.example})" if self.example else ""
        return f"{self.what}: {self.count:,}{first}"


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file to write: its path below the output folder (`/`-separated) and its bytes in pieces."""

    path: str
    chunks: Iterable[bytes]


class NoClassNumbers:
    """A format in which no number means a class in more than one file: classes have names, or places in a list."""

    def borrows_numbers(self, header: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def class_numbers(self, header: Mapping[str, Any]) -> Sequence[ClassNumber]:  # noqa: ARG002
        """None."""
        return ()

    def with_class_numbers(
        self,
        header: Mapping[str, Any],
        numbers: Sequence[ClassNumber],  # noqa: ARG002
    ) -> Mapping[str, Any]:
        """As it is."""
        return header


class Format(Protocol):
    """A foreign format. Implementations hold no state.

    `read` reports every fault of the source in one `InputError` (see `errors.Faults`), each with its place,
    and reads nothing partially. `write` yields files lazily and in a fixed order; equal selections give equal
    bytes. `losses` says what `write` would not keep (with `training`: what `write_splits` would not), without writing
    anything. `write_splits` writes the
    layout that trainers of this format expect, with every image at its `image_place`; as with `write`, the
    images themselves are the caller's to put there.
    """

    name: str
    title: str
    folder: bool
    """Whether a source may be a folder of files (VOC) rather than one file (COCO)."""
    fractional: bool
    """Whether places are told in fractions of the image: an image of another size moves its labels."""
    holds: Capabilities

    def detect(self, path: Path, head: bytes) -> bool:
        """Whether this file, of which `head` is the beginning (up to 64 KiB), is of this format."""

    def read(self, source: SourceFiles, context: ReadContext) -> Read:
        """Everything that the source says."""

    def is_folder(self, header: Mapping[str, Any]) -> bool:
        """Whether the source with this header was a folder."""

    def header_fields(self, header: Mapping[str, Any]) -> Mapping[str, int]:
        """Fields of a source, or of its classes, that only this format knows, with how often each occurs."""

    def class_names(self, header: Mapping[str, Any]) -> Sequence[str]:
        """The classes that the source with this header names, with labels or without, in its order."""

    def renamed(self, header: Mapping[str, Any], names: Mapping[str, str | None]) -> Mapping[str, Any]:
        """The header with classes called otherwise, under the numbers they have. A class without a name (None) is
        named no more, where the numbers of the others allow it."""

    def borrows_numbers(self, header: Mapping[str, Any]) -> bool:
        """Whether the source with this header names images and classes by the numbers that others give them."""

    def class_numbers(self, header: Mapping[str, Any]) -> Sequence[ClassNumber]:
        """The numbers of the source's classes, those of its file first; none where files name them by their names."""

    def with_class_numbers(
        self, header: Mapping[str, Any], numbers: Sequence[ClassNumber]
    ) -> Mapping[str, Any]:
        """The header with these numbers, and no others, besides those in the file."""

    def skeletons(self, header: Mapping[str, Any]) -> Mapping[str, Skeleton]:
        """What the source with this header calls the keypoints of its classes, of those where it names all."""

    def losses(self, selection: Selection, *, training: bool = False) -> list[Loss]:
        """What writing the selection, or its splits, would lose."""

    def write(self, selection: Selection) -> Iterator[OutputFile]:
        """The selection as files of this format."""

    def image_place(self, split: str | None, name: str) -> str:
        """Where trainers look for an image of a split (None: of an output without splits) below the folder."""

    def write_splits(self, splits: Sequence[Selection]) -> Iterator[OutputFile]:
        """Selections without a header, each called as its split, as one output for training.

        All have the same `classes`, so class numbers mean the same in every split; `name` in their items is
        relative to the folder of the split's images.
        """

    def split_doubts(self, splits: Sequence[str]) -> list[Fault]:
        """What trainers miss in an output of splits of these names."""


__all__ = [
    "BATCH_ITEMS",
    "LABEL_KEYS",
    "READ_LABELS",
    "READ_MENTIONS",
    "VERBATIM",
    "Batch",
    "Before",
    "Capabilities",
    "ClassNumber",
    "Format",
    "Loss",
    "NoClassNumbers",
    "OutputFile",
    "Read",
    "ReadContext",
    "Selection",
    "SourceFiles",
    "Wordings",
]
