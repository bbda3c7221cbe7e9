"""Classes that are called otherwise here than in the file they came with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.rows import with_column

Names = Mapping[str, str | None]
"""What classes of a file are called here; None: no label is left of it. Those that are absent are called as there."""


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
