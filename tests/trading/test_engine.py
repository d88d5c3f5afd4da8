"""One event in, at most one decision out; and what cannot be ours changes nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import Any

import numpy as np
import pytest

from tests.promises.agents import CAPITAL, live, moody_agent, rules_for
from tests.promises.worldlets import wild_market
from tradewind.data.replaying import Replay, snapshot_of
from tradewind.market import (
    Bar,
    CashFlow,
    CashFlowKind,
    Command,
    CommandKind,
    DataError,
    Decision,
    FeeAsset,
    Fill,
    FillReason,
    Inconsistent,
    Instrument,
    Kind,
    Market,
    Observation,
    Reason,
    Snapshot,
)
from tradewind.policy.agent import Agent
from tradewind.policy.answers import MOST_IN_A_ROW
from tradewind.risk import RiskLimits
from tradewind.trading.engine.engine import Engine
from tradewind.trading.terms.order_records import FeeTold
from tradewind.venues import PaperVenue


class Fixed:
    """Wants the same whatever it sees."""

    def __init__(self, *weights: float) -> None:
        self.weights = weights

    def decide(self, _: Observation) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.array(self.weights, np.float64)

    def reset(self) -> None:
        pass


def books(engine: Engine) -> bytes:
    return engine.accounts.tobytes() + engine.positions.tobytes()


def fill_of(instrument: Instrument, lots: int, price: str, fee: str = "0", **changes: Any) -> Fill:
    values: dict[str, Any] = {
        "trade_id": "t1",
        "order_id": "o1",
        "at": 1,
        "symbol": instrument.symbol,
        "lots": lots,
        "quantity": instrument.quantity(lots),
        "price": Decimal(price),
        "fee": Decimal(fee),
        "fee_asset": "USDT",
    }
    return Fill(**values | changes)


def warm(engine: Engine, market: Market, rows: int) -> list[Decision]:
    """Feed the first rows, without a venue."""
    made = [engine.process(snapshot_of(market, row)) for row in range(rows)]
    return [decision for decision in made if decision is not None]


def test_no_decision_before_every_feature_of_the_lookback_is_known(
    engine: Engine, agent: Agent, market: Market
) -> None:
    first = int(np.flatnonzero(agent.tape(market).rows["ready"])[0])
    assert warm(engine, market, first) == []
    decision = engine.process(snapshot_of(market, first))
    assert decision is not None
    assert decision.at == int(market.close_time[first])


def test_no_decision_before_trade_from_and_the_first_at_it(agent: Agent, market: Market) -> None:
    at = int(market.close_time[180])
    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL, trade_from=at)
    assert [d.at for d in warm(engine, market, 182)] == [at, at + market.timeframe.ms]


def test_a_wish_to_do_nothing_is_a_decision_on_record(agent: Agent, market: Market) -> None:
    engine = Engine(replace(agent, policy=Fixed(np.nan, 0.0)), market.instruments, market.timeframe, CAPITAL)
    decisions = warm(engine, market, 200)
    assert len(decisions) > 50
    last = decisions[-1]
    assert last.wanted.weights == (None, 0.0)
    assert last.orders == ()
    assert last.equity == CAPITAL
    assert len(last.observation) > 0
    assert len(last.observation_hash) == 32


@pytest.mark.fault("M7")
def test_a_masked_instrument_is_held_and_gets_no_order(agent: Agent, market: Market) -> None:
    engine = Engine(replace(agent, policy=Fixed(0.5, -0.5)), market.instruments, market.timeframe, CAPITAL)
    row = next(r for r in range(150, 250) if market.tradable[r].all())
    assert len(warm(engine, market, row)) > 0
    whole = snapshot_of(market, row)
    decision = engine.process(Snapshot(whole.open_time, whole.close_time, (None, whole.bars[1])))
    assert decision is not None
    assert decision.review.approved.weights[0] is None
    assert Reason.MASKED in decision.review.reasons[0]
    assert [order.symbol for order in decision.orders] == [market.symbols[1]]


def test_a_gap_in_time_restarts_the_features_and_holds_until_they_are_warm(
    engine: Engine, agent: Agent, market: Market
) -> None:
    """What comes after a hole of one bar looks as a market does that begins there."""
    warm(engine, market, 120)
    after = [engine.process(snapshot_of(market, row)) for row in range(121, 240)]
    alone = agent.tape(market.rows(121, 240))
    ready = int(np.flatnonzero(alone.rows["ready"])[0])
    assert ready > 50
    for decision in after[:ready]:  # trading goes on, and holds
        assert decision is not None
        assert decision.wanted.weights == (None, None)
        assert decision.observation == ()
    first = after[ready]
    assert first is not None
    window = alone.features[ready - agent.rules.lookback + 1 : ready + 1].ravel()
    assert np.array(first.observation[: len(window)], np.float32).tobytes() == window.tobytes()


def test_a_segment_that_ends_warms_up_again_without_decisions(market: Market, agent: Agent) -> None:
    _, decisions = live(agent, market)
    starts = agent.tape(market).segments[:, 0]
    decided = {d.at for d in decisions}
    for fragment, first in zip(market.fragments.tolist(), starts.tolist(), strict=True):
        assert not decided & set(market.close_time[fragment[0] : first].tolist())
        assert int(market.close_time[first]) in decided


def refused(engine: Engine, event: Any, said: str) -> None:
    before = books(engine)
    with pytest.raises(Inconsistent, match=said):
        engine.process(event)
    assert books(engine) == before


def test_a_bar_that_came_before_is_refused(engine: Engine, market: Market) -> None:
    warm(engine, market, 150)
    refused(engine, snapshot_of(market, 149), "each bar must come once")
    refused(engine, snapshot_of(market, 100), "each bar must come once")
    engine.process(Command(CommandKind.SEGMENT_END, int(market.close_time[149])))
    refused(engine, snapshot_of(market, 149), "each bar must come once")


def test_a_refused_bar_leaves_the_next_decision_as_it_was(agent: Agent, market: Market) -> None:
    made = []
    for disturbed in (False, True):
        engine = Engine(agent, market.instruments, market.timeframe, CAPITAL)
        warm(engine, market, 150)
        if disturbed:
            refused(engine, snapshot_of(market, 149), "each bar must come once")
        made.append(engine.process(snapshot_of(market, 150)))
    assert made[0] is not None
    assert made[1] is not None
    assert replace(made[0], latency_us=0) == replace(made[1], latency_us=0)


def test_a_bar_of_another_shape_is_refused(engine: Engine, market: Market) -> None:
    warm(engine, market, 150)
    whole = snapshot_of(market, 150)
    refused(engine, replace(whole, bars=whole.bars[:1]), "1 bars for the 2 symbols")
    refused(engine, replace(whole, close_time=whole.close_time + 1), "is no bar of 300000 ms")
    other = Bar(whole.open_time - 1, whole.close_time, 1.0, 1.0, 1.0, 1.0, 1.0)
    refused(engine, replace(whole, bars=(other, whole.bars[1])), "holds a bar of")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"symbol": "DOGE/USDT"}, "DOGE/USDT, which this run does not trade"),
        ({"quantity": Decimal("0.0005")}, "expected lots of 0.001"),
    ],
    ids=["symbol", "quantity"],
)
def test_a_fill_that_cannot_be_ours_is_refused(
    engine: Engine, market: Market, changes: dict[str, Any], said: str
) -> None:
    refused(engine, replace(fill_of(market.instruments[0], 5, "100"), **changes), said)


def test_a_fill_and_its_fee_are_booked(engine: Engine, market: Market) -> None:
    """Two contracts of a perpetual at 100: the fee leaves the wallet, the value does not."""
    engine.process(fill_of(market.instruments[0], 2_000, "100", fee="0.07"))
    assert engine.position_lots() == {market.symbols[0]: 2_000, market.symbols[1]: 0}
    assert engine.accounts[0]["wallet"] == CAPITAL - 0.07
    assert engine.positions[0, 0]["entry"] == 100.0


def test_a_fee_in_base_is_taken_from_what_is_bought() -> None:
    market = wild_market(150, 1, Kind.SPOT, seed=1, fee_asset=FeeAsset.BASE)
    engine = Engine(moody_agent(market, rules_for(Kind.SPOT)), market.instruments, market.timeframe, CAPITAL)
    engine.process(fill_of(market.instruments[0], 1_000, "100", fee="0.0005", fee_asset="C0"))
    assert engine.position_lots() == {market.symbols[0]: 999}
    assert engine.positions[0, 0]["dust"] == pytest.approx(0.0005, abs=1e-15)
    assert engine.accounts[0]["wallet"] == CAPITAL - 100.0
    engine.process(fill_of(market.instruments[0], -999, "100", fee="0.05"))  # a sale pays in quote
    assert engine.accounts[0]["wallet"] == pytest.approx(CAPITAL - 100.0 + 99.9 - 0.05, abs=1e-9)


@pytest.mark.fault("O17")
@pytest.mark.parametrize("coin", ["C0", "USDT"])
def test_a_fee_that_is_told_later_leaves_the_books_as_if_it_had_been_told_at_once(coin: str) -> None:
    market = wild_market(150, 1, Kind.SPOT, seed=1, fee_asset=FeeAsset.BASE)
    agent = moody_agent(market, rules_for(Kind.SPOT))
    at_once, later = (Engine(agent, market.instruments, market.timeframe, CAPITAL) for _ in range(2))
    whole = fill_of(market.instruments[0], 1_000, "100", fee="0.0015", fee_asset=coin)
    at_once.process(whole)
    later.process(replace(whole, fee=Decimal(0), fee_asset=""))
    assert later.accounts[0]["fees"] == 0.0
    later.pay(FeeTold(9, whole.symbol, whole.trade_id, whole.price, whole.fee, coin))
    assert later.position_lots() == at_once.position_lots()
    for name in ("wallet", "fees"):
        assert later.accounts[0][name] == pytest.approx(float(at_once.accounts[0][name]), abs=1e-12)


def test_what_is_no_whole_lot_is_left_out_and_more_than_that_refused() -> None:
    market = wild_market(150, 1, Kind.PERPETUAL, seed=1)
    engine = Engine(
        moody_agent(market, rules_for(Kind.PERPETUAL)), market.instruments, market.timeframe, CAPITAL
    )
    lot = market.instruments[0].lot
    fill = fill_of(market.instruments[0], 10, "100", fee="0.1")
    engine.process(replace(fill, quantity=lot * Decimal("10.4")))
    engine.process(replace(fill, lots=0, quantity=lot * Decimal("0.4")))
    assert engine.position_lots() == {market.symbols[0]: 10}
    assert engine.accounts[0]["wallet"] == pytest.approx(CAPITAL - 0.2)
    refused(engine, replace(fill, quantity=lot * 11), "expected lots of")


@pytest.mark.fault("O17")
@pytest.mark.parametrize("usual", FeeAsset)
def test_a_fee_is_booked_in_what_was_paid_whatever_the_instrument_usually_pays(usual: FeeAsset) -> None:
    market = wild_market(150, 1, Kind.SPOT, seed=1, fee_asset=usual)
    engine = Engine(moody_agent(market, rules_for(Kind.SPOT)), market.instruments, market.timeframe, CAPITAL)
    engine.process(fill_of(market.instruments[0], 1_000, "100", fee="0.1"))
    assert engine.accounts[0]["wallet"] == pytest.approx(CAPITAL - 100.1, abs=1e-9)
    assert engine.position_lots() == {market.symbols[0]: 1_000}
    engine.process(fill_of(market.instruments[0], 1_000, "100", fee="0.0005", fee_asset="C0"))
    assert engine.accounts[0]["wallet"] == pytest.approx(CAPITAL - 200.1, abs=1e-9)
    assert engine.position_lots() == {market.symbols[0]: 1_999}


def test_funding_is_profit_and_a_deposit_is_not(engine: Engine, market: Market) -> None:
    funding = CashFlow("f", 1, CashFlowKind.FUNDING, Decimal("-1.5"), market.symbols[0])
    engine.process(funding)
    assert engine.accounts[0]["wallet"] == CAPITAL - 1.5
    assert engine.accounts[0]["funding"] == -1.5
    engine.process(CashFlow("d", 2, CashFlowKind.DEPOSIT, Decimal(500)))
    assert engine.accounts[0]["wallet"] == CAPITAL + 498.5
    grown = (CAPITAL + 498.5) / (CAPITAL - 1.5)  # of what there is now: the return until now stays what it is
    assert engine.accounts[0]["start_equity"] == pytest.approx(CAPITAL * grown, rel=1e-12)
    refused(engine, replace(funding, symbol="DOGE/USDT"), "does not trade")


def test_a_latched_kill_switch_stays_until_rearmed(market: Market, agent: Agent) -> None:
    """Nobody re-arms it in silence: not time, not a new segment."""
    risk = RiskLimits(max_drawdown=0.02, stop_loss=None, daily_loss=None, max_weight=5.0)
    wild = replace(agent, policy=Fixed(4.0, -3.0), rules=replace(agent.rules, risk=risk))
    engine, decisions = live(wild, market)
    assert engine.halted
    latched = [Reason.KILL_SWITCH in d.review.reasons[0] for d in decisions]
    first = latched.index(True)
    assert all(latched[first:])
    assert not any(d.orders for d in decisions[first + 30 :])
    at = decisions[first + 20].at
    engine, decisions = live(wild, market, rearm_at=(at,))
    after = [d for d in decisions if d.at == at]
    assert after[0].review.reasons[0] & Reason.KILL_SWITCH == 0
    assert after[0].orders != ()


def test_the_same_decision_has_the_same_order_ids_also_after_a_restart(agent: Agent, market: Market) -> None:
    def ids(run: str) -> list[str]:
        _, decisions = live(agent, market, run=run)
        return [order.id for d in decisions for order in d.orders]

    first = ids("a")
    assert len(first) > 20
    assert ids("a") == first
    assert len(set(first)) == len(first)
    assert not set(first) & set(ids("b"))
    assert all(len(i) == 20 and i.isalnum() for i in first)


def test_only_an_order_that_just_closes_is_reduce_only(agent: Agent, market: Market) -> None:
    seen = set()

    def watch(engine: Engine, _: PaperVenue, decision: Decision | None) -> None:
        for order in decision.orders if decision else ():
            held = engine.position_lots()[order.symbol]
            assert order.reduce_only == (held * order.lots < 0 and abs(order.lots) <= abs(held))
            assert order.decided_at == decision.at
            seen.add(order.reduce_only)

    live(agent, market, watch=watch)
    assert seen == {True, False}


def test_an_answer_of_another_shape_is_one_clear_error(agent: Agent, market: Market) -> None:
    engine = Engine(replace(agent, policy=Fixed(0.1)), market.instruments, market.timeframe, CAPITAL)
    with pytest.raises(DataError, match=r"moody answered with shape \(1,\), expected \(2,\)"):
        warm(engine, market, 200)
    assert engine.position_lots() == dict.fromkeys(market.symbols, 0)
    assert not engine.positions["order"].any()


def test_refused_answers_of_before_a_reset_do_not_count(agent: Agent, market: Market) -> None:
    """Two before it and two after it latch nothing; the third in a row after it does."""
    engine = Engine(replace(agent, policy=Fixed(np.inf, 0.0)), market.instruments, market.timeframe, CAPITAL)
    bars = (snapshot_of(market, row) for row in range(len(market.close_time)))

    def refused_answers(count: int) -> list[Decision]:
        made = (decision for bar in bars if (decision := engine.process(bar)) is not None)
        return list(islice((d for d in made if d.review.reasons[0] & Reason.NO_NUMBER), count))

    refused_answers(MOST_IN_A_ROW - 1)
    engine.begin_anew()
    refused_answers(MOST_IN_A_ROW - 1)
    assert not engine.halted
    (last,) = refused_answers(1)
    assert engine.halted
    assert last.review.reasons[0] & Reason.KILL_SWITCH


def test_an_error_of_the_policy_comes_through_and_the_engine_can_go_on(agent: Agent, market: Market) -> None:
    class Broken:
        failing = True

        def decide(self, observation: Observation) -> Any:
            if self.failing:
                raise ZeroDivisionError("a bug of its own")
            return np.full(len(observation.weights), 0.4)

        def reset(self) -> None:
            pass

    policy = Broken()
    engine = Engine(replace(agent, policy=policy), market.instruments, market.timeframe, CAPITAL)
    engine.process(fill_of(market.instruments[0], 2_000, "100"))
    with pytest.raises(ZeroDivisionError, match="a bug of its own"):
        warm(engine, market, 200)
    assert engine.position_lots()[market.symbols[0]] == 2_000
    policy.failing = False
    following = next(
        r for r in range(len(market)) if market.open_time[r] == engine._window.rows[-1]["close_time"]
    )
    decision = engine.process(snapshot_of(market, following))
    assert decision is not None
    assert decision.wanted.weights == (0.4, 0.4)


def test_fills_carry_their_reason_into_the_cooldown(engine: Engine, market: Market) -> None:
    engine.process(fill_of(market.instruments[0], 2_000, "100"))
    engine.process(fill_of(market.instruments[0], -2_000, "94", reason=FillReason.STOP))
    assert engine.positions[0, 0]["cooldown"] == engine.agent.rules.risk.cooldown_bars
    assert engine.accounts[0]["stops"] == 1


def test_replay_ends_each_segment_with_a_command(market: Market) -> None:
    items = list(Replay(market))
    ends = [k for k, item in enumerate(items) if isinstance(item, Command)]
    assert len(items) - len(ends) == len(Replay(market)) == 500
    assert [items[k].at for k in ends] == market.close_time[market.fragments[:, 1] - 1].tolist()
