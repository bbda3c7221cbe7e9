"""Works on labels: a large COCO file added, added again, compared, checked, counted, frozen and exported."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from .bench import Bench, bytes_under, dlabel, program
from .image_rivals import Prepare, rivals
from .projects import LABELS, STORE, add_and_commit, committed, exported, labels_project
from .work import Contender, Limit, Quantity, Work

GIGABYTE = 1e9

UNMEASURED = "dlabel, unmeasured"
"""As the first command finds a store whose measures were deleted; a commit measures what it brings."""


def coco_add(bench: Bench) -> Work:
    """The first version of a label file."""
    path = bench.inputs.coco
    return Work(
        f"add of COCO, {path.stat().st_size / 1e6:,.0f} MB, {bench.inputs.size.coco_labels:,} outlines",
        (
            Contender("dlabel", (dlabel("add", LABELS),), labels_project(bench, path)),
            bench.python_rival("orjson.loads", "orjson", "orjson_loads", path),
            bench.python_rival("json", "json", "json_load", path),
            bench.python_rival("pycocotools", "pycocotools", "pycocotools_load", path),
            bench.python_rival("labelformat", "labelformat", "labelformat_load", path),
            _datumaro(bench, "datumaro_load", path),
        ),
        (
            Limit(("orjson.loads",), 0.7),
            Limit(plus=1.3 * GIGABYTE, quantity=Quantity.MEMORY),
        ),
        (path,),
    )


def coco_second(bench: Bench) -> Work:
    """The next version, numbers of labels kept."""
    return _second(
        bench, bench.inputs.coco_changed, "second version, labels of 1 % of the images changed: add + commit"
    )


def coco_renumbered(bench: Bench) -> Work:
    """The next version, from a tool that numbers anew."""
    return _second(
        bench, bench.inputs.coco_renumbered, "the same, and every label numbered anew: add + commit"
    )


def _second(bench: Bench, second: Path, title: str) -> Work:
    first = bench.inputs.coco

    def replace_labels(folder: Path) -> None:
        (folder / LABELS).unlink()  # it may be a link into a rival's store
        shutil.copyfile(second, folder / LABELS)

    def copy_labels(folder: Path) -> None:
        shutil.copyfile(first, folder / LABELS)

    beside = [rival for rival in rivals(bench) if rival.name in {"DVC, copies", "Oxen", "git"}]
    return Work(
        title,
        (
            Contender("dlabel", add_and_commit(LABELS), labels_project(bench, first, second), weigh=_store),
            Contender(
                "dlabel, first version", add_and_commit(LABELS), labels_project(bench, first), weigh=_store
            ),
            *(
                replace(rival.adds_again(copy_labels, replace_labels, LABELS), weigh=bytes_under)
                for rival in beside
            ),
        ),
        (
            Limit(("dlabel, first version",), 0.03, quantity=Quantity.BYTES),
            Limit(("dlabel, first version",), 0.6),
        ),
        (first, second),
    )


def diff(bench: Bench) -> Work:
    """Two versions by object, numbers of labels kept."""
    return _diff(
        bench,
        "two_versions",
        bench.inputs.coco_changed,
        "diff of the two versions, by object",
        "panlabel, by overlap",
        "panlabel, by number",
    )


def diff_renumbered(bench: Bench) -> Work:
    """Two versions by object, all labels numbered anew: comparing numbers finds nothing then."""
    return _diff(
        bench,
        "renumbered",
        bench.inputs.coco_renumbered,
        "diff when every label was numbered anew",
        "panlabel, by overlap",
    )


def _diff(bench: Bench, project: str, second: Path, title: str, *like: str) -> Work:
    first = bench.inputs.coco
    both = committed(bench, project, (first, second))
    compare = ("diff", "--format-a", "coco", "--format-b", "coco")
    return Work(
        title,
        (
            # HEAD is the spec's commit.
            Contender("dlabel", (dlabel("-C", both, "diff", "HEAD~2", "HEAD~1"),), reuse=True),
            bench.rival("panlabel, by overlap", "panlabel", *compare, "--match-by", "iou", first, second),
            bench.rival("panlabel, by number", "panlabel", *compare, first, second),
        ),
        (Limit(like, 0.1),),
        (first, second, both),
    )


def check(bench: Bench) -> Work:
    """Spec and geometry."""
    never, since, reading = ("--fail-on", "never"), "dlabel, --since", "reading + one pass"
    path = bench.inputs.coco_changed
    project = committed(bench, "two_versions", (bench.inputs.coco, path))
    return Work(
        "check of spec and geometry",
        (
            Contender("dlabel", (dlabel("-C", project, "check", "HEAD", *never),), reuse=True),
            Contender(UNMEASURED, (dlabel("check", "HEAD", *never),), _unmeasured(project)),
            # HEAD is the spec's commit; the one before it changed 1 % of the images.
            Contender(
                since, (dlabel("-C", project, "check", "HEAD~1", "--since", "HEAD~2", *never),), reuse=True
            ),
            bench.rival("panlabel validate", "panlabel", "validate", "--format", "coco", path),
            _datumaro(bench, "datumaro_validate", path),
            Contender(reading, (program("pass_over_columns", project / STORE / "objects"),), machine=True),
        ),
        (
            Limit(("panlabel validate",), 0.5),
            Limit((reading,), 3.0),
            Limit(plus=1.5 * GIGABYTE, quantity=Quantity.MEMORY),
            Limit(("dlabel",), 0.1, of=since),
        ),
        (path, project),
    )


def stats(bench: Bench) -> Work:
    """Numbers of everything."""
    path = bench.inputs.coco_changed
    project = committed(bench, "two_versions", (bench.inputs.coco, path))
    return Work(
        "stats",
        (
            Contender("dlabel", (dlabel("-C", project, "stats", "HEAD"),), reuse=True),
            Contender(UNMEASURED, (dlabel("stats", "HEAD"),), _unmeasured(project)),
            bench.rival("panlabel stats", "panlabel", "stats", "--format", "coco", path),
        ),
        (Limit(("panlabel stats",), 0.2),),
        (path, project),
    )


def export_coco(bench: Bench) -> Work:
    """Export to COCO."""
    rewrite = ("--task", "instance-segmentation", "--output-format", "coco", "--output-file", "out.json")
    return _export(bench, "coco", "coco", rewrite)


def export_yolo(bench: Bench) -> Work:
    """Export to YOLO."""
    rewrite = ("--task", "object-detection", "--output-format", "yolov8", "--output-file", "out/data.yaml")
    return _export(bench, "yolo", "yolo", (*rewrite, "--output-split", "train"))


def export_voc(bench: Bench) -> Work:
    """Export to VOC."""
    rewrite = ("--task", "object-detection", "--output-format", "pascalvoc", "--output-folder", "out")
    return _export(bench, "voc", "voc", rewrite)


def _export(bench: Bench, ours: str, theirs: str, labelformat: tuple[str, ...]) -> Work:
    path = bench.inputs.coco_changed
    project = committed(bench, "two_versions", (bench.inputs.coco, path))
    convert = ("convert", "-f", "coco", "-t", theirs, "-i", path, "-o", "out", "--allow-lossy")
    source = ("convert", "--input-format", "coco", "--input-file", path)
    return Work(
        f"export to {ours.upper()}",
        (
            Contender(
                "dlabel",
                (dlabel("-C", project, "export", "HEAD", "-f", ours, "-o", "{folder}/out", "--allow-loss"),),
            ),
            bench.rival("panlabel", "panlabel", *convert),
            bench.rival("labelformat", "labelformat", *source, *labelformat),
            Contender(
                "cp -r of the result",
                (("cp", "-r", str(exported(bench, project, ours)), "copy"),),
                machine=True,
            ),
        ),
        (Limit(("panlabel", "labelformat"), 1 / 3),),
        (path, project),
    )


def snapshot_create(bench: Bench) -> Work:
    """A snapshot with a split."""
    project = committed(bench, "two_versions", (bench.inputs.coco, bench.inputs.coco_changed))
    return Work(
        "snapshot create with a split",
        (
            Contender(
                "dlabel",
                (dlabel("snapshot", "create", "measured", "--split", "train=0.8,val=0.2"),),
                lambda folder: _copy_tree(project, folder),
            ),
            Contender(
                "reading the columns", (program("read_columns", project / STORE / "objects"),), machine=True
            ),
        ),
        (Limit(("reading the columns",), 3.0),),
        (project,),
    )


def _unmeasured(project: Path) -> Prepare:
    """A copy of a project in which nothing is left of what commits measured."""

    def prepare(folder: Path) -> None:
        _copy_tree(project, folder)
        shutil.rmtree(folder / STORE / "measures")

    return prepare


def _store(folder: Path) -> int:
    return bytes_under(folder / STORE)


def _copy_tree(source: Path, folder: Path) -> None:
    shutil.copytree(source, folder, dirs_exist_ok=True)


def _datumaro(bench: Bench, function: str, path: Path) -> Contender:
    rival = bench.python_rival("Datumaro", "datumaro", function, ".")
    return replace(rival, prepare=lambda folder: _as_datumaro_wants(path, folder))


def _as_datumaro_wants(path: Path, folder: Path) -> None:
    """Its COCO reader looks for a folder of images beside the annotations."""
    (folder / "images" / "train").mkdir(parents=True)
    (folder / "annotations").mkdir()
    (folder / "annotations" / "instances_train.json").symlink_to(path)
