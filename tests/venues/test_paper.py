"""The paper venue fills by the simulator's rules, and its books are the engine's after every bar."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from tests.promises.agents import CAPITAL, EVERYTHING, ONLY_LIQUIDATION, live, moody_agent, rules_for
from tests.promises.worldlets import instruments, wild_market
from tradewind.data.replaying import Replay
from tradewind.market import (
    Bar,
    CashFlow,
    CashFlowKind,
    Command,
    CommandKind,
    Decision,
    FeeAsset,
    Fill,
    FillReason,
    Inconsistent,
    Kind,
    Order,
    Snapshot,
)
from tradewind.risk import RiskLimits
from tradewind.simulator import Costs, Rules
from tradewind.trading.engine.engine import Engine
from tradewind.venues import PaperVenue

MINUTE = 60_000
FREE = Costs(half_spread=0.0, slippage=0.0, impact=0.0, participation_cap=None)
PLAIN = Rules(costs=FREE, risk=RiskLimits.none(), leverage=5.0)
BTC = "C0/USDT:USDT"


def bar(
    k: int, open_: float, high: float, low: float, close: float, volume: float = 1e6, rate: float = 0.0
) -> Bar:
    return Bar(k * MINUTE, (k + 1) * MINUTE, open_, high, low, close, volume, rate)


def shot(*bars: Bar | None) -> Snapshot:
    first = next(b for b in bars if b is not None)
    return Snapshot(first.open_time, first.close_time, bars)


def flat(k: int, price: float = 100.0, volume: float = 1e6, rate: float = 0.0) -> Bar:
    return bar(k, price, price, price, price, volume, rate)


def venue_of(rules: Rules = PLAIN, width: int = 1, kind: Kind = Kind.PERPETUAL) -> PaperVenue:
    return PaperVenue(instruments(width, kind), rules, CAPITAL)


def order(lots: int, symbol: str = BTC, name: str = "o1") -> Order:
    return Order(name, symbol, lots)


def fills(events: Sequence[Fill | CashFlow]) -> list[Fill]:
    return [e for e in events if isinstance(e, Fill)]


def test_an_order_fills_at_the_next_open_and_pays_its_fee() -> None:
    venue = venue_of()
    assert venue.trade(shot(flat(0))) == []
    venue.take([order(2_000)])
    (fill,) = fills(venue.trade(shot(bar(1, 101.0, 105.0, 99.0, 104.0))))
    assert (fill.lots, fill.quantity, fill.price) == (2_000, Decimal("2.000"), Decimal("101.0"))
    assert fill.fee == Decimal("0.101")  # 2 x 101 x 0.0005
    assert (fill.fee_asset, fill.order_id, fill.at) == ("USDT", "o1", MINUTE)
    assert fill.reason is FillReason.ORDER


def test_what_does_not_fill_is_cancelled() -> None:
    """Typical volume 1,000: 30 % of it fills; nothing is left for the bar after."""
    venue = venue_of(replace(PLAIN, costs=replace(FREE, participation_cap=0.3)))
    venue.trade(shot(flat(0, volume=1.0)))
    venue.take([order(2_000)])
    (fill,) = fills(venue.trade(shot(flat(1, volume=1e9))))
    assert fill.lots == 300
    assert venue.trade(shot(flat(2, volume=1e9))) == []


def test_the_volume_of_the_bar_that_fills_is_not_known_yet() -> None:
    """Slippage and cap come from what had closed: another volume inside the bar changes nothing."""
    outcomes = []
    for volume in (1e-3, 1e9):
        venue = venue_of(replace(PLAIN, costs=Costs(participation_cap=0.3)))
        venue.trade(shot(flat(0, volume=10.0)))
        venue.take([order(2_000)])
        outcomes.append(venue.trade(shot(flat(1, volume=volume))))
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0]) == 1


def test_funding_comes_first_and_on_the_position_before_the_fill() -> None:
    venue = venue_of()
    venue.trade(shot(flat(0)))
    venue.take([order(1_000)])
    venue.trade(shot(flat(1)))
    venue.take([order(-3_000)])
    paid, sold = venue.trade(shot(flat(2, rate=0.001)))
    assert isinstance(paid, CashFlow)
    assert (paid.kind, paid.symbol) == (CashFlowKind.FUNDING, BTC)
    assert paid.amount == Decimal("-0.1")  # the long of 1 x 100 pays 0.1 %
    assert isinstance(sold, Fill)
    assert sold.lots == -3_000
    received = venue.trade(shot(flat(3, rate=0.001)))
    assert [e.amount for e in received if isinstance(e, CashFlow)] == [Decimal("0.2")]


def test_sells_come_before_buys_and_then_stops() -> None:
    rules = replace(PLAIN, risk=replace(RiskLimits.none(), stop_loss=0.05))
    venue = venue_of(rules, width=2)
    venue.trade(shot(flat(0), flat(0)))
    venue.take([order(1_000), order(1_000, "C1/USDT:USDT", "o2")])
    venue.trade(shot(flat(1), flat(1)))
    venue.take([order(1_000), order(-500, "C1/USDT:USDT", "o2")])
    events = fills(venue.trade(shot(flat(2), bar(2, 100.0, 100.0, 90.0, 92.0))))
    assert [(e.symbol[:2], e.lots, e.reason.name) for e in events] == [
        ("C1", -500, "ORDER"),
        ("C0", 1_000, "ORDER"),
        ("C1", -500, "STOP"),
    ]
    assert events[2].price == Decimal("95.0")
    assert events[2].order_id.startswith("stop-")


def test_a_liquidation_is_a_fill_with_its_reason() -> None:
    venue = venue_of()
    venue.trade(shot(flat(0)))
    venue.take([order(400_000)])  # 40,000 on 10,000 of equity
    venue.trade(shot(flat(1)))
    (fill,) = fills(venue.trade(shot(bar(2, 100.0, 100.0, 70.0, 72.0))))
    assert fill.reason is FillReason.LIQUIDATION
    assert fill.lots == -400_000
    assert Decimal(80) <= fill.price < Decimal(82)  # margin of a fifth, less the maintenance
    assert venue.positions[0, 0]["lots"] == 0


def test_an_order_for_a_masked_instrument_is_cancelled() -> None:
    venue = venue_of(width=2)
    venue.trade(shot(flat(0), flat(0)))
    venue.take([order(1_000), order(1_000, "C1/USDT:USDT", "o2")])
    assert [e.symbol for e in fills(venue.trade(shot(None, flat(1))))] == ["C1/USDT:USDT"]
    assert venue.trade(shot(flat(2), flat(2))) == []


def test_stops_stand_through_a_gap_and_orders_do_not() -> None:
    rules = replace(PLAIN, risk=replace(RiskLimits.none(), stop_loss=0.05))
    venue = venue_of(rules)
    venue.trade(shot(flat(0)))
    venue.take([order(1_000)])
    venue.trade(shot(flat(1)))
    venue.take([order(1_000)])
    (fill,) = fills(venue.trade(shot(bar(9, 90.0, 91.0, 89.0, 90.0))))
    assert (fill.reason, fill.lots, fill.price) == (FillReason.STOP, -1_000, Decimal("90.0"))


def test_a_segment_ends_flat_and_the_next_one_begins_without_a_trade() -> None:
    venue = venue_of()
    venue.trade(shot(flat(0)))
    venue.take([order(1_000)])
    venue.trade(shot(bar(1, 100.0, 110.0, 100.0, 110.0)))
    (fill,) = fills(venue.trade(Command(CommandKind.SEGMENT_END, 2 * MINUTE)))
    assert (fill.reason, fill.lots, fill.price) == (FillReason.CLOSE_OUT, -1_000, Decimal("110.0"))
    assert venue.trade(shot(flat(2))) == []
    assert venue.trade(Command(CommandKind.REARM, 3 * MINUTE)) == []


def test_what_the_venue_does_not_list_is_refused_whole() -> None:
    venue = venue_of()
    venue.trade(shot(flat(0)))
    with pytest.raises(Inconsistent, match="DOGE/USDT, which this venue does not list"):
        venue.take([order(1_000), order(1_000, "DOGE/USDT")])
    with pytest.raises(Inconsistent, match="two orders for one symbol"):
        venue.take([order(1_000), order(-500)])
    assert venue.trade(shot(flat(1))) == []


def test_a_bar_that_came_before_is_refused() -> None:
    venue = venue_of()
    venue.trade(shot(flat(5)))
    venue.take([order(1_000)])
    for k in (5, 3):
        with pytest.raises(Inconsistent, match="each bar must come once"):
            venue.trade(shot(flat(k)))
    assert len(venue.trade(shot(flat(6)))) == 1


def test_event_ids_are_unique_and_the_same_again() -> None:
    market = wild_market(1_000, 3, Kind.PERPETUAL, seed=4)
    agent = moody_agent(market, rules_for(Kind.PERPETUAL))

    def ids() -> list[str]:
        venue = PaperVenue(market.instruments, agent.rules, CAPITAL)
        engine = Engine(agent, market.instruments, market.timeframe, CAPITAL)
        found = []
        for item in Replay(market):
            for event in venue.trade(item):
                engine.process(event)
                found.append(event.trade_id if isinstance(event, Fill) else event.id)
            decision = engine.process(item)
            if decision is not None:
                venue.take(decision.orders)
        return found

    first = ids()
    assert len(first) == len(set(first)) > 100
    assert ids() == first


def test_it_is_a_venue() -> None:
    """The asynchronous face does what the other does."""
    venue, other = venue_of(), venue_of()

    async def trade() -> list[Fill | CashFlow]:
        await venue.events_before(shot(flat(0)))
        await venue.submit([order(1_000)])
        return list(await venue.events_before(shot(flat(1))))

    other.trade(shot(flat(0)))
    other.take([order(1_000)])
    assert asyncio.run(trade()) == other.trade(shot(flat(1)))


@pytest.mark.parametrize(
    ("kind", "fee_asset", "risk"),
    [
        (Kind.PERPETUAL, FeeAsset.QUOTE, EVERYTHING),
        (Kind.PERPETUAL, FeeAsset.OTHER, ONLY_LIQUIDATION),
        (Kind.SPOT, FeeAsset.QUOTE, EVERYTHING),
        (Kind.SPOT, FeeAsset.BASE, EVERYTHING),
    ],
)
def test_its_books_equal_the_engines_after_every_bar(
    kind: Kind, fee_asset: FeeAsset, risk: RiskLimits
) -> None:
    """To the last lot, and to the last bit of money: the engine knows them by events only."""
    market = wild_market(1_500, 3, kind, seed=6, fee_asset=fee_asset, fragments=2)
    compared = 0

    def compare(engine: Engine, venue: PaperVenue, _: Decision | None) -> None:
        nonlocal compared
        for name in ("lots", "dust", "entry"):
            assert venue.positions[name].tobytes() == engine.positions[name].tobytes(), name
        for name in ("wallet", "fees", "funding", "fills", "liquidations", "stops"):
            assert venue.accounts[name].tobytes() == engine.accounts[name].tobytes(), name
        compared += 1

    engine, _ = live(moody_agent(market, rules_for(kind, risk)), market, watch=compare)
    assert compared == len(market) + 2
    assert engine.accounts[0]["fills"] > 50
    assert np.isfinite(engine.equity)
