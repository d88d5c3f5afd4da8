"""A whole run at a venue as `cli` composes it, bar by bar in virtual time: the venue is scripted, all else is real."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from tests.trading.accounting import ScriptedAccount
from tests.trading.marketplace import Marketplace
from tests.trading.ordering import PERP, VirtualClock, settle
from tradewind.cli.live.account_outfit import AccountOutfit
from tradewind.cli.live.outfits import Outfit
from tradewind.cli.live.plan import Plan, open_journal
from tradewind.cli.trial import Named
from tradewind.config import OnStop, RunSettings, Settings
from tradewind.features import FeatureSpec
from tradewind.market import (
    Bar,
    Command,
    CommandKind,
    Fill,
    Instrument,
    Observation,
    Snapshot,
    Timeframe,
)
from tradewind.policy.agent import agent_of_policy
from tradewind.policy.baselines import Baseline
from tradewind.risk import RiskLimits
from tradewind.simulator import Rules
from tradewind.trading.acting.settings import ExecutionSettings
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.journal.storage import Storage
from tradewind.trading.risk.guard_settings import GuardSettings
from tradewind.trading.session.live import LiveItems
from tradewind.trading.session.session import SessionSummary, run_session
from tradewind.trading.terms.account_venue import (
    AccountListener,
    AccountReading,
    MarginMode,
    MarginSettings,
    PositionMode,
    VenuePosition,
)
from tradewind.trading.terms.order_records import Denied, OrderAlarm
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.terms.order_venue import OrderReport, Trade
from tradewind.trading.watching.supervision import Supervisor

MINUTE = 60_000
ALLOCATION = 10_000.0
VOLUME = 1e6
OTHER = replace(PERP, symbol="BTC/USDT:USDT", base="BTC")
LIMITS = RiskLimits(max_weight=1.0, stop_loss=0.05, cooldown_bars=0, daily_loss=None, max_drawdown=None)


class Told(Baseline):
    """Wants what a test tells it to."""

    def __init__(self, symbols: Sequence[Instrument]) -> None:
        super().__init__([one.kind for one in symbols])
        self.wanted: Any = np.zeros(self.width)
        self.asked: Callable[[], None] = lambda: None  # while it thinks

    def decide(self, observation: Observation) -> Any:
        self.asked()
        return np.array(self.wanted, np.float64)


@dataclass
class MarketTime:
    """Of the venue, as `VenueClock` tells it; the wire's clock is the same here."""

    clock: VirtualClock
    skew_ms: int = 0
    jumps: int = 0

    def now_ms(self) -> int:
        return self.clock.now_ms()

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)


@dataclass
class Market(Marketplace, ScriptedAccount):
    """Prices, orders, balances and settings of one account, which tells its listener."""

    waits: float = 0.0
    silent: bool = False  # the stream of the account tells nothing
    without_fee: str | None = (
        None  # the coin in which fees are told, which nobody knows; empty: they are not told
    )
    splits: Decimal | None = None  # what part of a lot is a trade of its own, first
    _listener: AccountListener | None = None
    _whole: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.settings = MarginSettings(1.0, MarginMode.ISOLATED, PositionMode.ONE_WAY)
        self.desk = self  # type: ignore[assignment]

    async def set_margin(self, symbol: str, leverage: float, margin_mode: MarginMode) -> None:
        self.settings = MarginSettings(leverage, margin_mode, PositionMode.ONE_WAY)

    def wait_seconds(self) -> float:
        return self.waits

    async def venue_time(self) -> int:
        return self.clock.now_ms()

    async def close(self) -> None:
        self._listener = None

    async def listen(self, listener: AccountListener) -> None:
        self._listener, self._line = listener, asyncio.get_running_loop().create_future()
        listener.connected()
        await self._line

    def break_stream(self, error: Exception) -> None:
        """The task that listens ends with this error, and nobody listens until it is started again."""
        self._listener = None
        self._line.set_exception(error)

    def hear(self, what: Trade | OrderReport) -> None:
        if self._listener is None or self.silent:
            return
        if isinstance(what, Trade):
            for trade in self._as_told(what):
                self._listener.trade(trade)
        else:
            self._listener.order(what)

    async def trades(self, symbol: str, since: int) -> Sequence[Trade]:
        return [told for trade in await super().trades(symbol, since) for told in self._as_told(trade)]

    def _as_told(self, trade: Trade) -> list[Trade]:
        """Perhaps without its fee, perhaps in two."""
        fill = trade.fill
        if self.without_fee is not None:
            fill = replace(fill, fee=Decimal(bool(self.without_fee)), fee_asset=self.without_fee)
        if self.splits is None or fill.trade_id in self._whole:
            self._whole.add(fill.trade_id)
            return [replace(trade, fill=fill)]
        lot = self.listed[fill.symbol].lot
        part = math.copysign(1, fill.lots) * float(self.splits)
        first = Decimal(str(part)) * lot
        rest = fill.quantity - first
        whole = self.listed[fill.symbol].whole_lots(rest)
        return [
            replace(trade, fill=replace(fill, trade_id=f"{fill.trade_id}a", lots=0, quantity=first)),
            replace(trade, fill=replace(fill, trade_id=f"{fill.trade_id}b", lots=whole, quantity=rest)),
        ]

    def check_send(self, intent: Intent) -> None:
        """Whatever was sent can be read from `orders`."""
        assert self.most is None or abs(intent.lots) <= self.most

    async def account(self) -> AccountReading:
        """Of every listed perpetual, where `ScriptedAccount` knows one."""
        reading = await super().account()
        if not reading.positions:
            return reading
        others = {s: await self.holding(s) for s in self.listed if s != PERP.symbol}
        positions = {s: VenuePosition(s, held, mark=Decimal(100)) for s, held in others.items()}
        return replace(reading, positions={**positions, **reading.positions})


@dataclass
class Composed:
    """`start`, then `bar` after bar; `die` and `start` again, or `stop`."""

    path: Path
    symbols: tuple[Instrument, ...] = (PERP,)
    rules: Rules = field(default_factory=lambda: Rules(risk=LIMITS, band=0.0))
    guards: GuardSettings = field(default_factory=GuardSettings)
    execution: ExecutionSettings = field(default_factory=ExecutionSettings)
    on_stop: OnStop = OnStop.KEEP
    share: float = 1.0  # of the allocation, that a start grants
    features: tuple[FeatureSpec, ...] = ()
    clock: VirtualClock = field(default_factory=VirtualClock)
    alarms: list[OrderAlarm] = field(default_factory=list)
    denied: list[Denied] = field(default_factory=list)
    died: list[str] = field(default_factory=list)
    told_of_storage: list[str] = field(default_factory=list)
    outfit: Outfit = field(init=False)

    def __post_init__(self) -> None:
        self.venue = Market(self.clock)
        self.venue.listed = {i.symbol: i for i in self.symbols}
        for one in self.symbols:
            self.venue.quote(one.symbol, 100.0)
        self.market_time = MarketTime(self.clock)
        self.policy = Told(self.symbols)
        self.policy.required_features = self.features
        self.open_time = self.clock.now_ms() // MINUTE * MINUTE

    @property
    def plan(self) -> Plan:
        agent = agent_of_policy("told", self.policy, self.rules)
        settings = Settings(
            guards=self.guards, execution=self.execution, run=RunSettings(on_stop=self.on_stop)
        )
        return Plan(
            RunFolder(self.path / "runs" / "one"), "testnet", "local", "venue", "main", self.symbols[0].kind,
            Named(agent, None, {"baseline": "told"}), tuple(i.symbol for i in self.symbols), Timeframe("1m"),
            ALLOCATION, settings,
        )  # fmt: skip

    async def start(self) -> None:
        """Recovered from its journal, through the gate, and at work; two bars warm it up."""
        plan = self.plan
        self.journal = open_journal(plan, self.symbols, self.clock.now_ms())
        make = AccountOutfit(
            self.venue, self.venue.quotes, self.clock, self.market_time, self.alarms.append,
            on_denied=self.denied.append, grants=lambda journal, now: self.share,
        )  # fmt: skip
        storage = Storage(plan.folder.path, self.journal, self.told_of_storage.append)
        making = asyncio.ensure_future(make(plan, self.journal, lambda bar: True, storage.objection))
        while not making.done():
            await self.clock.advance(0.5)
        self.outfit = making.result()
        self._bars: asyncio.Queue[Snapshot] = asyncio.Queue()
        self.items = LiveItems(
            self._source(), plan.folder, self.clock, self.outfit.desk.at_once, self.outfit.found.commands
        )
        self.supervisor = Supervisor(self.clock, lambda name, error: self.died.append(f"{name}: {error!r}"))
        for name, work in self.outfit.tasks.items():
            self.supervisor.start(name, work, vital=name in self.outfit.vital)
        self.session = asyncio.ensure_future(run_session(self.outfit.engine, self.items, self.outfit.desk))
        self._market = asyncio.ensure_future(self._quote())
        for _ in range(2):
            await self.bar()

    async def bar(
        self,
        price: float | None = None,
        *,
        want: Any = None,
        seconds: float = 5.0,
        missing: Sequence[str] = (),
        volume: float = VOLUME,
    ) -> None:
        """A minute passes, the bar closes at this price, and so many seconds after it pass too."""
        self.policy.wanted = np.full(len(self.symbols), np.nan) if want is None else np.array(want, float)
        close_time = self.open_time + MINUTE
        await self.clock.advance(max(0.0, (close_time - self.clock.now_ms()) / 1000))
        self._bars.put_nowait(self._closed(price, missing, volume))
        await settle()
        await self.clock.advance(seconds)

    def _closed(self, price: float | None, missing: Sequence[str], volume: float) -> Snapshot:
        opened, closed = self.open_time, self.open_time + MINUTE
        bars = []
        for one in self.symbols:
            before = self.venue.price(one.symbol)
            now = before if price is None else price
            self.venue.move(one.symbol, now)
            high, low = max(before, now), min(before, now)
            whole = Bar(opened, closed, before, high, low, now, volume)
            bars.append(None if one.symbol in missing else whole)
        self.open_time = closed
        return Snapshot(opened, closed, tuple(bars))

    async def stop(self) -> SessionSummary:
        self.items.put(Command(CommandKind.STOP, self.clock.now_ms(), "the test is over"))
        for _ in range(100):
            if self.session.done():
                break
            await self.clock.advance(0.5)
        await self._end()
        return self.session.result()

    def close(self, price: float | None = None) -> None:
        """A bar closes now, and nobody waits for what becomes of it."""
        self._bars.put_nowait(self._closed(price, (), VOLUME))

    async def die(self) -> None:
        """As SIGKILL: nothing is said to the venue any more."""
        self.session.cancel()
        await asyncio.gather(self.session, return_exceptions=True)
        await self._end()

    async def _end(self) -> None:
        self._market.cancel()
        await self.supervisor.close()
        desk: Any = self.outfit.desk
        await desk._execution.close()
        await desk._manager.close()
        self.journal.close()

    async def _source(self) -> AsyncIterator[Snapshot]:
        while True:
            yield await self._bars.get()

    async def _quote(self) -> None:
        while True:
            await self.clock.sleep(5.0)
            for one in self.symbols:
                self.venue.quote(one.symbol, self.venue.price(one.symbol))

    # -- what a person would look at

    @property
    def records(self) -> list[Record]:
        with Journal.open(self.plan.folder.journal) as journal:
            return [record for _, record in journal.records()]

    @property
    def sent(self) -> list[Intent]:
        """All orders that the venue ever took, in order."""
        return [order.intent for order in self.venue.orders.values()]

    def of(self, kind: type[Any]) -> list[Any]:
        return [record for record in self.records if isinstance(record, kind)]

    @property
    def status(self) -> Mapping[str, Any]:
        return self.outfit.status()

    def held(self, symbol: str = PERP.symbol) -> int:
        return self.venue.position(symbol)

    def sellable(self, instrument: Instrument) -> int:
        """What is held, fees that were paid in base taken off."""
        of_it = [f for f in self.of(Fill) if f.symbol == instrument.symbol and f.fee_asset == instrument.base]
        paid = sum((f.fee for f in of_it), Decimal(0))
        return self.held(instrument.symbol) - math.ceil(paid / instrument.lot)

    def stops(self, symbol: str = PERP.symbol) -> list[int]:
        """Signed lots of each stop that rests."""
        return [int(math.copysign(o.left, o.intent.lots)) for o in self.venue.stops(symbol)]

    @property
    def told(self) -> list[str]:
        """The names of all alarms."""
        return [alarm.alarm.value for alarm in self.alarms]


def played(story: Callable[[Composed], Any], path: Path, **settings: Any) -> Composed:
    """Tell a story of one run, which is stopped afterwards; its books are the venue's."""

    async def run() -> Composed:
        one = Composed(path, **settings)
        await one.start()
        try:
            await story(one)
        finally:
            if not one.session.done():
                await one.stop()
        if one.outfit.status()["in_doubt"] == 0:
            assert one.outfit.engine.position_lots() == {s.symbol: one.sellable(s) for s in one.symbols}
        return one

    return asyncio.run(run())
