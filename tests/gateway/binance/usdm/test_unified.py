"""All that ccxt's binanceusdm says it has is answered, or refused with a reason in a table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import ccxt
import pytest
import pytest_asyncio
from ccxt.base.exchange import Exchange as Base

from tests.exchange.worlds import PERP, assert_sound, moving
from tests.gateway.binance.usdm.unified import PLAIN, REFUSED_ARGUMENTS, WATCHES
from tests.gateway.binance.usdm.venue import KEY, SECRET, Running, running
from tradewind.exchange import Permission
from tradewind.gateway.binance.usdm import REFUSED

NOT_CALLS = {"future", "privateAPI", "publicAPI", "sandbox", "swap", "ws"}  # of the exchange
NOT_IN_CCXT = {"fetchPositionForSymbolWs", "watchOrdersForSymbols"}  # claimed, but there is no code
HERE = Path(__file__).parent


@pytest_asyncio.fixture
async def here(folder: Path) -> AsyncIterator[Running]:
    async with running(folder, moving(900, step=0.0005)) as found:
        every = frozenset(Permission)
        found.house.exchange.control.add_key("me", KEY, SECRET, every)
        yield found
        assert_sound(found.house.exchange)


async def call(client: Any, name: str, *arguments: object) -> Any:
    found = getattr(client, name)(*arguments)
    return await asyncio.wait_for(found, 5) if asyncio.iscoroutine(found) else found


def test_every_claim_is_called_somewhere() -> None:
    claimed = (
        {name for name, has in ccxt.pro.binanceusdm().has.items() if has is True} - NOT_CALLS - NOT_IN_CCXT
    )
    ended = {end for _, end in WATCHES.values()}
    known = {*PLAIN, *REFUSED, *WATCHES, *ended}
    texts = "".join((HERE / name).read_text() for name in ("test_ccxt.py", "test_ccxt_streams.py"))
    elsewhere = {name for name in claimed - known if f".{Base().un_camel_case(name)}(" in texts}
    left = claimed - known - elsewhere
    assert left == {"fetchOpenOrder", "watchLiquidationsForSymbols", "watchMyLiquidationsForSymbols"}
    assert not set(REFUSED) & {*PLAIN, *WATCHES}
    assert set(REFUSED) == set(REFUSED_ARGUMENTS)


@pytest.mark.asyncio
async def test_what_is_served_answers(client: Any) -> None:
    await client.create_order(PERP, "market", "buy", 1)
    failed = {}
    for name, arguments in PLAIN.items():
        try:
            assert await call(client, name, *arguments) is not None
            await client.cancel_all_orders(PERP)
            await client.cancel_all_orders(PERP, {"trigger": True})
        except ccxt.BaseError as error:
            failed[name] = repr(error)
    assert not failed


@pytest.mark.asyncio
async def test_what_is_refused_says_so(client: Any) -> None:
    answered = []
    for name, arguments in REFUSED_ARGUMENTS.items():
        with suppress(ccxt.BaseError):
            await call(client, name, *arguments)
            answered.append(name)
    assert not answered


@pytest.mark.asyncio
async def test_what_is_watched_comes_and_ends(client: Any, here: Running) -> None:
    hub = here.server.dialects[1].sockets.hub
    for name, (arguments, end) in WATCHES.items():
        task = asyncio.ensure_future(getattr(client, name)(*arguments))
        for _ in range(100):
            await asyncio.sleep(0.03)
            if task.done():
                break
            here.run(0.2)
        assert await asyncio.wait_for(task, 1), name
        await call(client, end, *arguments)
        await asyncio.sleep(0.05)
        assert not hub.names(), name


@pytest.mark.asyncio
async def test_an_open_order(client: Any) -> None:
    order = await client.create_order(PERP, "limit", "buy", 0.5, 90)
    assert (await client.fetch_open_order(order["id"], PERP))["id"] == order["id"]
