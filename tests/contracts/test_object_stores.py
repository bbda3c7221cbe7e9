"""What every object store promises; the one in memory is the oracle."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from object_stores import MemoryObjects, local_objects

from datalabel.content import BLOB, ObjectId, object_id
from datalabel.errors import DamagedError
from datalabel.store.objects import ObjectStore


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    stores: dict[str, ObjectStore] = {"local": local_objects(tmp_path), "memory": MemoryObjects()}
    return stores[request.param]


def test_gives_back_what_was_put(store: ObjectStore) -> None:
    name = store.put("tree", b"{}")
    assert store.has(name)
    assert store.get("tree", name) == b"{}"
    store.flush()
    assert store.get("tree", name) == b"{}"
    assert list(store.ids()) == [name]


def test_putting_again_changes_nothing(store: ObjectStore) -> None:
    first = store.put(BLOB, b"image")
    store.flush()
    assert store.put(BLOB, b"image") == first
    store.flush()
    assert list(store.ids()) == [first]


def test_kinds_do_not_pass_for_each_other(store: ObjectStore) -> None:
    names = {store.put(kind, b"same bytes") for kind in (BLOB, "tree", "commit", "table", "header", "spec")}
    assert len(names) == 6
    with pytest.raises(DamagedError, match="does not hold what its name says"):
        store.get("commit", store.put("tree", b"same bytes"))


def test_a_missing_object_is_named(store: ObjectStore) -> None:
    absent = object_id(BLOB, b"never put")
    assert not store.has(absent)
    with pytest.raises(DamagedError, match=absent[:12]):
        store.get(BLOB, absent)


def test_what_was_put_is_there_while_it_is_flushed(store: ObjectStore) -> None:
    names = [store.put(BLOB, bytes([place]) * 9) for place in range(200)]
    done, seen = threading.Event(), []

    def look() -> None:
        while not done.is_set():
            seen.append(all(store.has(name) and store.get(BLOB, name) for name in names))

    looking = threading.Thread(target=look)
    looking.start()
    store.flush()
    done.set()
    looking.join()
    assert seen
    assert all(seen)


def test_adopts_a_finished_file(store: ObjectStore) -> None:
    temporary = store.new_temporary()
    temporary.write_bytes(b"large image")
    name = object_id(BLOB, b"large image")
    store.adopt(temporary, name)
    store.flush()
    assert store.get(BLOB, name) == b"large image"
    assert not temporary.exists()


def test_deletes(store: ObjectStore) -> None:
    name = store.put(BLOB, b"x")
    store.flush()
    store.delete(name)
    store.delete(name)
    assert not store.has(name)
    assert list(store.ids()) == []


def test_takes_puts_from_several_threads(store: ObjectStore) -> None:
    def put_all() -> None:
        for number in range(50):
            store.put(BLOB, b"%d" % number)

    threads = [threading.Thread(target=put_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.flush()
    assert len(list(store.ids())) == 50


def test_a_local_name_implies_whole_read_only_bytes(tmp_path: Path) -> None:
    store = local_objects(tmp_path)
    name = store.put(BLOB, b"image")
    assert not store.path(name).exists()
    store.flush()
    assert store.path(name).stat().st_mode & 0o777 == 0o444
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_was_not_flushed_is_dropped_on_failure(tmp_path: Path) -> None:
    store = local_objects(tmp_path)
    with pytest.raises(ZeroDivisionError), store:
        store.put(BLOB, b"%d" % (1 // 0 if store.put(BLOB, b"image") else 0))
    assert list(store.ids()) == []
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("name", ["", "ab", "../../etc/passwd", "A" * 64, "g" * 64])
def test_a_local_store_opens_nothing_but_objects(tmp_path: Path, name: str) -> None:
    with pytest.raises(DamagedError, match="is not the name of an object"):
        local_objects(tmp_path).open(ObjectId(name))
