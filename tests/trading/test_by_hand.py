"""An order by hand passes what all orders pass, and the one who asked is told what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.trading.marketplace import GuardedDesk
from tests.trading.ordering import PERP, SPOT, Fault, settle
from tradewind.market import Command, CommandKind, ConfigError, RejectKind
from tradewind.trading.acting.by_hand import ByHand
from tradewind.trading.acting.hand_orders import Answer, HandCancel, HandOrder, Reply
from tradewind.trading.terms.order_records import Denied, Risk
from tradewind.trading.terms.order_states import Alarm, Status

D = Decimal
both = pytest.mark.parametrize("symbol", [SPOT.symbol, PERP.symbol])


class HandDesk(GuardedDesk):
    """With somebody who asks."""

    async def begin(self) -> None:
        self.answers: list[Reply] = []
        self.by_hand = ByHand(
            self.manager,
            self.guards,
            self.protection,
            self.clock,
            self.clock,
            lambda ticket, reply: self.answers.append(reply),
        )

    async def ask(
        self, symbol: str, lots: int, *, limit: str | None = None, stop: str | None = None, age: float = 0.0
    ) -> Reply:
        lot = (SPOT if symbol == SPOT.symbol else PERP).lot
        prices = [None if p is None else D(p) for p in (limit, stop)]
        order = HandOrder(f"t{len(self.answers)}", symbol, lots * lot, prices[0], prices[1])
        return await self.tell(order.command(self.clock.now_ms() - round(age * 1000)))

    async def cancel(self, client_id: str) -> Reply:
        return await self.tell(HandCancel("c", client_id).command(self.clock.now_ms()))

    async def tell(self, command: Command) -> Reply:
        known = len(self.answers)
        self.manager.write(command)
        self.by_hand.take(command)
        for _ in range(60):
            await self.clock.advance(0.5)
            if len(self.answers) > known:
                return self.answers[-1]
        raise AssertionError("nobody answered")

    def halt(self, symbol: str) -> None:
        self.manager.warn(Alarm.DISCREPANCY, symbol, "something is missing")


def play(tmp_path: Path, scenario: Callable[[HandDesk], Awaitable[None]]) -> HandDesk:
    async def run() -> HandDesk:
        desk = HandDesk(tmp_path / "run.sqlite")
        await desk.open()
        await desk.clock.advance(1)
        await desk.begin()
        await scenario(desk)
        for symbol, lots in desk.manager.ledger.positions.items():
            assert lots == desk.venue.position(symbol)
        await desk.by_hand.end()
        await desk.close()
        assert not desk.wrong
        return desk

    return asyncio.run(run())


@both
def test_it_trades_and_the_answer_has_the_price_and_the_rest_keeps_its_stop(
    tmp_path: Path, symbol: str
) -> None:
    async def scenario(desk: HandDesk) -> None:
        desk.levels[symbol] = 95.0
        bought = await desk.ask(symbol, 100)
        assert bought.answer is Answer.FILLED
        assert "at 100" in bought.text
        await desk.clock.advance(3)
        assert [o.left for o in desk.venue.stops(symbol)] == [100]
        sold = await desk.ask(symbol, -40)
        assert sold.answer is Answer.FILLED
        await desk.clock.advance(3)
        assert desk.venue.position(symbol) == 60
        assert [o.left for o in desk.venue.stops(symbol)] == [60]
        state = desk.manager.ledger.orders[sold.order]
        assert state.intent.by_hand
        assert state.intent.reduce_only

    play(tmp_path, scenario)


@both
def test_what_the_run_cannot_have_is_denied_with_a_sentence(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: HandDesk) -> None:
        await desk.hold(symbol, 100, 0.0)
        sent = len(desk.venue.requests)
        rows = [
            (desk.ask(symbol, -101), "closes no more than that"),
            (desk.ask("DOGE/USDT", 10), "is not traded by this run"),
            (desk.ask(symbol, 10, stop="110"), "a stop by hand closes a position"),
            (desk.ask(symbol, -10, limit="110.001"), "off the grid"),
            (desk.ask(symbol, 10, age=16.0), "too late"),
            (desk.ask(symbol, 10, limit="150"), "apart"),
            (desk.cancel("twndNOTHING"), "no order"),
            (desk.tell(Command(CommandKind.CANCEL, 0, '{"ticket": "x", "order": "y"}')), "too late"),
        ]
        if symbol == PERP.symbol:  # a lot of the other one is worth more
            rows.append((desk.ask(symbol, 1), "below the minimum"))
        for asked, why in rows:
            reply = await asked
            assert reply.answer is Answer.DENIED
            assert why in reply.text
        assert [r for r in desk.venue.requests[sent:] if r[0] != "query"] == []

    play(tmp_path, scenario)


@both
def test_in_a_halted_symbol_and_a_halted_run_only_what_reduces_goes(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: HandDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        desk.halt(symbol)
        assert "is halted" in (await desk.ask(symbol, 50)).text
        own = desk.order(symbol, -50, reduce_only=True)
        desk.decide(own)
        await desk.clock.advance(3)
        assert desk.venue.position(symbol) == 100  # the run itself may not
        assert (await desk.ask(symbol, -30)).answer is Answer.FILLED
        desk.latch.tighten(Risk.HALTED, "a look")
        assert "re-arm" in (await desk.ask(symbol, 50)).text
        assert (await desk.ask(symbol, -70)).answer is Answer.FILLED
        assert desk.venue.position(symbol) == 0
        assert symbol in desk.manager.ledger.halted

    desk = play(tmp_path, scenario)
    assert any(isinstance(r, Denied) for _, r in _records(desk))


def _records(desk: HandDesk) -> list[tuple[int, object]]:
    from tradewind.trading.journal.journal import Journal

    with Journal.open(desk.path) as journal:
        return list(journal.records())


@both
def test_a_limit_rests_until_it_is_cancelled(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: HandDesk) -> None:
        reply = await desk.ask(symbol, 100, limit="99")
        assert reply.answer is Answer.WORKING
        assert [o.left for o in desk.venue.open(symbol)] == [100]
        assert (await desk.cancel(reply.order)).answer is Answer.CANCELED
        assert desk.venue.open(symbol) == []
        assert "it is over" in (await desk.cancel(reply.order)).text

    play(tmp_path, scenario)


@both
def test_a_stop_by_hand_stands_beside_the_run_s_own_and_goes_with_the_position(
    tmp_path: Path, symbol: str
) -> None:
    async def scenario(desk: HandDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        own = desk.venue.stops(symbol)[0].intent.client_id
        assert "run's own stop" in (await desk.cancel(own)).text
        reply = await desk.ask(symbol, -40, stop="98")
        assert reply.answer is Answer.WORKING
        await desk.clock.advance(5)
        stops = {o.intent.client_id: o.left for o in desk.venue.stops(symbol)}
        assert stops.pop(reply.order) == 40
        assert list(stops.values()) == [60 if symbol == SPOT.symbol else 100]  # spot locks coins
        desk.venue.move(symbol, 97.0)
        await desk.clock.advance(5)
        assert desk.venue.position(symbol) == 60
        again = await desk.ask(symbol, -20, stop="96")
        assert again.answer is Answer.WORKING
        desk.decide(desk.order(symbol, -60, reduce_only=True))
        await desk.clock.advance(8)
        assert desk.venue.position(symbol) == 0
        assert desk.venue.stops(symbol) == []

    play(tmp_path, scenario)


def test_the_venue_s_refusal_and_a_lost_answer_are_told(tmp_path: Path) -> None:
    async def scenario(desk: HandDesk) -> None:
        await desk.hold(PERP.symbol, 100, 0.0)
        refused = await desk.ask(PERP.symbol, -10, stop="101")
        assert refused.answer is Answer.REJECTED
        assert RejectKind.WOULD_TRIGGER.value in refused.text
        desk.venue.fault = Fault.REPLY_LOST
        lost = await desk.ask(PERP.symbol, -10)
        assert lost.answer in (Answer.FILLED, Answer.UNCLEAR)
        await desk.clock.advance(60)
        assert desk.manager.ledger.orders[lost.order].status is Status.FILLED
        assert desk.venue.position(PERP.symbol) == 90

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("quantity", "limit", "stop", "why"),
    [
        ("0.0000001", None, None, "no whole number of lots"),
        ("0", None, None, "expected a positive number"),
        ("NaN", None, None, "expected a positive number"),
        ("1", "99", "98", "not both"),
        ("1", "-99", None, "expected a positive price"),
    ],
)
def test_a_quantity_or_price_off_the_grid_is_refused_before_it_is_sent(
    quantity: str, limit: str | None, stop: str | None, why: str
) -> None:
    prices = [None if p is None else D(p) for p in (limit, stop)]
    with pytest.raises(ConfigError, match=why):
        HandOrder("t", PERP.symbol, D(quantity), prices[0], prices[1]).lots(PERP)


def test_a_note_reads_back_the_same_and_a_broken_one_is_refused() -> None:
    order = HandOrder("t1", PERP.symbol, D("-0.050"), D("99.5"))
    assert HandOrder.of(order.command(5)) == order
    with pytest.raises(ConfigError, match="cannot be read"):
        HandOrder.of(Command(CommandKind.ORDER, 5, "{}"))


# -- while a request is on its way


def test_an_order_that_a_panic_from_outside_keeps_back_is_denied_not_refused_by_the_venue(
    tmp_path: Path,
) -> None:
    async def scenario(desk: HandDesk) -> None:
        desk.manager.barred = lambda: "a panic closes everything"
        told = await desk.ask(PERP.symbol, 10)
        assert (told.answer, told.text) == (
            Answer.DENIED,
            "it was not sent: another process closes everything",
        )

    play(tmp_path, scenario)


@pytest.mark.parametrize("kind", [CommandKind.PANIC, CommandKind.HALT])
@pytest.mark.parametrize("fault", [Fault.SLOW_REPLY, Fault.REPLY_LOST, Fault.LATE])
@both
def test_nothing_is_sent_after_a_panic_and_no_entry_after_a_halt(
    tmp_path: Path, symbol: str, fault: Fault, kind: CommandKind
) -> None:
    """The command comes while the answer to a request is awaited, orders by hand and decisions wait behind it."""

    async def scenario(desk: HandDesk) -> None:
        await desk.hold(symbol, 100, 95.0)
        desk.venue.fault = fault
        desk.decide(desk.order(symbol, 50))
        await settle()
        await desk.clock.advance(0.011)
        assert desk.venue.requests[-1][0] == "send"
        asked = HandOrder("t", symbol, 20 * PERP.lot if symbol == PERP.symbol else 20 * SPOT.lot)
        desk.by_hand.take(asked.command(desk.clock.now_ms()))
        command = Command(kind, desk.clock.now_ms(), "by hand")
        desk.manager.write(command)
        desk.latch.apply(command)
        sent = len(desk.venue.requests)
        desk.levels[symbol] = 97.0  # the stop is to follow
        await desk.clock.advance(90)
        after = [(what, name) for what, _, name in desk.venue.requests[sent:] if what in ("send", "cancel")]
        orders = desk.manager.ledger.orders
        if kind is CommandKind.PANIC:
            assert after == []
        else:
            assert all(orders[name].intent.reduce_only for what, name in after if what == "send")
        assert desk.answers[0].answer is Answer.DENIED

    play(tmp_path, scenario)
