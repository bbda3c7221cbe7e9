"""The keywords of `Repository`'s methods, for editors and type checkers. The classes that they name say more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, SupportsIndex, TypedDict

PathLike = str | Path


class Add(TypedDict, total=False):
    """Of `add`: see `datalabel.repository.add.adding.AddOptions`."""

    format: str | None
    images: PathLike | None
    set: str | None
    annotator: str | None
    model: str | None
    item_key: str | None
    size: str | None
    replaces: PathLike | None
    beside: bool
    partial: bool
    name: str | None
    keep_going: bool
    prefer: Literal["ours", "theirs"] | None


class Check(TypedDict, total=False):
    """Of `fix`: see `datalabel.repository.check.checking.CheckOptions`."""

    select: Sequence[str]
    ignore: Sequence[str]
    narrow: Callable[[str], bool] | None
    severity: Mapping[str, Literal["error", "warning", "info"]]
    images: bool
    sets: tuple[str, str] | None


class Gate(Check, total=False):
    """Of `check`: those of `fix`, and what `gate` takes besides."""

    paths: Sequence[PathLike]
    since: str | None
    baseline: PathLike | None


class Page(TypedDict, total=False):
    """Of `diff_page` and `check_page`: see `datalabel.repository.pages.page_pictures.PageOptions`."""

    max_images: SupportsIndex
    max_bytes: SupportsIndex
    title: str | None
    subtitle: str | None


class Agreement(TypedDict, total=False):
    """Of `agreement`: see `datalabel.repository.report.agreeing.AgreementOptions`."""

    sets: tuple[str, str] | None
    set_name: str
    iou: float
    with_unseen: str | None
    resamples: SupportsIndex
    seed: SupportsIndex


class Export(TypedDict, total=False):
    """Of `export`: see `datalabel.repository.export.exporting.ExportOptions`."""

    set: str
    split: Sequence[str]
    where: str | None
    drop_empty: bool
    images: Literal["none", "copy", "link"]
    allow_loss: bool


class Snapshot(TypedDict, total=False):
    """Of `create_snapshot`: see `datalabel.repository.snapshot.splitting.SnapshotOptions`."""

    where: str | None
    drop_empty: bool
    with_unseen: bool
    sets: Sequence[str]
    split: str | Mapping[str, float] | None
    split_by: Sequence[PathLike]
    earlier: str | None
    seed: SupportsIndex | None
    note: str
