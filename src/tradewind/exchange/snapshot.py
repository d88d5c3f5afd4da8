"""The whole state of an exchange as JSON. The candles are not in it: it is restored upon the same markets."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from tradewind.exchange.accounts import Account, ApiKey, Position, Resting
from tradewind.exchange.backoffice import Numbers
from tradewind.exchange.codec import decode, encode
from tradewind.exchange.desk import Desk
from tradewind.exchange.listing import Listing
from tradewind.exchange.orders import AlgoOrder, Order, OrderList, PositionSide, Trade
from tradewind.market import DataError

if TYPE_CHECKING:
    from tradewind.exchange.venue import Exchange

VERSION = 3
_APART = ("positions", "open_orders", "open_algos", "resting")  # fields of an account with other keys


def take(exchange: Exchange) -> bytes:
    """JSON of everything but subscriptions, market data and the wire clock."""
    treasury, records = exchange.treasury, exchange.records
    state = {
        "version": VERSION,
        "seed": exchange.seed,
        "now_ms": exchange.times.now,
        "numbers": encode(exchange.numbers),
        "listings": [encode(listing) for listing in exchange.listings],
        "accounts": [_account(account) for account in treasury.accounts.values()],
        "keys": [encode(key) for key in treasury.keys.values()],
        "pots": [[*key, str(amount)] for key, amount in treasury.pots.items()],
        "orders": [encode(order, skip=("trades",)) for order in records.all_orders()],
        "closed": records.closed_ids(),
        "lists": [encode(found) for found in exchange.lists.kept()],
        "closed_algos": records.closed_algo_ids(),
        "algos": [encode(algo) for algo in records.all_algos()],
        "trades": [encode(trade) for trade in records.all_trades()],
        "desks": [_desk(desk, exchange) for desk in exchange.tape.desks_in_order],
        "ledger": exchange.ledger.to_json(),
    }
    return orjson.dumps(state)


def put(exchange: Exchange, data: bytes) -> None:
    """Make a fresh exchange what another was. `DataError` when it has other markets, or another seed."""
    try:
        state = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise DataError(f"the snapshot is no JSON: {error}") from None
    _check(exchange, state)
    exchange.times.now = state["now_ms"]
    for listing in state["listings"]:
        exchange.listings.put(decode(Listing, listing))
    numbers = decode(Numbers, state["numbers"])
    exchange.numbers.order, exchange.numbers.trade = numbers.order, numbers.trade
    exchange.numbers.algo, exchange.numbers.order_list = numbers.algo, numbers.order_list
    treasury = exchange.treasury
    treasury.accounts.update({a["id"]: _account_of(a) for a in state["accounts"]})
    treasury.keys.update({k["key"]: decode(ApiKey, k) for k in state["keys"]})
    treasury.pots.update({(pot, asset): Decimal(v) for pot, asset, v in state["pots"]})
    exchange.ledger.load(state["ledger"])
    _put_orders(exchange, state)
    for desk, values in zip(exchange.tape.desks_in_order, state["desks"], strict=True):
        _put_desk(exchange, desk, values)


def _check(exchange: Exchange, state: dict[str, Any]) -> None:
    if state.get("version") != VERSION:
        raise DataError(f"the snapshot has version {state.get('version')}, expected {VERSION}")
    symbols = [desk.symbol for desk in exchange.tape.desks_in_order]
    stored = [desk["symbol"] for desk in state["desks"]]
    if (stored, state["seed"]) != (symbols, exchange.seed):
        raise DataError(
            f"the snapshot is of {', '.join(stored)} with seed {state['seed']}, expected {', '.join(symbols)} with "
            f"seed {exchange.seed}: start with the markets and the seed that it was made with, or name a new file"
        )
    if exchange.treasury.accounts or len(exchange.ledger):
        raise DataError("the exchange is in use: restore a snapshot into a fresh one")


def _account(account: Account) -> dict[str, Any]:
    values: dict[str, Any] = encode(account, skip=_APART)
    values["positions"] = [encode(position) for position in account.positions.values()]
    values["resting"] = [[*key, encode(resting)] for key, resting in account.resting.items()]
    return values


def _account_of(values: dict[str, Any]) -> Account:
    account = decode(Account, {k: v for k, v in values.items() if k not in _APART})
    for item in values["positions"]:
        position = decode(Position, item)
        account.positions[position.symbol, position.side] = position
    for symbol, side, resting in values["resting"]:
        account.resting[symbol, PositionSide(side)] = decode(Resting, resting)
    return account


def _put_orders(exchange: Exchange, state: dict[str, Any]) -> None:
    records, accounts = exchange.records, exchange.treasury.accounts
    orders = {}
    for values in state["orders"]:
        order = orders[values["id"]] = decode(Order, values)
        records.add(order)
        if order.status.is_open:
            accounts[order.account].open_in(order.symbol)[order.id] = order
    for order_id in state["closed"]:
        records.close(orders[order_id])
    for values in state["trades"]:
        trade = decode(Trade, values)
        records.add_trade(trade)
        if trade.order_id in orders:
            orders[trade.order_id].trades.append(trade)
    for values in state["algos"]:
        records.add_algo(decode(AlgoOrder, values))
    for values in state["lists"]:
        exchange.lists.put(decode(OrderList, values))
    for algo_id in state["closed_algos"]:
        records.close_algo(records.algo(algo_id))


def _desk(desk: Desk, exchange: Exchange) -> dict[str, Any]:
    desk.sync(exchange.times.now)
    return {
        "symbol": desk.symbol,
        "book": [order.id for order in desk.book.orders()],
        "stops": list(desk.stops),
        "algos": list(desk.algos),
        "holders": sorted(desk.holders),
        "taken": {str(price): str(quantity) for price, quantity in desk.depth.taken.items()},
        "revised": [[time, *values] for time, values in desk.feed.revisions.items()],
        "book_id": exchange.tape.book_id(desk.symbol),
    }


def _put_desk(exchange: Exchange, desk: Desk, values: dict[str, Any]) -> None:
    records, accounts = exchange.records, exchange.treasury.accounts
    orders = {order.id: order for order in records.all_orders()} if values["book"] or values["stops"] else {}
    for order_id in values["book"]:
        order = orders[order_id]
        desk.book.add(order)
        if order.good_till_ms:
            desk.dated[order_id] = order
    for order_id in values["stops"]:
        desk.stops[order_id] = orders[order_id]
    algos = {algo.id: algo for algo in records.all_algos()} if values["algos"] else {}
    for algo_id in values["algos"]:
        algo = desk.algos[algo_id] = algos[algo_id]
        accounts[algo.account].open_algos[algo_id] = algo
    desk.holders.update(values["holders"])
    if desk.busy:
        exchange.office.wake(desk)
    for time, o, h, low, c, v in values["revised"]:
        desk.feed.revise(time, (o, h, low, c, v))
    desk.sync(exchange.times.now)
    for price, quantity in values["taken"].items():
        desk.depth.take(Decimal(price), Decimal(quantity))
    exchange.tape.set_book_id(desk.symbol, values["book_id"])
