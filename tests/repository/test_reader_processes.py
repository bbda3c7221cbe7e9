"""Images read by processes beside this one: the same is found, also where they die, and nothing of them stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from object_stores import local_objects
from pictures import write_image

import datalabel
from datalabel.processes import number_of_workers
from datalabel.repository.add import read_images
from datalabel.repository.add.read_image import ReadImage, read_block
from datalabel.repository.add.reader_processes import Readers
from datalabel.repository.repository import Repository
from datalabel.threads import in_order

NUMBER = 300
Files = list[tuple[str, str]]


def pictures(folder: Path, number: int = NUMBER) -> Files:
    """Images of which every tenth is the first again, one is cut short, and one is none."""
    paths = [
        write_image(folder / f"{n:04d}.bmp", 0 if n % 10 == 0 else n, size=(1 + n // 250, 2))
        for n in range(number)
    ]
    paths[5].write_bytes(paths[5].read_bytes()[:40])
    paths[7].write_text("no image", encoding="utf-8")
    return [(path.name, str(path)) for path in paths]


def in_blocks(files: Files) -> list[Files]:
    return [files[start : start + 64] for start in range(0, len(files), 64)]


def timeless(found: Iterable[ReadImage]) -> list[ReadImage]:
    """What was found of each file, without the time of reading."""
    return [replace(one, known=one.known and one.known._replace(checked=0)) for one in found]


def read_by_processes(folder: Path, files: Files, *, keep: bool = True) -> list[ReadImage]:
    """What was found of each file, without the time of reading; the objects are in the store afterwards."""
    objects = local_objects(folder)
    with Readers(objects, 2, keep=keep) as readers:
        found = [one for block in in_blocks(files) for one in readers.read(block)]
    objects.flush()
    assert list((folder / "tmp").iterdir()) == []
    kept = {one.known.content for one in found if one.known is not None}
    assert set(objects.ids()) == (kept if keep else set())
    for name in objects.ids():
        objects.get("blob", name)
    return timeless(found)


def read_here(folder: Path, files: Files) -> list[ReadImage]:
    found = read_block(local_objects(folder), files, keep=True)
    return timeless(found)


@pytest.mark.parametrize("keep", [True, False])
def test_readers_find_what_is_found_here(tmp_path: Path, keep: bool) -> None:
    files = pictures(tmp_path / "pictures")
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    assert read_by_processes(tmp_path / "there", files, keep=keep) == read_here(tmp_path / "here", files)


def test_of_an_object_that_two_readers_wrote_one_is_kept(tmp_path: Path) -> None:
    same = [(f"{n}.bmp", str(write_image(tmp_path / f"{n}.bmp", 1))) for n in range(2)]
    objects = local_objects(tmp_path)
    with Readers(objects, 2, keep=True) as readers:
        found = [one for block in ([same[0]], [same[1]]) for one in readers.read(block)]
    objects.flush()
    assert [one.known.content for one in found if one.known] == list(objects.ids()) * 2
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_reader_that_dies_is_done_without(tmp_path: Path) -> None:
    files = pictures(tmp_path / "pictures")
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    objects = local_objects(tmp_path / "there")
    found = []
    with Readers(objects, 2, keep=True) as readers:
        for number, block in enumerate(in_blocks(files)):
            if number in (1, 3):
                readers._all[number // 2]._process.kill()
            found += readers.read(block)
    objects.flush()
    seen = timeless(found)
    assert seen == read_here(tmp_path / "here", files)
    assert set(objects.ids()) == {one.known.content for one in found if one.known is not None}


PROGRAMS = {
    "ends at once": "exit 1",
    "is another version": "printf '\\0\\0\\0\\03abc'; cat >/dev/null",
    "talks too much": "cat /dev/zero",
    "greets and waits": "echo hello from elsewhere; cat >/dev/null",
    "says nothing and ends": "sleep 0.1",
}


def test_where_no_process_can_be_started_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = pictures(tmp_path / "pictures")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    assert read_by_processes(tmp_path / "there", files) == read_here(tmp_path / "here", files)


@pytest.mark.parametrize("program", PROGRAMS)
def test_another_program_is_no_reader(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = pictures(tmp_path / "pictures")
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{PROGRAMS[program]}\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    assert read_by_processes(tmp_path / "there", files) == read_here(tmp_path / "here", files)


def test_nothing_is_started_where_no_python_runs_this(monkeypatch: pytest.MonkeyPatch) -> None:
    assert number_of_workers() == min(len(os.sched_getaffinity(0)), 8)
    for program in ("", "/usr/bin/blender", None):
        monkeypatch.setattr(sys, "executable", program)
        assert number_of_workers() == 0


def test_many_images_are_added_as_few_are(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_images, "MANY", 200)
    asked: list[int] = []
    read = Readers.read

    def noting(self: Readers, files: Sequence[tuple[str, str]]) -> list[ReadImage]:
        asked.append(len(files))
        return read(self, files)

    monkeypatch.setattr(Readers, "read", noting)
    pictures(repo.root / "images")
    done = repo.add("images", keep_going=True)
    assert sum(asked) == NUMBER
    assert len(done.images.added) == NUMBER - 2
    assert [fault.where for fault in done.images.faults] == ["images/0005.bmp", "images/0007.bmp"]
    repo.commit("all")
    assert repo.fsck().broken == ()
    assert list(repo.project.store.temporary.iterdir()) == []


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_else_a_python_prints_is_no_answer(
    unbuffered: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('hello from sitecustomize')\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    files = [("a.bmp", str(write_image(tmp_path / "a.bmp")))]
    with Readers(local_objects(tmp_path), 1, keep=True) as readers:
        assert readers.read(files)[0].known is not None


def test_an_interrupt_ends_readers_in_the_middle_of_a_file(tmp_path: Path) -> None:
    large = write_image(tmp_path / "a.bmp")
    with large.open("r+b") as file:
        file.truncate(60 << 30)
    objects = local_objects(tmp_path)
    with Readers(objects, 1, keep=False) as readers:
        results = in_order(readers.read, [[("a.bmp", str(large))]] * 2, workers=1, stop=readers.stop)
        began = time.monotonic()
        timer = threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            next(results)
    assert time.monotonic() - began < 5


def alive(session: int) -> list[int]:
    """The processes of a session."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[3]) == session and words[0] != "Z":
            found.append(int(folder.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed by /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_whoever_ends_the_command_ends_its_readers(how: signal.Signals, tmp_path: Path) -> None:
    number = read_images.MANY + 64
    pictures(tmp_path / "images", number)
    for name in ("0005.bmp", "0007.bmp"):
        (tmp_path / "images" / name).unlink()
    datalabel.init(tmp_path, name="many")
    command = [sys.executable, "-m", "datalabel.cli.main", "add", "images"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    started = time.monotonic()
    while len(alive(process.pid)) < 2 and process.poll() is None and time.monotonic() - started < 60:
        time.sleep(0.002)
    (os.killpg if how is signal.SIGINT else os.kill)(process.pid, how)
    said = process.communicate(timeout=60)[0]
    assert "Traceback" not in said
    assert process.returncode in ((130, 0) if how is signal.SIGINT else (-how, 0)), said
    while alive(process.pid) and time.monotonic() - started < 60:
        time.sleep(0.01)
    assert alive(process.pid) == []
    repo = datalabel.open(tmp_path)
    repo.add("images")
    repo.commit("all")
    assert repo.items().num_rows == number - 2
    assert repo.fsck().broken == ()
    assert list(repo.project.store.temporary.iterdir()) == []


def test_a_reader_is_the_program_that_starts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever this one was found; and what lies where one stands is not taken for a part of it."""
    (tmp_path / "msgspec.py").write_text(
        "raise SystemExit('taken from where one stands')\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    with Readers(local_objects(tmp_path), 1, keep=True) as readers:
        files = [("a.bmp", str(write_image(tmp_path / "a.bmp")))]
        assert readers.read(files)[0].known is not None
        assert readers._all[0]._process.poll() is None
