"""The scripted venue as a whole account: balances, positions, funding, settings, and readings that lie."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.trading.ordering import (
    INSTRUMENTS,
    OWNED,
    PERP,
    SPOT,
    Desk,
    ScriptedVenue,
    settle,
)
from tradewind.market import AccessRefused, CashFlow, ConfigError, Instrument, Kind, OrderId
from tradewind.trading.comparing.reconcile import Reconciler
from tradewind.trading.terms.account_venue import (
    AccountReading,
    Balance,
    MarginMode,
    MarginSettings,
    Permissions,
    PositionMode,
    VenuePosition,
)
from tradewind.trading.terms.discrepancy import Discrepancy, Policy
from tradewind.trading.terms.order_states import Alarm

WALLET = 10_000.0
WANTED = MarginSettings(3.0, MarginMode.ISOLATED, PositionMode.ONE_WAY)


@dataclass
class ScriptedAccount(ScriptedVenue):
    kind: Kind = Kind.PERPETUAL
    rests_stops: bool = True
    most: int | None = None  # lots in one order
    cash: Decimal = Decimal(50_000)  # USDT
    moved: dict[str, Decimal] = field(default_factory=dict)  # by the user, behind the run
    flows: list[CashFlow] = field(default_factory=list)
    listed: dict[str, Instrument] = field(default_factory=lambda: {i.symbol: i for i in INSTRUMENTS})
    settings: MarginSettings = WANTED
    lies: list[Callable[[AccountReading], AccountReading]] = field(
        default_factory=list
    )  # of the next readings
    refusal: str = ""
    shut: bool = False  # to our key
    asked: list[tuple[str, float]] = field(default_factory=list)
    at_once: int = 0  # how many readings are on their way
    most_at_once: int = 0

    async def holding(self, symbol: str) -> Decimal:
        return await super().holding(symbol) + self.moved.get(symbol, Decimal(0))

    def most_lots(self, symbol: str) -> int | None:
        return self.most

    async def account(self) -> AccountReading:
        self.asked.append(("account", self.clock.now))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            btc, eth = await self.holding(SPOT.symbol), await self.holding(PERP.symbol)
        finally:
            self.at_once -= 1
        if self.shut:
            raise AccessRefused("the venue refuses this key: -2015 Invalid API-key")
        if self.refusal:
            raise ConfigError(self.refusal)
        balances = {"USDT": Balance(self.cash, self.cash), "BTC": Balance(btc, btc)}
        positions = {PERP.symbol: VenuePosition(PERP.symbol, eth, mark=Decimal(100))}
        reading = AccountReading(self.clock.now_ms(), balances, positions)
        return self.lies.pop(0)(reading) if self.lies else reading

    async def open_orders(self, symbol: str) -> Any:
        self.asked.append(("orders", self.clock.now))
        return await super().open_orders(symbol)

    async def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        await self._reading()
        return {s: self.listed[s] for s in symbols if s in self.listed}

    async def cash_flows(self, since: int) -> Sequence[CashFlow]:
        await self._reading()
        return [flow for flow in self.flows if flow.at >= since]

    async def margin_settings(self, symbol: str) -> MarginSettings:
        await self._reading()
        return self.settings

    async def permissions(self) -> Permissions:
        return Permissions(trade=True, withdraw=False, transfer=False)

    def times(self, what: str) -> list[float]:
        return [at for asked, at in self.asked if asked == what]


class Office(Desk):
    """A desk at a whole account, with the reconciler of its run."""

    venue: ScriptedAccount

    def __init__(self, path: Any, **settings: Any) -> None:
        super().__init__(path)
        self.venue = ScriptedAccount(self.clock, desk=self)
        self.wallet = WALLET
        self.flows: list[CashFlow] = []
        self.rules: list[Instrument] = []
        self.settings = {"policy": Policy.HALT, "wanted": {PERP.symbol: WANTED}} | settings

    async def reconcile(self) -> Reconciler:
        """Through the gate, then on its own."""
        gate = self.work(self.make_reconciler().gate())
        await self.clock.advance(3)
        await settle()
        gate.result()
        self.running = self.work(self.reconciler.run())
        return self.reconciler

    def make_reconciler(self) -> Reconciler:
        self.reconciler = Reconciler(
            self.manager,
            self.venue,
            self.clock,
            lambda: self.wallet,
            self._take,
            learn_rules=self.rules.append,
            **self.settings,
        )
        return self.reconciler

    def _take(self, flow: CashFlow) -> None:
        self.flows.append(flow)
        self.wallet += float(flow.amount)

    async def end(self) -> None:
        self.running.cancel()
        await settle()
        self._tasks.remove(self.running)

    async def buy(self, symbol: str, lots: int) -> OrderId:
        """Placed and filled, told by the stream."""
        order = self.order(symbol, lots)
        self.submit(order)
        await self.clock.advance(0.5)
        self.venue.fill(self.venue.orders[order.id], abs(lots))
        await self.clock.advance(0.5)
        return order.id

    def told(self) -> list[Alarm]:
        return [a.alarm for a in self.alarms]

    def discrepancies(self) -> list[Discrepancy]:
        return [record for _, record in self.journal.records() if isinstance(record, Discrepancy)]

    def refused(self, symbol: str, lots: int = 1) -> str:
        """Why an order that adds exposure would not go now."""
        paused = self.manager.paused.get(symbol, "")
        return self.manager.ledger.objection(self.order(symbol, lots), paused=paused)


Scenario = Callable[[Office], Awaitable[None]]
OWNED_BEFORE = OWNED
