"""Reading one label source: what its format is told of the project around it, and which items its names mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import pyarrow.compute as pc

from datalabel.content import ObjectId
from datalabel.errors import UsageError
from datalabel.formats.base import Before
from datalabel.labels.mentions import keys_by_name
from datalabel.labels.rows import distinct, split_by_source
from datalabel.repository.add.by_number import ByNumber
from datalabel.repository.add.labels import Reading
from datalabel.repository.add.recognise import LabelFiles, image_files
from datalabel.repository.add.spoken import LabelOptions
from datalabel.repository.add.wordings import Remembered
from datalabel.repository.names import Images, Place, resolve
from datalabel.repository.project import Project
from datalabel.repository.stage import Stage
from datalabel.repository.view import View, view_of


def parse_size(text: str) -> tuple[int, int]:
    """Width and height in pixels from `640x480`.

    Raises:
        UsageError: it is not two whole numbers from 1 to 1,000,000.
    """
    matched = re.fullmatch(r"([1-9]\d{0,6})[x×]([1-9]\d{0,6})", text.strip().lower())
    if matched is None or max(size := (int(matched[1]), int(matched[2]))) > 1_000_000:
        raise UsageError(
            f"{text!r} is no size of an image", hint="width and height in pixels: --size 640x480"
        )
    return size


def images_on_disk(project: Project) -> frozenset[str]:
    """The keys of all image files below the root and the folders that belong to it."""
    return frozenset(image_files(project, [".", *project.roots], []).images)


def read_labels(
    stage: Stage,
    source: LabelFiles,
    how: LabelOptions,
    digest: ObjectId,
    images: Images,
) -> Reading:
    """What the source says now, with the item of each of its names; what is worded as before may be left unread."""
    place = Place.of(source.path, how.options.get("images"), is_folder=bool(source.files.members))
    by_number = ByNumber(stage, source.name, how.replaces or source.name, source.format)
    for remembered in (Remembered(stage, source.name, how), None):
        context = _Context(stage, source, place, images, how, remembered, by_number)
        with stage.project.progress.task(f"reading {source.name}"):
            read = source.format.read(source.files, context)
        names, numbers = (read.mentions.column(name).to_pylist() for name in ("name", "number"))
        keys = resolve(names, place, images, context.earlier, source.name, numbers)
        before = remembered.said_before(read, keys) if remembered else {}
        if before is not None:
            break
    said = (read, keys, digest, before or {})
    renumbered = by_number.renumbered(read, keys) if by_number.is_asked else None
    return Reading(source.name, source.path, place, source.format, *said, renumbered, by_number.names)


def _earlier(stage: Stage, source: str, place: Place) -> dict[str, str]:
    """What the source's names were resolved to before; an item may have another key since, by this very command."""
    base = stage.base(source)
    if base is None and source not in stage.tree.sources:
        return {}
    staged = View(stage.project.store, stage.finished(), "STAGED")
    found = keys_by_name(staged.mentions_of(source, ["name", "item"]))
    if base is None or place.images is not None:
        return found
    before = view_of(stage.project.store, base.tree, source)
    if before.mentions == staged.mentions:
        return found
    return _removed(stage, before, keys_by_name(before.mentions_of(source, ["name", "item"]))) | found


def _removed(stage: Stage, before: View, named: Mapping[str, str]) -> dict[str, str]:
    """The names of items that were removed here, which only the base knows: but for those that are another item's key
    by now. An image that is here under another key is meant by its old name."""
    gone = {name: key for name, key in named.items() if key not in stage.known and name not in stage.known}
    rows = stage.project.store.tables.read(before.items, ["item", "content"], items=sorted(gone.values()))
    images = dict(zip(rows.column("item").to_pylist(), rows.column("content").to_pylist(), strict=True))
    wanted = {content for content in images.values() if content is not None}
    here: dict[str, list[str]] = {}
    for key, content in stage.known.items() if wanted else ():
        if content in wanted:
            here.setdefault(str(content), []).append(key)
    found = {name: here.get(images.get(key) or "", []) for name, key in gone.items()}
    return {name: found[name][0] if len(found[name]) == 1 else key for name, key in gone.items()}


class _Context:
    """What a reader may ask about the project around a source."""

    def __init__(
        self,
        stage: Stage,
        source: LabelFiles,
        place: Place,
        images: Images,
        how: LabelOptions,
        remembered: Remembered | None,
        by_number: ByNumber,
    ) -> None:
        self._stage = stage
        self._source = source
        self._place = place
        self._images = images
        self._remembered = remembered
        self._by_number = by_number
        self.annotator = how.annotator
        self.item_key = how.options.get("item_key")
        self.earlier = _earlier(stage, how.replaces or source.name, place)
        self._default_size = parse_size(how.options["size"]) if "size" in how.options else None

    def size_of(self, name: str) -> tuple[int, int] | None:
        """The size of the item that a name means, else what `--size` says."""
        key = resolve([name], self._place, self._images, self.earlier, self._source.name)[0]
        return self._sizes.get(key, self._default_size)

    @cached_property
    def _sizes(self) -> dict[str, tuple[int, int]]:
        """The size of every item; `--size` corrects what only this source said of images that are not here."""
        tables = self._stage.project.store.tables
        corrected: set[str] = set()
        if self._default_size is not None:
            for batch in tables.scan(self._stage.mentions, ["item", "source", "width"]):
                own, others = split_by_source(
                    batch.filter(pc.is_valid(batch.column("width"))), self._source.name
                )
                corrected |= distinct(own.column("item")) - distinct(others.column("item"))
        return {
            row["item"]: (row["width"], row["height"])
            for batch in tables.scan(self._stage.items, ["item", "content", "width", "height"])
            for row in batch.to_pylist()
            if row["width"] is not None and row["height"] is not None
            and not (row["content"] is None and row["item"] in corrected)
        }  # fmt: skip

    def names_by_number(self) -> Mapping[str, Sequence[str]]:
        """What the source called images before, by their numbers, and what others call those of other numbers."""
        return self._by_number.names_by_number()

    def categories(self) -> Sequence[Mapping[str, Any]]:
        """The categories by which the source named classes before, and those of others; each number once.

        Raises:
            InputError: two others give one number to two classes.
        """
        return self._by_number.categories()

    def unclear_categories(self) -> Mapping[str, str]:
        """What other numbers meant that are no class's any more."""
        return self._by_number.unclear_categories()

    def before(self, rules: int) -> Before:
        """What is remembered of the source."""
        return self._remembered.before(rules) if self._remembered else Before()
