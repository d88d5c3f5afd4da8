"""What an importer found in a file: the layers of the actor and how its answer is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from tradewind.policy.importers.chain import Layer
from tradewind.policy.network import Activation, Head


@dataclass(frozen=True, slots=True)
class Source:
    """`low` and `high` are the Box of the actions where the file says it; else the user must."""

    algorithm: str
    layers: Sequence[Layer]
    activations: tuple[Activation, ...]
    head: Head
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None
    hyperparameters: dict[str, JsonValue] = field(default_factory=dict)
