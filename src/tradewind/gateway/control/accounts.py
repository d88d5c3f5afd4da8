"""Commands about accounts: money from outside, keys, settings changed behind the bot's back, forced trades."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tradewind.exchange import Account, ApiKey, OrderRequest, OrderType, Permission
from tradewind.exchange.accounts import FUTURES, SPOT
from tradewind.exchange.codec import encode
from tradewind.exchange.orders import PositionSide
from tradewind.gateway.control.commands import Act, Commands
from tradewind.gateway.control.desk import ControlDesk, owner_of, venue_of
from tradewind.gateway.faults.reading import Values
from tradewind.gateway.house import House
from tradewind.market import ConfigError, Side

commands = Commands()


@commands.on("GET", "accounts")
def accounts(values: Values) -> Act:
    """Balances, positions, open orders and keys (without secrets) of all accounts."""
    venue = venue_of(values)
    return lambda desk: {
        "accounts": [
            _account(h, account)
            for h in desk.some(venue)
            for account in h.exchange.treasury.accounts.values()
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
def open_account(values: Values) -> Act:
    """A new account, with deposits: account, spot and futures (amounts by coin), fee_coin, hedge, unified (Bitget)."""
    owner, spot, futures = owner_of(values), values.amounts("spot"), values.amounts("futures")
    fee_coin, hedge = values.text("fee_coin", ""), values.flag("hedge", False)
    unified = values.flag("unified", False)

    def act(desk: ControlDesk) -> Any:
        house, name = desk.house(owner.venue), owner.account
        if unified and house.venue != "bitget":
            raise ConfigError(f"{house.venue} has no unified accounts: they are Bitget's")
        made = house.exchange.control.open_account(name, spot, futures, fee_coin, hedge, unified)
        return _account(house, made)

    return act


@commands.on("POST", "accounts/deposit")
def deposit(values: Values) -> Act:
    """Money comes in: account, asset, amount, wallet (spot or futures)."""
    owner, asset = owner_of(values), values.text("asset")
    amount, wallet = values.amount("amount"), _wallet(values)
    return lambda desk: desk.of_account(owner).exchange.control.deposit(owner.account, asset, amount, wallet)


@commands.on("POST", "accounts/withdraw")
def withdraw(values: Values) -> Act:
    """Money leaves, as far as it is free: account, asset, amount, wallet."""
    owner, asset = owner_of(values), values.text("asset")
    amount, wallet = values.amount("amount"), _wallet(values)
    return lambda desk: desk.of_account(owner).exchange.control.withdraw(owner.account, asset, amount, wallet)


@commands.on("POST", "accounts/adjust")
def adjust(values: Values) -> Act:
    """A balance changes from outside: account, asset, change (signed), wallet."""
    owner, asset = owner_of(values), values.text("asset")
    change, wallet = values.amount("change"), _wallet(values)
    return lambda desk: desk.of_account(owner).exchange.control.adjust(owner.account, asset, change, wallet)


@commands.on("POST", "accounts/transfer")
def transfer(values: Values) -> Act:
    """Between the two wallets: account, asset, amount, to_futures."""
    owner, asset = owner_of(values), values.text("asset")
    amount, to_futures = values.amount("amount"), values.flag("to_futures")
    return lambda desk: desk.of_account(owner).exchange.control.transfer(
        owner.account, asset, amount, to_futures
    )


@commands.on("POST", "accounts/wipe")
def wipe(values: Values) -> Act:
    """As a testnet's reset: account, and spot (amounts by coin) that is there instead."""
    owner, spot = owner_of(values), values.amounts("spot")
    return lambda desk: desk.of_account(owner).exchange.control.wipe(owner.account, spot)


@commands.on("POST", "accounts/settings")
def settings(values: Values) -> Act:
    """Settings changed from outside: account, symbol with leverage or isolated, hedge, can_trade, fee_coin."""
    owner, symbol = owner_of(values), values.text("symbol", "")
    leverage = values.whole("leverage", 1, 1, 125) if values.has("leverage") else None
    isolated = values.flag("isolated") if values.has("isolated") else None
    hedge = values.flag("hedge") if values.has("hedge") else None
    can_trade = values.flag("can_trade") if values.has("can_trade") else None
    fee_coin = values.text("fee_coin", "") if values.has("fee_coin") else None
    values.done()
    if (leverage is not None or isolated is not None) and not symbol:
        raise ConfigError("leverage and isolated are set per market: name its symbol")

    def act(desk: ControlDesk) -> None:
        exchange, account = desk.of_account(owner).exchange, owner.account
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

    return act


@commands.on("POST", "keys/add")
def add_key(values: Values) -> Act:
    """A key, or another in its place: account, key, secret, passphrase, permissions, addresses, expires_ms."""
    owner = owner_of(values)
    key = ApiKey(
        values.text("key"),
        values.text("secret"),
        owner.account,
        values.choices("permissions", Permission)
        if values.has("permissions")
        else ApiKey("", "", "").permissions,
        values.text("passphrase", ""),
        values.words("addresses"),
        expires_ms=values.whole("expires_ms", 0),
    )

    def act(desk: ControlDesk) -> Any:
        house = desk.of_account(owner)
        return _key(house.exchange.treasury.add_key(replace(key, created_ms=house.clock.wire.now_ms())))

    return act


@commands.on("POST", "keys/change")
def change_keys(values: Values) -> Act:
    """Other rights for all keys of an account: account, permissions, addresses, expires_ms."""
    owner = owner_of(values)
    changes: dict[str, Any] = {}
    if values.has("permissions"):
        changes["permissions"] = values.choices("permissions", Permission)
    if values.has("addresses"):
        changes["addresses"] = values.words("addresses")
    if values.has("expires_ms"):
        changes["expires_ms"] = values.whole("expires_ms")

    def act(desk: ControlDesk) -> Any:
        treasury = desk.of_account(owner).exchange.treasury
        mine = [key for key in treasury.keys.values() if key.account == owner.account]
        return {"keys": [_key(treasury.add_key(replace(key, **changes))) for key in mine]}

    return act


@commands.on("POST", "keys/revoke")
def revoke(values: Values) -> Act:
    """A key, or all keys of an account, are unknown from now on: key, or account."""
    owner = owner_of(values) if values.has("account") else None
    venue, named = venue_of(values) if owner is None else "", "" if owner else values.text("key")

    def act(desk: ControlDesk) -> Any:
        house = desk.of_account(owner) if owner else desk.house(venue)
        keys = house.exchange.treasury.keys
        names = [k.key for k in keys.values() if k.account == owner.account] if owner else [named]
        for name in names:
            if name not in keys:
                raise ConfigError(f"{house.venue} has no key {name!r:.40}")
            house.exchange.control.revoke_key(name)
        return {"revoked": names}

    return act


@commands.on("POST", "positions/liquidate")
def liquidate(values: Values) -> Act:
    """Liquidate a position at once: account, symbol, side (both, long, short)."""
    owner, symbol = owner_of(values), values.text("symbol")
    side = values.choice("side", PositionSide, PositionSide.BOTH)

    def act(desk: ControlDesk) -> Any:
        control = desk.of_account(owner).exchange.control
        return encode(control.liquidate(owner.account, symbol, side), skip=("trades",))

    return act


@commands.on("POST", "positions/adl")
def adl(values: Values) -> Act:
    """Deleverage a position at the mark: account, symbol, side, and quantity or fraction (all of it without)."""
    owner, symbol = owner_of(values), values.text("symbol")
    side = values.choice("side", PositionSide, PositionSide.BOTH)
    given = values.amount("quantity") if values.has("quantity") else None
    fraction = values.number("fraction", 1.0, 0.0, 1.0)

    def act(desk: ControlDesk) -> Any:
        house, account, quantity = desk.of_account(owner), owner.account, given
        if fraction < 1:
            whole = abs(house.exchange.positions.state(account, symbol, side).quantity)
            quantity = _on_grid(house, symbol, whole * Decimal(str(fraction)))
        return encode(house.exchange.control.adl(account, symbol, side, quantity), skip=("trades",))

    return act


@commands.on("POST", "orders/cancel")
def cancel_orders(values: Values) -> Act:
    """Open orders vanish, conditional ones too, as by another hand: account, symbol (all without)."""
    owner, symbol = owner_of(values), values.text("symbol", "") or None

    def act(desk: ControlDesk) -> Any:
        exchange = desk.of_account(owner).exchange
        orders = exchange.cancel_all(owner.account, symbol)
        algos = exchange.cancel_all_conditional(owner.account, symbol)
        return {"cancelled": [order.id for order in orders], "conditional": [algo.id for algo in algos]}

    return act


@commands.on("POST", "orders/place")
def place_order(values: Values) -> Act:
    """An order by another hand: account, symbol, side, quantity or worth (in quote), price (at the market without)."""
    owner, symbol = owner_of(values), values.text("symbol")
    price = values.amount("price") if values.has("price") else None
    worth = values.amount("worth") if values.has("worth") else None
    quantity = values.amount("quantity") if worth is None else Decimal(0)
    side = values.choice("side", Side)

    def act(desk: ControlDesk) -> Any:
        house = desk.of_account(owner)
        exchange = house.exchange
        amount = quantity
        if worth is not None:
            amount = _on_grid(house, symbol, worth / (price or exchange.tape.last(symbol)))
        request = OrderRequest(
            symbol=symbol,
            side=side,
            type=OrderType.MARKET if price is None else OrderType.LIMIT,
            quantity=amount,
            price=price,
            client_id="by-hand",
        )
        return encode(exchange.place(owner.account, request), skip=("trades",))

    return act


@commands.on("POST", "orders/fill")
def fill_order(values: Values) -> Act:
    """Fill a resting order at its price: account, symbol, order_id or client_id, quantity (all of it without)."""
    owner, symbol = owner_of(values), values.text("symbol")
    order_id = values.whole("order_id") if values.has("order_id") else None
    client_id = values.text("client_id", "")
    quantity = values.amount("quantity") if values.has("quantity") else None

    def act(desk: ControlDesk) -> Any:
        control = desk.of_account(owner).exchange.control
        return encode(control.fill(owner.account, symbol, order_id, client_id, quantity), skip=("trades",))

    return act


def _on_grid(house: House, symbol: str, quantity: Decimal) -> Decimal:
    """At least one lot, and whole ones."""
    step = house.exchange.listings[symbol].filters.step
    return max(step, quantity // step * step)


def _wallet(values: Values) -> str:
    wallet = values.text("wallet", SPOT)
    if wallet not in (SPOT, FUTURES):
        raise ConfigError(f"wallet is {wallet!r}, expected spot or futures")
    return wallet
