"""Bars a second of a backtest with a new target at every bar, from targets to the equity curve."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from environment import market_of
from measure import Peer, Result, compared, side_by_side
from scenes import Scene, column_seed, random_targets, random_walk
from tradewind.market import Kind
from tradewind.risk import RiskLimits
from tradewind.simulator import Costs, Rules, Simulator, build_tape

BARS = 525_600
COLUMNS = 16
FEE, SLIPPAGE = 2e-6, 1e-6
"""So small that an account which turns over a third of itself at every bar is alive at the end."""

SIMPLE = Rules(
    costs=Costs(half_spread=0.0, slippage=SLIPPAGE, impact=0.0, participation_cap=None),
    risk=RiskLimits.none(),
    reserve=0.0,
    band=0.0,
)
ALL = Rules(
    costs=Costs(half_spread=0.0, slippage=SLIPPAGE, impact=1e-5),
    risk=RiskLimits(stop_loss=0.05, trailing_stop=0.03, daily_loss=0.9, max_drawdown=0.99),
)


class Backtest:
    """Account 0 follows the targets. `equity` is the last run's last."""

    def __init__(self, scene: Scene, rules: Rules, kind: Kind, minimum: int, seed: int = 4) -> None:
        market = market_of(scene, kind, lot=Decimal("0.00001"), taker_fee=FEE, min_notional=Decimal(minimum))
        nothing = np.zeros((len(market), 1))
        self.tape = build_tape(market, nothing.astype(np.float32), nothing, ("nothing",))
        self.simulator = Simulator(self.tape, rules)
        self.targets = np.ascontiguousarray(random_targets(len(market), seed=seed)[:, None])
        self.curve = np.zeros(len(market))

    def bars_per_second(self) -> float:
        return len(self.curve) / self.seconds()

    def seconds(self) -> float:
        """CPU time of one run."""
        began = time.process_time()
        self.curve = self.simulator.follow(self.targets, 0, len(self.targets) - 1)
        return time.process_time() - began

    @property
    def account(self) -> np.void:
        return self.simulator.accounts[0]


class Columns:
    """As many accounts, each on an instrument of its own, one after the other; the same bars in all."""

    def __init__(self, columns: int) -> None:
        bars, seeds = BARS // columns, [column_seed(k) for k in range(columns)]
        self.backtests = [
            Backtest(random_walk(bars, seed=s, gap=0.0), SIMPLE, Kind.SPOT, 0, seed=s + 1) for s in seeds
        ]

    def bars_per_second(self) -> float:
        seconds = sum(backtest.seconds() for backtest in self.backtests)
        return sum(len(backtest.curve) for backtest in self.backtests) / seconds

    @property
    def equity(self) -> float:
        return float(sum(backtest.curve[-1] for backtest in self.backtests))


def measure(quick: bool) -> Iterator[Result]:
    rounds = 3 if quick else 9
    # vectorbt marks an order at its price, we at the last close: equal only where open[t+1] is close[t]
    whole, gapped = random_walk(BARS, seed=3, gap=0.0), random_walk(BARS, seed=3)
    simple = Backtest(whole, SIMPLE, Kind.SPOT, 0)
    spot, perpetual = Backtest(gapped, ALL, Kind.SPOT, 5), Backtest(gapped, ALL, Kind.PERPETUAL, 5)
    with Peer("backtest.py") as peer:
        answers: list[dict[str, float]] = []

        def theirs() -> float:
            answers.append(peer("vectorbt", bars=BARS, fee=FEE, slippage=SLIPPAGE, gap=0.0))
            return answers[-1]["bars_per_second"]

        for name, ours, target in (
            ("backtest, rules of vectorbt", simple, 10.0),
            ("backtest, all rules, spot", spot, 3.0),
            ("backtest, all rules, perpetual", perpetual, 3.0),
        ):
            measured = side_by_side(ours.bars_per_second, theirs, rounds)
            note = f"{ours.account['fills']} fills, {ours.account['stops']} stops"
            if ours is simple:
                agreement = abs(ours.curve[-1] / answers[-1]["equity"] - 1)
                orders_only = np.median([a["bars_per_second_orders_only"] for a in answers])
                note += f"; equity equal to {agreement:.0e}; {measured[0] / orders_only:.1f} x without its equity curve"
            yield compared(name, "bars/s", "vectorbt", measured, at_least=target, note=note)

        apart = Columns(COLUMNS)

        def theirs_apart() -> float:
            arguments = {"bars": BARS // COLUMNS, "columns": COLUMNS, "gap": 0.0}
            answers.append(peer("vectorbt", fee=FEE, slippage=SLIPPAGE, **arguments))
            return answers[-1]["bars_per_second"]

        measured = side_by_side(apart.bars_per_second, theirs_apart, rounds)
        note = f"equity equal to {abs(apart.equity / answers[-1]['equity'] - 1):.0e}"
        name = f"backtest, rules of vectorbt, {COLUMNS} accounts apart"
        yield compared(name, "bars/s", "vectorbt", measured, at_least=None, note=note)

        bars = 20_000

        def event_driven() -> float:
            return float(peer("backtesting", bars=bars, fee=FEE)["bars_per_second"])

        measured = side_by_side(spot.bars_per_second, event_driven, min(rounds, 3))
        yield compared("backtest, all rules, spot", "bars/s", "backtesting.py", measured, at_least=None)
