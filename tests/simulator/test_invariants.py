"""What holds after every step, whatever the market and whatever the agent wants."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.markets import (
    FREE,
    fills_of,
    market_of,
    perpetual,
    random_market,
    simulator_of,
    with_costs,
)
from tests.simulator.test_reference import Case, random_case, random_instruments
from tradewind.market import Kind, MaintenanceTier, Market
from tradewind.simulator import Costs, Reward, Simulator, kernel
from tradewind.simulator.bar import trade_bar
from tradewind.simulator.costs import slippage_rate
from tradewind.simulator.rebalance import decide

EXAMPLES = int(os.environ.get("TRADEWIND_EXAMPLES", "60"))
promise = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
cases = st.builds(random_case, st.integers(0, 2**32 - 1), st.sampled_from(list(Kind)), st.integers(1, 4))
seeds = st.integers(0, 2**32 - 1)
kinds = st.sampled_from(list(Kind))


def ended(simulator: Simulator, n: int = 0) -> bool:
    return bool(simulator.accounts[n]["terminated"] or simulator.accounts[n]["truncated"])


def run(case: Case, **changes: Any) -> Iterator[Simulator]:
    """The simulator after every step of a case, from the first close to the end of its episode."""
    case = replace(case, **changes)
    simulator = simulator_of(case.market, case.rules, capital=case.capital, features=case.features)
    while not ended(simulator):
        simulator.step(case.actions[int(simulator.accounts[0]["row"])].reshape(1, -1))
        yield simulator


def value_of(simulator: Simulator) -> float:
    """Equity told from the books alone, in plain floats."""
    account, positions = simulator.accounts[0], simulator.positions[0]
    lots = simulator.tape.instruments["lot"]
    equity = float(account["wallet"])
    for a, position in enumerate(positions):
        if simulator.tape.instruments["perpetual"][a]:
            equity += (
                position["lots"] * lots[a] * (position["mark"] - position["entry"]) if position["lots"] else 0
            )
        elif position["lots"] or position["dust"]:
            equity += (position["lots"] * lots[a] + position["dust"]) * position["price"]
    return equity


def state(simulator: Simulator, n: int = 0) -> tuple[bytes, ...]:
    arrays = (simulator.accounts, simulator.positions, simulator.observations)
    return tuple(array[n].tobytes() for array in arrays)


@promise
@given(cases)
def test_equity_is_what_the_books_say(case: Case) -> None:
    """Spot: cash + sum(quantity x price). Perpetual: wallet + sum(quantity x (mark - entry))."""
    for simulator in run(case):
        equity = float(simulator.accounts[0]["equity"])
        assert equity == pytest.approx(value_of(simulator), rel=1e-12, abs=1e-12 * case.capital)


@promise
@given(cases)
def test_the_sum_of_the_fills_is_the_position(case: Case) -> None:
    """What a buy pays in base is part of the sum: quantity = fills - fees, to the last lot."""
    for simulator in run(case):
        fills = fills_of(simulator)
        for a, position in enumerate(simulator.positions[0]):
            mine = fills[fills["instrument"] == a]
            lot = float(simulator.tape.instruments["lot"][a])
            fees = float(mine["fee"][mine["fee_in_base"] == 1].sum())
            owned = position["lots"] * lot + position["dust"]
            assert owned == pytest.approx(mine["lots"].sum() * lot - fees, rel=1e-9, abs=1e-8 * lot)
            if not simulator.tape.instruments["fee_in_base"][a]:
                assert position["lots"] == mine["lots"].sum()


@promise
@given(cases)
def test_equity_after_is_equity_before_plus_the_move_minus_the_costs(case: Case) -> None:
    """The move: lots at their new mark, against their old mark or, where traded, their reference price."""
    before, held, marks, seen = case.capital, np.zeros(len(case.market.instruments)), None, 0
    for simulator in run(case):
        account, positions = simulator.accounts[0], simulator.positions[0]
        lots = simulator.tape.instruments["lot"]
        spot = simulator.tape.instruments["perpetual"][0] == 0
        now = np.nan_to_num(positions["price"] if spot else positions["mark"])
        change = float(np.sum(held * (now - marks))) if marks is not None else 0.0
        fills = fills_of(simulator)
        for fill in fills[seen:]:
            if fill["funding"]:
                change += fill["fee"]
                continue
            a = int(fill["instrument"])
            quantity = fill["lots"] * lots[a]
            reference = fill["price"] - fill["cost_of_slippage"] / quantity
            fee = fill["fee"] * (now[a] if fill["fee_in_base"] else 1.0)
            change += quantity * (now[a] - reference) - fill["cost_of_slippage"] - fee
        assert account["equity"] == pytest.approx(before + change, rel=1e-9, abs=1e-9 * case.capital)
        before, marks, seen = float(account["equity"]), now, len(fills)
        held = positions["lots"] * lots + positions["dust"]


@promise
@given(cases)
def test_the_log_adds_up_to_the_totals_of_the_account(case: Case) -> None:
    *_, simulator = run(case)
    account, events = simulator.accounts[0], fills_of(simulator)
    fills, funding = events[events["funding"] == 0], events[events["funding"] == 1]
    fees = fills["fee"] * np.where(fills["fee_in_base"] == 1, fills["price"], 1.0)
    notional = np.abs(fills["lots"]) * simulator.tape.instruments["lot"][fills["instrument"]] * fills["price"]
    assert account["fees"] == pytest.approx(fees.sum(), rel=1e-9, abs=1e-9)
    assert account["slippage"] == pytest.approx(fills["cost_of_slippage"].sum(), rel=1e-9, abs=1e-9)
    assert account["funding"] == pytest.approx(funding["fee"].sum(), rel=1e-9, abs=1e-9)
    assert account["turnover"] == pytest.approx(notional.sum(), rel=1e-9)
    assert account["fills"] == len(fills)
    assert account["liquidations"] == (fills["reason"] == 3).sum()
    assert account["stops"] == ((fills["reason"] == 1) | (fills["reason"] == 2)).sum()


@promise
@given(cases)
def test_no_number_is_ever_out_of_its_mind(case: Case) -> None:
    """Also under infinite, huge and missing actions: finite money, lots within 2^53, dust within a lot."""
    for simulator in run(case):
        account, positions = simulator.accounts[0], simulator.positions[0]
        for name in account.dtype.names:
            assert math.isfinite(account[name]), name
        assert (np.abs(positions["lots"]) <= 2**53).all()
        assert (np.abs(positions["order"]) <= 2**53).all()
        lots = simulator.tape.instruments["lot"]
        slack = 1e-8 * lots + 1e-14 * np.abs(positions["lots"]) * lots + 1e-12
        assert (positions["dust"] >= -slack).all()
        assert (positions["dust"] <= lots + slack).all()
        assert (positions["cooldown"] >= 0).all()
        assert ((positions["entry"] > 0) == (positions["lots"] != 0)).all()
        assert np.isfinite(simulator.observations).all()
        if simulator.tape.instruments["perpetual"][0] == 0:
            assert account["wallet"] >= -1e-9 * case.capital
            assert (positions["lots"] >= 0).all()


def decided(simulator: Simulator, action: np.ndarray) -> Any:
    """The positions after a decision at the account's row, and nothing else done: [A] records."""
    accounts, positions = simulator.accounts.copy(), simulator.positions.copy()
    positions[0]["wanted"] = action
    tape, row = simulator.tape, int(accounts[0]["row"])
    ready, rules = int(tape.rows["ready"][row]), simulator.rules_record[0]
    decide(accounts, positions, 0, tape.bars, row, ready, tape.instruments, rules)
    return positions[0]


@promise
@given(cases)
def test_no_decision_takes_exposure_over_its_caps(case: Case) -> None:
    """Weights approved, and the lots that they become; what is on hold keeps what it has."""
    for simulator in run(case):
        if ended(simulator):
            break
        account, rules = simulator.accounts[0], simulator.rules_record[0]
        equity, lot = float(account["equity"]), simulator.tape.instruments["lot"]
        after = decided(simulator, case.actions[int(account["row"])])
        holds = np.isnan(after["approved"])
        approved = np.nan_to_num(after["approved"])
        value = np.nan_to_num((after["lots"] * lot + after["dust"]) * after["price"])
        kept = value[holds] / equity if equity > 0 else np.zeros(holds.sum())
        gross, net = np.abs(approved).sum() + np.abs(kept).sum(), approved.sum() + kept.sum()
        limit = rules["max_gross"]
        if simulator.tape.instruments["perpetual"][0] == 0:
            limit = min(limit, 1 - rules["reserve"])
        assert (np.abs(approved) <= rules["max_weight"]).all()
        assert gross <= max(limit, np.abs(kept).sum()) + 1e-9
        assert abs(net) <= max(rules["max_net"], abs(kept.sum())) + 1e-9
        projected = after["lots"] + after["order"]
        grows = (after["order"] != 0) & (
            np.abs(projected) > np.where(projected * after["lots"] < 0, 0, np.abs(after["lots"]))
        )
        wanted = np.abs(approved) * equity / (after["price"] * lot)
        assert (np.abs(projected) <= wanted * (1 + 1e-12) + 1e-6)[grows].all()
        assert not (holds & (after["order"] != 0)).any()


def asked(simulator: Simulator, after: Any) -> tuple[float, bool]:
    """(the money that the orders of a decision need, does any of them increase a position?)"""
    instruments, rules = simulator.tape.instruments, simulator.rules_record[0]
    typical = simulator.tape.bars["typical_volume"][int(simulator.accounts[0]["row"])]
    spent, increases = 0.0, False
    for a, position in enumerate(after):
        lot, close = float(instruments["lot"][a]), float(position["price"])
        order, held = int(position["order"]), int(position["lots"])
        closing = min(abs(order), abs(held)) if order * held < 0 else 0
        opening = abs(order) - closing
        increases |= opening > 0
        price = close
        if order:
            rate = slippage_rate(rules, abs(order) * lot, float(typical[a]))
            price = close * (1 + math.copysign(rate, order))
        if order and not (instruments["fee_in_base"][a] and order > 0):
            spent += abs(order) * lot * price * float(instruments["taker_fee"][a])
        if instruments["perpetual"][a]:
            spent += (abs(held) - closing) * lot * float(position["entry"]) / rules["leverage"]
            if order:
                spent += opening * lot * price / rules["leverage"] + abs(order) * lot * abs(price - close)
        elif order:
            spent += order * lot * price
    return spent, increases


@promise
@given(cases)
def test_no_decision_asks_for_money_that_is_not_there(case: Case) -> None:
    """Spot: buys and their costs out of cash and sales. Perpetual: margin and costs out of equity."""
    for simulator in run(case):
        if ended(simulator):
            break
        account = simulator.accounts[0]
        spent, increases = asked(simulator, decided(simulator, case.actions[int(account["row"])]))
        perpetual = simulator.tape.instruments["perpetual"][0]
        means = float(account["equity"] if perpetual else account["wallet"])
        if increases:
            assert spent <= means + 1e-9 * max(case.capital, abs(means))


@promise
@given(cases)
def test_doing_nothing_earns_exactly_zero(case: Case) -> None:
    for simulator in run(case, actions=np.zeros_like(case.actions)):
        account = simulator.accounts[0]
        assert account["equity"] == account["wallet"] == case.capital
        assert account["fills"] == 0
        if case.rules.reward is not Reward.EXCESS:
            assert account["reward"] == 0.0


@promise
@given(cases)
def test_eight_times_the_capital_in_eight_times_the_lots_gives_the_same_returns_exactly(case: Case) -> None:
    """A power of two moves no bit of a mantissa: whatever is scale-free comes out the same."""
    larger = replace(
        case,
        capital=case.capital * 8,
        market=replace(
            case.market,
            volume=case.market.volume * 8,
            instruments=tuple(
                replace(
                    i,
                    lot=i.lot * 8,
                    min_notional=i.min_notional * 8,
                    tiers=tuple(MaintenanceTier(t.notional_floor * 8, t.rate, t.amount * 8) for t in i.tiers),
                )
                for i in case.market.instruments
            ),
        ),
    )
    cap = case.rules.risk.max_order_notional
    if cap is not None:
        larger = replace(
            larger, rules=replace(case.rules, risk=replace(case.rules.risk, max_order_notional=cap * 8))
        )
    for one, eight in zip(run(case), run(larger), strict=True):
        assert one.positions["lots"].tolist() == eight.positions["lots"].tolist()
        for name in ("equity", "wallet", "peak_equity", "fees", "slippage", "funding", "turnover"):
            assert one.accounts[0][name] * 8 == eight.accounts[0][name], name
        assert one.accounts[0]["reward"] == eight.accounts[0]["reward"]
        assert one.observations.tobytes() == eight.observations.tobytes()


@pytest.mark.parametrize(
    ("cost", "tolerance"), [(0.0, 1e-9), (0.0005, 1e-4)], ids=["free", "with fee, slippage and funding"]
)
@promise
@given(seed=seeds)
def test_mirrored_returns_and_positions_give_mirrored_profit(
    seed: int, cost: float, tolerance: float
) -> None:
    """Every return and every weight negated, the same profit a step; stops, liquidation and impact apart.

    Weights drift apart after a move, so the costs of going back to them differ a little.
    """
    random = np.random.default_rng(seed)
    symbols = ("AAA/USDT:USDT", "BBB/USDT:USDT")
    instruments = [perpetual(s, lot=Decimal("1e-9"), taker_fee=cost) for s in symbols]
    moves = random.normal(0, 0.01, (30, 2)).clip(-0.05, 0.05)
    rates = random.normal(0, cost, (30, 2))
    rules = with_costs(replace(FREE, leverage=2.0), slippage=cost)
    weights = random.uniform(-0.5, 0.5, (30, 2))
    curves = []
    for side in (1, -1):
        close = 100 * np.cumprod(1 + side * moves, axis=0)
        open_ = np.vstack([close[:1], close[:-1]])
        market = replace(
            market_of(instruments, *([float(p) for p in column] for column in close.T)),
            open=open_,
            high=np.maximum(open_, close),
            low=np.minimum(open_, close),
            funding_rate=side * rates,
        )
        simulator = simulator_of(market, rules)
        curve = [1000.0]
        for row in range(29):
            simulator.step(side * weights[row].reshape(1, -1))
            curve.append(float(simulator.accounts[0]["equity"]))
        curves.append(np.diff(np.log(curve)))
    assert curves[0] == pytest.approx(curves[1], rel=0, abs=tolerance)


@promise
@given(seeds, kinds)
def test_higher_costs_never_give_more_for_the_same_trades(seed: int, kind: Kind) -> None:
    """The same lots at the same opens, small enough that money never shrinks them."""
    random = np.random.default_rng(seed)
    cheap = Costs(half_spread=0.0, slippage=0.0001, impact=0.001, participation_cap=None)
    dear = cheap.scaled(float(random.uniform(1, 20)))
    instruments = random_instruments(random, kind, 2)
    market = random_market(random, instruments, 30, volatility=0.01, gap=0.005)
    free = replace(FREE, leverage=1.0 if kind is Kind.SPOT else 3.0)
    rivals = [simulator_of(market, replace(free, costs=costs)) for costs in (cheap, dear)]
    lots = np.floor(20.0 / (rivals[0].tape.instruments["lot"] * np.nanmax(market.high, axis=0))).astype(int)
    held = np.zeros(2, int)
    for row in range(1, 30):
        order = random.integers(-lots, lots + 1)
        if kind is Kind.SPOT:
            order = np.maximum(order, -held)
        held += order
        for simulator in rivals:
            simulator.positions[0]["order"] = order
            tape, rules = simulator.tape, simulator.rules_record[0]
            books = simulator.accounts, simulator.positions, 0
            trade_bar(*books, tape.bars, row, tape.instruments, rules, simulator.log)
            kernel.arrive(*books, tape.bars, tape.rows, row, tape.instruments, rules)
        if (rivals[0].positions["lots"] != rivals[1].positions["lots"]).any():
            break
        assert rivals[1].accounts[0]["equity"] <= rivals[0].accounts[0]["equity"] + 1e-9
    assert row > 1


@promise
@given(cases, seeds)
def test_permuting_the_instruments_permutes_everything(case: Case, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(case.market.instruments))

    def shuffled(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else np.ascontiguousarray(values[:, order])

    columns = ("open", "high", "low", "close", "volume", "tradable", "funding_rate", "mark")
    market = replace(
        case.market,
        instruments=tuple(case.market.instruments[k] for k in order),
        **{name: shuffled(getattr(case.market, name)) for name in columns},
    )
    other = replace(case, market=market, actions=case.actions[:, order])
    for one, two in zip(run(case), run(other), strict=True):
        assert one.positions["lots"][0][order].tolist() == two.positions["lots"][0].tolist()
        assert one.positions["reason"][0][order].tolist() == two.positions["reason"][0].tolist()
        assert one.accounts[0]["equity"] == pytest.approx(
            two.accounts[0]["equity"], rel=1e-9, abs=1e-9 * case.capital
        )


def ruined_after(market: Market, row: int, random: np.random.Generator) -> Market:
    """The same until the close of `row`, and another world from there on."""
    changes: dict[str, Any] = {}
    for name in ("open", "high", "low", "close", "volume"):
        values = getattr(market, name).copy()
        values[row + 1 :] *= random.uniform(0.1, 10.0, values[row + 1 :].shape)
        changes[name] = values
    tradable = market.tradable.copy()
    tradable[row + 1 :] = random.random(tradable[row + 1 :].shape) < 0.5
    return replace(market, tradable=tradable, **changes)


@promise
@given(cases, seeds)
def test_deleting_or_changing_the_future_changes_nothing(case: Case, seed: int) -> None:
    """State, observation, orders and reasons at a row are bit for bit those of a market that ends there."""
    random = np.random.default_rng(seed)
    last = int(random.integers(2, len(case.market) - 1))
    seen = []
    for market in (case.market, case.market.rows(0, last + 1), ruined_after(case.market, last, random)):
        features = case.features[: len(market)]
        simulator = simulator_of(market, case.rules, capital=case.capital, features=features, end=last)
        while not ended(simulator):
            simulator.step(case.actions[int(simulator.accounts[0]["row"])].reshape(1, -1))
        row = int(simulator.accounts[0]["row"])
        seen.append((*state(simulator), decided(simulator, case.actions[row]).tobytes()))
    assert seen[0] == seen[1] == seen[2]


@promise
@given(cases)
def test_a_batch_is_its_accounts_run_alone_bit_for_bit(case: Case) -> None:
    random = np.random.default_rng(len(case.market.instruments))
    count, last = 5, len(case.market) - 1
    batch = simulator_of(
        case.market, case.rules, capital=case.capital, features=case.features, accounts=count
    )
    singles = [
        simulator_of(case.market, case.rules, capital=case.capital, features=case.features)
        for _ in range(count)
    ]
    starts = random.integers(0, last // 2, count)
    for n, single in enumerate(singles):
        batch.begin(n, int(starts[n]), last)
        single.begin(0, int(starts[n]), last)
    while not any(ended(batch, n) for n in range(count)):
        actions = case.actions[random.integers(0, last, count)]
        batch.step(actions)
        for n, single in enumerate(singles):
            single.step(actions[n : n + 1])
            assert state(batch, n) == state(single)


@promise
@given(cases)
def test_the_counterfactual_of_the_same_action_is_the_step_and_commits_nothing(case: Case) -> None:
    simulator = simulator_of(case.market, case.rules, capital=case.capital, features=case.features)
    while not ended(simulator):
        row = int(simulator.accounts[0]["row"])
        action, other = case.actions[row].reshape(1, -1), -case.actions[row].reshape(1, -1)
        before = (*state(simulator), simulator.log.tobytes())
        simulator.counterfactual(other)
        accounts, observations = simulator.counterfactual(action)
        assert (*state(simulator), simulator.log.tobytes()) == before
        expected = accounts[0].tobytes(), observations[0].tobytes()
        simulator.step(action)
        assert (simulator.accounts[0].tobytes(), simulator.observations[0].tobytes()) == expected


@promise
@given(seeds)
def test_a_long_and_a_short_of_the_same_size_share_out_what_there_is(seed: int) -> None:
    """Free of costs, what one of two opposite traders gains the other loses."""
    random = np.random.default_rng(seed)
    market = random_market(random, [perpetual()], 30, volatility=0.01, gap=0.01, funding=0.001)
    pair = simulator_of(market, FREE, accounts=2)
    pair.step(np.array([[0.5], [-0.5]]))
    assert pair.positions["lots"].sum() == 0
    while not ended(pair):
        pair.step(np.full((2, 1), math.nan))
        assert pair.accounts["equity"].sum() == pytest.approx(2000.0, rel=1e-12)
