"""From a learner to what trades: the network's arrays, and the bundle around them."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from decimal import Decimal
from enum import Enum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import A2C, PPO, SAC, TD3

from tradewind.market import ConfigError, Instrument
from tradewind.policy import ActionSpec, Bundle, BundleSpec, DataSpan, NetworkSpec, ObservationSpec
from tradewind.simulator import Rules, Tape
from tradewind.simulator.observation import observation_names, schema_hash
from tradewind.training.learners import Learner

if TYPE_CHECKING:
    from tradewind.training.learn import TrainingResult

_ACTIVATIONS: dict[type[torch.nn.Module], str] = {torch.nn.Tanh: "tanh", torch.nn.ReLU: "relu"}


def network_of(learner: Learner) -> tuple[NetworkSpec, dict[str, NDArray[np.float32]]]:
    """The deterministic policy of a learner as a plain network: its spec and its tensors."""
    policy: Any = learner.policy
    if isinstance(learner, (PPO, A2C)):
        modules, head = [*policy.mlp_extractor.policy_net, policy.action_net], "gaussian_mean"
    elif isinstance(learner, SAC):
        modules, head = [*policy.actor.latent_pi, policy.actor.mu], "squashed"
    elif isinstance(learner, TD3):  # DDPG is a TD3 of one critic
        modules, head = list(policy.actor.mu)[:-1], "tanh"
    else:
        raise ConfigError(
            f"a {type(learner).__name__} cannot be exported: expected PPO, A2C, DDPG, TD3 or SAC"
        )
    linear = [m for m in modules if isinstance(m, torch.nn.Linear)]
    tensors: dict[str, NDArray[np.float32]] = {}
    for k, layer in enumerate(linear):
        tensors[f"layer_{k}.weight"] = layer.weight.detach().cpu().numpy().copy()
        tensors[f"layer_{k}.bias"] = layer.bias.detach().cpu().numpy().copy()
    space: Any = learner.action_space
    spec = NetworkSpec.model_validate(
        {
            "layers": (linear[0].in_features, *(m.out_features for m in linear)),
            "activations": tuple(
                _ACTIVATIONS[type(m)] for m in modules if not isinstance(m, torch.nn.Linear)
            ),
            "head": head,
            "low": tuple(map(float, space.low)),
            "high": tuple(map(float, space.high)),
        }
    )
    return spec, tensors


def make_bundle(
    result: TrainingResult,
    tape: Tape,
    rules: Rules,
    *,
    features: Any = None,
    scaler: Any = None,
    data_sha256: str | None = None,
) -> Bundle:
    """The bundle of a training run: its best network, and all that trading it under the same rules needs.

    `features` and `scaler` are the JSON of the plan and of the scaler that made the tape. `data_sha256` is
    the hash of the candles; without it the hash of the tape stands there. Same inputs, same bytes.
    """
    symbols = tape.market.symbols
    names = observation_names(tape.columns, symbols, rules.lookback, rules.clock)
    spec = BundleSpec(
        network=result.network,
        observation=ObservationSpec(
            names=tuple(names),
            schema_hash=schema_hash(names),
            lookback=rules.lookback,
            features=features,
            scaler=scaler,
            feature_columns=tape.columns,
        ),
        action=ActionSpec(scale=result.action_map.scale, offset=result.action_map.offset),
        venue=tape.traded[0].venue,
        symbols=symbols,
        kinds=tuple(i.kind.value for i in tape.traded),
        timeframe=tape.market.timeframe.text,
        algorithm=result.settings.algorithm,
        hyperparameters=_plain(result.settings.as_dict()),
        rules=_plain(rules.as_dict()),
        instruments=tuple(instrument_as_dict(i) for i in tape.traded),
        data=DataSpan(
            start_ms=int(tape.market.open_time[0]),
            end_ms=int(tape.market.close_time[-1]),
            sha256=data_sha256 or tape_hash(tape),
        ),
        seeds=result.seeds,
        code_version=code_version(),
    )
    return Bundle.create(spec, result.tensors, result.golden_observations, result.golden_actions)


def instrument_as_dict(instrument: Instrument) -> dict[str, Any]:
    """The venue's rules for an instrument as plain JSON; decimals as text, so that nothing is rounded."""
    values: dict[str, Any] = _plain(asdict(instrument))
    return values


def tape_hash(tape: Tape) -> str:
    """SHA-256 over bars, times, features and instruments: what a training run has seen."""
    digest = hashlib.sha256()
    for array in (tape.bars, tape.rows, tape.features, tape.instruments, tape.segments):
        digest.update(repr((array.dtype, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(repr((tape.columns, tape.market.symbols, tape.lookback)).encode())
    return digest.hexdigest()


@cache
def code_version() -> str:
    """The version of the package and a hash of its source: what ran, also between two releases."""
    digest = hashlib.sha256()
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    try:
        released = version("tradewind")
    except PackageNotFoundError:  # run from a source tree
        released = "0"
    return f"{released}+{digest.hexdigest()[:12]}"


def _plain(value: Any) -> Any:
    """Mappings, lists, text and numbers only."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    return value
