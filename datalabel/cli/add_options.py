"""The arguments and options of `add`, as its help shows them."""

from __future__ import annotations

from enum import StrEnum

import typer


class Prefer(StrEnum):
    """`--prefer`: who is right where staging and a file contradict each other."""

    ours = "ours"
    theirs = "theirs"


PATHS = typer.Argument(None, metavar="[PATH]…", help="Images, label files, or folders of them.")
FORMAT = typer.Option(None, "--format", "-f", metavar="F", help="Insist on this label format.")
IMAGES = typer.Option(None, "--images", metavar="DIR", help="Where the label file's images lie.")
SET = typer.Option(None, "--set", metavar="NAME", help="The label set (default: ground_truth).")
ANNOTATOR = typer.Option(None, "--annotator", metavar="NAME", help="Who drew these labels.")
MODEL = typer.Option(None, "--model", metavar="NAME", help="The model; names the set too.")
ITEM_KEY = typer.Option(None, "--item-key", metavar="FIELD", help="The field that names an image.")
SIZE = typer.Option(
    None, "--size", metavar="WxH", help="Size of images that are not here, for formats that need it."
)
REPLACES = typer.Option(
    None, "--replaces", metavar="SOURCE", help="This is a newer export of SOURCE; replace it."
)
BESIDE = typer.Option(False, "--beside", help="Keep these labels in addition to those of other sources.")
PARTIAL = typer.Option(
    False, "--partial", help="The file covers only the items it names; labels of other items stay."
)
NAME = typer.Option(None, "--as", metavar="NAME", help="Name of a label file outside the project.")
KEEP_GOING = typer.Option(False, "--keep-going", help="Skip files that are not readable images (exit 1).")
PREFER = typer.Option(None, "--prefer", metavar="ours|theirs", help="Decide conflicts with staging.")
