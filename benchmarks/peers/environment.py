"""Gym-Trading-Env: steps a second with random positions."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
from gym_trading_env.environments import TradingEnv

from peers.serve import serve
from scenes import EPISODE_BARS, POSITIONS, Scene, random_walk

warnings.resetwarnings()  # the package turns all warnings into errors
warnings.simplefilter("ignore")
_environments: dict[int, Any] = {}


def frame_of(scene: Scene) -> pd.DataFrame:
    """Candles and `feature_*` columns as the package wants them."""
    frame = pd.DataFrame(
        {name: getattr(scene, name) for name in ("open", "high", "low", "close", "volume")},
        index=pd.date_range("2024-01-01", periods=len(scene.close), freq="5min"),
    )
    for k in range(scene.features.shape[1]):
        frame[f"feature_{k}"] = scene.features[:, k]
    return frame


def make_environment(frame: pd.DataFrame, lookback: int, fee: float, episode_bars: int) -> Any:
    return TradingEnv(
        df=frame,
        positions=list(POSITIONS),
        windows=None if lookback == 1 else lookback,
        trading_fees=fee,
        borrow_interest_rate=0.0,
        max_episode_duration=episode_bars,
        portfolio_initial_value=10_000.0,
        verbose=0,
    )


def steps_per_second(lookback: int, seconds: float) -> float:
    """Random positions, resets included; the history that a reset allocates grows with the data: 10,000 bars."""
    if lookback not in _environments:
        frame = frame_of(random_walk(10_000, seed=1))
        _environments[lookback] = make_environment(frame, lookback, 5e-4, EPISODE_BARS)
        _environments[lookback].reset(seed=0)
    environment = _environments[lookback]
    choices = np.random.default_rng(2).integers(0, len(POSITIONS), 4096).tolist()
    steps = 0
    began = time.process_time()
    while time.process_time() - began < seconds:
        for choice in choices[:1024]:
            _, _, done, truncated, _ = environment.step(choice)
            if done or truncated:
                environment.reset()
        steps += 1024
    return steps / (time.process_time() - began)


if __name__ == "__main__":
    serve(steps_per_second=steps_per_second)
