"""The way of one request through the faults that fired for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal

from tradewind.exchange import Order
from tradewind.exchange.ledger import OrderRow
from tradewind.gateway.faults.altering import text_of
from tradewind.gateway.faults.kinds import Kind
from tradewind.gateway.faults.rules import At, Rule, What
from tradewind.gateway.faults.seen import Seen, parsed
from tradewind.gateway.faults.traffic import Made, Sent, Told
from tradewind.gateway.faults.wording import page, refusal, refused
from tradewind.gateway.house import House
from tradewind.gateway.server import Dropped
from tradewind.gateway.wire import Dialect, Reply, Request
from tradewind.market import Clock

HANG_SECONDS = 120.0  # a client that waits longer than this for a reply is cut off
_STAMPS = {"timestamp", "signature", "recvWindow"}
_KEPT_REPLIES = 1_000


class Passage:
    """Faults before the venue acts, the venue, faults after. Holds what waits: hanging and held requests."""

    def __init__(self, houses: Mapping[str, House], wire: Clock) -> None:
        self._houses = houses
        self._wire = wire
        self._released = asyncio.Event()
        self._held: deque[asyncio.Event] = deque()
        self._replies: dict[tuple[object, ...], Reply] = {}

    def release(self) -> None:
        """Let everything go on that hangs or is held."""
        self._released.set()
        self._released = asyncio.Event()
        self._let_next_go()

    async def through(
        self, dialect: Dialect, request: Request, seen: Seen, sent: Sent, fired: list[Rule]
    ) -> Reply:
        """The reply as the client gets it; `Dropped` when it gets none."""
        sent.faults = [rule.name for rule in fired]
        hidden = any(rule.what.hides for rule in fired)
        try:
            reply = await self._go(dialect, request, seen, sent, [rule.what for rule in fired])
        except Dropped:
            sent.told, sent.answered_ms = Told.UNKNOWN, self._wire.now_ms()
            raise
        sent.status, sent.answered_ms = reply.status, self._wire.now_ms()
        refused_it = any(what.do == "refuse" for what in (rule.what for rule in fired))
        sent.told = Told.UNKNOWN if hidden else Told.REFUSED if refused_it else Told.ANSWERED
        if not any(rule.what.do == "hold" for rule in fired):
            self._let_next_go()
        return reply

    async def _go(
        self, dialect: Dialect, request: Request, seen: Seen, sent: Sent, whats: list[What]
    ) -> Reply:
        before = [what for what in whats if what.at is At.BEFORE and what.do in _INSTEAD]
        for what in whats:
            if what.do == "fill":
                self._fill(seen, what.fraction)
        for what in before:
            reply = await self._step(what, dialect, None, request, seen)
            if reply is not None:
                return reply
        answers: list[Reply] = []
        times = 2 if any(what.do == "duplicate" for what in whats) else 1

        def act() -> None:
            answers.extend(dialect.answer(request) for _ in range(times))

        sent.made = self.orders_made(seen, act)
        reply = answers[0]
        for what in whats:
            if what not in before:
                reply = await self._step(what, dialect, reply, request, seen) or reply
        return reply

    def orders_made(self, seen: Seen, act: Callable[[], None]) -> list[Made]:
        """Do it; the orders that there are more then."""
        house = self._houses.get(seen.venue)
        if house is None or seen.kind not in (Kind.PLACE, Kind.AMEND):
            act()
            return []
        house.refresh()
        exchange = house.exchange
        ledger, numbers, records = exchange.ledger, exchange.office.numbers, exchange.records
        before, first = len(ledger), numbers.algo
        act()
        found = [
            Made(
                row.order_id,
                row.client_id,
                exchange.listings[row.symbol].id,
                _listed(records.known(row.order_id)),
            )
            for row in ledger.rows(before)
            if isinstance(row, OrderRow) and row.execution == "new" and row.account == seen.account
        ]
        for algo in (records.algo(number) for number in range(first, numbers.algo)):
            if algo.account == seen.account and algo.parent_id <= 0:  # else a fill brought it
                name = exchange.listings[algo.request.symbol].id
                found.append(Made(algo.id, algo.client_id, name, conditional=True))
        return found

    async def _step(
        self,
        what: What,
        dialect: Dialect,
        reply: Reply | None,
        request: Request,
        seen: Seen,
    ) -> Reply | None:
        """What one fault makes of a reply (None: there is none yet); None leaves it."""
        match what.do:
            case "delay":
                await self._wait(what.ms / 1000)
            case "drop":
                raise Dropped
            case "hang":
                await self._wait(HANG_SECONDS)
                raise Dropped
            case "refuse":
                words = refusal(dialect.name, what.reason, what.status, what.code, what.message, request.path)
                return refused(dialect, words, self._wire.now_ms(), what.retry_after)
            case "html":
                return page(what.status or 502)
            case "truncate" if reply is not None:
                return Reply(reply.status, reply.body[: int(len(reply.body) * what.keep)], reply.headers)
            case "alter" if reply is not None:
                return self._altered(what, reply)
            case "stale" if reply is not None:
                return self._stale(reply, request, seen)
            case "hold":
                await self._hold(what.ms / 1000)
        return None

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._released.wait(), seconds)
        except TimeoutError:
            return

    async def _hold(self, seconds: float) -> None:
        """Until the next request was answered, or so long."""
        event = asyncio.Event()
        self._held.append(event)
        try:
            await asyncio.wait_for(event.wait(), seconds)
            await asyncio.sleep(0.01)  # the other reply leaves first
        except TimeoutError:
            self._held.remove(event)

    def _let_next_go(self) -> None:
        while self._held:
            self._held.popleft().set()

    def _altered(self, what: What, reply: Reply) -> Reply:
        message = parsed(reply.body)
        if message is None:
            return reply
        return Reply(reply.status, text_of(what.alteration.apply(message)).encode(), reply.headers)

    def _stale(self, reply: Reply, request: Request, seen: Seen) -> Reply:
        """The first reply to the same question, again and again."""
        question = tuple(sorted((k, v) for k, v in seen.fields.items() if k not in _STAMPS))
        key = (request.method, request.path, seen.key, question)
        if len(self._replies) >= _KEPT_REPLIES:
            self._replies.clear()
        return self._replies.setdefault(key, reply)

    def _fill(self, seen: Seen, fraction: float) -> None:
        """The order that a request names trades just before it is acted on."""
        house = self._houses.get(seen.venue)
        if house is None:
            return
        exchange = house.exchange
        house.refresh()
        wanted = seen.fields.get("orderId", "")
        name = seen.fields.get("origClientOrderId") or seen.client_id
        for order in exchange.open_orders(seen.account):
            if order.working and (str(order.id) == wanted or (not wanted and order.client_id == name)):
                step = exchange.listings[order.symbol].filters.step
                part = max(step, order.remaining * Decimal(str(fraction)) // step * step)
                exchange.control.fill(seen.account, order.symbol, order.id, quantity=part)
                return


def _listed(order: Order | None) -> bool:
    return order is not None and bool(order.list_id)


_INSTEAD = {"refuse", "html", "delay", "drop", "hang"}
