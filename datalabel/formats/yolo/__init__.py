"""YOLO: a folder of label files, one line per label in fractions of the image, and the names of the classes.

Ultralytics' layout (`data.yaml`, `labels/` beside `images/`) and Darknet's (`obj.names` or `classes.txt`, label
files beside the images or in a folder of their own) are read; Ultralytics' is written. A source is the folder
that holds the files which name the classes. Boxes, polygons, keypoints and rotated boxes: one sort per folder.

A line of class and four corners is a polygon, unless `data.yaml` says `task: obb`; `kpt_shape` there makes all
lines keypoints. Six columns are a box and a confidence, and the last of them must lie in 0..1.

Layout of the format: https://docs.ultralytics.com/datasets/ and https://github.com/AlexeyAB/darknet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalabel.errors import Fault, Faults, InputError
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

if TYPE_CHECKING:
    from datalabel.spec.model import Skeleton


class Yolo(NoClassNumbers):
    """The format `yolo`."""

    name = "yolo"
    title = "YOLO"
    folder = True
    fractional = True
    holds = Capabilities(kinds=frozenset({"box"}), decimals=9)

    def detect(self, path: Path, head: bytes) -> bool:
        """Whether the file holds label lines or names the classes of a YOLO data set."""
        from datalabel.formats.yolo.detect import is_yolo

        return is_yolo(path, head)

    def read(self, source: SourceFiles, context: ReadContext) -> Read:
        """Everything that the label files say; where it stands is written in `yolo.read`.

        Raises:
            InputError: with every fault of every file, each with its file and line; or the images whose sizes
                are not known.
        """
        from datalabel.formats.yolo.read import Reader

        if source.root.is_file():
            raise InputError(
                "is one file of a YOLO data set, which is a folder",
                where=source.name,
                hint="add the folder that holds data.yaml, obj.names or classes.txt",
            )
        if not source.members:
            raise InputError("holds no label files", where=source.name)
        found = Reader(source, context).read(whole=False) or Reader(source, context).read(whole=True)
        assert found is not None  # noqa: S101 - who reads all needs nothing more
        return found

    def is_folder(self, header: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """Always."""
        return True

    def header_fields(self, header: Mapping[str, Any]) -> Mapping[str, int]:
        """Those of `data.yaml` that no column holds."""
        from datalabel.formats.yolo.carried import header_fields

        return header_fields(header)

    def class_names(self, header: Mapping[str, Any]) -> Sequence[str]:
        """As numbered."""
        from datalabel.formats.yolo.dataset import read_dataset

        dataset, _ = read_dataset(header.get("files", {}), "", Faults())
        return [name for _, name in sorted(dataset.classes.items())]

    def renamed(self, header: Mapping[str, Any], names: Mapping[str, str | None]) -> Mapping[str, Any]:
        """With other names in the files that name the classes. One without a name keeps that which it had: trainers
        refuse numbers between which one is missing."""
        from datalabel.formats.yolo.dataset import with_names

        return {**header, "files": with_names(header.get("files", {}), names)}

    def skeletons(self, header: Mapping[str, Any]) -> Mapping[str, Skeleton]:
        """As Ultralytics' `kpt_names` has it; edges are not told."""
        from datalabel.formats.yolo.carried import skeletons

        return skeletons(header)

    def losses(self, selection: Selection, *, training: bool = False) -> list[Loss]:
        """What one YOLO folder cannot hold. The commonest of keypoints, polygons and rotated boxes decides what
        all labels are written as; a label of another kind is written by its bounds. For training, confidences
        are lost: a trainer refuses their column.

        Raises:
            RefusedError: two items would be written to one file, or the size of an image is not known.
        """
        from datalabel.formats.yolo.losses import losses

        return losses(selection, training=training)

    def write(self, selection: Selection) -> Iterator[OutputFile]:
        """The files of a source as they were; else `data.yaml`, and for an image at `images/<item>` its label
        file. Confidences are written where all labels have one.

        Raises:
            RefusedError: as `losses`, before the first file.
        """
        from datalabel.formats.yolo.write import output_files

        return output_files(selection)

    def image_place(self, split: str | None, name: str) -> str:
        """Below `images`, or below its folder for the split."""
        return f"images/{name}" if split is None else f"images/{split}/{name}"

    def write_splits(self, splits: Sequence[Selection]) -> Iterator[OutputFile]:
        """`data.yaml`, and the label file of every image where Ultralytics looks for it, without confidences. Splits
        called `valid` or `validation` stand under the key `val`.

        Raises:
            RefusedError: as `losses`, before the first file.
        """
        from datalabel.formats.yolo.write import split_files

        return split_files(splits)

    def split_doubts(self, splits: Sequence[str]) -> list[Fault]:
        """The splits that Ultralytics needs and are not there."""
        from datalabel.formats.yolo.data_yaml import TRAINED_ON, keys_of

        found = keys_of(splits).values()
        missing = [key for key in TRAINED_ON if key not in found]
        if not missing:
            return []
        what = f"data.yaml names no {' and no '.join(missing)}, which trainers need; its splits are "
        hint = "dlabel snapshot create NAME --split train=0.8,val=0.2 makes both"
        return [Fault(f"{what}{', '.join(found)}", hint=hint)]


FORMAT: Format = Yolo()
