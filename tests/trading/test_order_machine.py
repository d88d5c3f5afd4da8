"""O1 to O13, O15 and P1 in any order: a venue that loses, delays and repeats, a process that dies at any point.

Whatever happened, once all is quiet: no order was accepted twice, no fill is missing or counted twice, the books
equal the venue's, and nothing is in doubt.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.trading.ordering import PERP, SPOT, Desk, Fault, Resting, Telling, settle
from tradewind.market import Order
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.terms.order_states import Alarm, Status
from tradewind.trading.terms.order_venue import ReportStatus

QUIET = 900.0  # seconds: more than a proof after the longest wait

faults = st.sampled_from(Fault)
symbols = st.sampled_from([SPOT.symbol, PERP.symbol])
instants = st.sampled_from([0.0, 0.01, 0.06, 0.11, 0.3, 1.06, 2.0, 5.1, 8.0, 16.0, 61.0, 310.0])
_EXPECTED = {
    ReportStatus.OPEN: (Status.OPEN, Status.PARTIAL),
    ReportStatus.FILLED: (Status.FILLED,),
    ReportStatus.CANCELED: (Status.CANCELED, Status.FILLED),
    ReportStatus.EXPIRED: (Status.EXPIRED, Status.FILLED),
}


class OrderMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.asked: list[Order] = []

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def do(self, act: Callable[[], object]) -> None:
        """Within the loop, and a few turns of it."""

        async def acting() -> None:
            act()
            await settle()

        self.run(acting())

    @initialize()
    def begin(self) -> None:
        self.desk = Desk(Path(self.folder.name) / "run.sqlite")
        self.run(self.desk.open())
        self.run(self.desk.clock.advance(1))

    def resting(self, *statuses: ReportStatus) -> list[Resting]:
        return [o for o in self.desk.venue.orders.values() if o.status in statuses and o.left > 0]

    @rule(symbol=symbols, lots=st.integers(1, 5), buys=st.booleans(), reduce=st.booleans(), fault=faults)
    def decide(self, symbol: str, lots: int, buys: bool, reduce: bool, fault: Fault) -> None:
        order = self.desk.order(symbol, lots if buys else -lots, reduce_only=reduce)
        self.asked.append(order)
        self.desk.venue.fault = fault
        if self.alive:
            self.do(lambda: self.desk.submit(order))

    @rule(lots=st.integers(1, 5), fault=faults)
    def decide_two(self, lots: int, fault: Fault) -> None:
        orders = [self.desk.order(SPOT.symbol, lots), self.desk.order(PERP.symbol, -lots)]
        self.asked += orders
        self.desk.venue.fault = fault
        if self.alive:
            self.do(lambda: self.desk.submit(*orders))

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def decide_again(self, data: st.DataObject) -> None:
        if self.alive:
            order = data.draw(st.sampled_from(self.asked))
            self.do(lambda: self.desk.submit(order))

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), fault=faults)
    def cancel(self, data: st.DataObject, fault: Fault) -> None:
        order = data.draw(st.sampled_from(self.asked))
        self.desk.venue.fault = fault
        if self.alive and order.id in self.desk.manager.ledger.orders:
            self.do(lambda: self.desk.work(self.desk.manager.cancel(order.id)))

    @rule(delay=st.sampled_from([0.0, 0.02, 0.5, 4.0]), drop=st.booleans(), twice=st.booleans())
    def the_stream_tells_otherwise(self, delay: float, drop: bool, twice: bool) -> None:
        self.desk.venue.telling = Telling(delay, drop, twice)

    @rule(lag=st.sampled_from([0.0, 0.4, 3.0]))
    def readings_lag(self, lag: float) -> None:
        self.desk.venue.lag = lag

    @precondition(lambda self: self.resting(ReportStatus.OPEN, ReportStatus.CANCELED, ReportStatus.EXPIRED))
    @rule(data=st.data())
    def fill(self, data: st.DataObject) -> None:
        """Also an order that is over: the venue's last word comes late."""
        there = self.resting(ReportStatus.OPEN, ReportStatus.CANCELED, ReportStatus.EXPIRED)
        order = data.draw(st.sampled_from(there))
        lots = data.draw(st.integers(1, order.left))
        self.do(lambda: self.desk.venue.fill(order, lots))

    @precondition(lambda self: self.resting(ReportStatus.OPEN))
    @rule(data=st.data(), expires=st.booleans())
    def end(self, data: st.DataObject, expires: bool) -> None:
        order = data.draw(st.sampled_from(self.resting(ReportStatus.OPEN)))
        status = ReportStatus.EXPIRED if expires else ReportStatus.CANCELED
        self.do(lambda: self.desk.venue.end(order, status))

    @rule(down=st.booleans())
    def the_network(self, down: bool) -> None:
        self.desk.venue.down = down

    @rule(seconds=instants)
    def wait(self, seconds: float) -> None:
        self.run(self.desk.clock.advance(seconds))

    @rule(turns=st.integers(0, 6))
    def turn(self, turns: int) -> None:
        async def some() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)

        self.run(some())

    @rule()
    def crash(self) -> None:
        self.run(self.desk.crash())

    @rule(writes=st.integers(0, 4), after=st.booleans())
    def crash_at_a_write(self, writes: int, after: bool) -> None:
        self.desk.journal.writes_left, self.desk.journal.after_write = writes, after

    @property
    def alive(self) -> bool:
        return self.desk.started and not self.desk.journal.dead

    @invariant()
    def a_dead_process_is_started_again(self) -> None:
        if self.desk.journal.dead:
            self.run(self.desk.crash())

    @invariant()
    def no_order_is_accepted_twice_and_none_is_sent_in_doubt(self) -> None:
        assert all(n == 1 for n in self.desk.venue.accepted.values())
        assert self.desk.wrong == []

    def teardown(self) -> None:
        try:
            if hasattr(self, "desk"):
                self.run(self.come_to_rest())
                self.compare()
                self.run(self.desk.close())
        finally:
            self.loop.close()
            self.folder.cleanup()

    async def come_to_rest(self) -> None:
        desk = self.desk
        desk.venue.down, desk.venue.lag, desk.venue.fault = False, 0.0, Fault.NONE
        desk.journal.writes_left = None
        if desk.journal.dead:
            await desk.crash()
        await desk.clock.advance(QUIET)
        desk.work(desk.manager.refresh())
        await desk.clock.advance(QUIET)

    def compare(self) -> None:
        desk, ledger = self.desk, self.desk.manager.ledger
        told = desk.venue.told
        assert desk.wrong == []
        assert {t.fill.trade_id for t in told} == {f.trade_id for f in ledger.fills.values()}
        assert sorted(f.trade_id for f in desk.delivered) == sorted(t.fill.trade_id for t in told)
        for symbol in ledger.instruments:
            assert ledger.positions[symbol] == desk.venue.position(symbol)
        assert set(desk.venue.orders) <= set(ledger.orders)
        for name, state in ledger.orders.items():
            there = desk.venue.orders.get(name)
            assert not state.in_doubt
            if there is None:
                assert state.status in (Status.NOT_PLACED, Status.REJECTED)
            else:
                assert state.filled == there.filled
                assert state.venue_id in (there.venue_id, "")  # fills may complete it before its id is told
                assert state.status in _EXPECTED[there.status]
        serious = (Alarm.ILLEGAL, Alarm.FOREIGN, Alarm.OVERFILL, Alarm.FILL_DIFFERS)
        assert [a for a in desk.alarms if a.alarm in serious] == []
        again = OrderLedger.of(desk.journal, ledger.instruments.values())
        assert (again.orders, again.fills, again.state_hash()) == (
            ledger.orders,
            ledger.fills,
            ledger.state_hash(),
        )


TestOrders = OrderMachine.TestCase
TestOrders.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.slow
@pytest.mark.timeout(7200)
class TestManyOrders(TestOrders):  # type: ignore[misc, valid-type]
    settings = settings(TestOrders.settings, max_examples=1500)
