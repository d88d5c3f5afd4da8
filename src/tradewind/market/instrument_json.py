"""An instrument as JSON-able values, and back."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from tradewind.market.errors import ConfigError
from tradewind.market.instrument import FeeAsset, Instrument, Kind, MaintenanceTier


def instrument_to_dict(instrument: Instrument) -> dict[str, Any]:
    """Plain values; decimals as text."""
    values = asdict(instrument)
    return {k: str(v) if isinstance(v, Decimal) else v for k, v in values.items()} | {
        "kind": instrument.kind.value,
        "fee_asset": instrument.fee_asset.value,
        "tiers": [asdict(t) for t in instrument.tiers],
    }


def instrument_from_dict(values: dict[str, Any]) -> Instrument:
    """What `instrument_to_dict` wrote; `ConfigError` on anything else."""
    try:
        return Instrument(
            **values
            | {name: Decimal(values[name]) for name in ("tick", "lot", "min_notional")}
            | {
                "kind": Kind(values["kind"]),
                "fee_asset": FeeAsset(values["fee_asset"]),
                "tiers": tuple(MaintenanceTier(**t) for t in values["tiers"]),
            }
        )
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ConfigError(f"this does not describe an instrument: {error!r}") from error
