"""vectorbt and backtesting.py: bars a second of a backtest with a new target at every bar."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pandas as pd
import vectorbt
from backtesting import Backtest, Strategy

from peers.serve import serve
from scenes import column_seed, random_targets, random_walk

warnings.simplefilter("ignore")


def with_vectorbt(bars: int, fee: float, slippage: float, gap: float, columns: int = 1) -> dict[str, float]:
    """From arrays to the equity curves. A target decided on a close trades at the next open.

    Each column is an account of its own on an instrument of its own; bars are counted in all of them.
    """
    scenes = [random_walk(bars, seed=column_seed(k), gap=gap) for k in range(columns)]
    targets = np.stack([random_targets(bars, seed=column_seed(k) + 1) for k in range(columns)], axis=1)
    close, open_ = (np.stack([getattr(s, name) for s in scenes], axis=1) for name in ("close", "open"))
    size = np.vstack((np.full((1, columns), np.nan), targets[:-1]))
    if columns == 1:
        close, open_, size = close[:, 0], open_[:, 0], size[:, 0]
    began = time.process_time()
    portfolio = vectorbt.Portfolio.from_orders(
        close,
        size=size,
        size_type="targetpercent",
        price=open_,
        fees=fee,
        slippage=slippage,
        init_cash=10_000.0,
        freq="5min",
    )
    ordered = time.process_time()
    equity = np.asarray(portfolio.value())
    ended = time.process_time()
    return {
        "bars_per_second": columns * bars / (ended - began),
        "bars_per_second_orders_only": columns * bars / (ordered - began),
        "equity": float(equity[-1].sum()),
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
