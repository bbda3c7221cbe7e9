"""What a label source's files hold, in one id; read only where the stat cache does not know."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from datalabel.content import ObjectId, canonical_json, object_id
from datalabel.errors import InputError
from datalabel.files import Entry, Stat
from datalabel.formats.source_files import SourceFiles
from datalabel.printable import printable
from datalabel.store.cache import Known
from datalabel.store.objects import hash_stream
from datalabel.store.store import Store

DIGEST = "files"


def digest_of(
    store: Store, files: SourceFiles, entries: Sequence[Entry], known: Mapping[str, Known]
) -> ObjectId:
    """The digest of a source's files as they are now: the hash of their paths and contents (see `contents_of`)."""
    return digest_of_contents(contents_of(store, files, entries, known))


def contents_of(
    store: Store, files: SourceFiles, entries: Sequence[Entry], known: Mapping[str, Known]
) -> dict[str, str]:
    """The blob ids of a source's files as they are now, by their paths below the source (`""`: it is one file).

    `known` is what the cache knows of files; `entries` are the source's files in order, with their stats.
    """
    contents: dict[str, str] = {}
    fresh: list[Known] = []
    root = str(files.root)
    called = printable(root)  # databases hold Unicode only
    for entry in entries:
        # Texts, not paths: this is asked for every file of a folder.
        below = f"/{entry.path}" if files.members else ""
        name = called + below
        one = known.get(name)
        if one is None or not one.still(entry.stat):
            one = _looked_at(name, Path(root + below))
            fresh.append(one)
        contents[entry.path if files.members else ""] = one.content
    if fresh:
        store.cache.remember(fresh)
    return contents


def _looked_at(name: str, path: Path) -> Known:
    """A file's stat and content, under the name that the cache knows it by.

    Raises:
        InputError: it cannot be read.
    """
    checked = time.time_ns()
    try:
        with path.open("rb") as file:
            content, _ = hash_stream(file)
        return Known(name, *Stat.of(path.stat()), checked, content)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error


def digest_of_contents(contents: Mapping[str, str]) -> ObjectId:
    """The digest of files, from their blob ids by path."""
    return object_id(DIGEST, canonical_json(dict(contents)))
