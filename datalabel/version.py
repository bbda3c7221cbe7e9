"""The version of this program, as its distribution says."""

from __future__ import annotations

import functools


@functools.cache  # the files of a distribution are read for it
def version() -> str:
    """The installed version, or `unknown` when it runs from a bare tree."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("dlabel-vcs")
    except PackageNotFoundError:
        return "unknown"
