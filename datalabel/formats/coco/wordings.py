"""What a COCO file says of each image, as one fingerprint."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import Raw

from datalabel.content import fingerprints
from datalabel.formats.coco.images import Images
from datalabel.labels.hashing import Hashes, hash_rows


def wordings_of(texts: Sequence[Raw], mentions: npt.NDArray[np.int32], images: Images) -> Hashes:
    """The wording of each image: of its own facts and of its annotations, in their order.

    `texts` are the annotations and `mentions` the positions of their images (−1: none).
    """
    hashes = np.fromiter(fingerprints(texts), np.uint64, count=len(texts))
    order = np.argsort(mentions, kind="stable")
    offsets = np.searchsorted(mentions[order], np.arange(len(images.names) + 1))
    said = {
        "name": images.mentions.column("name"),
        "number": images.mentions.column("number"),
        "width": pa.array(images.widths),
        "height": pa.array(images.heights),
        "texts": pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(hashes[order])),
    }
    return hash_rows(pa.table(said), list(said))
