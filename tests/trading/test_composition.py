"""What no part can show alone: a run as it is put together stays at work, and leaves things in order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.trading.composed import ALLOCATION, LIMITS, OTHER, Composed, played
from tests.trading.ordering import PERP, SPOT, Fault
from tradewind.config import OnStop
from tradewind.market import (
    CashFlow,
    CashFlowKind,
    Command,
    CommandKind,
    Decision,
    Fill,
    FillReason,
    Inconsistent,
    Instrument,
    OrderType,
)
from tradewind.simulator import Rules
from tradewind.trading.acting.hand_orders import HandOrder
from tradewind.trading.acting.settings import EntryType, ExecutionSettings
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.books.wallet import wallet_of
from tradewind.trading.journal.journal import Journal
from tradewind.trading.risk.guard_settings import GuardSettings
from tradewind.trading.terms.account_venue import AccountReading
from tradewind.trading.terms.discrepancy import Epoch
from tradewind.trading.terms.order_records import Baseline, Denied, FeeTold, Risk
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.told.tally import Tally


async def _command(one: Composed, kind: CommandKind) -> None:
    """As another process sends it."""
    one.plan.folder.send(Command(kind, one.clock.now_ms(), "by hand"))
    await one.clock.advance(1.0)


def test_a_re_arm_lifts_the_kill_switch_and_what_it_latched(tmp_path: Path) -> None:
    async def story(one: Composed) -> None:
        await one.bar(100.0, want=[1.0])
        await one.bar(97.0)
        assert one.status["risk"] == "halted"
        await _command(one, CommandKind.REARM)
        await one.clock.advance(3.0)
        assert one.status["risk"] == "active"
        await one.bar(97.0, want=[0.5])
        assert not one.outfit.engine.halted
        assert one.status["risk"] == "active"
        assert one.held() > 0

    played(story, tmp_path, rules=Rules(risk=replace(LIMITS, max_drawdown=0.02), band=0.0))


def test_a_re_arm_forgives_the_losses_in_a_row_also_after_a_restart(tmp_path: Path) -> None:
    async def lose(one: Composed) -> None:
        await one.bar(100.0, want=[0.5])
        await one.bar(99.0, want=[0.0])
        await one.bar(99.0)

    async def story(one: Composed) -> None:
        await lose(one)
        await lose(one)
        await one.clock.advance(3.0)
        assert one.status["risk_reason"] == "2 losses in a row"
        await _command(one, CommandKind.REARM)
        await one.bar(99.0)
        await one.die()
        await one.start()
        await lose(one)
        await one.clock.advance(3.0)
        assert one.status["risk"] == "active"
        await lose(one)
        await one.clock.advance(3.0)
        assert one.status["risk_reason"] == "2 losses in a row"

    played(story, tmp_path, guards=GuardSettings(max_losses_in_a_row=2))


def test_the_margin_that_the_comparison_reads_closes_what_is_near_its_end(tmp_path: Path) -> None:
    def strained(reading: AccountReading) -> AccountReading:
        told = {s: replace(p, margin_ratio=0.9) for s, p in reading.positions.items()}
        return replace(reading, positions=told)

    async def story(one: Composed) -> None:
        await one.bar(want=[1.0])
        one.venue.lies = [strained] * 20
        await one.clock.advance(100.0)
        assert one.status["risk"] == "flat"
        assert "90% of the margin" in str(
            [r for r in one.records if getattr(r, "state", "") == Risk.FLATTENING]
        )
        assert one.held() == 0

    played(story, tmp_path)


def test_a_command_does_not_wait_for_a_venue_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.trading.ordering.TIMEOUT", 10.0)

    async def story(one: Composed) -> None:
        one.venue.fault = Fault.SLOW_REPLY
        await one.bar(want=[1.0], seconds=0.0)
        await one.clock.advance(0.6)
        await _command(one, CommandKind.HALT)
        assert one.status["risk"] == "halted"
        await one.clock.advance(12.0)
        assert one.held() > 0
        assert one.stops() == [-one.held()]

    played(story, tmp_path)


def test_an_error_leaves_no_entry_behind_and_positions_with_their_stop(tmp_path: Path) -> None:
    async def story(one: Composed) -> None:
        await one.bar(want=[0.5])
        for order in one.venue.open(PERP.symbol):
            if order.intent.type is OrderType.POST_ONLY:
                one.venue.take(order)
        await one.bar(want=[1.0], seconds=1.0)
        kinds = {order.intent.type for order in one.venue.open(PERP.symbol)}
        assert OrderType.POST_ONLY in kinds
        one.items.fail(Inconsistent("a bar is missing"))
        await one.clock.advance(15.0)
        assert isinstance(one.session.exception(), Inconsistent)
        assert [order.intent.type for order in one.venue.open(PERP.symbol)] == [OrderType.STOP]
        assert one.stops() == [-one.held()]

    played(story, tmp_path, execution=ExecutionSettings(order_type=EntryType.POST_ONLY))


@pytest.mark.fault("O17")
@pytest.mark.parametrize("coin", ["", "BNB"])
def test_a_trade_whose_fee_nobody_can_book_counts_and_its_fee_when_that_is_told(
    tmp_path: Path, coin: str
) -> None:
    """It is held and protected at once, also after a restart; what it cost is asked for until it is known."""

    async def story(one: Composed) -> None:
        wallet = one.outfit.engine.accounts[0]["wallet"]
        one.venue.without_fee = coin
        await one.bar(want=[1.0])
        held = one.held()
        assert one.stops() == [-held]
        assert one.outfit.engine.accounts[0]["wallet"] == wallet
        await one.die()
        await one.start()
        assert (one.held(), one.outfit.engine.accounts[0]["wallet"]) == (held, wallet)
        await one.clock.advance(60.0)
        assert one.told == ["fee_missing"]
        one.venue.without_fee = None
        await one.clock.advance(15.0)
        due = float(sum(trade.fill.fee for trade in one.venue.told))
        assert one.outfit.engine.accounts[0]["wallet"] == pytest.approx(wallet - due)
        assert due > 0
        await one.die()
        await one.start()
        assert one.outfit.engine.accounts[0]["wallet"] == pytest.approx(wallet - due)
        assert wallet_of(one.journal) == one.outfit.engine.accounts[0]["wallet"]

    one = played(story, tmp_path)
    assert len(one.of(FeeTold)) == 1


def test_trades_of_parts_of_a_lot_count_once_they_are_one_and_the_symbol_is_only_reduced(
    tmp_path: Path,
) -> None:
    """The venue trades in finer lots than those in which the run counts."""

    async def story(one: Composed) -> None:
        one.venue.splits = Decimal("0.4")
        await one.bar(want=[0.5])
        held = one.held()
        assert one.outfit.engine.position_lots() == {PERP.symbol: held}
        assert one.stops() == [-held]
        assert set(one.told) == {"odd_lot"}
        await one.bar(want=[1.0])
        assert one.held() == held
        assert "only reduced" in one.denied[-1].text
        await one.die()
        await one.start()
        one.venue.splits = None
        await one.bar(want=[0.0])
        assert one.held() == 0
        assert set(one.told) == {"odd_lot"}
        assert one.status["halted_symbols"] == []

    played(story, tmp_path)


def test_where_the_venue_takes_no_stops_the_local_guard_protects_and_says_so(tmp_path: Path) -> None:
    async def story(one: Composed) -> None:
        one.venue.rests_stops = False
        await one.die()
        await one.start()
        await one.bar(want=[1.0], seconds=50)
        assert one.stops() == []
        assert one.told == ["guarded_here"]
        one.venue.move(PERP.symbol, 94.0)
        await one.clock.advance(3.0)
        assert one.held() == 0
        assert one.status["risk"] == "active"
        assert [i.type for i in one.sent] == [OrderType.MARKET, OrderType.MARKET]
        await one.bar(want=[1.0], seconds=50)
        assert one.told == ["guarded_here"]
        await one.stop()
        assert one.told == ["guarded_here", "unprotected"]

    played(story, tmp_path)


@pytest.mark.parametrize("most", [None, 1_000])
def test_a_stage_back_after_a_loss_leaves_a_run_that_can_go_on(tmp_path: Path, most: int | None) -> None:
    """A quarter of the allocation lost 24 % of it. A twentieth of what is left trades on, and nothing is halted.

    What is too much closes in parts where the venue takes no order so large.
    """
    limits = replace(LIMITS, stop_loss=0.3, max_drawdown=0.3, daily_loss=0.3)

    async def story(one: Composed) -> None:
        assert one.outfit.engine.equity == 2_500.0
        await one.bar(want=[1.0])
        await one.bar(price=76.0)
        assert one.outfit.engine.equity == pytest.approx(1_900.0, rel=0.01)
        await one.die()
        one.share, one.venue.most = 0.05, most
        await one.start()
        left = one.outfit.engine.equity
        assert left == pytest.approx(470.0, rel=0.01)
        assert one.held() * 0.01 * 76.0 == pytest.approx(left, rel=0.02)  # the cap, on what it has now
        assert one.stops() == [-one.held()]
        parts = [abs(i.lots) for i in one.of(Intent) if i.reduce_only and i.type is OrderType.MARKET]
        assert len(parts) == (1 if most is None else 2)
        assert not one.outfit.engine.halted
        assert one.status["risk"] == "active"
        await one.die()
        await one.start()  # every decision comes out again, or it would refuse
        assert one.outfit.engine.equity == pytest.approx(left, rel=0.01)

    guards = GuardSettings(max_drawdown=None)
    one = played(story, tmp_path, share=0.25, guards=guards, rules=Rules(risk=limits, band=0.0))
    assert [flow.id.split("-")[1] for flow in one.of(CashFlow)] == ["0.25", "0.05"]


def test_a_new_epoch_forgets_which_money_came_before() -> None:
    """The engine begins with the whole allocation again: a share of it is taken anew."""
    ledger = OrderLedger((PERP,))
    ledger.apply(CashFlow("share-1", 1, CashFlowKind.DEPOSIT, Decimal(-9_500)))
    ledger.apply(Epoch(2, "the testnet was reset"))
    assert ledger.flows == {}


def test_a_fee_in_coins_that_is_told_later_is_taken_off_what_the_venue_should_hold() -> None:
    ledger, bought = OrderLedger((SPOT,)), SPOT.quantity(10)
    ledger.apply(Baseline(1, SPOT.symbol, Decimal(2)))
    ledger.apply(
        Fill("t", "", 2, SPOT.symbol, 10, bought, Decimal(100), Decimal(0), "", FillReason.CLOSE_OUT)
    )
    assert ledger.expected_holding(SPOT.symbol) == 2 + bought
    told = FeeTold(3, SPOT.symbol, "t", Decimal(100), Decimal("0.00001"), SPOT.base)
    ledger.apply(told)
    assert ledger.expected_holding(SPOT.symbol) == 2 + bought - Decimal("0.00001")
    with pytest.raises(Inconsistent, match="no fee of trade t is due"):
        ledger.apply(told)


def test_what_closes_a_position_at_the_stop_is_in_the_equity_of_the_end(tmp_path: Path) -> None:
    async def story(one: Composed) -> None:
        await one.bar(want=[1.0])
        await one.bar(100.0)
        summary = await one.stop()
        fills, decisions = one.of(Fill), one.of(Decision)
        assert sum(fill.lots for fill in fills) == 0
        assert fills[-1].at > decisions[-1].at
        assert summary.end_equity != decisions[-1].equity
        assert summary.end_equity == one.outfit.engine.equity_at({})
        with Journal.open(one.plan.folder.journal) as journal:
            assert Tally.of(journal).metrics().end_equity == pytest.approx(summary.end_equity)

    played(story, tmp_path, on_stop=OnStop.FLATTEN)


async def _by_hand(
    one: Composed, quantity: str, symbol: str = PERP.symbol, limit: str | None = None
) -> dict[str, Any]:
    """As `tradewind order` asks for it; the answer."""
    ticket = f"t{len(one.venue.orders)}-{quantity}"
    asked = HandOrder(ticket, symbol, Decimal(quantity), Decimal(limit) if limit else None, None)
    one.plan.folder.send(asked.command(one.clock.now_ms()))
    for _ in range(20):
        await one.clock.advance(0.5)
        if (reply := one.plan.folder.answered(ticket)) is not None:
            return reply
    raise AssertionError("nobody answered")


@pytest.mark.parametrize("instrument", [SPOT, PERP], ids=["spot", "perp"])
def test_an_order_by_hand_spends_no_more_than_the_rules_leave(tmp_path: Path, instrument: Instrument) -> None:
    """The allocation is 10,000 at a price of 100; the rules let half of it be held."""

    async def story(one: Composed) -> None:
        symbol = instrument.symbol
        most = ALLOCATION / 2 / 100
        reply = await _by_hand(one, f"{most * 1.2:g}", symbol)
        assert reply["answer"] == "denied"
        assert "more than one instrument may weigh" in reply["text"]
        assert one.held(symbol) == 0
        assert (await _by_hand(one, f"{most * 0.6:g}", symbol))["answer"] == "filled"
        assert (await _by_hand(one, f"{most * 0.6:g}", symbol))["answer"] == "denied"
        assert (await _by_hand(one, f"{most * 0.3:g}", symbol))["answer"] == "filled"
        assert [d.text for d in one.denied] == []
        assert len(one.of(Denied)) == 2
        assert one.outfit.engine.accounts[0]["wallet"] > 0

    played(
        story, tmp_path, symbols=(instrument,), rules=Rules(risk=replace(LIMITS, max_weight=0.5), band=0.05)
    )


def test_orders_by_hand_that_rest_on_both_sides_do_not_make_room_for_each_other(tmp_path: Path) -> None:
    """Half of the allocation may be held: 50 of them at a price of 100."""

    async def story(one: Composed) -> None:
        assert (await _by_hand(one, "45", limit="99"))["answer"] == "working"
        assert (await _by_hand(one, "-45", limit="101"))["answer"] == "working"
        reply = await _by_hand(one, "46", limit="99")
        assert reply["answer"] == "denied"
        assert "5.00 ETH may be bought now" in reply["text"]

    played(story, tmp_path, rules=Rules(risk=replace(LIMITS, max_weight=0.5), band=0.0))


def test_what_rests_in_another_instrument_takes_its_part_of_the_whole(tmp_path: Path) -> None:
    async def story(one: Composed) -> None:
        assert (await _by_hand(one, "80", OTHER.symbol, limit="99"))["answer"] == "working"
        reply = await _by_hand(one, "30")
        assert reply["answer"] == "denied"
        assert "19.88 ETH may be bought now" in reply["text"]

    played(story, tmp_path, symbols=(PERP, OTHER))


@pytest.mark.parametrize("side", [1, -1])
def test_a_limit_above_the_market_is_sized_at_its_own_price(tmp_path: Path, side: int) -> None:
    """Half of 10,000 may be held: 50 at the price of 100, and 48.07 at a limit of 104."""

    async def story(one: Composed) -> None:
        reply = await _by_hand(one, f"{side * 49}", limit="104")
        assert reply["answer"] == "denied"
        assert f"48.07 ETH may be {'bought' if side > 0 else 'sold'} now" in reply["text"]
        reply = await _by_hand(one, f"{side * 49}", limit="96")
        assert reply["answer"] in ("filled", "working")

    played(story, tmp_path, rules=Rules(risk=replace(LIMITS, max_weight=0.5), band=0.0))


def test_what_is_held_is_worth_no_more_for_a_limit_above_the_market(tmp_path: Path) -> None:
    """40 held at 100, for a fee: at 104 half of what is left is 48.05, and no more as the 40 would gain 160."""

    async def story(one: Composed) -> None:
        await one.bar(100.0, want=[0.4])
        reply = await _by_hand(one, "8.5", limit="104")
        assert reply["answer"] == "denied"
        assert "8.05 ETH may be bought now" in reply["text"]

    played(story, tmp_path, rules=Rules(risk=replace(LIMITS, max_weight=0.5), band=0.0))


def test_an_order_by_hand_is_sized_at_the_newest_prices(tmp_path: Path) -> None:
    """40 rose from 100 to 120 since the close: of 10,800 half may be held, which leaves 5 of them."""

    async def story(one: Composed) -> None:
        await one.bar(100.0, want=[0.4])
        one.venue.quote(PERP.symbol, 120.0)
        reply = await _by_hand(one, "8")
        assert reply["answer"] == "denied"
        assert "4.9" in reply["text"] or "5.0" in reply["text"], reply["text"]
        assert (await _by_hand(one, "4"))["answer"] == "filled"

    played(story, tmp_path, rules=Rules(risk=replace(LIMITS, max_weight=0.5), band=0.0))


def test_after_the_loss_of_the_day_nobody_buys_by_hand_either(tmp_path: Path) -> None:
    async def story(one: Composed) -> None:
        await one.bar(100.0, want=[0.9])
        await one.bar(95.0)
        await one.bar(95.0, want=[0.0])
        reply = await _by_hand(one, "10")
        assert reply["answer"] == "denied"
        assert "no new exposure before the next day" in reply["text"]

    played(story, tmp_path, rules=Rules(risk=replace(LIMITS, daily_loss=0.03), band=0.0))


def test_a_fall_between_two_closes_flattens_on_two_readings(tmp_path: Path) -> None:
    """The agent's own limit looks at closes; the guard looks at live prices, from the highest close."""

    async def story(one: Composed) -> None:
        await one.bar(100.0, want=[1.0])
        assert one.held() > 0
        one.venue.quote(PERP.symbol, 96.0)
        await one.clock.advance(20.0)
        assert one.status["risk"] == "active"
        one.venue.quote(PERP.symbol, 94.0)
        await one.clock.advance(20.0)
        assert one.status["risk"] == "flat"
        assert one.held() == 0
        latched = [r for r in one.records if getattr(r, "state", "") == Risk.FLATTENING]
        assert "below its peak of 10" in latched[0].reason, latched
        await _command(one, CommandKind.REARM)
        await one.bar(94.0, want=[0.5])
        assert one.status["risk"] == "active"

    played(story, tmp_path, guards=GuardSettings(max_drawdown=0.05), rules=Rules(risk=LIMITS, band=0.0))
