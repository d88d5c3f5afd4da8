"""A long journal, written by an engine and an order manager over a venue that fills everything at once.

Its records come in the proportions of a run with a model at a venue: about every second bar trades, each trade moves
the stop that rests at the venue, every request is noted, and so are the polls between them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tradewind.data.coins import coin_markets
from tradewind.data.replaying import Replay
from tradewind.features import preset
from tradewind.market import (
    Accepted,
    Decision,
    Fill,
    Kind,
    ManualClock,
    Market,
    Order,
    OrderType,
    Outcome,
    Snapshot,
)
from tradewind.market.instrument_json import instrument_to_dict
from tradewind.policy.agent import Agent, agent_of_policy
from tradewind.policy.baselines import Random
from tradewind.risk import RiskLimits
from tradewind.simulator import Rules
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.terms.api_call import ApiCall
from tradewind.trading.terms.order_states import Intent, client_id
from tradewind.trading.terms.order_venue import NoSuchOrder, OrderReport, ReportStatus, Trade

FIRST = 1_700_006_400_000
CAPITAL = 10_000.0


POLLS = ("klines", "account", "openOrders")  # a bar, beside the requests of its orders


class Instant:
    """`OrderVenue` that takes every order, fills it whole and tells of it; a stop rests until it is cancelled."""

    def __init__(self, journal: Journal) -> None:
        self.trades_made: list[Trade] = []
        self.price, self.lot = Decimal(1), Decimal(1)
        self._journal = journal

    def note(self, method: str, path: str, at: int, **parameters: str) -> None:
        """What a client notes of a request."""
        signed = {
            "timestamp": f"{at}",
            "symbol": "BTCUSDT",
            **parameters,
            "recvWindow": "5000",
            "signature": "***",
        }
        self._journal.note(ApiCall(at, method, f"/fapi/v1/{path}", signed, 200, "", 12.407, 431))

    async def send(self, intent: Intent) -> Outcome:
        path = "algoOrder" if intent.type is OrderType.STOP else "order"
        self.note("POST", path, intent.at, newClientOrderId=intent.client_id, newOrderRespType="ACK")
        if intent.type is OrderType.STOP:
            return Accepted(f"a{intent.client_id}")
        number = len(self.trades_made)
        quantity = self.lot * intent.lots
        fill = Fill(
            f"t{number}", intent.client_id, intent.at, intent.symbol, intent.lots, quantity, self.price,
            abs(quantity) * self.price / 1000, "USDT",
        )  # fmt: skip
        self.trades_made.append(Trade(fill, f"v{number}"))
        return Accepted(f"v{number}")

    async def cancel(self, intent: Intent, venue_id: str) -> Outcome:
        self.note("DELETE", "algoOrder", intent.at, clientAlgoId=intent.client_id)
        return Accepted(venue_id)

    async def query(self, intent: Intent, venue_id: str) -> OrderReport | NoSuchOrder:
        self.note("GET", "algoOrder", intent.at, clientAlgoId=intent.client_id)
        return OrderReport(intent.client_id, intent.symbol, ReportStatus.CANCELED, 0, venue_id)

    async def open_orders(self, symbol: str) -> Sequence[OrderReport]:
        return ()

    async def trades(self, symbol: str, since: int) -> Sequence[Trade]:
        return ()

    async def holding(self, symbol: str) -> Decimal:
        return Decimal(0)


def written(path: Path, events: int) -> Agent:
    """Write at least that many events; returns the agent that decided."""
    (market,) = coin_markets(["BTC"], seed=1, start_ms=FIRST, bars=events // 5, kinds=[Kind.PERPETUAL])
    risk = RiskLimits(max_weight=2.0, stop_loss=None, daily_loss=None, max_drawdown=None, cooldown_bars=0)
    policy = Random([Kind.PERPETUAL], switch_probability=0.5, gross=0.5)
    agent = agent_of_policy("random", policy, Rules(risk=risk, leverage=2.0, band=0.01))
    agent = replace(agent, plan=preset("default"))
    head = {
        "agent": {"baseline": "random"},
        "model_hash": agent.model_hash,
        "symbols": list(market.symbols),
        "instruments": [instrument_to_dict(i) for i in market.instruments],
        "timeframe": market.timeframe.text,
        "capital": CAPITAL,
        "rules": agent.rules.as_dict(),
        "plan": agent.plan.schema_hash(market.symbols),
        "trade_from": 0,
        "run": "bench",
    }
    with Journal.create(path, head) as journal:
        asyncio.run(_write(journal, agent, market, events))
    return agent


async def _write(journal: Journal, agent: Agent, market: Market, events: int) -> None:
    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL, run="bench")
    clock, venue = ManualClock(FIRST), Instant(journal)
    ledger = OrderLedger(market.instruments)
    manager = OrderManager(
        journal, ledger, venue, clock, lambda fill: _hear(engine, fill), lambda alarm: None
    )
    await manager.start()
    venue.lot = market.instruments[0].lot
    told, stop = 0, ""
    for item in Replay(market):
        if len(journal) >= events:
            break
        if not isinstance(item, Snapshot) or item.bars[0] is None:
            continue
        clock.advance((item.close_time - clock.now_ms()) / 1000)
        venue.price = Decimal(str(item.bars[0].close))
        for poll in POLLS:
            venue.note("GET", poll, item.close_time)
        decision = engine.process(item)
        if decision is None:
            manager.write(item)
            continue
        await manager.submit(decision.orders, str(decision.at), [item, decision])
        for trade in venue.trades_made[told:]:
            manager.observe_trade(trade)
        if len(venue.trades_made) > told:
            stop = await _protect(manager, venue, decision, stop)
        told = len(venue.trades_made)
    await manager.close()


async def _protect(manager: OrderManager, venue: Instant, decision: Decision, before: str) -> str:
    """The stop of before goes, and one for what is held now comes; returns its id."""
    if before:
        state = await manager.cancel(before)
        manager.observe(await venue.query(state.intent, state.venue_id))
    ((symbol, lots),) = manager.ledger.positions.items()
    if not lots:
        return ""
    name = client_id("bench", "bench", symbol, decision.at, leg="stop")
    trigger = venue.price * (Decimal("0.9") if lots > 0 else Decimal("1.1"))
    stop = Order(name, symbol, -lots, True, decision.at, OrderType.STOP, None, trigger)
    await manager.submit([stop], f"protect {name}")
    return name


def _hear(engine: Engine, fill: Fill) -> None:
    engine.process(fill)
