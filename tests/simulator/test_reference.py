"""The kernel and the slow reference, told from the same page, agree: lots exactly, money to 1e-9."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.markets import fills_of, random_market, simulator_of
from tests.simulator.reference import Reference
from tradewind.market import FeeAsset, FillReason, Instrument, Kind, MaintenanceTier, Market, Reason
from tradewind.risk import RiskLimits
from tradewind.simulator import Costs, Reward, Rules

EXACT = 10**7  # lots; beyond it the last one is within the rounding of a float
EXAMPLES = int(os.environ.get("TRADEWIND_EXAMPLES", "150"))
TIERED = (MaintenanceTier(0, 0.01), MaintenanceTier(2_000, 0.02, 20), MaintenanceTier(20_000, 0.05, 620))


@dataclass(frozen=True)
class Case:
    """A market, the rules, and what an agent without sense wants."""

    market: Market
    rules: Rules
    capital: float
    features: np.ndarray
    actions: np.ndarray


def one_of(random: np.random.Generator, *values: Any) -> Any:
    return values[random.integers(len(values))]


def random_instruments(random: np.random.Generator, kind: Kind, width: int) -> tuple[Instrument, ...]:
    suffix = ":USDT" if kind is Kind.PERPETUAL else ""
    assets = (FeeAsset.QUOTE, FeeAsset.OTHER) if suffix else tuple(FeeAsset)
    return tuple(
        Instrument(
            "test",
            f"{base}/USDT{suffix}",
            base,
            "USDT",
            kind,
            lot=Decimal(one_of(random, "0.00001", "0.001", "0.03", "1", "25")),
            min_notional=Decimal(one_of(random, "0", "5", "150")),
            taker_fee=one_of(random, 0.0, 0.001, 0.02, -0.0002),
            fee_asset=one_of(random, *assets),
            closes_below_minimum=one_of(random, None, None, True, False),
            tiers=one_of(random, (MaintenanceTier(0, 0.005),), TIERED),
        )
        for base in ("AAA", "BBB", "CCC", "DDD")[:width]
    )


def random_rules(random: np.random.Generator, kind: Kind) -> Rules:
    leverage = one_of(random, 1.0, 3.0, 20.0) if kind is Kind.PERPETUAL else 1.0
    return Rules(
        costs=Costs(
            half_spread=one_of(random, 0.0, 0.0005),
            slippage=one_of(random, 0.0, 0.002),
            impact=one_of(random, 0.0, 0.02),
            participation_cap=one_of(random, None, 0.1, 1.0),
            volume_window=one_of(random, 1, 5),
        ),
        risk=RiskLimits(
            max_weight=one_of(random, None, 0.4, math.inf),
            max_gross=one_of(random, None, 0.8),
            max_net=one_of(random, None, 0.5),
            max_order_notional=one_of(random, None, None, 300.0),
            stop_loss=one_of(random, None, 0.03, 0.3),
            trailing_stop=one_of(random, None, 0.04),
            cooldown_bars=one_of(random, 0, 1, 3),
            daily_loss=one_of(random, None, 0.05),
            max_drawdown=one_of(random, None, 0.1, 0.2),
            streak_losses=one_of(random, None, None, 2),
            streak_bars=3,
        ),
        leverage=leverage,
        reserve=one_of(random, 0.0, 0.01, 0.3),
        band=one_of(random, 0.0, 0.01, 0.1),
        reward=one_of(random, *Reward),
        ruin=one_of(random, 0.0, 0.1, 0.5),
        terminate_on_kill=one_of(random, True, False),
    )


def random_actions(
    random: np.random.Generator, rules: Rules, kind: Kind, rows: int, width: int
) -> np.ndarray:
    """Targets that linger, flip, vanish, hold, and ask for far too much."""
    low = -rules.leverage if kind is Kind.PERPETUAL else -0.1
    actions = random.uniform(low, rules.leverage, (rows, width)) * one_of(random, 0.3, 1.0, 1.5)
    lingers = random.random(rows) < one_of(random, 0.0, 0.6)
    for t in range(1, rows):
        if lingers[t]:
            actions[t] = actions[t - 1]
    strange = random.random((rows, width))
    for k, value in enumerate((math.nan, math.nan, 0.0, 0.0, math.inf, -math.inf, 1e300)):
        actions[(strange > 0.02 * k) & (strange <= 0.02 * (k + 1))] = value
    return actions


def random_case(seed: int, kind: Kind, width: int, rows: int = 40) -> Case:
    random = np.random.default_rng(seed)
    rules = random_rules(random, kind)
    market = random_market(
        random,
        random_instruments(random, kind, width),
        rows,
        volatility=one_of(random, 0.003, 0.02, 0.1),
        gap=one_of(random, 0.0, 0.005, 0.1),
        missing=one_of(random, 0.0, 0.0, 0.15),
        funding=one_of(random, 0.0, 0.001) if kind is Kind.PERPETUAL else 0.0,
        volume=10.0 ** random.uniform(-2, 7),
        marked=kind is Kind.PERPETUAL and random.random() < 0.3,
    )
    features = np.zeros((rows, 1))
    features[1:][random.random(rows - 1) < one_of(random, 0.0, 0.1)] = math.nan
    return Case(
        market,
        rules,
        one_of(random, 200.0, 10_000.0, 1e6),
        features,
        random_actions(random, rules, kind, rows, width),
    )


def compare(simulator: Any, reference: Reference, step: int) -> None:
    """Lots, order of events and flags exactly; money to 1e-9 of the capital."""
    account, scale = simulator.accounts[0], max(abs(float(reference.equity)), simulator.capital)
    where = f"after step {step}, row {reference.row}"
    assert account["row"] == reference.row, where
    for a, holding in enumerate(reference.holdings):
        position = simulator.positions[0, a]
        loose = max((abs(t.lots) for t in reference.trades if t.instrument == a), default=0) // EXACT
        assert abs(position["lots"] - holding.lots) <= loose, f"{where}, instrument {a}"
        assert position["cooldown"] == holding.cooldown, where
        assert position["bars_held"] == holding.bars_held, where
        assert Reason(int(position["reason"])) == holding.reason, where
        assert position["entry"] == pytest.approx(float(holding.entry), rel=1e-11), where
        assert position["peak"] == pytest.approx(float(holding.peak), rel=1e-11), where
        lot = float(holding.lot)
        slack = (1e-8 + loose) * lot + 1e-14 * scale / float(holding.price or 1)
        owned = position["lots"] * lot + position["dust"]
        assert owned == pytest.approx(float(holding.quantity), rel=1e-12, abs=slack), where
    for name, value in (
        ("wallet", reference.wallet),
        ("equity", reference.equity),
        ("peak_equity", reference.peak),
        ("day_start_equity", reference.day_start),
    ):
        assert account[name] == pytest.approx(float(value), rel=1e-9, abs=1e-9 * scale), f"{where}: {name}"
    for name in ("halted", "blocked", "terminated", "truncated", "losses", "streak_left"):
        assert account[name] == getattr(reference, name), f"{where}: {name}"
    differential = reference.rules.reward is Reward.DIFFERENTIAL_SHARPE
    assert account["reward"] == pytest.approx(
        reference.reward, rel=1e-6 if differential else 1e-9, abs=1e-7 if differential else 1e-9
    ), where


def compare_trades(simulator: Any, reference: Reference) -> None:
    """Every fill and every funding payment, in order."""
    fills = fills_of(simulator)
    assert len(fills) == len(reference.trades)
    for fill, trade in zip(fills, reference.trades, strict=True):
        assert (fill["row"], fill["instrument"]) == (trade.row, trade.instrument)
        assert abs(fill["lots"] - trade.lots) <= 2 * abs(trade.lots) // EXACT
        assert fill["fee"] == pytest.approx(float(trade.fee), rel=1e-9, abs=1e-9)
        assert bool(fill["funding"]) == (trade.reason is None)
        if trade.reason is not None:
            assert FillReason(int(fill["reason"])) is trade.reason
            assert fill["price"] == pytest.approx(float(trade.price), rel=1e-11)


def drive(case: Case, rearm: bool = True) -> tuple[Any, Reference]:
    simulator = simulator_of(case.market, case.rules, capital=case.capital, features=case.features)
    reference = Reference(
        case.market,
        case.rules,
        case.capital,
        np.isfinite(case.features).all(axis=1),
        row=0,
        end=len(case.market) - 1,
    )
    for step in range(len(case.market)):
        if rearm and reference.halted and step % 5 == 0:
            simulator.accounts[0]["rearm"] = reference.rearm = True
        action = case.actions[reference.row]
        simulator.step(action.reshape(1, -1))
        reference.step(action)
        compare(simulator, reference, step)
        if reference.terminated or reference.truncated:
            break
    compare_trades(simulator, reference)
    return simulator, reference


seeds = st.integers(0, 2**32 - 1)
kinds = st.sampled_from(list(Kind))
widths = st.integers(1, 4)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seeds, kinds, widths)
def test_kernel_and_reference_agree_over_random_markets(seed: int, kind: Kind, width: int) -> None:
    drive(random_case(seed, kind, width))


@pytest.mark.slow
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
@given(seeds, kinds, widths)
def test_kernel_and_reference_agree_over_many_random_markets(seed: int, kind: Kind, width: int) -> None:
    drive(random_case(seed, kind, width, rows=120))


def test_the_random_markets_reach_every_rule() -> None:
    """What the comparison never meets it cannot check."""
    reasons, fills, ends = Reason.NONE, set(), set()
    for seed in range(100):
        simulator, reference = drive(random_case(seed, list(Kind)[seed % 2], 1 + seed % 4))
        fills |= {FillReason(int(f["reason"])) for f in fills_of(simulator) if not f["funding"]}
        reasons |= Reason(int(np.bitwise_or.reduce(simulator.positions["reason"].ravel())))
        ends |= {n for n in ("terminated", "truncated", "halted", "blocked") if getattr(reference, n)}
    assert fills == set(FillReason)
    assert ends == {"terminated", "truncated", "halted", "blocked"}
    assert reasons >= Reason.KILL_SWITCH | Reason.COOLDOWN | Reason.MASKED
