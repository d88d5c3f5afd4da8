"""What a unified account asks of itself: settings, assets, fees, leverage, modes, money from outside."""

from __future__ import annotations

from decimal import Decimal

from tradewind.exchange import Exchange, Permission, PositionSide, Refusal, Refused
from tradewind.exchange.money import ZERO
from tradewind.gateway.bitget.failure import missing, wrong
from tradewind.gateway.bitget.formats import margin_name, mode_name, rounded, text
from tradewind.gateway.bitget.outside import records
from tradewind.gateway.bitget.requests import MARGIN_MODES
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v3.category import category, contract, listing, listings
from tradewind.gateway.bitget.v3.orders import POSITION_SIDES
from tradewind.gateway.bitget.v3.pool import Pool

routes = Routes("/api/v3/account")
_MODES = {"one_way_mode": "one_way", "hedge_mode": "hedge"}
_PERMISSIONS = {
    "uta_mgt": Permission.READ,
    "uta_trade": Permission.TRADE,
    "withdraw": Permission.WITHDRAW,
}


@routes.get("/settings", 20, Security.READ)
def settings(call: Call) -> object:
    """Modes of the account. A classic account is refused, by which clients tell the two kinds apart."""
    account = call.exchange.account(call.account)
    contracts = [m for m in call.exchange.listings if not m.is_spot]
    return {
        "uid": account.id,
        "accountMode": "unified",
        "assetMode": "multi_assets",
        "accountLevel": "advanced",
        "holdMode": mode_name(account.hedge),
        "stpMode": "cancel_maker",
        "symbolConfigList": [
            {
                "category": category(m),
                "symbol": m.id,
                "marginMode": margin_name(m.symbol in account.isolated),
                "leverage": str(account.leverage_of(m.symbol)),
            }
            for m in contracts
        ],
        "coinConfigList": [],
    }


@routes.get("/info", 5, Security.READ)
def info(call: Call) -> object:
    """Whose key this is and what it may do."""
    key = call.key
    assert key is not None
    writes = key.permissions - {Permission.READ}
    return {
        "userId": call.account,
        "inviterId": "",
        "parentId": "",
        "channelCode": "",
        "channel": "",
        "ips": ",".join(key.addresses),
        "permType": "read-and-write" if writes else "read-only",
        "permissions": [name for name, needed in _PERMISSIONS.items() if needed in key.permissions],
        "regisTime": str(key.created_ms),
    }


def _worth(exchange: Exchange, coin: str, amount: Decimal) -> Decimal:
    """In USDT, which stands for the dollar; 0 for a coin that is not traded."""
    return amount if coin == "USDT" else amount * (exchange.tape.worth(coin, "USDT") or ZERO)


def coin_rows(exchange: Exchange, pool: Pool, account: str) -> list[dict[str, str]]:
    """What there is of each coin; contracts and spot orders use the same."""
    rows = []
    for coin in pool.coins(account):
        found = pool.holding(account, coin)
        rows.append(
            {
                "coin": coin,
                "equity": rounded(found.equity),
                "usdValue": rounded(_worth(exchange, coin, found.equity)),
                "balance": rounded(found.balance),
                "available": rounded(found.available),
                "debt": "0",
                "locked": rounded(found.locked),
            }
        )
    return rows


def totals(exchange: Exchange, pool: Pool, account: str) -> dict[str, Decimal]:
    """Equity, profit and margins of the account in USDT.

    `effective` is the equity that is margin, `ratio` what cross positions need of it: at 1 they are liquidated.
    """
    equity = effective = profit = maintenance = initial = needed = ZERO
    for coin in pool.coins(account):
        state = exchange.positions.wallet(account, coin)
        equity += _worth(exchange, coin, pool.holding(account, coin).equity)
        profit += _worth(exchange, coin, state.unrealised)
        maintenance += _worth(exchange, coin, state.maintenance_margin)
        initial += _worth(exchange, coin, state.initial_margin)
        effective += _worth(exchange, coin, state.cross_wallet + state.cross_unrealised)
        needed += _worth(exchange, coin, state.cross_maintenance_margin)
    return {
        "equity": equity,
        "effective": effective,
        "profit": profit,
        "maintenance": maintenance,
        "initial": initial,
        "ratio": needed / effective if effective > 0 else ZERO,
    }


@routes.get("/assets", 20, Security.READ)
def assets(call: Call) -> object:
    """Equity of the account, and every coin that it holds."""
    exchange, pool = call.exchange, call.desk.pool
    found = totals(exchange, pool, call.account)
    equity, profit = found["equity"], found["profit"]
    bitcoin = exchange.tape.worth("BTC", "USDT")
    return {
        "accountEquity": rounded(equity),
        "usdtEquity": rounded(equity),
        "btcEquity": rounded(equity / bitcoin) if bitcoin else "0",
        "unrealisedPnl": rounded(profit),
        "usdtUnrealisedPnl": rounded(profit),
        "btcUnrealizedPnl": rounded(profit / bitcoin) if bitcoin else "0",
        "effEquity": rounded(found["effective"]),
        "mmr": rounded(found["maintenance"]),
        "imr": rounded(found["initial"]),
        "mgnRatio": rounded(found["ratio"]),
        "positionMgnRatio": rounded(found["ratio"]),
        "assets": coin_rows(exchange, pool, call.account),
    }


@routes.get("/funding-assets", 20, Security.READ)
def funding_assets(call: Call) -> object:
    """Always empty: all money is in the pool."""
    return []


@routes.get("/max-transferable", 3, Security.READ)
def max_transferable(call: Call) -> object:
    """What of a coin is neither margin nor held by orders."""
    coin = call.params.text("coin").upper()
    most = rounded(call.desk.pool.spendable(call.account, coin))
    return {"coin": coin, "maxTransfer": most, "borrowMaxTransfer": most}


@routes.get("/fee-rate", 3, Security.READ)
def fee_rate(call: Call) -> object:
    """Maker and taker fee of the account in a market."""
    maker, taker = call.exchange.fee_rates(call.account, listing(call).symbol)
    return {"makerFeeRate": text(maker), "takerFeeRate": text(taker)}


@routes.get("/all-fee-rate", 3, Security.READ)
def all_fee_rates(call: Call) -> object:
    """Maker and taker fee of the account in all markets of a category."""
    rows = []
    for m in listings(call):
        maker, taker = call.exchange.fee_rates(call.account, m.symbol)
        rows.append({"symbol": m.id, "makerFeeRate": text(maker), "takerFeeRate": text(taker)})
    return rows


@routes.post("/set-leverage", 10, Security.FUTURES)
def set_leverage(call: Call) -> object:
    """Leverage of a contract, the same for both sides and margin modes."""
    params, m = call.params, contract(call)
    params.maybe_choice("posSide", POSITION_SIDES)
    params.maybe_choice("marginMode", MARGIN_MODES)
    names = ("leverage", "longLeverage", "shortLeverage")
    given = {value for value in (params.maybe_positive(name) for name in names) if value is not None}
    if not given:
        raise missing("leverage")
    leverage = given.pop()
    if given or leverage != leverage.to_integral_value():
        raise wrong("leverage")
    call.exchange.positions.set_leverage(call.account, m.symbol, int(leverage))
    return "success"


@routes.post("/set-hold-mode", 10, Security.FUTURES)
def set_hold_mode(call: Call) -> object:
    """One-way or hedge, while nothing is open in any contract."""
    mode = call.params.choice("holdMode", _MODES)
    try:
        call.exchange.positions.set_hedge(call.account, mode == "hedge")
    except Refused as refused:
        if refused.reason is not Refusal.POSITION_MODE_SAME:
            raise
    return "success"


@routes.post("/set-margin", 10, Security.FUTURES)
def set_margin(call: Call) -> object:
    """Put margin into an isolated position, or take it out."""
    params, m = call.params, contract(call)
    side = params.choice("posSide", POSITION_SIDES)
    adds = params.choice("operation", {"add": "add", "remove": "remove"}) == "add"
    amount = params.decimal("amount")
    if not call.exchange.account(call.account).hedge:
        side = PositionSide.BOTH
    call.exchange.positions.move_margin(call.account, m.symbol, amount, add=adds, side=side)
    return "success"


@routes.get("/deposit-records", 10, Security.READ)
def deposits(call: Call) -> object:
    """What came from outside, newest first."""
    return records(call, "deposit")


@routes.get("/withdrawal-records", 10, Security.READ)
def withdrawals(call: Call) -> object:
    """What left for outside, newest first."""
    return records(call, "withdraw")
