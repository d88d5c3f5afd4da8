"""Coins, fees and permissions of a Binance account, and moving money between its wallets."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import ApiKey, Permission, Refusal, Refused
from tradewind.exchange.accounts import SPOT
from tradewind.gateway.binance.failure import Failure, malformed
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.spot.markets import all_listings, eight, maybe_listing
from tradewind.gateway.binance.spot.trade import amount

NETWORK = "LOCAL"  # the one on which coins move here
_TO_FUTURES = {"MAIN_UMFUTURE": True, "UMFUTURE_MAIN": False}

routes = Routes("/sapi/v1")
third = Routes("/sapi/v3")


@routes.on("GET", "/system/status")
def status(call: Call) -> Any:
    """Normal, always: outages are for faults."""
    return {"status": 0, "msg": "normal"}


@routes.on("GET", "/capital/config/getall", weight=10, security=Security.READ)
def coins(call: Call) -> Any:
    """Every coin that is listed or held, with one network."""
    account = call.exchange.account(call.account)
    listings = list(call.exchange.listings)
    names = {coin for one in listings for coin in (one.base, one.quote)} | account.spot.keys()
    found = []
    for coin in sorted(names):
        balance = account.balance(coin) if coin in account.spot else None
        found.append(
            {
                "coin": coin,
                "depositAllEnable": True,
                "free": eight(balance.free) if balance else "0",
                "freeze": "0",
                "ipoable": "0",
                "ipoing": "0",
                "isLegalMoney": False,
                "locked": eight(balance.locked) if balance else "0",
                "name": coin,
                "networkList": [_network(coin)],
                "storage": "0",
                "trading": True,
                "withdrawAllEnable": True,
                "withdrawing": "0",
            }
        )
    return found


def _network(coin: str) -> dict[str, Any]:
    return {
        "addressRegex": "^.{1,128}$",
        "coin": coin,
        "depositDesc": "",
        "depositEnable": True,
        "isDefault": True,
        "memoRegex": "",
        "minConfirm": 1,
        "name": "Local",
        "network": NETWORK,
        "resetAddressStatus": False,
        "specialTips": "",
        "unLockConfirm": 0,
        "withdrawDesc": "",
        "withdrawEnable": True,
        "withdrawFee": "0",
        "withdrawIntegerMultiple": "0.00000001",
        "withdrawMax": "1000000000000",
        "withdrawMin": "0.00000001",
        "sameAddress": False,
        "estimatedArrivalTime": 0,
        "busy": False,
        "contractAddressUrl": "",
        "contractAddress": "",
    }


@routes.on("GET", "/asset/tradeFee", security=Security.READ)
def trade_fees(call: Call) -> Any:
    """The account's rates, in one market or all."""
    one = maybe_listing(call)
    rows = []
    for listing in [one] if one is not None else all_listings(call.exchange):
        maker, taker = call.exchange.fee_rates(call.account, listing.symbol)
        rows.append({"symbol": listing.id, "makerCommission": f"{maker}", "takerCommission": f"{taker}"})
    return rows


@routes.on("GET", "/account/apiRestrictions", security=Security.READ)
def restrictions(call: Call) -> Any:
    """What the key may do."""
    key = call.key
    assert key is not None
    return {
        "ipRestrict": bool(key.addresses),
        "createTime": key.created_ms,
        "enableReading": Permission.READ in key.permissions,
        "enableSpotAndMarginTrading": Permission.TRADE in key.permissions,
        "enableWithdrawals": Permission.WITHDRAW in key.permissions,
        "enableInternalTransfer": Permission.TRANSFER in key.permissions,
        "enableMargin": False,
        "enableFutures": Permission.FUTURES in key.permissions,
        "permitsUniversalTransfer": Permission.TRANSFER in key.permissions,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enablePortfolioMarginTrading": False,
        **({"tradingAuthorityExpirationTime": key.expires_ms} if key.expires_ms else {}),
    }


@routes.on("GET", "/account/status", security=Security.READ)
def account_status(call: Call) -> Any:
    """Normal."""
    return {"data": "Normal"}


@routes.on("GET", "/account/apiTradingStatus", security=Security.READ)
def trading_status(call: Call) -> Any:
    """Whether the account may trade."""
    locked = not call.exchange.account(call.account).can_trade
    return {"data": {"isLocked": locked, "plannedRecoverTime": 0, "triggerCondition": {}, "updateTime": 0}}


@third.on("POST", "/asset/getUserAsset", weight=5, security=Security.READ)
def user_assets(call: Call) -> Any:
    """What the spot wallet holds."""
    wanted = call.params.maybe("asset")
    held = call.exchange.account(call.account).spot
    return [
        {
            "asset": asset,
            "free": eight(balance.free),
            "locked": eight(balance.locked),
            "freeze": "0",
            "withdrawing": "0",
            "ipoable": "0",
            "btcValuation": "0",
        }
        for asset, balance in sorted(held.items())
        if wanted in (None, asset) and (balance.free or balance.locked)
    ]


@routes.on("POST", "/asset/get-funding-asset", security=Security.READ)
def funding_assets(call: Call) -> Any:
    """Always empty: there is no funding wallet."""
    return []


@routes.on("POST", "/asset/transfer", weight=900, security=Security.READ)
def transfer(call: Call) -> Any:
    """Between the spot wallet and that of USD-M futures; the key must permit universal transfers."""
    _check_permitted(call.key, Permission.TRANSFER)
    params = call.params
    kind, asset = params.text("type"), params.text("asset")
    if kind not in _TO_FUTURES:
        raise Failure(-9000, "Only MAIN_UMFUTURE and UMFUTURE_MAIN can be transferred here.")
    size = amount(params, "amount")
    if size is None:
        raise malformed("amount")
    try:
        call.exchange.control.transfer(call.account, asset, size, _TO_FUTURES[kind])
    except Refused as refused:
        if refused.reason is Refusal.INSUFFICIENT_BALANCE:
            raise Failure(-5013, "Asset transfer failed: insufficient balance") from refused
        raise
    return {"tranId": len(call.exchange.ledger)}


@routes.on("POST", "/capital/withdraw/apply", weight=900, security=Security.READ)
def withdraw(call: Call) -> Any:
    """Take money out of the spot wallet, to nowhere; the key must permit withdrawals."""
    _check_permitted(call.key, Permission.WITHDRAW)
    params = call.params
    coin, size = params.text("coin"), amount(params, "amount")
    params.text("address")
    if size is None:
        raise malformed("amount")
    if not call.exchange.account(call.account).can_withdraw:
        raise Failure(-4021, "The withdrawal function of this account is disabled.")
    try:
        call.exchange.control.withdraw(call.account, coin, size, SPOT)
    except Refused as refused:
        if refused.reason is Refusal.INSUFFICIENT_BALANCE:
            raise Failure(-4026, "User has insufficient balance") from refused
        raise
    return {"id": str(len(call.exchange.ledger))}


def _check_permitted(key: ApiKey | None, permission: Permission) -> None:
    assert key is not None
    if permission not in key.permissions:
        raise Failure(-1002, "You are not authorized to execute this request.", 401)
