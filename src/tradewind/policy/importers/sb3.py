"""A Stable-Baselines3 zip of PPO, A2C, DDPG, TD3 or SAC.

Of the zip two entries are read: `policy.pth`, for its tensors only, and `data`, JSON of which some values are
pickles in base64. Those are never touched: plain values and the printed text beside them say enough.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from tradewind.policy.errors import BundleError
from tradewind.policy.importers.chain import Layer, activations, linear, sequential
from tradewind.policy.importers.source import Source
from tradewind.policy.importers.tensors import MAX_UNPACKED, ZIP_ERRORS, Arrays, check_archive, read_tensors
from tradewind.policy.importers.user_spec import UserSpec
from tradewind.policy.network import Activation, Head

_CONVERT = "Save the model again with its own save(), and import that zip."
_ON_POLICY = ("PPO", "A2C")
_FAMILIES = {"on_policy": _ON_POLICY, "deterministic": ("TD3", "DDPG"), "squashed": ("SAC",)}
_TORCH_ACTIVATIONS: dict[str, Activation] = {
    "Tanh": "tanh",
    "ReLU": "relu",
    "ELU": "elu",
    "LeakyReLU": "leaky_relu",
    "GELU": "gelu",
    "Sigmoid": "sigmoid",
    "Hardswish": "hardswish",
    "Identity": "identity",
}
_HYPERPARAMETERS = (
    *("n_steps", "batch_size", "n_epochs", "gamma", "gae_lambda", "ent_coef", "vf_coef", "max_grad_norm"),
    *("learning_rate", "tau", "buffer_size", "learning_starts", "gradient_steps", "policy_delay"),
    *("target_policy_noise", "target_noise_clip", "normalize_advantage", "num_timesteps", "seed"),
)


def read_sb3(path: Path, user: UserSpec) -> Source:
    """The actor of a zip; `BundleError` says why one cannot be imported."""
    content, data = _open(path)
    _refuse_unsupported(data)
    arrays = read_tensors(content, f"{path.name}: policy.pth", _CONVERT)
    layers, family = _actor(arrays)
    algorithm = _algorithm(data, family, user)
    default: Activation = "tanh" if algorithm in _ON_POLICY else "relu"
    chosen = _agree_on_activation(user.activation, _saved_activation(data))
    hidden = activations(chosen, default, len(layers) - 1)
    heads: dict[str, Head] = {"on_policy": "gaussian_mean", "deterministic": "tanh", "squashed": "squashed"}
    low, high = _saved_bounds(data, "low"), _saved_bounds(data, "high")
    return Source(algorithm, layers, hidden, heads[family], low, high, _hyperparameters(data))


def _open(path: Path) -> tuple[bytes, dict[str, Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(archive, path.name)
            content, text = archive.read("policy.pth"), archive.read("data")
    except KeyError as error:
        raise BundleError(f"{path.name} is no Stable-Baselines3 model: {error.args[0]}") from error
    except ZIP_ERRORS as error:
        raise BundleError(f"{path.name} is cut short or damaged: {error}") from error
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path.name}: its data entry is no JSON: {error}") from error
    if not isinstance(data, dict) or len(content) > MAX_UNPACKED:
        raise BundleError(f"{path.name}: its data entry is no JSON object")
    return content, data


def _text(data: Mapping[str, Any], key: str, part: str) -> str:
    """The printed text of one part of a value that was pickled; empty where there is none."""
    value = data.get(key)
    found = value.get(part, "") if isinstance(value, dict) else ""
    return found if isinstance(found, str) else ""


def _refuse_unsupported(data: Mapping[str, Any]) -> None:
    if data.get("use_sde"):
        raise BundleError("the model uses state-dependent exploration (use_sde), which cannot be imported")
    for key, kinds in (("observation_space", "observations"), ("action_space", "actions")):
        kind = _text(data, key, ":type:")
        if kind and "box.Box" not in kind:
            raise BundleError(
                f"the model's {kinds} are {kind}, only a Box (a vector of numbers) can be imported"
            )
    extractor = _text(data, "policy_kwargs", "features_extractor_class")
    if extractor and "FlattenExtractor" not in extractor:
        raise BundleError(f"the model sees through {extractor}, only a plain vector can be imported")


def _actor(arrays: Arrays) -> tuple[list[Layer], str]:
    """The layers that lead to the action, and the family of algorithm that has them."""
    if any("features_extractor" in key for key in arrays):
        raise BundleError(
            "the model has a features extractor (images or a dictionary), only vectors can be imported"
        )
    if any(key.startswith(("lstm", "actor.lstm")) for key in arrays):
        raise BundleError("the model is recurrent, which cannot be imported")
    if "action_net.weight" in arrays:
        shared = sequential(arrays, "mlp_extractor.shared_net")
        own = sequential(arrays, "mlp_extractor.policy_net")
        return [*shared, *own, linear(arrays, "action_net")], "on_policy"
    if "actor.mu.weight" in arrays:
        if "actor.log_std" in arrays:
            raise BundleError(
                "the model uses state-dependent exploration (use_sde), which cannot be imported"
            )
        return [*sequential(arrays, "actor.latent_pi"), linear(arrays, "actor.mu")], "squashed"
    layers = sequential(arrays, "actor.mu")
    if not layers:
        raise BundleError(f"no actor of PPO, A2C, DDPG, TD3 or SAC among the tensors {sorted(arrays)[:5]}")
    return layers, "deterministic"


def _algorithm(data: Mapping[str, Any], family: str, user: UserSpec) -> str:
    allowed = _FAMILIES[family]
    if user.algorithm is not None and user.algorithm not in allowed:
        raise BundleError(f"the spec says {user.algorithm}, the tensors are those of {' or '.join(allowed)}")
    if user.algorithm is not None:
        return user.algorithm
    if family == "on_policy":
        return "PPO" if "clip_range" in data else "A2C"
    if family == "squashed":
        return "SAC"
    single = data.get("policy_kwargs")
    return "DDPG" if isinstance(single, dict) and str(single.get("n_critics")) == "1" else "TD3"


def _saved_activation(data: Mapping[str, Any]) -> Activation | None:
    """The activation in the printed policy_kwargs, where the model was made with another than the default."""
    printed = _text(data, "policy_kwargs", "activation_fn")
    if not printed:
        return None
    name = printed.rstrip("'>").rsplit(".", 1)[-1]
    if name not in _TORCH_ACTIVATIONS:
        raise BundleError(f"the model's activation is {printed}, known are {', '.join(_TORCH_ACTIVATIONS)}")
    return _TORCH_ACTIVATIONS[name]


def _agree_on_activation(
    given: Activation | tuple[Activation, ...] | None, saved: Activation | None
) -> Activation | tuple[Activation, ...] | None:
    if saved is not None and given is not None and given != saved:
        raise BundleError(
            f"the spec says activation {given}, the model was saved with {saved}: correct the spec"
        )
    return given if saved is None else saved


def _saved_bounds(data: Mapping[str, Any], side: str) -> tuple[float, ...] | None:
    """The Box of the actions as printed; None where it is not plain numbers in brackets."""
    match = re.fullmatch(r"\[([-+.eE0-9 \n]+)\]", _text(data, "action_space", side))
    try:
        return None if match is None else tuple(float(part) for part in match[1].split())
    except ValueError:
        return None


def _hyperparameters(data: Mapping[str, Any]) -> dict[str, JsonValue]:
    """The plain numbers and words among the settings that it was trained with."""
    plain = {key: data[key] for key in _HYPERPARAMETERS if isinstance(data.get(key), (int, float, str, bool))}
    return {key: value for key, value in plain.items() if value == value and abs(_number(value)) < 1e300}


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
