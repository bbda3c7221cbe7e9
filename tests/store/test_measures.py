"""What was measured beside segments reads like columns of the table; when it is lost that costs time, never truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from object_stores import local_objects

from datalabel.labels.tables import LABELS, LEFT_OUT, MEASURES, MEASURES_VERSION, table_of
from datalabel.store.folding import FAN
from datalabel.store.measures import Measures
from datalabel.store.table import Table
from datalabel.store.tables import Tables

NONE = Table("labels")
LOOKED_AT = ["item", "id", *LEFT_OUT]
WANTED = [*LABELS.names, *MEASURES.names]


def rows_of(first: int, items: int, labels: int, *, note: str = "here") -> pa.Table:
    """So many items from a number on, with so many labels each, numbered through."""
    numbers = np.arange(first * labels, (first + items) * labels)
    cells: dict[str, Any] = {
        "item": [f"{number // labels:07d}" for number in numbers],
        "id": numbers.astype(np.uint64),
        "class": ["x"] * len(numbers),
        "kind": ["polygon"] * len(numbers),
        "coords": [[float(number)] for number in numbers],
        "extra": [note] * len(numbers),
    }
    return table_of(cells, LABELS)


def measure(rows: pa.Table) -> pa.Table:
    """Every third label is not plain; `area` says how many labels the function saw of its item."""
    ids = rows.column("id").to_numpy()
    plain = ids % 3 != 0
    encoded = rows.column("item").combine_chunks().dictionary_encode()
    codes = encoded.indices.to_numpy()
    cells = {name: pa.nulls(rows.num_rows, MEASURES.field(name).type) for name in MEASURES.names}
    cells |= {"area": pa.array(np.bincount(codes)[codes].astype(float)), "plain": pa.array(plain)}
    for name in LEFT_OUT:
        cells[name] = pc.if_else(pa.array(plain), None, rows.column(name).combine_chunks())
    return pa.table(cells)


class Measured:
    """A store in a folder, its tables, and how often something was measured."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects = local_objects(folder)
        self.tables = Tables(self.objects, Measures(folder / "measures", self.objects))
        self.asked = 0

    def measure(self, table: Table, before: Table = NONE) -> None:
        def counted(rows: pa.Table) -> pa.Table:
            self.asked += rows.num_rows
            return measure(rows)

        self.objects.flush()
        self.tables.measure(table, LOOKED_AT, counted, before)

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in (self.folder / "measures").rglob("*") if path.is_file())

    def read(self, table: Table, **options: Any) -> pa.Table:
        return self.tables.read(table, WANTED, **options)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Measured]:
    made = Measured(tmp_path)
    yield made
    made.objects.flush()
    assert not list((tmp_path / "tmp").iterdir())


def expected(rows: pa.Table, labels: int) -> pa.Table:
    """These rows, measured."""
    found = measure(rows)
    for name in LEFT_OUT:
        rows = rows.set_column(rows.column_names.index(name), LABELS.field(name), found.column(name))
    for name in MEASURES.names:
        rows = rows.append_column(MEASURES.field(name), found.column(name))
    assert set(found.column("area").to_pylist()) == {float(labels)}
    return rows


@pytest.mark.parametrize("labels", [1, 7, 5000, 40_000])
def test_measures_are_columns_whatever_row_groups_the_items_lie_in(store: Measured, labels: int) -> None:
    items = max(80_000 // labels, 2)
    rows = rows_of(0, items, labels)
    table = store.tables.append(NONE, rows)
    store.measure(table)
    assert store.read(table).combine_chunks() == expected(rows, labels).combine_chunks()
    assert store.tables.read(table).combine_chunks() == rows.combine_chunks()  # nobody asked for measures
    assert store.asked == rows.num_rows
    store.measure(table)
    assert store.asked == rows.num_rows


def test_what_a_change_brought_is_measured_and_folds_take_the_place_of_what_they_replace(
    store: Measured,
) -> None:
    table = store.tables.append(NONE, rows_of(0, 2, 3))
    store.measure(table)
    for number in range(FAN - 2):
        before, table = (
            table,
            store.tables.append(table, rows_of(number, 1, 3, note="new"), [f"{40 + number:07d}"]),
        )
        asked = store.asked
        store.measure(table, before)
        assert store.asked - asked == 4  # the labels, and the marker
        assert len(store.files) == number + 2
    assert store.read(table).column("plain").null_count == 0
    table = store.tables.append(table, rows_of(99, 1, 3))
    assert len(table.segments) == 1
    assert store.read(table).column("plain").null_count == store.read(table).num_rows
    store.measure(table)
    assert len(store.files) == 1
    whole = store.tables.read(table)
    assert store.read(table).combine_chunks() == expected(whole, 3).combine_chunks()


def test_labels_that_were_not_measured_come_with_their_outlines(store: Measured) -> None:
    first = store.tables.append(NONE, rows_of(0, 4, 3))
    store.measure(first)
    table = store.tables.append(first, rows_of(1, 2, 3, note="new"))
    found = store.read(table, items=["0000000", "0000001"])
    assert found.column("plain").to_pylist() == [False, True, True, None, None, None]
    assert found.column("coords").to_pylist() == [[0.0], None, None, [3.0], [4.0], [5.0]]


@pytest.mark.parametrize("harm", ["bit", "truncated", "empty", "gone", "another", "nonsense", "unreadable"])
def test_harm_to_measures_is_as_if_there_were_none(store: Measured, harm: str) -> None:
    table = store.tables.append(NONE, rows_of(0, 3000, 5))
    store.measure(table)
    other = store.tables.append(NONE, rows_of(7000, 3000, 5))
    store.measure(other)
    name = table.segments[0].id[2:]
    (path,) = (one for one in store.files if one.name.startswith(name))
    (foreign,) = (one for one in store.files if one != path)
    data = path.read_bytes()
    match harm:
        case "bit":
            path.chmod(0o644)
            path.write_bytes(data[:5000] + bytes([data[5000] ^ 1]) + data[5001:])
        case "truncated" | "empty":
            path.chmod(0o644)
            path.write_bytes(data[: len(data) // 2] if harm == "truncated" else b"")
        case "gone":
            path.unlink()
        case "another":
            foreign.replace(path.with_name(f"{name}{foreign.name[62:]}"))
            path.unlink()
        case "nonsense":
            path.rename(path.with_name(f"{name}-many-words"))
        case _:
            path.unlink()
            path.mkdir()
    found = store.read(table)
    if harm != "bit":  # which is noticed in its row group only
        assert found.column("plain").null_count == found.num_rows
    assert found.select(LABELS.names).filter(found.column("plain").is_null()).combine_chunks() == (
        store.tables.read(table).filter(found.column("plain").is_null()).combine_chunks()
    )
    if harm not in ("unreadable", "another"):
        store.measure(table)
        assert store.read(table).column("plain").null_count == 0


def test_measures_of_other_versions_go(store: Measured) -> None:
    old = store.folder / "measures" / "0" / "ab"
    old.mkdir(parents=True)
    (old / "cd-1-2").write_bytes(b"old")
    store.measure(store.tables.append(NONE, rows_of(0, 2, 2)))
    assert [path.name for path in (store.folder / "measures").iterdir()] == [str(MEASURES_VERSION)]


@pytest.mark.parametrize("inside", ["", str(MEASURES_VERSION)])
def test_nothing_is_written_or_deleted_where_a_link_leads(
    store: Measured, inside: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "0").mkdir()
    link = store.folder / "measures" / inside
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere)
    table = store.tables.append(NONE, rows_of(0, 2, 2))
    store.measure(table)
    assert [path.name for path in elsewhere.iterdir()] == ["0"]
    assert store.read(table).column("plain").null_count == 4


def test_without_permission_nothing_is_kept_and_nothing_fails(store: Measured) -> None:
    (store.folder / "measures").write_text("a file in the way")
    table = store.tables.append(NONE, rows_of(0, 2, 2))
    store.measure(table)
    assert store.read(table).column("plain").null_count == 4
