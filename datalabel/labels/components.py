"""What hangs together: the connected components of a graph."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_ROOM = 1 << 26
"""Bytes that OpenBLAS may ask for when it starts."""


def components(size: int, left: npt.NDArray[np.intp], right: npt.NDArray[np.intp]) -> Ints:
    """The number of each node's component, shape (size,), counted from 0, where `left` and `right` are the ends of
    the edges.

    Raises:
        MemoryError: there is not enough for SciPy, whose OpenBLAS would ask for it for ever.
    """
    np.empty(_ROOM, np.uint8)  # asked for, not used: it takes no time
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)
