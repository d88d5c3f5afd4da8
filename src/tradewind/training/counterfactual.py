"""PPO whose advantage compares two actions over the same bar, so that the market's noise cancels.

    A = [r(a) + gamma V(x', a)] - [r(mu) + gamma V(x', mu)]

where mu is the mean action, and the next bar is the same for both. It holds because prices do not answer to
us: the simulator can say what another action would have led to from the same state. V is trained on
lambda-returns as ever.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from tradewind.training.vector import TradingVecEnv


class CounterfactualPPO(PPO):
    """As PPO of Stable-Baselines3 but for the advantage. Needs a `TradingVecEnv`."""

    def collect_rollouts(
        self, env: VecEnv, callback: BaseCallback, rollout_buffer: RolloutBuffer, n_rollout_steps: int
    ) -> bool:
        """Fill the buffer; always True, nothing ends a rollout early."""
        assert isinstance(env, TradingVecEnv)
        self.policy.set_training_mode(False)
        rollout_buffer.reset()
        callback.on_rollout_start()
        advantages = np.zeros((n_rollout_steps, env.num_envs), np.float32)
        for t in range(n_rollout_steps):
            advantages[t] = self._step_both(env, rollout_buffer)
        with torch.no_grad():
            last = self.policy.predict_values(torch.as_tensor(self._last_obs))
        rollout_buffer.compute_returns_and_advantage(last, np.asarray(self._last_episode_starts))
        rollout_buffer.advantages[:] = advantages
        callback.on_rollout_end()
        return True

    def _step_both(self, env: TradingVecEnv, buffer: RolloutBuffer) -> NDArray[np.float32]:
        """One bar with a drawn action, beside what the mean action would have led to; the advantages [N]."""
        observations: Any = self._last_obs
        with torch.no_grad():
            seen = torch.as_tensor(observations)
            distribution = self.policy.get_distribution(seen)
            actions, mean = distribution.sample(), distribution.mode()
            log_probabilities = distribution.log_prob(actions)
            values = self.policy.predict_values(seen)
        other, other_rewards, other_over = env.counterfactual(np.clip(mean.numpy(), -1, 1))
        fresh: Any
        fresh, rewards, dones, infos = env.step(np.clip(actions.numpy(), -1, 1))
        reached, over = _reached(fresh, dones, infos)
        with torch.no_grad():
            both = self.policy.predict_values(torch.as_tensor(np.concatenate((reached, other)))).numpy()
        ahead, other_ahead = both[: len(reached), 0] * ~over, both[len(reached) :, 0] * ~other_over
        advantages = rewards - other_rewards + self.gamma * (ahead - other_ahead)
        cut = dones & ~over  # time was up: what would have followed belongs to the return
        bootstrapped = rewards + self.gamma * ahead * cut
        starts: Any = self._last_episode_starts
        buffer.add(observations, actions.numpy(), bootstrapped, starts, values, log_probabilities)
        self._last_obs, self._last_episode_starts = fresh, dones
        self.num_timesteps += env.num_envs
        return np.asarray(advantages, np.float32)


def _reached(
    fresh: NDArray[np.float32], dones: NDArray[np.bool_], infos: list[dict[str, Any]]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(the observations that the bar led to, before any reset; whether it ended for good there)."""
    over = np.zeros(len(dones), bool)
    if not dones.any():
        return fresh, over
    reached = fresh.copy()
    for n in np.flatnonzero(dones):
        reached[n] = infos[n]["terminal_observation"]
        over[n] = not infos[n]["TimeLimit.truncated"]
    return reached, over
