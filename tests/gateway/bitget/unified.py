"""A small Bitget with a unified account, and signed requests to it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.gateway.bitget.venue import Caller, house
from tradewind.exchange import Permission
from tradewind.gateway.bitget.v3 import BitgetV3

ONE = "one"
UKEY, USECRET, UPHRASE = "u_key", "u_secret", "u_phrase"
D = Decimal
SPOT = {"category": "SPOT", "symbol": "BTCUSDT"}
SWAP = {"category": "USDT-FUTURES", "symbol": "BTCUSDT"}


def unified(bars: Sequence[Any] | None = None, usdt: int = 20_000, fee_coin: str = "") -> Caller:
    """A caller of v3 for an account whose money came into both wallets."""
    found = house(bars)
    dialect = BitgetV3(found)
    half = D(usdt) / 2
    control = found.exchange.control
    control.open_account(
        ONE, spot={"USDT": half, "BTC": D(10)}, futures={"USDT": half}, fee_coin=fee_coin, unified=True
    )
    control.add_key(ONE, UKEY, USECRET, frozenset(Permission), UPHRASE)
    return Caller(dialect, UKEY, USECRET, UPHRASE)


def exchange_of(caller: Caller) -> Any:
    return caller.dialect._rest.house.exchange


def coin(caller: Caller, name: str = "USDT") -> dict[str, str]:
    """A row of the account's assets."""
    rows = caller.get("/api/v3/account/assets")["data"]["assets"]
    return next(row for row in rows if row["coin"] == name)


def order(caller: Caller, asked: dict[str, str], **params: str) -> str:
    """The id of an order that must be accepted."""
    made = caller.post("/api/v3/trade/place-order", **{**asked, **params})
    assert made["code"] == "00000", made
    return str(made["data"]["orderId"])


def info(caller: Caller, order_id: str) -> dict[str, Any]:
    found: dict[str, Any] = caller.get("/api/v3/trade/order-info", orderId=order_id)["data"]
    return found
