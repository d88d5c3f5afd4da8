"""What a ledger holds: trials, openings of the vault, and promotions against the verdict. Plain values, JSON-able."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from tradewind.market import ConfigError, Inconsistent

Status = Literal["done", "failed", "pruned"]
STATUSES: tuple[str, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a trial was tried on. Two scopes compete when they could have found the same luck."""

    symbols: tuple[str, ...]
    timeframe: str
    start_ms: int  # open of the first bar, UTC
    end_ms: int  # close of the last
    data_sha256: str

    def competes(self, other: Scope) -> bool:
        """The same symbols and timeframe, over days of which some are the same."""
        same = set(self.symbols) == set(other.symbols) and self.timeframe == other.timeframe
        return same and self.start_ms < other.end_ms and other.start_ms < self.end_ms


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration that was tried, whatever came of it.

    `sharpe_daily` is its Sharpe ratio per day out of sample, not annualised; None where it has none.
    """

    study: str  # hash of the study
    trial: int  # its number there
    configuration: str  # `configuration_hash`
    values: Mapping[str, Any]  # what the search chose, by the name of the setting
    scope: Scope
    algorithm: str
    seeds: tuple[int, ...]
    splits: str  # in words
    status: Status
    code_version: str
    sharpe_daily: float | None = None
    objective: float | None = None
    reason: str = ""  # why it failed or was pruned

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ConfigError(f"status is {self.status!r}, expected one of {', '.join(STATUSES)}")


@dataclass(frozen=True, slots=True)
class VaultOpened:
    """The rows that were kept back have been looked at, for this family of candidates. Once."""

    study: str
    configuration: str
    scope: Scope  # of the vault
    sharpe_daily: float | None
    code_version: str


@dataclass(frozen=True, slots=True)
class Override:
    """A person went on against the verdict, and said why."""

    bundle: str  # model hash
    reason: str


Record = Trial | VaultOpened | Override
KINDS: dict[str, type[Record]] = {"trial": Trial, "vault_opened": VaultOpened, "override": Override}
_NAMES = {kind: name for name, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in its place: `number` counts from 1, `hash` covers all of it and the hash before."""

    number: int
    at: int  # UTC ms
    record: Record
    previous: str
    hash: str

    def to_json(self) -> dict[str, Any]:
        """As the file has it, and as the evidence of a bundle carries it."""
        return {**_body(self.number, self.at, self.record, self.previous), "hash": self.hash}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Entry:
        """`Inconsistent` where the hash is not that of the content, or the content is none that is known."""
        number = values.get("number")
        try:
            record = _read(str(values["kind"]), dict(values["record"]))
            entry = link(int(values["number"]), int(values["at"]), record, str(values["previous"]))
        except (KeyError, TypeError, ValueError, ConfigError) as error:
            raise Inconsistent(
                f"entry {number} of the ledger is not one that this version knows ({error})"
            ) from error
        if entry.to_json() != dict(values):
            raise Inconsistent(f"entry {number} of the ledger was changed: its hash is of other content")
        return entry


def link(number: int, at: int, record: Record, previous: str) -> Entry:
    """A record as the entry after the one whose hash is `previous`."""
    text = canonical(_body(number, at, record, previous))
    return Entry(number, at, record, previous, hashlib.sha256(text.encode()).hexdigest())


def configuration_hash(parts: Mapping[str, Any]) -> str:
    """What makes a configuration distinct, as 64 hexadecimal digits: equal settings in any order are equal."""
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces; `ConfigError` on what is no plain value."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"this is no plain JSON ({error}): expected texts, finite numbers, lists"
        ) from error


def _body(number: int, at: int, record: Record, previous: str) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(canonical(asdict(record)))
    kind = _NAMES[type(record)]
    return {"number": number, "at": at, "kind": kind, "record": plain, "previous": previous}


def _read(kind: str, values: dict[str, Any]) -> Record:
    part = KINDS[kind]
    if set(values) != {item.name for item in fields(part)}:
        raise ValueError(f"a {kind} has other fields")
    if "scope" in values:
        scope = dict(values["scope"])
        values["scope"] = Scope(**{**scope, "symbols": tuple(scope["symbols"])})
    if "seeds" in values:
        values["seeds"] = tuple(values["seeds"])
    return part(**values)
