"""What is compiled, or read from disk, before a run opens its streams: the first live bar must not wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tradewind.market import Bar, Fill, Instrument, Snapshot, Timeframe
from tradewind.policy.agent import Agent
from tradewind.trading.engine.engine import Engine


def warm(agent: Agent, instruments: Sequence[Instrument], timeframe: Timeframe, bars: int) -> int:
    """Let an engine that is thrown away decide on made-up bars; returns how many decisions it made.

    `bars`: as many as its features need, and a few. The policy is left as it was before its first decision.
    """
    engine = Engine(agent, instruments, timeframe, 1e6)
    decisions = 0
    for k in range(bars):
        opened, closed = k * timeframe.ms, (k + 1) * timeframe.ms
        price = 99.0 + (k * 7) % 11 / 5  # up and down, so that no feature divides by nothing
        prices = (price, price * 1.01, price * 0.99, price * (1.0 + 0.002 * (k % 3 - 1)))
        made_up = Bar(opened, closed, *prices, 1000.0 + k % 5)
        decisions += engine.process(Snapshot(opened, closed, (made_up,) * len(instruments))) is not None
    for one in instruments:
        price_paid, fee = Decimal(100), Decimal(0)
        engine.process(Fill("warm", "warm", 0, one.symbol, 1, one.lot, price_paid, fee, one.quote))
        engine.protective_level(one.symbol)
        engine.equity_at({one.symbol: 100.0})
    agent.policy.reset()
    return decisions
