"""The futures account: balances, leverage, margin and position mode, bills."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradewind.exchange import Exchange, Income, IncomeKind, Listing, PositionSide, Refusal, Refused
from tradewind.exchange.incomes import incomes
from tradewind.gateway.bitget.failure import Failure, missing, wrong
from tradewind.gateway.bitget.formats import margin_name, mode_name, rounded, text
from tradewind.gateway.bitget.listings import settle_coins
from tradewind.gateway.bitget.paging import end_id, page
from tradewind.gateway.bitget.requests import MARGIN_MODES
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v2.mix_requests import check_coin
from tradewind.gateway.bitget.v2.products import is_served, maybe_perpetual, perpetual

routes = Routes("/api/v2/mix/account")
_MODES = {"one_way_mode": "one_way", "hedge_mode": "hedge"}
_MARGIN_BUSY = Failure("45117", "Currently holding positions or orders, the margin mode cannot be adjusted")


def balance_row(exchange: Exchange, account_id: str, coin: str) -> dict[str, Any]:
    """One coin of the futures wallet."""
    wallet = exchange.positions.wallet(account_id, coin)
    isolated = wallet.unrealised - wallet.cross_unrealised
    buffer = wallet.cross_wallet + wallet.cross_unrealised
    risk = wallet.cross_maintenance_margin / buffer if buffer > 0 else Decimal(0)
    free = max(Decimal(0), wallet.available)
    bitcoin = exchange.tape.worth("BTC", coin)
    return {
        "marginCoin": coin,
        "locked": rounded(wallet.order_initial_margin),
        "available": rounded(wallet.margin_balance),
        "crossedMaxAvailable": rounded(free),
        "isolatedMaxAvailable": rounded(free),
        "maxTransferOut": rounded(wallet.max_withdraw),
        "accountEquity": rounded(wallet.margin_balance),
        "usdtEquity": rounded(wallet.margin_balance),
        "btcEquity": rounded(wallet.margin_balance / bitcoin) if bitcoin else "0",
        "crossedRiskRate": rounded(risk),
        "unrealizedPL": rounded(wallet.unrealised),
        "coupon": "0",
        "unionTotalMargin": "0",
        "unionAvailable": "0",
        "unionMm": "0",
        "crossedUnrealizedPL": rounded(wallet.cross_unrealised),
        "isolatedUnrealizedPL": rounded(isolated),
        "crossedMargin": rounded(wallet.initial_margin),
        "isolatedMargin": rounded(wallet.wallet - wallet.cross_wallet),
        "assetMode": "single",
    }


@routes.get("/accounts", 10, Security.READ)
def accounts(call: Call) -> object:
    """All coins that contracts of the product type are settled in."""
    if not is_served(call):
        return []
    return [balance_row(call.exchange, call.account, coin) for coin in settle_coins(call.exchange)]


@routes.get("/account", 10, Security.READ)
def account(call: Call) -> object:
    """The coin of one contract, with its leverage and modes."""
    m = perpetual(call)
    check_coin(call.params, m)
    kept = call.exchange.account(call.account)
    leverage = kept.leverage_of(m.symbol)
    return balance_row(call.exchange, call.account, m.quote) | {
        "crossedMarginLeverage": leverage,
        "isolatedLongLever": leverage,
        "isolatedShortLever": leverage,
        "marginMode": margin_name(m.symbol in kept.isolated),
        "posMode": mode_name(kept.hedge),
    }


def settings_row(call: Call, m: Listing) -> dict[str, str]:
    kept = call.exchange.account(call.account)
    leverage = str(kept.leverage_of(m.symbol))
    return {
        "symbol": m.id,
        "marginCoin": m.quote,
        "longLeverage": leverage,
        "shortLeverage": leverage,
        "crossMarginLeverage": leverage,
        "marginMode": margin_name(m.symbol in kept.isolated),
    }


@routes.post("/set-leverage", 5, Security.FUTURES)
def set_leverage(call: Call) -> object:
    """Leverage of a contract, the same for both sides."""
    params, m = call.params, perpetual(call)
    check_coin(params, m)
    names = ("leverage", "longLeverage", "shortLeverage")
    given = [value for value in (params.maybe_positive(name) for name in names) if value is not None]
    if not given:
        raise missing("leverage")
    if len(set(given)) > 1 or given[0] != given[0].to_integral_value():
        raise wrong("leverage")
    call.exchange.positions.set_leverage(call.account, m.symbol, int(given[0]))
    return settings_row(call, m)


@routes.post("/set-margin-mode", 5, Security.FUTURES)
def set_margin_mode(call: Call) -> object:
    """Isolated or crossed, while nothing is open in the contract."""
    m = perpetual(call)
    check_coin(call.params, m)
    name = call.params.text("marginMode").lower()
    if name not in MARGIN_MODES:
        raise wrong("marginMode")
    try:
        call.exchange.positions.set_isolated(call.account, m.symbol, MARGIN_MODES[name])
    except Refused as refused:
        if refused.reason in (Refusal.OPEN_ORDERS, Refusal.OPEN_POSITION):
            raise _MARGIN_BUSY.anew() from None
        if refused.reason is not Refusal.MARGIN_MODE_SAME:
            raise
    return settings_row(call, m)


@routes.post("/set-position-mode", 5, Security.FUTURES)
def set_position_mode(call: Call) -> object:
    """One-way or hedge, while nothing is open in any contract."""
    if not is_served(call):
        raise wrong("productType")
    mode = call.params.choice("posMode", _MODES)
    try:
        call.exchange.positions.set_hedge(call.account, mode == "hedge")
    except Refused as refused:
        if refused.reason is not Refusal.POSITION_MODE_SAME:
            raise
    return {"posMode": mode_name(mode == "hedge")}


@routes.post("/set-margin", 5, Security.FUTURES)
def set_margin(call: Call) -> object:
    """Put margin into an isolated position, or with a negative amount take it out."""
    params, m = call.params, perpetual(call)
    check_coin(params, m)
    amount = params.signed("amount")
    if not amount:
        raise Failure("40203", "The amount of adjustment margin cannot be empty or negative")
    hedge = call.exchange.account(call.account).hedge
    side = PositionSide.BOTH
    if hedge:
        sides = {"long": PositionSide.LONG, "short": PositionSide.SHORT}
        side = params.choice("holdSide", sides)
    call.exchange.positions.move_margin(call.account, m.symbol, abs(amount), add=amount > 0, side=side)
    return ""


@routes.get("/open-count", 10, Security.READ)
def open_count(call: Call) -> object:
    """How much could be opened with `openAmount` of margin at `openPrice`."""
    m = perpetual(call)
    amount, price = call.params.decimal("openAmount"), call.params.decimal("openPrice")
    if not price:
        raise wrong("openPrice")
    leverage = call.params.maybe_positive("leverage") or call.exchange.account(call.account).leverage_of(
        m.symbol
    )
    size = amount * leverage / price
    return {"size": text(size // m.filters.step * m.filters.step)}


_BUSINESS = {
    IncomeKind.FUNDING: "contract_settle_fee",
    IncomeKind.COMMISSION: "trade_fee",
    IncomeKind.INSURANCE: "risk_captital_user_transfer",
    IncomeKind.OTHER: "system",
}


def business(item: Income) -> str:
    """Bitget's name for it."""
    if item.kind is IncomeKind.REALISED:
        return "close_position"
    if item.kind is IncomeKind.TRANSFER:
        return "trans_from_exchange" if item.amount > 0 else "trans_to_exchange"
    return _BUSINESS[item.kind]


@routes.get("/bill", 10, Security.READ)
def bills(call: Call) -> object:
    """Profits, fees, funding and transfers of the futures wallet, newest first."""
    if not is_served(call):
        return {"bills": [], "endId": None}
    params, (start, end) = call.params, call.params.times()
    m, coin, wanted = maybe_perpetual(call), params.maybe("coin"), params.maybe("businessType")
    plain = start is None and coin is None and wanted is None and not params.has("idLessThan")
    found = incomes(
        call.exchange.ledger,
        call.account,
        symbol=m.symbol if m else None,
        start_ms=start,
        end_ms=end,
        limit=params.limit(100, 100) if plain else 1_000_000_000,
    )
    kept = (i for i in found if coin in (None, i.asset) and wanted in (None, business(i)))
    rows = page(kept, params)
    listings = call.exchange.listings
    return {
        "bills": [
            {
                "billId": str(item.id),
                "symbol": listings[item.symbol].id if item.symbol else "",
                "amount": text(item.amount),
                "fee": "0",
                "feeByCoupon": "",
                "businessType": business(item),
                "coin": item.asset,
                "cTime": str(item.time_ms),
            }
            for item in rows
        ],
        "endId": end_id(rows),
    }
