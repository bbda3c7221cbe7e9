"""Hostile bytes: whatever is read, there are rows or one of our errors, in bounded memory and time."""

from __future__ import annotations

import pytest
from fuzz.run import fuzz
from fuzz.targets import targets


@pytest.mark.parametrize("name", targets())
def test_some_noise_gives_our_errors_only(name: str) -> None:
    assert fuzz(name, 60, seed=1) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", targets())
def test_much_noise_gives_our_errors_only(name: str) -> None:
    assert fuzz(name, 10_000, seed=2) == []
