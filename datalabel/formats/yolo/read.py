"""Reading YOLO: a folder of label files into columns.

* A mention's `number` is the path of the label file below the source (a JSON string), so that the same file is
  written again. Its name is the image's path without a suffix, which a label file does not tell.
* `extra` of a mention holds `$layout` (line ends and the like, where they are not the source's usual ones) and
  `$blanks`; `extra` of a label holds the line itself (`$verbatim`) where its columns, spelled as the source
  spells most numbers, would not give it again.
* The header holds the text of every other file (`files`), the spelling and the usual layout, both judged by the
  beginning, and the folder that most label files lie in.
"""

from __future__ import annotations

import json
import posixpath
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from datalabel.content import canonical_json, fingerprint
from datalabel.errors import Faults, InputError
from datalabel.formats.base import READ_LABELS, READ_MENTIONS, Before, Read, ReadContext, SourceFiles
from datalabel.formats.wordings import Members, member_wordings
from datalabel.formats.yolo.columns import Found, Lines, Meaning, read_lines
from datalabel.formats.yolo.dataset import (
    CLASS_FILES,
    LISTS,
    OBJECTS_FILE,
    Dataset,
    rank_of,
    read_dataset,
)
from datalabel.formats.yolo.doubts import Polygons, Remarks
from datalabel.formats.yolo.lines import looks_like_labels
from datalabel.formats.yolo.places import below_labels, image_name
from datalabel.formats.yolo.spelling import Spelling
from datalabel.formats.yolo.text import FileText, Layout
from datalabel.images import without_suffix
from datalabel.labels.tables import table_of
from datalabel.threads import in_order

MAX_BYTES = 64 << 20
"""The largest file."""
CHUNK = 4 << 20
"""Lines are turned into columns when so many characters of them have come together."""
BEGINNING = 1 << 20
"""So many characters of lines tell how a source is written."""
LOOKED_AT = 100
"""Lines of a text file of which one at least must look like a label, where nothing else tells what it is."""

SHOWN = 20


class Reader:
    """Collects the columns of one source, and every fault in it."""

    def __init__(self, source: SourceFiles, context: ReadContext) -> None:
        self._source = source
        self._context = context
        self._faults = Faults(SHOWN)
        self._remarks = Remarks(SHOWN)
        self._dataset = Dataset()
        self._spelling = Spelling()
        self._usual = Layout()
        self._members: list[str] = []
        self._names: list[str] = []
        self._images: dict[Path, set[str]] = {}
        self._layouts: dict[int, Layout] = {}
        self._blanks: dict[int, list[tuple[int, str]]] = {}
        self._sizes: list[tuple[int, int] | None] = []
        self._sizeless: list[str] = []
        self._hint: str | None = None
        self._tables: list[pa.Table] = []
        self._polygons = Polygons()
        self._odd: set[int] = set()
        self._saved_meanwhile: set[str] = set()

    def read(self, *, whole: bool) -> Read | None:
        """Read every file; unless `whole`, not those that are known, and None when they would have to be read.

        Raises:
            InputError: any of them is faulty, or the size of an image with labels is not known.
        """
        texts, others = self._others()
        self._dataset, remarks = read_dataset(others, self._source.name, self._faults)
        self._members = [member for member in self._source.members if member not in others]
        self._names = [image_name(member) for member in self._members]
        self._sizes = [self._size_of(name) for name in self._names]
        sizes = np.array([size or (1, 1) for size in self._sizes], np.float64).reshape(-1, 2)
        meaning = Meaning(self._dataset, sizes)
        rows = deque(range(len(self._members)))
        self._begin(self._lines_of(rows, texts, BEGINNING), meaning)
        polygons = self._polygons.sorts
        known = self._known(len(self._members) - len(rows), whole=whole)
        rows = deque(row for row in rows if not known.wordings.same[row])
        meaning = replace(meaning, spelling=self._spelling)
        for found in in_order(lambda lines: read_lines(lines, meaning), self._pieces(rows, texts)):
            self._take(found)
        if self._polygons.sorts != polygons and known.wordings.same.any():
            return None  # what was passed over may be of the other sort
        self._raise()
        header = {
            "files": others,
            "folder": self._usual_folder(),
            "layout": self._usual.header(),
            "spelling": self._spelling.header(),
        }
        labels = pa.concat_tables(self._tables) if self._tables else READ_LABELS.empty_table()
        # What is remarked on is remarked on each time; of what changed while it was read, nothing is known.
        saved = {row for row, one in enumerate(self._members) if one in self._saved_meanwhile}
        known.forget(self._odd | saved)
        remarks = [*remarks, *self._remarks.faults()]
        return Read(header, self._mentions(known), labels, tuple(remarks), known.wordings)

    def _begin(self, lines: Lines, meaning: Meaning) -> None:
        """The first lines tell how all are written."""
        found = read_lines(lines, meaning)
        self._take(found)
        if lines.texts:
            self._spelling = found.spelling
        layouts = Counter(self._layouts.values())
        self._usual = layouts.most_common(1)[0][0] if layouts else Layout()

    def _known(self, begun: int, *, whole: bool) -> Members:
        """What is known of the files from when they were last read."""
        dataset = self._dataset
        classes = sorted(dataset.classes.items())
        meaning = [classes, dataset.task, dataset.points, sorted(self._polygons.sorts)]
        rules = fingerprint(canonical_json([*meaning, self._spelling.header(), self._usual.header()]))
        texts = member_wordings(self._members, self._source.contents, self._sizes)
        before = Before() if whole else self._context.before(rules)
        return Members.of(rules, texts, begun, before)

    def _raise(self) -> None:
        self._polygons.check(self._faults)
        if not self._dataset.classes and self._tables:
            self._faults.add("no file names the classes", self._source.name)
            hint = "put data.yaml, obj.names or classes.txt into the folder, or add the folder that holds it"
            self._faults.raise_if_any(hint=hint)
        self._faults.raise_if_any(hint=self._hint)
        if self._sizeless:
            shown = ", ".join(self._sizeless[:SHOWN]) + (", …" if len(self._sizeless) > SHOWN else "")
            raise InputError(
                f"fractions need the sizes of images, and {len(self._sizeless):,} are not known: {shown}",
                where=self._source.name,
                hint="add the images first, or give their size with --size WxH",
            )

    # Files

    def _others(self) -> tuple[dict[str, str], dict[str, str]]:
        """Text files that may hold labels and were read to find that out, and the files that hold none."""
        texts: dict[str, str] = {}
        others: dict[str, str] = {}
        for member in self._source.members:
            named = rank_of(member) is not None or posixpath.basename(member).lower() == OBJECTS_FILE
            if not named and below_labels(member):
                continue
            try:
                text = self._text(member)
            except ValueError as error:
                self._faults.add(str(error), self._place(member))
                others[member] = ""
                continue
            if named or not (_holds_labels(member, text) or self._has_image(member)):
                others[member] = text
            else:
                texts[member] = text
        return texts, others

    def _has_image(self, member: str) -> bool:
        """Whether an image beside it is called like a file: then that is meant to hold labels, sound or not."""
        path = self._source.path(member)
        if path.parent not in self._images:
            names = [entry.name for entry in path.parent.iterdir()]
            self._images[path.parent] = {bare for name in names if (bare := without_suffix(name)) != name}
        return path.stem in self._images[path.parent]

    def _text(self, member: str) -> str:
        """What a file holds.

        Raises:
            ValueError: why that is not known.
        """
        try:
            with self._source.path(member).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                raise ValueError(f"is larger than {MAX_BYTES >> 20} MiB")
            if data.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise ValueError("is UTF-16; save it as UTF-8")
            if not self._source.is_as_named(member, data):
                self._saved_meanwhile.add(member)
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"is not UTF-8 (byte {error.start})") from None
        except OSError as error:
            raise ValueError(f"cannot read the file: {error.strerror}") from None

    def _place(self, member: str) -> str:
        return f"{self._source.name}/{member}"

    def _pieces(self, rows: deque[int], texts: dict[str, str]) -> Iterator[Lines]:
        while rows:
            yield self._lines_of(rows, texts, CHUNK)

    def _lines_of(self, rows: deque[int], texts: dict[str, str], enough: int) -> Lines:
        """The lines of the next files, until that are enough characters; `texts` has files that were read already."""
        lines = Lines()
        while rows and lines.characters <= enough:
            row = rows.popleft()
            member = self._members[row]
            try:
                text = texts.pop(member) if member in texts else self._text(member)
            except ValueError as error:
                lines.unread.append((row, str(error)))
                continue
            file = FileText.of(text)
            self._layouts[row] = file.layout
            if file.lines and self._sizes[row] is None:
                self._sizeless.append(self._names[row])
            if file.blanks:
                self._blanks[row] = file.blanks
            lines.add(row, file)
        return lines

    def _size_of(self, name: str) -> tuple[int, int] | None:
        try:
            size = self._context.size_of(name)
        except InputError as error:
            self._faults.extend(error.faults)
            self._hint = error.hint
            return None
        return size if size is not None and min(size) > 0 else None

    def _take(self, found: Found) -> None:
        """Take in what is in some lines."""
        for row, number, what in found.all_faults():
            place = self._place(self._members[row])
            self._faults.add(what, f"{place}:{number}" if number else place)

        def place_of(index: int) -> str:
            row, number = found.lines.owners[index], found.lines.numbers[index]
            return f"{self._place(self._members[row])}:{number}"

        self._polygons.add(found.parsed, place_of)
        self._odd.update(found.owners(self._remarks.add(found.parsed, place_of)).tolist())
        if found.labels.num_rows:
            self._tables.append(found.labels)

    # What is common

    def _usual_folder(self) -> str:
        folders = Counter(posixpath.dirname(member) for member in self._members)
        return folders.most_common(1)[0][0] if folders else ""

    def _mentions(self, known: Members) -> pa.Table:
        """A mention of each file."""
        sizes = [one or (None, None) for one in self._sizes]
        extra = np.array([self._extra(row) for row in range(len(self._members))], object)
        extra[known.passed_over] = known.mentions.column("extra").to_pylist()
        return table_of(
            {
                "name": self._names,
                "number": [json.dumps(member, ensure_ascii=False) for member in self._members],
                "order": np.arange(len(self._members)),
                "width": [width for width, _ in sizes],
                "height": [height for _, height in sizes],
                "extra": pa.array(extra, pa.string()),
            },
            READ_MENTIONS,
        )

    def _extra(self, row: int) -> str | None:
        layout, blanks = self._layouts.get(row, self._usual), self._blanks.get(row)
        extra: dict[str, Any] = {}
        if layout != self._usual:
            extra["$layout"] = layout.differing(self._usual)
        if blanks:
            extra["$blanks"] = blanks
        return json.dumps(extra, ensure_ascii=False) if extra else None


def _holds_labels(member: str, text: str) -> bool:
    """Whether a text file outside of folders for labels holds labels; an empty one does, unless by its name it
    is a list of images."""
    if text.strip("\ufeff \t\r\n"):
        return any(looks_like_labels(line) for line in islice(text.splitlines(), LOOKED_AT))
    return posixpath.basename(member).lower() not in (*LISTS, *CLASS_FILES)
