"""An ElegantRL actor: a `.pth` that holds the state dict of Actor, ActorPPO or ActorSAC.

`net.*` with tanh at the end (DDPG, TD3, and the mean of PPO), or `net_state.*` and `net_a_avg.*` (SAC).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tradewind.policy.errors import BundleError
from tradewind.policy.importers.chain import Layer, activations, sequential
from tradewind.policy.importers.source import Source
from tradewind.policy.importers.tensors import MAX_UNPACKED, Arrays, read_tensors
from tradewind.policy.importers.user_spec import UserSpec
from tradewind.policy.network import Head

CONVERT = """Convert it where you trust the file, in the environment that made it:
    import torch
    actor = torch.load("actor.pth", map_location="cpu", weights_only=False)
    torch.save(actor.state_dict(), "actor_state.pth")"""

_IGNORED = (
    "a_std_log",
    "action_std_log",
    "action_std",
    "log_alpha",
    "net_a_std",
    "net_action_std",
    "net__a_std",
)
_SAC_PARTS = (("net_state", "net_a_avg"), ("net_state", "net_action_avg"), ("net__state", "net_action"))


def read_elegantrl(path: Path, user: UserSpec) -> Source:
    """The actor of a `.pth`; `BundleError` says why one cannot be imported."""
    if path.stat().st_size > MAX_UNPACKED:
        raise BundleError(f"{path.name} has {path.stat().st_size} bytes: that is no actor")
    arrays = read_tensors(path.read_bytes(), path.name, CONVERT)
    _refuse_state_norm(arrays)
    layers, head = _actor(arrays)
    hidden = activations(user.activation, "relu", len(layers) - 1)
    ones = (1.0,) * layers[-1][0].shape[0]
    algorithm = user.algorithm or ("SAC" if head == "squashed" else "PPO" if _has_std(arrays) else "TD3")
    return Source(algorithm, layers, hidden, head, tuple(-one for one in ones), ones)


def _refuse_state_norm(arrays: Arrays) -> None:
    """Newer versions keep the mean and spread of the state beside the net; only neutral ones are accepted."""
    for name, neutral in (("state_avg", 0.0), ("state_std", 1.0)):
        if name in arrays and not np.all(arrays.pop(name) == np.float32(neutral)):
            raise BundleError(
                f"the actor normalises its state ({name} is not {neutral:g}): fold that into the first layer "
                "and save the state dict again"
            )


def _actor(arrays: Arrays) -> tuple[list[Layer], Head]:
    known = [key for key in arrays if key.startswith("net.")]
    if known:
        _refuse_unknown(arrays, ("net",))
        return sequential(arrays, "net"), "tanh"
    for state, mean in _SAC_PARTS:
        if any(key.startswith(f"{mean}.") for key in arrays):
            _refuse_unknown(arrays, (state, mean))
            return [*sequential(arrays, state), *sequential(arrays, mean)], "squashed"
    raise BundleError(
        f"no ElegantRL actor among the tensors {sorted(arrays)[:5]}: expected net.* or net_state.*"
    )


def _refuse_unknown(arrays: Arrays, parts: tuple[str, ...]) -> None:
    unknown = sorted(key for key in arrays if key.split(".")[0] not in (*parts, *_IGNORED))
    if unknown:
        raise BundleError(f"the actor has parameters {unknown[:5]} that no known ElegantRL actor has")


def _has_std(arrays: Arrays) -> bool:
    return "a_std_log" in arrays or "action_std_log" in arrays
