"""What Binance Spot says of itself: time, symbols, filters, limits."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import Listing, Status
from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.limits import MINUTE_MS, Limit
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.spot.words import TYPES
from tradewind.market import Kind

WEIGHT = Limit("1M", "MINUTE", 1, MINUTE_MS, 6_000)
ORDERS = (
    Limit("10S", "SECOND", 10, 10_000, 100),
    Limit("1D", "DAY", 1, 24 * 60 * MINUTE_MS, 200_000),
)
_STATUS = {
    Status.TRADING: "TRADING",
    Status.HALTED: "HALT",
    Status.CANCEL_ONLY: "CANCEL_ONLY",
    Status.DELISTED: "BREAK",
}

routes = Routes("/api/v3")


@routes.on("GET", "/ping")
def ping(call: Call) -> Any:
    """Nothing, to see that somebody is there."""
    return {}


@routes.on("GET", "/time")
def time(call: Call) -> Any:
    """Wire time."""
    return {"serverTime": call.now_ms()}


@routes.on("GET", "/exchangeInfo", weight=20)
def exchange_info(call: Call) -> Any:
    """All markets, or those asked for, with their filters."""
    params, listings = call.params, call.exchange.listings
    symbol, symbols = params.maybe("symbol"), params.maybe_list("symbols")
    if symbol is not None and symbols is not None:
        raise Failure(-1128, "Combination of optional parameters invalid.")
    asked = [symbol] if symbol is not None else symbols
    if asked is None:
        found = [listing for listing in listings if listing.is_spot]
    else:
        found = [listings.find(Kind.SPOT, name) for name in asked]
    return {
        "timezone": "UTC",
        "serverTime": call.now_ms(),
        "rateLimits": _rate_limits(),
        "exchangeFilters": [],
        "symbols": [_symbol(listing) for listing in found],
    }


def _rate_limits() -> list[dict[str, Any]]:
    weight = {"rateLimitType": "REQUEST_WEIGHT", **_interval(WEIGHT)}
    raw = {
        "rateLimitType": "RAW_REQUESTS",
        "interval": "MINUTE",
        "intervalNum": 5,
        "limit": 61_000,
    }
    return [weight, *({"rateLimitType": "ORDERS", **_interval(limit)} for limit in ORDERS), raw]


def _interval(limit: Limit) -> dict[str, Any]:
    return {"interval": limit.interval, "intervalNum": limit.number, "limit": limit.most}


def _symbol(listing: Listing) -> dict[str, Any]:
    return {
        "symbol": listing.id,
        "status": _STATUS[listing.status],
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(TYPES),
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(listing),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def _filters(listing: Listing) -> list[dict[str, Any]]:
    rules = listing.filters
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": f"{rules.min_price:.8f}",
            "maxPrice": f"{rules.max_price:.8f}",
            "tickSize": f"{rules.tick:.8f}",
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": f"{rules.min_quantity:.8f}",
            "maxQty": f"{rules.max_quantity:.8f}",
            "stepSize": f"{rules.step:.8f}",
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": f"{rules.market_min_quantity:.8f}",
            "maxQty": f"{rules.market_max_quantity:.8f}",
            "stepSize": f"{rules.market_step:.8f}",
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": f"{rules.bid_multiplier_up}",
            "bidMultiplierDown": f"{rules.bid_multiplier_down}",
            "askMultiplierUp": f"{rules.ask_multiplier_up}",
            "askMultiplierDown": f"{rules.ask_multiplier_down}",
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": f"{rules.min_notional:.8f}",
            "applyMinToMarket": rules.min_notional_for_market,
            "maxNotional": f"{rules.max_notional:.8f}",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": rules.max_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": rules.max_algo_orders},
    ]
