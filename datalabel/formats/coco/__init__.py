"""COCO: one JSON file with images, annotations and categories, or a list of scored results.

Polygons (of several pieces), run-length masks, keypoints and boxes; CVAT's `attributes` are properties, of an
annotation or of an image; an `annotator` on an annotation and `annotators` on an image say who drew and who saw.

Layout of the format: https://cocodataset.org/#format-data and #format-results.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalabel.errors import Fault
from datalabel.formats.base import (
    Capabilities,
    ClassNumber,
    Format,
    Loss,
    OutputFile,
    Read,
    ReadContext,
    Selection,
    SourceFiles,
)

if TYPE_CHECKING:
    from datalabel.spec.model import Skeleton

derived_fields = ("area", "num_keypoints")
"""Fields among the extras that follow from the geometry: stale once it has changed."""


class Coco:
    """The format `coco`."""

    name = "coco"
    title = "COCO"
    folder = False
    fractional = False
    holds = Capabilities(
        kinds=frozenset({"box", "polygon", "mask", "keypoints"}),
        properties=True,
        item_properties="attributes",
        confidence=True,
        annotator=True,
        pieces=True,
    )

    def detect(self, path: Path, head: bytes) -> bool:
        """Whether this is a JSON object with images and boxes, or a list of results."""
        from datalabel.formats.coco.detect import is_coco

        return is_coco(path, head)

    def read(self, source: SourceFiles, context: ReadContext) -> Read:
        """Everything that the file says; where it goes is written in `coco.read`.

        Raises:
            InputError: with every fault of the file, each with its place.
        """
        from datalabel.formats.coco.read import read

        return read(source, context)

    def is_folder(self, header: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """Never: a source is one file."""
        return False

    def header_fields(self, header: Mapping[str, Any]) -> Mapping[str, int]:
        """Of the top level, and of categories."""
        from datalabel.formats.coco.carried import header_fields

        return header_fields(header)

    def class_names(self, header: Mapping[str, Any]) -> Sequence[str]:
        """As its categories stand."""
        return [category["name"] for category in header.get("categories") or ()]

    def renamed(self, header: Mapping[str, Any], names: Mapping[str, str | None]) -> Mapping[str, Any]:
        """With other names in its categories, without those that have none any more; their numbers stay reserved."""
        from datalabel.formats.coco.reserved import renamed

        return renamed(header, names)

    def borrows_numbers(self, header: Mapping[str, Any]) -> bool:
        """Whether it is a list of results."""
        from datalabel.formats.coco.document import RESULTS

        return bool(header.get("shape") == RESULTS)

    def class_numbers(self, header: Mapping[str, Any]) -> Sequence[ClassNumber]:
        """Those of its categories, and the reserved ones."""
        from datalabel.formats.coco.reserved import class_numbers

        return class_numbers(header)

    def with_class_numbers(
        self, header: Mapping[str, Any], numbers: Sequence[ClassNumber]
    ) -> Mapping[str, Any]:
        """They are reserved: the writer gives them to nothing else."""
        from datalabel.formats.coco.reserved import with_class_numbers

        return with_class_numbers(header, numbers)

    def skeletons(self, header: Mapping[str, Any]) -> Mapping[str, Skeleton]:
        """Of the categories with names for their keypoints; a skeleton that does not fit them counts as none."""
        from datalabel.formats.coco.carried import skeleton_of

        found = ((one["name"], skeleton_of(one)) for one in header.get("categories") or ())
        return {name: skeleton for name, skeleton in found if skeleton is not None}

    def losses(self, selection: Selection, *, training: bool = False) -> list[Loss]:  # noqa: ARG002
        """What COCO cannot hold of the selection."""
        from datalabel.formats.coco.losses import losses

        return losses(self.holds, selection)

    def write(self, selection: Selection) -> Iterator[OutputFile]:
        """One file: again as it was for a source, else with its labels numbered anew."""
        from datalabel.formats.coco.write import output_file

        yield output_file(selection)

    def image_place(self, split: str | None, name: str) -> str:
        """In the folder of the split; file names in the split's JSON are relative to it."""
        return f"{'images' if split is None else split}/{name}"

    def write_splits(self, splits: Sequence[Selection]) -> Iterator[OutputFile]:
        """`annotations/instances_<split>.json` for each split, with the same categories in all of them."""
        from datalabel.formats.coco.write import output_file

        for split in splits:
            yield output_file(split, f"annotations/instances_{split.name}.json")

    def split_doubts(self, splits: Sequence[str]) -> list[Fault]:  # noqa: ARG002
        """None: a file each, by any name."""
        return []


FORMAT: Format = Coco()
