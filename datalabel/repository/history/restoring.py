"""The verb `restore`: bring back what a tree holds, into the working tree, into staging, or both."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from datalabel.content import BLOB, ObjectId, hasher
from datalabel.errors import InputError, RefusedError, UsageError
from datalabel.files import Stat, sync_all
from datalabel.formats.registry import get_format
from datalabel.formats.source_files import SourceFiles
from datalabel.printable import printable
from datalabel.repository.add.base_trees import remember_written, says_the_same
from datalabel.repository.add.digests import contents_of, digest_of_contents
from datalabel.repository.add.recognise import is_member, label_files
from datalabel.repository.add.rekey import rekey_bases
from datalabel.repository.add.spoken import PARTIAL
from datalabel.repository.export.selections import SourceSelection
from datalabel.repository.history.choosing import Chosen, choose
from datalabel.repository.history.taking import take
from datalabel.repository.image_bytes import differs
from datalabel.repository.project import Project
from datalabel.repository.revisions import STAGED, resolve_revision
from datalabel.repository.stage import Stage, read_items
from datalabel.repository.view import View, view_of
from datalabel.repository.working_tree import SPEC_FILE
from datalabel.store.history import Source
from datalabel.store.objects import blob_id_of
from datalabel.store.state import Base, Rename


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back: the paths of written and deleted files, and whether staging changed."""

    revision: str
    written: tuple[str, ...]
    deleted: tuple[str, ...]
    staged: bool


def restore(
    project: Project,
    paths: Sequence[Path],
    *,
    revision: str | None = None,
    staged: bool = False,
    force: bool = False,
    dry_run: bool = False,
) -> Restored:
    """Bring paths back as a revision has them.

    With `staged`, staging alone goes back (to HEAD unless a revision is given; without paths, all of it).
    Otherwise the files of the working tree are written as staging has them, or as the given revision has
    them, and then staging follows. Either everything is brought back, or nothing. With `dry_run`, it is only
    said what would be done.

    Raises:
        UsageError: there are neither paths nor `staged`.
        InputError: a path is not tracked, or its content is not in the store.
        RefusedError: a file would be overwritten whose content is not recorded; `force` insists.
    """
    if not paths and not staged:
        raise UsageError("restore needs paths", hint="dlabel restore PATH…, or dlabel restore --staged")
    with project.writing("dlabel restore") as position:
        stage = Stage.of(project, position)
        name = revision or ("HEAD" if staged else STAGED)
        wanted = view_of(project.store, resolve_revision(project, name).tree, name)
        contents = _contents(stage, wanted) if paths else {}
        before = dict(stage.known)
        chosen = choose(project, paths, (stage.tree, wanted.tree), {*before, *contents})
        if staged or revision is not None:
            take(stage, wanted, chosen if paths else None)
        if staged:
            _reset_bases(stage, chosen, everything=not paths)
            rekey_bases(stage)
            return Restored(name, (), (), stage.would_change() if dry_run else stage.save())
        writer = _Writer(stage, wanted, force=force)
        writer.write(chosen, contents, before)
        changed = stage.would_change() if dry_run else stage.save(writer.renames())
        return Restored(name, tuple(sorted(writer.written)), tuple(sorted(writer.deleted)), changed)


def _contents(stage: Stage, wanted: View) -> Mapping[str, str | None]:
    """Key and content of every item of a tree that may be staging's."""
    return stage.known if wanted.tree.items == stage.view.tree.items else read_items(wanted)


def _reset_bases(stage: Stage, chosen: Chosen, *, everything: bool) -> None:
    """The sources are remembered as they were at the last commit, so that their files count as new again: but for
    those whose files say just what staging holds now."""
    names = {*stage.bases, *stage.position.head_bases} if everything else set(chosen.sources)
    for name in names:
        if stage.base(name) is not None and says_the_same(stage, name):
            continue
        base = stage.position.head_bases.get(name)
        if base is not None and name in stage.tree.sources:
            stage.bases[name] = base
        else:
            stage.bases.pop(name, None)


class _Writer:
    """Writes files beside the store first; they take their places once staging has moved."""

    def __init__(self, stage: Stage, wanted: View, *, force: bool) -> None:
        self._stage = stage
        self._project = stage.project
        self._root = str(stage.project.root)
        self._wanted = wanted
        self._force = force
        self._cached = stage.project.store.cache.files()
        self._temporary: list[tuple[Path, str]] = []
        self.written: set[str] = set()
        self.deleted: set[str] = set()

    def write(
        self, chosen: Chosen, contents: Mapping[str, str | None], before: Mapping[str, str | None]
    ) -> None:
        """Prepare everything that was chosen; of images, what they hold, and held in staging before, is given by key.

        Raises:
            RefusedError: some files hold what is not recorded (all are named).
        """
        for name in chosen.sources:
            source = self._wanted.tree.sources.get(name)
            if source is not None and source.path is not None:
                self._write_source(name, source)
        for key in chosen.items:
            content = contents.get(key)
            if content is not None:
                self._write_image(key, ObjectId(content))
        self._take_back([key for key in chosen.items if key not in contents], contents, before)
        if chosen.spec and self._wanted.tree.spec_text is not None:
            self._write_spec(self._wanted.tree.spec_text)

    def renames(self) -> list[Rename]:
        """What is to be journalled; the files are durable by now."""
        folder = self._project.store.temporary
        sync_all(folder, [*(path for path, _ in self._temporary), folder])
        root = self._project.root
        moves = [Rename(path.relative_to(root).as_posix(), key) for path, key in self._temporary]
        return [*moves, *(Rename(key, "") for key in sorted(self.deleted))]

    def _prepare(self, key: str, chunks: Iterator[bytes]) -> ObjectId:
        """Write a file beside the store, unless the working tree has it so already; its blob id."""
        temporary = self._project.store.objects.new_temporary()
        running = hasher(BLOB)
        with temporary.open("wb") as out:
            for chunk in chunks:
                running.update(chunk)
                out.write(chunk)
        content = ObjectId(running.hexdigest())
        there = self._project.on_disk(key)
        if (
            there is not None
            and there.stat().st_size == temporary.stat().st_size
            and content == blob_id_of(there)
        ):
            temporary.unlink()
            return content
        self._temporary.append((temporary, key))
        self.written.add(key)
        return content

    # Images and the spec

    def _write_image(self, key: str, content: ObjectId) -> None:
        if self._surely_holds(key, content):
            return
        objects = self._project.store.objects
        path = self._project.on_disk(key)
        if path is not None and self._content_of(key, path) == content:
            return
        if not objects.has(content) and self._project.config.images == "reference":
            raise InputError(
                "the image's bytes are not in the store",
                where=key,
                hint="with `images: reference` only ids are kept",
            )
        self._refuse_unrecorded(key, path)
        if self._prepare(key, _pieces(objects.open(content, BLOB))) != content:
            raise differs(self._project, key, objects.path(content), content)

    def _take_back(
        self, gone: Sequence[str], contents: Mapping[str, str | None], before: Mapping[str, str | None]
    ) -> None:
        """Images that lie under their old keys again go from those that they have had since."""
        back = {*contents.values()} - {None} if gone else set()
        for key in gone:
            path = self._project.on_disk(key) if before.get(key) in back else None
            if path is not None and self._content_of(key, path) == before[key]:
                self.deleted.add(key)

    def _surely_holds(self, key: str, content: ObjectId) -> bool:
        """Whether the cache vouches for a file, of which most restores meet very many: only its stat is asked for."""
        one = self._cached.get(key)
        if one is None or one.content != content:
            return False
        try:
            return one.still(Stat.of(os.stat(f"{self._root}/{key}")))  # noqa: PTH116 - a Path each would cost more
        except OSError:
            return False

    def _content_of(self, key: str, path: Path) -> ObjectId:
        """What a file holds: as it was last read, where it has surely not changed since."""
        one = self._cached.get(key)
        return one.content if one is not None and one.still(Stat.of(path.stat())) else blob_id_of(path)

    def _write_spec(self, text: ObjectId) -> None:
        path = self._project.root / SPEC_FILE
        if path.exists():
            if blob_id_of(path) == text:
                return
            self._refuse_unrecorded(SPEC_FILE, path)
        self._prepare(SPEC_FILE, iter([self._project.store.objects.get(BLOB, text)]))

    def _refuse_unrecorded(self, key: str, path: Path | None) -> None:
        if path is None or self._force:
            return
        if not self._project.store.objects.has(self._content_of(key, path)):
            raise RefusedError(
                "has changes that are not recorded",
                where=key,
                hint=f"dlabel add {self._project.typed(key)} first, or --force to lose them",
            )

    # Label sources

    def _write_source(self, name: str, source: Source) -> None:
        path = source.path or ""
        whole = PARTIAL not in source.options
        known, gone = self._read_last(name, path)
        # Spelled by another tool, perhaps, but nothing is to be said anew.
        spared = known if known and whole and says_the_same(self._stage, name) else {}
        if spared and not gone:
            return
        fmt = get_format(source.format)
        view = View(self._project.store, self._stage.finished(), self._wanted.name)
        contents: dict[str, str] = {}
        selection = SourceSelection(view, name, source)
        folder = fmt.is_folder(selection.header or {})
        for file in fmt.write(selection):
            member = file.path if folder else ""
            key = f"{path}/{member}".removeprefix("./") if member else path
            contents[member] = spared.get(member) or self._prepare(key, iter(file.chunks))
            if member and member not in known:
                self._refuse_other(key, contents[member])
        self._delete_others(path, source.format, set(contents))
        remember_written(self._stage, name, digest_of_contents(dict(sorted(contents.items()))))

    def _refuse_other(self, key: str, content: str) -> None:
        """A file that was not read, since `.dlabelignore` names it, may hold what nobody recorded."""
        path = self._project.path_of(key)
        if not self._force and path.is_file() and blob_id_of(path) != content:
            raise RefusedError(
                "is another file, which was never added",
                where=key,
                hint="move it away, or --force to lose it",
            )

    def _read_last(self, name: str, path: str) -> tuple[dict[str, str], bool]:
        """The files on disk, by their paths below the source, with their blob ids, that are what was read from them
        last; and whether others are gone, of which nothing can be lost.

        Raises:
            RefusedError: they are something else, which nothing but `force` may overwrite.
        """
        if not self._project.path_of(path).exists():
            return {}, False
        known = self._stage.tree.sources.get(name)
        base = self._stage.position.bases.get(name)
        if known is not None and base is not None:
            found = label_files(self._project, name, path, get_format(known.format))
            contents = contents_of(self._project.store, found.files, found.entries, self._cached)
            if not contents or digest_of_contents(contents) == base.digest:
                return contents, False
            gone = self._gone(name, base, found.files)
            if gone and digest_of_contents({**gone, **contents}) == base.digest:
                return contents, True
        if self._force:
            return {}, False
        raise RefusedError(
            "has changes that are not added",
            where=path,
            hint=f"dlabel add {self._project.typed(path)} first, or --force to lose them",
        )

    def _gone(self, name: str, base: Base, files: SourceFiles) -> dict[str, str]:
        """What the files of a folder source held when it was last read that are not there any more."""
        if not files.members:
            return {}
        said = view_of(self._project.store, base.tree, name).mentions_of(name, ["number"])
        members = [json.loads(number or "null") for number in said.column("number").to_pylist()]
        paths = {one: f"{files.root}/{one}" for one in members if isinstance(one, str)}
        held = {one: self._cached.get(printable(path)) for one, path in paths.items()}
        return {
            one: known.content
            for one, known in held.items()
            if known is not None and not os.path.lexists(paths[one])
        }

    def _delete_others(self, path: str, format_name: str, members: set[str]) -> None:
        """Files of a folder source that it did not have then."""
        place = self._project.path_of(path)
        if "" in members or not place.is_dir():
            return
        for key, _, entry in self._project.walk(path):
            if entry.path not in members and is_member(format_name, entry.path):
                self.deleted.add(key)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while data := file.read(1 << 22):
            yield data
