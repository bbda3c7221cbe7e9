"""Pascal VOC: a folder with one XML per image, boxes by their corners.

A source is a folder of XML files (in subfolders too) or a single one. Corners are taken as written:
x = xmin, w = xmax - xmin; nothing is shifted by a pixel, and boxes without area are kept.

Layout of the format: Everingham et al., "The PASCAL Visual Object Classes Challenge", IJCV 2010, and its
development kit; `<attributes>` as CVAT writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalabel.errors import Fault, InputError
from datalabel.formats.base import (
    Capabilities,
    Format,
    Loss,
    NoClassNumbers,
    OutputFile,
    Read,
    ReadContext,
    Selection,
    SourceFiles,
)
from datalabel.formats.losses import capability_losses

if TYPE_CHECKING:
    from datalabel.spec.model import Skeleton


class Voc(NoClassNumbers):
    """The format `voc`."""

    name = "voc"
    title = "Pascal VOC"
    folder = True
    fractional = False
    holds = Capabilities(kinds=frozenset({"box"}), properties=True)

    def detect(self, path: Path, head: bytes) -> bool:  # noqa: ARG002
        """Whether the first element is `<annotation>`, and its objects, where any are seen, have boxes."""
        from datalabel.formats.voc.detect import is_voc

        return is_voc(head)

    def read(self, source: SourceFiles, context: ReadContext) -> Read:
        """Everything that the XML files say; where it stands is written in `voc.header`.

        Raises:
            InputError: with every fault of every file, each with its file, line and object.
        """
        from datalabel.formats.voc.read import Reader

        single = source.root.is_file()
        if not single and not source.members:
            raise InputError("holds no XML files", where=source.name)
        return Reader(source, context).read([None] if single else list(source.members))

    def is_folder(self, header: Mapping[str, Any]) -> bool:
        """Unless it was a single XML file."""
        from datalabel.formats.voc.header import Common

        return Common.of(header).folder

    def header_fields(self, header: Mapping[str, Any]) -> Mapping[str, int]:  # noqa: ARG002
        """None: what is common to the files is how they are laid out."""
        return {}

    def class_names(self, header: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """None: only labels name classes."""
        return ()

    def renamed(self, header: Mapping[str, Any], names: Mapping[str, str | None]) -> Mapping[str, Any]:  # noqa: ARG002
        """As it is: only labels name classes."""
        return header

    def skeletons(self, header: Mapping[str, Any]) -> Mapping[str, Skeleton]:  # noqa: ARG002
        """None: the format does not name points."""
        return {}

    def losses(self, selection: Selection, *, training: bool = False) -> list[Loss]:  # noqa: ARG002
        """What Pascal VOC cannot hold. Other kinds than boxes are written by their bounds.

        Raises:
            RefusedError: two items would be written to one file, or a text cannot stand in XML.
        """
        from datalabel.formats.voc.refusals import refuse

        refuse(selection)
        return capability_losses(self.holds, selection, bounds=True)

    def write(self, selection: Selection) -> Iterator[OutputFile]:
        """One XML per item: again as it was for a source, else `Annotations/<item without suffix>.xml`.

        Raises:
            RefusedError: as `losses`, before the first file.
        """
        from datalabel.formats.voc.refusals import refuse
        from datalabel.formats.voc.write import output_files

        refuse(selection)
        return output_files(selection)

    def image_place(self, split: str | None, name: str) -> str:  # noqa: ARG002
        """In `JPEGImages`, whatever the split: that is told by lists."""
        return f"JPEGImages/{name}"

    def write_splits(self, splits: Sequence[Selection]) -> Iterator[OutputFile]:
        """`Annotations/<name>.xml` for every image, and `ImageSets/Main/<split>.txt` with the names of each split.

        Raises:
            RefusedError: as `losses`, and when two splits have an image of the same name; before the first file.
        """
        from datalabel.formats.voc.refusals import refuse_splits
        from datalabel.formats.voc.write import split_files

        refuse_splits(splits)
        return split_files(splits)

    def split_doubts(self, splits: Sequence[str]) -> list[Fault]:  # noqa: ARG002
        """None: lists of any name."""
        return []


FORMAT: Format = Voc()
