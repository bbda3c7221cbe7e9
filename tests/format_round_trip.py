"""Writing a selection to disk by a format and reading it back, for tests of every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from selections import InMemorySelection

from datalabel.formats.base import Before, Format, Read, Selection, SourceFiles
from datalabel.labels.tables import GEOMETRY, LABELS
from datalabel.repository.names import Images, Place, resolve

SAYS = ("class", "kind", *GEOMETRY, "properties", "confidence", "annotator")
"""The columns of `LABELS` that say what a label is; the others say where it came from."""

assert set(SAYS) < set(LABELS.names)

Said = tuple[Any, ...]
"""One label: the item's name, then the columns of `SAYS`."""


@dataclass(slots=True)
class Context:
    """What a reader may ask, answered from memory."""

    annotator: str | None = None
    item_key: str | None = None
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)
    known_categories: Sequence[Mapping[str, Any]] = ()

    def size_of(self, name: str) -> tuple[int, int] | None:
        """Width and height of an item."""
        return self.sizes.get(name)

    def names_by_number(self) -> Mapping[str, Sequence[str]]:
        """What other sources call images."""
        return {number: [name] for number, name in self.numbers.items()}

    def categories(self) -> Sequence[Mapping[str, Any]]:
        """Categories of other sources."""
        return self.known_categories

    def unclear_categories(self) -> Mapping[str, str]:
        """None."""
        return {}

    def before(self, rules: int) -> Before:  # noqa: ARG002
        """Nothing was read before."""
        return Before()


class KnownItems(Context):
    """Items that the project around a source has, found by the names in it as `add` finds them."""

    def __init__(self, selection: InMemorySelection) -> None:
        rows = selection.items.to_pylist()
        super().__init__(sizes={row["item"]: (row["width"], row["height"]) for row in rows})
        self._images = Images(dict.fromkeys(self.sizes, "content"), list_disk=lambda: ())

    def keys_of(self, names: Sequence[str]) -> list[str]:
        """The items that names mean."""
        return resolve(names, Place("."), self._images, {}, "source")

    def size_of(self, name: str) -> tuple[int, int] | None:
        """The size of the item that a name means."""
        return self.sizes.get(self.keys_of([name])[0])

    def named(self, read: Read) -> Read:
        """What was read, with items by their keys."""
        keys = pa.array(self.keys_of(read.mentions.column("name").to_pylist()), pa.string())
        place = read.mentions.column_names.index("name")
        mentions = read.mentions.set_column(place, read.mentions.schema.field("name"), keys)
        return replace(read, mentions=mentions)


def files_of(fmt: Format, selection: Selection) -> dict[str, bytes]:
    """What a format writes, by path; two files of one path are an error of the format."""
    files: dict[str, bytes] = {}
    for output in fmt.write(selection):
        assert output.path not in files, f"{output.path} is written twice"
        files[output.path] = b"".join(output.chunks)
    return files


def on_disk(files: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write files below a folder."""
    paths = []
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        paths.append(path)
    return paths


def read_folder(fmt: Format, folder: Path, context: Context | None = None, name: str = "source") -> Read:
    """What a format reads from a folder: all of it, or its only file."""
    members = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    if fmt.folder:
        source = SourceFiles(name, folder, tuple(members))
    else:
        (member,) = members
        source = SourceFiles(name, folder / member)
    return fmt.read(source, context or Context())


def said_by(read: Read) -> Counter[Said]:
    """What a source says of labels, as a multiset; items by name."""
    names = read.mentions.column("name").to_pylist()
    items = pa.array([names[row] for row in read.labels.column("mention").to_pylist()], pa.string())
    return _said(items, read.labels)


def said_in(labels: pa.Table) -> Counter[Said]:
    """What a table of labels says, as a multiset."""
    return _said(labels.column("item"), labels)


def _said(items: pa.Array, labels: pa.Table) -> Counter[Said]:
    columns = [items.to_pylist(), *(labels.column(name).to_pylist() for name in SAYS)]
    return Counter(tuple(_frozen(cell) for cell in row) for row in zip(*columns, strict=True))


def _frozen(cell: Any) -> Any:
    if isinstance(cell, list):
        return tuple(cell)
    return None if cell == "{}" else cell
