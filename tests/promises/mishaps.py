"""What goes wrong in a run, drawn at random: faults of the network and the venue, and deaths of our own process."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Fault = Mapping[str, Any]
Draw = Callable[[random.Random], dict[str, Any]]

ASKED = ("query", "trades", "balance", "positions")
TOLD = ("order", "balance", "candle", "ticker", "mark")
UNCLEAR = ("unexpected", "timeout", "busy", "unavailable", "overloaded")
DEFINITE = (
    "rate_limited",
    "too_many_orders",
    "clock_skew",
    "maintenance",
    "market_closed",
    "insufficient_balance",
)


@dataclass(frozen=True)
class Mishap:
    """`at` is seconds of the wire after the start. Exactly one of the others is set."""

    at: float
    fault: Fault | None = None
    command: tuple[str, Mapping[str, Any]] | None = None
    skew_ms: int | None = None
    dies: tuple[int, bool] | None = (
        None  # in which write from then on, and whether before its commit; (0, ..) at once
    )

    @property
    def kind(self) -> str:
        if self.fault is not None:
            return str(self.fault["name"])
        if self.command is not None:
            return self.command[0]
        return "clock wrong" if self.skew_ms is not None else "killed"

    def __str__(self) -> str:
        what = self.fault or self.command or (f"skew {self.skew_ms} ms" if self.skew_ms is not None else None)
        return f"{self.at:7.2f} s  {what or f'killed {self.dies}'}"


def drawn(seed: int, seconds: float, symbols: tuple[str, ...], venue: str) -> list[Mishap]:
    """Some faults at a time, each for a while, all within `seconds`; and none to some deaths."""
    chance = random.Random(seed)
    found = [Mishap(_when(chance, seconds), _fault(chance)) for _ in range(chance.randint(4, 14))]
    needed = [m.at for m in found if m.kind in ("line refused", "listen key refused")]
    found += [Mishap(at + 0.1, dies=(0, True)) for at in needed]  # only who begins asks for one
    for _ in range(chance.randint(0, 3)):
        found.append(Mishap(_when(chance, seconds), dies=(chance.randint(0, 25), chance.random() < 0.5)))
    for _ in range(chance.choice((0, 0, 1))):
        at, spell = _when(chance, seconds), chance.uniform(2, 25)
        found.append(Mishap(at, command=("maintenance", {"venue": venue, "on": True})))
        found.append(Mishap(min(at + spell, seconds), command=("maintenance", {"venue": venue, "on": False})))
    for _ in range(chance.choice((0, 0, 1))):
        at, spell = _when(chance, seconds), chance.uniform(2, 20)
        found.append(Mishap(at, skew_ms=chance.choice((-20_000, -7_000, 3_000, 20_000))))
        found.append(Mishap(min(at + spell, seconds), skew_ms=0))
    for _ in range(chance.randint(0, 2)):
        found.append(
            Mishap(_when(chance, seconds), command=("candles/revise", _revision(chance, symbols, venue)))
        )
    return sorted([*found, *_under_way(random.Random(f"under way {seed}"), seconds)], key=lambda m: m.at)


def _under_way(chance: random.Random, seconds: float) -> list[Mishap]:
    """At times, deaths while a request travels that will arrive after the next life has begun."""
    if chance.random() < 0.6:
        return []
    at = _when(chance, seconds)
    return late_and_killed(
        at, chance.choice((1_000, 2_500, 4_500)), chance.randint(1, 3), chance.randint(1, 8)
    )


def late_and_killed(at: float, ms: int, times: int, write: int) -> list[Mishap]:
    """Orders take so long to arrive, and the process dies, so often, after that many writes."""
    when = {"probability": 1.0, "seed": 1, "for_seconds": 12.0 * times}
    late = Mishap(
        at, fault={"name": "order under way", "when": when} | _place(do="delay", at="before", ms=ms)
    )
    return [late, *(Mishap(at + 1.0 + 10.0 * n, dies=(write, False)) for n in range(times))]


def _when(chance: random.Random, seconds: float) -> float:
    return chance.uniform(0.0, seconds * 0.95)


def _fault(chance: random.Random) -> Fault:
    kind = chance.choices(list(_DRAWS), [weight for weight, _ in _DRAWS.values()])[0]
    when: dict[str, Any] = {"probability": chance.choice((0.3, 0.6, 1.0)), "seed": chance.randrange(1 << 30)}
    when |= {"for_seconds": chance.uniform(1.0, 30.0)}
    if chance.random() < 0.5:
        when["times"] = chance.randint(1, 4)
    return {"name": kind, "when": when} | _DRAWS[kind][1](chance)


def _side(chance: random.Random) -> str:
    return chance.choice(("before", "after"))


def _place(**fault: Any) -> dict[str, Any]:
    return {"match": {"kind": "place"}} | fault


def _frame(chance: random.Random, **fault: Any) -> dict[str, Any]:
    return {"where": "frame", "match": {"kind": chance.choice(TOLD)}} | fault


def _revision(chance: random.Random, symbols: tuple[str, ...], venue: str) -> dict[str, Any]:
    factor = chance.choice(("x1.001", "x0.999"))
    return {
        "venue": venue,
        "symbol": chance.choice(symbols),
        "bars_back": 1,
        "high": "x1.002",
        "low": "x0.998",
        "close": factor,
    }


_DRAWS: dict[str, tuple[int, Draw]] = {
    "order dropped": (6, lambda c: _place(do="drop", at=_side(c))),
    "order hangs": (4, lambda c: _place(do="hang", at=_side(c))),
    "order late": (4, lambda c: _place(do="delay", at=_side(c), ms=c.choice((300, 2_000, 4_500, 9_000, 14_000)))),
    "order unclear": (5, lambda c: _place(do="refuse", at=_side(c), reason=c.choice(UNCLEAR))),
    "order answered by a page": (3, lambda c: _place(do="html", at=_side(c), status=c.choice((502, 503, 504)))),
    "answer cut off": (3, lambda c: _place(do="truncate", keep=c.random())),
    "order refused": (5, lambda c: _place(do="refuse", at="before", reason=c.choice(DEFINITE))),
    "stop refused": (
        2,
        lambda c: {
            "do": "refuse",
            "at": "before",
            "reason": c.choice(("would_trigger", "min_notional", "insufficient_balance", "rate_limited")),
            "match": {"kind": "place", "fields": c.choice(({"type": "*STOP*"}, {"planType": "*"}))},
        },
    ),
    "cancel lost": (4, lambda c: {"do": c.choice(("drop", "hang")), "at": _side(c), "match": {"kind": "cancel"}}),
    "cancel unclear": (
        2,
        lambda c: {"do": "refuse", "at": _side(c), "reason": c.choice(UNCLEAR), "match": {"kind": "cancel"}},
    ),
    "filled while cancelled": (
        2,
        lambda c: {"do": "fill", "fraction": c.choice((0.3, 1.0)), "match": {"kind": "cancel"}},
    ),
    "question lost": (5, lambda c: {"do": c.choice(("drop", "hang")), "match": {"kind": c.choice(ASKED)}}),
    "question refused": (
        4,
        lambda c: {
            "do": "refuse",
            "reason": c.choice((*UNCLEAR, "rate_limited", "maintenance", "clock_skew")),
            "match": {"kind": c.choice(ASKED)},
        },
    ),
    "answer stale": (2, lambda c: {"do": "stale", "match": {"kind": c.choice(ASKED)}}),
    "answer late": (
        3,
        lambda c: {"do": "delay", "ms": c.choice((500, 3_000, 8_000)), "match": {"kind": c.choice(ASKED)}},
    ),
    "overtaken": (2, lambda c: {"do": "hold", "ms": 2_000, "match": {"kind": c.choice(ASKED)}}),
    "candles lost": (2, lambda c: {"do": c.choice(("drop", "html")), "match": {"kind": "candles"}}),
    "candles wrong": (
        2,
        lambda c: {
            "do": "alter",
            "match": {"kind": "candles"},
            "candle": c.choice(({"high": "x3"}, {"close": "x0.5"}, {"low": -1})),
        },
    ),
    "banned": (1, lambda c: {"do": "ban", "seconds": c.uniform(2, 20), "match": {"kind": c.choice(ASKED)}}),
    "key refused": (1, lambda c: {"do": "refuse", "reason": "bad_key", "match": {"kind": c.choice(ASKED)}}),
    "listen key refused": (1, lambda c: {"do": "refuse", "reason": "unavailable", "match": {"kind": "listen_key"}}),
    "line refused": (2, lambda c: {"do": "refuse", "where": "connect", "reason": "unavailable"}),
    "line silent": (5, lambda c: _frame(c, do="silence")),
    "line frozen": (3, lambda c: _frame(c, do="freeze")),
    "line closed": (4, lambda c: _frame(c, do=c.choice(("close", "cut")))),
    "told twice": (5, lambda c: _frame(c, do="duplicate")),
    "told late": (5, lambda c: _frame(c, do="delay", ms=c.choice((200, 1_500, 6_000)))),
    "told in another order": (4, lambda c: _frame(c, do="reorder")),
    "candle told wrong": (
        2,
        lambda c: {
            "do": "alter",
            "where": "frame",
            "match": {"kind": "candle"},
            "candle": c.choice(({"closed": True}, {"close": "x1.004"}, {"high": "x4"}, {"close": "NaN"})),
        },
    ),
}  # fmt: skip
