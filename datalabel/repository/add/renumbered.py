"""Does a list of results name images and classes by the numbers that they had when it was last read, or by those that
they have now?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.errors import RefusedError
from datalabel.labels.class_names import Names, in_words_here
from datalabel.labels.hashing import hash_rows
from datalabel.labels.rows import distinct, split_by_source, with_column
from datalabel.labels.tables import GEOMETRY, GROUND_TRUTH
from datalabel.repository.add.by_number import Renumbered
from datalabel.repository.add.spoken import LabelOptions, Spoken
from datalabel.repository.stage import Stage
from datalabel.store.table import Table

_DRAWN = ("item", "class", "kind", *GEOMETRY)


def refuse_renumbered(
    stage: Stage,
    source: str,
    how: LabelOptions,
    now: Spoken,
    unread: Mapping[str, int],
    base: Table | None,
    names: Names,
    found: Renumbered,
) -> None:
    """The numbers mean what they meant to this source before, as long as labels that it did not change bear that out.
    `base` is what it said then, `unread` has the items on which it says the same (see `Reading.before`), and `names`
    what its classes are called here.

    Raises:
        RefusedError: no label is as before, or more are by the numbers of now; the message names the ways out.
    """
    doubtful = pc.or_(_is_in(now.labels, "item", found.items), _is_in(now.labels, "class", found.classes))
    said = now.labels.filter(doubtful)
    if base is None or not said.num_rows:
        return
    then = in_words_here(said, names)
    other = then
    for name, values in (("item", found.items), ("class", found.classes)):
        other = with_column(other, name, pc.coalesce(_by_now(said, name, values), then.column(name)))
    items = sorted(distinct(then.column("item")) | distinct(other.column("item")))
    held = split_by_source(stage.read(base, items), how.replaces or source)[0]
    known = hash_rows(in_words_here(held, names), _DRAWN)
    as_before = int(np.isin(hash_rows(then, _DRAWN), known).sum())
    as_before += sum(
        digest != 0 and (bool(found.classes) or key in found.items) for key, digest in unread.items()
    )
    as_now = int(np.isin(hash_rows(other, _DRAWN), known).sum())
    if not as_before or as_now > as_before:
        raise _refused(stage, source, how, found)


def _is_in(rows: pa.Table, name: str, values: Mapping[str, tuple[str, str]]) -> pa.ChunkedArray:
    return pc.is_in(rows.column(name), value_set=pa.array(values, pa.string()))


def _by_now(rows: pa.Table, name: str, values: Mapping[str, tuple[str, str]]) -> pa.Array:
    """What the numbers of rows mean now; null where that is not in doubt."""
    now = pa.array((one for _, one in values.values()), pa.string())
    places = pc.index_in(rows.column(name), value_set=pa.array(values, pa.string()))
    return now.take(places.combine_chunks())


def _refused(stage: Stage, source: str, how: LabelOptions, found: Renumbered) -> RefusedError:
    if found.items:
        before, (number, now) = min(found.items.items(), key=lambda one: one[1])
        what = f"the image of number {number} was {before} when the list was last read, and is {now} now"
    else:
        before, (number, now) = min(found.classes.items(), key=lambda one: one[1])
        what = f"category {number} was {before!r} when the list was last read, and is {now!r} now"
    old, typed = (stage.project.typed(one) for one in (how.replaces or source, source))
    return RefusedError(
        f"{what}, and no labels that stayed tell which is meant",
        where=source,
        hint=f"if it means {now}: dlabel rm {old}, then dlabel add {typed}{_options(how)}; "
        f"if it means {before}: write the number that {before} has now",
    )


def _options(how: LabelOptions) -> str:
    """What to type so that a list belongs to its set again."""
    if how.set == GROUND_TRUTH:
        return ""
    if how.annotator == how.set:
        return f" --model {how.set}"
    return f" --set {how.set}" + (f" --annotator {how.annotator}" if how.annotator else "")
