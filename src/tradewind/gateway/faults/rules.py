"""Rules of faults: where they act, what they look for, when they fire, what they do."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from tradewind.gateway.faults.altering import Alteration
from tradewind.gateway.faults.kinds import OF_FRAMES, OF_REQUESTS, OF_WORDS, Kind
from tradewind.gateway.faults.reading import Values
from tradewind.gateway.faults.seen import Seen
from tradewind.gateway.faults.wording import REASONS
from tradewind.market import ConfigError
from tradewind.market.suggestions import suggestion


class Where(StrEnum):
    REQUEST = "request"  # HTTP
    CONNECT = "connect"  # the opening of a WebSocket
    WORD = "word"  # a frame from a client, calls of a WebSocket API included
    FRAME = "frame"  # a frame to a client


class At(StrEnum):
    BEFORE = "before"  # the venue does not do it
    AFTER = "after"  # it is done, the reply suffers


# What can be done where, and the settings that each takes.
ACTIONS: dict[Where, dict[str, tuple[str, ...]]] = {
    Where.REQUEST: {
        "refuse": ("at", "reason", "status", "code", "message", "retry_after"),
        "html": ("at", "status"),
        "delay": ("at", "ms"),
        "drop": ("at",),
        "hang": ("at",),
        "truncate": ("keep",),
        "duplicate": (),
        "stale": (),
        "hold": ("ms",),
        "alter": ("set", "delete", "scale", "candle"),
        "fill": ("fraction",),
        "ban": ("seconds",),
    },
    Where.CONNECT: {"refuse": ("reason", "status", "code", "message")},
    Where.WORD: {
        "refuse": ("reason", "status", "code", "message"),
        "ignore": (),
        "delay": ("ms",),
        "close": ("code", "message"),
        "cut": (),
        "freeze": (),
    },
    Where.FRAME: {
        "silence": (),
        "freeze": (),
        "close": ("code", "message"),
        "cut": (),
        "duplicate": (),
        "delay": ("ms",),
        "reorder": (),
        "alter": ("set", "delete", "scale", "candle"),
    },
}
_KINDS = {
    Where.REQUEST: OF_REQUESTS,
    Where.CONNECT: frozenset({Kind.OTHER}),
    Where.WORD: OF_WORDS,
    Where.FRAME: OF_FRAMES,
}
SLOW_MS = 5_000  # a reply as late as this may find nobody waiting for it


@dataclass(frozen=True, slots=True)
class Match:
    """Patterns with * and ?; an empty one matches everything. `fields` are parameters of the request."""

    venue: str = ""
    dialect: str = ""
    kind: str = ""
    method: str = ""
    path: str = ""
    account: str = ""
    key: str = ""
    symbol: str = ""
    stream: str = ""
    event: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def fits(self, seen: Seen) -> bool:
        return (
            _fits(self.kind, seen.kind)
            and _fits(self.venue, seen.venue)
            and _fits(self.dialect, seen.dialect)
            and _fits(self.method, seen.method)
            and _fits(self.path, seen.path)
            and _fits(self.account, seen.account)
            and _fits(self.key, seen.key)
            and _fits(self.symbol, seen.symbol)
            and _fits(self.stream, seen.stream)
            and _fits(self.event, seen.event)
            and all(name in seen.fields and _fits(p, seen.fields[name]) for name, p in self.fields.items())
        )


@dataclass(frozen=True, slots=True)
class When:
    """Of the requests or frames that match: which. Times are wire ms; `for_seconds` counts from being added."""

    nth: int = 0  # only this one, from 1
    after: int = 0  # the first so many are left alone
    every: int = 0
    times: int = 0  # at most so often
    probability: float = 1.0
    seed: int = 0
    from_ms: int = 0
    until_ms: int = 0
    for_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class What:
    """What is done, with the settings that `ACTIONS` names for it."""

    do: str
    at: At = At.BEFORE
    reason: str = ""
    status: int = 0
    code: str = ""
    message: str = ""
    retry_after: int = 0
    ms: int = 0
    seconds: float = 0.0
    keep: float = 0.5
    fraction: float = 1.0
    alteration: Alteration = field(default_factory=Alteration)

    @property
    def hides(self) -> bool:
        """Whether the client cannot know from the reply what became of its request."""
        if self.do in ("drop", "hang", "truncate", "html"):
            return True
        if self.do in ("delay", "hold"):
            return self.ms >= SLOW_MS
        return self.do == "refuse" and (self.at is At.AFTER or REASONS.get(self.reason, _DEFINITE).unclear)


@dataclass(slots=True)
class Rule:
    """A fault in force, and how often it came to it."""

    name: str
    where: Where
    match: Match
    when: When
    what: What
    id: int = 0
    added_ms: int = 0
    matched: int = 0
    fired: int = 0
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.when.seed)

    def fires(self, seen: Seen, wire_ms: int) -> bool:
        """Whether it acts on this one; counts."""
        if not self.match.fits(seen) or not self._in_time(wire_ms):
            return False
        self.matched += 1
        when, number = self.when, self.matched - self.when.after
        if number < 1 or (when.nth and number != when.nth) or (when.every and number % when.every):
            return False
        if when.times and self.fired >= when.times:
            return False
        if when.probability < 1 and self._random.random() >= when.probability:
            return False
        self.fired += 1
        return True

    def _in_time(self, wire_ms: int) -> bool:
        when = self.when
        if wire_ms < when.from_ms or (when.until_ms and wire_ms >= when.until_ms):
            return False
        return not when.for_seconds or wire_ms < self.added_ms + when.for_seconds * 1000

    def as_dict(self) -> dict[str, Any]:
        """What it is and how often it fired, for people and programs."""
        what = {k: v for k, v in asdict(self.what).items() if k in _settings(self.where, self.what.do)}
        return {
            "id": self.id,
            "name": self.name,
            "do": self.what.do,
            "where": self.where,
            "match": {k: v for k, v in asdict(self.match).items() if v},
            "when": {k: v for k, v in asdict(self.when).items() if v != getattr(When(), k)},
            "what": what,
            "matched": self.matched,
            "fired": self.fired,
        }


def rule_of(given: Mapping[str, Any]) -> Rule:
    """The rule that a JSON object or a TOML table describes; `ConfigError` for what makes no sense."""
    values = Values(given, "the fault")
    do = values.text("do")
    places = [where for where, actions in ACTIONS.items() if do in actions]
    if not places:
        known = list(dict.fromkeys(name for actions in ACTIONS.values() for name in actions))
        raise ConfigError(f"a fault cannot {do!r}: {suggestion(do, known)}")
    usual = Where.REQUEST if Where.REQUEST in places else places[-1]
    where = values.choice("where", Where, usual)
    if where not in places:
        raise ConfigError(f"{do!r} can happen to a {' or a '.join(places)}, not to a {where}")
    match, when = _match(values.part("match"), where), _when(values.part("when"))
    name = values.text("name", "")
    what = _what(do, where, values)
    values.done()
    return Rule(name or do, where, match, when, what)


def _match(values: Values, where: Where) -> Match:
    fields = values.any("fields", {})
    if not isinstance(fields, Mapping):
        raise ConfigError("match.fields takes patterns by name of a parameter")
    names = [n for n in Match.__dataclass_fields__ if n != "fields"]
    patterns = {name: values.text(name, "") for name in names}
    values.done()
    kind, kinds = patterns["kind"], [kind.value for kind in Kind if kind in _KINDS[where]]
    if kind and not any(fnmatchcase(known, kind) for known in kinds):
        raise ConfigError(f"match.kind of a {where} is {kind!r}: {suggestion(kind, kinds)}")
    patterns["symbol"] = patterns["symbol"].partition(":")[0].replace("/", "")
    return Match(**patterns, fields={str(k): str(v) for k, v in fields.items()})


def _when(values: Values) -> When:
    when = When(
        values.whole("nth", 0),
        values.whole("after", 0),
        values.whole("every", 0),
        values.whole("times", 0),
        values.number("probability", 1.0, 0.0, 1.0),
        values.whole("seed", 0),
        values.whole("from_ms", 0),
        values.whole("until_ms", 0),
        values.number("for_seconds", 0.0),
    )
    values.done()
    return when


def _what(do: str, where: Where, values: Values) -> What:
    allowed = _settings(where, do)
    read: dict[str, Any] = {"do": do}
    readers: dict[str, Callable[[], Any]] = {
        "at": lambda: values.choice("at", At, At.BEFORE),
        "reason": lambda: values.text("reason", ""),
        "status": lambda: values.whole("status", 0, 0, 599),
        "code": lambda: str(values.any("code", "")),
        "message": lambda: values.text("message", ""),
        "retry_after": lambda: values.whole("retry_after", 0),
        "ms": lambda: values.whole("ms", 1000, 0, 600_000),
        "seconds": lambda: values.number("seconds", 60.0, 0.0, 1e6),
        "keep": lambda: values.number("keep", 0.5, 0.0, 1.0),
        "fraction": lambda: values.number("fraction", 1.0, 0.0, 1.0),
    }
    for name in allowed:
        if name in readers:
            read[name] = readers[name]()
    if "set" in allowed:
        read["alteration"] = _alteration(values)
    what = What(**read)
    if what.reason and what.reason not in REASONS:
        raise ConfigError(f"there is no reason {what.reason!r}: {suggestion(what.reason, REASONS)}")
    if do == "refuse" and not (what.reason or what.status or what.code):
        raise ConfigError("refuse needs a reason, or a status and a code with its message")
    if do == "close" and what.code and not what.code.isdecimal():
        raise ConfigError(f"close takes a code such as 1001, not {what.code!r}")
    return what


def _alteration(values: Values) -> Alteration:
    scale = values.any("scale", {})
    put, candle = values.any("set", {}), values.any("candle", {})
    for name, table in (("set", put), ("scale", scale), ("candle", candle)):
        if not isinstance(table, Mapping):
            raise ConfigError(f"{name} of an alteration takes values by path, not {table!r:.60}")
    for path, factor in scale.items():
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not math.isfinite(factor):
            raise ConfigError(f"scale of {path} is {factor!r}, expected a number")
    return Alteration(dict(put), values.words("delete"), dict(scale), dict(candle))


def _settings(where: Where, do: str) -> tuple[str, ...]:
    return ACTIONS[where][do]


def _fits(pattern: str, text: str) -> bool:
    return not pattern or pattern == text or fnmatchcase(text, pattern)


_DEFINITE = REASONS["unknown_order"]
