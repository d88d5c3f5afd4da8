"""A process that trades as a run does and kills itself, with signal 9, at one chosen point; and where points are."""

from __future__ import annotations

import inspect
import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import tradewind
from tests.promises.living import ALLOCATION, COINS, Job, even_chances, live
from tests.promises.turns import follow
from tests.promises.virtual_time import LoopClock
from tests.venues.remote.seats import BINANCE_SPOT, BINANCE_USDM
from tradewind.data.coins import coin_markets
from tradewind.data.replaying import Replay
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal import journal as journals
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record
from tradewind.trading.terms.order_states import Intent
from tradewind.venues import PaperVenue

PLACES = ("trading/", "venues/remote/", "cli/live/")
_ROOT = f"{Path(tradewind.__file__).parent}/"
_ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


@dataclass(frozen=True, order=True)
class Point:
    """Where: a coroutine goes on or waits at a line, or a write of the journal begins or ends."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.what} at {self.file}:{self.line}"


class MarketTime:
    """Market time of an exchange in another process."""

    def __init__(self, wire: LoopClock, wire_ms: int, start_ms: int, speed: float) -> None:
        self._wire, self._wire_ms, self._start_ms, self._speed = wire, wire_ms, start_ms, speed

    def now_ms(self) -> int:
        return self._start_ms + int((self._wire.now_ms() - self._wire_ms) * self._speed)

    async def sleep(self, seconds: float) -> None:
        await self._wire.sleep(seconds)


@dataclass(frozen=True)
class Errand:
    """One life of a run in a process of its own. `seen`: a file for the points that it passes."""

    job: Job
    address: str
    turns: str  # where the process listens that has the clock
    epoch_ms: int  # of the wire clock
    opened: tuple[int, int, float]  # wire ms and market ms of one moment, and market speed
    dies_at: Point | None = None
    time_around: int = 1  # at which passage of the point
    seen: Path | None = None

    def run(self) -> None:
        tracer = Tracer(self.dies_at, self.time_around)
        if self.dies_at is not None or self.seen is not None:
            tracer.begin()
        wire = LoopClock(self.epoch_ms)
        try:
            with even_chances(self.job.seed):
                follow(live(self.job, self.address, wire, MarketTime(wire, *self.opened)), self.turns)
        finally:
            sys.settrace(None)
        if self.seen is not None:
            lines = [f"{p.file} {p.line} {p.what} {n}" for p, n in tracer.passed.items()]
            self.seen.write_text("\n".join(lines), encoding="utf-8")


class Tracer:
    """Counts points from the first order on, and kills the process at one of them."""

    def __init__(self, dies_at: Point | None, time_around: int) -> None:
        self.passed: Counter[Point] = Counter()
        self._dies_at, self._time = dies_at, time_around
        self._armed = False
        self._names: dict[CodeType, str] = {}

    def begin(self) -> None:
        append = Journal.append
        file = append.__code__.co_filename.removeprefix(_ROOT)

        def write(journal: Journal, records: Sequence[Record]) -> None:
            self._armed = self._armed or any(isinstance(r, Intent) for r in records)
            kinds = "+".join(sorted({type(r).__name__ for r in records}))
            line = append.__code__.co_firstlineno
            self._pass(Point(file, line, f"before-{kinds}"))
            append(journal, records)
            self._pass(Point(file, line, f"after-{kinds}"))

        journals.Journal.append = write  # type: ignore[method-assign]
        sys.settrace(self._call)

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        name = self._names.get(code)
        if name is None:
            file = code.co_filename.removeprefix(_ROOT)
            ours = code.co_flags & _ASYNC and file.startswith(PLACES)
            name = self._names[code] = file if ours else ""
        if not name:
            return None
        frame.f_trace_lines = False
        self._pass(Point(name, frame.f_lineno, "resumed"))
        return self._within

    def _within(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "return":
            self._pass(Point(self._names[frame.f_code], frame.f_lineno, "suspended"))
        return self._within

    def _pass(self, point: Point) -> None:
        if not self._armed:
            return
        self.passed[point] += 1
        if point == self._dies_at and self.passed[point] == self._time:
            os.kill(os.getpid(), signal.SIGKILL)


class Zygote:
    """A process with everything imported, which forks one for each errand. It has no sockets and no threads."""

    def __init__(self) -> None:
        self._ours, theirs = Pipe()
        self._pid = os.fork()
        if not self._pid:
            self._ours.close()
            _warm_up()
            _serve(theirs)
        theirs.close()

    def send(self, errand: Errand) -> None:
        self._ours.send(errand)

    def ended(self) -> int:
        """How the last errand ended: its exit code, or minus the signal."""
        return int(self._ours.recv())

    def close(self) -> None:
        self._ours.close()
        os.waitpid(self._pid, 0)


def _warm_up() -> None:
    """Load what is compiled: no life has to."""
    for place in (BINANCE_SPOT, BINANCE_USDM):
        (market,) = coin_markets(COINS[:1], seed=1, start_ms=0, bars=40, kinds=[place.kind])
        agent = Job(place, market.symbols, Path(), 1, 1 << 60).agent
        engine = Engine(agent, market.instruments, market.timeframe, ALLOCATION)
        paper = PaperVenue(market.instruments, agent.rules, ALLOCATION)
        for item in Replay(market):
            for event in paper.trade(item):
                engine.process(event)
            decision = engine.process(item)
            if decision is not None:
                paper.take(decision.orders)
        for symbol in engine.symbols:
            engine.protective_reason(symbol)
        engine.equity_at({})


def _serve(theirs: Connection) -> None:
    while True:
        try:
            errand = theirs.recv()
        except EOFError:
            os._exit(0)
        pid = os.fork()
        if not pid:
            _do(errand)
        _, status = os.waitpid(pid, 0)
        theirs.send(os.waitstatus_to_exitcode(status))


def _do(errand: Errand) -> None:
    code = 1
    try:
        errand.run()
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)
