"""A position has one stop at the venue, or a guard here, and leaves by one order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.trading.marketplace import GuardedDesk
from tests.trading.ordering import PERP, SPOT, Fault, Telling
from tradewind.market import FillReason, OrderType, Rejected, RejectKind, VenueUnavailable
from tradewind.market.venue import Command, CommandKind
from tradewind.trading.acting.by_hand import ByHand
from tradewind.trading.session.desk import OrderDesk
from tradewind.trading.terms.order_records import Risk
from tradewind.trading.terms.order_states import Alarm, Intent, Status
from tradewind.trading.terms.order_venue import ReportStatus

Scenario = Callable[[GuardedDesk], Awaitable[None]]
both = pytest.mark.parametrize("symbol", [SPOT.symbol, PERP.symbol])


def play(tmp_path: Path, scenario: Scenario, **settings: Any) -> GuardedDesk:
    async def run() -> GuardedDesk:
        desk = await GuardedDesk(tmp_path / "run.sqlite", **settings).open()
        await desk.clock.advance(1)
        await scenario(desk)
        for symbol, lots in desk.manager.ledger.positions.items():
            assert lots == desk.venue.position(symbol)
        await desk.close()
        assert not desk.wrong
        return desk

    return asyncio.run(run())


def stop_terms(desk: GuardedDesk, symbol: str) -> list[tuple[int, Decimal | None]]:
    return [(o.left, o.intent.trigger) for o in desk.venue.stops(symbol)]


def exits(desk: GuardedDesk, symbol: str) -> list[Intent]:
    """Market orders that closed, as the venue took them."""
    sent = [o.intent for o in desk.venue.orders.values() if o.intent.symbol == symbol]
    return [i for i in sent if i.type is OrderType.MARKET and i.reduce_only]


def alarms(desk: GuardedDesk) -> list[Alarm]:
    return [a.alarm for a in desk.alarms]


def ending_of(desk: GuardedDesk) -> OrderDesk:
    """What a session trades through, to end it."""
    manager, guards, protection, clock = desk.manager, desk.guards, desk.protection, desk.clock
    by_hand = ByHand(manager, guards, protection, clock, clock, lambda ticket, reply: None)
    return OrderDesk(manager, guards, protection, desk.execution, by_hand, clock)


@both
def test_a_position_gets_its_stop_at_once_and_the_stop_closes_it(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        assert stop_terms(desk, symbol) == [(100, Decimal("95.00"))]
        await desk.move(symbol, 94.0, 2.0)
        assert desk.venue.position(symbol) == 0
        assert exits(desk, symbol) == []
        assert desk.delivered[-1].reason is FillReason.STOP

    play(tmp_path, scenario)


def test_a_short_is_protected_above(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(PERP.symbol, -100, 105.0)
        assert stop_terms(desk, PERP.symbol) == [(100, Decimal("105.00"))]
        await desk.move(PERP.symbol, 106.0, 2.0)
        assert desk.venue.position(PERP.symbol) == 0

    play(tmp_path, scenario)


def test_on_a_perpetual_the_new_stop_rests_before_the_old_one_goes(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(PERP.symbol, 100, 95.0)
        desk.venue.requests.clear()
        desk.levels[PERP.symbol] = 96.0
        desk.protection.wake(PERP.symbol)
        await desk.clock.advance(1.0)
        assert [what for what, _, _ in desk.venue.requests if what != "query"] == ["send", "cancel"]
        assert stop_terms(desk, PERP.symbol) == [(100, Decimal("96.00"))]

    play(tmp_path, scenario)


def test_on_spot_a_stop_is_replaced_within_the_budget(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(SPOT.symbol, 100, 95.0)
        desk.venue.requests.clear()
        desk.levels[SPOT.symbol] = 96.0
        desk.protection.wake(SPOT.symbol)
        began = desk.clock.now
        await desk.clock.advance(4.0)
        changes = [(what, at - began) for what, at, _ in desk.venue.requests if what != "query"]
        assert [what for what, _ in changes] == ["cancel", "send"]
        assert changes[1][1] < 3.0
        assert stop_terms(desk, SPOT.symbol) == [(100, Decimal("96.00"))]

    play(tmp_path, scenario)


@both
@pytest.mark.parametrize("after", [0.0, 0.02, 0.06, 0.12])
def test_a_session_that_ends_leaves_every_position_with_its_stop(
    tmp_path: Path, symbol: str, after: float
) -> None:
    """Whether it ends before the stop is asked for, while it is replaced, or when it rests."""

    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        desk.levels[symbol] = 96.0
        desk.protection.wake(symbol)
        await desk.clock.advance(after)
        left: list[list[tuple[int, Decimal | None]]] = []

        async def end() -> None:
            await ending_of(desk).end()
            left.append(stop_terms(desk, symbol))  # from now on nobody tends it

        desk.work(end())
        await desk.clock.advance(20.0)
        assert left == [[(100, Decimal("96.00"))]]

    play(tmp_path, scenario)


@both
def test_a_session_that_ends_waits_for_the_trades_of_a_stop_that_filled_while_it_was_cancelled(
    tmp_path: Path, symbol: str
) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        (stop,) = desk.venue.stops(symbol)
        desk.venue.telling = Telling(drop=True)
        accept, trades = desk.venue._cancel, desk.venue.trades
        down = True

        def beaten(intent: Intent) -> Any:
            desk.venue.take(stop)
            return accept(intent)

        async def unread(where: str, since: int) -> Any:
            if down:
                raise VenueUnavailable("the trades cannot be read")
            return await trades(where, since)

        desk.venue._cancel, desk.venue.trades = beaten, unread  # type: ignore[method-assign]
        desk.levels[symbol] = 96.0
        desk.protection.wake(symbol)
        await desk.clock.advance(4.0)
        state = desk.manager.ledger.orders[stop.intent.client_id]
        assert (state.status, state.filled, state.reported) == (Status.CANCEL_SENT, 0, 100)
        done: list[bool] = []

        async def end() -> None:
            done.append(await ending_of(desk).end())

        desk.work(end())
        await desk.clock.advance(4.0)
        assert done == []
        down = False
        await desk.clock.advance(4.0)
        assert done == [True]
        state = desk.manager.ledger.orders[stop.intent.client_id]
        assert (state.status, state.filled) == (Status.FILLED, 100)

    play(tmp_path, scenario)


@both
@pytest.mark.parametrize("most", [None, 20])
def test_what_is_too_much_closes_in_parts_that_the_venue_takes_and_the_rest_is_protected(
    tmp_path: Path, symbol: str, most: int | None
) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        if most is not None:
            desk.most[symbol] = most
        shrunk = desk.work(desk.protection.shrink(symbol, 70))
        await desk.clock.advance(12.0)
        assert shrunk.result() is True
        assert [-i.lots for i in exits(desk, symbol)] == ([70] if most is None else [20, 20, 20, 10])
        assert desk.venue.position(symbol) == 30
        assert [left for left, _ in stop_terms(desk, symbol)] == [30 if most is None else 20]

    play(tmp_path, scenario)


def test_what_is_too_much_and_cannot_be_closed_stays_and_is_told(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(SPOT.symbol, 100, 95.0)
        desk.venue.depth = 0
        shrunk = desk.work(desk.protection.shrink(SPOT.symbol, 70))
        await desk.clock.advance(9.0)
        assert not shrunk.done()
        await desk.clock.advance(11.0)
        assert shrunk.result() is False
        assert desk.venue.position(SPOT.symbol) == 100
        assert stop_terms(desk, SPOT.symbol) == [(100, Decimal("95.00"))]

    play(tmp_path, scenario)


@pytest.mark.fault("E2")
def test_a_cancellation_that_is_refused_at_once_is_not_asked_for_without_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the venue bans, nothing leaves: the refusal comes without a wait, and wakes who asked."""

    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(SPOT.symbol, 100, 95.0)
        asked: list[float] = []

        async def stopped(intent: Intent, venue_id: str) -> Rejected:
            asked.append(desk.clock.now)
            assert len(asked) < 20, "it asks again and again"
            return Rejected("stopped", "the venue wants no request: nothing was sent", RejectKind.LIMIT)

        with monkeypatch.context() as banned:
            banned.setattr(desk.venue, "cancel", stopped)
            desk.levels[SPOT.symbol] = 96.0
            await desk.clock.advance(10.0)
            assert 2 <= len(asked) <= 6
            assert stop_terms(desk, SPOT.symbol) == [(100, Decimal("95.00"))]
        await desk.clock.advance(5.0)
        assert stop_terms(desk, SPOT.symbol) == [(100, Decimal("96.00"))]

    play(tmp_path, scenario)


@both
def test_a_stop_moves_by_more_than_the_least_and_never_back(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        for level, rests in ((95.05, "95"), (95.2, "95.2"), (94.0, "95.2"), (95.25, "95.2")):
            desk.levels[symbol] = level
            await desk.clock.advance(3.0)
            assert stop_terms(desk, symbol) == [(100, Decimal(rests))]

    play(tmp_path, scenario)


@pytest.mark.fault("O9")
@both
def test_o9_a_stop_has_the_size_of_the_position_after_partial_fills_and_cancels(
    tmp_path: Path, symbol: str
) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.venue.depth = 60
        desk.levels[symbol] = 95.0
        desk.submit(desk.order(symbol, 100))
        await desk.clock.advance(2.0)
        assert stop_terms(desk, symbol) == [(60, Decimal(95))]  # the rest of the order expired
        desk.submit(desk.order(symbol, 40))
        await desk.clock.advance(2.0)
        assert stop_terms(desk, symbol) == [(100, Decimal(95))]

    play(tmp_path, scenario)


@both
def test_a_stop_that_fills_in_parts_is_left_alone_until_it_hangs(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        desk.venue.fill(desk.venue.stops(symbol)[0], 30)
        await desk.clock.advance(8.0)
        assert stop_terms(desk, symbol) == [(70, Decimal(95))]
        await desk.clock.advance(5.0)
        assert desk.venue.position(symbol) == 0
        assert [i.lots for i in exits(desk, symbol)] == [-70]

    play(tmp_path, scenario)


@pytest.mark.fault("O22")
@both
def test_o22_a_stop_that_would_trigger_at_once_becomes_one_exit(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.levels[symbol] = 99.0
        desk.venue.stops_fill = False
        real, desk.venue.price = desk.venue.price, lambda s: 98.0  # type: ignore[method-assign]
        desk.submit(desk.order(symbol, 100))
        await desk.clock.advance(5.0)
        assert [r.kind for _, r in desk.venue.refused] == [RejectKind.WOULD_TRIGGER]
        assert [i.lots for i in exits(desk, symbol)] == [-100]
        assert desk.venue.position(symbol) == 0
        desk.venue.price = real  # type: ignore[method-assign]

    play(tmp_path, scenario)


@pytest.mark.fault("O24")
@both
def test_o24_a_stop_that_someone_cancelled_is_placed_again_with_an_alarm(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        desk.venue.end(desk.venue.stops(symbol)[0], ReportStatus.CANCELED)
        await desk.clock.advance(1.0)
        assert stop_terms(desk, symbol) == [(100, Decimal(95))]
        assert alarms(desk) == [Alarm.STOP_LOST]

    play(tmp_path, scenario)


@both
def test_a_stop_that_we_cancelled_is_never_called_lost(tmp_path: Path, symbol: str) -> None:
    """Neither after a restart, nor when the venue was slow: at first it still told the order as open."""

    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        stop = desk.venue.stops(symbol)[0]
        desk.venue.telling = Telling(drop=True)
        desk.venue.fault = Fault.LOST
        desk.work(desk.manager.cancel(stop.intent.client_id))
        await desk.clock.advance(0.5)
        await desk.crash()
        desk.venue.telling = Telling()
        await desk.clock.advance(20.0)  # it seems to have had no effect
        if stop.status is ReportStatus.OPEN:  # on a perpetual another has taken its place by now
            assert symbol == SPOT.symbol
            assert desk.manager.ledger.orders[stop.intent.client_id].status is Status.OPEN
            desk.venue.end(stop, ReportStatus.CANCELED)
        await desk.clock.advance(5.0)
        assert [left for left, _ in stop_terms(desk, symbol)] == [100]
        assert Alarm.STOP_LOST not in alarms(desk)

    play(tmp_path, scenario)


def test_a_stop_that_the_venue_ends_with_its_position_is_not_lost(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(PERP.symbol, 100, 95.0)
        stop = desk.venue.stops(PERP.symbol)[0]
        desk.decide(desk.order(PERP.symbol, -100, reduce_only=True))
        await desk.clock.advance(0.07)  # it has closed there, and nobody has told us
        if stop.status is ReportStatus.OPEN:
            desk.venue.end(stop, ReportStatus.EXPIRED)
        await desk.clock.advance(5.0)
        assert desk.venue.position(PERP.symbol) == 0
        assert Alarm.STOP_LOST not in alarms(desk)

    play(tmp_path, scenario)


@pytest.mark.parametrize("symbol", [PERP.symbol])
def test_a_stop_that_never_arrived_is_not_lost(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.levels[symbol] = 95.0
        desk.submit(desk.order(symbol, 100))
        await desk.clock.advance(0.045)
        desk.venue.fault = Fault.LOST  # of the stop, which is next
        await desk.clock.advance(40.0)
        assert any(s.status is Status.NOT_PLACED for s in desk.manager.ledger.orders.values())
        assert [left for left, _ in stop_terms(desk, symbol)] == [100]
        assert Alarm.STOP_LOST not in alarms(desk)

    play(tmp_path, scenario)


@pytest.mark.fault("O24")
@pytest.mark.parametrize("forgotten", [False, True])
@both
def test_o24_also_when_the_stream_is_silent(tmp_path: Path, symbol: str, forgotten: bool) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        await desk.clock.advance(1.0)
        desk.venue.telling = Telling(drop=True)
        stop = desk.venue.stops(symbol)[0]
        if forgotten:  # the venue does not even know it any more
            del desk.venue.orders[stop.intent.client_id]
        else:
            desk.venue.end(stop, ReportStatus.CANCELED)
        await desk.clock.advance(30.0)
        assert stop_terms(desk, symbol) == [(100, Decimal(95))]
        assert (Alarm.VANISHED if forgotten else Alarm.STOP_LOST) in alarms(desk)

    play(tmp_path, scenario)


@pytest.mark.fault("O25")
@both
def test_o25_a_stop_that_was_reached_and_does_not_fill_gives_way_to_an_exit(
    tmp_path: Path, symbol: str
) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        desk.venue.stops_fill = False
        await desk.move(symbol, 90.0, 9.0)
        assert exits(desk, symbol) == []
        await desk.clock.advance(3.0)
        assert [i.lots for i in exits(desk, symbol)] == [-100]
        assert desk.venue.position(symbol) == 0
        assert desk.venue.open(symbol) == []

    play(tmp_path, scenario)


@pytest.mark.fault("O25")
def test_a_touch_that_passes_is_no_exit(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(PERP.symbol, 100, 95.0)
        desk.venue.stops_fill = False
        for _ in range(3):
            await desk.move(PERP.symbol, 94.9, 8.0)
            await desk.move(PERP.symbol, 99.0, 3.0)
        assert exits(desk, PERP.symbol) == []

    play(tmp_path, scenario)


@pytest.mark.fault("E14")
@both
def test_e14_where_stops_are_refused_for_good_the_run_only_reduces_and_guards_here(
    tmp_path: Path, symbol: str
) -> None:
    retired = Rejected("-4120", "Use the Algo Order API endpoints.", RejectKind.OTHER)

    async def scenario(desk: GuardedDesk) -> None:
        desk.venue.refuse = lambda intent: retired if intent.type is OrderType.STOP else None
        await desk.hold(symbol, 100, 95.0)
        await desk.clock.advance(1.0)
        assert desk.latch.state is Risk.REDUCING
        assert Alarm.UNPROTECTED in alarms(desk)
        await desk.clock.advance(120.0)
        assert 4 <= len(desk.venue.refused) <= 8  # it asks on, ever more rarely
        await desk.move(symbol, 95.5, 1.0)
        assert exits(desk, symbol) == []
        await desk.clock.advance(30.0)
        await desk.move(symbol, 94.0, 1.0)
        assert [i.lots for i in exits(desk, symbol)] == [-100]
        assert desk.delivered[-1].reason is FillReason.STOP

    play(tmp_path, scenario)


@pytest.mark.fault("O21")
def test_o21_a_refused_reduce_only_order_is_never_made_another(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.venue.telling = Telling(drop=True)
        await desk.hold_unheard(PERP.symbol, 100, 95.0)
        stop = desk.venue.stops(PERP.symbol)[0]
        desk.venue.take(stop)  # it closed the position, and nobody told us
        desk.levels[PERP.symbol] = 97.0
        await desk.clock.advance(3.0)
        assert [r.kind for _, r in desk.venue.refused] == [RejectKind.REDUCE_ONLY]
        assert desk.manager.ledger.positions[PERP.symbol] == 0
        assert all(o.intent.reduce_only for o in list(desk.venue.orders.values())[1:])

    play(tmp_path, scenario)


def test_where_a_stop_cannot_be_replaced_on_spot_the_position_is_closed_once(tmp_path: Path) -> None:
    busy = Rejected("-1015", "Too many new orders.", RejectKind.LIMIT)

    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(SPOT.symbol, 100, 95.0)
        desk.venue.refuse = lambda intent: busy if intent.type is OrderType.STOP else None
        desk.levels[SPOT.symbol] = 97.0
        await desk.clock.advance(5.0)
        assert [i.lots for i in exits(desk, SPOT.symbol)] == [-100]
        assert desk.venue.position(SPOT.symbol) == 0
        assert alarms(desk) == [Alarm.UNPROTECTED]

    play(tmp_path, scenario)


@both
def test_without_stops_at_the_venue_the_guard_here_exits_once(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        assert desk.venue.stops(symbol) == []
        desk.venue.fault = Fault.REPLY_LOST
        await desk.move(symbol, 94.0, 60.0)
        assert [i.lots for i in exits(desk, symbol)] == [-100]
        assert desk.venue.position(symbol) == 0

    play(tmp_path, scenario, resting=False)


@pytest.mark.fault("M8")
def test_m8_a_spike_of_the_last_price_fires_nothing_when_the_mark_is_watched(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(PERP.symbol, 100, 95.0)
        now = desk.clock.now_ms()
        desk.venue.quotes.tell(PERP.symbol, now, 10.0, mark=100.0)
        desk.protection.wake(PERP.symbol)
        await desk.clock.advance(2.0)
        assert exits(desk, PERP.symbol) == []
        assert desk.venue.position(PERP.symbol) == 100

    play(tmp_path, scenario, resting=False)


@both
def test_a_lost_reply_to_a_stop_makes_no_second_one(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.levels[symbol] = 95.0
        desk.venue.telling = Telling(drop=False, delay=0.2)
        desk.submit(desk.order(symbol, 100))
        await desk.clock.advance(0.2)
        desk.venue.fault = Fault.REPLY_LOST
        await desk.clock.advance(20.0)
        assert stop_terms(desk, symbol) == [(100, Decimal(95))]
        assert len(desk.venue.orders) == 2

    play(tmp_path, scenario)


@both
def test_a_restart_finds_the_stop_that_rests(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        await desk.crash()
        await desk.clock.advance(20.0)
        assert len(desk.venue.orders) == 2
        assert stop_terms(desk, symbol) == [(100, Decimal(95))]

    play(tmp_path, scenario)


@pytest.mark.fault("A8")
def test_a8_flattening_cancels_entries_and_closes_all_also_after_a_restart(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(SPOT.symbol, 100, 95.0)
        await desk.hold(PERP.symbol, -100, 105.0)
        desk.venue.depth = 40
        desk.latch.tighten(Risk.FLATTENING, "the loss of the day")
        await desk.crash()
        assert desk.latch.state is Risk.FLATTENING
        await desk.clock.advance(20.0)
        assert [desk.venue.position(s) for s in (SPOT.symbol, PERP.symbol)] == [0, 0]
        assert desk.venue.open(SPOT.symbol) == desk.venue.open(PERP.symbol) == []
        assert desk.latch.state is Risk.FLAT

    play(tmp_path, scenario)


@both
@pytest.mark.parametrize("resting", [True, False])
def test_a_panic_from_outside_is_no_refusal_of_the_venue(tmp_path: Path, symbol: str, resting: bool) -> None:
    """Neither where a stop is to rest, nor where an exit is due: the run is as it was when the panic is over."""

    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        desk.venue.end(desk.venue.stops(symbol)[0], ReportStatus.CANCELED)
        desk.venue.requests.clear()
        desk.manager.barred = lambda: "a panic closes everything"
        await desk.move(symbol, 99.0 if resting else 90.0, 30.0)
        assert [r for r in desk.venue.requests if r[0] == "send"] == []
        barred = [s for s in desk.manager.ledger.orders.values() if s.kind == RejectKind.BARRED]
        assert len(barred) > 3
        assert desk.latch.state is Risk.ACTIVE
        assert not any("the venue refuse" in a.text for a in desk.alarms)
        desk.manager.barred = lambda: ""
        await desk.clock.advance(5.0)
        if resting:
            assert stop_terms(desk, symbol) == [(100, Decimal("95.00"))]
        else:
            assert desk.venue.position(symbol) == 0

    play(tmp_path, scenario)


def test_after_a_panic_nothing_is_sent(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(PERP.symbol, 100, 95.0)
        command = Command(CommandKind.PANIC, desk.clock.now_ms())
        desk.manager.write(command)
        desk.latch.apply(command)
        desk.venue.requests.clear()
        desk.venue.end(desk.venue.stops(PERP.symbol)[0], ReportStatus.CANCELED)
        await desk.move(PERP.symbol, 90.0, 30.0)
        assert [r for r in desk.venue.requests if r[0] != "query"] == []

    play(tmp_path, scenario)
