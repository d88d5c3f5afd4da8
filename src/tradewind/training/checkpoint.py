"""The state of a run between two updates, on disk: arrays, numbers and text; reading executes nothing."""

from __future__ import annotations

import json
import os
import pickle
import random
import secrets
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from tradewind.account.records import ACCOUNT, POSITION
from tradewind.market import DataError
from tradewind.training.learners import Learner
from tradewind.training.vector import TradingVecEnv

CHECKPOINT_FILE = "checkpoint.pt"
FORMAT = 1
_REPLAY = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


def capture(learner: Learner, environment: TradingVecEnv) -> dict[str, Any]:
    """All that decides how the run goes on. Ask between two updates only."""
    batch = environment.batch.state()
    state: dict[str, Any] = {
        "parameters": learner.get_parameters(),
        "variables": {name: value.detach().clone() for name, value in _variables(learner).items()},
        "num_timesteps": int(learner.num_timesteps),
        "n_updates": int(learner._n_updates),
        "progress_remaining": float(learner._current_progress_remaining),
        "last_obs": _tensor(learner._last_obs),
        "last_episode_starts": _tensor(learner._last_episode_starts),
        "accounts": _tensor(batch["accounts"].view(np.uint8)),
        "positions": _tensor(batch["positions"].view(np.uint8)),
        "observations": _tensor(batch["observations"]),
        "sampler": json.dumps(batch["sampler"]),
        "random": _random_states(learner),
    }
    if isinstance(learner, OffPolicyAlgorithm):
        state["replay"] = _replay(learner)
        state["episode_num"] = int(learner._episode_num)
    return state


def restore(state: dict[str, Any], learner: Learner, environment: TradingVecEnv) -> None:
    """Put a fresh learner and environment of the same settings where `capture` was asked."""
    learner.set_parameters(state["parameters"], exact_match=True, device="cpu")
    for name, variable in _variables(learner).items():
        variable.data.copy_(state["variables"][name])  # in place: its optimizer holds the same tensor
    learner.num_timesteps = state["num_timesteps"]
    learner._n_updates = state["n_updates"]
    learner._current_progress_remaining = state["progress_remaining"]
    learner._last_obs = state["last_obs"].numpy().copy()
    learner._last_episode_starts = state["last_episode_starts"].numpy().copy()
    environment.batch.restore(
        {
            "accounts": state["accounts"].numpy().view(ACCOUNT),
            "positions": state["positions"].numpy().view(POSITION),
            "observations": state["observations"].numpy(),
            "sampler": json.loads(state["sampler"]),
        }
    )
    if isinstance(learner, OffPolicyAlgorithm):
        _restore_replay(learner, state["replay"])
        learner._episode_num = state["episode_num"]
    _restore_random(learner, state["random"])


def _variables(learner: Learner) -> dict[str, torch.Tensor]:
    """What is learnt outside of networks: the temperature of SAC."""
    return {name: getattr(learner, name) for name in learner._get_torch_save_params()[1]}


def _replay(learner: OffPolicyAlgorithm) -> dict[str, Any]:
    """The filled part of the buffer only."""
    buffer: Any = learner.replay_buffer
    filled = buffer.buffer_size if buffer.full else buffer.pos
    arrays = {name: _tensor(getattr(buffer, name)[:filled]) for name in _REPLAY}
    return {"pos": int(buffer.pos), "full": bool(buffer.full), "arrays": arrays}


def _restore_replay(learner: OffPolicyAlgorithm, state: dict[str, Any]) -> None:
    buffer: Any = learner.replay_buffer
    for name, values in state["arrays"].items():
        getattr(buffer, name)[: len(values)] = values.numpy()
    buffer.pos, buffer.full = state["pos"], state["full"]


def _random_states(learner: Learner) -> dict[str, Any]:
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    space: Any = learner.action_space
    return {
        "torch": torch.get_rng_state(),
        "numpy": json.dumps([name, np.asarray(keys).tolist(), *rest]),
        "python": json.dumps(random.getstate()),
        "actions": json.dumps(space.np_random.bit_generator.state),
    }


def _restore_random(learner: Learner, states: dict[str, Any]) -> None:
    torch.set_rng_state(states["torch"])
    name, keys, *rest = json.loads(states["numpy"])
    np.random.set_state((name, np.array(keys, np.uint32), *rest))  # noqa: NPY002
    version, internal, gauss = json.loads(states["python"])
    random.setstate((version, tuple(internal), gauss))
    space: Any = learner.action_space
    space.np_random.bit_generator.state = json.loads(states["actions"])


def _tensor(array: Any) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array).copy())


def tensors_of(arrays: dict[str, NDArray[Any]]) -> dict[str, torch.Tensor]:
    return {name: _tensor(array) for name, array in arrays.items()}


def arrays_of(tensors: dict[str, torch.Tensor]) -> dict[str, NDArray[Any]]:
    return {name: tensor.numpy().copy() for name, tensor in tensors.items()}


def save(path: Path, content: dict[str, Any]) -> None:
    """Write it whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with open(partial, "xb") as file:
            torch.save({"format": FORMAT, **content}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def step_of(path: Path) -> int:
    """How many steps the run of a checkpoint had made; `DataError` where it is none."""
    return int(load(path, mapped=True)["state"]["num_timesteps"])


def load(path: Path, mapped: bool = False) -> dict[str, Any]:
    """Read what `save` wrote; `DataError` where it is something else. Tensors, numbers and text only.

    `mapped` leaves the tensors on disk until they are used.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except (OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} is no checkpoint that can be read ({reason}): start the run anew") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError(f"{path} is no checkpoint of this version: start the run anew")
    return content
