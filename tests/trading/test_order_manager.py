"""One order through each fault of the venue and the wire: it ends as the venue says, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.trading.ordering import PERP, SPOT, Desk, Fault, Telling, settle
from tradewind.market import Command, CommandKind, Inconsistent, Order, OrderType, RejectKind
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record
from tradewind.trading.terms.order_records import Denied, OrderAlarm
from tradewind.trading.terms.order_states import Alarm, Intent, Status
from tradewind.trading.terms.order_venue import NoSuchOrder, OrderReport, ReportStatus

Scenario = Callable[[Desk], Awaitable[None]]


def play(tmp_path: Path, scenario: Scenario) -> Desk:
    """Run a scenario; then the journal's books equal the venue's, and the journal alone gives the same books."""

    async def run() -> Desk:
        desk = await Desk(tmp_path / "run.sqlite").open()
        await desk.clock.advance(1)
        await scenario(desk)
        ledger = desk.manager.ledger
        for symbol in ledger.instruments:
            assert ledger.positions[symbol] == desk.venue.position(symbol)
        again = OrderLedger.of(desk.journal, ledger.instruments.values())
        assert again.orders == ledger.orders
        assert again.state_hash() == ledger.state_hash()
        assert again.halted == ledger.halted
        await desk.close()
        assert not desk.wrong
        return desk

    return asyncio.run(run())


def alarms(desk: Desk) -> list[Alarm]:
    return [a.alarm for a in desk.alarms]


def queries(desk: Desk, order: Order) -> list[float]:
    return [at for what, at, name in desk.venue.requests if what == "query" and name == order.id]


def requests(desk: Desk, kind: str) -> int:
    return sum(what == kind for what, _, _ in desk.venue.requests)


async def place(desk: Desk, symbol: str = SPOT.symbol, lots: int = 10, fault: Fault = Fault.NONE) -> Order:
    order = desk.order(symbol, lots)
    desk.venue.fault = fault
    desk.submit(order)
    await desk.clock.advance(1.2)
    return order


@pytest.mark.parametrize("fault", [Fault.REPLY_LOST, Fault.LATE, Fault.BROKEN])
@pytest.mark.fault("O1")
@pytest.mark.fault("O3")
@pytest.mark.fault("O4")
def test_o1_o3_o4_a_lost_reply_is_unknown_until_the_order_is_found(tmp_path: Path, fault: Fault) -> None:
    async def scenario(desk: Desk) -> None:
        desk.venue.telling = Telling(drop=True)
        order = await place(desk, fault=fault)
        if fault is not Fault.BROKEN:
            assert desk.state(order).status is Status.UNKNOWN
        await desk.clock.advance(9)
        assert desk.state(order).status is Status.OPEN
        desk.venue.fill(desk.venue.orders[order.id], 10)
        await refresh(desk)
        assert desk.state(order).status is Status.FILLED
        assert desk.venue.accepted[order.id] == 1
        assert requests(desk, "send") == 1

    play(tmp_path, scenario)


async def refresh(desk: Desk) -> None:
    task = desk.work(desk.manager.refresh())
    await desk.clock.advance(2)
    await task


@pytest.mark.fault("O2")
def test_o2_an_order_that_never_arrived_is_not_placed_after_the_proof(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        began = desk.clock.now + 1.05
        order = await place(desk, fault=Fault.LOST)
        await desk.clock.advance(14.7)
        assert desk.state(order).status is Status.UNKNOWN
        await desk.clock.advance(2)
        assert desk.state(order).status is Status.NOT_PLACED
        # The replies at 0.25, 8 and 15 s count; each question takes 0.05 s more than the schedule.
        assert [round(at - began, 2) for at in queries(desk, order)] == [
            0.25,
            0.55,
            1.1,
            2.15,
            4.2,
            8.25,
            15.3,
        ]
        fresh = await place(desk)
        assert desk.state(fresh).status is Status.OPEN

    play(tmp_path, scenario)


@pytest.mark.fault("O2")
def test_o2_a_changed_holding_proves_nothing(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        truth = desk.venue.holding

        async def other(symbol: str) -> Decimal:
            return await truth(symbol) + Decimal("0.1")

        desk.venue.holding = other  # type: ignore[method-assign]
        order = await place(desk, fault=Fault.LOST)
        await desk.clock.advance(400)
        assert desk.state(order).status is Status.UNKNOWN
        assert alarms(desk) == [Alarm.UNKNOWN_LONG, Alarm.UNKNOWN_ESCALATED]
        desk.venue.holding = truth  # type: ignore[method-assign]
        await desk.clock.advance(60)
        assert desk.state(order).status is Status.NOT_PLACED

    play(tmp_path, scenario)


@pytest.mark.fault("O2")
def test_o2_a_trade_of_nobody_proves_nothing(tmp_path: Path) -> None:
    """It may be of the order in doubt, whose id at the venue is not known; the client id tells."""

    async def scenario(desk: Desk) -> None:
        known = await place(desk)
        desk.venue.fill(desk.venue.orders[known.id], 10)
        order = await place(desk, lots=-10, fault=Fault.LOST)
        stray = replace(desk.venue.told[0], venue_id="v77")
        stray = replace(stray, fill=replace(stray.fill, trade_id="t77", at=desk.clock.now_ms()))
        desk.manager.observe_trade(stray)
        await desk.clock.advance(200)
        assert desk.state(order).status is Status.UNKNOWN
        assert SPOT.symbol not in desk.manager.ledger.halted

    play(tmp_path, scenario)


def test_network_errors_never_advance_the_questions(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        desk.venue.down = True
        order = await place(desk, fault=Fault.LOST)
        await desk.clock.advance(3600)
        assert desk.state(order).status is Status.UNKNOWN
        assert len(queries(desk, order)) > 10_000
        desk.venue.down = False
        await desk.clock.advance(14)
        assert desk.state(order).status is Status.UNKNOWN
        await desk.clock.advance(3)
        assert desk.state(order).status is Status.NOT_PLACED

    play(tmp_path, scenario)


def test_g2_no_more_exposure_while_an_order_is_unknown(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        held = await place(desk)
        desk.venue.fill(desk.venue.orders[held.id], 10)
        await place(desk, lots=5, fault=Fault.LOST)
        more, close, turn = (desk.order(SPOT.symbol, n) for n in (1, -10, -11))
        other = desk.order(PERP.symbol, 5)
        for order, sent in ((more, False), (turn, False), (close, True), (other, True)):
            desk.submit(order)
            await desk.clock.advance(0.3)
            assert (order.id in desk.manager.ledger.orders) is sent
        denied = [r.client_id for _, r in desk.journal.records() if isinstance(r, Denied)]
        assert denied == [more.id, turn.id]

    play(tmp_path, scenario)


@pytest.mark.fault("O6")
def test_o6_a_fill_before_the_acknowledgement_is_applied_once(tmp_path: Path) -> None:
    """On spot the stream names the order by an id that the acknowledgement brings: the fill waits for it."""

    async def scenario(desk: Desk) -> None:
        for symbol in (SPOT.symbol, PERP.symbol):
            desk.venue.telling = Telling(drop=True)
            order = desk.order(symbol, 10)
            desk.venue.fault = Fault.SLOW_REPLY
            desk.submit(order)
            await desk.clock.advance(0.2)
            trade = desk.venue.fill(desk.venue.orders[order.id], 10)
            desk.manager.observe_trade(trade)
            before = desk.state(order).status
            assert before is (Status.SENT if symbol == SPOT.symbol else Status.FILLED)
            await desk.clock.advance(2)
            assert desk.state(order).status is Status.FILLED
        assert len(desk.delivered) == 2
        assert not desk.alarms

    play(tmp_path, scenario)


@pytest.mark.fault("O7")
def test_o7_what_the_stream_tells_ends_the_questions(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        desk.venue.telling = Telling(delay=3.0)
        desk.venue.lag = 60
        order = await place(desk, fault=Fault.REPLY_LOST)
        assert desk.state(order).status is Status.UNKNOWN
        await desk.clock.advance(2)
        assert desk.state(order).status is Status.OPEN
        asked = len(queries(desk, order))
        await desk.clock.advance(300)
        assert len(queries(desk, order)) == asked
        assert requests(desk, "send") == 1

    play(tmp_path, scenario)


def test_nothing_is_asked_while_a_request_is_on_its_way(tmp_path: Path) -> None:
    """Else the venue's "no such order" would be taken for news, and the proof begin too early."""

    async def scenario(desk: Desk) -> None:
        desk.venue.lag = 60
        order = desk.order(SPOT.symbol, 10)
        desk.venue.fault = Fault.SLOW_REPLY
        desk.submit(order)
        await settle()
        desk.work(desk.manager.refresh())
        await desk.clock.advance(1.04)
        assert queries(desk, order) == []
        assert not desk.alarms

    play(tmp_path, scenario)


def test_a_person_lifts_a_halt_also_for_the_next_start(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        desk.manager.observe(OrderReport("by hand", SPOT.symbol, ReportStatus.OPEN, 0, "v9"))
        desk.manager.write(Command(CommandKind.REARM, desk.clock.now_ms(), "looked at it"))
        assert not desk.manager.ledger.halted
        await desk.crash()
        await desk.clock.advance(1)
        order = await place(desk)
        assert desk.state(order).status is Status.OPEN

    play(tmp_path, scenario)


@pytest.mark.fault("O8")
def test_o8_duplicate_means_that_it_was_accepted(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        order = desk.order(SPOT.symbol, 10)
        intent = Intent(0, order.id, SPOT.symbol, 10, False, "before", "")
        desk.venue.telling = Telling(drop=True)
        desk.venue._accept(intent)
        desk.venue.fill(desk.venue.orders[order.id], 4)
        desk.submit(order)
        await desk.clock.advance(1)
        assert (desk.state(order).status, desk.state(order).filled) == (Status.PARTIAL, 4)
        assert (requests(desk, "send"), requests(desk, "query")) == (1, 1)
        assert desk.venue.accepted[order.id] == 1

    play(tmp_path, scenario)


@pytest.mark.fault("O8")
def test_o8_an_order_in_the_journal_is_never_sent_again(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        order = await place(desk)
        desk.venue.fill(desk.venue.orders[order.id], 10)
        await desk.clock.advance(1)
        await desk.crash()
        await desk.clock.advance(1)
        desk.submit(order)
        await desk.clock.advance(1)
        assert requests(desk, "send") == 1

    play(tmp_path, scenario)


@pytest.mark.fault("O9")
def test_o9_a_partial_fill_then_a_cancellation(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        order = await place(desk)
        desk.venue.telling = Telling(drop=True)
        desk.venue.fill(desk.venue.orders[order.id], 4)
        desk.work(desk.manager.cancel(order.id))
        await desk.clock.advance(1)
        state = desk.state(order)
        assert (state.status, state.filled, state.remaining) == (Status.CANCELED, 4, 0)

    play(tmp_path, scenario)


@pytest.mark.fault("O10")
def test_o10_a_fill_that_wins_the_race_ends_it_without_another_cancellation(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        order = await place(desk)
        desk.venue.telling = Telling(drop=True)
        desk.work(desk.manager.cancel(order.id))
        await settle()
        desk.venue.fill(desk.venue.orders[order.id], 10)
        await desk.clock.advance(600)
        assert desk.state(order).status is Status.FILLED
        assert requests(desk, "cancel") == 1

    play(tmp_path, scenario)


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.LATE, Fault.REPLY_LOST])
@pytest.mark.fault("O11")
def test_o11_a_cancellation_without_an_answer_blocks_until_it_is_clear(tmp_path: Path, fault: Fault) -> None:
    async def scenario(desk: Desk) -> None:
        order = await place(desk)
        desk.venue.telling = Telling(drop=True)
        desk.venue.fault = fault
        desk.work(desk.manager.cancel(order.id))
        await desk.clock.advance(1.1)
        assert desk.state(order).status is Status.CANCEL_SENT
        instead = desk.order(SPOT.symbol, 10)
        desk.submit(instead)
        desk.work(desk.manager.cancel(order.id))
        await desk.clock.advance(0.1)
        assert instead.id not in desk.manager.ledger.orders
        await desk.clock.advance(30)
        assert desk.state(order).status is (Status.OPEN if fault is Fault.LOST else Status.CANCELED)
        assert requests(desk, "cancel") == 1

    play(tmp_path, scenario)


def test_a_cancellation_refused_for_another_reason_leaves_the_order_open(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        order = await place(desk)
        desk.venue.fault = Fault.REFUSED
        desk.work(desk.manager.cancel(order.id))
        await desk.clock.advance(1)
        assert (desk.state(order).status, desk.state(order).kind) == (Status.OPEN, RejectKind.LIMIT)

    play(tmp_path, scenario)


@pytest.mark.fault("O12")
def test_o12_the_rest_of_a_partial_fill_expires(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        order = await place(desk, PERP.symbol)
        resting = desk.venue.orders[order.id]
        desk.venue.fill(resting, 4)
        desk.venue.end(resting, ReportStatus.EXPIRED)
        await desk.clock.advance(1)
        assert (desk.state(order).status, desk.state(order).filled) == (Status.EXPIRED, 4)

    play(tmp_path, scenario)


@pytest.mark.fault("O13")
def test_o13_a_fill_told_many_times_counts_once(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        order = await place(desk)
        desk.venue.telling = Telling(twice=True)
        trade = desk.venue.fill(desk.venue.orders[order.id], 4)
        await desk.clock.advance(1)
        desk.manager.observe_trade(trade)
        await refresh(desk)
        await desk.crash()
        await desk.clock.advance(1)
        desk.manager.observe_trade(trade)
        assert desk.state(order).filled == 4
        assert len(desk.delivered) == 1
        assert not desk.alarms

    play(tmp_path, scenario)


@pytest.mark.fault("O14")
def test_o14_a_fill_told_with_other_numbers_is_alarmed_once_and_the_first_kept(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        order = await place(desk)
        trade = desk.venue.fill(desk.venue.orders[order.id], 4)
        await desk.clock.advance(1)
        other = replace(trade, fill=replace(trade.fill, lots=5, quantity=SPOT.quantity(5)))
        desk.manager.observe_trade(other)
        desk.manager.observe_trade(other)
        assert desk.state(order).filled == 4
        assert alarms(desk) == [Alarm.FILL_DIFFERS]

    play(tmp_path, scenario)


@pytest.mark.fault("O15")
def test_o15_news_that_are_older_than_what_is_known_are_counted(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        order = await place(desk)
        resting = desk.venue.orders[order.id]
        desk.venue.fill(resting, 10)
        await desk.clock.advance(1)
        old = OrderReport(order.id, SPOT.symbol, ReportStatus.OPEN, 4, resting.venue_id)
        desk.manager.observe(old)
        assert desk.state(order).status is Status.FILLED
        assert desk.manager.counts[Alarm.STALE] == 1

    play(tmp_path, scenario)


@pytest.mark.fault("O15")
def test_o15_the_report_of_an_end_comes_after_that_of_a_later_fill(tmp_path: Path) -> None:
    """Its trade is not to be read yet: nothing is alarmed, and it is asked about until the trade is booked."""

    async def scenario(desk: Desk) -> None:
        order = await place(desk)
        await desk.clock.advance(30)  # so that readings that lag show the order
        resting = desk.venue.orders[order.id]
        desk.venue.fill(resting, 3)
        await desk.clock.advance(1)
        desk.venue.telling = Telling(delay=4.0)
        desk.venue.end(resting, ReportStatus.CANCELED)
        desk.venue.telling, desk.venue.lag = Telling(drop=True), 20.0
        desk.venue.fill(resting, 1)
        await refresh(desk)
        assert (desk.state(order).filled, desk.state(order).reported) == (3, 4)
        await desk.clock.advance(3)
        assert desk.manager.counts[Alarm.STALE] == 1
        assert desk.state(order).in_doubt
        await desk.clock.advance(40)
        assert (desk.state(order).status, desk.state(order).filled) == (Status.CANCELED, 4)
        assert alarms(desk) == []

    play(tmp_path, scenario)


@pytest.mark.fault("O9")
def test_an_end_read_before_a_late_fill_that_the_stream_told_meanwhile(tmp_path: Path) -> None:
    """While the trades of an end are fetched, one more comes, and its report is faster than its trade."""

    async def scenario(desk: Desk) -> None:
        order = await place(desk)
        resting = desk.venue.orders[order.id]
        desk.venue.telling = Telling(drop=True)
        desk.venue.fill(resting, 3)
        await desk.clock.advance(30)  # so that readings that lag show it
        desk.venue.end(resting, ReportStatus.CANCELED)
        desk.manager.clarify(order.id)
        await desk.clock.advance(0.32)  # 0.25 to the question, 0.05 to its answer: the trades are being read
        assert desk.state(order).reported == 3
        desk.manager.observe(OrderReport(order.id, SPOT.symbol, ReportStatus.CANCELED, 4, resting.venue_id))
        desk.venue.lag = 5.0
        desk.venue.fill(resting, 1)
        await desk.clock.advance(60)
        assert (desk.state(order).status, desk.state(order).filled) == (Status.CANCELED, 4)
        assert alarms(desk) == []

    play(tmp_path, scenario)


@pytest.mark.parametrize("forgets", [True, False])
@pytest.mark.fault("O10")
def test_fills_that_were_reported_are_read_also_where_the_order_is_not_told_of_any_more(
    tmp_path: Path, forgets: bool
) -> None:
    """A fill wins against the cancellation; then the venue forgets the order, or answers from a stale cache."""

    async def scenario(desk: Desk) -> None:
        order = await place(desk)
        resting = desk.venue.orders[order.id]
        stale = OrderReport(order.id, SPOT.symbol, ReportStatus.OPEN, 0, resting.venue_id)
        desk.venue.telling = Telling(drop=True)
        desk.venue.fill(resting, 10)

        async def answer(intent: Intent, venue_id: str) -> OrderReport | NoSuchOrder:
            return NoSuchOrder() if forgets else stale

        desk.venue.query = answer  # type: ignore[method-assign]
        desk.work(desk.manager.cancel(order.id))
        await settle()
        desk.manager.observe(OrderReport(order.id, SPOT.symbol, ReportStatus.FILLED, 10, resting.venue_id))
        assert desk.state(order).status is Status.CANCEL_SENT
        assert (desk.state(order).filled, desk.state(order).reported) == (0, 10)
        await desk.clock.advance(2)
        assert (desk.state(order).status, desk.state(order).filled) == (Status.FILLED, 10)
        assert alarms(desk) == []

    play(tmp_path, scenario)


@pytest.mark.fault("O16")
def test_o16_an_overfill_counts_and_the_symbol_is_only_reduced(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        order = await place(desk)
        desk.venue.fill(desk.venue.orders[order.id], 11)
        await desk.clock.advance(1)
        assert desk.manager.ledger.positions[SPOT.symbol] == 11
        assert alarms(desk) == [Alarm.OVERFILL]
        more, less = desk.order(SPOT.symbol, 1), desk.order(SPOT.symbol, -11)
        desk.submit(more)
        desk.submit(less)
        await desk.clock.advance(1)
        assert more.id not in desk.manager.ledger.orders
        assert desk.state(less).status is Status.OPEN

    play(tmp_path, scenario)


def test_a_late_fill_after_a_cancellation_counts_and_is_alarmed(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        order = await place(desk)
        desk.work(desk.manager.cancel(order.id))
        await desk.clock.advance(2)
        assert desk.state(order).status is Status.CANCELED
        desk.venue.fill(desk.venue.orders[order.id], 3)
        await desk.clock.advance(1)
        assert (desk.state(order).status, desk.state(order).filled) == (Status.CANCELED, 3)
        assert alarms(desk) == [Alarm.LATE_FILL]

    play(tmp_path, scenario)


def test_what_cannot_be_halts_the_symbol_also_after_a_restart(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        desk.venue.fault = Fault.REFUSED
        order = desk.order(SPOT.symbol, 10)
        desk.submit(order)
        await desk.clock.advance(1)
        assert desk.state(order).status is Status.REJECTED
        desk.manager.observe(OrderReport(order.id, SPOT.symbol, ReportStatus.OPEN, 0, "v9"))
        assert alarms(desk) == [Alarm.ILLEGAL]
        await desk.crash()
        await desk.clock.advance(1)
        again = desk.order(SPOT.symbol, 10)
        desk.submit(again)
        await desk.clock.advance(1)
        assert again.id not in desk.manager.ledger.orders

    play(tmp_path, scenario)


def test_an_order_that_is_not_ours_halts_its_symbol(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        desk.manager.observe(OrderReport("by hand", SPOT.symbol, ReportStatus.OPEN, 0, "v9"))
        desk.manager.observe(OrderReport("by hand", "DOGE/USDT", ReportStatus.OPEN, 0, "v9"))
        assert desk.manager.ledger.halted == {SPOT.symbol}
        assert alarms(desk) == [Alarm.FOREIGN]

    play(tmp_path, scenario)


@pytest.mark.parametrize("after_write", [False, True])
@pytest.mark.parametrize("write", range(6))
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.fault("P1")
def test_p1_a_crash_at_any_write_loses_and_doubles_nothing(
    tmp_path: Path, fault: Fault, write: int, after_write: bool
) -> None:
    async def scenario(desk: Desk) -> None:
        desk.journal.writes_left, desk.journal.after_write = write, after_write
        order = desk.order(SPOT.symbol, 10)
        desk.venue.fault = fault
        desk.submit(order)
        await desk.clock.advance(0.12)
        if order.id in desk.venue.orders:
            desk.venue.fill(desk.venue.orders[order.id], 4)
        await desk.clock.advance(0.5)
        await desk.crash()
        await desk.clock.advance(100)
        there = desk.venue.orders.get(order.id)
        if order.id not in desk.manager.ledger.orders:
            assert there is None
        elif there is None:
            assert desk.state(order).status in (Status.NOT_PLACED, Status.REJECTED)
        else:
            assert desk.state(order).filled == there.filled
            assert desk.state(order).status is (Status.PARTIAL if there.filled else Status.OPEN)
        assert desk.venue.accepted[order.id] <= 1

    play(tmp_path, scenario)


def test_the_intents_of_a_decision_and_what_led_to_it_are_one_write(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        sizes: list[int] = []
        append = desk.journal.append

        def counted(records: list[Record]) -> None:
            sizes.append(len(records))
            append(records)

        desk.journal.append = counted  # type: ignore[method-assign, assignment]
        note = OrderAlarm(desk.clock.now_ms(), SPOT.symbol, "", Alarm.VANISHED, "a record of the caller")
        orders = [desk.order(SPOT.symbol, 10), desk.order(PERP.symbol, -10)]
        desk.work(desk.manager.submit(orders, "d", [note]))
        await settle()
        assert sizes == [3]
        assert requests(desk, "send") == 2
        await desk.clock.advance(1)

    play(tmp_path, scenario)


def test_a_defect_while_asking_stops_everything(tmp_path: Path) -> None:
    async def run() -> None:
        desk = await Desk(tmp_path / "run.sqlite").open()
        await desk.clock.advance(1)

        async def broken(*_: object) -> OrderReport:
            raise TypeError("a defect")

        desk.venue.query = broken  # type: ignore[method-assign, assignment]
        order = await place(desk, fault=Fault.LOST)
        await desk.clock.advance(1)
        with pytest.raises(Inconsistent, match=r"what became of an order .* \(TypeError"):
            await desk.manager.cancel(order.id)
        await desk.close()

    asyncio.run(run())


def test_the_rest_of_a_decision_may_follow_when_it_was_denied_before(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        lost = await place(desk, fault=Fault.LOST)
        both = [desk.order(SPOT.symbol, 10), desk.order(PERP.symbol, 10)]
        desk.work(desk.manager.submit(both, "both"))
        await desk.clock.advance(30)
        assert desk.state(lost).status is Status.NOT_PLACED
        desk.work(desk.manager.submit(both, "both"))
        await desk.clock.advance(1)
        assert [desk.state(order).status for order in both] == [Status.OPEN, Status.OPEN]
        assert requests(desk, "send") == 3

    play(tmp_path, scenario)


def test_two_decisions_may_be_written_before_either_is_sent(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        orders = [desk.order(SPOT.symbol, 10), desk.order(PERP.symbol, 10)]
        for order in orders:
            desk.submit(order)
        await desk.clock.advance(1)
        assert [desk.state(order).status for order in orders] == [Status.OPEN, Status.OPEN]

    play(tmp_path, scenario)


def test_a_journal_whose_orders_do_not_follow_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    intent = Intent(1, "twnd1", SPOT.symbol, 1, False, "d", "another state")
    with Journal.create(path, {}) as journal:
        journal.append([intent])
        with pytest.raises(Inconsistent, match="do not lead to what order twnd1 was decided on"):
            OrderLedger.of(journal, [SPOT])


def test_a_halted_symbol_takes_a_stop_that_surely_reduces_and_nothing_else(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        order = await place(desk)
        desk.venue.fill(desk.venue.orders[order.id], 10)
        await desk.clock.advance(1)
        desk.manager.warn(Alarm.FOREIGN, SPOT.symbol, "an order that is not ours")
        too_much = replace(desk.order(SPOT.symbol, -11), type=OrderType.STOP, trigger=Decimal(90))
        stop = replace(desk.order(SPOT.symbol, -10), type=OrderType.STOP, trigger=Decimal(90))
        sale = desk.order(SPOT.symbol, -10)
        desk.submit(too_much)
        desk.submit(sale)
        desk.submit(stop)
        await desk.clock.advance(1)
        assert [o in desk.venue.orders for o in (too_much.id, sale.id, stop.id)] == [False, False, True]

    play(tmp_path, scenario)
