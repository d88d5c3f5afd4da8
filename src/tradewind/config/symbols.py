"""The symbols of a run, as ccxt writes them: BTC/USDT is spot, BTC/USDT:USDT its perpetual."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tradewind.data.naming import parts, unified_symbol
from tradewind.market import ConfigError, Kind

_SYMBOL = re.compile(r"^([A-Z0-9]+)/([A-Z0-9]+)(?::([A-Z0-9]+))?$")
_STABLE = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI", "USDP", "USD1")
_FIAT = (
    *("USD", "EUR", "GBP", "JPY", "AUD", "CAD", "CHF", "TRY", "BRL", "RUB", "UAH"),
    *("ZAR", "PLN", "RON", "ARS", "MXN", "COP", "CZK", "NGN", "IDR", "INR", "KZT"),
)
_MONEY = frozenset((*_STABLE, *_FIAT))


def check_symbols(symbols: Sequence[str]) -> None:
    """`ConfigError` unless one agent can trade them together: each once, one kind, one quote currency."""
    for symbol in symbols:
        _check_one(symbol)
    for symbol in symbols:
        if list(symbols).count(symbol) > 1:
            raise ConfigError(f"symbols name {symbol} twice: name each once")
    kinds = {parts(symbol)[2].value: symbol for symbol in symbols}
    if len(kinds) > 1:
        told = " and ".join(f"{kind} ({symbol})" for kind, symbol in sorted(kinds.items()))
        raise ConfigError(f"symbols are {told}: one run trades one kind")
    quotes = {parts(symbol)[1]: symbol for symbol in symbols}
    if len(quotes) > 1:
        told = " and ".join(f"{quote} ({symbol})" for quote, symbol in sorted(quotes.items()))
        raise ConfigError(f"symbols are quoted in {told}: the allocation of one run is in one currency")


def _check_one(symbol: str) -> None:
    match = _SYMBOL.match(symbol)
    if not match:
        raise ConfigError(
            f"symbols name {symbol!r}, expected BASE/QUOTE such as BTC/USDT, or BTC/USDT:USDT for the "
            f"perpetual{_meant(symbol)}"
        )
    base, quote, settle = match.groups()
    if base == quote:
        raise ConfigError(f"symbols name {symbol}, which buys {base} with itself: name another")
    if settle is not None and settle != quote:
        raise ConfigError(
            f"symbols name {symbol}, which is settled in {settle}: only perpetuals settled in their quote "
            f"currency are traded; did you mean {base}/{quote}:{quote}?"
        )
    if quote not in _MONEY and (base in _MONEY or base == "BTC"):
        turned = f"{quote}/{base}" + (f":{base}" if settle else "")
        raise ConfigError(f"symbols name {symbol}, which is the wrong way round: did you mean {turned}?")


def _meant(symbol: str) -> str:
    """A venue's own spelling, or lower case, as ccxt writes it."""
    try:
        return f"; did you mean {unified_symbol(symbol, Kind.PERPETUAL if ':' in symbol else Kind.SPOT)}?"
    except ConfigError:
        return ""
