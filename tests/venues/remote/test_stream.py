"""What the stream of an account tells, and how it comes back, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.promises.virtual_time import run_virtually
from tests.venues.remote.seats import (
    BINANCE_SPOT,
    BINANCE_USDM,
    PLACES,
    UNIFIED_SPOT,
    Heard,
    Place,
    Seat,
    each,
    exchange_now,
    listening,
    seated,
    until,
)
from tradewind.market import Accepted, FillReason, OrderType
from tradewind.trading.terms.order_venue import ReportStatus
from tradewind.venues.remote import stream

Story = Callable[[Seat, Heard], Awaitable[None]]
Told = Callable[[Story], None]
STATUS_PATHS = ("event.X", "o.X", "data.*.status", "data.*.orderStatus")
FILLED_PATHS = ("event.z", "o.z", "data.*.accBaseVolume", "data.*.cumExecQty")


@pytest.fixture(params=each(PLACES))
def place(request: pytest.FixtureRequest) -> Place:
    return request.param


@pytest.fixture
def told(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Runs a story in a seat of its own, while its stream is heard."""
    monkeypatch.setattr(stream, "WAITS", (0.05,))

    def run(story: Story) -> None:
        async def alone() -> None:
            heard = Heard()
            async with (
                exchange_now(tmp_path) as local,
                seated(local, place) as seat,
                listening(seat, heard),
            ):
                await until(lambda: heard.connections == 1)
                await story(seat, heard)
                assert seat.venue.quarantined == 0 or "unreadable" in story.__name__

        run_virtually(alone())

    return run


def test_it_tells_of_orders_trades_and_balances(told: Told) -> None:
    async def story(seat: Seat, heard: Heard) -> None:
        resting = seat.resting()
        placed = await seat.venue.send(resting)
        assert isinstance(placed, Accepted)
        await until(lambda: heard.orders)
        report = heard.orders[0]
        assert (report.client_id, report.status, report.filled) == (
            resting.client_id,
            ReportStatus.OPEN,
            0,
        )
        assert report.venue_id == placed.venue_id
        await seat.venue.cancel(resting, placed.venue_id)
        await until(lambda: heard.orders[-1].status is ReportStatus.CANCELED)
        assert heard.orders[-1].client_id == resting.client_id

        bought = seat.intent("0.02")
        await seat.venue.send(bought)
        await until(lambda: sum(t.fill.lots for t in heard.trades) == bought.lots)
        await until(lambda: heard.orders[-1].status is ReportStatus.FILLED)
        assert heard.orders[-1].filled == bought.lots
        assert {t.fill.order_id for t in heard.trades} == {bought.client_id}
        asked = await seat.venue.trades(seat.symbol, seat.exchange.now_ms - 60_000)
        facts = [
            (t.fill.trade_id, t.fill.price, t.fill.quantity, t.fill.fee, t.fill.fee_asset) for t in asked
        ]
        assert facts == [
            (t.fill.trade_id, t.fill.price, t.fill.quantity, t.fill.fee, t.fill.fee_asset)
            for t in heard.trades
        ]
        assert [t.venue_id for t in asked] == [t.venue_id for t in heard.trades]
        if seat.place.is_spot:
            await until(lambda: any("BTC" in r.balances for r in heard.readings))
            held = [r.balances["BTC"].total for r in heard.readings if "BTC" in r.balances][-1]
        else:
            await until(lambda: any(seat.symbol in r.positions for r in heard.readings))
            held = [r.positions[seat.symbol].quantity for r in heard.readings if r.positions][-1]
        assert held == await seat.venue.holding(seat.symbol)

    told(story)


def test_a_stop_is_told_under_its_own_name(told: Told, place: Place) -> None:
    if place is UNIFIED_SPOT:
        pytest.skip("it has no stops")

    async def story(seat: Seat, heard: Heard) -> None:
        await seat.venue.send(seat.intent("0.02"))
        trigger = seat.price(0.9995)
        stop = seat.intent("-0.01", type=OrderType.STOP, trigger=trigger, reduce_only=not seat.place.is_spot)
        await seat.venue.send(stop)
        await until(lambda: any(o.client_id == stop.client_id for o in heard.orders))
        for _ in range(120):
            if seat.exchange.tape.last(seat.symbol) <= trigger:
                break
            seat.local.clock.step(60_000)
            await asyncio.sleep(0.05)
        await until(lambda: sum(t.fill.lots for t in heard.trades if t.fill.lots < 0) == stop.lots)
        assert {t.fill.order_id for t in heard.trades if t.fill.lots < 0} == {stop.client_id}
        told = [o for o in heard.orders if o.client_id == stop.client_id]
        await until(lambda: heard.orders[-1].status is ReportStatus.FILLED)
        assert told[0].status is ReportStatus.OPEN

    told(story)


@pytest.mark.parametrize("how", ["cut", "close"])
def test_it_comes_back_and_says_so(told: Told, how: str) -> None:
    async def story(seat: Seat, heard: Heard) -> None:
        seat.fault(how, where="frame", when={"times": 1})
        await seat.venue.send(seat.resting())
        await until(lambda: heard.connections == 2)
        assert len(heard.breaks) == 1
        heard.orders.clear()
        order = seat.resting()
        await seat.venue.send(order)
        await until(lambda: any(o.client_id == order.client_id for o in heard.orders))

    told(story)


@pytest.mark.fault("M11")
def test_a_subscription_that_is_never_confirmed_is_begun_anew(
    told: Told, monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    if place is not BINANCE_SPOT and place.house == "binance":
        pytest.skip("a listen key in the address is the whole subscription")
    monkeypatch.setattr(stream, "OPENING_SECONDS", 0.5)

    async def story(seat: Seat, heard: Heard) -> None:
        seat.fault("ignore", where="word", when={"times": 2})
        cut = seat.fault("cut", where="frame", when={"times": 1})
        await seat.venue.send(seat.resting())
        await until(lambda: cut.fired == 1)
        await until(lambda: heard.connections == 2)
        assert any("confirmed" in why for why in heard.breaks)
        order = seat.resting()
        await seat.venue.send(order)
        await until(lambda: any(o.client_id == order.client_id for o in heard.orders))

    told(story)


@pytest.mark.fault("M12")
def test_a_stream_that_the_venue_ends_is_opened_anew(told: Told, place: Place) -> None:
    if place.house == "bitget":
        pytest.skip("it closes the line, as a cut does")

    async def story(seat: Seat, heard: Heard) -> None:
        path, word = ("event.e", "eventStreamTerminated") if place.is_spot else ("e", "listenKeyExpired")
        seat.fault("alter", where="frame", set={path: word}, when={"times": 1})
        await seat.venue.send(seat.resting())
        await until(lambda: heard.connections == 2)
        assert word in heard.breaks[0]
        order = seat.resting()
        await seat.venue.send(order)
        await until(lambda: any(o.client_id == order.client_id for o in heard.orders))

    told(story)


@pytest.mark.fault("E13")
def test_an_unknown_status_makes_the_order_be_asked_for(told: Told) -> None:
    async def story(seat: Seat, heard: Heard) -> None:
        rule = seat.fault("alter", where="frame", set=dict.fromkeys(STATUS_PATHS, "HALF_OPEN"))
        order = seat.resting()
        await seat.venue.send(order)
        await until(lambda: any(o.client_id == order.client_id for o in heard.orders))
        assert heard.orders[-1].status is ReportStatus.OPEN
        assert rule.fired
        assert heard.breaks == []

    told(story)


@pytest.mark.fault("E13")
def test_what_is_unreadable_is_set_aside_and_the_stream_goes_on(told: Told) -> None:
    async def unreadable(seat: Seat, heard: Heard) -> None:
        rule = seat.fault("alter", where="frame", delete=list(FILLED_PATHS), match={"kind": "order"})
        broken, whole = seat.resting(), seat.resting(0.8)
        await seat.venue.send(broken)
        await until(lambda: rule.fired and seat.venue.quarantined)
        seat.local.faults.clear()
        await seat.venue.send(whole)
        await until(lambda: any(o.client_id == whole.client_id for o in heard.orders))
        assert all(o.client_id != broken.client_id for o in heard.orders)
        assert heard.breaks == []

    told(unreadable)


def test_a_liquidation_is_told_as_one(tmp_path: Path) -> None:
    async def story() -> None:
        heard = Heard()
        async with (
            exchange_now(tmp_path) as local,
            seated(local, BINANCE_USDM) as seat,
            listening(seat, heard),
        ):
            await until(lambda: heard.connections == 1)
            await seat.venue.send(seat.intent("0.02"))
            await until(lambda: heard.trades)
            seat.exchange.control.liquidate(seat.name, seat.symbol)
            await until(lambda: any(t.fill.reason is FillReason.LIQUIDATION for t in heard.trades))
            closed = [t for t in heard.trades if t.fill.reason is FillReason.LIQUIDATION]
            assert sum(t.fill.quantity for t in closed) == Decimal("-0.02")
            asked = await seat.venue.trades(seat.symbol, seat.exchange.now_ms - 60_000)
            assert [t.fill.reason for t in asked] == [t.fill.reason for t in heard.trades]

    run_virtually(story())


@pytest.mark.fault("M12")
def test_a_stream_whose_interface_is_gone_says_so_and_is_tried_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with exchange_now(tmp_path) as local, seated(local, BINANCE_USDM) as seat:
            gone = seat.fault("refuse", reason="retired", match={"path": "*listenKey*"})
            heard = Heard()
            async with listening(seat, heard):
                await until(lambda: len(heard.breaks) >= 2)
                assert gone.fired >= 2
                assert all("has been retired" in why for why in heard.breaks), heard.breaks
                assert heard.connections == 0
                seat.local.faults.clear()
                await until(lambda: heard.connections == 1)

    run_virtually(story())
