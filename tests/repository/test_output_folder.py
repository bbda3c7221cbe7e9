"""A folder that is written whole: nothing in it is written twice, and a failure leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import write_image

from datalabel.content import BLOB, ObjectId, object_id
from datalabel.errors import InputError
from datalabel.formats.base import OutputFile
from datalabel.repository.export.output_folder import ImageMode, OutputFolder
from datalabel.repository.repository import Repository


@pytest.mark.parametrize("second", ["a/b.txt", "a/b.txt/c.txt"])
@pytest.mark.parametrize("lazily", [False, True])
def test_a_file_is_written_once(second: str, lazily: bool, tmp_path: Path) -> None:
    texts = [b"one", b"", b"two"]
    files = [OutputFile("a/b.txt", iter(texts) if lazily else texts), OutputFile(second, (b"other",))]
    with OutputFolder(tmp_path / "out") as output, pytest.raises(InputError, match="the same file"):
        output.write_all(files)
    assert list(tmp_path.iterdir()) == []


def test_files_are_told_in_their_order_however_they_were_written(tmp_path: Path) -> None:
    names = [f"{place * 7 % 1000}/{place}.txt" for place in range(1000)]
    files = [
        OutputFile(name, iter([name.encode()]) if place % 300 == 2 else (name.encode(),))
        for place, name in enumerate(names)
    ]
    with OutputFolder(tmp_path / "out") as output:
        output.write_all(files)
        output.finish({})
        assert list(output.files) == names
    for name in names:
        assert (tmp_path / "out" / name).read_text() == name
        assert output.files[name] == {"bytes": len(name), "blake3": object_id(BLOB, name.encode())}


@pytest.mark.parametrize("mode", ["copy", "link"])
def test_an_image_is_put_once(mode: ImageMode, repo: Repository, tmp_path: Path) -> None:
    write_image(repo.root / "a.jpg", 1)
    repo.add("a.jpg")
    content = ObjectId(repo.items().column("content")[0].as_py())
    folder = tmp_path / "out" / "deep"
    with OutputFolder(folder) as output:
        output.put_image(repo.project, "a.jpg", content, "images/a.jpg", mode)
        with pytest.raises(InputError, match="the same file"):
            output.put_image(repo.project, "a.jpg", content, "images/a.jpg", mode)
    assert list(folder.parent.iterdir()) == []


def test_what_was_written_is_told_by_the_manifest(tmp_path: Path) -> None:
    with OutputFolder(tmp_path / "out") as output:
        output.write_all([OutputFile("a/b.txt", [b"one", b"", b"two"])])
        output.finish({"format": "made up"})
    assert (tmp_path / "out/a/b.txt").read_bytes() == b"onetwo"
    assert output.files["a/b.txt"]["bytes"] == 6
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_another_export_is_writing_stays(tmp_path: Path) -> None:
    with OutputFolder(tmp_path / "out") as running:
        running.write_all([OutputFile("a.txt", [b"one"])])
        with OutputFolder(tmp_path / "out"):
            assert len(list(tmp_path.glob(".out.*"))) == 2
        running.finish({})
    assert (tmp_path / "out/a.txt").read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
