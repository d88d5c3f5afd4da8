"""What decides: the protocol of a policy, baselines, and models in bundles. Loading never executes code."""

from tradewind.policy.baselines import BASELINES, Baseline, baseline, matched_random
from tradewind.policy.bundle import Bundle
from tradewind.policy.errors import BundleError
from tradewind.policy.model import BundlePolicy, NetworkPolicy, untrained_net
from tradewind.policy.network import Network, NetworkSpec, random_tensors
from tradewind.policy.protocol import Policy, Resumable
from tradewind.policy.spec import ActionSpec, AdapterSpec, BundleSpec, DataSpan, ObservationSpec

__all__ = [
    "BASELINES",
    "ActionSpec",
    "AdapterSpec",
    "Baseline",
    "Bundle",
    "BundleError",
    "BundlePolicy",
    "BundleSpec",
    "DataSpan",
    "Network",
    "NetworkPolicy",
    "NetworkSpec",
    "ObservationSpec",
    "Policy",
    "Resumable",
    "baseline",
    "matched_random",
    "random_tensors",
    "untrained_net",
]
