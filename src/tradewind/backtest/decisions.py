"""Every decision of a run as plain arrays: what the engine must repeat bit for bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """T decisions over A instruments, in order of time. NaN is hold."""

    at: NDArray[np.int64]  # [T] close time of the bar, UTC ms
    wanted: NDArray[np.float64]  # [T, A]
    approved: NDArray[np.float64]  # [T, A]
    reasons: NDArray[np.int64]  # [T, A] bits of market.Reason
    orders: NDArray[np.int64]  # [T, A] lots
    equity: NDArray[np.float64]  # [T] at the decision
    reward: NDArray[np.float64]  # [T] of the bar that closed

    @classmethod
    def empty(cls, rows: int, width: int) -> Decisions:
        return cls(
            at=np.zeros(rows, np.int64),
            wanted=np.full((rows, width), np.nan),
            approved=np.full((rows, width), np.nan),
            reasons=np.zeros((rows, width), np.int64),
            orders=np.zeros((rows, width), np.int64),
            equity=np.zeros(rows),
            reward=np.zeros(rows),
        )

    def __len__(self) -> int:
        return len(self.at)
