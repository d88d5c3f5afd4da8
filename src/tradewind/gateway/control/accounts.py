"""Commands about accounts: money from outside, keys, settings changed behind the bot's back, forced trades."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tradewind.exchange import Account, ApiKey, OrderRequest, OrderType, Permission
from tradewind.exchange.accounts import FUTURES, SPOT
from tradewind.exchange.codec import encode
from tradewind.exchange.orders import PositionSide
from tradewind.gateway.control.commands import Commands
from tradewind.gateway.control.desk import ControlDesk
from tradewind.gateway.faults.reading import Values
from tradewind.gateway.house import House
from tradewind.market import ConfigError, Side

commands = Commands()


@commands.on("GET", "accounts")
def accounts(desk: ControlDesk, values: Values) -> Any:
    """Balances, positions, open orders and keys (without secrets) of all accounts."""
    houses = desk.some(values)
    values.done()
    return {
        "accounts": [
            _account(h, account) for h in houses for account in h.exchange.treasury.accounts.values()
        ]
    }


def _account(house: House, account: Account) -> dict[str, Any]:
    exchange = house.exchange
    return {
        "venue": house.venue,
        "account": account.id,
        "spot": {a: {"free": str(b.free), "locked": str(b.locked)} for a, b in account.spot.items()},
        "futures": {asset: str(amount) for asset, amount in account.futures.items()},
        "positions": [encode(position) for position in exchange.positions.all(account.id)],
        "open_orders": [encode(order, skip=("trades",)) for order in exchange.open_orders(account.id)],
        "conditional_orders": [encode(algo) for algo in exchange.open_conditional(account.id)],
        "hedge": account.hedge,
        "unified": account.unified,
        "leverage": account.leverage,
        "isolated": sorted(account.isolated),
        "keys": [_key(k) for k in exchange.treasury.keys.values() if k.account == account.id],
    }


def _key(key: ApiKey) -> dict[str, Any]:
    shown: dict[str, Any] = encode(key)
    del shown["secret"], shown["passphrase"]
    return shown


@commands.on("POST", "accounts/open")
def open_account(desk: ControlDesk, values: Values) -> Any:
    """A new account, with deposits: account, spot and futures (amounts by coin), fee_coin, hedge, unified (Bitget)."""
    name, house = values.text("account"), desk.house(values)
    spot, futures = values.amounts("spot"), values.amounts("futures")
    fee_coin, hedge = values.text("fee_coin", ""), values.flag("hedge", False)
    unified = values.flag("unified", False)
    values.done()
    if unified and house.venue != "bitget":
        raise ConfigError(f"{house.venue} has no unified accounts: they are Bitget's")
    return _account(house, house.exchange.control.open_account(name, spot, futures, fee_coin, hedge, unified))


@commands.on("POST", "accounts/deposit")
def deposit(desk: ControlDesk, values: Values) -> Any:
    """Money comes in: account, asset, amount, wallet (spot or futures)."""
    house, account = desk.of_account(values)
    asset, amount, wallet = values.text("asset"), values.amount("amount"), _wallet(values)
    values.done()
    house.exchange.control.deposit(account, asset, amount, wallet)


@commands.on("POST", "accounts/withdraw")
def withdraw(desk: ControlDesk, values: Values) -> Any:
    """Money leaves, as far as it is free: account, asset, amount, wallet."""
    house, account = desk.of_account(values)
    asset, amount, wallet = values.text("asset"), values.amount("amount"), _wallet(values)
    values.done()
    house.exchange.control.withdraw(account, asset, amount, wallet)


@commands.on("POST", "accounts/adjust")
def adjust(desk: ControlDesk, values: Values) -> Any:
    """A balance changes from outside: account, asset, change (signed), wallet."""
    house, account = desk.of_account(values)
    asset, change, wallet = values.text("asset"), values.amount("change"), _wallet(values)
    values.done()
    house.exchange.control.adjust(account, asset, change, wallet)


@commands.on("POST", "accounts/transfer")
def transfer(desk: ControlDesk, values: Values) -> Any:
    """Between the two wallets: account, asset, amount, to_futures."""
    house, account = desk.of_account(values)
    asset, amount, to_futures = values.text("asset"), values.amount("amount"), values.flag("to_futures")
    values.done()
    house.exchange.control.transfer(account, asset, amount, to_futures)


@commands.on("POST", "accounts/wipe")
def wipe(desk: ControlDesk, values: Values) -> Any:
    """As a testnet's reset: account, and spot (amounts by coin) that is there instead."""
    house, account = desk.of_account(values)
    spot = values.amounts("spot")
    values.done()
    house.exchange.control.wipe(account, spot)


@commands.on("POST", "accounts/settings")
def settings(desk: ControlDesk, values: Values) -> Any:
    """Settings changed from outside: account, symbol with leverage or isolated, hedge, can_trade, fee_coin."""
    house, account = desk.of_account(values)
    exchange, symbol = house.exchange, values.text("symbol", "")
    leverage = values.whole("leverage", 1, 1, 125) if values.has("leverage") else None
    isolated = values.flag("isolated") if values.has("isolated") else None
    hedge = values.flag("hedge") if values.has("hedge") else None
    can_trade = values.flag("can_trade") if values.has("can_trade") else None
    fee_coin = values.text("fee_coin", "") if values.has("fee_coin") else None
    values.done()
    if (leverage is not None or isolated is not None) and not symbol:
        raise ConfigError("leverage and isolated are set per market: name its symbol")
    if leverage is not None:
        exchange.positions.set_leverage(account, symbol, leverage)
    if isolated is not None:
        exchange.positions.set_isolated(account, symbol, isolated)
    if hedge is not None:
        exchange.positions.set_hedge(account, hedge)
    if can_trade is not None:
        exchange.account(account).can_trade = can_trade
    if fee_coin is not None:
        exchange.account(account).fee_settings.coin = fee_coin


@commands.on("POST", "keys/add")
def add_key(desk: ControlDesk, values: Values) -> Any:
    """A key, or another in its place: account, key, secret, passphrase, permissions, addresses, expires_ms."""
    house, account = desk.of_account(values)
    permissions = (
        values.choices("permissions", Permission)
        if values.has("permissions")
        else ApiKey("", "", "").permissions
    )
    key = ApiKey(
        values.text("key"),
        values.text("secret"),
        account,
        permissions,
        values.text("passphrase", ""),
        values.words("addresses"),
        house.clock.wire.now_ms(),
        values.whole("expires_ms", 0),
    )
    values.done()
    return _key(house.exchange.treasury.add_key(key))


@commands.on("POST", "keys/change")
def change_keys(desk: ControlDesk, values: Values) -> Any:
    """Other rights for all keys of an account: account, permissions, addresses, expires_ms."""
    house, account = desk.of_account(values)
    changes: dict[str, Any] = {}
    if values.has("permissions"):
        changes["permissions"] = values.choices("permissions", Permission)
    if values.has("addresses"):
        changes["addresses"] = values.words("addresses")
    if values.has("expires_ms"):
        changes["expires_ms"] = values.whole("expires_ms")
    values.done()
    treasury = house.exchange.treasury
    mine = [key for key in treasury.keys.values() if key.account == account]
    return {"keys": [_key(treasury.add_key(replace(key, **changes))) for key in mine]}


@commands.on("POST", "keys/revoke")
def revoke(desk: ControlDesk, values: Values) -> Any:
    """A key, or all keys of an account, are unknown from now on: key, or account."""
    if values.has("account"):
        house, account = desk.of_account(values)
        names = [k.key for k in house.exchange.treasury.keys.values() if k.account == account]
    else:
        house, names = desk.house(values), [values.text("key")]
    values.done()
    for name in names:
        if name not in house.exchange.treasury.keys:
            raise ConfigError(f"{house.venue} has no key {name!r:.40}")
        house.exchange.control.revoke_key(name)
    return {"revoked": names}


@commands.on("POST", "positions/liquidate")
def liquidate(desk: ControlDesk, values: Values) -> Any:
    """Liquidate a position at once: account, symbol, side (both, long, short)."""
    house, account = desk.of_account(values)
    symbol, side = values.text("symbol"), values.choice("side", PositionSide, PositionSide.BOTH)
    values.done()
    return encode(house.exchange.control.liquidate(account, symbol, side), skip=("trades",))


@commands.on("POST", "positions/adl")
def adl(desk: ControlDesk, values: Values) -> Any:
    """Deleverage a position at the mark: account, symbol, side, and quantity or fraction (all of it without)."""
    house, account = desk.of_account(values)
    symbol, side = values.text("symbol"), values.choice("side", PositionSide, PositionSide.BOTH)
    quantity = values.amount("quantity") if values.has("quantity") else None
    fraction = values.number("fraction", 1.0, 0.0, 1.0)
    values.done()
    if fraction < 1:
        whole = abs(house.exchange.positions.state(account, symbol, side).quantity)
        quantity = _on_grid(house, symbol, whole * Decimal(str(fraction)))
    return encode(house.exchange.control.adl(account, symbol, side, quantity), skip=("trades",))


@commands.on("POST", "orders/cancel")
def cancel_orders(desk: ControlDesk, values: Values) -> Any:
    """Open orders vanish, conditional ones too, as by another hand: account, symbol (all without)."""
    house, account = desk.of_account(values)
    symbol = values.text("symbol", "") or None
    values.done()
    orders = house.exchange.cancel_all(account, symbol)
    algos = house.exchange.cancel_all_conditional(account, symbol)
    return {"cancelled": [order.id for order in orders], "conditional": [algo.id for algo in algos]}


@commands.on("POST", "orders/place")
def place_order(desk: ControlDesk, values: Values) -> Any:
    """An order by another hand: account, symbol, side, quantity or worth (in quote), price (at the market without)."""
    house, account = desk.of_account(values)
    price = values.amount("price") if values.has("price") else None
    symbol = values.text("symbol")
    if values.has("worth"):
        quantity = _on_grid(
            house, symbol, values.amount("worth") / (price or house.exchange.tape.last(symbol))
        )
    else:
        quantity = values.amount("quantity")
    request = OrderRequest(
        symbol=symbol,
        side=values.choice("side", Side),
        type=OrderType.MARKET if price is None else OrderType.LIMIT,
        quantity=quantity,
        price=price,
        client_id="by-hand",
    )
    values.done()
    return encode(house.exchange.place(account, request), skip=("trades",))


@commands.on("POST", "orders/fill")
def fill_order(desk: ControlDesk, values: Values) -> Any:
    """Fill a resting order at its price: account, symbol, order_id or client_id, quantity (all of it without)."""
    house, account = desk.of_account(values)
    symbol = values.text("symbol")
    order_id = values.whole("order_id") if values.has("order_id") else None
    client_id = values.text("client_id", "")
    quantity = values.amount("quantity") if values.has("quantity") else None
    values.done()
    order = house.exchange.control.fill(account, symbol, order_id, client_id, quantity)
    return encode(order, skip=("trades",))


def _on_grid(house: House, symbol: str, quantity: Decimal) -> Decimal:
    """At least one lot, and whole ones."""
    step = house.exchange.listings[symbol].filters.step
    return max(step, quantity // step * step)


def _wallet(values: Values) -> str:
    wallet = values.text("wallet", SPOT)
    if wallet not in (SPOT, FUTURES):
        raise ConfigError(f"wallet is {wallet!r}, expected spot or futures")
    return wallet
