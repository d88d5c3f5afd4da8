"""A network as a policy: observation -> vector -> action -> target weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tradewind.market import Observation
from tradewind.policy.adapters import Adapter, make_adapter
from tradewind.policy.bundle import Bundle
from tradewind.policy.network import Network, Tensors, random_tensors
from tradewind.policy.protocol import Weights
from tradewind.policy.spec import BundleSpec


class NetworkPolicy:
    """Decides with a network and the spec that says what its numbers mean.

    A NaN or infinity among the inputs means hold for all instruments and is counted in `held`. Where the inputs are
    numbers and the network's answer is none, every weight is infinite, which nobody takes for a wish. `clipped` counts
    the targets that an adapter had to move into what can be traded.
    """

    def __init__(self, spec: BundleSpec, tensors: Tensors) -> None:
        self.spec = spec
        self._network = Network(spec.network, tensors)
        self._scale = np.array(spec.action.scale, dtype=np.float64)
        self._offset = np.array(spec.action.offset, dtype=np.float64)
        self._adapter: Adapter | None = None if spec.adapter is None else make_adapter(spec)
        self.decisions = 0
        self.held = 0

    @property
    def clipped(self) -> int:
        """Targets that an adapter clipped since the last reset."""
        return 0 if self._adapter is None else self._adapter.clipped

    def decide(self, observation: Observation) -> Weights:
        self.decisions += 1
        vector = self._vector(observation)
        action = self._network(vector)
        if np.isnan(action[0]):
            if self._adapter is not None:
                self._adapter.hold()
            if np.isfinite(vector).all():
                return np.full(len(action), np.inf)
            self.held += 1
            return np.full(len(action), np.nan)
        if self._adapter is not None:
            return self._adapter.weights(action, observation)
        return self._offset + self._scale * action

    def _vector(self, observation: Observation) -> NDArray[np.float32]:
        return observation.vector if self._adapter is None else self._adapter.vector(observation)

    def reset(self) -> None:
        self.decisions = self.held = 0
        if self._adapter is not None:
            self._adapter.reset()

    def state(self) -> dict[str, list[float]]:
        return {} if self._adapter is None else self._adapter.state()

    def restore(self, state: dict[str, list[float]]) -> None:
        if self._adapter is not None:
            self._adapter.restore(state)


class BundlePolicy(NetworkPolicy):
    """The policy of a bundle; `sha256` is the model hash that goes into every decision."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle.spec, bundle.tensors)
        self.sha256 = bundle.sha256


def untrained_net(spec: BundleSpec, seed: int) -> NetworkPolicy:
    """The baseline for a trained network: the same net and inputs, weights drawn from a seed."""
    return NetworkPolicy(spec, random_tensors(spec.network, seed))
