"""Orders and trades by account, market, id and name. The oldest closed ones are let go."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import merge
from itertools import dropwhile, islice, takewhile
from typing import TypeVar

from tradewind.exchange.orders import AlgoOrder, Order, Trade
from tradewind.exchange.refusal import Refusal, Refused

T = TypeVar("T")


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

    def rename(self, order: Order, client_id: str) -> None:
        """Another client id for an order; the old one finds it no more."""
        self._unname(order)
        order.client_id = client_id
        self.name(order)

    def _unname(self, order: Order) -> None:
        name = (order.account, order.symbol, order.client_id)
        if self._named.get(name) == order.id:
            del self._named[name]

    def close(self, order: Order) -> None:
        """The order is final: it may be forgotten when its time comes."""
        self._closed.append(order.id)
        while len(self._closed) > self.keep:
            old = self._orders.pop(self._closed.popleft())
            del self._of[old.account, old.symbol][old.id]
            self._unname(old)

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

    def known(self, order_id: int) -> Order | None:
        """Whoever's it is; None when it was let go."""
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
            newest: Iterator[Order] = merge(
                *(reversed(self._of[key].values()) for key in keys), key=lambda o: o.id, reverse=True
            )
        else:
            newest = reversed(self._of.get((account, symbol), {}).values())
        if from_id is not None:
            newest = takewhile(lambda o: o.id >= from_id, newest)
        if start_ms is not None:
            newest = takewhile(lambda o: o.created_ms >= start_ms, newest)
        if end_ms is not None:
            newest = dropwhile(lambda o: o.created_ms > end_ms, newest)
        return _window(newest, limit, from_id is not None or start_ms is not None)

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
        if order_id is not None:
            order = self._orders.get(order_id)
            mine = order is not None and order.account == account and symbol in (None, order.symbol)
            newest: Iterator[Trade] = reversed(order.trades) if order is not None and mine else iter(())
        elif symbol is None:
            keys = [key for key in self._trades if key[0] == account]
            newest = merge(*(reversed(self._trades[key]) for key in keys), key=lambda t: t.id, reverse=True)
        else:
            newest = reversed(self._trades.get((account, symbol), ()))
        if from_id is not None:
            newest = takewhile(lambda t: t.id >= from_id, newest)
        if start_ms is not None:
            newest = takewhile(lambda t: t.time_ms >= start_ms, newest)
        if end_ms is not None:
            newest = dropwhile(lambda t: t.time_ms > end_ms, newest)
        return _window(newest, limit, from_id is not None or start_ms is not None)

    def add_algo(self, algo: AlgoOrder) -> None:
        self._algos[algo.id] = algo
        self._algo_named[algo.account, algo.client_id] = algo.id

    def close_algo(self, algo: AlgoOrder) -> None:
        self._closed_algos.append(algo.id)
        while len(self._closed_algos) > self.keep:
            old = self._algos.pop(self._closed_algos.popleft(), None)
            if old is not None and self._algo_named.get((old.account, old.client_id)) == old.id:
                del self._algo_named[old.account, old.client_id]

    def algo(self, algo_id: int) -> AlgoOrder:
        """One that is known to be there."""
        return self._algos[algo_id]

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

    def closed_algo_ids(self) -> list[int]:
        return list(self._closed_algos)


def _window(newest: Iterator[T], limit: int, first: bool) -> list[T]:
    """At most `limit`, oldest first, of what comes newest first: the first or the last of them."""
    kept: Iterator[T] | deque[T] = deque(newest, maxlen=limit) if first else islice(newest, limit)
    return list(kept)[::-1]
