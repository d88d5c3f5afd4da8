"""Stock Stable-Baselines3 PPO on Gym-Trading-Env: samples a second, and seconds to a skill."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from peers.environment import frame_of, make_environment
from peers.serve import serve
from scenes import POSITIONS, Scene, expected_profit

torch.set_num_threads(1)


def ppo(
    world_file: str, seed: int, net: list[int], wanted_share: float, most_samples: int
) -> dict[str, float]:
    """Learn with the package's own settings until `wanted_share` of the oracle, or until `most_samples`."""
    world = np.load(world_file)
    close = world["close"]
    open_ = np.concatenate((close[:1], close[:-1]))
    blank = np.zeros(len(close))
    scene = Scene(
        open_,
        np.maximum(open_, close),
        np.minimum(open_, close),
        close,
        volume=blank,
        funding=blank,
        features=world["features"].astype(np.float32),
    )
    cost = float(world["cost"])
    np.random.seed(seed)  # noqa: NPY002  the package draws its episodes from it
    environment = make_environment(frame_of(scene), 1, cost, episode_bars=1000)
    model = PPO("MlpPolicy", environment, seed=seed, policy_kwargs={"net_arch": net}, device="cpu")
    judge = Judge(world, cost, wanted_share)
    model.learn(total_timesteps=most_samples, callback=judge)
    return {"seconds": judge.seconds, "samples": judge.samples, "share": judge.share}


class Judge(BaseCallback):
    """After every update: the share of the oracle on fresh draws. Its own time is taken out."""

    def __init__(self, world: Any, cost: float, wanted: float) -> None:
        super().__init__()
        self.features = world["judged_features"].astype(np.float32)  # [S, T]
        self.returns, self.drift = world["judged_returns"], world["judged_drift"]
        self.oracle, self.cost, self.wanted = float(world["oracle"]), cost, wanted
        self.share, self.seconds, self.samples, self.judging = 0.0, 0.0, 0, 0.0

    def _on_training_start(self) -> None:
        self.began = time.process_time()

    def _on_rollout_start(self) -> None:
        now = time.process_time()
        self.seconds, self.samples = now - self.began - self.judging, self.num_timesteps
        if self.wanted < 1.0:
            profit = expected_profit(self._positions(), self.drift, self.cost)
            self.share = profit / self.oracle
        self.judging += time.process_time() - now

    def _on_step(self) -> bool:
        return self.share < self.wanted

    def _positions(self) -> np.ndarray:
        """[S, T] of the deterministic policy; the observation is feature, last and real position."""
        streams, bars = self.features.shape
        kept = np.zeros((streams, bars))
        last, real = np.zeros(streams), np.zeros(streams)
        for t in range(bars):
            seen = np.stack([self.features[:, t], last, real], axis=1).astype(np.float32)
            chosen = np.take(POSITIONS, self.model.predict(seen, deterministic=True)[0])
            real = np.where(chosen != last, chosen, real)
            last = chosen
            kept[:, t] = chosen
            if t + 1 < bars:
                move = self.returns[:, t + 1]
                real = real * (1.0 + move) / (1.0 + real * move)
        return kept


if __name__ == "__main__":
    serve(ppo=ppo)
