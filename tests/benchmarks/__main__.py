"""The command: choose works, run them, print the table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .bench import Bench, environment
from .inputs import Inputs
from .measuring import Outcome, Runner
from .sizes import SIZES, Size
from .table import Result, document, judged, lines, summary
from .work import RunFailedError, Work
from .works import WORKS, chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the works; 1 when dlabel itself failed at one."""
    options = _parser().parse_args(arguments)
    size = SIZES[options.size]
    try:
        names = chosen(options.only)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.work:
        options.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="benchmarks-", dir=options.work) as work:
        results = []
        inputs = Inputs(options.keep.resolve() / size.name if options.keep else Path(work) / "inputs", size)
        bench = Bench(inputs, options.rivals_venv, Path(work) / "projects", environment(Path(work) / "home"))
        for name in names:
            results.append(_result(name, bench, Path(work) / "runs", options.runs or size.runs))
            if not options.json:
                sys.stdout.write("\n".join(lines(results[-1])) + "\n\n")
                sys.stdout.flush()
    closing = (
        json.dumps(document(results, _facts(size)), indent=2) if options.json else "\n".join(summary(results))
    )
    sys.stdout.write(closing + "\n")
    return int(
        any(
            one.measured is None and one.name.startswith("dlabel")
            for each in results
            for one in each.outcomes
        )
    )


def _result(name: str, bench: Bench, folder: Path, runs: int) -> Result:
    size = bench.inputs.size
    folder.mkdir(exist_ok=True)
    try:
        work = WORKS[name](bench)
    except RunFailedError as error:
        return Result(name, Work("could not be prepared", ()), [Outcome("dlabel", None, str(error))], [])
    outcomes = Runner(folder, bench.environment, size.patience).measure(work, runs)
    return judged(name, work, outcomes, full=size.name == "full")


def _facts(size: Size) -> dict[str, str | int | None]:
    return {
        "size": size.name,
        "cores": os.cpu_count(),
        "machine": platform.platform(),
        "python": platform.python_version(),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small", help="how much there is to do (small)")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="these works; coco_* means several"
    )
    parser.add_argument(
        "--runs", type=int, metavar="N", help="runs of each, of which the median counts (5, small: 1)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the inputs there for the next time")
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="the disk to measure on (the temporary folder)"
    )
    parser.add_argument("--rivals-venv", type=Path, metavar="DIR", help="where rivals.txt is installed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
