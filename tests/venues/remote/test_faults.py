"""Orders under faults, by the order manager on real accounts over real sockets: none lost, none doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.promises.virtual_time import run_virtually
from tests.venues.remote.managed import Managed, managed
from tests.venues.remote.seats import (
    BINANCE_SPOT,
    BINANCE_USDM,
    BITGET_SPOT,
    BITGET_SWAP,
    UNIFIED_SWAP,
    Place,
    Seat,
    each,
    exchange_now,
    seated,
    until,
)
from tradewind.clients.outcomes import Throttled
from tradewind.data.patience import Patience, VenueReader
from tradewind.market import Accepted, OrderType, Rejected, RejectKind, VenueUnavailable
from tradewind.trading.terms.order_states import Alarm, Status
from tradewind.trading.terms.order_venue import OrderReport

PLACES = [BINANCE_SPOT, BINANCE_USDM, BITGET_SPOT, BITGET_SWAP, UNIFIED_SWAP]
SWAPS = [place for place in PLACES if not place.is_spot]
Story = Callable[[Managed], Awaitable[None]]
Told = Callable[[Story], None]


@pytest.fixture(params=each(PLACES))
def place(request: pytest.FixtureRequest) -> Place:
    return request.param


@pytest.fixture
def told(place: Place, tmp_path: Path) -> Told:
    def run(story: Story) -> None:
        async def alone() -> None:
            async with (
                exchange_now(tmp_path) as local,
                seated(local, place) as seat,
                managed(seat, tmp_path) as desk,
            ):
                await story(desk)

        run_virtually(alone())

    return run


@pytest.fixture
def alone(place: Place, tmp_path: Path) -> Callable[[Callable[[Seat], Awaitable[None]]], None]:
    def run(story: Callable[[Seat], Awaitable[None]]) -> None:
        async def seat_only() -> None:
            async with exchange_now(tmp_path) as local, seated(local, place) as seat:
                await story(seat)

        run_virtually(seat_only())

    return run


PLACE = {"kind": "place"}
ARRIVED: list[Any] = [
    pytest.param({"do": "hang", "at": "after"}, marks=pytest.mark.fault("O1"), id="timeout"),
    pytest.param({"do": "drop", "at": "after"}, marks=pytest.mark.fault("O3"), id="reset"),
    pytest.param({"do": "html", "at": "after", "status": 502}, marks=pytest.mark.fault("O3"), id="502"),
    pytest.param({"do": "html", "at": "after", "status": 504}, marks=pytest.mark.fault("O3"), id="504"),
    pytest.param({"do": "truncate"}, marks=pytest.mark.fault("O3"), id="truncated"),
    pytest.param(
        {"do": "refuse", "at": "after", "reason": "timeout"}, marks=pytest.mark.fault("O4"), id="-1007"
    ),
    pytest.param(
        {"do": "refuse", "at": "after", "reason": "unexpected"}, marks=pytest.mark.fault("O4"), id="-1006"
    ),
    pytest.param(
        {"do": "refuse", "at": "after", "reason": "duplicate_order"},
        marks=pytest.mark.fault("O8"),
        id="duplicate",
    ),
]


@pytest.mark.parametrize("fault", ARRIVED)
def test_an_order_whose_answer_got_lost_is_found_and_never_repeated(
    told: Told, fault: dict[str, Any]
) -> None:
    async def story(desk: Managed) -> None:
        rule = desk.seat.fault(**fault, match=PLACE, when={"times": 1})
        order = await desk.submit()
        assert rule.fired == 1
        await until(lambda: desk.state(order).status is Status.FILLED)
        await desk.books_agree()
        assert (desk.sent(order), desk.seat.orders_named(order.id)) == (1, 1)
        assert desk.alarms == []

    told(story)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"do": "drop", "at": "before"}, marks=pytest.mark.fault("O2"), id="never arrived"),
        pytest.param(
            {"do": "refuse", "reason": "overloaded"}, marks=pytest.mark.fault("O5"), id="overloaded"
        ),
        pytest.param(
            {"do": "refuse", "reason": "unavailable"}, marks=pytest.mark.fault("O5"), id="unavailable"
        ),
    ],
)
def test_an_order_that_never_arrived_is_over_only_when_proven(told: Told, fault: dict[str, Any]) -> None:
    async def story(desk: Managed) -> None:
        desk.seat.fault(**fault, match=PLACE, when={"times": 1})
        order = await desk.submit()
        assert desk.state(order).status is Status.UNKNOWN
        assert "not clear" in desk.manager.ledger.objection(order)
        await until(lambda: desk.state(order).done, 20)
        assert desk.state(order).status is Status.NOT_PLACED
        assert (desk.sent(order), desk.seat.orders_named(order.id)) == (1, 0)
        again = await desk.submit()
        await until(lambda: desk.state(again).status is Status.FILLED)
        await desk.books_agree()

    told(story)


@pytest.mark.fault("O6")
@pytest.mark.fault("O7")
def test_the_stream_is_first_and_the_answer_late(told: Told) -> None:
    async def story(desk: Managed) -> None:
        desk.seat.fault("delay", at="after", ms=300, match=PLACE)
        sending = asyncio.create_task(desk.submit())
        await until(lambda: desk.delivered)
        assert not sending.done()
        order = await sending
        await until(lambda: desk.state(order).status is Status.FILLED)
        await desk.books_agree()
        asked = [c for c in desk.seat.told if c.method == "GET" and order.id in c.parameters.values()]
        assert len(asked) <= 1  # nobody goes on asking
        assert (desk.sent(order), desk.alarms) == (1, [])

    told(story)


@pytest.mark.parametrize("fraction", [0.5, pytest.param(1.0, marks=pytest.mark.fault("O10"))])
def test_a_cancellation_that_comes_after_a_fill(told: Told, fraction: float) -> None:
    async def story(desk: Managed) -> None:
        order = await desk.submit(type=OrderType.LIMIT, price=desk.seat.price(0.95))
        assert desk.state(order).status is Status.OPEN
        desk.seat.fault("fill", fraction=fraction, match={"kind": "cancel"}, when={"times": 1})
        await desk.manager.cancel(order.id)
        await until(lambda: desk.state(order).done)
        state = desk.state(order)
        assert state.status is (Status.FILLED if fraction == 1 else Status.CANCELED)
        assert state.filled == fraction * state.lots
        await desk.books_agree()
        assert len([c for c in desk.seat.told if c.method == "DELETE" or "cancel" in c.path]) == 1

    told(story)


@pytest.mark.fault("O11")
def test_a_cancellation_whose_answer_got_lost(told: Told) -> None:
    async def story(desk: Managed) -> None:
        order = await desk.submit(type=OrderType.LIMIT, price=desk.seat.price(0.95))
        desk.seat.fault("silence", where="frame")
        desk.seat.fault("hang", at="after", match={"kind": "cancel"}, when={"times": 1})
        await desk.manager.cancel(order.id)
        assert desk.state(order).status is Status.CANCEL_SENT
        assert "not clear" in desk.manager.ledger.objection(order)
        await until(lambda: desk.state(order).status is Status.CANCELED)
        await desk.books_agree()

    told(story)


@pytest.mark.fault("O12")
def test_a_market_order_that_the_book_cannot_fill(told: Told) -> None:
    async def story(desk: Managed) -> None:
        desk.seat.exchange.control.thin_book(desk.seat.symbol, 0.00001)
        order = await desk.submit("0.5")
        await until(lambda: desk.state(order).done)
        state = desk.state(order)
        assert state.status in (Status.EXPIRED, Status.CANCELED)
        assert 0 < state.filled < state.lots
        await desk.books_agree()

    told(story)


@pytest.mark.fault("O13")
def test_a_trade_that_is_told_again_counts_once(told: Told) -> None:
    async def story(desk: Managed) -> None:
        desk.seat.fault("duplicate", where="frame", match={"kind": "order"})
        order = await desk.submit()
        await until(lambda: desk.state(order).status is Status.FILLED)
        await desk.refresh()
        desk.seat.fault("cut", where="frame", when={"times": 1})
        await desk.submit("0.01")
        await until(lambda: desk.connections == 2)
        await desk.books_agree()
        assert desk.manager.counts["fill_again"] > 0
        assert desk.alarms == []

    told(story)


@pytest.mark.fault("M12")
def test_what_traded_while_the_line_was_down_is_fetched(told: Told) -> None:
    async def story(desk: Managed) -> None:
        resting = await desk.submit(type=OrderType.LIMIT, price=desk.seat.price(0.95))
        await until(lambda: desk.orders)
        deaf = desk.seat.fault("refuse", where="connect", reason="unavailable")
        cut = desk.seat.fault("cut", where="frame")
        bought = await desk.submit()
        await until(lambda: cut.fired)
        desk.seat.exchange.control.fill(desk.seat.name, desk.seat.symbol, client_id=resting.id)
        await until(lambda: deaf.fired)
        desk.seat.local.faults.clear()
        await until(lambda: desk.connections == 2, 20)
        for order in (resting, bought):
            await until(lambda order=order: desk.state(order).status is Status.FILLED)
        await desk.books_agree()
        assert desk.alarms == []

    told(story)


@pytest.mark.fault("O14")
def test_a_trade_that_is_told_with_another_price(told: Told) -> None:
    async def story(desk: Managed) -> None:
        order = await desk.submit()
        await until(lambda: desk.state(order).status is Status.FILLED)
        await desk.books_agree()
        paths = ("*.price", "data.*.priceAvg", "data.fillList.*.price", "data.list.*.execPrice")
        desk.seat.fault("alter", match={"kind": "trades"}, scale=dict.fromkeys(paths, 1.01))
        before = list(desk.delivered)
        await desk.refresh()
        assert {a.alarm for a in desk.alarms} == {Alarm.FILL_DIFFERS}
        assert desk.delivered == before

    told(story)


@pytest.mark.fault("E13")
def test_an_order_in_words_that_nobody_knows_stays_unknown(told: Told) -> None:
    async def story(desk: Managed) -> None:
        desk.seat.fault("silence", where="frame")
        desk.seat.fault("drop", at="after", match=PLACE, when={"times": 1})
        paths = ("status", "data.0.status", "data.state", "data.orderStatus")
        odd = desk.seat.fault("alter", match={"kind": "query"}, set=dict.fromkeys(paths, "half_open"))
        order = await desk.submit()
        await until(lambda: odd.fired >= 3)
        assert desk.state(order).status is Status.UNKNOWN
        desk.seat.local.faults.clear()
        await until(lambda: desk.state(order).status is Status.FILLED)
        await desk.books_agree()

    told(story)


@pytest.mark.fault("O17")
def test_a_fee_in_a_third_coin_is_told_at_its_worth(tmp_path: Path) -> None:
    async def story() -> None:
        coins = {"spot": {"USDT": Decimal(100_000), "ETH": Decimal(5)}, "fee_coin": "ETH"}
        async with exchange_now(tmp_path) as local, seated(local, BINANCE_SPOT, **coins) as seat:
            since = seat.exchange.now_ms - 60_000
            await seat.venue.send(seat.intent("0.02"))
            true = seat.exchange.records.trades(seat.name, seat.symbol, limit=9)
            assert {t.fee_asset for t in true} == {"ETH"}
            trades = await seat.venue.trades(seat.symbol, since)
            assert {t.fill.fee_asset for t in trades} == {"USDT"}
            worth = float(sum(t.fill.fee for t in trades))
            price = float(seat.exchange.tape.last("ETH/USDT"))
            assert worth == pytest.approx(float(sum(t.fee for t in true)) * price, rel=0.01)
            assert await seat.venue.holding(seat.symbol) == Decimal("0.02")

    run_virtually(story())


@pytest.mark.fault("O17")
def test_a_fee_that_is_told_later_than_its_trade(told: Told) -> None:
    """The stream leaves it out, as venues do that charge a moment later; asked for, the trade has it."""

    async def story(desk: Managed) -> None:
        paths = ["n", "event.n", "o.n", "data.*.fillFee", "data.*.feeDetail"]
        desk.seat.fault("alter", where="frame", delete=paths)
        order = await desk.submit()
        await until(lambda: desk.state(order).status is Status.FILLED)
        ledger = desk.manager.ledger
        assert len(ledger.fees_due) == len(desk.delivered) > 0
        await desk.manager.fetch_fees()
        assert ledger.fees_due == {}
        true = desk.seat.exchange.records.trades(desk.seat.name, desk.seat.symbol, limit=9)
        assert sum(f.fee for f in ledger.fills.values()) == sum(t.fee for t in true)
        await desk.books_agree()

    told(story)


@pytest.mark.fault("O17")
def test_a_fee_in_base_is_taken_from_what_is_held(told: Told, place: Place) -> None:
    if not place.is_spot:
        pytest.skip("futures pay in quote")

    async def story(desk: Managed) -> None:
        order = await desk.submit()
        await until(lambda: desk.state(order).status is Status.FILLED)
        await desk.books_agree()
        assert {f.fee_asset for f in desk.delivered} == {"BTC"}
        assert await desk.seat.venue.holding(desk.seat.symbol) < Decimal("0.02")

    told(story)


@pytest.mark.fault("O18")
def test_rules_that_changed_refuse_for_certain_and_are_read_anew(alone: Any) -> None:
    async def story(seat: Seat) -> None:
        listing = seat.exchange.listings[seat.symbol]
        coarse = replace(listing.filters, step=Decimal("0.01"), min_quantity=Decimal("0.01"))
        seat.exchange.control.change_listing(seat.symbol, filters=coarse)
        order = seat.intent("0.015")
        refused = await seat.venue.send(order)
        assert isinstance(refused, Rejected)
        assert refused.kind is RejectKind.FILTER
        assert seat.orders_named(order.client_id) == 0
        read = (await seat.venue.instruments([seat.symbol]))[seat.symbol]
        assert read.lot == Decimal("0.01")
        assert isinstance(await seat.venue.send(seat.intent("0.01")), Accepted)
        off_grid = seat.intent(type=OrderType.LIMIT, price=seat.price(0.9) + read.tick / 2)
        refused = await seat.venue.send(off_grid)
        assert isinstance(refused, Rejected)
        assert refused.kind is RejectKind.FILTER

    alone(story)


@pytest.mark.fault("O19")
def test_the_most_that_one_order_may_have_is_the_venues(alone: Any) -> None:
    async def story(seat: Seat) -> None:
        before = seat.venue.most_lots(seat.symbol)
        assert before is None or before > 1_000_000
        filters = seat.exchange.listings[seat.symbol].filters
        five = replace(filters, max_quantity=Decimal(5), market_max_quantity=Decimal(5))
        seat.exchange.control.change_listing(seat.symbol, filters=five)
        await seat.venue.instruments([seat.symbol])
        assert seat.venue.most_lots(seat.symbol) == 5 / seat.lot
        refused = await seat.venue.send(seat.intent("5.1"))
        assert isinstance(refused, Rejected)
        assert refused.kind is RejectKind.FILTER

    alone(story)


@pytest.mark.fault("O21")
def test_reducing_what_is_not_there_opens_nothing(alone: Any, place: Place) -> None:
    if place.is_spot:
        pytest.skip("spot has no positions")

    async def story(seat: Seat) -> None:
        order = seat.intent("-0.01", reduce_only=True)
        refused = await seat.venue.send(order)
        assert isinstance(refused, Rejected)
        assert refused.kind is RejectKind.REDUCE_ONLY
        assert await seat.venue.holding(seat.symbol) == 0
        assert seat.orders_named(order.client_id) == 0

    alone(story)


@pytest.mark.fault("O22")
def test_a_stop_that_would_trigger_at_once(alone: Any, place: Place) -> None:
    async def story(seat: Seat) -> None:
        await seat.venue.send(seat.intent("0.02"))
        stop = seat.intent(
            "-0.01", type=OrderType.STOP, trigger=seat.price(1.02), reduce_only=not place.is_spot
        )
        refused = await seat.venue.send(stop)
        assert isinstance(refused, Rejected)
        assert refused.kind is RejectKind.WOULD_TRIGGER
        assert seat.orders_named(stop.client_id) == 0

    alone(story)


@pytest.mark.fault("O23")
def test_a_post_only_order_that_would_trade(told: Told) -> None:
    async def story(desk: Managed) -> None:
        price = desk.seat.price(1.01)
        order = await desk.submit(type=OrderType.POST_ONLY, price=price)
        await until(lambda: desk.state(order).done)
        state = desk.state(order)
        assert (state.filled, desk.delivered) == (0, [])
        assert state.status in (Status.REJECTED, Status.CANCELED)
        if state.status is Status.REJECTED:
            assert state.kind == RejectKind.WOULD_TAKE.value
        rests = await desk.submit(type=OrderType.POST_ONLY, price=desk.seat.price(0.95))
        assert desk.state(rests).status is Status.OPEN

    told(story)


@pytest.mark.fault("O26")
def test_a_stop_is_found_whatever_the_asker_takes_it_for(alone: Any, place: Place) -> None:
    async def story(seat: Seat) -> None:
        await seat.venue.send(seat.intent("0.02"))
        stop = seat.intent(
            "-0.01", type=OrderType.STOP, trigger=seat.price(0.8), reduce_only=not place.is_spot
        )
        assert isinstance(await seat.venue.send(stop), Accepted)
        taken_for = seat.intent("-0.01", client_id=stop.client_id)
        found = await seat.venue.query(taken_for, "")
        assert isinstance(found, OrderReport)
        plain = seat.resting()
        await seat.venue.send(plain)
        as_stop = seat.intent("0.01", client_id=plain.client_id, type=OrderType.STOP, trigger=seat.price(0.8))
        found = await seat.venue.query(as_stop, "")
        assert isinstance(found, OrderReport)
        seat.fault("refuse", reason="retired", match={"path": "*lgo*"})
        seat.fault("refuse", reason="retired", match={"path": "*plan*"})
        seat.fault("refuse", reason="retired", match={"path": "*strategy*"})
        if not (place.is_spot and place.house == "binance"):
            with pytest.raises(VenueUnavailable):  # half an answer is none
                await seat.venue.query(seat.intent("0.01"), "")

    alone(story)


@pytest.mark.fault("E1")
def test_too_many_requests_stop_all_for_as_long_as_the_venue_says(alone: Any) -> None:
    async def story(seat: Seat) -> None:
        rule = seat.fault("refuse", reason="rate_limited", retry_after=1, when={"times": 1})
        first, second = seat.intent(), seat.intent()
        refused = await seat.venue.send(first)
        assert isinstance(refused, Throttled)
        assert rule.fired == 1
        calls = len(seat.told)
        dropped = await seat.venue.send(second)
        assert isinstance(dropped, Throttled)
        with pytest.raises(VenueUnavailable, match="wants no request"):
            await seat.venue.account()
        assert len(seat.told) == calls  # nothing left this machine
        assert seat.orders_named(first.client_id) + seat.orders_named(second.client_id) == 0
        await until(lambda: not seat.venue.calls.lanes.stopped_for, 8)
        assert isinstance(await seat.venue.send(seat.intent()), Accepted)

    alone(story)


@pytest.mark.fault("E2")
def test_a_ban_is_sat_out(alone: Any, place: Place) -> None:
    async def story(seat: Seat) -> None:
        seat.fault("ban", seconds=3, when={"times": 1})
        with pytest.raises(VenueUnavailable):
            await seat.venue.account()
        left = seat.venue.calls.lanes.stopped_for
        assert left > 1
        calls = len(seat.told)
        for _ in range(20):
            with pytest.raises(VenueUnavailable):
                await seat.venue.holding(seat.symbol)
        assert len(seat.told) == calls
        await until(lambda: not seat.venue.calls.lanes.stopped_for, 8)
        await seat.venue.account()

    alone(story)


@pytest.mark.fault("E2")
def test_a_ban_that_candles_meet_stops_the_account_for_all_of_it(alone: Any) -> None:
    async def story(seat: Seat) -> None:
        seat.fault("ban", match={"kind": "candles"}, seconds=900, when={"times": 1})
        reader = VenueReader(seat.venue.client, seat.clock, Patience(attempts=1))
        with pytest.raises(VenueUnavailable):
            await reader.call("fetch_ohlcv", seat.symbol, "1m")
        assert seat.venue.calls.lanes.stopped_for == pytest.approx(900, abs=30)
        calls = len(seat.told)
        with pytest.raises(VenueUnavailable, match="wants no request"):
            await seat.venue.account()
        with pytest.raises(VenueUnavailable, match="wants no request"):
            await reader.call("fetch_ohlcv", seat.symbol, "1m")
        assert isinstance(await seat.venue.send(seat.intent()), Throttled)
        assert len(seat.told) == calls  # nothing left this machine

    alone(story)


@pytest.mark.fault("E2")
def test_while_banned_the_stream_tells_on(told: Told) -> None:
    async def story(desk: Managed) -> None:
        resting = await desk.submit(type=OrderType.LIMIT, price=desk.seat.price(0.95))
        await until(lambda: desk.orders)
        desk.seat.fault("ban", seconds=30, when={"times": 1})
        with pytest.raises(VenueUnavailable):
            await desk.seat.venue.account()
        calls = len(desk.seat.told)
        desk.seat.exchange.control.fill(desk.seat.name, desk.seat.symbol, client_id=resting.id)
        await until(lambda: desk.state(resting).status is Status.FILLED)
        assert len(desk.delivered) == 1
        assert (len(desk.seat.told), desk.connections, desk.breaks) == (calls, 1, [])

    told(story)


@pytest.mark.fault("O18")
def test_orders_go_by_the_tick_that_was_read_last_and_count_in_the_lots_of_the_run(alone: Any) -> None:
    async def story(seat: Seat) -> None:
        listing, lot = seat.exchange.listings[seat.symbol], seat.lot
        filters = listing.filters
        finer = replace(filters, tick=filters.tick / 10, step=filters.step * 10)
        seat.exchange.control.change_listing(seat.symbol, filters=finer)
        on_new_grid = seat.price(0.9) + finer.tick
        early = await seat.venue.send(seat.intent(type=OrderType.LIMIT, price=on_new_grid))
        assert isinstance(early, Rejected)
        assert early.kind is RejectKind.FILTER
        await seat.venue.instruments([seat.symbol])
        assert seat.lot == lot
        order = seat.intent("0.01", type=OrderType.LIMIT, price=on_new_grid)
        assert isinstance(await seat.venue.send(order), Accepted)
        (there,) = await seat.venue.open_orders(seat.symbol)
        assert there.client_id == order.client_id
        (true,) = seat.exchange.records.orders(seat.name, seat.symbol, limit=9)
        assert (true.quantity, true.price) == (Decimal("0.01"), on_new_grid)

    alone(story)
