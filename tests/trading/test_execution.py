"""An order of a decision ends as the market and the venue's rules let it, and is never sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from tests.trading.marketplace import GuardedDesk
from tests.trading.ordering import PERP, SPOT, Fault, Telling, settle
from tradewind.market import OrderType, Rejected, RejectKind
from tradewind.trading.acting.settings import EntryType, ExecutionSettings
from tradewind.trading.terms.order_records import Denied, Risk
from tradewind.trading.terms.order_states import Intent, Status
from tradewind.trading.terms.order_venue import ReportStatus

Scenario = Callable[[GuardedDesk], Awaitable[None]]
both = pytest.mark.parametrize("symbol", [SPOT.symbol, PERP.symbol])
MAKER = ExecutionSettings(EntryType.POST_ONLY, timeout_seconds=20.0, repricings=3)


def play(tmp_path: Path, scenario: Scenario, settings: ExecutionSettings | None = None) -> GuardedDesk:
    async def run() -> GuardedDesk:
        desk = GuardedDesk(tmp_path / "run.sqlite")
        desk.execution_settings = settings or ExecutionSettings()
        await desk.open()
        await desk.clock.advance(1)
        await scenario(desk)
        for symbol, lots in desk.manager.ledger.positions.items():
            assert lots == desk.venue.position(symbol)
        await desk.clock.advance(30)
        await desk.close()
        assert not desk.wrong
        return desk

    return asyncio.run(run())


def sent(desk: GuardedDesk, *types: OrderType) -> list[Intent]:
    """What the venue was asked for, in order, without stops."""
    intents = [s.intent for s in desk.manager.ledger.orders.values()]
    return [i for i in intents if (i.type in types if types else i.type is not OrderType.STOP)]


def denials(desk: GuardedDesk) -> Sequence[str]:
    return [r.text for _, r in desk.journal.records() if isinstance(r, Denied)]


def once(kind: RejectKind, *types: OrderType) -> Callable[[Intent], Rejected | None]:
    """Refuses the first order of these types."""
    left = [True]

    def refuse(intent: Intent) -> Rejected | None:
        if left[0] and intent.type in types:
            left[0] = False
            return Rejected("code", "refused", kind)
        return None

    return refuse


def always(kind: RejectKind) -> Callable[[Intent], Rejected | None]:
    return lambda intent: Rejected("code", "refused", kind)


@both
def test_an_order_trades_at_the_market_and_is_protected(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.levels[symbol] = 95.0
        desk.decide(desk.order(symbol, 100))
        await desk.clock.advance(1.0)
        assert desk.venue.position(symbol) == 100
        assert [o.left for o in desk.venue.stops(symbol)] == [100]

    play(tmp_path, scenario)


def test_a_sale_on_spot_gets_its_coins_and_the_rest_its_stop(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(SPOT.symbol, 100, 95.0)
        desk.decide(desk.order(SPOT.symbol, -40, reduce_only=True))
        await desk.clock.advance(3.0)
        assert desk.venue.position(SPOT.symbol) == 60
        assert [o.left for o in desk.venue.stops(SPOT.symbol)] == [60]
        assert [r.kind for _, r in desk.venue.refused] == []

    play(tmp_path, scenario)


@pytest.mark.fault("O28")
def test_o28_a_position_turns_over_in_two_steps(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(PERP.symbol, 100, 95.0)
        desk.levels[PERP.symbol] = 105.0
        desk.decide(desk.order(PERP.symbol, -150))
        await desk.clock.advance(3.0)
        assert [(i.lots, i.reduce_only) for i in sent(desk)[1:]] == [(-100, True), (-50, False)]
        assert desk.venue.position(PERP.symbol) == -50
        assert [(o.left, o.intent.lots) for o in desk.venue.stops(PERP.symbol)] == [(50, 50)]

    play(tmp_path, scenario)


@pytest.mark.fault("O28")
@pytest.mark.parametrize("fault", [Fault.LOST, Fault.REPLY_LOST, Fault.REFUSED])
def test_o28_what_is_not_surely_closed_is_not_opened_on_the_other_side(tmp_path: Path, fault: Fault) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(PERP.symbol, 100, 0.0)
        desk.venue.telling = Telling(drop=True)
        desk.venue.fault = fault
        desk.decide(desk.order(PERP.symbol, -150))
        await desk.clock.advance(1.0)
        assert [(i.lots, i.reduce_only) for i in sent(desk)[1:]] == [(-100, True)]
        await desk.clock.advance(100)
        assert desk.venue.position(PERP.symbol) == {Fault.LOST: 100}.get(fault, -50)
        if fault is Fault.LOST:
            assert any("was not closed" in text for text in denials(desk))

    play(tmp_path, scenario)


@pytest.mark.fault("O12")
@both
def test_o12_what_a_market_order_leaves_is_the_next_decisions(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.venue.depth = 30
        desk.decide(desk.order(symbol, 100))
        await desk.clock.advance(5.0)
        assert desk.venue.position(symbol) == 30
        assert len(sent(desk)) == 1

    play(tmp_path, scenario)


@both
def test_a_market_order_of_which_nobody_tells_is_asked_about(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.venue.telling = Telling(drop=True)
        desk.levels[symbol] = 95.0
        desk.decide(desk.order(symbol, 100))
        await desk.clock.advance(5.0)
        assert desk.manager.ledger.positions[symbol] == 100
        assert [o.left for o in desk.venue.stops(symbol)] == [100]

    play(tmp_path, scenario)


@pytest.mark.fault("O18")
def test_o18_changed_rules_are_read_once(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.venue.refuse = once(RejectKind.FILTER, OrderType.MARKET)
        desk.decide(desk.order(SPOT.symbol, 100))
        await desk.clock.advance(2.0)
        assert desk.reloads == [SPOT.symbol]
        assert desk.venue.position(SPOT.symbol) == 100
        desk.venue.refuse = always(RejectKind.FILTER)
        desk.decide(desk.order(PERP.symbol, 100))
        await desk.clock.advance(60.0)
        assert desk.reloads == [SPOT.symbol, PERP.symbol]
        assert len(desk.venue.refused) == 3

    play(tmp_path, scenario)


@pytest.mark.fault("O20")
@pytest.mark.parametrize(("means", "bought"), [(70, 70), (0, 0), (500, 99)])
def test_o20_an_order_shrinks_to_what_the_balance_allows_or_is_skipped(
    tmp_path: Path, means: int, bought: int
) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.means = means
        desk.venue.refuse = once(RejectKind.BALANCE, OrderType.MARKET)
        desk.decide(desk.order(SPOT.symbol, 100))
        await desk.clock.advance(2.0)
        assert desk.venue.position(SPOT.symbol) == bought

    play(tmp_path, scenario)


@pytest.mark.fault("E5")
def test_e5_a_refusal_by_the_clock_is_tried_once_more(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.venue.refuse = once(RejectKind.CLOCK, OrderType.MARKET)
        desk.decide(desk.order(SPOT.symbol, 100))
        await desk.clock.advance(2.0)
        assert desk.venue.position(SPOT.symbol) == 100
        desk.venue.refuse = always(RejectKind.CLOCK)
        desk.decide(desk.order(PERP.symbol, 100))
        await desk.clock.advance(60.0)
        assert len(desk.venue.refused) == 3

    play(tmp_path, scenario)


@pytest.mark.fault("E1")
def test_e1_entries_are_dropped_when_the_venue_is_busy_and_exits_wait_as_told(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(PERP.symbol, 100, 0.0)
        desk.venue.refuse = always(RejectKind.LIMIT)
        desk.wait = 7.0
        entry = desk.order(SPOT.symbol, 100)
        desk.decide(entry, desk.order(PERP.symbol, -100, reduce_only=True))
        await desk.clock.advance(6.0)
        desk.venue.refuse = lambda intent: None
        assert desk.venue.position(PERP.symbol) == 100
        await desk.clock.advance(2.0)
        assert desk.venue.position(PERP.symbol) == 0
        await desk.clock.advance(60.0)
        assert desk.venue.position(SPOT.symbol) == 0
        assert desk.state(entry).kind == RejectKind.LIMIT

    play(tmp_path, scenario)


@pytest.mark.fault("O21")
def test_o21_a_close_of_what_is_closed_clears_the_books(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.venue.telling = Telling(drop=True)
        await desk.hold_unheard(PERP.symbol, 100, 95.0)
        desk.venue.take(desk.venue.stops(PERP.symbol)[0])
        desk.decide(desk.order(PERP.symbol, -100, reduce_only=True))
        await desk.clock.advance(5.0)
        assert desk.manager.ledger.positions[PERP.symbol] == 0
        assert all(i.reduce_only for i in sent(desk)[1:])

    play(tmp_path, scenario)


@both
def test_a_maker_waits_at_its_own_side_and_fills_there(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.levels[symbol] = 95.0
        desk.decide(desk.order(symbol, 100))
        await desk.clock.advance(2.0)
        (waiting,) = desk.venue.open(symbol)
        assert (waiting.intent.type, waiting.intent.price) == (OrderType.POST_ONLY, Decimal("100.00"))
        await desk.move(symbol, 99.9, 2.0)
        assert desk.venue.position(symbol) == 100
        assert [o.left for o in desk.venue.stops(symbol)] == [100]

    play(tmp_path, scenario, MAKER)


@both
def test_a_maker_follows_the_book_a_few_times_then_takes(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.decide(desk.order(symbol, 100))
        for i in range(30):
            await desk.move(symbol, 100.0 + 0.1 * i, 1.0)
        limits = sent(desk, OrderType.POST_ONLY)
        assert len(limits) == 4
        assert [i.lots for i in sent(desk, OrderType.MARKET)] == [100]
        assert desk.venue.position(symbol) == 100
        assert desk.venue.largest[symbol] == 100

    play(tmp_path, scenario, MAKER)


@pytest.mark.fault("O9")
@both
def test_o9_what_a_maker_got_is_not_bought_again(tmp_path: Path, symbol: str) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.decide(desk.order(symbol, 100))
        await desk.clock.advance(2.0)
        desk.venue.fill(desk.venue.open(symbol)[0], 30)
        await desk.clock.advance(30.0)
        assert [i.lots for i in sent(desk)] == [100, 70]
        assert desk.venue.position(symbol) == 100

    play(tmp_path, scenario, MAKER)


@pytest.mark.fault("O10")
def test_o10_a_fill_that_beats_the_cancellation_counts(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.decide(desk.order(PERP.symbol, 100))
        await desk.clock.advance(2.0)
        desk.venue.telling = Telling(drop=True)
        desk.venue.fill(desk.venue.open(PERP.symbol)[0], 100)
        await desk.clock.advance(40.0)
        assert desk.venue.position(PERP.symbol) == 100
        assert len(sent(desk)) == 1
        assert sum(what == "cancel" for what, _, _ in desk.venue.requests) == 1

    play(tmp_path, scenario, MAKER)


@pytest.mark.fault("O11")
def test_o11_nothing_replaces_a_limit_whose_cancellation_got_lost(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        order = desk.order(PERP.symbol, 100)
        desk.decide(order)
        await desk.clock.advance(19.0)
        desk.venue.fault = Fault.LOST
        await desk.clock.advance(3.0)
        assert desk.state(order).status is Status.CANCEL_SENT
        assert len(sent(desk)) == 1
        await desk.clock.advance(40.0)
        assert desk.venue.position(PERP.symbol) == 100
        assert desk.venue.largest[PERP.symbol] == 100

    play(tmp_path, scenario, MAKER)


@pytest.mark.fault("O23")
def test_o23_a_maker_that_would_take_is_priced_again_once(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.venue.refuse = once(RejectKind.WOULD_TAKE, OrderType.POST_ONLY)
        desk.decide(desk.order(PERP.symbol, 100))
        await desk.clock.advance(2.0)
        assert [i.type for i in sent(desk)] == [OrderType.POST_ONLY] * 2
        assert [o.left for o in desk.venue.open(PERP.symbol)] == [100]

    play(tmp_path, scenario, MAKER)


def test_a_new_decision_ends_the_limit_of_the_one_before_and_counts_what_it_got(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.decide(desk.order(PERP.symbol, 100))
        await desk.clock.advance(2.0)
        first = desk.venue.open(PERP.symbol)[0]
        desk.decide(desk.order(PERP.symbol, 100))  # decided while nothing was held
        desk.venue.fill(first, 30)
        await desk.clock.advance(30.0)
        assert desk.venue.position(PERP.symbol) == 100
        assert desk.venue.largest[PERP.symbol] == 100

    play(tmp_path, scenario, MAKER)


def test_three_decisions_while_an_answer_is_awaited_hold_no_more_than_the_last_wants(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.levels[PERP.symbol] = 105.0
        desk.venue.fault = Fault.REPLY_LOST
        for wanted in (-40, -40, -100):
            desk.decide(desk.order(PERP.symbol, wanted))
            await settle()
        assert desk.manager.ledger.positions[PERP.symbol] == 0
        await desk.clock.advance(10.0)
        assert [i.lots for i in sent(desk)] == [-40, -60]
        assert desk.venue.position(PERP.symbol) == -100

    play(tmp_path, scenario)


def test_a_decision_in_the_middle_of_a_turn_over_takes_its_place(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(PERP.symbol, 100, 95.0)
        desk.levels[PERP.symbol] = 105.0
        desk.decide(desk.order(PERP.symbol, -150))
        while not any(s.status is Status.CANCEL_SENT for s in desk.manager.ledger.orders.values()):
            await desk.clock.advance(0.01)
        assert desk.manager.ledger.positions[PERP.symbol] == 0
        desk.levels[PERP.symbol] = 95.0
        desk.decide(desk.order(PERP.symbol, 50))
        await desk.clock.advance(10.0)
        assert [i.lots for i in sent(desk)[1:]] == [-100, 50]
        assert desk.venue.position(PERP.symbol) == 50

    play(tmp_path, scenario)


def test_a_turn_over_goes_on_where_what_was_decided_before_closed_the_position(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(PERP.symbol, 100, 95.0)
        desk.levels[PERP.symbol] = 105.0
        desk.venue.fault = Fault.REPLY_LOST
        desk.decide(desk.order(PERP.symbol, -100))
        await settle()
        assert desk.manager.ledger.positions[PERP.symbol] == 100
        desk.decide(desk.order(PERP.symbol, -150))
        await desk.clock.advance(10.0)
        assert [i.lots for i in sent(desk)[1:]] == [-100, -50]
        assert desk.venue.position(PERP.symbol) == -50

    play(tmp_path, scenario)


def test_a_stop_ends_what_was_still_being_bought(tmp_path: Path) -> None:
    """The guard here exits: what rests goes first, and is not bought again."""

    async def scenario(desk: GuardedDesk) -> None:
        desk.levels[SPOT.symbol] = 95.0
        desk.venue.refuse = lambda i: (
            Rejected("x", "no stops", RejectKind.OTHER) if i.type is OrderType.STOP else None
        )
        desk.decide(desk.order(SPOT.symbol, 100))
        await desk.clock.advance(1.0)
        waiting = desk.venue.open(SPOT.symbol)[0]
        desk.venue.fill(waiting, 30)
        await desk.clock.advance(1.0)
        assert desk.latch.state is Risk.REDUCING
        assert waiting.status is ReportStatus.CANCELED
        desk.venue.quote(SPOT.symbol, 94.0)
        desk.protection.wake(SPOT.symbol)
        await desk.clock.advance(30.0)
        assert desk.venue.position(SPOT.symbol) == 0

    play(tmp_path, scenario, MAKER)


@pytest.mark.fault("A8")
def test_a8_a_halt_cancels_entries_that_rest_and_lets_exits_go(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        await desk.hold(SPOT.symbol, 100, 95.0)
        desk.decide(desk.order(PERP.symbol, 100))
        await desk.clock.advance(1.0)
        assert len(desk.venue.open(PERP.symbol)) == 1
        desk.latch.tighten(Risk.HALTED, "the loss of the day")
        await desk.clock.advance(2.0)
        assert desk.venue.open(PERP.symbol) == []
        desk.decide(desk.order(PERP.symbol, 50), desk.order(SPOT.symbol, -100, reduce_only=True))
        await desk.clock.advance(30.0)
        assert [desk.venue.position(s) for s in (SPOT.symbol, PERP.symbol)] == [0, 0]
        assert any("re-arm it" in text for text in denials(desk))

    play(tmp_path, scenario, MAKER)


@pytest.mark.fault("P1")
def test_p1_a_limit_that_outlived_its_process_is_ended(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.decide(desk.order(PERP.symbol, 100))
        await desk.clock.advance(1.0)
        await desk.crash()
        await desk.clock.advance(0.2)  # it has started, and its cancellation is on its way
        assert desk.started
        desk.decide(desk.order(PERP.symbol, 100))
        await desk.clock.advance(40.0)
        assert desk.venue.position(PERP.symbol) == 100
        assert desk.venue.largest[PERP.symbol] == 100

    play(tmp_path, scenario, MAKER)


def test_the_end_cancels_what_rests(tmp_path: Path) -> None:
    async def scenario(desk: GuardedDesk) -> None:
        desk.decide(desk.order(PERP.symbol, 100))
        await desk.clock.advance(1.0)
        ending = desk.work(desk.execution.end())
        await desk.clock.advance(2.0)
        assert ending.result() is True
        assert desk.venue.open(PERP.symbol) == []
        assert desk.venue.position(PERP.symbol) == 0

    play(tmp_path, scenario, MAKER)
