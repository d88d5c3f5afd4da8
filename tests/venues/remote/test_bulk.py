"""An account with a second client for what may take long."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from tests.venues.remote.seats import BINANCE_SPOT, exchange_now, seated
from tradewind.clients import Keys, connect
from tradewind.market import WallClock
from tradewind.venues.remote import open_account


def test_new_rules_that_the_second_client_reads_are_those_of_the_first(tmp_path: Path) -> None:
    async def story() -> None:
        async with exchange_now(tmp_path) as local, seated(local, BINANCE_SPOT) as seat:
            model = seat.venue.client
            keys = Keys(model.apiKey, model.secret, model.password or "")
            client, bulk = (
                connect("binance", "local", keys=keys, at=local.url, kinds=["spot"], streams=streams)
                for streams in (True, False)
            )
            try:
                account = await open_account(client, BINANCE_SPOT.kind, clock=WallClock(), bulk=bulk)
                before = (await account.instruments([seat.symbol]))[seat.symbol]
                filters = replace(
                    seat.exchange.listings[seat.symbol].filters, min_notional=2 * before.min_notional
                )
                seat.exchange.control.change_listing(seat.symbol, filters=filters)
                after = (await account.instruments([seat.symbol]))[seat.symbol]
                assert after.min_notional == 2 * before.min_notional
                assert client.markets is bulk.markets
                assert bulk.options["timeDifference"] == client.options["timeDifference"]
            finally:
                await client.close()
                await bulk.close()

    asyncio.run(story())
