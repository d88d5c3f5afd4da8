"""What an account, its key and its markets are, at every place, over real sockets."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.promises.virtual_time import run_virtually
from tests.venues.remote.seats import (
    BINANCE_SPOT,
    BINANCE_USDM,
    BITGET_SPOT,
    BITGET_SWAP,
    PLACES,
    UNIFIED_SWAP,
    Heard,
    Place,
    client_of,
    each,
    exchange_now,
    listening,
    seated,
    until,
)
from tradewind.clients import Keys, connect
from tradewind.exchange import Permission
from tradewind.market import AccessRefused, CashFlowKind, ConfigError, FeeAsset, Kind, WallClock
from tradewind.trading.terms.account_venue import (
    MarginMode,
    MarginSettings,
    Permissions,
    PositionMode,
)
from tradewind.venues.remote import open_account

SWAPS = [place for place in PLACES if not place.is_spot]


@pytest.mark.parametrize("place", each(PLACES))
def test_readings(place: Place, tmp_path: Path) -> None:
    async def story() -> None:
        async with exchange_now(tmp_path) as local, seated(local, place) as seat:
            venue = seat.venue
            assert abs(await venue.venue_time() - seat.clock.now_ms()) < 2_000
            found = await venue.permissions()
            assert (found.trade, found.withdraw, found.transfer) == (True, False, False)
            before = await venue.account()
            start = 200_000 if place.unified else 100_000  # one pool for both wallets
            assert before.balances["USDT"].total == before.balances["USDT"].free == start
            await venue.send(seat.intent("0.02"))
            after = await venue.account()
            assert after.balances["USDT"].free < start
            if place.is_spot:
                assert after.balances["BTC"].total == await venue.holding(seat.symbol)
                assert after.positions == {}
            else:
                held = after.positions[seat.symbol]
                true = seat.exchange.positions.all(seat.name, seat.symbol)[0]
                assert held.quantity == Decimal("0.02") == await venue.holding(seat.symbol)
                assert held.entry is not None
                assert float(held.entry) == pytest.approx(float(true.entry_price))
                assert held.mark is not None
                fees = sum(t.fee for t in seat.exchange.records.trades(seat.name, seat.symbol, limit=9))
                assert float(after.balances["USDT"].total) == pytest.approx(float(start - fees), abs=1e-6)
            instrument = (await venue.instruments([seat.symbol, "GONE/USDT"]))[seat.symbol]
            listing = seat.exchange.listings[seat.symbol]
            assert (instrument.tick, instrument.lot) == (listing.filters.tick, listing.filters.step)
            maker, taker = seat.exchange.fee_rates(seat.name, seat.symbol)
            assert (instrument.maker_fee, instrument.taker_fee) == (float(maker), float(taker))
            assert instrument.fee_asset is (FeeAsset.BASE if place.is_spot else FeeAsset.QUOTE)
            seat.exchange.control.halt(seat.symbol)
            assert await venue.instruments([seat.symbol]) == {}

    run_virtually(story())


@pytest.mark.parametrize("place", each(SWAPS))
def test_margin_is_set_and_verified(place: Place, tmp_path: Path) -> None:
    async def story() -> None:
        async with exchange_now(tmp_path) as local, seated(local, place) as seat:
            venue = seat.venue
            await venue.set_margin(seat.symbol, 3, MarginMode.ISOLATED)
            wanted = MarginSettings(3.0, MarginMode.ISOLATED, PositionMode.ONE_WAY)
            assert await venue.margin_settings(seat.symbol) == wanted
            await venue.send(seat.intent("0.02"))
            state = seat.exchange.positions.all(seat.name, seat.symbol)[0]
            assert (state.isolated, state.leverage) == (True, 3)
            assert await venue.margin_settings(seat.symbol) == wanted
            await venue.set_margin(seat.symbol, 3, MarginMode.ISOLATED)
            with pytest.raises(ConfigError, match="close its positions"):
                await venue.set_margin(seat.symbol, 3, MarginMode.CROSS)
            with pytest.raises(ConfigError, match="whole numbers"):
                await venue.set_margin(seat.symbol, 2.5, MarginMode.ISOLATED)

    run_virtually(story())


@pytest.mark.parametrize("place", each(SWAPS))
def test_hedge_mode_becomes_one_way(place: Place, tmp_path: Path) -> None:
    async def story() -> None:
        async with exchange_now(tmp_path) as local, seated(local, place, hedge=True) as seat:
            settings = await seat.venue.margin_settings(seat.symbol)
            assert settings.position_mode is PositionMode.HEDGE
            await seat.venue.set_margin(seat.symbol, 2, MarginMode.ISOLATED)
            assert not seat.exchange.account(seat.name).hedge

    run_virtually(story())


def test_spot_has_no_margin(tmp_path: Path) -> None:
    async def story() -> None:
        async with exchange_now(tmp_path) as local, seated(local, BINANCE_SPOT) as seat:
            with pytest.raises(ConfigError, match="spot"):
                await seat.venue.margin_settings(seat.symbol)

    run_virtually(story())


@pytest.mark.parametrize("place", each(SWAPS))
def test_funding_has_the_venues_ids(place: Place, tmp_path: Path) -> None:
    async def story() -> None:
        heard = Heard()
        async with (
            exchange_now(tmp_path) as local,
            seated(local, place) as seat,
            listening(seat, heard),
        ):
            await until(lambda: heard.connections == 1)
            since = seat.exchange.now_ms
            await seat.venue.send(seat.intent("0.02"))
            due = seat.exchange.control.set_next_funding(seat.symbol, Decimal("0.0005"))
            seat.local.clock.step_to(due + 1_000)
            await until(lambda: seat.exchange.now_ms > due)
            flows = await seat.venue.cash_flows(since)
            assert [(f.kind, f.symbol, f.at) for f in flows] == [(CashFlowKind.FUNDING, seat.symbol, due)]
            assert flows[0].amount < 0
            assert await seat.venue.cash_flows(flows[0].at + 1) == []
            if place.house == "binance":
                await until(lambda: heard.flows)
                assert heard.flows == flows

    run_virtually(story())


@pytest.mark.fault("E15")
@pytest.mark.parametrize(
    "place", [BINANCE_SPOT, BINANCE_USDM, BITGET_SPOT, BITGET_SWAP, UNIFIED_SWAP], ids=str
)
def test_a_key_of_another_environment_is_refused_by_name(place: Place, tmp_path: Path) -> None:
    async def story() -> None:
        async with exchange_now(tmp_path) as local, seated(local, place) as seat:
            seat.fault("refuse", reason="wrong_environment")
            with pytest.raises(AccessRefused, match=r"-2008|40099"):
                await seat.venue.account()
            seat.local.faults.clear()
            seat.exchange.control.revoke_key(seat.venue.client.apiKey)
            with pytest.raises(AccessRefused):
                await seat.venue.account()

    run_virtually(story())


@pytest.mark.parametrize("place", each(PLACES))
def test_a_key_that_may_take_money_out_is_told_as_one(place: Place, tmp_path: Path) -> None:
    async def story() -> None:
        async with exchange_now(tmp_path) as local, seated(local, place) as seat:
            seat.exchange.control.add_key(seat.name, "k" * 40, "s" * 40, frozenset(Permission), "p" * 8)
            keys = Keys("k" * 40, "s" * 40, "p" * 8)
            client = client_of(place, keys, local)
            try:
                venue = await open_account(client, place.kind, clock=seat.clock)
                found = await venue.permissions()
                assert isinstance(found, Permissions)
                assert (found.trade, found.withdraw) == (True, True)
                if not place.unified:
                    assert found.transfer is True
            finally:
                await client.close()

    run_virtually(story())


def test_a_venue_without_accounts_here_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        client = connect("binanceusdm", "local", keys=Keys("k", "s"), at="http://127.0.0.1:1")
        try:
            with pytest.raises(ConfigError, match="choose from"):
                await open_account(client, Kind.SPOT, clock=WallClock())
        finally:
            await client.close()

    run_virtually(story())
