"""What an account of Binance Spot has."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import Permission
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security

routes = Routes("/api/v3")


@routes.on("GET", "/account", weight=20, security=Security.READ)
def account(call: Call) -> Any:
    """Balances and what the account may do."""
    found = call.exchange.account(call.account)
    sparse = call.params.flag("omitZeroBalances")
    key = call.key
    assert key is not None
    return {
        "makerCommission": 10,
        "takerCommission": 10,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": "0.00100000",
            "taker": "0.00100000",
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
        "balances": [
            {"asset": asset, "free": f"{balance.free:.8f}", "locked": f"{balance.locked:.8f}"}
            for asset, balance in sorted(found.spot.items())
            if not sparse or balance.free or balance.locked
        ],
        "permissions": ["SPOT"],
        "uid": 1,
    }
