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
from array import array
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import canonical_json, fingerprint
from datalabel.errors import Faults, InputError
from datalabel.formats.base import (
    READ_LABELS,
    READ_MENTIONS,
    VERBATIM,
    Before,
    Read,
    ReadContext,
    SourceFiles,
)
from datalabel.formats.wordings import Members, member_wordings
from datalabel.formats.yolo.dataset import (
    CLASS_FILES,
    LISTS,
    OBJECTS_FILE,
    Dataset,
    numbers_of,
    rank_of,
    read_dataset,
)
from datalabel.formats.yolo.doubts import Polygons, Remarks
from datalabel.formats.yolo.geometry import Floats, Ints, Shapes, fractions, pixels
from datalabel.formats.yolo.lines import Parsed, looks_like_labels, parse
from datalabel.formats.yolo.places import below_labels, image_name
from datalabel.formats.yolo.spelling import Spelling
from datalabel.formats.yolo.text import FileText, Layout
from datalabel.labels.tables import table_of

MAX_BYTES = 64 << 20
"""The largest file."""
MAX_LINE = 4 << 20
CHUNK = 8 << 20
"""Lines are turned into columns when so many characters of them have come together."""
BEGINNING = 1 << 20
"""So many characters of lines tell how a source is written."""
SHOWN = 20


class Reader:
    """Collects the columns of one source, and every fault in it."""

    def __init__(self, source: SourceFiles, context: ReadContext) -> None:
        self._source = source
        self._context = context
        self._faults = Faults(SHOWN)
        self._remarks = Remarks(SHOWN)
        self._dataset = Dataset()
        self._spelling: Spelling | None = None
        self._usual = Layout()
        self._members: list[str] = []
        self._names: list[str] = []
        self._layouts: dict[int, Layout] = {}
        self._blanks: dict[int, list[tuple[int, str]]] = {}
        self._sizes: list[tuple[int, int] | None] = []
        self._sizeless: list[str] = []
        self._hint: str | None = None
        self._pending = _Lines()
        self._tables: list[pa.Table] = []
        self._polygons = Polygons()
        self._odd: set[int] = set()

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
        begun = self._begin(texts)
        polygons = self._polygons.sorts
        known = self._known(begun, whole=whole)
        for row in range(begun, len(self._members)):
            if not known.wordings.same[row]:
                self._file(row, texts)
        self._flush()
        if self._polygons.sorts != polygons and known.wordings.same.any():
            return None  # what was passed over may be of the other sort
        self._raise()
        header = {
            "files": others,
            "folder": self._usual_folder(),
            "layout": self._usual.header(),
            "spelling": (self._spelling or Spelling()).header(),
        }
        labels = pa.concat_tables(self._tables) if self._tables else READ_LABELS.empty_table()
        known.wordings.texts[list(self._odd)] = 0  # what is remarked on is remarked on each time
        found = (*remarks, *self._remarks.faults())
        return Read(header, self._mentions(known.mentions), labels, found, known.wordings)

    def _begin(self, texts: dict[str, str]) -> int:
        """Read files until enough is known of how they are written; how many these are."""
        row = 0
        while row < len(self._members) and self._pending.characters <= BEGINNING:
            self._file(row, texts)
            row += 1
        self._flush()
        layouts = Counter(self._layouts.values())
        self._usual = layouts.most_common(1)[0][0] if layouts else Layout()
        return row

    def _known(self, begun: int, *, whole: bool) -> Members:
        """What is known of the files from when they were last read."""
        dataset, spelling = self._dataset, self._spelling or Spelling()
        numbers = [json.dumps(member, ensure_ascii=False) for member in self._members]
        classes = sorted(dataset.classes.items())
        meaning = [classes, dataset.task, dataset.points, sorted(self._polygons.sorts)]
        rules = fingerprint(canonical_json([*meaning, spelling.header(), self._usual.header()]))
        texts = member_wordings(self._members, self._source.contents, self._sizes)
        before = Before() if whole else self._context.before(rules)
        return Members.of(rules, texts, numbers, begun, before)

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
            text = self._text(member)
            if text is None or named or not _holds_labels(member, text):
                others[member] = text or ""
            else:
                texts[member] = text
        return texts, others

    def _text(self, member: str) -> str | None:
        """What a file holds; None after noting a fault."""
        try:
            with self._source.path(member).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                raise ValueError(f"is larger than {MAX_BYTES >> 20} MiB")
            if data.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise ValueError("is UTF-16; save it as UTF-8")
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            self._faults.add(f"is not UTF-8 (byte {error.start})", self._place(member))
        except OSError as error:
            self._faults.add(f"cannot read the file: {error.strerror}", self._place(member))
        except ValueError as error:
            self._faults.add(str(error), self._place(member))
        return None

    def _place(self, member: str) -> str:
        return f"{self._source.name}/{member}"

    def _file(self, row: int, texts: dict[str, str]) -> None:
        """The label file of one mention; `texts` has those that were read already."""
        member = self._members[row]
        text = texts.pop(member, None)
        text = self._text(member) if text is None else text
        if text is None:
            return
        file = FileText.of(text)
        self._layouts[row] = file.layout
        if file.lines and self._sizes[row] is None:
            self._sizeless.append(self._names[row])
        if file.blanks:
            self._blanks[row] = file.blanks
        self._pending.add(row, file)
        if self._pending.characters > CHUNK:
            self._flush()

    def _size_of(self, name: str) -> tuple[int, int] | None:
        try:
            size = self._context.size_of(name)
        except InputError as error:
            self._faults.extend(error.faults)
            self._hint = error.hint
            return None
        return size if size is not None and min(size) > 0 else None

    # Lines

    def _flush(self) -> None:
        """Turn the lines that have come together into columns."""
        pending, self._pending = self._pending, _Lines()
        if not pending.texts:
            return
        owners, numbers = np.array(pending.owners), np.array(pending.numbers)

        def place(index: int) -> str:
            return f"{self._place(self._members[owners[index]])}:{numbers[index]}"

        parsed = parse(
            pending.texts, self._dataset, lambda index, what: self._faults.add(what, place(index)), MAX_LINE
        )
        self._polygons.add(parsed, place)
        mentions = owners[parsed.which]
        self._odd.update(owners[self._remarks.add(parsed, place)].tolist())
        sizes = np.array([self._sizes[row] or (1, 1) for row in mentions.tolist()], np.float64).reshape(-1, 2)
        shapes = pixels(parsed.rows, sizes[:, 0], sizes[:, 1])
        columns = self._columns(parsed, shapes)
        lines = pa.array(pending.texts, pa.string()).take(pa.array(parsed.which))
        extra = self._verbatim(parsed, columns, sizes, lines)
        ranks = parsed.which - np.searchsorted(owners, mentions)
        self._tables.append(
            table_of({**columns, "mention": mentions, "rank": ranks, "extra": extra}, READ_LABELS)
        )

    def _columns(self, parsed: Parsed, shapes: Shapes) -> dict[str, Any]:
        distinct, at = np.unique(parsed.classes, return_inverse=True)
        names = pa.array([self._dataset.classes.get(number, "") for number in distinct.tolist()], pa.string())
        return {
            "class": names.take(pa.array(at)),
            "kind": shapes.kinds,
            **{name: shapes.bounds[:, side] for side, name in enumerate("xywh")},
            "coords": shapes.coords,
            "parts": shapes.parts,
            "confidence": pa.array(parsed.confidence, from_pandas=True),
        }

    def _verbatim(
        self, parsed: Parsed, columns: dict[str, Any], sizes: Floats, lines: pa.StringArray
    ) -> pa.StringArray:
        """The lines that would be spelled otherwise from their columns, as `extra`."""
        table = table_of({**columns, "mention": np.zeros(len(parsed), np.int32)}, READ_LABELS)
        points = self._dataset.points or (0, 3)
        computed = fractions(table, parsed.rows.codes, points, sizes[:, 0], sizes[:, 1])
        if self._spelling is None:
            self._spelling = Spelling.common(parsed, computed)
        numbers = self._usual_numbers(parsed.classes)
        spelled = self._spelling.lines(numbers, computed, parsed.confidence, sizes)
        odd = np.flatnonzero(pc.not_equal(spelled, lines).to_numpy(zero_copy_only=False))
        extra = np.full(len(parsed), None, object)
        for row in odd.tolist():
            extra[row] = json.dumps({VERBATIM: lines[row].as_py()}, ensure_ascii=False)
        return pa.array(extra, pa.string())

    def _usual_numbers(self, classes: Ints) -> Ints:
        """Of classes with the same name, the number that is written for a new label."""
        usual = numbers_of(self._dataset.classes)
        distinct, at = np.unique(classes, return_inverse=True)
        named = self._dataset.classes
        return np.array([usual.get(named.get(one, ""), one) for one in distinct.tolist()], np.int64)[at]

    # What is common

    def _usual_folder(self) -> str:
        folders = Counter(posixpath.dirname(member) for member in self._members)
        return folders.most_common(1)[0][0] if folders else ""

    def _mentions(self, before: pa.Table) -> pa.Table:
        """A mention of each file; `before` has those of the files that were not read."""
        sizes = [one or (None, None) for one in self._sizes]
        extra = [self._extra(row) for row in range(len(self._members))]
        read = pa.array([row in self._layouts for row in range(len(self._members))], pa.bool_())
        return table_of(
            {
                "name": self._names,
                "number": [json.dumps(member, ensure_ascii=False) for member in self._members],
                "order": np.arange(len(self._members)),
                "width": [width for width, _ in sizes],
                "height": [height for _, height in sizes],
                "extra": pc.if_else(read, pa.array(extra, pa.string()), before.column("extra")),
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


class _Lines:
    """Lines of several files that wait to be parsed together."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.owners = array("i")
        self.numbers = array("i")
        self.characters = 0

    def add(self, row: int, file: FileText) -> None:
        """The lines of one file, which is mention `row`."""
        self.texts += file.lines
        self.owners.extend([row] * len(file.lines))
        self.numbers.extend(file.numbers)
        self.characters += sum(map(len, file.lines))


def _holds_labels(member: str, text: str) -> bool:
    """Whether a text file outside of folders for labels holds labels; an empty one does, unless by its name it
    is a list of images."""
    if text.strip("\ufeff \t\r\n"):
        return looks_like_labels(text)
    return posixpath.basename(member).lower() not in (*LISTS, *CLASS_FILES)
