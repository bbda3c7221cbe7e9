"""The verb `export`: a revision's labels as files of a foreign format, whole or not at all."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import ObjectId
from datalabel.errors import Fault, InputError, RefusedError, nearest
from datalabel.files import checked_key
from datalabel.formats.base import Format, Loss, Selection
from datalabel.formats.registry import get_format
from datalabel.labels.mentions import own_mentions
from datalabel.repository.export.doubts import doubts, fraction_doubts
from datalabel.repository.export.output_folder import ImageMode, OutputFolder
from datalabel.repository.export.selecting import Filter
from datalabel.repository.export.selections import SetSelection, SourceSelection
from datalabel.repository.names import Images, meant, place_of
from datalabel.repository.project import Project
from datalabel.repository.revisions import Revision, resolve_revision
from datalabel.repository.view import View
from datalabel.store.history import Source
from datalabel.version import version

_AROUND_STEM = r"^.*[/\\]|\.[^./\\]*$"
"""Of a path, what is not the name of its file without suffix."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What is exported and how. `split` names splits of a snapshot (none: all that it has). Without a `set`, it is
    the one that the revision means."""

    set: str = ""
    split: Sequence[str] = ()
    where: str | None = None
    drop_empty: bool = False
    images: ImageMode = "none"
    allow_loss: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: the folder, its files in order, its splits, and what the format could not keep."""

    revision: str
    format: str
    folder: Path
    files: tuple[str, ...]
    losses: tuple[Loss, ...]
    splits: tuple[str, ...] = ()
    images: int = 0
    warnings: tuple[Fault, ...] = ()
    """What the filter names that nothing has, and what is perhaps not meant."""


def export(
    project: Project, revision: str, format_name: str, folder: Path, options: ExportOptions
) -> Exported:
    """Write a label set into an empty or new folder, with a manifest that `verify_folder` checks.

    A snapshot with splits becomes one output with a part for each split, as trainers of the format expect.
    Else a set whose sources all came in this format is written as it came, one output per source; with
    images, with a filter, or where files of two sources have one name, the set becomes one output.

    Raises:
        InputError: the set, split or format does not exist, or the folder is not empty.
        RefusedError: something would be lost and `allow_loss` is not given; nothing was written.
    """
    fmt = get_format(format_name)
    chosen = Filter.of(options.where, drop_empty=options.drop_empty)
    found = resolve_revision(project, revision)
    view = found.view(project)
    options = replace(options, set=options.set or found.main_set)
    view.labels(options.set)
    chosen.check_classes(view, [options.set])
    warnings = chosen.unheard(view, [options.set])
    plan = _plan(project, view, fmt, options, chosen)
    with OutputFolder(folder) as output:
        losses = tuple(
            loss for selection in plan.whole for loss in fmt.losses(selection, training=bool(plan.splits))
        )
        if losses and not options.allow_loss:
            raise RefusedError.of(
                [Fault(str(loss), fmt.title) for loss in losses],
                hint="add --allow-loss to export without them",
            )
        images = _write(project, output, fmt, plan, options.images)
        files = tuple(output.files)
        output.finish(_manifest(found, view, fmt, options, plan, losses))
    warnings = (*warnings, *_doubts(found, view, fmt, options, plan, chosen))
    splits = tuple(part.name for part in plan.splits)
    return Exported(revision, fmt.name, folder, files, losses, splits, images, warnings)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be written: the whole as selections, and the same by split when there are splits."""

    whole: Sequence[Selection]
    splits: Sequence[SetSelection]


def _plan(project: Project, view: View, fmt: Format, options: ExportOptions, chosen: Filter) -> _Plan:
    table = view.split_table()
    if table is not None:
        keys = dict(zip(table.column("item").to_pylist(), table.column("split").to_pylist(), strict=True))
        names = _wanted_splits(view, sorted(set(keys.values())), options.split)
        whole = SetSelection(view, options.set, fmt.name, chosen, strip=_common_folder(list(keys)))
        parts = [whole.of_split(name, [key for key in keys if keys[key] == name]) for name in names]
        if len(names) < len(set(keys.values())):
            whole = whole.of_split(options.set, [key for key in keys if keys[key] in names])
        return _Plan([whole], parts)
    if options.split:
        raise InputError(
            f"{view.name} has no splits",
            hint="dlabel snapshot create NAME --split train=0.8,val=0.2 makes some",
        )
    sources = {name: source for name, source in view.tree.sources.items() if source.set == options.set}
    as_it_came = bool(sources) and all(source.format == fmt.name for source in sources.values())
    as_it_came = as_it_came and chosen.is_all and options.images == "none" and _are_apart(view, fmt, sources)
    if as_it_came and _names_hold(project, view, sources):
        return _Plan(
            [SourceSelection(view, name, one, implied=False) for name, one in sorted(sources.items())], []
        )
    strip = _common_folder(_keys(view).to_pylist())
    if options.images == "none":
        # A folder of label files is laid beside images: of `images/a.jpg` here, not of `images/images/a.jpg`.
        beside = fmt.image_place(None, "")
        strip = beside if fmt.folder and strip.startswith(beside) else ""
    return _Plan([SetSelection(view, options.set, fmt.name, chosen, strip=strip)], [])


def _are_apart(view: View, fmt: Format, sources: Mapping[str, Source]) -> bool:
    """Whether the files of several sources can lie in one folder: those of annotators who drew on the same images
    mostly have the same names."""
    taken: set[str] = set()
    for name, source in sources.items() if len(sources) > 1 else ():
        header = view.header(source)
        files = {posixpath.basename(source.path or name)}
        if fmt.is_folder(header):
            files = set(view.mentions_of(name, ["number"]).column("number").drop_null().to_pylist())
            files |= {"what names the classes"} if fmt.class_names(header) else set()
        if taken & files:
            return False
        taken |= files
    return True


def _names_hold(project: Project, view: View, sources: Mapping[str, Source]) -> bool:
    """Whether images are called as they were when the sources were read: no name means another image by now."""
    odd = {name: rows for name in sources if (rows := _called_otherwise(view, name)).num_rows}
    images = Images(dict.fromkeys(_keys(view).to_pylist(), "") if odd else {}, list_disk=lambda: ())
    places = {name: place_of(project, sources[name]) for name in odd}
    return all(
        meant(row["name"], places[name], images) == row["item"]
        for name, rows in odd.items()
        for row in rows.to_pylist()
    )


def _called_otherwise(view: View, source: str) -> pa.Table:
    """The mentions of items that the source calls neither by their key nor by a name that only their file has."""
    rows = own_mentions(view.mentions_of(source, ["name", "item"]))
    rows = rows.filter(pc.not_equal(rows.column("name"), rows.column("item")))
    if not rows.num_rows:
        return rows
    stems = pc.value_counts(_stems(_keys(view)))
    several = stems.field("values").filter(pc.greater(stems.field("counts"), 1))
    names, keys = (_stems(rows.column(one)) for one in ("name", "item"))
    return rows.filter(pc.or_(pc.not_equal(names, keys), pc.is_in(keys, value_set=several)))


def _stems(paths: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring_regex(paths, _AROUND_STEM, "")


def _wanted_splits(view: View, there: Sequence[str], wanted: Sequence[str]) -> list[str]:
    for name in wanted:
        if name not in there:
            close = nearest(name, there)
            raise InputError(
                f"{view.name} has no split {name!r}; it has {', '.join(there)}",
                hint=f"did you mean {close}?" if close else None,
            )
    return sorted(set(wanted)) or list(there)


def _keys(view: View) -> pa.ChunkedArray:
    """The key of every item."""
    columns = (batch.column("item") for batch in view.item_batches(["item"]))
    return pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string())


def _common_folder(keys: Sequence[str]) -> str:
    """The folder that all keys share, with its slash: names of exported images go without it."""
    if not keys:
        return ""
    shared = posixpath.commonpath([posixpath.dirname(checked_key(key)) for key in (min(keys), max(keys))])
    return f"{shared}/" if shared else ""


def _write(project: Project, output: OutputFolder, fmt: Format, plan: _Plan, mode: ImageMode) -> int:
    """Write the files, then the images; how many images."""
    written = (
        fmt.write_splits(plan.splits)
        if plan.splits
        else (file for selection in plan.whole for file in fmt.write(selection))
    )
    output.write_all(written)
    if mode == "none":
        return 0
    parts: list[tuple[str | None, SetSelection]] = [(part.name, part) for part in plan.splits]
    if not parts:  # a source as it came is only written without images
        parts = [(None, part) for part in plan.whole if isinstance(part, SetSelection)]
    count = 0
    with project.progress.task("images") as task:
        for split, part in parts:
            for key, name, content in part.images():
                if content is None:
                    raise InputError(
                        "the image never came, so it cannot be exported",
                        where=key,
                        hint="dlabel add its folder, or --images none",
                    )
                output.put_image(project, key, ObjectId(content), fmt.image_place(split, name), mode)
                count += 1
                task.advance()
    return count


def _doubts(
    found: Revision, view: View, fmt: Format, options: ExportOptions, plan: _Plan, chosen: Filter
) -> list[Fault]:
    told: list[Fault] = []
    if found.snapshot is None and isinstance(plan.whole[0], SetSelection):
        keys = None if chosen.is_all else {key for key, *_ in plan.whole[0].images()}
        told += doubts(view, options.set, keys)
    splits = [part.name for part in plan.splits]
    if fmt.fractional:
        told += fraction_doubts(view, options.set, chosen, splits)
    return [*told, *(fmt.split_doubts(splits) if splits else ())]


def _manifest(
    found: Revision, view: View, fmt: Format, options: ExportOptions, plan: _Plan, losses: Sequence[Loss]
) -> dict[str, Any]:
    """What the folder is. No time, place or commit is in it: the same labels give the same bytes."""
    snapshot = found.snapshot
    return {
        "dlabel": version(),
        "manifest": 1,
        "snapshot": {"name": snapshot.name, "digest": snapshot.digest} if snapshot else None,
        "spec": view.tree.spec,
        "format": fmt.name,
        "set": options.set,
        "splits": [part.name for part in plan.splits],
        "where": options.where,
        "drop_empty": options.drop_empty,
        "images": options.images,
        "lost": [{"what": loss.what, "count": loss.count} for loss in losses],
    }
