"""What an account of Binance Spot has."""

from __future__ import annotations

import zlib
from typing import Any

from tradewind.exchange import Permission
from tradewind.exchange.accounts import Account, Balance
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.spot.commission import account_rates
from tradewind.gateway.binance.spot.general import symbol_filters
from tradewind.gateway.binance.spot.markets import all_listings, eight, listing_of

_NOTHING = Balance()

routes = Routes("/api/v3")


@routes.on("GET", "/account", weight=20, security=Security.READ, takes="omitZeroBalances")
def account(call: Call) -> Any:
    """Balances and what the account may do."""
    found = call.exchange.account(call.account)
    sparse = call.params.flag("omitZeroBalances")
    key = call.key
    assert key is not None
    maker, taker = account_rates(call.exchange, found.id)
    return {
        "makerCommission": int(maker * 10_000),
        "takerCommission": int(taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": eight(maker),
            "taker": eight(taker),
            "buyer": "0.00000000",
            "seller": "0.00000000",
        },
        "canTrade": found.can_trade and Permission.TRADE in key.permissions,
        "canWithdraw": found.can_withdraw and Permission.WITHDRAW in key.permissions,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": found.updated_ms,
        "accountType": "SPOT",
        "balances": _balances(call, found, sparse),
        "permissions": ["SPOT"],
        "uid": zlib.crc32(found.id.encode()),
    }


def _balances(call: Call, found: Account, sparse: bool) -> list[dict[str, str]]:
    """Of every coin that is listed or was ever held."""
    listings = all_listings(call.exchange)
    assets = {a for one in listings for a in (one.base, one.quote)} | found.spot.keys()
    held = [(asset, found.spot.get(asset, _NOTHING)) for asset in sorted(assets)]
    return [
        {"asset": asset, "free": eight(balance.free), "locked": eight(balance.locked)}
        for asset, balance in held
        if not sparse or balance.free or balance.locked
    ]


@routes.on("GET", "/myFilters", weight=40, security=Security.READ, takes="symbol")
def my_filters(call: Call) -> Any:
    """The rules of a market; accounts have none of their own."""
    return {"exchangeFilters": [], "symbolFilters": symbol_filters(listing_of(call)), "assetFilters": []}
