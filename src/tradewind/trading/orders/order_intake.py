"""What reaches us about orders: written to the journal, applied to the books, once, and passed on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from tradewind.market import Clock, Fill, FillReason, Inconsistent, OrderId, Rejected
from tradewind.trading.books.order_ledger import FillKey, OrderLedger
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record
from tradewind.trading.terms.bookable import beside_lots, fee_of
from tradewind.trading.terms.order_records import FeeTold, OrderAlarm
from tradewind.trading.terms.order_states import Alarm, Happening, OrderEvent, OrderState, transition
from tradewind.trading.terms.order_venue import OrderReport, ReportStatus, Trade

_HAPPENING = {
    ReportStatus.OPEN: Happening.ACCEPTED,
    ReportStatus.FILLED: Happening.ACCEPTED,  # the fills complete it
    ReportStatus.CANCELED: Happening.CANCELED,
    ReportStatus.EXPIRED: Happening.EXPIRED,
    ReportStatus.REJECTED: Happening.REFUSED,
}


class OrderIntake:
    """The one writer of orders to a journal and its ledger.

    `deliver` gets each fill, `pay` each fee that came later and `alarm` each alarm after it is on disk; `changed` gets
    the state before a change.
    """

    def __init__(
        self,
        journal: Journal,
        ledger: OrderLedger,
        clock: Clock,
        deliver: Callable[[Fill], None],
        alarm: Callable[[OrderAlarm], None],
        changed: Callable[[OrderState], None],
        pay: Callable[[FeeTold], None],
    ) -> None:
        self.ledger = ledger
        self.counts: Counter[str] = Counter()
        self._journal, self._clock = journal, clock
        self._deliver, self._alarm, self._changed, self._pay = deliver, alarm, changed, pay
        self._unwritten: list[Record] = []
        self._strays: dict[FillKey, Trade] = {}  # trades of orders whose id at the venue is not known yet
        self._foreign: set[FillKey] = set()
        self._told = {(Alarm.FOREIGN, symbol, text) for symbol, text in ledger.foreign}

    def write(self, *records: Record) -> None:
        """To disk in one transaction, then to the books."""
        self._journal.append([*self._unwritten, *records])
        self._unwritten.clear()
        for record in records:
            self.ledger.apply(record)

    def sent(self, client_id: OrderId) -> None:
        """The request leaves now. The intent is on disk; that it left is written with whatever comes next."""
        event = OrderEvent(self._clock.now_ms(), client_id, Happening.SENT)
        self.ledger.apply(event)
        self._unwritten.append(event)

    def happened(
        self,
        client_id: OrderId,
        happening: Happening,
        *,
        filled: int = 0,
        venue_id: str = "",
        text: str = "",
        refusal: Rejected | None = None,
    ) -> None:
        """Write an event if it changes the order; one that cannot be halts the symbol."""
        code, kind = (refusal.code, refusal.kind.value) if refusal else ("", "")
        text = refusal.text if refusal else text
        before = self.ledger.orders[client_id]
        event = OrderEvent(self._clock.now_ms(), client_id, happening, filled, venue_id, code, kind, text)
        try:
            step = transition(before, event)
        except Inconsistent as error:
            self.warn_once(Alarm.ILLEGAL, before.intent.symbol, client_id, str(error))
            return
        if step.alarm is not None:
            self.counts[step.alarm] += 1
        if step.state != before:
            self.write(event)
            self._after_change(before)

    def learn(self, report: OrderReport) -> None:
        """Take what the venue says of an order; an end of it only when all its fills are there."""
        if report.symbol not in self.ledger.instruments:
            return  # whatever else the account trades is not looked at
        state = self.ledger.orders.get(report.client_id)
        if state is None:
            text = f"order {report.client_id or report.venue_id} is not ours"
            self.warn_once(Alarm.FOREIGN, report.symbol, report.client_id, text)
            return
        if report.status is ReportStatus.FILLED and state.done and report.filled == state.filled:
            return  # the fills said it before
        lacking = report.filled > state.filled
        happening = Happening.ACCEPTED if lacking else _HAPPENING[report.status]
        self.happened(report.client_id, happening, filled=report.filled, venue_id=report.venue_id)

    def book_all(self, trades: Iterable[Trade]) -> None:
        for trade in trades:
            self.book(trade)

    def book(self, trade: Trade) -> None:
        """Take a trade, once; without an owner it waits until every order that could be it is known by id."""
        fill = trade.fill
        if fill.symbol not in self.ledger.instruments:
            return
        key, owner = self.ledger.key(fill), self._owner(trade)
        if (known := self.ledger.fills.get(key)) is not None:
            self._compare(known, fill)
            if key in self.ledger.fees_due:
                self._take_fee(known, fill)
        elif owner is not None:
            self._strays.pop(key, None)
            self._fill(owner, self._owned(fill, owner))
        elif fill.reason is FillReason.LIQUIDATION:
            text = (
                f"the venue closed {fill.lots} lots at {fill.price}: look at margin and leverage, then re-arm"
            )
            self.warn(Alarm.LIQUIDATED, fill.symbol, fill.order_id, text, fill)
            self._deliver(fill)
        elif self._after_baseline(fill) and key not in self._foreign:
            self._strays[key] = trade
            self._judge(key, trade)

    def adopt(self, fill: Fill, *cause: Record) -> None:
        """Book what changed hands without an order of ours; its reason says so."""
        self.write(*cause, fill)
        self._deliver(fill)

    def has_strays(self, symbol: str) -> bool:
        """Are there trades that may belong to an order whose id at the venue is not known?"""
        return any(t.fill.symbol == symbol for t in self._strays.values())

    def warn(self, alarm: Alarm, symbol: str, client_id: OrderId, text: str, *cause: Record) -> None:
        """Write an alarm, with what caused it in the same transaction."""
        record = OrderAlarm(self._clock.now_ms(), symbol, client_id, alarm, text)
        self.write(*cause, record)
        self.counts[alarm] += 1
        self._alarm(record)

    def warn_once(self, alarm: Alarm, symbol: str, client_id: OrderId, text: str) -> None:
        """The same, but not again at every sweep that finds the same."""
        if (alarm, symbol, text) not in self._told:
            self._told.add((alarm, symbol, text))
            self.warn(alarm, symbol, client_id, text)

    def _owned(self, fill: Fill, owner: OrderId) -> Fill:
        """With the order's name and, where the venue gives no reason of its own, what the order was for."""
        meant = self.ledger.orders[owner].intent.reason
        reason = meant if fill.reason is FillReason.ORDER else fill.reason
        return replace(fill, order_id=owner, lots=self.ledger.lots_of(fill, owner), reason=reason)

    def _after_baseline(self, fill: Fill) -> bool:
        baseline = self.ledger.baselines.get(fill.symbol)
        return baseline is not None and fill.at >= baseline.at

    def _owner(self, trade: Trade) -> OrderId | None:
        if trade.fill.order_id:
            return trade.fill.order_id if trade.fill.order_id in self.ledger.orders else None
        return self.ledger.order_of(trade.fill.symbol, trade.venue_id)

    def _compare(self, known: Fill, told: Fill) -> None:
        self.counts["fill_again"] += 1
        if (known.quantity, known.price) != (told.quantity, told.price):
            text = (
                f"trade {known.trade_id} was {known.quantity:f} at {known.price}, now it is {told.quantity:f} at "
                f"{told.price}: the first is kept"
            )
            self.warn_once(Alarm.FILL_DIFFERS, known.symbol, known.order_id, text)

    def _take_fee(self, known: Fill, told: Fill) -> None:
        """What the trade cost, once that is told in a coin that the books know."""
        if fee_of(told, self.ledger.instruments[told.symbol]) is not None:
            at, fee = self._clock.now_ms(), told.fee
            paid = FeeTold(at, known.symbol, known.trade_id, known.price, fee, told.fee_asset)
            self.write(paid)
            self._pay(paid)

    def _fill(self, owner: OrderId, fill: Fill) -> None:
        before = self.ledger.orders[owner]
        try:
            step = transition(before, fill)
        except Inconsistent as error:
            self.warn_once(Alarm.ILLEGAL, fill.symbol, owner, str(error))
            return
        cause: tuple[Record, ...] = (fill,)
        if beside_lots(fill, self.ledger.instruments[fill.symbol]):
            text = f"trade {fill.trade_id} of {fill.quantity:f} is no whole number of lots: {fill.lots} count"
            self.warn(Alarm.ODD_LOT, fill.symbol, owner, text, *cause)
            cause = ()
        if step.alarm is not None:
            text = f"trade {fill.trade_id} of {fill.lots} lots came when the order was {before.status}"
            self.warn(step.alarm, fill.symbol, owner, text, *cause)
        elif cause:
            self.write(*cause)
        self._deliver(fill)
        self._after_change(before)

    def _after_change(self, before: OrderState) -> None:
        self._changed(before)
        for trade in [t for t in self._strays.values() if t.fill.symbol == before.intent.symbol]:
            self.book(trade)

    def _judge(self, key: FillKey, trade: Trade) -> None:
        """Is it foreign? Not yet, where it names no order and one of ours has no id at the venue yet."""
        fill = trade.fill
        if not fill.order_id and any(not s.venue_id for s in self.ledger.live_in(fill.symbol)):
            return
        del self._strays[key]
        self._foreign.add(key)
        text = f"trade {fill.trade_id} of order {fill.order_id or trade.venue_id} is not ours"
        self.warn_once(Alarm.FOREIGN, fill.symbol, fill.order_id, text)
