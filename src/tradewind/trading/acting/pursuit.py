"""One aim, pursued until nothing of it is left: sent, waited for, priced again, remedied when it was refused."""

from __future__ import annotations

from dataclasses import replace

from tradewind.market import Clock, Instrument, Order, OrderId, OrderType, RejectKind, Side
from tradewind.trading.acting.aims import Aim, Remedies
from tradewind.trading.acting.protection import Protection
from tradewind.trading.acting.refusals import after_refusal
from tradewind.trading.acting.settings import EntryType, ExecutionSettings
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.orders.order_watch import is_over
from tradewind.trading.risk.guards import Guards
from tradewind.trading.terms.order_states import OrderState, Status
from tradewind.trading.terms.pricing import own_side
from tradewind.trading.terms.quotes import Quotes

PATIENCE_SECONDS = 3.0  # for the end of an order, before more is done about it
LONG = 60.0  # seconds between looks at an order that nobody tells of
_WORKING = (Status.OPEN, Status.PARTIAL)
_FAILURES = frozenset({RejectKind.LIMIT, RejectKind.MAINTENANCE, RejectKind.AUTH, RejectKind.CLOCK})


class Pursuit:
    """Makes orders of an aim, one after the other: none is sent before the one before it is surely over."""

    def __init__(
        self,
        settings: ExecutionSettings,
        manager: OrderManager,
        guards: Guards,
        protection: Protection,
        quotes: Quotes,
        clock: Clock,
        remedies: Remedies,
    ) -> None:
        self.settings = settings
        self._manager, self._ledger, self._watch = manager, manager.ledger, manager.watch
        self._guards, self._protection, self._quotes = guards, protection, quotes
        self._clock, self._remedies = clock, remedies

    async def pursue(self, aim: Aim, sent: bool) -> None:
        """Until nothing is left of it that may be done; `sent`: its first order is on its way."""
        order: Order | None = aim.order
        until = self._now() + round(self.settings.timeout_seconds * 1000)
        while order is not None:
            if not sent and (aim.superseded or not await self._send(aim, order)):
                return
            state = await self._outcome(aim, until)
            order, sent = await self._next(aim, state, until), False

    def dressed(self, aim: Aim, order: Order) -> Order:
        """As the settings want it: a maker's limit at the best price of its own side, where that is known.

        What closes is no larger than the venue takes in one order: the rest follows.
        """
        if order.reduce_only:
            order = replace(order, lots=self._protection.exits.part(order.symbol, order.lots))
        if aim.at_market or self.settings.order_type is not EntryType.POST_ONLY:
            return order
        price = own_side(self._quotes.newest(order.symbol), self._instrument(order.symbol), order.side)
        return order if price is None else replace(order, type=OrderType.POST_ONLY, price=price)

    def filled(self, aim: Aim) -> int:
        """Signed lots that its orders got until now."""
        states = [self._ledger.orders[name] for name in aim.names]
        return sum(s.filled if s.intent.lots > 0 else -s.filled for s in states)

    def note_answer(self, name: OrderId) -> None:
        """The guards count the answers that failed."""
        state = self._ledger.orders[name]
        failed = state.kind in _FAILURES or state.status is Status.UNKNOWN
        self._guards.note_answer(good=not failed)

    def deny(self, order: Order, text: str) -> None:
        """Write down why the order is not sent."""
        self._manager.write(self._guards.denied(order, text))

    async def _send(self, aim: Aim, order: Order) -> bool:
        """Guarded once more, with the coins free, under the lock of its symbol."""
        order = self.dressed(aim, order)
        passed, denied = self._guards.review([order], self._protection.names.bar_close)
        if not passed:
            self._manager.write(*denied)
            return False
        symbol = order.symbol
        async with self._protection.locks[symbol]:
            if order.lots < 0 and not await self._protection.make_room(symbol):
                self.deny(order, f"it is not clear yet whether a stop locks {symbol}")
                return False
            if order.reduce_only and self._protection.exits.on_its_way(symbol):
                self.deny(order, f"{symbol} is being closed already")
                return False
            order = self._fitted(order)
            if aim.superseded or not order.lots or await self._manager.submit([order], aim.decision_id):
                return False
            aim.names.append(order.id)
            self._guards.note_sent(order)
            self.note_answer(order.id)
            if order.type is OrderType.MARKET:
                await self._watch.until(order.id, is_over, PATIENCE_SECONDS)
        return True

    def _fitted(self, order: Order) -> Order:
        """No larger than what is left to close: a stop may have been faster."""
        held = self._protection.held(order.symbol)
        if not order.reduce_only:
            return order
        left = min(abs(order.lots), abs(held)) if held * order.lots < 0 else 0
        return replace(order, lots=left if order.lots > 0 else -left)

    async def _outcome(self, aim: Aim, until: int) -> OrderState:
        """The order when it is over. A limit order is cancelled when its turn is, or when the aim is superseded."""
        name, turn_ends = aim.names[-1], min(self._now() + round(self._turn * 1000), until)
        while not is_over(state := self._ledger.orders[name]):
            if state.intent.type is not OrderType.POST_ONLY:
                if not is_over(await self._watch.until(name, is_over, PATIENCE_SECONDS)):
                    self._manager.clarify(name)  # a market order does not rest: its stream may be silent
            elif state.status not in _WORKING:
                await self._watch.until(name, lambda s: is_over(s) or s.status in _WORKING, LONG)
            elif aim.superseded or self._now() >= until or not self._waits_well(state, turn_ends):
                aim.let_go.add(name)
                await self._manager.cancel(name)
                await self._watch.until(name, is_over, PATIENCE_SECONDS)
            else:
                seconds = (turn_ends - self._now()) / 1000 if self._now() < turn_ends else self._turn
                seconds = min(seconds, (until - self._now()) / 1000)
                await self._watch.until(name, lambda s: is_over(s) or aim.superseded, seconds)
        return state

    async def _next(self, aim: Aim, state: OrderState, until: int) -> Order | None:
        """What to send in its place, now that it is over."""
        left = aim.order.lots - self.filled(aim)
        if aim.superseded or left * aim.order.lots <= 0:
            return None
        order = replace(aim.order, id=self._fresh(aim), lots=left)
        if state.status is Status.REJECTED:
            kind = RejectKind(state.kind) if state.kind else RejectKind.OTHER
            return await after_refusal(aim, order, kind, self._remedies, self._manager, self._clock)
        if state.status is Status.FILLED and self._protection.exits.is_part(state.intent):
            return order
        if state.intent.client_id not in aim.let_go:
            return None  # over, and not by us: the next decision sees what is held
        aim.repriced += 1
        late = self._now() >= until or aim.repriced > self.settings.repricings
        aim.at_market = aim.at_market or late
        return order

    def _waits_well(self, state: OrderState, turn_ends: int) -> bool:
        """Is its turn not over, or does it wait at the best price still?"""
        intent = state.intent
        side = Side.BUY if intent.lots > 0 else Side.SELL
        best = own_side(self._quotes.newest(intent.symbol), self._instrument(intent.symbol), side)
        return self._now() < turn_ends or best in (None, intent.price)

    def _fresh(self, aim: Aim) -> OrderId:
        return self._protection.names.fresh(aim.order.symbol, "again")

    @property
    def _turn(self) -> float:
        """Seconds that a limit order waits before it may follow the book."""
        return self.settings.timeout_seconds / (self.settings.repricings + 1)

    def _now(self) -> int:
        return self._clock.now_ms()

    def _instrument(self, symbol: str) -> Instrument:
        return self._guards.instruments[symbol]
