"""What no part can show alone: a run as it is put together stays at work, and leaves things in order."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.trading.composed import LIMITS, Composed, played
from tests.trading.ordering import PERP, Fault
from tradewind.config import OnStop
from tradewind.market import (
    CashFlow,
    CashFlowKind,
    Command,
    CommandKind,
    Decision,
    Fill,
    Inconsistent,
    OrderType,
)
from tradewind.simulator import Rules
from tradewind.trading.acting.settings import EntryType, ExecutionSettings
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.journal.journal import Journal
from tradewind.trading.terms.account_venue import AccountReading
from tradewind.trading.terms.discrepancy import Epoch
from tradewind.trading.terms.order_records import Risk
from tradewind.trading.terms.order_venue import OrderReport, Trade
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


def test_a_fill_that_the_engine_cannot_take_ends_the_run(tmp_path: Path) -> None:
    """On disk and in no books, it would be a position that nobody protects, and that is bought again."""

    async def story() -> None:
        one = Composed(tmp_path)
        await one.start()
        tell = one.venue.hear

        def in_a_coin_that_it_does_not_know(what: Trade | OrderReport) -> None:
            if isinstance(what, Trade):
                what = replace(what, fill=replace(what.fill, fee=Decimal(1), fee_asset="BNB"))
            with suppress(Inconsistent):  # it ends the stream
                tell(what)

        one.venue.hear = in_a_coin_that_it_does_not_know  # type: ignore[method-assign]
        await one.bar(want=[1.0])
        assert one.supervisor.failed.done()
        assert "could not be taken" in str(one.supervisor.failed.result())
        await one.die()

    asyncio.run(story())


def test_a_new_epoch_forgets_which_money_came_before() -> None:
    """The engine begins with the whole allocation again: a share of it is taken anew."""
    ledger = OrderLedger((PERP,))
    ledger.apply(CashFlow("share-1", 1, CashFlowKind.DEPOSIT, Decimal(-9_500)))
    ledger.apply(Epoch(2, "the testnet was reset"))
    assert ledger.flows == {}


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
