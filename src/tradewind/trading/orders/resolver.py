"""Asking the venue about orders until nothing of them is in doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from tradewind.market import Clock, OrderId, VenueUnavailable
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.orders.doubt import Evidence, wait_before
from tradewind.trading.orders.order_intake import OrderIntake
from tradewind.trading.terms.order_states import Alarm, Happening, OrderState, Status
from tradewind.trading.terms.order_venue import NoSuchOrder, OrderReport, OrderVenue, ReportStatus, Trade

WORRIES = ((60.0, Alarm.UNKNOWN_LONG), (300.0, Alarm.UNKNOWN_ESCALATED))  # seconds of doubt
LOOK_BACK_MS = 3_600_000  # of a sweep for trades, before the last thing that happened in the symbol
SKEW_MS = 5_000  # between the venue's clock and ours


class Resolver:
    """One task for each order that is asked about. `broke` hears why a question failed, but for the network.

    What it learns goes to the intake, and nowhere else.
    """

    def __init__(
        self,
        ledger: OrderLedger,
        intake: OrderIntake,
        venue: OrderVenue,
        clock: Clock,
        broke: Callable[[BaseException], None],
    ) -> None:
        self.ledger, self._intake = ledger, intake
        self._venue, self._clock, self._broke = venue, clock, broke
        self._asking: dict[OrderId, asyncio.Task[None]] = {}
        self._requests: set[OrderId] = set()
        self._closed = False

    def ask(self, client_id: OrderId) -> None:
        """Ask until the order is clear, at least once; not while a request about it is on its way."""
        waits = client_id in self._asking or client_id in self._requests
        if not waits and not self._closed:
            self._asking[client_id] = self._task(self._until_clear(client_id))

    def drop(self, client_id: OrderId) -> None:
        """It is clear by other news."""
        task = self._asking.get(client_id)
        if task is not None and task is not asyncio.current_task():
            del self._asking[client_id]
            task.cancel()

    def request_leaves(self, client_id: OrderId) -> None:
        """Something about the order is on its way: nothing is asked meanwhile."""
        self._requests.add(client_id)

    def request_ended(self, client_id: OrderId) -> None:
        """The request will not be heard of again: what proves anything begins now."""
        self._requests.discard(client_id)
        if self.ledger.orders[client_id].in_doubt:
            self.ask(client_id)

    async def close(self) -> None:
        self._closed = True
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def book_trades(self, symbol: str) -> None:
        """Fetch and book what traded since the last that is known."""
        self._intake.book_all(await self._trades(symbol))

    def _task(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broke(error)

    async def _until_clear(self, client_id: OrderId) -> None:
        """Ask until the order is clear, at least once. A failed question is no answer."""
        evidence, asked = Evidence(self._clock.now_ms()), 0
        worry = self._task(self._worry(client_id))
        try:
            while True:
                await self._clock.sleep(wait_before(asked))
                try:
                    evidence = await self._ask(client_id, evidence)
                except VenueUnavailable:
                    continue
                asked += 1
                if not self.ledger.orders[client_id].in_doubt:
                    return
        finally:
            worry.cancel()
            if self._asking.get(client_id) is asyncio.current_task():
                del self._asking[client_id]

    async def _worry(self, client_id: OrderId) -> None:
        waited = 0.0
        for seconds, alarm in WORRIES:
            await self._clock.sleep(seconds - waited)
            waited = seconds
            state = self.ledger.orders[client_id]
            if state.in_doubt:
                text = f"in doubt for {seconds:g} s: {state.status}"
                self._intake.warn(alarm, state.intent.symbol, client_id, text)

    async def _ask(self, client_id: OrderId, evidence: Evidence) -> Evidence:
        state, asked_at = self.ledger.orders[client_id], self._clock.now_ms()
        answer = await self._venue.query(state.intent, state.venue_id)
        if isinstance(answer, OrderReport) and answer.filled > self.ledger.orders[client_id].filled:
            self._intake.learn(answer)  # its id at the venue, by which its trades are found
        if self.ledger.orders[client_id].lacks_fills:  # also where this answer is an old one
            await self.book_trades(state.intent.symbol)
        if isinstance(answer, NoSuchOrder):
            return await self._weigh_absence(client_id, evidence)
        self._intake.learn(answer)
        outlived = answer.status is ReportStatus.OPEN and evidence.expired(asked_at)
        if outlived and self.ledger.orders[client_id].status is Status.CANCEL_SENT:
            text = "the order is open after the request to cancel it ran out"
            self._intake.happened(client_id, Happening.CANCEL_FAILED, text=text)
        return Evidence(evidence.began)

    async def _weigh_absence(self, client_id: OrderId, evidence: Evidence) -> Evidence:
        state, now = self.ledger.orders[client_id], self._clock.now_ms()
        evidence = evidence.another(now)
        if state.status in (Status.UNKNOWN, Status.CANCEL_SENT):
            if evidence.suffices(now) and await self._is_absent(state):
                text = "no such order, not open, no trade of it, nothing changed hands"
                self._intake.happened(client_id, Happening.ABSENT, text=text)
        elif not state.done:
            text = f"the venue does not know order {client_id}, it was {state.status}"
            self._intake.warn_once(Alarm.VANISHED, state.intent.symbol, client_id, text)
        return evidence

    async def _is_absent(self, state: OrderState) -> bool:
        """The rest of the proof: no open order, no trade that may be its own, the holding as expected."""
        symbol, client_id = state.intent.symbol, state.intent.client_id
        for report in await self._venue.open_orders(symbol):
            if report.client_id == client_id:
                self._intake.learn(report)
        await self.book_trades(symbol)
        held = await self._venue.holding(symbol)
        return (
            self.ledger.orders[client_id] == state
            and not state.lacks_fills
            and not self._intake.has_strays(symbol)
            and held == self.ledger.expected_holding(symbol)
        )

    async def _trades(self, symbol: str) -> Sequence[Trade]:
        ledger = self.ledger
        doubted = [s.intent.at for s in ledger.live_in(symbol) if s.in_doubt]
        touched = [*doubted, ledger.last_at(symbol)]
        since = max(min(touched) - LOOK_BACK_MS, ledger.baselines[symbol].at - SKEW_MS)
        return await self._venue.trades(symbol, since)
