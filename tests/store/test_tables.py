"""Tables against a plain dictionary: newest wins, folding, scans, and what may have changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from object_stores import MemoryObjects, local_objects

from datalabel.content import ObjectId
from datalabel.errors import DamagedError
from datalabel.labels.tables import ITEMS, LABELS, table_of
from datalabel.store.folding import FAN, run_to_fold
from datalabel.store.key_ranges import KeyRange
from datalabel.store.markers import BATCH_ROWS, unsplit
from datalabel.store.segments import ROW_GROUP, SEGMENT_ROWS, SegmentRef
from datalabel.store.table import Table
from datalabel.store.tables import Tables

Model = dict[str, list[dict[str, Any]]]
KEYS = [f"images/{number:02d}.jpg" for number in range(12)] + ["ä.png", "z z.jpg"]


def rows_of(model: Model) -> pa.Table:
    return pa.Table.from_pylist([row for key in sorted(model) for row in model[key]], schema=LABELS)


def label(key: str, number: int) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(LABELS.names)
    return row | {"item": key, "id": number, "class": f"c{number % 3}", "kind": "polygon", "x": float(number),
                  "coords": [0.0, 1.5, float(number)], "parts": [3]}  # fmt: skip


changes = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(KEYS), st.integers(1, 3), max_size=4),
        st.sets(st.sampled_from(KEYS), max_size=2),
    ),
    min_size=1,
    max_size=3 * FAN,
)


@settings(max_examples=40)
@given(changes)
def test_a_table_reads_as_the_newest_rows_of_each_item(
    history: list[tuple[dict[str, int], set[str]]],
) -> None:
    tables = Tables(MemoryObjects())
    table, model = Table("labels"), Model()
    versions: list[tuple[Table, Model]] = [(table, {})]
    number = 0
    for written, removed in history:
        fresh: Model = {}
        for key, count in written.items():
            fresh[key] = [label(key, number + offset) for offset in range(count)]
            number += count
        gone = removed - written.keys()
        table = tables.append(table, rows_of(fresh), gone)
        model = {key: rows for key, rows in model.items() if key not in gone} | fresh
        versions.append((table, model))
        assert tables.read(table).to_pylist() == [row for key in sorted(model) for row in model[key]]
    for key in KEYS:
        assert tables.read(table, items=[key]).to_pylist() == model.get(key, [])
    pieces = tables.scan(table, ["item"], keys=KeyRange(KEYS[3], KEYS[8]))
    some = [key for piece in pieces for key in piece.column("item").to_pylist()]
    assert some == [row["item"] for key in sorted(KEYS[3:8]) for row in model.get(key, [])]
    (old, before), (new, after) = versions[len(versions) // 2], versions[-1]
    changed = tables.changed_items(old, new)
    assert changed is not None
    assert {key for key in KEYS if before.get(key) != after.get(key)} <= set(changed)
    touched = {key for written, removed in history[len(versions) // 2 :] for key in (*written, *removed)}
    assert set(changed) <= touched


def test_folding_keeps_segments_few() -> None:
    tables = Tables(MemoryObjects())
    table = Table("labels")
    for number in range(FAN * FAN + 5):
        table = tables.append(table, rows_of({KEYS[number % 7]: [label(KEYS[number % 7], number)]}))
    assert len(table.segments) < 2 * FAN
    assert tables.read(table).num_rows == 7


def test_a_revert_is_a_change() -> None:
    tables = Tables(MemoryObjects())
    first = tables.append(Table("labels"), rows_of({"a": [label("a", 1)], "b": [label("b", 2)]}))
    second = tables.append(first, rows_of({"a": [label("a", 9)]}))
    reverted = Table("labels", (*second.segments, *first.segments))
    assert tables.changed_items(second, reverted) == ["a", "b"]
    assert tables.read(reverted).to_pylist() == tables.read(first).to_pylist()


def test_a_fold_is_no_change() -> None:
    tables = Tables(MemoryObjects())
    before = Table("labels")
    for number in range(FAN - 1):
        before = tables.append(before, rows_of({KEYS[number % 5]: [label(KEYS[number % 5], number)]}))
    after = tables.append(before, rows_of({"new": [label("new", 99)]}))
    assert len(after.segments) == 1
    assert tables.changed_items(before, after) == ["new"]


def test_without_the_inputs_of_a_fold_everything_may_have_changed() -> None:
    objects = MemoryObjects()
    tables = Tables(objects)
    before = Table("labels")
    for number in range(FAN - 1):
        before = tables.append(before, rows_of({"a": [label("a", number)]}))
    after = tables.append(before, rows_of({"b": [label("b", 1)]}))
    objects.delete(before.segments[0].id)
    assert tables.changed_items(before, after) is None


def test_a_rename_leaves_its_trace_through_folds() -> None:
    tables = Tables(MemoryObjects())
    row = {**dict.fromkeys(ITEMS.names), "item": "old.jpg"}
    items = tables.append(Table("items"), pa.Table.from_pylist([row], schema=ITEMS))
    renamed = pa.Table.from_pylist([{**row, "item": "new.jpg"}], schema=ITEMS)
    items = tables.append(items, renamed, ["old.jpg"], {"old.jpg": "new.jpg"})
    for number in range(FAN):
        items = tables.append(items, pa.Table.from_pylist([{**row, "item": f"{number}.jpg"}], schema=ITEMS))
    marked = tables.read(items, ["item", "moved_to"], items=["old.jpg"], markers=True).to_pylist()
    assert marked == [{"item": "old.jpg", "moved_to": "new.jpg", "deleted": True}]
    assert tables.read(items, items=["old.jpg"]).num_rows == 0


def test_a_few_changes_among_many_rows_come_in_their_places() -> None:
    tables = Tables(MemoryObjects())
    model: Model = {f"{place:04d}": [label(f"{place:04d}", place)] * (place % 3) for place in range(2000)}
    table = tables.append(Table("labels"), rows_of(model))
    fresh = {key: [label(key, 9000)] * 2 for key in ("0000", "0007", "0007b", "1200", "1999", "9")}
    table = tables.append(table, rows_of(fresh), {"0008", "1500"})
    model = {key: rows for key, rows in model.items() if key not in ("0008", "1500")} | fresh
    assert tables.read(table).to_pylist() == [row for key in sorted(model) for row in model[key]]


def test_batches_never_split_an_item() -> None:
    rows = table_of({"item": ["a"] * 5 + ["b"] * 3 + ["c"] * 9, "id": list(range(17)), "class": ["x"] * 17,
                     "kind": ["box"] * 17}, LABELS)  # fmt: skip
    pieces = list(unsplit(rows, 4))
    assert [set(piece.column("item").to_pylist()) for piece in pieces] == [{"a"}, {"b", "c"}]
    assert pa.concat_tables(pieces) == rows


def test_large_tables_are_scanned_in_pieces_and_in_order() -> None:
    tables = Tables(MemoryObjects())
    count = 200_000
    keys = [f"{number // 2:06d}" for number in range(count)]
    rows = table_of({"item": keys, "id": np.arange(count, dtype=np.uint64), "class": ["x"] * count,
                     "kind": ["box"] * count}, LABELS)  # fmt: skip
    table = tables.append(Table("labels"), rows)
    table = tables.append(table, rows_of({"050000": [label("050000", 7)]}))
    pieces = list(tables.scan(table, ["item"]))
    assert len(pieces) > 1
    assert max(piece.num_rows for piece in pieces) < count
    found = [key for piece in pieces for key in piece.column("item").to_pylist()]
    assert found == sorted(found)
    assert len(found) == count - 1


@pytest.mark.parametrize("place", ["head", "page", "footer", "tail", "truncated", "empty"])
def test_a_damaged_segment_is_an_error_never_wrong_rows(tmp_path: Path, place: str) -> None:
    objects = local_objects(tmp_path)
    tables = Tables(objects)
    table = tables.append(Table("labels"), rows_of({key: [label(key, 1)] for key in KEYS}))
    objects.flush()
    path = objects.path(table.segments[0].id)
    data = bytearray(path.read_bytes())
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    last = column.data_page_offset + column.total_compressed_size - 1
    at = {"head": 1, "page": last, "footer": len(data) - 300, "tail": len(data) - 6}.get(place)
    if at is not None:
        data[at] ^= 4
    path.chmod(0o644)
    path.write_bytes(b"" if place == "empty" else data[: len(data) // 2] if place == "truncated" else data)
    with pytest.raises(DamagedError, match="segment"):
        tables.read(table)


@pytest.mark.slow
def test_each_flipped_bit_is_noticed_and_none_ends_the_interpreter(tmp_path: Path) -> None:
    objects = local_objects(tmp_path)
    tables = Tables(objects)
    table = tables.append(Table("labels"), rows_of({key: [label(key, 1)] for key in KEYS}))
    objects.flush()
    expected = tables.read(table)
    path = objects.path(table.segments[0].id)
    path.chmod(0o644)
    whole = path.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if tables.read(table) == expected else 7)
            except DamagedError:
                os._exit(1)
            except BaseException:  # noqa: BLE001 - the parent tells by the status
                os._exit(9)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status == 1, f"byte {place}: {status}"


def test_what_is_large_is_written_as_several_segments_and_read_in_bounded_pieces() -> None:
    tables = Tables(MemoryObjects())
    keys = [f"{number:06}" for number in range(2 * SEGMENT_ROWS + 5)]
    table = tables.append(Table("items"), table_of({"item": keys}, ITEMS))
    assert [one.first for one in table.segments] == [keys[0], keys[SEGMENT_ROWS], keys[2 * SEGMENT_ROWS]]
    table = tables.append(table, table_of({"item": keys[7:9], "width": [3, 4]}, ITEMS))
    pieces = list(tables.scan(table, ["item", "width"]))
    assert max(piece.num_rows for piece in pieces) < 2 * BATCH_ROWS
    whole = pa.concat_tables(pieces)
    assert whole.column("item").to_pylist() == keys
    assert whole.column("width").to_pylist()[5:11] == [None, None, 3, 4, None, None]
    within = pa.concat_tables(tables.scan(table, ["item"], keys=KeyRange(keys[100], keys[300_000])))
    assert within.column("item").to_pylist() == keys[100:300_000]


def test_segments_that_were_cut_because_they_were_full_fold_as_one() -> None:
    def ref(first: int, rows: int) -> SegmentRef:
        return SegmentRef(ObjectId("0" * 64), rows, f"{first:06}", f"{first + rows - 1:06}", 0, 0, "")

    cut = [ref(number * SEGMENT_ROWS, SEGMENT_ROWS) for number in range(2 * FAN)]
    assert run_to_fold(cut) is None
    small = [ref(number, 1) for number in range(FAN)]
    assert run_to_fold([*cut, ref(0, 3), *small]) == (2 * FAN, 3 * FAN)
    assert run_to_fold([ref(0, SEGMENT_ROWS)] * FAN) == (0, FAN)


@pytest.mark.parametrize("parts", [1, 2, 3, 8, 50])
def test_work_is_shared_out_by_ranges_of_keys(parts: int) -> None:
    tables = Tables(MemoryObjects())
    keys = [f"{number:06}" for number in range(60_000)]
    table = tables.append(Table("items"), table_of({"item": keys}, ITEMS))
    some = sorted({*keys[:20_000:7], "0", "999999"})
    table = tables.append(table, table_of({"item": some, "width": [3] * len(some)}, ITEMS))
    ranges = tables.ranges(table, parts)
    assert 1 <= len(ranges) <= parts + 1
    assert (ranges[0].first, ranges[-1].end) == (None, None)
    assert [one.end for one in ranges[:-1]] == [one.first for one in ranges[1:]]
    with tables.opened(table) as opened:
        pieces = [piece for keys in ranges for piece in opened.scan(["item", "width"], keys=keys)]
    assert pa.concat_tables(pieces) == tables.read(table, ["item", "width"])
    most = sum(piece.num_rows for piece in tables.scan(table, ["item"], keys=ranges[0]))
    assert most <= 2 * (len(keys) // parts + 1) + 2 * ROW_GROUP


def test_an_empty_table_is_one_range() -> None:
    assert Tables(MemoryObjects()).ranges(Table("labels"), 4) == [KeyRange()]


def test_many_items_are_found_as_few_are() -> None:
    tables = Tables(MemoryObjects())
    model: Model = {f"{place:05d}": [label(f"{place:05d}", place)] * (place % 3) for place in range(9000)}
    table = tables.append(Table("labels"), rows_of(model), {"00004"})
    table = tables.append(table, rows_of({"00007": [label("00007", 1)]}), {"08000"})
    model = {**model, "00007": [label("00007", 1)], "08000": []}
    wanted = [f"{place:05d}" for place in range(0, 9100, 5)]
    expected = [row for key in wanted for row in model.get(key, [])]
    assert tables.read(table, items=wanted).to_pylist() == expected


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"holds":[],"segments":[]}',
        '{"holds":"labels","segments":{}}',
        '{"holds":"x","segments":[]}',
    ],
)
def test_what_is_no_table_is_damage(text: str) -> None:
    with pytest.raises(DamagedError, match="a table object"):
        Table.from_bytes(text.encode())
