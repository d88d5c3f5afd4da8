"""A running Binance USD-M under its own host names, and ccxt connected to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.exchange.worlds import assert_sound, moving
from tests.gateway.binance.usdm.venue import Running, close, running


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("authority")


@pytest_asyncio.fixture
async def here(folder: Path) -> AsyncIterator[Running]:
    async with running(folder, moving(900, step=0.0005)) as found:
        yield found
        assert_sound(found.house.exchange)


@pytest_asyncio.fixture
async def client(here: Running) -> AsyncIterator[Any]:
    made = await here.client()
    yield made
    await close(made)
