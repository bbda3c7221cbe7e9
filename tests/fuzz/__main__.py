"""`python -m tests.fuzz [--runs N] [--seed N] [--only NAME …]`: fuzz every reader of hostile bytes."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.run import fuzz
from fuzz.targets import targets


def main() -> int:
    """Fuzz, tell what was found; 1 when something was."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000, help="inputs for each target")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="another seed, other inputs")
    parser.add_argument("--only", nargs="*", choices=list(targets()), default=list(targets()))
    options = parser.parse_args()
    found = 0
    for name in options.only:
        started = time.monotonic()
        complaints = fuzz(name, options.runs, options.seed)
        took = time.monotonic() - started
        print(f"{name}: {options.runs:,} inputs, seed {options.seed}, {took:.1f} s", flush=True)  # noqa: T201
        for complaint in complaints:
            print(complaint, file=sys.stderr)  # noqa: T201
        found += len(complaints)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
