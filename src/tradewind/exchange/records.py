"""Orders and trades by account, market, id and name. The oldest closed ones are let go."""

from __future__ import annotations

from collections import deque
from itertools import islice

from tradewind.exchange.orders import AlgoOrder, Order, Trade
from tradewind.exchange.refusal import Refusal, Refused


class Records:
    """`keep` closed orders in all, and as many trades and closed algo orders, stay to be asked for."""

    def __init__(self, keep: int = 50_000) -> None:
        self.keep = keep
        self._orders: dict[int, Order] = {}
        self._of: dict[tuple[str, str], dict[int, Order]] = {}
        self._named: dict[tuple[str, str, str], int] = {}
        self._closed: deque[int] = deque()
        self._trades: dict[tuple[str, str], deque[Trade]] = {}
        self._algos: dict[int, AlgoOrder] = {}
        self._algo_named: dict[tuple[str, str], int] = {}
        self._closed_algos: deque[int] = deque()

    def add(self, order: Order) -> None:
        self._orders[order.id] = order
        self._of.setdefault((order.account, order.symbol), {})[order.id] = order
        self.name(order)

    def name(self, order: Order) -> None:
        """Make the order known by its client id; the newest bearer of a name is found by it."""
        self._named[order.account, order.symbol, order.client_id] = order.id

    def close(self, order: Order) -> None:
        """The order is final: it may be forgotten when its time comes."""
        self._closed.append(order.id)
        while len(self._closed) > self.keep:
            old = self._orders.pop(self._closed.popleft())
            del self._of[old.account, old.symbol][old.id]
            name = (old.account, old.symbol, old.client_id)
            if self._named.get(name) == old.id:
                del self._named[name]

    def add_trade(self, trade: Trade) -> None:
        key = (trade.account, trade.symbol)
        found = self._trades.get(key)
        if found is None:
            found = self._trades[key] = deque(maxlen=self.keep)
        found.append(trade)

    def find(self, account: str, symbol: str, order_id: int | None = None, client_id: str = "") -> Order:
        """By id (which wins) or client id; `Refused` UNKNOWN_ORDER when the account has none such there."""
        if order_id is None:
            order_id = self._named.get((account, symbol, client_id), -1)
        order = self._orders.get(order_id)
        if order is None or order.account != account or order.symbol != symbol:
            raise Refused(Refusal.UNKNOWN_ORDER, "the order does not exist")
        return order

    def get(self, order_id: int) -> Order | None:
        """Whoever's order; None when it is not known or not any more."""
        return self._orders.get(order_id)

    def by_id(self, account: str, order_id: int) -> Order:
        """When the client does not say in which market."""
        order = self._orders.get(order_id)
        if order is None or order.account != account:
            raise Refused(Refusal.UNKNOWN_ORDER, "the order does not exist")
        return order

    def by_client_id(self, account: str, client_id: str) -> Order:
        """The newest order of that name in any market."""
        for (owner, _), orders in self._of.items():
            if owner == account:
                for order in reversed(orders.values()):
                    if order.client_id == client_id:
                        return order
        raise Refused(Refusal.UNKNOWN_ORDER, "the order does not exist")

    def orders(
        self,
        account: str,
        symbol: str | None = None,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        from_id: int | None = None,
        limit: int = 500,
    ) -> list[Order]:
        """Open and closed orders by id, ascending: with `from_id` or `start_ms` the first, else the newest."""
        if symbol is None:
            keys = [key for key in self._of if key[0] == account]
            found = sorted((o for key in keys for o in self._of[key].values()), key=lambda o: o.id)
        else:
            found = list(self._of.get((account, symbol), {}).values())
        kept = [
            o
            for o in found
            if (from_id is None or o.id >= from_id)
            and (start_ms is None or o.created_ms >= start_ms)
            and (end_ms is None or o.created_ms <= end_ms)
        ]
        return kept[:limit] if from_id is not None or start_ms is not None else kept[-limit:]

    def trades(
        self,
        account: str,
        symbol: str | None = None,
        *,
        order_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        from_id: int | None = None,
        limit: int = 500,
    ) -> list[Trade]:
        """Trades by id, ascending: with `from_id` or `start_ms` the first, else the newest."""
        if symbol is None:
            keys = [key for key in self._trades if key[0] == account]
            found = sorted((t for key in keys for t in self._trades[key]), key=lambda t: t.id)
        else:
            found = list(self._trades.get((account, symbol), ()))
        kept = [
            t
            for t in found
            if (order_id is None or t.order_id == order_id)
            and (from_id is None or t.id >= from_id)
            and (start_ms is None or t.time_ms >= start_ms)
            and (end_ms is None or t.time_ms <= end_ms)
        ]
        return kept[:limit] if from_id is not None or start_ms is not None else kept[-limit:]

    def add_algo(self, algo: AlgoOrder) -> None:
        self._algos[algo.id] = algo
        self._algo_named[algo.account, algo.client_id] = algo.id

    def close_algo(self, algo: AlgoOrder) -> None:
        self._closed_algos.append(algo.id)
        while len(self._closed_algos) > self.keep:
            old = self._algos.pop(self._closed_algos.popleft(), None)
            if old is not None and self._algo_named.get((old.account, old.client_id)) == old.id:
                del self._algo_named[old.account, old.client_id]

    def find_algo(self, account: str, algo_id: int | None = None, client_id: str = "") -> AlgoOrder:
        """By id or client id; `Refused` UNKNOWN_ORDER when the account has none such."""
        if algo_id is None:
            algo_id = self._algo_named.get((account, client_id), -1)
        algo = self._algos.get(algo_id)
        if algo is None or algo.account != account:
            raise Refused(Refusal.UNKNOWN_ORDER, "the conditional order does not exist")
        return algo

    def algos(self, account: str, symbol: str | None = None, limit: int = 500) -> list[AlgoOrder]:
        """The newest conditional orders, open and closed, oldest first."""
        found = (
            a
            for a in reversed(self._algos.values())
            if a.account == account and (symbol is None or a.request.symbol == symbol)
        )
        return list(islice(found, limit))[::-1]

    def forget(self, account: str) -> None:
        """An account was wiped: none of its orders and trades is known any more."""
        gone = [o for o in self._orders.values() if o.account == account]
        for order in gone:
            del self._orders[order.id]
        ids = {o.id for o in gone}
        self._closed = deque(i for i in self._closed if i not in ids)
        self._of = {k: v for k, v in self._of.items() if k[0] != account}
        self._named = {k: v for k, v in self._named.items() if k[0] != account}
        self._trades = {k: v for k, v in self._trades.items() if k[0] != account}
        self._algos = {k: v for k, v in self._algos.items() if v.account != account}
        self._algo_named = {k: v for k, v in self._algo_named.items() if k[0] != account}
        self._closed_algos = deque(i for i in self._closed_algos if i in self._algos)

    def all_orders(self) -> list[Order]:
        return list(self._orders.values())

    def all_algos(self) -> list[AlgoOrder]:
        return list(self._algos.values())

    def all_trades(self) -> list[Trade]:
        return [t for trades in self._trades.values() for t in trades]

    def closed_ids(self) -> list[int]:
        return list(self._closed)
