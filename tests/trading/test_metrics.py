"""The numbers of a run, by hand on small journals and against the session's own on a long one."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.promises.agents import CAPITAL, moody_agent, rules_for
from tests.promises.worldlets import wild_market
from tests.trading.conftest import describe, session_of
from tradewind.market import (
    Bar,
    CashFlow,
    CashFlowKind,
    Command,
    Decision,
    FeeAsset,
    Fill,
    Kind,
    Market,
    Order,
    Reason,
    Review,
    Snapshot,
    TargetWeights,
)
from tradewind.policy.agent import Agent
from tradewind.statistics import drawdowns
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.session.session import SessionSummary
from tradewind.trading.terms.api_call import ApiCall
from tradewind.trading.terms.discrepancy import Epoch
from tradewind.trading.terms.feed_records import Revision
from tradewind.trading.terms.order_records import Denied, OrderAlarm
from tradewind.trading.terms.order_states import Alarm, Happening, OrderEvent
from tradewind.trading.terms.session_records import Incident, SessionBegan
from tradewind.trading.told.tally import Tally

HOUR = 3_600_000


@pytest.fixture
def tally(agent: Agent, market: Market) -> Tally:
    return Tally(describe(agent, market))


def decision(at: int, equity: float, *orders: Order) -> Decision:
    wanted = TargetWeights((None, None))
    return Decision(
        at, wanted, Review(wanted, (Reason.NONE, Reason.NONE)), orders, equity, 0.0, latency_us=at
    )


def fill(tally: Tally, market: Market, order: str, at: int, lots: int, price: str, fee: str = "0.01") -> Fill:
    one = market.instruments[0]
    return Fill(
        f"t{order}", order, at, one.symbol, lots, one.quantity(lots), Decimal(price), Decimal(fee), one.quote
    )


def bar(opened: int, price: float) -> Snapshot:
    one = Bar(opened, opened + HOUR, price, price, price, price, 1000.0)
    return Snapshot(opened, opened + HOUR, (one, None))


def test_a_session_tells_the_same_numbers_as_its_summary(path: Path, summary: SessionSummary) -> None:
    with Journal.open(path) as journal:
        metrics = Tally.of(journal).metrics()
    assert (metrics.bars, metrics.decisions, metrics.orders, metrics.fills) == (
        summary.bars,
        summary.decisions,
        summary.orders,
        summary.fills,
    )
    assert metrics.net_return == pytest.approx(metrics.end_equity / summary.start_equity - 1)
    assert sum(i.trades for i in metrics.instruments) == metrics.trades > 10
    assert sum(i.fees for i in metrics.instruments) == pytest.approx(metrics.fees)
    assert metrics.win_rate is not None
    assert 0 < metrics.win_rate < 1
    assert metrics.slippage == pytest.approx(metrics.slippage_modelled, rel=1e-6)


@pytest.mark.parametrize(
    ("kind", "fee_asset"),
    [(Kind.PERPETUAL, FeeAsset.QUOTE), (Kind.SPOT, FeeAsset.QUOTE), (Kind.SPOT, FeeAsset.BASE)],
)
def test_equity_between_closes_is_that_of_the_books(tmp_path: Path, kind: Kind, fee_asset: FeeAsset) -> None:
    market = wild_market(300, 2, kind, seed=7, fee_asset=fee_asset)
    agent = moody_agent(market, rules_for(kind))
    session_of(tmp_path / "run.sqlite", agent, market)
    engine, between = Engine(agent, market.instruments, market.timeframe, CAPITAL, run="test"), 0
    with Journal.open(tmp_path / "run.sqlite") as journal:
        tally = Tally(journal.session)
        for _, record in journal.records():
            tally.apply(record)
            if isinstance(record, Snapshot | Fill | CashFlow | Command):
                engine.process(record)
            if isinstance(record, Fill | CashFlow):
                between += 1
                assert tally.glance().equity == pytest.approx(engine.equity_at({}), abs=1e-6)
    assert between > 20


def test_a_glance_says_at_every_moment_what_all_the_metrics_say(path: Path) -> None:
    with Journal.open(path) as journal:
        tally = Tally(journal.session)
        for number, (_, record) in enumerate(journal.records()):
            tally.apply(record)
            if number % 97 == 0:
                _require_same(tally)
    _require_same(tally)


def _require_same(tally: Tally) -> None:
    glance, metrics = tally.glance().as_dict(), tally.metrics()
    assert glance.pop("equity") == metrics.end_equity
    sums = {"not_sent": metrics.denied, "faults_survived": metrics.faults, "alarms": metrics.alarms}
    for name, kinds in sums.items():
        assert glance.pop(name) == sum(kinds.values())
    assert glance == {name: getattr(metrics, name) for name in glance}
    at, equity = tally.curve()
    if len(at):
        falls = drawdowns(np.append(equity, metrics.net_return * tally.capital + tally.capital))
        assert (metrics.max_drawdown, metrics.drawdown) == (
            pytest.approx(falls.max()), pytest.approx(falls[-1])
        )  # fmt: skip


def test_what_fills_after_a_close_moves_equity_profit_return_and_fees_together(
    tally: Tally, market: Market
) -> None:
    one = market.instruments[0]
    tally.apply(bar(0, 100.0))
    tally.apply(decision(HOUR, 10_000.0))
    tally.apply(fill(tally, market, "b", HOUR + 1, 100, "101", fee="2"))
    lost = 100 * float(one.lot) + 2
    glance = tally.glance()
    assert (glance.equity, glance.profit) == (pytest.approx(10_000 - lost), pytest.approx(-lost))
    assert glance.net_return == pytest.approx(-lost / 10_000)
    assert glance.max_drawdown == pytest.approx(lost / 10_000)
    assert glance.fees == 2
    assert tally.metrics().end_equity == glance.equity


def test_a_trade_by_hand(tally: Tally, market: Market) -> None:
    lot = float(market.instruments[0].lot)
    symbol = market.symbols[0]
    buy, sell = Order("b", symbol, 10, decided_at=HOUR), Order("s", symbol, -10, decided_at=2 * HOUR)
    for record in (
        bar(0, 100.0),
        decision(HOUR, 10_000.0, buy),
        fill(tally, market, "b", HOUR, 10, "101"),
        bar(HOUR, 100.0),
        decision(2 * HOUR, 10_001.0, sell),
        fill(tally, market, "s", 2 * HOUR, -10, "110"),
        bar(2 * HOUR, 110.0),
        decision(3 * HOUR, 9_900.0),
    ):
        tally.apply(record)
    found = tally.metrics()
    assert (found.trades, found.open_trades, found.win_rate) == (1, 0, 1.0)
    assert found.instruments[0].profit == pytest.approx(10 * lot * 9 - 0.02)
    assert found.fees == 0.02
    assert found.masked == 3
    assert found.max_drawdown == pytest.approx(1 - 9_900 / 10_001)
    weights = [101.0, 110.0]
    assert found.slippage == pytest.approx((0.01 * weights[0] + 0.0 * weights[1]) / sum(weights))
    assert found.decision_us["p50"] == 2 * HOUR


def test_a_fill_that_comes_after_its_bar_is_judged_too(tally: Tally, market: Market) -> None:
    tally.apply(bar(0, 100.0))
    tally.apply(decision(HOUR, 10_000.0, Order("b", market.symbols[0], 10, decided_at=HOUR)))
    tally.apply(bar(HOUR, 100.0))
    tally.apply(decision(2 * HOUR, 10_000.0))
    tally.apply(fill(tally, market, "b", HOUR + 1, 10, "101"))
    assert tally.metrics().slippage == pytest.approx(0.01)


def test_what_is_paid_in_is_no_profit(tally: Tally) -> None:
    tally.apply(decision(HOUR, 10_000.0))
    tally.apply(CashFlow("1", HOUR, CashFlowKind.DEPOSIT, Decimal(5_000)))
    tally.apply(CashFlow("2", HOUR, CashFlowKind.FUNDING, Decimal("-3")))
    tally.apply(decision(2 * HOUR, 15_150.0))
    found = tally.metrics()
    assert found.paid_in == 5_000
    assert found.funding == -3
    assert found.profit == pytest.approx(150)
    assert found.net_return == pytest.approx(0.015)


def test_a_reset_of_a_testnet_is_neither_profit_nor_loss(tally: Tally, market: Market) -> None:
    tally.apply(bar(0, 100.0))
    tally.apply(decision(HOUR, 10_000.0, Order("b", market.symbols[0], 10, decided_at=HOUR)))
    tally.apply(fill(tally, market, "b", HOUR, 10, "101"))
    tally.apply(decision(2 * HOUR, 9_000.0))
    tally.apply(Epoch(2 * HOUR, "everything is gone"))
    tally.apply(decision(3 * HOUR, 10_000.0))
    found = tally.metrics()
    assert found.net_return == pytest.approx(-0.1)
    assert found.profit == pytest.approx(-1_000.0)
    assert (found.trades, found.open_trades) == (1, 0)
    assert found.faults == {"testnet reset": 1}


def test_refusals_are_counted_by_reason_whatever_their_numbers(tally: Tally, market: Market) -> None:
    for k, symbol in enumerate(market.symbols):
        text = f"the book of {symbol} is {k + 1}.5 s old: it is stale"
        tally.apply(Denied(1, f"id{k}", symbol, 1, text))
    tally.apply(Denied(1, "x", market.symbols[0], 1, "the run is halted"))
    assert tally.metrics().denied == {
        "the book of the symbol is … s old: it is stale": 2,
        "the run is halted": 1,
    }


def test_faults_are_counted_by_kind_and_what_is_in_doubt_is_not_survived(tally: Tally) -> None:
    prices = (1.0, 1.0, 1.0, 1.0, 1.0)
    calls = [
        ApiCall(10, "GET", "/x", {}, s, "", 7.0, None, f)
        for s, f in ((200, ""), (503, ""), (429, ""), (0, "E"))
    ]
    for record in (
        SessionBegan(1_000, "1"),
        OrderEvent(1_500, "a", Happening.DOUBTED),
        OrderEvent(1_600, "b", Happening.DOUBTED),
        OrderEvent(2_000, "a", Happening.ACCEPTED),
        OrderEvent(2_000, "c", Happening.REFUSED, kind="balance"),
        SessionBegan(3_000, "1"),
        Revision(3_500, "BTC/USDT", 0, None, prices),
        Incident(4_000, "reconnect", "the line ended"),
        OrderAlarm(4_000, "BTC/USDT", "b", Alarm.UNKNOWN_LONG, "60 s"),
        *calls,
    ):  # fmt: skip
        tally.apply(record)
    found = tally.metrics()
    assert found.faults == {
        "request failed": 2,
        "restart": 1,
        "unknown order, cleared up": 1,
        "order refused (balance)": 1,
        "bar revised": 1,
        "reconnect": 1,
        "rate limit": 1,
    }
    assert found.in_doubt == 1
    assert found.alarms == {"unknown_long": 1}
    assert (found.sessions, found.duration_seconds) == (2, 3.0)
    assert found.uptime_share == pytest.approx(2_000 / 3_000)
    assert found.request_ms == {"p50": 7.0, "p95": 7.0, "p99": 7.0}


def test_ratios_of_thirty_days_exist_from_twenty_on(agent: Agent, market: Market) -> None:
    day = 24 * HOUR

    def found(days: int) -> Any:
        tally, equity = Tally(describe(agent, market)), 10_000.0
        for k in range(days + 1):
            equity *= 1 + 0.01 * math.sin(k)
            tally.apply(decision((k + 1) * day, equity))
        return tally.metrics()

    assert found(19).sharpe_30d is None
    assert found(40).sharpe_30d == pytest.approx(found(40).sharpe_30d)
    assert math.isfinite(found(40).sharpe_30d)
    assert math.isfinite(found(40).sortino_30d)
    assert found(0).decision_us != {}


def test_nothing_has_no_figures(tally: Tally) -> None:
    found = tally.metrics()
    assert found.started_at is None
    assert (found.net_return, found.max_drawdown, found.win_rate, found.slippage) == (0.0, 0.0, None, None)
