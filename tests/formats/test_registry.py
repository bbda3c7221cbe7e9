"""The registry: formats by name, and by what a file holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from datalabel.errors import InputError, UsageError
from datalabel.formats.registry import FormatInfo, detect_format, formats, get_format


@pytest.mark.parametrize("listed", formats(), ids=lambda info: info.name)
def test_what_is_listed_is_what_is_loaded(listed: FormatInfo) -> None:
    loaded = get_format(listed.name)
    assert (loaded.name, loaded.title) == (listed.name, listed.title)


def test_an_unknown_format_is_a_usage_error_that_suggests() -> None:
    with pytest.raises(UsageError, match="there are coco, voc, yolo") as caught:
        get_format("coko")
    assert caught.value.hint == "did you mean coco?"
    with pytest.raises(UsageError) as caught:
        get_format("parquet-of-boxes")
    assert caught.value.hint == "use one of coco, voc, yolo"


def test_listing_imports_no_format() -> None:
    code = (
        "import sys; from datalabel.formats.registry import formats; formats();"
        "print([m for m in sys.modules if m.startswith('datalabel.formats.') and m.count('.') == 2])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "voc" not in shown
    assert "coco" not in shown
    assert "yolo" not in shown


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"<html/>", b"{}", b"[]", b"a: b\n"])
def test_other_files_are_of_no_format(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(data)
    assert detect_format(path) is None


def test_content_decides_not_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"<annotation></annotation>")
    found = detect_format(path)
    assert found is not None
    assert found.name == "voc"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.xml"):
        detect_format(tmp_path / "gone.xml")
