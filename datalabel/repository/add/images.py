"""Adding images: new and changed files become items; renames and long-awaited images are recognised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from datalabel.content import ObjectId
from datalabel.errors import Fault, InputError
from datalabel.labels.rows import distinct
from datalabel.labels.tables import ITEMS
from datalabel.repository.add.base_trees import say_again
from datalabel.repository.add.read_image import ReadImage
from datalabel.repository.add.read_images import read_images
from datalabel.repository.add.recognise import ImageFile
from datalabel.repository.add.rekey import rekey
from datalabel.repository.names import Images, meant, place_of
from datalabel.repository.stage import Stage, item_rows
from datalabel.repository.view import view_of
from datalabel.store.cache import Known


@dataclass(frozen=True, slots=True)
class ImagesAdded:
    """What adding images did: keys by what happened to them, and the files that could not be added.

    `labels_back` counts the labels of images that had been removed and are added again.
    """

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    joined: tuple[tuple[str, str], ...] = ()
    unchanged: int = 0
    labels_back: int = 0
    faults: tuple[Fault, ...] = ()


def add_images(stage: Stage, files: Sequence[ImageFile], *, keep_going: bool) -> ImagesAdded:
    """Bring these image files into staging.

    Raises:
        InputError: some files are no images (every one is named); with `keep_going` they are left out and
            reported instead.
    """
    content, faults = _contents(stage, files)
    if faults and not keep_going:
        raise InputError.of(faults, hint="repair or remove them, or leave them out with --keep-going")
    known = stage.known
    fresh = {key: one for key, one in content.items() if key not in known}
    replaced = {key: one for key, one in content.items() if key in known and known[key] != one.content}
    renamed = _renames(stage, fresh)
    joined = _joins(stage, fresh.keys() - renamed.keys())
    committed = _committed(stage, joined.values())
    traced = {*renamed, *(new for new, old in joined.items() if old in committed)}
    rekey(stage, {old: new for new, old in {**renamed, **joined}.items()}, leave_trace=traced)
    _put_items(stage, {**fresh, **replaced})
    awaited = {key for key in replaced if known[key] is None}
    back = (fresh.keys() - renamed.keys() - joined.keys()) | awaited
    labels_back = say_again(stage, sorted(back))
    return ImagesAdded(
        added=tuple(sorted((fresh.keys() - renamed.keys()) | awaited)),
        replaced=tuple(sorted(replaced.keys() - awaited)),
        renamed=tuple(sorted((old, new) for new, old in renamed.items())),
        joined=tuple(sorted((old, new) for new, old in joined.items())),
        unchanged=len(content) - len(fresh) - len(replaced),
        labels_back=labels_back,
        faults=tuple(faults),
    )


def _contents(stage: Stage, files: Sequence[ImageFile]) -> tuple[dict[str, Known], list[Fault]]:
    """What each file holds: from the cache where the file is surely unchanged, else by reading it."""
    project = stage.project
    cached = project.store.cache.files()
    content: dict[str, Known] = {}
    unread: list[tuple[str, str]] = []
    for key, path, entry in files:
        one = cached.get(key)
        if one is not None and one.image is not None and one.still(entry.stat) and _is_kept(stage, key, one):
            content[key] = one
        else:
            unread.append((key, path))
    keep = project.config.images == "store"
    read = read_images(project.store, unread, keep=keep, progress=project.progress) if unread else []
    content.update((image.key, image.known) for image in read if image.known is not None)
    return content, [image.fault for image in _sorted(read) if image.fault is not None]


def _is_kept(stage: Stage, key: str, one: Known) -> bool:
    """Whether the cached content is certainly in the store (a tracked one is; another is looked up)."""
    if stage.known.get(key) == one.content or stage.project.config.images == "reference":
        return True
    return stage.project.store.objects.has(one.content)


def _sorted(images: Iterable[ReadImage]) -> list[ReadImage]:
    return sorted(images, key=lambda image: image.key)


def _renames(stage: Stage, fresh: Mapping[str, Known]) -> dict[str, str]:
    """New key → old key, where a tracked image vanished and its content turned up once, somewhere else."""
    if not fresh:
        return {}
    wanted = Counter(one.content for one in fresh.values())
    gone: dict[ObjectId, list[str]] = {}
    for key, content in stage.known.items():
        if content is not None and wanted.get(ObjectId(content)) == 1 and stage.project.on_disk(key) is None:
            gone.setdefault(ObjectId(content), []).append(key)
    return {key: gone[one.content][0] for key, one in fresh.items() if len(gone.get(one.content, ())) == 1}


def _joins(stage: Stage, fresh: Iterable[str]) -> dict[str, str]:
    """New key → key of the item without content that has waited for this image under another name."""
    arrived = set(fresh)
    waiting = {key for key, content in stage.known.items() if content is None and key not in arrived}
    if not waiting or not arrived:
        return {}
    images = Images(dict.fromkeys(arrived, ""), list_disk=lambda: ())
    found: dict[str, list[str]] = {}
    for source, names in _waiting_names(stage, waiting).items():
        place = place_of(stage.project, stage.tree.sources.get(source))
        for name, key in names:
            target = meant(name, place, images)
            if target in arrived:
                found.setdefault(target, []).append(key)
    return {target: keys[0] for target, keys in found.items() if len(set(keys)) == 1}


def _committed(stage: Stage, keys: Iterable[str]) -> set[str]:
    """Those of these items that HEAD has: what they are called now is a change to be told."""
    head = view_of(stage.project.store, stage.project.store.history.tree_of(stage.position.head), "HEAD")
    return distinct(stage.project.store.tables.read(head.items, ["item"], items=sorted(keys)).column("item"))


def _waiting_names(stage: Stage, waiting: set[str]) -> dict[str, list[tuple[str, str]]]:
    """Per source, the names by which it mentions items without content."""
    rows = stage.read(stage.mentions, sorted(waiting)).select(["source", "name", "item"]).to_pylist()
    names: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        if row["name"] is not None:
            names.setdefault(row["source"], []).append((row["name"], row["item"]))
    return names


def _put_items(stage: Stage, images: Mapping[str, Known]) -> None:
    """Items for these images; what is known of an item beside its image (state, properties, …) stays."""
    if not images:
        return
    keys = sorted(images)
    rows = {row["item"]: row for row in stage.read(stage.items, keys).to_pylist()}
    columns: dict[str, list[object]] = {name: [] for name in ITEMS.names}
    for key in keys:
        one, row = images[key], rows.get(key, {})
        header = image._asdict() if (image := one.image) else {}
        told = {"item": key, "content": one.content, "bytes": one.size, **header}
        for name, cells in columns.items():
            cells.append(told.get(name, row.get(name)))
    stage.put_items(item_rows(columns))
