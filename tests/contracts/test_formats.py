"""What every format promises. A format joins by being registered."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from format_round_trip import KnownItems, Said, files_of, on_disk, read_folder, said_by, said_in
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from label_strategies import ALL, example, selections
from selections import InMemorySelection

from datalabel.errors import InputError
from datalabel.formats.base import Format, Loss, Read
from datalabel.formats.registry import detect_format, formats, get_format
from datalabel.labels.properties import said_in as properties_said_in

NAMES = [info.name for info in formats()]
every_format = pytest.mark.parametrize("name", NAMES)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
modest = settings(max_examples=25, phases=PHASES, suppress_health_check=list(HealthCheck))


def round_trip(fmt: Format, selection: InMemorySelection) -> Read:
    """What comes back where the items are known."""
    known = KnownItems(selection)
    with tempfile.TemporaryDirectory() as folder:
        on_disk(files_of(fmt, selection), Path(folder))
        return known.named(read_folder(fmt, Path(folder), known))


@every_format
@modest
@given(data=st.data())
def test_what_a_format_holds_comes_back(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    selection = data.draw(selections(fmt.holds))
    assert fmt.losses(selection) == []
    back = round_trip(fmt, selection)
    assert said_by(back) == said_in(selection.labels)
    assert sorted(back.mentions.column("name").to_pylist()) == selection.items.column("item").to_pylist()
    sizes = zip(*(back.mentions.column(c).to_pylist() for c in ("name", "width", "height")), strict=True)
    assert sorted(sizes) == [
        (item["item"], item["width"], item["height"]) for item in selection.items.to_pylist()
    ]
    assert item_properties(fmt, back) == properties_of_items(selection)


@every_format
@modest
@given(data=st.data())
def test_whatever_does_not_come_back_is_named(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    selection = data.draw(selections(replace(ALL, decimals=fmt.holds.decimals)))
    lost = fmt.losses(selection)
    back = round_trip(fmt, selection)
    touched = Touched(lost)
    before, after = said_in(selection.labels), said_by(back)
    kept = Counter({one: count for one, count in before.items() if not touched.wholly(one)})
    missing = touched.blanked(kept) - touched.blanked(after)
    assert not missing, f"lost and not named: {missing}; named: {lost}"
    new = touched.blanked(after) - touched.blanked(kept)
    assert new.total() <= before.total() - kept.total(), f"came from nowhere: {new}"
    named = {one["item"] for one in selection.items.to_pylist()}
    seen = set(back.mentions.column("name").to_pylist())
    assert seen == named or (seen < named and touched.says("items without labels"))
    described = properties_of_items(selection)
    assert item_properties(fmt, back) == described or (described and touched.says("properties of items"))


def properties_of_items(selection: InMemorySelection) -> dict[str, str]:
    """The properties of each item that has any."""
    return {item["item"]: item["properties"] for item in selection.items.to_pylist() if item["properties"]}


def item_properties(fmt: Format, read: Read) -> dict[str, str]:
    """What a source says of the properties of items."""
    field = fmt.holds.item_properties
    if field is None:
        return {}
    texts = properties_said_in(read.mentions.column("extra"), field).to_pylist()
    names = read.mentions.column("name").to_pylist()
    return {name: text for name, text in zip(names, texts, strict=True) if text is not None}


class Touched:
    """Which parts of labels the losses speak of."""

    def __init__(self, losses: list[Loss]) -> None:
        self._words = " / ".join(loss.what for loss in losses)

    def says(self, word: str) -> bool:
        return word in self._words

    def wholly(self, one: Said) -> bool:
        """Whether this label is left out or gets another geometry."""
        kind, parts = one[2], one[8] or ()
        if any(f"{words} {kind} " in f"{self._words} " for words in ("of kind", "/")):
            return True
        if self._words.startswith(f"{kind} ") or f"/ {kind} " in self._words:
            return True
        rings = kind == "polygon"
        holes = rings and self.says("hole") and any(points < 0 for points in parts)
        return holes or (rings and self.says("pieces") and sum(points > 0 for points in parts) > 1)

    def blanked(self, said: Counter[Said]) -> Counter[Said]:
        """Without the columns that are named as lost."""
        out: Counter[Said] = Counter()
        for one, count in said.items():
            *rest, properties, confidence, annotator = one
            kept = (
                None if self.says("properties of labels") else properties,
                None if self.says("confidence") else confidence,
                None if self.says("annotator") else annotator,
            )
            out[(*rest, *kept)] += count
        return out


@every_format
@modest
@given(data=st.data())
def test_equal_selections_give_equal_bytes_whatever_the_batches(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    selection = data.draw(selections(fmt.holds))
    again = InMemorySelection(
        selection.name,
        selection.items,
        selection.labels,
        classes=selection.classes,
        keypoints=selection.keypoints,
        per_batch=1,
    )
    assert list(files_of(fmt, selection).items()) == list(files_of(fmt, again).items())


@every_format
@modest
@given(data=st.data())
def test_a_source_is_written_again_as_it_was(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    selection = data.draw(selections(fmt.holds))
    files = files_of(fmt, selection)
    with tempfile.TemporaryDirectory() as folder:
        on_disk(files, Path(folder))
        read = read_folder(fmt, Path(folder), KnownItems(selection))
    again = InMemorySelection.from_read(read, name="labels.json")
    assert fmt.losses(again) == []
    assert files_of(fmt, again) == files


@every_format
@modest
@given(data=st.data())
def test_a_format_recognises_its_own_files_and_no_others(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    files = files_of(fmt, data.draw(selections(fmt.holds)))
    others = [get_format(other) for other in NAMES if other != name]
    with tempfile.TemporaryDirectory() as folder:
        for path in on_disk(files, Path(folder)):
            if not path.stat().st_size:  # "seen, and empty" is what its place says
                continue
            found = detect_format(path)
            assert found is not None
            assert found.name == name
            assert not any(other.detect(path, path.read_bytes()[: 64 * 1024]) for other in others)
            renamed = path.rename(path.with_name("unnamed"))
            assert detect_format(renamed) is found


@st.composite
def mutations(draw: st.DrawFn, data: bytes) -> bytes:
    """A file cut short, with a stretch replaced, repeated or taken out."""
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 20)))
    how = draw(st.sampled_from(["cut", "drop", "repeat", "replace"]))
    if how == "cut":
        return data[:start]
    junk = {
        "drop": b"",
        "repeat": data[start:end] * 2,
        "replace": draw(st.binary(max_size=8) | st.sampled_from(_JUNK)),
    }
    return data[:start] + junk[how] + data[end:]


_JUNK = [
    b"NaN",
    b"-1e999",
    b"\xff\xfe",
    b"\0",
    b"<!DOCTYPE a>",
    b"&lol;",
    b"[[[[",
    b"null",
    b"\xed\xa0\x80",
    b"1e400",
]


@every_format
@settings(max_examples=150, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_as_input(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    selection = example(fmt.holds)
    files = files_of(fmt, selection)
    path = data.draw(st.sampled_from(sorted(files)))
    files[path] = data.draw(mutations(files[path]))
    with tempfile.TemporaryDirectory() as folder:
        on_disk(files, Path(folder))
        try:
            read = read_folder(fmt, Path(folder), KnownItems(selection))
        except InputError as error:
            unplaced = [fault for fault in error.faults if "source" not in (fault.where or "source")]
            assert unplaced == []
        else:
            assert max(read.labels.column("mention").to_pylist(), default=-1) < read.mentions.num_rows
