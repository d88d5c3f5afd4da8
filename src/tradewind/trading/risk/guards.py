"""The last look at the orders of a decision before a venue gets them, and at the account between decisions.

A guard refuses with one sentence. What only shrinks a position passes all but the venue's minimum and the sanity
of its price: nobody is trapped in a position because data is late.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from tradewind.market import Clock, Fill, Instrument, Order, OrderId, Snapshot
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.engine.standing import Standing
from tradewind.trading.risk.breaches import Breach, margin_breaches
from tradewind.trading.risk.guard_settings import GuardSettings
from tradewind.trading.risk.latch import Latch
from tradewind.trading.risk.terms_of_order import price_objection, reduces, size_objection, unstoppable
from tradewind.trading.terms.account_venue import AccountReading
from tradewind.trading.terms.order_records import Denied, Risk
from tradewind.trading.terms.order_states import Status
from tradewind.trading.terms.pricing import price_of
from tradewind.trading.terms.quotes import Quote, Quotes
from tradewind.trading.terms.reasons import IN_WORDS
from tradewind.words import counted

APART_MS = 1_000  # between two bad readings that agree
MINUTE_MS = 60_000
SLIPPAGE = "slippage"


class Guards:
    """Reviews orders, and moves the latch. The session tells what it hears by the `note_` methods."""

    def __init__(
        self,
        settings: GuardSettings,
        instruments: Mapping[str, Instrument],
        standing: Standing,
        ledger: OrderLedger,
        quotes: Quotes,
        clock: Clock,
        latch: Latch,
        *,
        model_slippage: float = 0.0,
        stamps: Clock | None = None,
        bar_age: Callable[[int], float] | None = None,
        storage: Callable[[], str] = lambda: "",
        largest: Callable[[str], int | None] = lambda symbol: None,
    ) -> None:
        """`instruments` is looked at anew each time: rules may change while a run is at work.

        `model_slippage`: what the simulator charges against the middle of the book, as a fraction.

        `clock` is that by which quotes are stamped. Where market time is another, `stamps` gives the time of records,
        and `bar_age` the seconds of `clock` since a close. `storage` says why nothing can be written down now,
        `largest` how many lots the venue takes in one order of a symbol.
        """
        self.settings, self.instruments, self.latch = settings, instruments, latch
        self._standing, self._ledger, self._quotes, self._clock = standing, ledger, quotes, clock
        self._model_slippage, self._stamps = model_slippage, stamps or clock
        self._bar_age = bar_age or (lambda close: (self._stamps.now_ms() - close) / 1000)
        self._first_bad: dict[str, int] = {}
        self._sent: deque[int] = deque()
        self._answers: deque[bool] = deque(maxlen=settings.window)
        self._slippage: deque[float] = deque(maxlen=settings.window)
        self._expected: dict[OrderId, float] = {}
        self._masked: dict[str, deque[bool]] = {s: deque(maxlen=settings.window) for s in instruments}
        self._funding: dict[str, float] = {}
        self._drift = 0.0
        self._reading: AccountReading | None = None
        self._storage, self._largest = storage, largest

    def note_snapshot(self, symbols: Sequence[str], snapshot: Snapshot) -> None:
        """A bar closed: which symbols were missing, and what funding cost last."""
        for symbol, bar in zip(symbols, snapshot.bars, strict=True):
            self._masked[symbol].append(bar is None)
            if bar is not None and bar.funding_rate:
                self._funding[symbol] = bar.funding_rate

    def note_drift(self, seconds: float) -> None:
        """The venue's clock minus ours."""
        self._drift = seconds

    def note_answer(self, *, good: bool) -> None:
        """A request was answered, or it failed."""
        self._answers.append(good)

    def note_reading(self, reading: AccountReading) -> None:
        self._reading = reading

    def note_sent(self, order: Order) -> None:
        """An order left: it counts to the rate, and its fills are compared with the book of this moment."""
        self._sent.append(self._clock.now_ms())
        quote = self._quotes.newest(order.symbol)
        if quote is not None and 0 < quote.middle < math.inf:
            self._expected[order.id] = quote.middle

    def note_fill(self, fill: Fill) -> None:
        """How much worse was it than the model says?"""
        expected = self._expected.pop(fill.order_id, None)
        if expected is not None:
            worse = (float(fill.price) / expected - 1.0) * (1 if fill.lots > 0 else -1)
            self._slippage.append(worse - self._model_slippage)

    def watch(self) -> list[Breach]:
        """Look at the account now; a limit that two readings at least a second apart call crossed moves the latch.

        Call it every second or so. `review` calls it too.
        """
        breaches = list(self._breaches())
        for name in set(self._first_bad) - {b.name for b in breaches}:
            del self._first_bad[name]
        for breach in breaches:
            first = self._first_bad.setdefault(breach.name, breach.at)
            if breach.then is not None and breach.at - first >= APART_MS:
                self.latch.tighten(breach.then, breach.text)
                if breach.name == SLIPPAGE:
                    self._slippage.clear()  # after a re-arm new orders are measured
        return breaches

    def review(self, orders: Sequence[Order], bar_close: int) -> tuple[list[Order], list[Denied]]:
        """The orders that may go now, and those that may not, each with its reason."""
        now, passed, denied = self._clock.now_ms(), list[Order](), list[Denied]()
        breaches = self.watch()
        for order in orders:
            text = self._objection(order, passed, breaches, bar_close, now)
            if text:
                denied.append(self.denied(order, text))
            else:
                passed.append(order)
        return passed, denied

    def against_rules(self, order: Order) -> str:
        """Why the agent's own risk, or money, would not leave all of an order that no decision made; empty if it would.

        What rests and may still fill counts as filled. What only shrinks a position is not asked about.
        """
        if reduces(order, self._standing.position_lots()[order.symbol]):
            return ""
        resting = {symbol: self._worst_resting(symbol) for symbol in self.instruments}
        resting[order.symbol] = self._resting(order.symbol, order.lots)
        limit = None if order.price is None else float(order.price)
        left, reason = self._standing.left_by_rules(order.symbol, order.lots, limit, resting, self._prices())
        if abs(left) >= abs(order.lots) and left * order.lots > 0:
            return ""
        instrument = self.instruments[order.symbol]
        why = " and ".join(IN_WORDS[one] for one in reason) or "the run's money does not pay for more"
        most = abs(instrument.quantity(left)) if left * order.lots > 0 else Decimal(0)
        return f"{why}: {most:f} {instrument.base} may be {'bought' if order.lots > 0 else 'sold'} now"

    def _resting(self, symbol: str, side: int) -> int:
        """Signed lots of the sign of `side` that may still fill and are not there to close."""
        lots = [s.remaining for s in self._ledger.live_in(symbol) if not s.intent.reduce_only]
        return sum(n for n in lots if n * side > 0)

    def _worst_resting(self, symbol: str) -> int:
        """Of the one side on which the position could become largest."""
        held = self._standing.position_lots()[symbol]
        return max(self._resting(symbol, 1), self._resting(symbol, -1), key=lambda lots: abs(held + lots))

    def denied(self, order: Order, text: str) -> Denied:
        return Denied(self._stamps.now_ms(), order.id, order.symbol, order.lots, text)

    def _objection(
        self, order: Order, before: Sequence[Order], breaches: Sequence[Breach], bar_close: int, now: int
    ) -> str:
        shrinks = reduces(order, self._standing.position_lots()[order.symbol])
        if text := self.latch.objection(reduces=shrinks):
            return text
        quote = self._quotes.newest(order.symbol)
        if text := self._size(order, quote, shrinks):
            return text
        if text := price_objection(order, quote, self.settings.price_band, shrinks=shrinks):
            return text
        if shrinks:
            return ""
        if breaches:
            return breaches[0].text
        return next(self._refusals(order, before, quote, bar_close, now), "")

    def _size(self, order: Order, quote: Quote | None, shrinks: bool) -> str:
        symbol, most = order.symbol, self.settings.max_order_notional
        if text := size_objection(
            order, self.instruments[symbol], quote, None if shrinks else most, shrinks=shrinks
        ):
            return text
        held = self._standing.position_lots()[symbol]
        return "" if shrinks else unstoppable(order, held, self._largest(symbol))

    def _refusals(
        self, order: Order, before: Sequence[Order], quote: Quote | None, bar_close: int, now: int
    ) -> Iterator[str]:
        """Why exposure must not grow by this order now, one sentence each."""
        limits, symbol = self.settings, order.symbol
        age = self._bar_age(bar_close)
        if limits.max_bar_age_seconds is not None and age > limits.max_bar_age_seconds:
            yield f"the bar closed {age:.1f} s ago, the most is {limits.max_bar_age_seconds:g} s: skipped"
        if limits.max_data_age_seconds is not None:
            if quote is None or not quote.met_at:
                yield f"there is no quote of {symbol} yet"
            elif now - quote.met_at > limits.max_data_age_seconds * 1000:
                which = "book" if quote.book_at else "last trade"
                yield f"the {which} of {symbol} is {(now - quote.met_at) / 1000:.1f} s old: it is stale"
        while self._sent and now - self._sent[0] >= MINUTE_MS:
            self._sent.popleft()
        sent = len(self._sent) + len(before)
        if limits.max_orders_per_minute is not None and sent >= limits.max_orders_per_minute:
            yield f"{counted(sent, 'order')} sent within a minute, the most is {limits.max_orders_per_minute}"
        masked = sum(self._masked[symbol])
        if limits.max_masked_bars is not None and masked > limits.max_masked_bars:
            yield f"{masked} of the last {len(self._masked[symbol])} bars of {symbol} are missing"
        expected = math.nan if quote is None else quote.funding_rate
        rate = self._funding.get(symbol, 0.0) if math.isnan(expected) else expected
        if limits.max_funding_rate is not None and abs(rate) > limits.max_funding_rate:
            yield f"funding of {symbol} is {rate:.3%}, the most is {limits.max_funding_rate:.3%}"
        if limits.max_leverage is not None:
            yield from self._leverage(order, before, limits.max_leverage)

    def _leverage(self, order: Order, before: Sequence[Order], most: float) -> Iterator[str]:
        """The worst that positions and all that may still fill can come to, by equity."""
        prices = self._prices()
        gross = 0.0
        for symbol, held in self._standing.position_lots().items():  # the ledger knows no fees in base
            open_lots = [s.remaining for s in self._ledger.live_in(symbol) if not s.intent.reduce_only]
            open_lots += [o.lots for o in (*before, order) if o.symbol == symbol and not o.reduce_only]
            longest = abs(held + sum(n for n in open_lots if n > 0))
            shortest = abs(held + sum(n for n in open_lots if n < 0))
            if worst := max(longest, shortest):
                lot = float(self.instruments[symbol].lot)
                gross += worst * lot * prices.get(symbol, math.nan)
        equity = self._standing.equity_at(prices)
        if not gross <= most * equity:  # also where one of them is not a number
            yield f"exposure could come to {gross:.2f} on an equity of {equity:.2f}, the most is {most:g} times"

    def _prices(self) -> dict[str, float]:
        known = {s: price_of(self._quotes.newest(s)) for s in self.instruments}
        return {s: p for s, p in known.items() if not math.isnan(p)}

    def _breaches(self) -> Iterator[Breach]:
        limits, now = self.settings, self._clock.now_ms()
        if text := self._storage():
            yield Breach("storage", now, text)
        unknown = sum(
            self._ledger.orders[i].status in (Status.UNKNOWN, Status.CANCEL_SENT) for i in self._ledger.live
        )
        if limits.max_unknown_orders is not None and unknown > limits.max_unknown_orders:
            yield Breach(
                "unknown", now, f"{counted(unknown, 'order')} in doubt: {limits.max_unknown_orders} may be"
            )
        if limits.max_clock_drift_seconds is not None and abs(self._drift) > limits.max_clock_drift_seconds:
            yield Breach("drift", now, f"the venue's clock is {self._drift:+.2f} s from ours")
        failed = self._answers.count(False)
        if (
            limits.max_error_rate is not None
            and len(self._answers) == limits.window
            and failed > limits.max_error_rate * limits.window
        ):
            yield Breach("errors", now, f"{failed} of the last {limits.window} requests failed")
        yield from self._losses(now)
        yield from margin_breaches(limits, self._reading, self.instruments)

    def _losses(self, now: int) -> Iterator[Breach]:
        limits = self.settings
        if limits.max_slippage is not None and len(self._slippage) == limits.window:
            mean = sum(self._slippage) / limits.window
            if mean > limits.max_slippage:
                text = f"the last {limits.window} orders cost {mean:.2%} more than the model says"
                yield Breach(SLIPPAGE, now, text, Risk.REDUCING)
        streak = self._standing.losing_streak
        if limits.max_losses_in_a_row is not None and streak >= limits.max_losses_in_a_row:
            yield Breach("streak", now, f"{streak} losses in a row", Risk.HALTED)
        if limits.max_daily_loss is None and limits.max_drawdown is None:
            return
        equity, at = self._standing.equity_at(self._prices()), self._newest_quote(now)
        if not math.isfinite(equity):
            yield Breach("equity", at, "the equity is not known")
            return
        lost = self._standing.day_start_equity - equity
        if limits.max_daily_loss is not None and lost >= limits.max_daily_loss:
            text = f"the loss of the day is {lost:.2f}, the most is {limits.max_daily_loss:g}"
            yield Breach("daily loss", at, text, Risk.FLATTENING)
        peak = self._standing.peak_equity
        if limits.max_drawdown is not None and equity <= peak * (1.0 - limits.max_drawdown):
            fall = f"{1.0 - equity / peak:.1%}" if peak > 0 else "all"
            text = f"the equity is {fall} below its peak of {peak:.2f}, the most is {limits.max_drawdown:.0%}"
            yield Breach("drawdown", at, text, Risk.FLATTENING)

    def _newest_quote(self, now: int) -> int:
        """When the prices of what is held were read: one reading is one, however often it is looked at."""
        held = [s for s, lots in self._standing.position_lots().items() if lots]
        quotes = [q for s in held if (q := self._quotes.newest(s)) is not None]
        return max((q.at for q in quotes), default=now)
