"""A run as `run testnet` makes it, at a local exchange of its own, with a fault on the way: does it survive that?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from tradewind.cli.live.asked import AskedRun, plan_of
from tradewind.cli.live.drilled import drilled
from tradewind.cli.live.trade import trade
from tradewind.clients.connect import Environment
from tradewind.clients.credentials import Credentials
from tradewind.clients.keys import Keys
from tradewind.gateway.compose import LocalExchange, Opening, Settings, open_exchange
from tradewind.gateway.faults.rules import rule_of
from tradewind.gateway.markets import listed
from tradewind.market import Command, CommandKind, Decision, Market
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.session.desk import Item
from tradewind.trading.session.session import Watcher

ACCOUNT = "demo"
# A market order is carried out and its reply is lost; what the account's stream would tell of it cuts the stream.
FAULTS: tuple[dict[str, Any], ...] = (
    {
        "name": "reply lost",
        "do": "drop",
        "at": "after",
        "match": {"kind": "place", "account": ACCOUNT, "fields": {"type": "MARKET"}},
        "when": {"times": 1},
    },
    {
        "name": "stream cut",
        "do": "cut",
        "where": "frame",
        "match": {"event": "ORDER_TRADE_UPDATE", "account": ACCOUNT},
        "when": {"times": 1},
    },
)


@dataclass(frozen=True, slots=True)
class Drill:
    """The run asked for, on perpetuals at Binance, on the bars of `market` as they close from the row `start` on.

    `speed`: market seconds in a second. The first market order after `fault_after` decisions meets the faults. From
    the `decisions`th decision on the run is stopped as soon as it holds a position, so that there is one to close.
    """

    asked: AskedRun
    market: Market
    start: int
    decisions: int
    speed: float
    fault_after: int
    deposit: Decimal

    async def run(self, watch: Watcher) -> dict[str, Any]:
        """Trade, then tell what happened: by the journal, and by the exchange's own ledger."""
        me = Opening.local(ACCOUNT, {"USDT": self.deposit})
        began, venue = int(self.market.open_time[self.start]), "binance"
        settings = Settings(listed(self.market), began, speed=self.speed, accounts=[me], tls=False)
        async with await open_exchange(settings) as local:
            asked = replace(self.asked, venue=venue, at=local.url)
            keys = Keys(me.key, me.secret, me.passphrase)
            credentials = Credentials(keys, venue, Environment.LOCAL, "the drill")
            plan = plan_of(asked, asked.settings(), Environment.LOCAL.value, credentials.fingerprint)
            director, warnings = _Director(self, local, plan.folder), list[str]()

            def watched(item: Item, decision: Decision | None) -> None:
                if decision is not None:
                    director.see(decision)
                watch(item, decision)

            summary = await trade(plan, local.url, credentials, watched, warnings.append)
            exchange = local.house(venue).exchange
            told = drilled(plan, summary, exchange, ACCOUNT, self.deposit, self.speed)
            return {"speed": self.speed, "faults": local.faults.fired(), "warnings": warnings, **told}


class _Director:
    """Lets the faults happen and stops the run, each at its moment."""

    def __init__(self, plot: Drill, local: LocalExchange, folder: RunFolder) -> None:
        self._plot, self._local, self._folder = plot, local, folder
        self._decisions, self._stopped = 0, False
        self._break()

    def see(self, decision: Decision) -> None:
        self._decisions += 1
        self._break()
        if self._decisions >= self._plot.decisions and not self._stopped and self._holds():
            self._stopped = True
            self._folder.send(Command(CommandKind.STOP, decision.at, "the drill is over"))

    def _break(self) -> None:
        if self._decisions == self._plot.fault_after:
            for fault in FAULTS:
                self._local.faults.add(rule_of(fault))

    def _holds(self) -> bool:
        exchange = self._local.house("binance").exchange
        return any(position.quantity for position in exchange.positions.all(ACCOUNT))
