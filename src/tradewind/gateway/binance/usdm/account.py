"""What an account of Binance USD-M has: balances, settings, income."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradewind.exchange import Income, IncomeKind, PositionSide
from tradewind.exchange.margin import WalletState
from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.usdm import positions
from tradewind.gateway.binance.usdm.general import order_limits
from tradewind.gateway.binance.usdm.market_data import one_or_all
from tradewind.gateway.binance.usdm.markets import listing_of, maybe_listing, perpetuals, span
from tradewind.gateway.binance.usdm.numbers import money, trimmed

YEAR_MS = 366 * 86_400_000
_ZERO = Decimal(0)
_INCOMES = {
    IncomeKind.REALISED: "REALIZED_PNL",
    IncomeKind.COMMISSION: "COMMISSION",
    IncomeKind.FUNDING: "FUNDING_FEE",
    IncomeKind.TRANSFER: "TRANSFER",
    IncomeKind.INSURANCE: "INSURANCE_CLEAR",
    IncomeKind.OTHER: "TRANSFER",  # deposits and adjustments come from outside
}
_OTHER_KINDS = {"REFERRAL_KICKBACK", "COMMISSION_REBATE", "API_REBATE", "CONTEST_REWARD", "AUTO_EXCHANGE"}
_MULTI = {"multiAssetsMargin": False}

routes = Routes("/fapi/v1")
second = Routes("/fapi/v2")
third = Routes("/fapi/v3")


def wallets(call: Call) -> list[WalletState]:
    """One for each coin that markets settle in or that the account ever had."""
    account = call.exchange.account(call.account)
    assets = {listing.quote for listing in perpetuals(call)} | set(account.futures)
    return [call.exchange.positions.wallet(account.id, asset) for asset in sorted(assets)]


@second.on("GET", "/balance", weight=5, security=Security.READ)
@third.on("GET", "/balance", weight=5, security=Security.READ)
def balance(call: Call) -> Any:
    """Wallets, coin by coin."""
    updated = call.exchange.account(call.account).updated_ms
    return [
        {
            "accountAlias": "SgsR",
            "asset": state.asset,
            "balance": money(state.wallet),
            "crossWalletBalance": money(state.cross_wallet),
            "crossUnPnl": money(state.cross_unrealised),
            "availableBalance": money(max(_ZERO, state.available)),
            "maxWithdrawAmount": money(state.max_withdraw),
            "marginAvailable": True,
            "updateTime": updated,
        }
        for state in wallets(call)
    ]


def _totals(states: list[WalletState]) -> dict[str, str]:
    """Sums, which the venue gives for USDT alone."""
    main = [state for state in states if state.asset == "USDT"]

    def total(name: str) -> str:
        return money(sum((getattr(state, name) for state in main), _ZERO))

    return {
        "totalInitialMargin": total("initial_margin"),
        "totalMaintMargin": total("maintenance_margin"),
        "totalWalletBalance": total("wallet"),
        "totalUnrealizedProfit": total("unrealised"),
        "totalMarginBalance": total("margin_balance"),
        "totalPositionInitialMargin": total("position_initial_margin"),
        "totalOpenOrderInitialMargin": total("order_initial_margin"),
        "totalCrossWalletBalance": total("cross_wallet"),
        "totalCrossUnPnl": total("cross_unrealised"),
        "availableBalance": money(sum((max(_ZERO, s.available) for s in main), _ZERO)),
        "maxWithdrawAmount": total("max_withdraw"),
    }


def _asset(state: WalletState, updated: int) -> dict[str, Any]:
    return {
        "asset": state.asset,
        "walletBalance": money(state.wallet),
        "unrealizedProfit": money(state.unrealised),
        "marginBalance": money(state.margin_balance),
        "maintMargin": money(state.maintenance_margin),
        "initialMargin": money(state.initial_margin),
        "positionInitialMargin": money(state.position_initial_margin),
        "openOrderInitialMargin": money(state.order_initial_margin),
        "crossWalletBalance": money(state.cross_wallet),
        "crossUnPnl": money(state.cross_unrealised),
        "availableBalance": money(max(_ZERO, state.available)),
        "maxWithdrawAmount": money(state.max_withdraw),
        "updateTime": updated,
    }


@third.on("GET", "/account", weight=5, security=Security.READ)
def account_third(call: Call) -> Any:
    """Wallets, and positions and markets with open orders."""
    states, updated = wallets(call), call.exchange.account(call.account).updated_ms
    return _totals(states) | {
        "assets": [_asset(state, updated) for state in states],
        "positions": [positions.account_row_third(call, held) for held in positions.shown(call, None)],
    }


@second.on("GET", "/account", weight=5, security=Security.READ)
def account_second(call: Call) -> Any:
    """Wallets and all markets, also those without a position."""
    states, account = wallets(call), call.exchange.account(call.account)
    return {
        "feeTier": 0,
        "feeBurn": False,
        "canTrade": account.can_trade,
        "canDeposit": True,
        "canWithdraw": account.can_withdraw,
        "updateTime": 0,
        **_MULTI,
        "tradeGroupId": -1,
        **_totals(states),
        "assets": [_asset(state, account.updated_ms) | {"marginAvailable": True} for state in states],
        "positions": [positions.account_row_second(call, held) for held in positions.every(call, None)],
    }


@routes.on("GET", "/accountConfig", weight=5, security=Security.READ)
def account_config(call: Call) -> Any:
    """What the account may do and how it holds positions."""
    account = call.exchange.account(call.account)
    return {
        "feeTier": 0,
        "canTrade": account.can_trade,
        "canDeposit": True,
        "canWithdraw": account.can_withdraw,
        "dualSidePosition": account.hedge,
        "updateTime": 0,
        **_MULTI,
        "tradeGroupId": -1,
    }


@routes.on("GET", "/symbolConfig", weight=5, security=Security.READ)
def symbol_config(call: Call) -> Any:
    """Margin mode and leverage, market by market."""
    account, one = call.exchange.account(call.account), maybe_listing(call)
    return [
        {
            "symbol": listing.id,
            "marginType": "ISOLATED" if listing.symbol in account.isolated else "CROSSED",
            "isAutoAddMargin": False,
            "leverage": account.leverage_of(listing.symbol),
            "maxNotionalValue": trimmed(listing.largest_notional(account.leverage_of(listing.symbol))),
        }
        for listing in ([one] if one else perpetuals(call))
    ]


@routes.on("GET", "/commissionRate", weight=20, security=Security.READ)
def commission_rate(call: Call) -> Any:
    """Maker and taker rate in a market."""
    listing = listing_of(call)
    maker, taker = call.exchange.fee_rates(call.account, listing.symbol)
    return {
        "symbol": listing.id,
        "makerCommissionRate": f"{maker:.6f}",
        "takerCommissionRate": f"{taker:.6f}",
        "rpiCommissionRate": f"{maker:.6f}",
    }


@routes.on("GET", "/income", weight=30, security=Security.READ)
def income(call: Call) -> Any:
    """Profit, fees, funding and transfers, oldest first."""
    listing, params = maybe_listing(call), call.params
    name = params.maybe("incomeType")
    start, end = span(params, YEAR_MS)
    limit, page = params.limit(100, 1000), params.limit(1, 10**6, "page")
    if name in _OTHER_KINDS:
        return []
    kinds = [kind for kind, shown in _INCOMES.items() if shown == name]
    if name is not None and not kinds:
        raise Failure(-1130, "Data sent for parameter 'incomeType' is not valid.")
    symbol, most = None if listing is None else listing.symbol, limit * page
    found = [
        item
        for kind in kinds or (None,)
        for item in call.exchange.incomes(
            call.account, kind=kind, symbol=symbol, start_ms=start, end_ms=end, limit=most
        )
    ]
    found.sort(key=lambda item: item.id)
    first = (page - 1) * limit
    kept = found[first : first + limit] if start is not None else found[: max(0, len(found) - first)][-limit:]
    return [_income_row(call, item) for item in kept]


def _income_row(call: Call, item: Income) -> dict[str, Any]:
    symbol = call.exchange.listings[item.symbol].id if item.symbol else ""
    name = _INCOMES[item.kind]
    return {
        "symbol": symbol,
        "incomeType": name,
        "income": money(item.amount),
        "asset": item.asset,
        "info": name if item.kind is not IncomeKind.COMMISSION else str(item.trade_id),
        "time": item.time_ms,
        "tranId": item.id,
        "tradeId": str(item.trade_id) if item.trade_id else "",
    }


@routes.on("GET", "/adlQuantile", weight=5, security=Security.READ)
def adl_quantile(call: Call) -> Any:
    """Always 0: positions are deleveraged only on command."""
    account, one = call.exchange.account(call.account), maybe_listing(call)
    sides = (PositionSide.LONG, PositionSide.SHORT) if account.hedge else (PositionSide.BOTH,)
    found = [
        {"symbol": listing.id, "adlQuantile": {side.name: 0 for side in sides}}
        for listing in ([one] if one else perpetuals(call))
        if account.held(listing.symbol)
    ]
    return found if one is None else (found[0] if found else {"symbol": one.id, "adlQuantile": {}})


@routes.on("GET", "/rateLimit/order", security=Security.READ)
def order_rate_limits(call: Call) -> Any:
    """How many orders an account may place."""
    return order_limits()


@routes.on("GET", "/apiTradingStatus", weight=one_or_all(1, 10), security=Security.READ)
def trading_status(call: Call) -> Any:
    """No indicators: nobody is restricted for what the quantitative rules count."""
    return {"indicators": {}, "updateTime": call.exchange.now_ms}


@routes.on("GET", "/multiAssetsMargin", weight=30, security=Security.READ)
def multi_assets(call: Call) -> Any:
    """Always single-asset mode."""
    return _MULTI


@routes.on("POST", "/multiAssetsMargin", security=Security.TRADE)
def set_multi_assets(call: Call) -> Any:
    """Multi-asset mode is not there."""
    call.params.text("multiAssetsMargin")
    if call.params.flag("multiAssetsMargin"):
        raise Failure(-4170, "Unable to adjust Multi-Assets Mode: this exchange margins coins one by one.")
    raise Failure(-4171, "Adjusted asset mode is currently set and does not need to be adjusted repeatedly")


@routes.on("GET", "/feeBurn", weight=30, security=Security.READ)
def fee_burn(call: Call) -> Any:
    """Fees are paid in the coin of settlement."""
    return {"feeBurn": False}


@routes.on("POST", "/feeBurn", security=Security.TRADE)
def set_fee_burn(call: Call) -> Any:
    """Fees cannot be paid in BNB."""
    call.params.text("feeBurn")
    if call.params.flag("feeBurn"):
        raise Failure(-1130, "Data sent for parameter 'feeBurn' is not valid.")
    return {"code": 200, "msg": "success"}
