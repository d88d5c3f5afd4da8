"""What Binance Spot says of itself: time, symbols, filters, limits."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import Listing
from tradewind.exchange.history import AVERAGE_MINUTES
from tradewind.exchange.listing import Filters
from tradewind.gateway.binance.failure import Failure, not_together
from tradewind.gateway.binance.limits import MINUTE_MS, Limit
from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.spot.markets import (
    STATUSES,
    all_listings,
    eight,
    maybe_listing,
    named_listings,
)
from tradewind.gateway.binance.spot.words import TYPES

WEIGHT = Limit("1M", "MINUTE", 1, MINUTE_MS, 6_000)
RAW = Limit("5M", "MINUTE", 5, 5 * MINUTE_MS, 61_000)
ORDERS = (
    Limit("10S", "SECOND", 10, 10_000, 100),
    Limit("1D", "DAY", 1, 24 * 60 * MINUTE_MS, 200_000),
)
_PERMISSIONS = ("SPOT", "MARGIN", "LEVERAGED")

routes = Routes("/api/v3")


@routes.on("GET", "/ping", takes="")
def ping(call: Call) -> Any:
    """Nothing, to see that somebody is there."""
    return {}


@routes.on("GET", "/time", takes="")
def time(call: Call) -> Any:
    """Wire time."""
    return {"serverTime": call.now_ms()}


@routes.on(
    "GET", "/exchangeInfo", weight=20, takes="symbol symbols permissions showPermissionSets symbolStatus"
)
def exchange_info(call: Call) -> Any:
    """All markets, or those asked for, with their filters."""
    params = call.params
    one, many = maybe_listing(call), named_listings(call)
    status, permissions = params.maybe("symbolStatus"), _permissions(params)
    if one is not None and many is not None:
        raise not_together()
    if (one is not None or many is not None) and (status is not None or permissions is not None):
        raise not_together()
    if status is not None and status not in ("TRADING", "HALT", "BREAK"):
        raise Failure(-1122, "Invalid symbolStatus.")
    found = [one] if one is not None else many if many is not None else all_listings(call.exchange)
    if status is not None:
        found = [listing for listing in found if STATUSES[listing.status] == status]
    if permissions is not None and "SPOT" not in permissions:
        found = []
    sets = params.flag("showPermissionSets", True)
    return {
        "timezone": "UTC",
        "serverTime": call.now_ms(),
        "rateLimits": rate_limits(),
        "exchangeFilters": [],
        "symbols": [_symbol(listing, sets) for listing in found],
    }


def _permissions(params: Params) -> list[str] | None:
    text = params.maybe("permissions")
    if text is None:
        return None
    found = params.maybe_list("permissions") if text.startswith("[") else [text]
    for name in found or []:
        if name not in _PERMISSIONS and not name.startswith("TRD_GRP_"):
            raise Failure(-1130, "Data sent for parameter 'permissions' is not valid.")
    return found


def rate_limits() -> list[dict[str, Any]]:
    """The limits of the product, as exchangeInfo lists them."""
    weight = {"rateLimitType": "REQUEST_WEIGHT", **_interval(WEIGHT)}
    raw = {"rateLimitType": "RAW_REQUESTS", **_interval(RAW)}
    return [weight, *({"rateLimitType": "ORDERS", **_interval(limit)} for limit in ORDERS), raw]


def _interval(limit: Limit) -> dict[str, Any]:
    return {"interval": limit.interval, "intervalNum": limit.number, "limit": limit.most}


def _symbol(listing: Listing, sets: bool) -> dict[str, Any]:
    return {
        "symbol": listing.id,
        "status": STATUSES[listing.status],
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(TYPES),
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": symbol_filters(listing),
        "permissions": [],
        **({"permissionSets": [["SPOT"]]} if sets else {}),
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def symbol_filters(listing: Listing) -> list[dict[str, Any]]:
    """The rules of a market, as exchangeInfo lists them."""
    rules = listing.filters
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": eight(rules.min_price),
            "maxPrice": eight(rules.max_price),
            "tickSize": eight(rules.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": eight(rules.min_quantity),
            "maxQty": eight(rules.max_quantity),
            "stepSize": eight(rules.step),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": eight(rules.market_min_quantity),
            "maxQty": eight(rules.market_max_quantity),
            "stepSize": eight(rules.market_step),
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": f"{rules.bid_multiplier_up}",
            "bidMultiplierDown": f"{rules.bid_multiplier_down}",
            "askMultiplierUp": f"{rules.ask_multiplier_up}",
            "askMultiplierDown": f"{rules.ask_multiplier_down}",
            "avgPriceMins": AVERAGE_MINUTES,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": eight(rules.min_notional),
            "applyMinToMarket": rules.min_notional_for_market,
            "maxNotional": eight(rules.max_notional),
            "applyMaxToMarket": True,
            "avgPriceMins": AVERAGE_MINUTES,
        },
        {"filterType": "ICEBERG_PARTS", "limit": rules.max_iceberg_parts},
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": rules.min_trailing_delta,
            "maxTrailingAboveDelta": rules.max_trailing_delta,
            "minTrailingBelowDelta": rules.min_trailing_delta,
            "maxTrailingBelowDelta": rules.max_trailing_delta,
        },
        *_position_filter(rules),
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": rules.max_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": rules.max_algo_orders},
    ]


def _position_filter(rules: Filters) -> list[dict[str, Any]]:
    return (
        [{"filterType": "MAX_POSITION", "maxPosition": eight(rules.max_position)}]
        if rules.max_position
        else []
    )
