"""What an account of Binance Spot hears of its orders and balances. Times are market time, those of keys wire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tradewind.exchange import Exchange, Order
from tradewind.exchange.events import BalanceCause, Execution, OrderListUpdate, OrderUpdate, SpotUpdate
from tradewind.gateway.binance.listen_keys import ListenKey, ListenKeys
from tradewind.gateway.binance.spot.markets import eight
from tradewind.gateway.binance.spot.shown import list_of, list_status, symbol_id, trailing_since
from tradewind.gateway.binance.spot.words import STATUS_NAMES, TYPE_NAMES
from tradewind.gateway.binance.streams import Hub
from tradewind.market import Clock

Hearer = Callable[[dict[str, Any]], None]
_EXECUTIONS = {execution: execution.name for execution in Execution} | {
    Execution.AMENDED: "REPLACED",
    Execution.TRIGGERED: "NEW",
}


class UserEvents:
    """Who hears which account: listen keys at the hub, and subscriptions of the WebSocket API."""

    def __init__(self, hub: Hub, exchange: Exchange, keys: ListenKeys, wire: Clock) -> None:
        self._hub = hub
        self._exchange = exchange
        self._keys = keys
        self._wire = wire
        self._hearers: dict[str, dict[Hearer, None]] = {}
        self._by_key: dict[str, tuple[str, Hearer]] = {}
        self._executions = 0
        self.on_change: Callable[[], None] = _nothing
        keys.on_gone = self._gone

    @property
    def heard(self) -> bool:
        return bool(self._hearers)

    def add(self, account: str, hearer: Hearer) -> None:
        """Let a hearer have the account's events."""
        self._hearers.setdefault(account, {})[hearer] = None
        self.on_change()

    def remove(self, account: str, hearer: Hearer) -> None:
        found = self._hearers.get(account, {})
        found.pop(hearer, None)
        if not found:
            self._hearers.pop(account, None)
        self.on_change()

    def account_of(self, name: str) -> str:
        """Whose listen key it is; empty for any other stream."""
        return self._keys.account_of(name)

    def start(self, name: str) -> bool:
        """A socket wants that stream: whether it is a listen key that lives."""
        key = self._keys.find(name)
        if key is None:
            return False

        def hear(event: dict[str, Any]) -> None:
            self._hub.publish(name, event)

        self._by_key[name] = (key.account, hear)
        self.add(key.account, hear)
        return True

    def stop(self, name: str) -> None:
        found = self._by_key.pop(name, None)
        if found is not None:
            self.remove(*found)

    def _gone(self, key: ListenKey, expired: bool) -> None:
        if expired:
            event = {"e": "listenKeyExpired", "E": self._wire.now_ms(), "listenKey": key.name}
            self._hub.publish(key.name, event)
        self.stop(key.name)

    def order(self, update: OrderUpdate) -> None:
        """An order changed."""
        if update.account in self._hearers and self._exchange.listings[update.order.symbol].is_spot:
            self._executions += 1
            self._tell(update.account, execution_report(update, self._executions))

    def order_list(self, update: OrderListUpdate) -> None:
        """An order list began or is done."""
        if update.account in self._hearers:
            orders = self._exchange.lists.orders(update.orders)
            self._tell(update.account, list_report(update, orders))

    def balances(self, update: SpotUpdate) -> None:
        """Balances changed: by an order, or from outside, which is told twice."""
        if update.account not in self._hearers:
            return
        if update.cause is not BalanceCause.ORDER:
            for balance in update.balances:
                if balance.change:
                    self._tell(
                        update.account,
                        {
                            "e": "balanceUpdate",
                            "E": update.time_ms,
                            "a": balance.asset,
                            "d": eight(balance.change),
                            "T": update.time_ms,
                        },
                    )
        self._tell(
            update.account,
            {
                "e": "outboundAccountPosition",
                "E": update.time_ms,
                "u": update.time_ms,
                "B": [{"a": b.asset, "f": eight(b.free), "l": eight(b.locked)} for b in update.balances],
            },
        )

    def _tell(self, account: str, event: dict[str, Any]) -> None:
        for hearer in tuple(self._hearers.get(account, ())):
            hearer(event)


def execution_report(update: OrderUpdate, number: int) -> dict[str, Any]:
    """One change of an order; `number` is that of the execution."""
    order, trade = update.order, update.trade
    works = update.status.is_open and order.working_ms > 0
    found = {
        "e": "executionReport",
        "E": update.time_ms,
        "s": symbol_id(order),
        "c": update.client_id,
        "S": order.side.name,
        "o": TYPE_NAMES[order.original_type],
        "f": order.time_in_force.name,
        "q": eight(update.quantity),
        "p": eight(update.price),
        "P": eight(order.stop_price),
        "F": eight(order.iceberg),
        "g": list_of(order),
        "C": update.original_client_id,
        "x": _EXECUTIONS[update.execution],
        "X": STATUS_NAMES[update.status],
        "r": "NONE",
        "i": order.id,
        "l": eight(trade.quantity) if trade else "0.00000000",
        "z": eight(update.filled),
        "L": eight(trade.price) if trade else "0.00000000",
        "n": eight(trade.fee) if trade else "0",
        "N": trade.fee_asset if trade else None,
        "T": update.time_ms,
        "t": trade.id if trade else -1,
        "I": number,
        "w": works,
        "m": trade.maker if trade else False,
        "M": False,
        "O": order.created_ms,
        "Z": eight(update.quote_filled),
        "Y": eight(trade.quote_quantity) if trade else "0.00000000",
        "Q": eight(order.quote_quantity),
        "V": order.self_trade.name,
    }
    if order.working_ms:
        found["W"] = order.working_ms
    if order.trailing_delta:
        found["d"], found["D"] = order.trailing_delta, trailing_since(order)
    if order.prevented:
        found["A"] = eight(order.prevented)
    return found


def list_report(update: OrderListUpdate, orders: Sequence[Order]) -> dict[str, Any]:
    """The status of an order list and the names of its orders."""
    found, status = update.orders, list_status(update.status)
    return {
        "e": "listStatus",
        "E": update.time_ms,
        "s": symbol_id(found),
        "g": found.id,
        "c": "OCO",
        "l": status[0],
        "L": status[1],
        "r": "NONE",
        "C": found.client_id,
        "T": update.time_ms,
        "O": [{"s": symbol_id(order), "i": order.id, "c": order.client_id} for order in orders],
    }


def _nothing() -> None:
    """Until somebody is to be told."""
