"""Images that EXIF turns, and labels that are told in fractions of them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.errors import Fault
from datalabel.images import TURNED
from datalabel.labels.rows import distinct
from datalabel.repository.stage import Stage


def turned_images(stage: Stage, labels: pa.Table) -> list[Fault]:
    """What to say of labels that came as fractions: of which sides, where tools disagree on that."""
    rows = stage.read(stage.items, sorted(distinct(labels.column("item"))))
    turned = rows.filter(pc.fill_null(pc.greater_equal(rows.column("orientation"), TURNED), False))
    if not turned.num_rows:
        return []
    first, count = turned.column("item")[0].as_py(), turned.num_rows
    others = f", as {'is' if count == 2 else 'are'} {count - 1:,} more" if count > 1 else ""
    what = f"is turned by EXIF{others}: fractions are of the sides as stored, and where the tool turned the image, "
    return [Fault(f"{what}its labels are misplaced", first)]
