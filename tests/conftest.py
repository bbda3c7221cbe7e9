"""What every test may use."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import settings

# Machines are shared: how long one example takes tells nothing. What has to be quick says so itself.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

# Where a shell runs the tests in the background they are deaf to Ctrl-C, and so would be every command they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data made by others; tests that need it are skipped where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder of real data is not here")
    return SHARED_DATA
