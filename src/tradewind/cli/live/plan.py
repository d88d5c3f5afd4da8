"""What a live run is, and the stamp by which its journal is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from tradewind import __version__
from tradewind.cli.live.books import DATABASE, place_of_journal
from tradewind.cli.trial import Named
from tradewind.config import Settings
from tradewind.market import ConfigError, Instrument, Kind, Timeframe, WallClock
from tradewind.market.instrument_json import instrument_from_dict, instrument_to_dict
from tradewind.trading.journal.database import Database
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.lease import Lease
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.journal.safekeeping import back_up_daily, note_begun, require_safe
from tradewind.trading.terms.session_records import TRAINED_UNTIL

FORGETFUL = 500  # bars to warm up with where a feature never forgets


@dataclass(frozen=True, slots=True)
class Plan:
    """What runs, and under which stamp: a journal of another stamp is refused."""

    folder: RunFolder
    mode: str
    place: str
    venue: str
    account: str  # a fingerprint of the key; empty on paper
    kind: Kind
    named: Named
    symbols: tuple[str, ...]
    timeframe: Timeframe
    allocation: float
    settings: Settings
    at: str | None = None  # a local exchange in the venue's place

    @property
    def warm_up(self) -> int:
        """Bars before the first decision."""
        agent = self.named.agent
        memory = agent.plan.memory_on(self.timeframe)
        bars = FORGETFUL if memory is None else memory
        return max(bars, agent.plan.warmup_on(self.timeframe)) + agent.rules.lookback + 2

    @property
    def stamp(self) -> dict[str, Any]:
        return {
            "mode": self.mode,
            "place": self.place,
            "venue": self.venue,
            "account": self.account,
            "symbols": list(self.symbols),
            "timeframe": self.timeframe.text,
            "capital": self.allocation,
        }

    @property
    def about(self) -> dict[str, Any]:
        """What other processes must know to reach the run's account."""
        reach = {"at": self.at, "unified": self.settings.run.unified}
        data = None if self.named.bundle is None else self.named.bundle.spec.data
        trained = {} if data is None else {TRAINED_UNTIL: data.end_ms}
        return {
            **self.stamp,
            **reach,
            **trained,
            DATABASE: self.settings.database.url,
            "agent": self.named.described,
        }

    def head(self, instruments: Sequence[Instrument], now: int) -> dict[str, Any]:
        """What stands at the head of the journal: enough to recompute every decision."""
        agent = self.named.agent
        return {
            **self.stamp,
            "agent": self.named.described,
            "model_hash": agent.model_hash,
            "instruments": [instrument_to_dict(i) for i in instruments],
            "rules": agent.rules.as_dict(),
            "plan": agent.plan.schema_hash(self.symbols),
            "trade_from": now,
            "run": f"{self.mode}-{self.place}-{self.account}-{self.folder.name}",
            "version": __version__,
        }


def open_journal(plan: Plan, instruments: Sequence[Instrument], now: int) -> Journal:
    """The run's journal, begun if there never was one, copied if the last copy is old.

    `ConfigError` if it is of another run than this, was lost, or is being written by another process; `Inconsistent`
    if it is damaged.
    """
    place, now_here = place_of_journal(plan.folder, plan.settings.database.url), WallClock().now_ms()
    with ExitStack() as undo:
        lease = Lease.take(place, now_here) if isinstance(place, Database) else None
        if lease is not None:
            undo.callback(lease.close)
        if not require_safe(plan.folder, place):
            journal = Journal.create(place, plan.head(instruments, now), lease)
        else:
            back_up_daily(plan.folder, place, now_here)
            journal = Journal.open(place, lease)
        undo.callback(journal.close)
        _require_same(plan, journal.session, instruments)
        note_begun(plan.folder, place)
        undo.pop_all()
    return journal


def _require_same(plan: Plan, session: Mapping[str, Any], instruments: Sequence[Instrument]) -> None:
    for name, value in plan.stamp.items():
        if session.get(name) != value:
            raise ConfigError(
                f"run {plan.folder.name!r} began with {name} {_told(session.get(name))}, now it is {_told(value)}: "
                "give this one another --name"
            )
    known = {i["symbol"]: instrument_from_dict(i) for i in session["instruments"]}
    for now in instruments:
        if now.lot != known[now.symbol].lot:
            raise ConfigError(
                f"{now.symbol} trades in lots of {now.lot}, when run {plan.folder.name!r} began it was "
                f"{known[now.symbol].lot}: close it there and begin a run of another name"
            )


def _told(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "none")
