"""The five algorithms of Stable-Baselines3, driven one update at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import A2C, DDPG, PPO, SAC, TD3
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.type_aliases import TrainFreq

from tradewind.training.counterfactual import CounterfactualPPO
from tradewind.training.settings import OffPolicy, OnPolicy, TrainingSettings
from tradewind.training.vector import TradingVecEnv

Learner = OnPolicyAlgorithm | OffPolicyAlgorithm
_ACTIVATIONS: dict[str, type[torch.nn.Module]] = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}


def make_learner(settings: TrainingSettings, environment: TradingVecEnv, seed: int) -> Learner:
    """A fresh learner on the CPU; `seed` fixes its weights and all that it draws."""
    parts = settings.hyperparameters
    if isinstance(parts, OnPolicy):
        return _on_policy(settings, parts, environment, seed)
    return _off_policy(settings, parts, environment, seed)


def _on_policy(
    settings: TrainingSettings, parts: OnPolicy, environment: TradingVecEnv, seed: int
) -> OnPolicyAlgorithm:
    common: dict[str, Any] = {
        "learning_rate": Decay(parts.learning_rate, parts.final_learning_rate),
        "n_steps": parts.rollout_bars,
        "gamma": parts.gamma,
        "gae_lambda": parts.gae_lambda,
        "ent_coef": parts.entropy,
        "vf_coef": parts.value_weight,
        "max_grad_norm": parts.max_gradient,
        "seed": seed,
        "device": "cpu",
    }
    policy: dict[str, Any] = {
        "net_arch": {"pi": list(settings.net), "vf": list(settings.net)},
        "activation_fn": _ACTIVATIONS[settings.activation],
        "log_std_init": parts.log_std_init,
    }
    if settings.algorithm == "a2c":
        return A2C("MlpPolicy", environment, policy_kwargs=policy, **common)
    # one call for all parameters instead of five for each
    policy["optimizer_kwargs"] = {"eps": 1e-5, "fused": True}
    samples = parts.rollout_bars * environment.num_envs
    kind = CounterfactualPPO if parts.counterfactual else PPO
    return kind(
        "MlpPolicy",
        environment,
        policy_kwargs=policy,
        batch_size=min(parts.minibatch, samples),
        n_epochs=parts.epochs,
        clip_range=parts.clip,
        **common,
    )


def _off_policy(
    settings: TrainingSettings, parts: OffPolicy, environment: TradingVecEnv, seed: int
) -> OffPolicyAlgorithm:
    kinds: dict[str, type[OffPolicyAlgorithm]] = {"ddpg": DDPG, "td3": TD3, "sac": SAC}
    width = environment.batch.simulator.width
    noise = NormalActionNoise(np.zeros(width), np.full(width, parts.noise))
    own: dict[str, Any] = {"action_noise": noise if parts.noise > 0 else None}
    if settings.algorithm == "sac":
        own = {"ent_coef": "auto" if parts.temperature is None else parts.temperature}
    return kinds[settings.algorithm](
        "MlpPolicy",
        environment,
        learning_rate=Decay(parts.learning_rate, parts.final_learning_rate),
        buffer_size=parts.buffer,
        learning_starts=parts.warmup_steps,
        batch_size=parts.minibatch,
        tau=parts.tau,
        gamma=parts.gamma,
        train_freq=(parts.train_every, "step"),
        gradient_steps=parts.gradient_steps,
        policy_kwargs={"net_arch": list(settings.net), "activation_fn": _ACTIVATIONS[settings.activation]},
        seed=seed,
        device="cpu",
        **own,
    )


class Decay:
    """A learning rate that falls in a straight line from `first` to `share` of it."""

    def __init__(self, first: float, share: float) -> None:
        self.first, self.share = first, share

    def __call__(self, progress_remaining: float) -> float:
        return self.first * (self.share + (1 - self.share) * max(progress_remaining, 0.0))


class Course:
    """A learner with its loop opened up: `update` collects once and learns once.

    Between two updates there is no rollout half collected, so the state is whole and can be saved.
    """

    def __init__(self, learner: Learner, steps: int, logger: Logger | None = None) -> None:
        self.learner = learner
        self.steps = steps
        learner.set_logger(logger or Logger(folder=None, output_formats=[]))
        _, self._callback = learner._setup_learn(steps)
        self._callback.on_training_start({}, {})

    @property
    def step(self) -> int:
        return int(self.learner.num_timesteps)

    @property
    def done(self) -> bool:
        return self.step >= self.steps

    def update(self) -> None:
        if isinstance(self.learner, OnPolicyAlgorithm):
            _update_on_policy(self.learner, self.steps, self._callback)
        else:
            _update_off_policy(self.learner, self._callback)

    def actions(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """The deterministic actions [N, A], as Stable-Baselines3 gives them."""
        actions, _ = self.learner.predict(observations, deterministic=True)
        return actions


def _update_on_policy(learner: OnPolicyAlgorithm, steps: int, callback: BaseCallback) -> None:
    assert learner.env is not None
    learner.collect_rollouts(learner.env, callback, learner.rollout_buffer, learner.n_steps)
    learner._update_current_progress_remaining(learner.num_timesteps, steps)
    learner.train()


def _update_off_policy(learner: OffPolicyAlgorithm, callback: BaseCallback) -> None:
    assert learner.env is not None
    assert learner.replay_buffer is not None
    assert isinstance(learner.train_freq, TrainFreq)
    learner.collect_rollouts(
        learner.env,
        callback,
        learner.train_freq,
        learner.replay_buffer,
        learner.action_noise,
        learner.learning_starts,
        log_interval=None,
    )
    if learner.num_timesteps > learner.learning_starts:
        learner.train(gradient_steps=learner.gradient_steps, batch_size=learner.batch_size)
