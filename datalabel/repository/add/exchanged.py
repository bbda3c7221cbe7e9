"""Does a label file call images as it did when it was last read, or as they are called by now?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from datalabel.errors import RefusedError
from datalabel.labels.hashing import hash_rows
from datalabel.labels.mentions import keys_by_name
from datalabel.labels.rows import of_items, split_by_source
from datalabel.labels.tables import GEOMETRY
from datalabel.repository.add.spoken import Spoken
from datalabel.repository.names import Images, Place
from datalabel.repository.stage import Stage
from datalabel.store.table import Table

_DRAWN = ("class", "kind", *GEOMETRY)


def refuse_exchanged(
    stage: Stage, source: str, place: Place, now: Spoken, changed: Iterable[str], base: Table | None
) -> None:
    """A name that is remembered to mean an item which was moved, and is another item's own by now, may mean either:
    the tool that wrote the file may have seen the move, or not. The labels that it did not change tell; `base` is
    what it said before.

    Raises:
        RefusedError: they do not tell, or tell that it has seen the move; the message names the ways out.
    """
    if base is None:
        return
    wanted, images = set(changed) & stage.known.keys(), Images(stage.known, list_disk=lambda: ())
    doubtful: dict[str, tuple[str, str]] = {}
    for name, key in keys_by_name(now.mentions).items() if wanted else ():
        if key not in wanted or key == name or key in (paths := [*place.readings(name, images.folders)]):
            continue
        own = {one for path in paths for one in images.at(path)}
        if own and key not in own:
            doubtful[key] = name, min(own)
    if not doubtful:
        return
    said = _drawn(of_items(now.labels, doubtful))
    items = sorted({*doubtful, *(own for _, own in doubtful.values())})
    held = _drawn(split_by_source(stage.read(base, items), source)[0])
    as_before = sum(len(said.get(key, set()) & held.get(key, set())) for key in doubtful)
    as_now = sum(len(said.get(key, set()) & held.get(own, set())) for key, (_, own) in doubtful.items())
    if not as_before or as_now:
        typed = stage.project.typed(source)
        key, (name, called) = min(doubtful.items(), key=lambda one: one[1])
        raise RefusedError(
            f"{name!r} meant {key} when it was last read, and is what {called} is called now",
            where=source,
            hint=f"if it means {called}: dlabel rm {typed}, then dlabel add {typed}; "
            f"if it means {key}: call it so in the file",
        )


def _drawn(labels: pa.Table) -> Mapping[str, set[int]]:
    """What is drawn on each item, by fingerprints."""
    found: dict[str, set[int]] = {}
    for item, one in zip(labels.column("item").to_pylist(), hash_rows(labels, _DRAWN).tolist(), strict=True):
        found.setdefault(item, set()).add(one)
    return found
