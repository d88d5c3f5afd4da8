"""Private channels of v2: orders, plan orders, fills, balances, positions."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import Exchange
from tradewind.exchange.events import AlgoUpdate, Event, FuturesUpdate, OrderUpdate, SpotUpdate
from tradewind.gateway.bitget.desk import Desk
from tradewind.gateway.bitget.listings import settle_coins
from tradewind.gateway.bitget.sockets.topic import AccountTopic, Key
from tradewind.gateway.bitget.v2 import pushed_rows


class WalletTopic(AccountTopic):
    """About one account, in the spot wallet and its markets or in futures. `symbol` None: all markets."""

    def __init__(
        self,
        exchange: Exchange,
        key: Key,
        arg: dict[str, Any],
        account: str,
        spot: bool,
        symbol: str | None,
        desk: Desk,
    ) -> None:
        super().__init__(exchange, key, arg, account)
        self.spot = spot
        self.symbol = symbol
        self.desk = desk

    def about(self, symbol: str) -> bool:
        if self.symbol is not None:
            return symbol == self.symbol
        return self.exchange.listings[symbol].is_spot is self.spot


class OrdersTopic(WalletTopic):
    """Every change of an order."""

    def hear(self, event: Event) -> None:
        if isinstance(event, OrderUpdate) and self.about(event.order.symbol):
            self.send("snapshot", [pushed_rows.order_row(event, self.exchange)])


class PlansTopic(WalletTopic):
    """Every change of a plan order."""

    def hear(self, event: Event) -> None:
        if isinstance(event, AlgoUpdate) and self.about(event.algo.request.symbol):
            self.send("snapshot", [pushed_rows.plan_row(event, self.exchange, self.desk)])


class FillsTopic(WalletTopic):
    """Every trade of the account."""

    def hear(self, event: Event) -> None:
        if isinstance(event, OrderUpdate) and event.trade is not None and self.about(event.trade.symbol):
            self.send("snapshot", [pushed_rows.fill_row(event.trade, self.exchange)])


class SpotBalancesTopic(WalletTopic):
    """All coins first, then those that changed. `symbol` is a coin here."""

    def greet(self) -> Any:
        account = self.exchange.account(self.account)
        at = account.updated_ms or self.exchange.now_ms
        return [
            pushed_rows.spot_balance_row(coin, b.free, b.locked, at)
            for coin, b in account.spot.items()
            if self.symbol in (None, coin)
        ]

    def hear(self, event: Event) -> None:
        if isinstance(event, SpotUpdate):
            rows = [
                pushed_rows.spot_balance_row(b.asset, b.free, b.locked, event.time_ms)
                for b in event.balances
                if self.symbol in (None, b.asset)
            ]
            if rows:
                self.send("snapshot", rows)


class FuturesBalancesTopic(WalletTopic):
    """The futures wallet, whole. `symbol` is a coin here."""

    def greet(self) -> Any:
        return [
            pushed_rows.futures_balance_row(self.exchange, self.account, coin)
            for coin in settle_coins(self.exchange)
            if self.symbol in (None, coin)
        ]

    def hear(self, event: Event) -> None:
        if isinstance(event, FuturesUpdate) or (
            isinstance(event, OrderUpdate) and not self.exchange.listings[event.order.symbol].is_spot
        ):
            self.send("snapshot", self.greet())


class PositionsTopic(WalletTopic):
    """All open positions, whenever one of them changed: what is not in the list is closed."""

    def greet(self) -> Any:
        found = self.exchange.positions.all(self.account, self.symbol)
        return [pushed_rows.position_row(state, self.exchange) for state in found]

    def hear(self, event: Event) -> None:
        if isinstance(event, FuturesUpdate) and any(self.about(p.symbol) for p in event.positions):
            self.send("snapshot", self.greet())
