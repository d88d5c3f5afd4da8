"""One account at every place, over real sockets: orders, questions, readings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.promises.virtual_time import run_virtually
from tests.venues.remote.seats import PLACES, Place, Seat, each, exchange_now, seated
from tradewind.market import Accepted, OrderType, Rejected, RejectKind
from tradewind.trading.acting.settings import Trigger
from tradewind.trading.terms.order_venue import NoSuchOrder, OrderReport, ReportStatus
from tradewind.venues.remote import open_account

Story = Callable[[Seat], Awaitable[None]]


@pytest.fixture(params=each(PLACES))
def place(request: pytest.FixtureRequest) -> Place:
    return request.param


@pytest.fixture
def told(place: Place, tmp_path: Path) -> Callable[[Story], None]:
    """Runs a story in a seat of its own."""

    def run(story: Story) -> None:
        async def alone() -> None:
            async with exchange_now(tmp_path) as local, seated(local, place) as seat:
                await story(seat)

        run_virtually(alone())

    return run


def test_the_life_of_a_limit_order(told: Callable[[Story], None]) -> None:
    async def story(seat: Seat) -> None:
        order = seat.resting()
        placed = await seat.venue.send(order)
        assert isinstance(placed, Accepted)
        open_ = OrderReport(order.client_id, seat.symbol, ReportStatus.OPEN, 0, placed.venue_id)
        assert await seat.venue.query(order, "") == open_
        assert await seat.venue.open_orders(seat.symbol) == [open_]
        again = await seat.venue.send(order)
        assert isinstance(again, Rejected)
        assert again.kind is RejectKind.DUPLICATE
        assert await seat.venue.cancel(order, placed.venue_id) == placed
        gone = await seat.venue.cancel(order, placed.venue_id)
        assert isinstance(gone, Rejected)
        assert gone.kind is RejectKind.NOT_FOUND
        report = await seat.venue.query(order, "")
        assert isinstance(report, OrderReport)
        assert report.status is ReportStatus.CANCELED
        assert await seat.venue.open_orders(seat.symbol) == []
        assert seat.orders_named(order.client_id) == 1
        assert await seat.venue.query(seat.resting(), "") == NoSuchOrder()

    told(story)


def test_a_market_order_its_trades_and_what_is_held(told: Callable[[Story], None]) -> None:
    async def story(seat: Seat) -> None:
        venue, since = seat.venue, seat.exchange.now_ms - 60_000
        assert await venue.holding(seat.symbol) == 0
        order = seat.intent("0.02")
        placed = await venue.send(order)
        assert isinstance(placed, Accepted), placed
        report = await venue.query(order, "")
        assert report == OrderReport(
            order.client_id, seat.symbol, ReportStatus.FILLED, order.lots, placed.venue_id
        )
        trades = await venue.trades(seat.symbol, since)
        assert sum(t.fill.lots for t in trades) == order.lots
        assert sum(t.fill.quantity for t in trades) == Decimal("0.02")
        assert {t.venue_id for t in trades} == {placed.venue_id}
        assert {t.fill.order_id for t in trades} <= {"", order.client_id}
        true = seat.exchange.records.trades(seat.name, seat.symbol, limit=100)
        assert [(t.fill.price, abs(t.fill.fee), t.fill.fee_asset) for t in trades] == [
            (t.price, t.fee, t.fee_asset) for t in true
        ]
        in_base = sum(t.fill.fee for t in trades if t.fill.fee_asset == "BTC")
        assert await venue.holding(seat.symbol) == Decimal("0.02") - in_base
        assert await venue.trades(seat.symbol, max(t.fill.at for t in trades) + 1) == []
        sold = seat.intent("-0.01", reduce_only=not seat.place.is_spot)
        assert isinstance(await venue.send(sold), Accepted)
        assert await venue.holding(seat.symbol) == Decimal("0.01") - in_base

    told(story)


@pytest.mark.parametrize("by", Trigger)
def test_a_stop_of_a_perpetual_waits_for_the_price_that_was_asked_for(
    told: Callable[[Story], None], place: Place, by: Trigger
) -> None:
    if place.is_spot:
        pytest.skip("spot knows the last price only")

    async def story(seat: Seat) -> None:
        await seat.venue.send(seat.intent("0.02"))
        seat.venue.stop_trigger = by
        stop = seat.intent("-0.01", type=OrderType.STOP, trigger=seat.price(0.8), reduce_only=True)
        assert isinstance(await seat.venue.send(stop), Accepted)
        found = seat.exchange.records.algos(seat.name)[-1].request
        assert found.trigger_by.value == by.value
        assert found.reduce_only

    told(story)


def test_what_a_stop_traded_while_nobody_listened_bears_its_name(told: Callable[[Story], None]) -> None:
    async def story(seat: Seat) -> None:
        since = seat.exchange.now_ms - 60_000
        assert isinstance(await seat.venue.send(seat.intent("0.02")), Accepted)
        near = seat.intent(
            "-0.01", type=OrderType.STOP, trigger=seat.price(0.9995), reduce_only=not seat.place.is_spot
        )
        if isinstance(await seat.venue.send(near), Rejected):
            return  # a unified account has no stops on spot
        assert near.trigger is not None
        for _ in range(120):  # minutes
            if seat.exchange.tape.last(seat.symbol) <= near.trigger:
                break
            seat.local.clock.step(60_000)
            await asyncio.sleep(0.05)
        restarted = await open_account(seat.venue.client, seat.place.kind, clock=seat.clock)
        await restarted.instruments([seat.symbol])
        sells = [t.fill for t in await restarted.trades(seat.symbol, since) if t.fill.lots < 0]
        assert sum(fill.lots for fill in sells) == near.lots
        if not (
            seat.place.is_spot and seat.place.house == "binance"
        ):  # there the trade has the stop's own id
            assert {fill.order_id for fill in sells} == {near.client_id}

    told(story)


def test_a_stop_rests_and_triggers(told: Callable[[Story], None]) -> None:
    async def story(seat: Seat) -> None:
        venue, since = seat.venue, seat.exchange.now_ms - 60_000
        assert isinstance(await venue.send(seat.intent("0.02")), Accepted)
        reduces = not seat.place.is_spot
        away = seat.intent("-0.01", type=OrderType.STOP, trigger=seat.price(0.8), reduce_only=reduces)
        placed = await venue.send(away)
        if seat.place.is_spot and seat.place.unified:
            assert isinstance(placed, Rejected)
            assert placed.kind is RejectKind.OTHER
            assert seat.orders_named(away.client_id) == 0
            assert not venue.rests_stops
            return
        assert venue.rests_stops
        assert isinstance(placed, Accepted), placed
        report = await venue.query(away, "")
        assert isinstance(report, OrderReport)
        assert (report.client_id, report.status, report.filled) == (away.client_id, ReportStatus.OPEN, 0)
        assert [o.client_id for o in await venue.open_orders(seat.symbol)] == [away.client_id]
        assert isinstance(await venue.cancel(away, report.venue_id), Accepted)
        report = await venue.query(away, "")
        assert isinstance(report, OrderReport)
        assert report.status is ReportStatus.CANCELED
        assert await venue.open_orders(seat.symbol) == []

        near = seat.intent("-0.01", type=OrderType.STOP, trigger=seat.price(0.9995), reduce_only=reduces)
        assert isinstance(await venue.send(near), Accepted)
        held = await venue.holding(seat.symbol)
        trigger = near.trigger
        assert trigger is not None
        for _ in range(120):  # minutes
            if seat.exchange.tape.last(seat.symbol) <= trigger:
                break
            seat.local.clock.step(60_000)
            await asyncio.sleep(0.05)
        report = await venue.query(near, "")
        assert isinstance(report, OrderReport)
        assert (report.client_id, report.status) == (near.client_id, ReportStatus.FILLED)
        assert report.filled == abs(near.lots)
        assert await venue.holding(seat.symbol) == held - Decimal("0.01")
        sells = [t for t in await venue.trades(seat.symbol, since) if t.fill.lots < 0]
        assert sum(t.fill.lots for t in sells) == near.lots
        for trade in sells:
            assert trade.fill.order_id == near.client_id or trade.venue_id == report.venue_id

    told(story)
