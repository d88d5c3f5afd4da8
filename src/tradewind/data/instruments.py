"""Instruments as TOML: what a user writes for an import, and what the store keeps beside the candles."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.data.naming import parts
from tradewind.market import ConfigError, FeeAsset, Instrument, Kind, MaintenanceTier
from tradewind.market.instrument import DEFAULT_TIERS

_DECIMALS = ("tick", "lot", "min_notional")
_RATES = ("taker_fee", "maker_fee")
_KEYS = tuple(f.name for f in fields(Instrument))
_TIER_KEYS = tuple(f.name for f in fields(MaintenanceTier))
_PERPETUAL_FEES = {"taker_fee": 0.0005, "maker_fee": 0.0002}


@dataclass(frozen=True, slots=True)
class KnownInstrument:
    """An instrument, and the names of those of its values that nobody stated: they are assumptions."""

    instrument: Instrument
    assumed: tuple[str, ...] = ()

    def sentence(self) -> str:
        """What was assumed, in words; empty when everything was stated."""
        if not self.assumed:
            return ""
        values = ", ".join(f"{name} {told(getattr(self.instrument, name))}" for name in self.assumed)
        return f"{self.instrument.symbol} has assumed rules: {values}; state them with --instrument FILE.toml"


def build_instrument(venue: str, symbol: str, stated: Mapping[str, Any], source: str = "") -> KnownInstrument:
    """An instrument from stated values; what is not stated takes its default and is called assumed.

    `ConfigError` names the key that is unknown, of the wrong type, or at odds with venue or symbol.
    """
    base, quote, kind = parts(symbol)
    fixed = {"venue": venue, "symbol": symbol, "base": base, "quote": quote, "kind": kind.value}
    for name, value in fixed.items():
        if name in stated and str(stated[name]) != value:
            raise ConfigError(f"{source}{name} is {stated[name]!r}, but {symbol} on {venue} has {value!r}")
    settings = {k: _typed(k, v, source) for k, v in stated.items() if k not in fixed}
    if kind is Kind.PERPETUAL:
        settings = _PERPETUAL_FEES | settings
    instrument = Instrument(venue=venue, symbol=symbol, base=base, quote=quote, kind=kind, **settings)
    optional = [*_DECIMALS, *_RATES, "fee_asset"] + (["tiers"] if kind is Kind.PERPETUAL else [])
    return KnownInstrument(instrument, tuple(name for name in optional if name not in stated))


def with_measured_tick(known: KnownInstrument, prices: NDArray[np.float64]) -> KnownInstrument:
    """Where no tick was stated, the finest decimal step that the prices themselves show (to 1e-8)."""
    if "tick" not in known.assumed or not len(prices):
        return known
    return replace(known, instrument=replace(known.instrument, tick=_finest_step(prices)))


def read_instrument_file(path: Path, venue: str, symbol: str) -> KnownInstrument:
    """What a user's TOML states about one symbol.

    The file holds either one instrument, or shared values and one `[[instrument]]` table for each symbol.
    """
    source = f"{path.name}: "
    table = _load(path)
    entries = table.pop("instrument", None)
    if entries is None:
        return build_instrument(venue, symbol, table, source)
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise ConfigError(f"{source}write [[instrument]] (with two brackets) before each instrument")
    named = [e.get("symbol") for e in entries]
    if symbol not in named:
        raise ConfigError(
            f"{source}no [[instrument]] has symbol {symbol}: it has {', '.join(map(str, named))}"
        )
    return build_instrument(venue, symbol, table | entries[named.index(symbol)], source)


def read_stored_instrument(path: Path) -> KnownInstrument:
    """An instrument that `instrument_toml` wrote."""
    table = _load(path)
    assumed = tuple(table.pop("assumed", ()))
    missing = [name for name in ("venue", "symbol") if name not in table]
    if missing:
        raise ConfigError(
            f"{path.name} lacks {' and '.join(missing)}: write it again with data import --instrument"
        )
    known = build_instrument(table["venue"], table["symbol"], table, f"{path.name}: ")
    return replace(known, assumed=assumed)


def instrument_toml(known: KnownInstrument) -> str:
    """The text that `read_stored_instrument` turns back into the same instrument."""
    lines = []
    for name in _KEYS:
        if name != "tiers":
            lines.append(f"{name} = {_written(getattr(known.instrument, name))}")
    lines.append(f"assumed = [{', '.join(_written(name) for name in known.assumed)}]")
    for tier in known.instrument.tiers:
        lines += ["", "[[tiers]]"] + [f"{name} = {_written(getattr(tier, name))}" for name in _TIER_KEYS]
    return "\n".join(lines) + "\n"


def told(value: Any) -> str:
    """A value of an instrument as a person reads it."""
    if value == DEFAULT_TIERS:
        return "0.5 % maintenance"
    return str(value)


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        raise ConfigError(f"there is no file {path}: give the path of an instrument TOML") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} is not valid TOML: {error}") from None


def _typed(name: str, value: Any, source: str) -> Any:
    if name not in _KEYS:
        near = get_close_matches(name, _KEYS, n=1)
        hint = f", did you mean {near[0]}?" if near else f": known are {', '.join(_KEYS)}"
        raise ConfigError(f"{source}unknown key {name!r}{hint}")
    if name in _DECIMALS:
        return _decimal(name, value, source)
    if name in _RATES:
        return float(_decimal(name, value, source))
    if name == "fee_asset":
        return _fee_asset(value, source)
    if name == "closes_below_minimum":
        if not isinstance(value, bool):
            raise ConfigError(f"{source}closes_below_minimum is {value!r}, expected true or false")
        return value
    return _tiers(value, source)


def _decimal(name: str, value: Any, source: str) -> Decimal:
    try:
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal | float):
            raise InvalidOperation
        number = Decimal(str(value))
        if not number.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise ConfigError(f"{source}{name} is {value!r}, expected a number such as 0.001") from None
    return number


def _fee_asset(value: Any, source: str) -> FeeAsset:
    try:
        return FeeAsset(value)
    except ValueError:
        raise ConfigError(f"{source}fee_asset is {value!r}, expected quote, base or other") from None


def _tiers(value: Any, source: str) -> tuple[MaintenanceTier, ...]:
    if not isinstance(value, list) or not all(isinstance(t, dict) for t in value):
        raise ConfigError(f"{source}tiers must be [[tiers]] tables with notional_floor, rate and amount")
    tiers = []
    for table in value:
        unknown = set(table) - set(_TIER_KEYS)
        if unknown or not {"notional_floor", "rate"} <= set(table):
            raise ConfigError(f"{source}a tier has {sorted(table)}, expected notional_floor, rate and amount")
        tiers.append(MaintenanceTier(**{k: float(_decimal(k, v, source)) for k, v in table.items()}))
    return tuple(tiers)


def _finest_step(prices: NDArray[np.float64]) -> Decimal:
    for places in range(9):
        scaled = prices * 10.0**places
        if (np.abs(scaled - np.round(scaled)) <= 1e-9 * np.maximum(1.0, np.abs(scaled))).all():
            return Decimal(1).scaleb(-places)
    return Decimal("0.00000001")


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return (
            repr(value) if "e" not in repr(value) or "." in repr(value) else repr(value).replace("e", ".0e")
        )
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
