"""vectorbt and backtesting.py: bars a second of a backtest with a new target at every bar."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pandas as pd
import vectorbt
from backtesting import Backtest, Strategy

from peers.serve import serve
from scenes import random_targets, random_walk

warnings.simplefilter("ignore")


def with_vectorbt(bars: int, fee: float, slippage: float, gap: float) -> dict[str, float]:
    """From arrays to the equity curve. A target decided on a close trades at the next open."""
    scene = random_walk(bars, seed=3, gap=gap)
    size = np.concatenate(([np.nan], random_targets(bars, seed=4)[:-1]))
    began = time.process_time()
    portfolio = vectorbt.Portfolio.from_orders(
        scene.close,
        size=size,
        size_type="targetpercent",
        price=scene.open,
        fees=fee,
        slippage=slippage,
        init_cash=10_000.0,
        freq="5min",
    )
    ordered = time.process_time()
    equity = np.asarray(portfolio.value())
    ended = time.process_time()
    return {
        "bars_per_second": bars / (ended - began),
        "bars_per_second_orders_only": bars / (ordered - began),
        "equity": float(equity[-1]),
        "orders": len(portfolio.orders.records),
    }


class _Targets(Strategy):  # type: ignore[misc]
    targets: np.ndarray | None = None

    def init(self) -> None:
        self.at = 0

    def next(self) -> None:
        target = self.targets[len(self.data) - 1]
        wanted = int(target * self.equity / self.data.Close[-1])
        change = wanted - self.position.size
        if change > 0:
            self.buy(size=change)
        elif change < 0:
            self.sell(size=-change)


def with_backtesting(bars: int, fee: float) -> dict[str, float]:
    """The same targets through backtesting.py, which trades whole units: a larger account."""
    scene = random_walk(bars, seed=3)
    frame = pd.DataFrame(
        {name.title(): getattr(scene, name) for name in ("open", "high", "low", "close", "volume")},
        index=pd.date_range("2024-01-01", periods=bars, freq="5min"),
    )
    test = Backtest(frame, _Targets, cash=1e7, commission=fee)
    began = time.process_time()
    test.run(targets=random_targets(bars, seed=4))
    return {"bars_per_second": bars / (time.process_time() - began)}


if __name__ == "__main__":
    serve(vectorbt=with_vectorbt, backtesting=with_backtesting)
