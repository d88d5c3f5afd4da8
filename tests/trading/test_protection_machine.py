"""Decisions, prices, faults and crashes in any order, with stops at a venue.

At no moment is more held than a decision wanted, or less than nothing on spot. Once all is quiet every position has
a stop of its size, or is gone; the books equal the venue's.
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

from tests.trading.marketplace import GuardedDesk
from tests.trading.ordering import PERP, SPOT, Fault, Telling, settle
from tradewind.market import OrderType, Rejected, RejectKind
from tradewind.trading.acting.settings import EntryType, ExecutionSettings
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.terms.order_venue import ReportStatus

CAP = 100  # lots: no decision wants more
QUIET = 240.0  # seconds: more than a proof after the longest wait
SYMBOLS = (SPOT.symbol, PERP.symbol)

symbols = st.sampled_from(SYMBOLS)
faults = st.sampled_from([*[Fault.NONE] * 8, *Fault])  # mostly it works
prices = st.sampled_from([90.0, 94.0, 96.0, 99.0, 100.0, 101.0, 104.0, 106.0, 112.0])
instants = st.sampled_from([0.0, 0.06, 0.11, 0.3, 1.06, 2.0, 5.1, 11.0, 31.0])
refusals = st.sampled_from(
    [RejectKind.LIMIT, RejectKind.BALANCE, RejectKind.FILTER, RejectKind.OTHER, RejectKind.CLOCK]
)
types = st.sampled_from([OrderType.STOP, OrderType.MARKET, OrderType.POST_ONLY])


class ProtectionMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def do(self, act: Callable[[], object]) -> None:
        async def acting() -> None:
            act()
            await settle()

        self.run(acting())

    @initialize(maker=st.booleans(), resting=st.booleans())
    def begin(self, maker: bool, resting: bool) -> None:
        kind = EntryType.POST_ONLY if maker else EntryType.MARKET
        self.desk = GuardedDesk(Path(self.folder.name) / "run.sqlite", resting=resting)
        self.desk.execution_settings = ExecutionSettings(kind, timeout_seconds=12.0, repricings=2)
        self.resting = resting
        self.desk.levels.update(dict.fromkeys(SYMBOLS, 95.0))
        self.run(self.desk.open())
        self.run(self.desk.clock.advance(1))

    @property
    def alive(self) -> bool:
        return self.desk.started and not self.desk.journal.dead

    @rule(
        symbol=symbols,
        wanted=st.sampled_from([-100, -40, 0, 40, 100]),
        fault=faults,
        seconds=st.sampled_from([0.0, 0.5, 0.5, 5.0]),
    )
    def decide(self, symbol: str, wanted: int, fault: Fault, seconds: float) -> None:
        self.want(symbol, wanted, fault)
        self.run(self.desk.clock.advance(seconds))

    @rule(symbol=symbols, wanted=st.sampled_from([0, 40, 100]), part=st.integers(1, 60))
    def decide_while_a_limit_fills(self, symbol: str, wanted: int, part: int) -> None:
        """Before the cancellation of what was decided before arrives."""
        there = [o for o in self.desk.venue.open(symbol) if o.intent.type is OrderType.POST_ONLY]
        self.want(symbol, wanted, Fault.NONE)
        for order in there:
            if order.status is ReportStatus.OPEN and not order.intent.reduce_only:
                self.do(lambda order=order: self.desk.venue.take(order, min(part, order.left)))

    def want(self, symbol: str, wanted: int, fault: Fault) -> None:
        """As the engine does: the difference to what is held, marked where it only closes."""
        if not self.alive or (symbol == SPOT.symbol and wanted < 0):
            return
        held = self.desk.manager.ledger.positions[symbol]
        lots = wanted - held
        if lots:
            closes = held * lots < 0 and abs(lots) <= abs(held)
            order = self.desk.order(symbol, lots, reduce_only=closes)
            self.desk.venue.fault = fault
            self.do(lambda: self.desk.decide(order))

    @rule(symbol=symbols, price=prices)
    def the_price_moves(self, symbol: str, price: float) -> None:
        def move() -> None:
            self.desk.venue.move(symbol, price)
            if self.alive:
                self.desk.protection.wake(symbol)

        self.do(move)

    @rule(symbol=symbols, level=st.sampled_from([0.0, 93.0, 95.0, 97.0, 98.5]))
    def the_level_moves(self, symbol: str, level: float) -> None:
        """Below 100 for a long; a short is protected as far above."""
        self.desk.levels[symbol] = level

    @rule(fills=st.booleans())
    def stops_fill(self, fills: bool) -> None:
        self.desk.venue.stops_fill = fills

    @rule(depth=st.sampled_from([1_000, 30]))
    def the_book_has(self, depth: int) -> None:
        self.desk.venue.depth = depth

    @rule(kind=refusals, type_=types, times=st.integers(1, 4))
    def the_venue_refuses(self, kind: RejectKind, type_: OrderType, times: int) -> None:
        left = [times]

        def refuse(intent: Intent) -> Rejected | None:
            if intent.type is not type_ or not left[0]:
                return None
            left[0] -= 1
            return Rejected("code", "refused", kind)

        self.desk.venue.refuse = refuse

    @precondition(lambda self: any(self.desk.venue.open(s) for s in SYMBOLS))
    @rule(data=st.data())
    def someone_cancels(self, data: st.DataObject) -> None:
        there = [o for s in SYMBOLS for o in self.desk.venue.open(s)]
        order = data.draw(st.sampled_from(there))
        self.do(lambda: self.desk.venue.end(order, ReportStatus.CANCELED))

    @precondition(lambda self: any(self.desk.venue.open(s) for s in SYMBOLS))
    @rule(data=st.data())
    def a_part_fills(self, data: st.DataObject) -> None:
        there = [o for s in SYMBOLS for o in self.desk.venue.open(s)]
        order = data.draw(st.sampled_from(there))
        held = abs(self.desk.venue.position(order.intent.symbol))
        most = min(order.left, held) if order.intent.reduce_only else order.left
        if most:
            lots = data.draw(st.integers(1, most))
            self.do(lambda: self.desk.venue.fill(order, lots))

    @rule(fault=faults)
    def the_next_request_fails(self, fault: Fault) -> None:
        self.desk.venue.fault = fault

    @rule(delay=st.sampled_from([0.0, 0.5, 4.0]), drop=st.booleans(), twice=st.booleans())
    def the_stream_tells_otherwise(self, delay: float, drop: bool, twice: bool) -> None:
        self.desk.venue.telling = Telling(delay, drop, twice)

    @rule(seconds=st.sampled_from([0.5, 5.0, 40.0]))
    def the_network_is_down(self, seconds: float) -> None:
        self.desk.venue.down = True
        self.run(self.desk.clock.advance(seconds))
        self.desk.venue.down = False

    @rule(seconds=instants)
    def wait(self, seconds: float) -> None:
        self.run(self.desk.clock.advance(seconds))

    @rule()
    def crash(self) -> None:
        self.run(self.desk.crash())

    @rule(writes=st.integers(0, 4), after=st.booleans())
    def crash_at_a_write(self, writes: int, after: bool) -> None:
        self.desk.journal.writes_left, self.desk.journal.after_write = writes, after

    @invariant()
    def a_dead_process_is_started_again(self) -> None:
        if self.desk.journal.dead:
            self.run(self.desk.crash())

    @invariant()
    def nothing_is_sent_twice_and_no_more_is_held_than_wanted(self) -> None:
        venue = self.desk.venue
        assert all(n == 1 for n in venue.accepted.values())
        assert self.desk.wrong == []
        assert venue.position(SPOT.symbol) >= 0
        assert max(venue.largest.values(), default=0) <= CAP
        for symbol in SYMBOLS:
            assert abs(venue.position(symbol)) <= CAP

    def teardown(self) -> None:
        try:
            if hasattr(self, "desk"):
                self.run(self.come_to_rest())
                self.compare()
                self.run(self.desk.close())
                assert self.desk.wrong == []
        finally:
            self.loop.close()
            self.folder.cleanup()

    async def come_to_rest(self) -> None:
        desk = self.desk
        desk.venue.down, desk.venue.fault, desk.venue.refuse = False, Fault.NONE, lambda intent: None
        desk.venue.stops_fill, desk.venue.depth, desk.venue.telling = True, 1_000, Telling()
        desk.journal.writes_left = None
        if desk.journal.dead:
            await desk.crash()
        for _ in range(2):
            await desk.clock.advance(QUIET)
            desk.work(desk.manager.refresh())
        await desk.clock.advance(QUIET)

    def compare(self) -> None:
        desk, ledger = self.desk, self.desk.manager.ledger
        assert desk.wrong == []
        for symbol in SYMBOLS:
            held = desk.venue.position(symbol)
            assert ledger.positions[symbol] == held
            level = desk.standing.protective_level(symbol)
            stops = [(o.intent.lots < 0, o.left) for o in desk.venue.stops(symbol)]
            if held and level and self.resting:
                assert stops == [(held > 0, abs(held))]
            else:
                assert stops == []
            if held and level:
                assert (desk.venue.price(symbol) > level) == (held > 0)
            assert [o for o in desk.venue.open(symbol) if o.intent.type is not OrderType.STOP] == []
        again = OrderLedger.of(desk.journal, ledger.instruments.values())
        assert again.state_hash() == ledger.state_hash()


TestProtection = ProtectionMachine.TestCase
TestProtection.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.slow
@pytest.mark.timeout(7200)
class TestManyProtection(TestProtection):  # type: ignore[misc, valid-type]
    settings = settings(TestProtection.settings, max_examples=600)
