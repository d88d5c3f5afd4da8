"""Scenarios: timed steps of control commands and faults, from TOML. One is bundled for each row of faults."""

from __future__ import annotations

import asyncio
import contextlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

from tradewind.exchange import Refused
from tradewind.exchange.events import Event, Execution, OrderUpdate
from tradewind.exchange.orders import Cause
from tradewind.gateway.compose import DIALECTS
from tradewind.gateway.control import COMMANDS, ControlApi
from tradewind.gateway.faults import rule_of
from tradewind.gateway.faults.reading import Values
from tradewind.gateway.faults.rules import Match
from tradewind.market import ConfigError, Timeframe, TradewindError
from tradewind.market.suggestions import suggestion

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.02
_WHEN = ("after_seconds", "after_market", "after_orders")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens: a fault is added, a command runs, or (in a crash test) the bot is killed.

    It happens at the start, or so many seconds of wire time, ms of market time or client orders later.
    """

    fault: Mapping[str, Any] | None = None
    do: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    kill: bool = False
    after_seconds: float | None = None
    after_market_ms: int | None = None
    after_orders: int | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens to a venue. `expect` says what a good bot does then."""

    name: str
    title: str
    expect: str
    steps: tuple[Step, ...]
    row: str = ""  # of the table of faults

    @classmethod
    def read(cls, path: Path) -> Scenario:
        """From a TOML file; `ConfigError` names what is wrong in it."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ConfigError(
                f"there is no scenario {path}: known names are {', '.join(bundled())}"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            why = "it is no text" if isinstance(error, UnicodeDecodeError) else error.strerror
            raise ConfigError(f"{path} cannot be read as a scenario ({why}): name a TOML file") from None
        return cls.parse(text, path.stem, str(path))

    @classmethod
    def parse(cls, text: str, name: str, file: str = "") -> Scenario:
        """`ConfigError` names the file (`name` without one), the step and the key that makes no sense."""
        whose = file or name
        try:
            values = Values(tomllib.loads(text), f"scenario {whose}")
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"scenario {whose} is no TOML: {error}") from None
        if values.has("steps"):
            raise ConfigError(f"scenario {whose} knows no steps: did you mean step, as in [[step]]?")
        steps = values.any("step")
        if not isinstance(steps, list) or not steps:
            raise ConfigError(f"scenario {whose} has no steps: write at least one [[step]]")
        made = cls(
            values.text("name", name),
            values.text("title", ""),
            values.text("expect", ""),
            tuple(_step(step, f"step {i} of {whose}") for i, step in enumerate(steps, 1)),
            values.text("row", ""),
        )
        values.done()
        return made

    @classmethod
    def named(cls, name: str) -> Scenario:
        """A bundled one by its name, else the file of that path."""
        known = bundled()
        if name in known:
            text = (files("tradewind.gateway") / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
            return cls.parse(text, name)
        if name.endswith(".toml"):
            return cls.read(Path(name))
        raise ConfigError(f"there is no scenario {name}: {suggestion(name, known)}")


def bundled() -> list[str]:
    """Names of the scenarios that come with Tradewind."""
    found = (entry.name for entry in (files("tradewind.gateway") / "scenarios").iterdir())
    names = [name.removesuffix(".toml") for name in found if name.endswith(".toml")]
    return sorted(
        names, key=lambda name: (name[0], int("".join(c for c in name if c.isdecimal()) or 0), name)
    )


def _step(given: Any, where: str) -> Step:
    values = Values(given, where)
    moments = [name for name in _WHEN if values.has(name)]
    if len(moments) > 1:
        raise ConfigError(f"{where} has {' and '.join(moments)}: give one")
    seconds = values.number("after_seconds") if "after_seconds" in moments else None
    orders = values.whole("after_orders") if "after_orders" in moments else None
    market = _span(values.any("after_market"), where) if "after_market" in moments else None
    kinds = [name for name in ("fault", "do", "kill") if values.has(name)]
    if len(kinds) != 1:
        raise ConfigError(f"{where} needs exactly one of fault, do and kill")
    fault = values.any("fault", None)
    do, kill = values.text("do", ""), values.flag("kill", False)
    arguments = values.any("with", {})
    values.done()
    if do and do not in COMMANDS:
        raise ConfigError(f"{where} cannot do {do!r}: {suggestion(do, COMMANDS)}")
    if not isinstance(arguments, Mapping):
        raise ConfigError(f"with of {where} takes a table of values")
    if arguments and not do:
        raise ConfigError(f"{where} has with, which belongs to do: a fault has its settings within")
    try:
        if fault is not None:
            _check_places(rule_of(_filled(fault, _STAND_INS)).match)
        elif do:
            _check_command(do, _filled(arguments, _STAND_INS))
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    return Step(fault, do, arguments, kill, seconds, market, orders)


def _check_command(do: str, arguments: Mapping[str, Any]) -> None:
    """`ConfigError` for what the command would refuse whatever the exchange holds."""
    COMMANDS[do].given(arguments)
    venue = arguments.get("venue", "")
    if venue and venue not in DIALECTS:
        raise ConfigError(f"venue of {do} is {venue!r}: {suggestion(venue, DIALECTS)}")


def _check_places(match: Match) -> None:
    """`ConfigError` for patterns that no venue and no dialect fits."""
    speaking = [dialect.name for spoken in DIALECTS.values() for dialect in spoken]
    for name, pattern, known in (
        ("venue", match.venue, list(DIALECTS)),
        ("dialect", match.dialect, speaking),
    ):
        if pattern and not any(fnmatchcase(one, pattern) for one in known):
            raise ConfigError(f"match.{name} is {pattern!r}: {suggestion(pattern, known)}")


def _span(value: Any, where: str) -> int:
    if isinstance(value, str):
        try:
            return Timeframe(value).ms
        except TradewindError:
            raise ConfigError(
                f"after_market of {where} is {value!r}, expected such as 5m, 1h or 1d"
            ) from None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigError(f"after_market of {where} is {value!r}, expected ms or such as 5m")
    return value


_STAND_INS = {"venue": "binance", "account": "bot", "symbol": "BTC/USDT"}


def _filled(value: Any, names: Mapping[str, str]) -> Any:
    """With `$symbol`, `$account` and `$venue` replaced; `ConfigError` for another name behind a $."""
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace(f"${name}", text)
        left = re.search(r"\$\w+", value)
        if left is not None:
            raise ConfigError(f"there is no {left[0]}: {suggestion(left[0][1:], names, '$')}")
        return value
    if isinstance(value, Mapping):
        return {k: _filled(v, names) for k, v in value.items()}
    return [_filled(v, names) for v in value] if isinstance(value, list) else value


class ScenarioRun:
    """A scenario under way: `async with ScenarioRun(...)`; leaving ends what has not happened yet.

    `names` fill `$venue`, `$account` and `$symbol`. What cannot be done at its time (no position to take away)
    is kept in `failed`, with the sentence of the refusal, and the rest goes on.
    """

    def __init__(
        self,
        scenario: Scenario,
        control: ControlApi,
        names: Mapping[str, str],
        kill: Callable[[], None] | None = None,
    ) -> None:
        self.scenario = scenario
        self.failed: list[str] = []
        self.done: list[dict[str, Any]] = []  # what happened: commands with what came of them, and kills
        self.orders = 0
        self._control = control
        self._names = names
        self._kill = kill
        self._waiting = list(scenario.steps)
        self._task: asyncio.Task[None] | None = None
        self._leave: list[Callable[[], None]] = []

    async def __aenter__(self) -> ScenarioRun:
        desk = self._control.desk
        self._clock = desk.clock
        self.begin()
        for venue, house in desk.houses.items():
            if venue == self._names.get("venue", venue):
                self._leave.append(house.exchange.subscribe(self._count))
        self._look()
        self._task = asyncio.create_task(self._watch(), name=f"scenario {self.scenario.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for leave in self._leave:
            leave()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def begin(self) -> None:
        """Count the time of steps from now on."""
        self._started = (self._clock.wire.now_ms(), self._clock.now_ms())

    async def _watch(self) -> None:
        while self._waiting:
            await asyncio.sleep(LOOK_SECONDS)
            self._look()

    def _count(self, event: Event) -> None:
        if (
            isinstance(event, OrderUpdate)
            and event.execution is Execution.NEW
            and event.order.cause is Cause.CLIENT
        ):
            self.orders += 1
            if any(step.after_orders is not None for step in self._waiting):
                asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        due = [step for step in self._waiting if self._is_due(step)]
        for step in due:
            self._waiting.remove(step)
            self._take(step)

    def _is_due(self, step: Step) -> bool:
        wire, market = self._started
        if step.after_seconds is not None:
            return self._clock.wire.now_ms() - wire >= step.after_seconds * 1000
        if step.after_market_ms is not None:
            return self._clock.now_ms() - market >= step.after_market_ms
        return step.after_orders is None or self.orders >= step.after_orders

    def _take(self, step: Step) -> None:
        try:
            if step.fault is not None:
                rule = dict(_filled(step.fault, self._names))
                rule.setdefault("name", self.scenario.name)
                rule["match"] = {"venue": self._names.get("venue", "")} | rule.get("match", {})
                self._control.run("faults/add", rule)
            elif step.do:
                result = self._control.run(step.do, _filled(step.values, self._names))
                self.done.append({"do": step.do, "result": result})
            elif self._kill is not None:
                self._kill()
                self.done.append({"do": "kill", "result": None})
        except (TradewindError, Refused) as error:
            self.failed.append(f"{step.do or 'fault'}: {error}")
            log.warning("a step could not be done", scenario=self.scenario.name, why=str(error))
