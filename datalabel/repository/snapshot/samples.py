"""A snapshot opened for training: images and labels split by split, in order or at random.

Nothing here opens the databases again, so datasets may be sent to worker processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import ObjectId
from datalabel.errors import InputError, nearest
from datalabel.labels.geometry import area
from datalabel.labels.properties import fields_in
from datalabel.labels.tables import GEOMETRY, label_id_text
from datalabel.repository.image_bytes import image_file
from datalabel.repository.project import Project
from datalabel.repository.revisions import snapshot_named
from datalabel.repository.view import View, splits_of, view_of
from datalabel.store.open_table import OpenTable
from datalabel.store.snapshots import Snapshot
from datalabel.store.table import Table

if TYPE_CHECKING:
    from datalabel.repository.snapshot.comparing import SnapshotDifference
    from datalabel.repository.snapshot.snapshots import Created
    from datalabel.repository.snapshot.verifying import Verified

ITEM_COLUMNS = ["item", "content", "width", "height"]
LABEL_COLUMNS = ["item", "id", "class", "kind", *GEOMETRY, "properties", "confidence", "annotator", "extra"]


@dataclass(frozen=True, slots=True)
class SampleLabel:
    """One label of a sample. `id` is as findings have it: in hexadecimal, `f"{id:016x}"` of the column `id`.

    `bbox` is x, y, width, height in pixels as recorded; None where the kind has none. `area` is that of the outline,
    mask or box in square pixels. `fields` are those that only the format of its source knows, such as COCO's
    `iscrowd` or VOC's `difficult`.
    """

    id: str
    class_name: str
    kind: str
    bbox: tuple[float, float, float, float] | None
    coords: Sequence[float] | None = None
    parts: Sequence[int] | None = None
    rle: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    confidence: float | None = None
    annotator: str | None = None
    area: float = 0.0
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """One item: where its image can be read, its size in stored pixels, and its labels.

    `image` is a file of the store (its name has no suffix; Pillow and OpenCV tell formats by content), or of
    the working tree where the store keeps ids only (verified: another image is an `InputError`); None while the
    image is not here.
    """

    key: str
    image: Path | None
    width: int | None
    height: int | None
    split: str | None
    labels: Sequence[SampleLabel]


class OpenSnapshot:
    """A frozen selection: `record` says what it is, `samples` and `torch` give what is in it.

    `created` says what was left out of one that was made just now; it is None for one that is opened.
    """

    def __init__(self, project: Project, name: str, created: Created | None = None) -> None:
        self._project = project
        self.record: Snapshot = snapshot_named(project, name)
        self.name = name
        self.created = created

    @cached_property
    def view(self) -> View:
        """Its items and label sets."""
        return view_of(self._project.store, self.record.tree, self.name, self.record.splits)

    @cached_property
    def classes(self) -> Sequence[str]:
        """Every class of its labels and its spec, in the order of exports: a class's place is its number."""
        from datalabel.repository.export.selections import classes_of

        found = [classes_of(self.view, name, lambda rows: rows) for name in self.record.sets]
        return list(dict.fromkeys(name for names in found for name in names))

    @property
    def splits(self) -> Sequence[str]:
        """The names of its splits."""
        return sorted(name for name in self.record.counts if name)

    def keys(self, split: str | None = None) -> list[str]:
        """The items of a split, or all, sorted.

        Raises:
            InputError: there is no such split.
        """
        if split is None:
            return [
                key for part in self.view.item_batches(["item"]) for key in part.column("item").to_pylist()
            ]
        table = self.view.split_table()
        if table is None or split not in self.splits:
            close = nearest(split, self.splits)
            raise InputError(
                f"the snapshot {self.name!r} has no split {split!r}",
                hint=f"did you mean {close!r}?" if close else f"it has {', '.join(self.splits) or 'none'}",
            )
        names = zip(table.column("item").to_pylist(), table.column("split").to_pylist(), strict=True)
        return [key for key, name in names if name == split]

    def samples(
        self,
        split: str | None = None,
        set: str | None = None,  # noqa: A002
    ) -> Iterator[Sample]:
        """Every item of a split (None: of all) with its labels of one set (None: the only one, else the ground
        truth), in key order."""
        reader = self._reader(split, set)
        for start in range(0, len(reader.keys), 4096):
            yield from reader.read(start, min(start + 4096, len(reader.keys)))

    def torch(
        self,
        split: str | None = None,
        set: str | None = None,  # noqa: A002
        transform: Callable[[Sample], Any] | None = None,
    ) -> Any:
        """A map-style dataset for `torch.utils.data.DataLoader`.

        Without `transform` an element is `(image, target)` with the keys of torchvision's detection models: a
        uint8 tensor (3, height, width), which models take divided by 255, and `boxes` (n, 4) as x1, y1, x2, y2 in
        pixels, `labels` (n) as places in `classes` plus 1 (0 is background), `image_id`, `area` of outlines, masks
        and boxes, and `iscrowd`. Labels without bounds, or whose bounds are empty, are left out: models refuse
        them. With `transform`, an element is what it makes of the `Sample`, and torch is not needed. Several
        threads or processes may read one dataset.

        Raises:
            InputError: torch is needed and not installed; when an element is read, its image is not here, or has
                more than 8 bits a channel.
        """
        from datalabel.repository.snapshot.torch_dataset import TorchDataset

        return TorchDataset(self._reader(split, set), self.classes, transform)

    def diff(self, other: str) -> SnapshotDifference:
        """What another snapshot selects differently."""
        from datalabel.repository.snapshot.comparing import diff_snapshots

        return diff_snapshots(self._project, self.name, other)

    def verify(self) -> Verified:
        """Read all that it selected, labels and images, and compare it with its digest."""
        from datalabel.repository.snapshot.verifying import verify_snapshot

        return verify_snapshot(self._project, self.name)

    def _reader(self, split: str | None, set_name: str | None) -> SampleReader:
        table = self.view.labels(set_name or self.record.main_set).table
        keys = self.keys(split)
        splits = splits_of(
            pa.chunked_array([pa.array(keys, pa.string())]), self.view.split_table()
        ).to_pylist()
        return SampleReader(self._project.root, self.view.items, table, splits, keys)


class SampleReader:
    """Reads items of splits with their labels, in any order, also for several threads. Can be pickled. `splits` has
    the split of each key."""

    def __init__(
        self, root: Path, items: Table, labels: Table, splits: Sequence[str | None], keys: Sequence[str]
    ) -> None:
        self._root = root
        self._items = items
        self._labels = labels
        self._splits = splits
        self._lock = Lock()
        self.keys = keys

    def __getstate__(self) -> dict[str, Any]:
        opened = ("_project", "_item_rows", "_label_rows", "_lock")
        return {name: value for name, value in self.__dict__.items() if name not in opened}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state, _lock=Lock())

    @cached_property
    def _project(self) -> Project:
        """Opened anew in each process: open files do not travel."""
        return Project(self._root)

    @cached_property
    def _item_rows(self) -> pa.Table:
        """A row for each key, held in memory: a hundred bytes an item."""
        rows = self._project.store.tables.read(self._items, ITEM_COLUMNS)
        return rows.take(pc.index_in(pa.array(self.keys), value_set=rows.column("item").combine_chunks()))

    @cached_property
    def _label_rows(self) -> OpenTable:
        return self._project.store.tables.opened(self._labels)

    def read(self, start: int, stop: int) -> list[Sample]:
        """The samples from one place in `keys` to another."""
        labels: dict[str, list[SampleLabel]] = {}
        with self._lock:
            rows = self._label_rows.read(LABEL_COLUMNS, items=self.keys[start:stop])
        for row, size in zip(rows.to_pylist(), area(rows).tolist(), strict=True):
            labels.setdefault(row["item"], []).append(_label(row, size))
        return [
            Sample(row["item"], self._image(row["item"], row["content"]), row["width"], row["height"],
                   split, tuple(labels.get(row["item"], ())))
            for row, split in zip(
                self._item_rows.slice(start, stop - start).to_pylist(), self._splits[start:stop], strict=True
            )
        ]  # fmt: skip

    def _image(self, key: str, content: str | None) -> Path | None:
        return None if content is None else image_file(self._project, key, ObjectId(content))


def _label(row: dict[str, Any], size: float) -> SampleLabel:
    bounds = (row["x"], row["y"], row["w"], row["h"])
    return SampleLabel(
        id=label_id_text(row["id"]),
        class_name=row["class"],
        kind=row["kind"],
        bbox=None if row["x"] is None else bounds,
        coords=row["coords"],
        parts=row["parts"],
        rle=row["rle"],
        properties=fields_in(row["properties"]),
        confidence=row["confidence"],
        annotator=row["annotator"],
        area=size,
        fields={name: value for name, value in fields_in(row["extra"]).items() if not name.startswith("$")},
    )
