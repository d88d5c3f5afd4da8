"""What trades cost an account of Binance Spot."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradewind.exchange import Exchange
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.spot.markets import all_listings, eight, listing_of

_NONE = {"maker": "0.00000000", "taker": "0.00000000"}
_NOBODY = {"buyer": "0.00000000", "seller": "0.00000000"}
_QUOTE = "quote"  # of `FeeSettings.coin`: no discount coin

routes = Routes("/api/v3")


@routes.on("GET", "/account/commission", weight=20, security=Security.READ, takes="symbol")
def commission(call: Call) -> Any:
    """The rates in one market."""
    listing = listing_of(call)
    return {
        "symbol": listing.id,
        "standardCommission": _rates(call, listing.symbol) | _NOBODY,
        "specialCommission": _NONE | _NOBODY,
        "taxCommission": _NONE | _NOBODY,
        "discount": _discount(call),
    }


def order_commission(call: Call, symbol: str) -> dict[str, Any]:
    """The rates that an order would pay."""
    return {
        "standardCommissionForOrder": _rates(call, symbol),
        "specialCommissionForOrder": _NONE,
        "taxCommissionForOrder": _NONE,
        "discount": _discount(call),
    }


def account_rates(exchange: Exchange, account: str) -> tuple[Decimal, Decimal]:
    """Maker and taker rate that an account is shown as its own: those of the first market."""
    listings = all_listings(exchange)
    return exchange.fee_rates(account, listings[0].symbol) if listings else (Decimal(0), Decimal(0))


def _rates(call: Call, symbol: str) -> dict[str, str]:
    maker, taker = call.exchange.fee_rates(call.account, symbol)
    return {"maker": eight(maker), "taker": eight(taker)}


def _discount(call: Call) -> dict[str, Any]:
    settings = call.exchange.account(call.account).fee_settings
    on = settings.coin not in ("", _QUOTE)
    return {
        "enabledForAccount": on,
        "enabledForSymbol": on,
        "discountAsset": settings.coin if on else "BNB",
        "discount": eight(settings.discount if on else Decimal(0)),
    }
