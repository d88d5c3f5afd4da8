"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real candles that TRADEWIND_TEST_DATA names; the test is skipped without it."""
    folder = os.environ.get("TRADEWIND_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("TRADEWIND_TEST_DATA names no folder of real candles")
    return Path(folder)
