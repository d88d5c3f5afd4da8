"""What Binance USD-M says of itself: time, symbols, filters, limits."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import Listing, Status
from tradewind.gateway.binance.limits import MINUTE_MS, Limit
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.usdm.markets import asked, perpetuals
from tradewind.gateway.binance.usdm.numbers import places, price, quantity, trimmed
from tradewind.gateway.binance.usdm.words import TYPES

WEIGHT = Limit("1M", "MINUTE", 1, MINUTE_MS, 2_400)
ORDERS = (
    Limit("10S", "SECOND", 10, 10_000, 300),
    Limit("1M", "MINUTE", 1, MINUTE_MS, 1_200),
)
NEVER_MS = 4_133_404_800_000  # the delivery date of perpetuals
STATUS = {
    Status.TRADING: "TRADING",
    Status.HALTED: "PENDING_TRADING",
    Status.CANCEL_ONLY: "PENDING_TRADING",
    Status.DELISTED: "CLOSE",
}

routes = Routes("/fapi/v1")
others = Routes("")  # products without a market here


@routes.on("GET", "/ping")
def ping(call: Call) -> Any:
    """Nothing, to see that somebody is there."""
    return {}


@routes.on("GET", "/time")
def time(call: Call) -> Any:
    """Wire time."""
    return {"serverTime": call.now_ms()}


@routes.on("GET", "/exchangeInfo")
def exchange_info(call: Call) -> Any:
    """All perpetuals, or the one asked for, with their filters."""
    quotes = sorted({listing.quote for listing in perpetuals(call)})
    return {
        "timezone": "UTC",
        "serverTime": call.now_ms(),
        "futuresType": "U_MARGINED",
        "rateLimits": rate_limits(),
        "exchangeFilters": [],
        "assets": [{"asset": asset, "marginAvailable": True, "autoAssetExchange": "0"} for asset in quotes],
        "symbols": [symbol_info(listing) for listing in asked(call)],
    }


@others.on("GET", "/dapi/v1/ping")
@others.on("GET", "/eapi/v1/ping")
def others_ping(call: Call) -> Any:
    """Nothing, to see that somebody is there."""
    return {}


@others.on("GET", "/dapi/v1/time")
@others.on("GET", "/eapi/v1/time")
def others_time(call: Call) -> Any:
    """Wire time."""
    return {"serverTime": call.now_ms()}


@others.on("GET", "/dapi/v1/exchangeInfo")
def coin_margined_info(call: Call) -> Any:
    """COIN-M futures: none are listed."""
    return {
        "timezone": "UTC",
        "serverTime": call.now_ms(),
        "rateLimits": rate_limits(),
        "exchangeFilters": [],
        "symbols": [],
    }


@others.on("GET", "/eapi/v1/exchangeInfo")
def options_info(call: Call) -> Any:
    """Options: none are listed."""
    return {
        "timezone": "UTC",
        "serverTime": call.now_ms(),
        "optionContracts": [],
        "optionAssets": [],
        "optionSymbols": [],
        "rateLimits": rate_limits(),
    }


def rate_limits() -> list[dict[str, Any]]:
    weight = {"rateLimitType": "REQUEST_WEIGHT", **_interval(WEIGHT)}
    return [weight, *order_limits()]


def order_limits() -> list[dict[str, Any]]:
    return [{"rateLimitType": "ORDERS", **_interval(limit)} for limit in ORDERS]


def _interval(limit: Limit) -> dict[str, Any]:
    return {"interval": limit.interval, "intervalNum": limit.number, "limit": limit.most}


def symbol_info(listing: Listing) -> dict[str, Any]:
    first = listing.tiers[0]
    return {
        "symbol": listing.id,
        "pair": listing.id,
        "contractType": "PERPETUAL",
        "deliveryDate": NEVER_MS,
        "onboardDate": listing.listed_ms,
        "status": STATUS[listing.status],
        "maintMarginPercent": f"{first.rate * 100:.4f}",
        "requiredMarginPercent": f"{100 / first.leverage:.4f}",
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.quote,
        "pricePrecision": places(listing.filters.tick),
        "quantityPrecision": places(listing.filters.step),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": f"{listing.liquidation_fee:.6f}",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10_000,
        "filters": _filters(listing),
        "orderTypes": list(TYPES),
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        "permissionSets": [],
    }


def _filters(listing: Listing) -> list[dict[str, Any]]:
    rules = listing.filters
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": price(listing, rules.min_price),
            "maxPrice": price(listing, rules.max_price),
            "tickSize": price(listing, rules.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": quantity(listing, rules.min_quantity),
            "maxQty": quantity(listing, rules.max_quantity),
            "stepSize": quantity(listing, rules.step),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": quantity(listing, max(rules.market_min_quantity, rules.min_quantity)),
            "maxQty": quantity(listing, min(rules.market_max_quantity, rules.max_quantity)),
            "stepSize": quantity(listing, rules.market_step or rules.step),
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": rules.max_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": rules.max_algo_orders},
        {"filterType": "MIN_NOTIONAL", "notional": trimmed(rules.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": f"{rules.bid_multiplier_up:.4f}",
            "multiplierDown": f"{rules.ask_multiplier_down:.4f}",
            "multiplierDecimal": "4",
        },
    ]
