"""Orders to the venue: written before they are sent, asked about until they are clear, never repeated."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from tradewind.market import (
    Accepted,
    Clock,
    Fill,
    Inconsistent,
    Order,
    OrderId,
    Outcome,
    Rejected,
    RejectKind,
    Unknown,
    VenueUnavailable,
)
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record
from tradewind.trading.orders.order_intake import OrderIntake
from tradewind.trading.orders.order_watch import OrderWatch
from tradewind.trading.orders.resolver import Resolver
from tradewind.trading.risk.latch import Latch
from tradewind.trading.risk.terms_of_order import reduces
from tradewind.trading.terms.order_records import Baseline, Denied, FeeTold, OrderAlarm
from tradewind.trading.terms.order_states import HAND, Alarm, Happening, Intent, OrderState, Status
from tradewind.trading.terms.order_venue import OrderReport, OrderVenue, Trade

FEE_SECONDS = 60.0  # in which a venue may tell what a trade cost


class OrderManager:
    """The only one that sends orders of a run. `start` first, `close` at the end.

    `deliver` gets each fill once, after it is on disk, and `alarm` each alarm; both are called from the loop and
    must not wait. When asking about an order failed for another reason than the network, or `deliver` refused a fill,
    every later call raises `Inconsistent`, and so does `broken`: the run must end, and begin anew from its journal.
    """

    def __init__(
        self,
        journal: Journal,
        ledger: OrderLedger,
        venue: OrderVenue,
        clock: Clock,
        deliver: Callable[[Fill], None],
        alarm: Callable[[OrderAlarm], None],
        market_clock: Clock | None = None,
        pay: Callable[[FeeTold], None] = lambda told: None,
    ) -> None:
        """`clock` is that of the wire: by it requests run out and waits end. `market_clock`, where market time is
        another, gives the times of records: those of the venue's trades. `pay` gets fees that come after their trades.
        """
        self.ledger, self._stamps = ledger, market_clock or clock
        self._deliver = deliver
        self._intake = OrderIntake(journal, ledger, self._stamps, self._hand_over, alarm, self._changed, pay)
        self.watch = OrderWatch(ledger, clock)
        self._venue = venue
        self._resolver = Resolver(ledger, self._intake, venue, clock, self._break)
        self.latch: Latch | None = None  # heeded at the last moment before anything leaves
        self.barred: Callable[[], str] = lambda: ""  # why nothing may be sent now, read where others write it
        self.paused: Mapping[str, str] = {}  # symbols that take no new exposure for now, and why
        self._failure: BaseException | None = None
        self._broke = asyncio.Event()

    @property
    def counts(self) -> Counter[str]:
        """Alarms by name, reports that were too old (`stale`) and fills told again (`fill_again`)."""
        return self._intake.counts

    async def start(self) -> None:
        """Go on where the journal ends: what may have been sent is in doubt. `VenueUnavailable`: call again."""
        for symbol in self.ledger.instruments:
            if symbol not in self.ledger.baselines:
                at = self._stamps.now_ms()
                self._intake.write(Baseline(at, symbol, await self._venue.holding(symbol)))
        for client_id in list(self.ledger.live):
            if self.ledger.orders[client_id].status in (Status.INTENT, Status.SENT):
                text = "the process ended before an answer came"
                self._intake.happened(client_id, Happening.DOUBTED, text=text)
        await self.refresh()

    async def refresh(self) -> None:
        """Ask about every live order, and fetch what traded since the last that is known: at every reconnect."""
        self._require_whole()
        for client_id in self.ledger.live:
            self._resolver.ask(client_id)
        for symbol in self.ledger.instruments:
            if self.ledger.last_at(symbol):
                await self._resolver.book_trades(symbol)

    async def fetch_fees(self) -> None:
        """Ask again for trades that were told without their fee; an alarm for one that is so for a minute."""
        self._require_whole()
        for symbol in {fill.symbol for fill in self.ledger.fees_due.values()}:
            await self._resolver.book_trades(symbol)
        for fill in list(self.ledger.fees_due.values()):
            if self._stamps.now_ms() - fill.at >= FEE_SECONDS * 1000:
                text = (
                    f"the venue does not tell the fee of trade {fill.trade_id} in a coin whose price is known"
                )
                self.warn_once(Alarm.FEE_MISSING, fill.symbol, text)

    async def broken(self) -> None:
        """Until it cannot go on; then it raises why."""
        await self._broke.wait()
        self._require_whole()

    async def close(self) -> None:
        """End all waiting. What is in doubt stays so in the journal."""
        await self._resolver.close()

    def write(self, *records: Record) -> None:
        """Write records of the session, in one transaction. Fills are not among them: `observe_trade` takes those.

        A command to re-arm lifts the halts of symbols.
        """
        self._intake.write(*records)

    async def submit(
        self, orders: Sequence[Order], decision_id: str, records: Sequence[Record] = ()
    ) -> list[Denied]:
        """Commit the orders of one decision, then send them; returns those that must not be sent now."""
        intents, denied = self.commit(orders, decision_id, records)
        for failure in await asyncio.gather(*map(self.send, intents), return_exceptions=True):
            if failure is not None:
                raise failure
        return denied

    def commit(
        self, orders: Sequence[Order], decision_id: str, records: Sequence[Record] = ()
    ) -> tuple[list[Intent], list[Denied]]:
        """What must be sent now, each once and by `send`, and what must not be: on disk, in one transaction.

        `records` go before the intents. An order whose id is in the journal already is left alone: its request is
        never repeated.
        """
        self._require_whole()
        at, before = self._stamps.now_ms(), self.ledger.state_hash()
        intents: list[Intent] = []
        denied: list[Denied] = []
        for order in orders:
            if order.id in self.ledger.orders:
                continue
            if objection := self._objection(order, intents, decision_id):
                denied.append(Denied(at, order.id, order.symbol, order.lots, objection))
            else:
                intents.append(Intent.of(order, at, decision_id, before))
        self.write(*records, *denied, *intents)
        return intents, denied

    async def cancel(self, client_id: OrderId) -> OrderState:
        """Ask once to cancel a working order, and only a working one; returns what it is then.

        `CANCEL_SENT` means that the effect is not known yet; back at `OPEN` or `PARTIAL`, it had none.
        """
        self._require_whole()
        state = self.ledger.orders[client_id]
        if state.status not in (Status.OPEN, Status.PARTIAL) or (self.latch and self.latch.silent):
            return state
        self._intake.happened(client_id, Happening.CANCEL_ASKED)
        self._resolver.drop(client_id)
        self._resolver.request_leaves(client_id)
        try:
            outcome = await self._venue.cancel(state.intent, state.venue_id)
            if isinstance(outcome, Rejected) and outcome.kind is not RejectKind.NOT_FOUND:
                self._intake.happened(client_id, Happening.CANCEL_FAILED, refusal=outcome)
        except VenueUnavailable:
            pass  # as any other answer: gone, perhaps filled before, perhaps neither, the venue knows
        finally:
            self._resolver.request_ended(client_id)
        return self.ledger.orders[client_id]

    def clarify(self, client_id: OrderId) -> None:
        """Ask about a live order until it is clear, at least once."""
        self._require_whole()
        self._resolver.ask(client_id)

    def adopt(self, fill: Fill, *cause: Record) -> None:
        """Book a trade that no order of ours made: liquidated, closed by a person or by the panic process."""
        self._require_whole()
        self._intake.adopt(fill, *cause)

    def warn(self, alarm: Alarm, symbol: str, text: str, *cause: Record, client_id: OrderId = "") -> None:
        """Write and tell an alarm, with what caused it in the same transaction; an empty symbol means all."""
        self._intake.warn(alarm, symbol, client_id, text, *cause)

    def warn_once(self, alarm: Alarm, symbol: str, text: str) -> None:
        """The same, but not again while this process lives."""
        self._intake.warn_once(alarm, symbol, "", text)

    def observe(self, report: OrderReport) -> None:
        """The venue's stream told of an order."""
        self._require_whole()
        self._intake.learn(report)

    def observe_trade(self, trade: Trade) -> None:
        """The venue's stream told of a trade."""
        self._require_whole()
        self._intake.book(trade)

    def _objection(self, order: Order, before: Sequence[Intent], decision_id: str) -> str:
        """Of the latch too: what a person commanded since the order was reviewed counts."""
        paused, by_hand = self.paused.get(order.symbol, ""), decision_id.startswith(HAND)
        if objection := self.ledger.objection(order, before, paused, by_hand=by_hand):
            return objection
        shrinks = reduces(order, self.ledger.positions[order.symbol])
        return "" if self.latch is None else self.latch.objection(reduces=shrinks)

    async def send(self, intent: Intent) -> None:
        """Send what `commit` gave, and take the answer."""
        client_id = intent.client_id
        if why := self.barred():
            self._take_answer(client_id, Rejected("barred", why, RejectKind.BARRED))
            return
        self._intake.sent(client_id)
        self._resolver.request_leaves(client_id)
        try:
            self._take_answer(client_id, await self._venue.send(intent))
        except VenueUnavailable as error:
            self._take_answer(client_id, Unknown(str(error)))
        except BaseException as error:
            self._take_answer(client_id, Unknown(repr(error)))
            raise
        finally:
            self._resolver.request_ended(client_id)

    def _take_answer(self, client_id: OrderId, outcome: Outcome) -> None:
        match outcome:
            case Accepted(venue_id):
                self._intake.happened(client_id, Happening.ACCEPTED, venue_id=venue_id)
            case Rejected(kind=RejectKind.DUPLICATE):  # an earlier request with this id was accepted
                self._intake.happened(client_id, Happening.ACCEPTED, refusal=outcome)
                self._resolver.request_ended(client_id)
                self._resolver.ask(client_id)
            case Rejected():
                self._intake.happened(client_id, Happening.REFUSED, refusal=outcome)
            case Unknown(text):
                self._intake.happened(client_id, Happening.DOUBTED, text=text)

    def _changed(self, before: OrderState) -> None:
        client_id = before.intent.client_id
        now = self.ledger.orders[client_id]
        if now.lacks_fills or (before.done and not now.done):
            self._resolver.ask(client_id)
        elif before.in_doubt and not now.in_doubt:
            self._resolver.drop(client_id)
        self.watch.changed(client_id)

    def _hand_over(self, fill: Fill) -> None:
        """A fill that is on disk and not in the engine's books would be held by nobody."""
        try:
            self._deliver(fill)
        except Exception as error:
            self._break(error)
            raise

    def _break(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self._broke.set()

    def _require_whole(self) -> None:
        if self._failure is not None:
            raise Inconsistent(
                f"what became of an order could not be taken ({self._failure!r}): end the run and start it again"
            ) from self._failure
