"""Instruments as ccxt tells them: tick, lot, smallest order, fees and maintenance tiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import ccxt

from tradewind.data.instruments import KnownInstrument, build_instrument
from tradewind.market import ConfigError, MaintenanceTier


def instrument_of_market(
    venue: str, market: Mapping[str, Any], precision_mode: int, tiers: Sequence[MaintenanceTier] = ()
) -> KnownInstrument:
    """The instrument that a ccxt market describes; what the venue leaves open is a default, and named so.

    `ConfigError` for what is not traded here: inverse, dated and option contracts.
    """
    symbol = str(market["symbol"])
    if not (market.get("spot") or (market.get("swap") and market.get("linear"))):
        raise ConfigError(f"{symbol} is neither spot nor a linear perpetual: choose one of those")
    contract_size = _decimal(market.get("contractSize")) or Decimal(1)
    precision, limits = market.get("precision") or {}, market.get("limits") or {}
    lot = _step(precision.get("amount"), precision_mode)
    stated: dict[str, Any] = {
        "tick": _step(precision.get("price"), precision_mode),
        "lot": None if lot is None else lot * contract_size,
        "min_notional": _decimal((limits.get("cost") or {}).get("min")),
        "taker_fee": market.get("taker"),
        "maker_fee": market.get("maker"),
    }
    if market.get("spot") and market.get("feeSide"):
        stated["fee_asset"] = {"get": "base", "base": "base"}.get(str(market["feeSide"]), "quote")
    elif market.get("swap"):
        stated["fee_asset"] = "quote"
    if tiers:
        stated["tiers"] = [
            {"notional_floor": t.notional_floor, "rate": t.rate, "amount": t.amount} for t in tiers
        ]
    return build_instrument(venue, symbol, {k: v for k, v in stated.items() if v is not None}, f"{venue}: ")


def maintenance_tiers(told: Sequence[Mapping[str, Any]]) -> tuple[MaintenanceTier, ...]:
    """ccxt's leverage tiers as maintenance tiers, with amounts such that no margin jumps at a floor."""
    tiers: list[MaintenanceTier] = []
    for entry in sorted(told, key=lambda t: float(t.get("minNotional") or 0)):
        floor, rate = float(entry.get("minNotional") or 0), entry.get("maintenanceMarginRate")
        if rate is None:
            return ()
        amount = tiers[-1].amount + floor * (float(rate) - tiers[-1].rate) if tiers else 0.0
        tiers.append(MaintenanceTier(floor, float(rate), amount))
    return tuple(tiers) if tiers and tiers[0].notional_floor == 0 else ()


def _step(precision: Any, mode: int) -> Decimal | None:
    number = _decimal(precision)
    if number is None:
        return None
    if mode == ccxt.TICK_SIZE:
        return number if number > 0 else None
    if mode == ccxt.DECIMAL_PLACES:
        return Decimal(1).scaleb(-int(number))
    return None  # significant digits: no fixed step


def _decimal(value: Any) -> Decimal | None:
    """Without trailing zeros: 1.0 * 0.001 is 0.001, not 0.0010."""
    return None if value is None else Decimal(f"{Decimal(str(value)).normalize():f}")
