"""Marks and settled funding in the bars of perpetuals, over real sockets, as a stored market has them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.exchange_here import FIRST
from tests.venues.remote.feeds import (
    BINANCE_PERPETUAL,
    BITGET_PERPETUAL,
    MINUTE,
    Feed,
    Place,
    feeding,
    over_sockets,
)
from tradewind.exchange import Exchange
from tradewind.market import CashFlow, Fill, Instrument, Kind, Snapshot, Timeframe
from tradewind.market.instrument_json import instrument_to_dict
from tradewind.policy.agent import Agent, agent_of_policy
from tradewind.policy.baselines import EqualWeight
from tradewind.simulator import Rules
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.session.desk import BarDesk
from tradewind.trading.session.parity import backtest_parity
from tradewind.trading.session.session import run_session
from tradewind.trading.told.contrast import contrast
from tradewind.venues import PaperVenue
from tradewind.venues.rehearsal import rehearse
from tradewind.venues.remote.listing import Listing

BTC, ETH = BINANCE_PERPETUAL[1]
DUE = FIRST + 72 * 60 * MINUTE  # funding is charged every eight hours
START = DUE - 3 * MINUTE + 2_000
CAPITAL = 100_000.0
PLACES = [BINANCE_PERPETUAL, BITGET_PERPETUAL]


def exchange_of(feed: Feed, place: Place) -> Exchange:
    return feed.exchange.house("bitget" if place[0] == "bitget" else "binance").exchange


async def slowly(feed: Feed, minutes: int) -> None:
    """Second by second, so that marks are told as often as they are in a real minute."""
    for _ in range(minutes * 60):
        feed.exchange.clock.step(1_000)
        feed.exchange.server.beat()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("place", PLACES, ids=str)
@over_sockets
async def test_the_bar_that_opens_when_funding_is_due_has_the_rate_that_was_charged(
    tmp_path: Path, place: Place
) -> None:
    async with feeding(tmp_path, place, start_ms=START, perpetual=True) as feed:
        await feed.live()
        exchange = exchange_of(feed, place)
        exchange.control.set_next_funding(BTC, Decimal("-0.0025"))
        await slowly(feed, 6)
        await feed.until(lambda: feed.got[-1].open_time >= DUE + MINUTE)
        rates = {s.open_time: [b.funding_rate for b in s.bars if b] for s in feed.got}
        usual = float(exchange.tape.funding_history(ETH)[-1].rate)
        assert rates.pop(DUE) == [-0.0025, usual]
        assert set(map(tuple, rates.values())) == {(0.0, 0.0)}
        assert feed.alarms == []


@pytest.mark.parametrize("place", PLACES, ids=str)
@over_sockets
async def test_bars_hold_the_candle_of_the_mark(tmp_path: Path, place: Place) -> None:
    async with feeding(tmp_path, place, start_ms=START, perpetual=True) as feed:
        await feed.live()
        await slowly(feed, 4)
        await feed.until(lambda: feed.got[-1].open_time >= DUE)
        theirs = {int(r[0]): r[1:5] for r in await feed.client.fetch_mark_ohlcv(BTC, "1m", DUE - 9 * MINUTE)}
        told = {s.open_time: s.bars[0] for s in feed.got if s.bars[0] is not None}
        known = {t: b for t, b in told.items() if not math.isnan(b.mark_open)}
        assert set(known) == {t for t in told if t > START}  # from the first that was heard as a whole
        assert len(known) >= 3
        for opened, bar in known.items():
            _, high, low, _ = theirs[opened]
            assert low <= bar.mark_low <= bar.mark_high <= high  # of each second, as it was told
            assert bar.mark_low <= min(bar.mark_open, bar.mark_close)
            assert bar.mark_high >= max(bar.mark_open, bar.mark_close)


@pytest.mark.parametrize("place", PLACES, ids=str)
@over_sockets
async def test_a_run_that_goes_on_has_marks_and_funding_of_the_bars_that_it_missed(
    tmp_path: Path, place: Place
) -> None:
    since = DUE - 5 * MINUTE
    async with feeding(
        tmp_path, place, start_ms=DUE + 3 * MINUTE + 2_000, since=since, perpetual=True
    ) as feed:
        await feed.until(lambda: len(feed.got) == 8)
        theirs = {int(r[0]): r[1:5] for r in await feed.client.fetch_mark_ohlcv(ETH, "1m", since)}
        for snapshot in feed.got:
            bar = snapshot.bars[1]
            assert bar is not None
            assert [bar.mark_open, bar.mark_high, bar.mark_low, bar.mark_close] == theirs[bar.open_time]
            assert bar.funding_rate == (0.0001 if bar.open_time == DUE else 0.0)


@over_sockets
async def test_a_rate_that_is_told_late_is_charged_at_the_next_open_and_once(tmp_path: Path) -> None:
    place = BINANCE_PERPETUAL
    async with feeding(tmp_path, place, start_ms=START, perpetual=True) as feed:
        await feed.live()
        rule = feed.fault("refuse", match={"path": "*fundingRate"}, reason="unavailable")
        await slowly(feed, 4)
        await feed.until(lambda: feed.got[-1].open_time >= DUE)
        assert feed.got[-1].open_time == DUE
        assert [b.funding_rate for b in feed.got[-1].bars if b] == [0.0, 0.0]
        feed.exchange.faults.remove(rule.id)
        marks = feed.candles._perpetuals
        assert marks is not None
        await feed.until(lambda: all(marks._due.values()), seconds=20)
        await feed.minutes(2)
        await feed.until(lambda: feed.got[-1].open_time == DUE + 2 * MINUTE)
        assert [b.funding_rate for b in feed.got[-2].bars if b] == [0.0001, 0.0001]
        assert [b.funding_rate for b in feed.got[-1].bars if b] == [0.0, 0.0]
        assert marks.late == 2


@pytest.mark.fault("A4")
@pytest.mark.parametrize("place", PLACES, ids=str)
@over_sockets
async def test_paper_pays_funding_and_its_backtest_and_rehearsal_are_the_same(
    tmp_path: Path, place: Place
) -> None:
    async with feeding(tmp_path, place, warm_up=2, start_ms=START, perpetual=True) as feed:
        assert feed.reading is not None
        feed.reading.cancel()
        listing = Listing(feed.client, Kind.PERPETUAL)
        await feed.client.load_markets()
        instruments = [listing.read(s, 0.0002, 0.0005, []) for s in place[1]]
        traded = [one for one in instruments if one is not None]
        agent = agent_of_policy("even", EqualWeight([Kind.PERPETUAL] * 2), Rules())
        about = described(agent, traded)
        engine = Engine(agent, traded, Timeframe("1m"), CAPITAL, run="test")
        seen: list[int] = []
        with Journal.create(tmp_path / "run.sqlite", about) as journal:
            desk = BarDesk(engine, PaperVenue(traded, agent.rules, CAPITAL), journal)
            session = asyncio.create_task(
                run_session(engine, feed.candles, desk, lambda item, _: seen.append(item.at))
            )
            await slowly(feed, 6)
            for _ in range(200):
                if seen and seen[-1] >= DUE + 2 * MINUTE:
                    break
                await asyncio.sleep(0.05)
            session.cancel()
            await asyncio.gather(session, return_exceptions=True)
            journal.flush()
            records = [record for _, record in journal.records()]
            again = rehearse(journal, agent)
            parity = backtest_parity(journal, agent)
        bars = {r.open_time: r.bars for r in records if isinstance(r, Snapshot)}
        paid = {r.symbol: r for r in records if isinstance(r, CashFlow)}
        assert set(paid) == set(place[1])
        for symbol, bar in zip(place[1], bars[DUE], strict=True):
            assert bar is not None
            held = sum(
                (r.quantity for r in records if isinstance(r, Fill) and r.symbol == symbol and r.at < DUE),
                Decimal(0),
            )
            assert held > 0
            assert float(paid[symbol].amount) == pytest.approx(-float(held) * bar.mark_open * 0.0001)
        assert parity["difference"] is None
        found = contrast(records, again.decisions, again.fills, traded, again.flows)
        assert found.identical
        total = float(sum(flow.amount for flow in paid.values()))
        assert found.funding == pytest.approx((total, total))
        assert found.equity_worst == 0.0


def described(agent: Agent, instruments: Sequence[Instrument]) -> dict[str, Any]:
    return {
        "mode": "paper",
        "agent": {"baseline": agent.name},
        "model_hash": agent.model_hash,
        "symbols": [one.symbol for one in instruments],
        "instruments": [instrument_to_dict(one) for one in instruments],
        "timeframe": "1m",
        "capital": CAPITAL,
        "rules": agent.rules.as_dict(),
        "plan": agent.plan.schema_hash([one.symbol for one in instruments]),
        "trade_from": 0,
        "run": "test",
    }
