"""Orders that a person asks for pass what all orders pass: latch, guards, ledger, order manager."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

from tradewind.market import Clock, Command, ConfigError, Kind, Order, OrderType, RejectKind
from tradewind.trading.acting.hand_orders import Answer, HandCancel, HandOrder, Reply, asked_of
from tradewind.trading.acting.protection import Protection
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.orders.order_watch import is_clear, is_over
from tradewind.trading.risk.guards import Guards
from tradewind.trading.terms.order_states import HAND, OrderState, Status

PATIENCE_SECONDS = 3.0  # for the venue to say what became of it, twice
TOO_LATE_SECONDS = 15.0  # after which nobody waits for what was asked


class ByHand:
    """`take` commands of a person as they come; `answer` hears what became of each, by its ticket.

    `clock` is that of the one who asked, `stamps` gives market time.
    """

    def __init__(
        self,
        manager: OrderManager,
        guards: Guards,
        protection: Protection,
        clock: Clock,
        stamps: Clock,
        answer: Callable[[str, Reply], None],
    ) -> None:
        self._manager, self._ledger, self._watch = manager, manager.ledger, manager.watch
        self._guards, self._protection = guards, protection
        self._clock, self._stamps, self._answer = clock, stamps, answer
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None

    def take(self, command: Command) -> None:
        """Carry it out beside the session. What went wrong with an earlier one is raised here."""
        if self._failure is not None:
            raise self._failure
        task = asyncio.create_task(self._work(command))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def end(self) -> None:
        """Wait for what was asked: a few seconds."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def carry_out(self, command: Command) -> Reply:
        """The whole of it, to the answer."""
        try:
            asked = asked_of(command)
            age = (self._clock.now_ms() - command.at) / 1000
            if age > TOO_LATE_SECONDS:
                raise ConfigError(f"it was asked for {age:.0f} s ago: too late, ask again")
            return await (self._order(asked) if isinstance(asked, HandOrder) else self._cancel(asked))
        except ConfigError as error:
            return Reply(Answer.DENIED, str(error))

    async def _work(self, command: Command) -> None:
        reply = await self.carry_out(command)
        try:
            ticket = asked_of(command).ticket
        except ConfigError:
            return  # nobody can be told; the command stands in the journal
        self._answer(ticket, reply)

    async def _order(self, asked: HandOrder) -> Reply:
        if asked.symbol not in self._ledger.instruments:
            raise ConfigError(
                f"{asked.symbol} is not traded by this run: {', '.join(self._ledger.instruments)}"
            )
        async with self._protection.locks[asked.symbol]:
            order = self._made(asked)
            text = await self._sent(order, asked)
        self._protection.wake(asked.symbol)
        return Reply(Answer.DENIED, text, order.id) if text else await self._outcome(order)

    async def _sent(self, order: Order, asked: HandOrder) -> str:
        """Why it was not sent; empty where it was."""
        if text := self._refusal(order):
            return text
        if order.lots < 0 and not await self._protection.make_room(order.symbol, by_hand=True):
            return self._deny(order, f"it is not clear yet whether a stop locks {order.symbol}")
        try:
            self._made(asked)  # a stop may have been faster
        except ConfigError as error:
            return self._deny(order, str(error))
        if text := self._refusal(order):
            return text
        denied = await self._manager.submit([order], f"{HAND} {asked.ticket}")
        if denied:
            return denied[0].text
        self._guards.note_sent(order)
        return ""

    def _refusal(self, order: Order) -> str:
        """Of the guards and of the agent's own risk. It is decided now: no bar is too old for it."""
        _, denied = self._guards.review([order], self._stamps.now_ms())
        self._manager.write(*denied)
        if denied:
            return denied[0].text
        text = self._guards.against_rules(order)
        return self._deny(order, text) if text else ""

    def _deny(self, order: Order, text: str) -> str:
        self._manager.write(self._guards.denied(order, text))
        return text

    def _made(self, asked: HandOrder) -> Order:
        """The order; `ConfigError` where it is none that this run can have."""
        instrument = self._ledger.instruments[asked.symbol]
        lots, held = asked.lots(instrument), self._protection.held(asked.symbol)
        spot = instrument.kind is Kind.SPOT
        selling, closes = self._selling(asked.symbol) if spot and lots < 0 else 0, held * lots < 0
        holds = f"the run holds {instrument.quantity(held):f} {instrument.base}"
        holds += f", of which {instrument.quantity(selling):f} are for sale already" if selling else ""
        if closes and abs(lots) > abs(held) - selling:
            raise ConfigError(f"{holds}: an order by hand closes no more than that")
        if spot and lots < 0 and not closes:
            raise ConfigError(f"{holds}: there is nothing to sell")
        if asked.stop is not None and not closes:
            raise ConfigError(f"{holds}: a stop by hand closes a position, it opens none")
        if closes and self._protection.exits.on_its_way(asked.symbol):
            raise ConfigError(f"{asked.symbol} is being closed already")
        return Order(
            self._protection.names.fresh(asked.symbol, HAND),
            asked.symbol,
            lots,
            closes,
            self._stamps.now_ms(),
            asked.type,
            asked.limit,
            asked.stop,
        )

    def _selling(self, symbol: str) -> int:
        """Lots that rest for sale, without the run's own stops: these make room."""
        return -sum(s.remaining for s in self._ledger.live_in(symbol) if s.remaining < 0 and not s.protects)

    async def _cancel(self, asked: HandCancel) -> Reply:
        state = self._ledger.orders.get(asked.order)
        if state is None:
            raise ConfigError(f"there is no order {asked.order!r} of this run: `tradewind status` tells them")
        if state.protects:
            raise ConfigError(f"{asked.order} is the run's own stop: canceled it would be placed again")
        if self._guards.latch.silent:
            raise ConfigError(self._guards.latch.objection(reduces=True))
        if state.done:
            return Reply(Answer.DENIED, f"it is over: {state.status.value}", asked.order)
        await self._manager.cancel(asked.order)
        state = await self._watch.until(asked.order, is_clear, PATIENCE_SECONDS)
        self._protection.wake(state.intent.symbol)
        return self._reply(state)

    async def _outcome(self, order: Order) -> Reply:
        """A market order is over soon; another one rests."""
        done = is_over if order.type is OrderType.MARKET else is_clear
        state = await self._watch.until(order.id, done, PATIENCE_SECONDS)
        if not done(state):
            self._manager.clarify(order.id)
            state = await self._watch.until(order.id, done, PATIENCE_SECONDS)
        failed = state.status is Status.UNKNOWN
        self._guards.note_answer(good=not failed)
        return self._reply(state)

    def _reply(self, state: OrderState) -> Reply:
        name, filled = state.intent.client_id, self._filled(state)
        if not is_clear(state):
            return Reply(Answer.UNCLEAR, f"its outcome is not clear yet ({state.status.value}){filled}", name)
        if state.status is Status.FILLED:
            return Reply(Answer.FILLED, f"filled{filled}", name)
        if state.kind == RejectKind.BARRED:
            return Reply(Answer.DENIED, "it was not sent: another process closes everything", name)
        if state.status is Status.REJECTED:
            return Reply(Answer.REJECTED, f"the venue refused it ({state.kind or 'no reason'})", name)
        if state.status in (Status.CANCELED, Status.EXPIRED, Status.NOT_PLACED):
            return Reply(Answer.CANCELED, f"{state.status.value.replace('_', ' ')}{filled}", name)
        return Reply(Answer.WORKING, f"it rests at the venue{filled}", name)

    def _filled(self, state: OrderState) -> str:
        """How much, and at what price on average."""
        fills = [f for f in self._ledger.fills.values() if f.order_id == state.intent.client_id]
        quantity = sum((f.quantity for f in fills), Decimal(0))
        if not quantity:
            return ""
        price = sum((f.quantity * f.price for f in fills), Decimal(0)) / quantity
        return f", {abs(quantity):f} at {price:.8g}"

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._failure = self._failure or task.exception()
