"""What a policy may see. One builder makes it, for training, backtest, paper and live."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """The state at one closed bar. Shapes: A instruments, F features a row, L rows of lookback.

    `vector` is the scale-free model input; the rest are the raw values behind it, for baselines and for
    adapters of models that were made elsewhere. All arrays are valid until the next decision only.
    """

    at: int  # close time of the newest bar, UTC ms
    vector: NDArray[np.float32]  # [O], named and ordered by the schema
    features: NDArray[np.float64]  # [L, F] unscaled, newest last
    close: NDArray[np.float64]  # [A] last known prices
    weights: NDArray[np.float64]  # [A] position value / equity, signed
    tradable: NDArray[np.bool_]  # [A] False where the newest bar is missing
    equity: float  # quote currency
    cash_fraction: float  # cash / equity on spot; free wallet / equity on perpetuals
