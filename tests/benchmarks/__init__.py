"""Dlabel, its rivals and the physical limits on the same files: `python -m tests.benchmarks`."""
