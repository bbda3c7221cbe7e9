"""Classes that are called otherwise here than in the file they came with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.rows import with_column

Names = Mapping[str, str | None]
"""What classes of a file are called here; None: no label is left of it. Those that are absent are called as there. A
class that others have the name of is there with its own."""


def in_words_here(labels: pa.Table, names: Names) -> pa.Table:
    """Labels whose classes are called as in their file, with the classes called as here."""
    told = {old: new for old, new in names.items() if new is not None}
    if not told:
        return labels
    words = labels.column("class")
    here = pa.array(told.values(), pa.string()).take(
        pc.index_in(words, value_set=pa.array(told, pa.string()))
    )
    return with_column(labels, "class", pc.coalesce(here, words))


def one_each(classes: Iterable[str], names: Names) -> Names:
    """The names of these classes, none given twice: of several that have one name here, that which has it in the file
    keeps it, else the first; the others have none."""
    here = {name: names.get(name, name) for name in classes}
    taken = {name for old, name in here.items() if name == old}
    for old, name in here.items():
        if name is not None and name != old:
            here[old] = None if name in taken else name
            taken.add(name)
    return {old: name for old, name in here.items() if name != old}


def between(then: Names, now: Names) -> Names:
    """What classes are called now, by what they were called then."""
    return settled(
        {word: now.get(old, old) for old in {**then, **now} if (word := then.get(old, old)) is not None}
    )


def settled(names: Names) -> Names:
    """Names without those that say nothing: of classes that keep their own, which no other has got."""
    shared = {here for old, here in names.items() if here != old}
    return {old: here for old, here in names.items() if here != old or here in shared}
