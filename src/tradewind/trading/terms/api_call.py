"""One request to a venue as the journal may tell it: without keys, signatures and listen keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A request and what came back. `parameters` hold no secrets; `status` is 0 where no reply came."""

    at: int  # when it left, UTC ms
    method: str
    path: str
    parameters: Mapping[str, str]
    status: int
    code: str  # the venue's own, empty when it gave none
    latency_ms: float
    used_weight: int | None  # of the venue's budget, where it says so
    failure: str = ""  # the kind of error, where no usable reply came
