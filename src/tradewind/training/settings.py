"""What a person may choose of a training run, with defaults that were tuned on worlds of known optimum."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self, get_args

from tradewind.market import ConfigError
from tradewind.market.suggestions import refuse_unknown, suggestion
from tradewind.simulator import Reward

Algorithm = Literal["ppo", "a2c", "ddpg", "td3", "sac"]
Score = Literal["log_growth", "daily_sharpe"]
Activation = Literal["tanh", "relu"]
ALGORITHMS: tuple[str, ...] = get_args(Algorithm)


@dataclass(frozen=True, slots=True)
class OnPolicy:
    """PPO and A2C: `rollout_bars` bars of every environment, then an update over all of them.

    `minibatch`, `epochs`, `clip` and `counterfactual` are PPO's alone. The learning rate falls linearly to
    `final_learning_rate` of itself. `counterfactual` takes what the mean action would have earned over the
    same bar as the baseline of the advantage, so that the market's noise cancels.
    """

    learning_rate: float = 3e-3
    final_learning_rate: float = 0.0
    rollout_bars: int = 8
    minibatch: int = 2048
    epochs: int = 4
    gamma: float = 0.95
    gae_lambda: float = 0.9
    clip: float = 0.2
    entropy: float = 0.0
    value_weight: float = 0.5
    max_gradient: float = 0.5
    log_std_init: float = -0.5
    counterfactual: bool = True

    @classmethod
    def a2c(cls) -> Self:
        return cls(learning_rate=2e-3, counterfactual=False)


@dataclass(frozen=True, slots=True)
class OffPolicy:
    """DDPG, TD3 and SAC: `train_every` bars of every environment, then `gradient_steps` minibatches.

    `noise` is the standard deviation of the exploration added to the action; SAC has its own, by its
    `temperature` (None lets it find one). `warmup_steps` are played at random before learning begins.
    """

    learning_rate: float = 1e-3
    final_learning_rate: float = 0.1
    buffer: int = 200_000
    minibatch: int = 256
    warmup_steps: int = 2_000
    train_every: int = 4
    gradient_steps: int = 8
    gamma: float = 0.95
    tau: float = 0.005
    noise: float = 0.2
    temperature: float | None = 0.003


Hyperparameters = OnPolicy | OffPolicy

_DEFAULTS: dict[str, Hyperparameters] = {
    "ppo": OnPolicy(),
    "a2c": OnPolicy.a2c(),
    "ddpg": OffPolicy(),
    "td3": OffPolicy(),
    "sac": OffPolicy(),
}


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """A whole training run but its data and its trading rules.

    Counts are in steps of single environments. None means a default of the algorithm. `reward` None keeps
    that of the rules; `reward_scale` multiplies it for the learner only. `validation_share` of the training
    rows, the last ones, choose the checkpoint; `purge_bars` (None: the lookback), the first of those, are left out.
    `evaluate_every` and `checkpoint_every` count steps; `patience` evaluations without a better one end it.
    """

    algorithm: str = "ppo"
    steps: int = 1_000_000
    seed: int = 0
    environments: int | None = None
    net: tuple[int, ...] = (64, 64)
    activation: str = "tanh"
    episode_bars: int | None = 1_000
    reward: Reward | None = None
    reward_scale: float = 100.0
    validation_share: float = 0.15
    purge_bars: int | None = None
    evaluate_every: int | None = None  # a twentieth of the steps
    score: str = "log_growth"
    patience: int | None = None
    checkpoint_every: int | None = None  # at every evaluation
    tensorboard: bool = False
    hyperparameters: Hyperparameters = field(default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        _one_of("algorithm", self.algorithm, ALGORITHMS)
        _one_of("activation", self.activation, get_args(Activation))
        _one_of("score", self.score, get_args(Score))
        if self.hyperparameters is None:
            object.__setattr__(self, "hyperparameters", _DEFAULTS[self.algorithm])
        if not isinstance(self.hyperparameters, type(_DEFAULTS[self.algorithm])):
            raise ConfigError(
                f"hyperparameters are {type(self.hyperparameters).__name__}, {self.algorithm} needs "
                f"{type(_DEFAULTS[self.algorithm]).__name__}"
            )
        object.__setattr__(self, "net", tuple(self.net))
        if not self.net or any(not _is_count(n) for n in self.net):
            raise ConfigError(f"net is {list(self.net)}, expected the widths of its hidden layers: [64, 64]")
        for name in (
            "steps",
            "environments",
            "episode_bars",
            "evaluate_every",
            "checkpoint_every",
            "patience",
        ):
            value = getattr(self, name)
            if not (_is_count(value) or (value is None and name != "steps")):
                raise ConfigError(f"{name} is {value!r}, expected a whole number of 1 or more")
        if not isinstance(self.seed, int) or not 0 <= self.seed < 2**63:
            raise ConfigError(f"seed is {self.seed!r}, expected a whole number of 0 or more")
        if self.purge_bars is not None and (not isinstance(self.purge_bars, int) or self.purge_bars < 0):
            raise ConfigError(f"purge_bars is {self.purge_bars!r}, expected a whole number of 0 or more")
        if not 0 < self.validation_share < 0.9:
            hint = (
                f"; did you mean {self.validation_share / 100:g}?" if 1 <= self.validation_share < 90 else ""
            )
            raise ConfigError(
                f"validation_share is {self.validation_share}, expected a fraction below 0.9{hint}"
            )
        if not 0 < self.reward_scale < math.inf:
            raise ConfigError(f"reward_scale is {self.reward_scale}, expected a positive number")
        _check_numbers(self.hyperparameters)

    def purge_for(self, lookback: int) -> int:
        """Rows between training and validation, so that no window of features reaches over the cut."""
        return lookback if self.purge_bars is None else self.purge_bars

    @property
    def on_policy(self) -> bool:
        return isinstance(self.hyperparameters, OnPolicy)

    @property
    def parallel(self) -> int:
        """How many environments run side by side."""
        return self.environments or (256 if self.on_policy else 16)

    @property
    def evaluation_interval(self) -> int:
        return self.evaluate_every or max(1, self.steps // 20)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` gives an equal value."""
        values = asdict(self)
        values["net"] = list(self.net)
        values["reward"] = None if self.reward is None else self.reward.name.lower()
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """`ConfigError` on unknown keys, with a suggestion, and on wrong values."""
        values = dict(values)
        refuse_unknown(values, cls, "")
        algorithm = values.get("algorithm", "ppo")
        _one_of("algorithm", algorithm, ALGORITHMS)
        base = _DEFAULTS[algorithm]
        given = values.get("hyperparameters") or {}
        if not isinstance(given, (OnPolicy, OffPolicy)):
            if not isinstance(given, dict):
                raise ConfigError(f"hyperparameters is {given!r}, expected a table of names and values")
            refuse_unknown(given, type(base), "hyperparameters.")
            values["hyperparameters"] = type(base)(**{**asdict(base), **given})
        reward = values.get("reward")
        if isinstance(reward, str):
            _one_of("reward", reward, [r.name.lower() for r in Reward])
            values["reward"] = Reward[reward.upper()]
        if "net" in values and not isinstance(values["net"], (list, tuple)):
            raise ConfigError(f"net is {values['net']!r}, expected the widths of its hidden layers: [64, 64]")
        return cls(**values)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _one_of(name: str, value: Any, known: Any) -> None:
    if value not in known:
        raise ConfigError(f"{name} {value!r} is not known: {suggestion(str(value), known)}")


_UNIT = ("gamma", "gae_lambda", "tau", "final_learning_rate")
_COUNTS = ("rollout_bars", "minibatch", "epochs", "buffer", "train_every", "gradient_steps")
_POSITIVE = ("learning_rate", "clip", "max_gradient")


def _check_numbers(part: Hyperparameters) -> None:
    for item in fields(part):
        value = getattr(part, item.name)
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if item.name in _COUNTS:
            good, expected = _is_count(value), "a whole number of 1 or more"
        elif item.name in _UNIT:
            good, expected = number and 0 <= value <= 1, "a number from 0 to 1"
        elif item.name in _POSITIVE:
            good, expected = number and value > 0, "a positive number"
        elif item.name == "log_std_init":
            good, expected = number, "a number"
        elif item.name == "temperature":
            good, expected = value is None or (number and value > 0), "a positive number, or nothing"
        elif item.name == "counterfactual":
            good, expected = isinstance(value, bool), "true or false"
        else:
            good, expected = number and value >= 0, "a number of 0 or more"
        if not good:
            raise ConfigError(f"hyperparameters.{item.name} is {value!r}, expected {expected}")
