"""Names of symbols: as files, as venues write them, and as Tradewind does (BTC/USDT, BTC/USDT:USDT)."""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import unquote

from tradewind.market import ConfigError, Kind

# Longest first, so that BTCFDUSD is not read as BTCFD/USD.
QUOTES = (
    "FDUSD",
    "USDT",
    "USDC",
    "BUSD",
    "TUSD",
    "USD",
    "EUR",
    "GBP",
    "TRY",
    "BRL",
    "JPY",
    "AUD",
    "BTC",
    "ETH",
    "BNB",
)
_CASH = QUOTES[:-3]  # a lone BTC, ETH or BNB in a file name is more often a base than a quote
_UNIFIED = re.compile(r"^([^/:\s]+)/([^/:\s]+)(?::([^/:\s]+))?$")
_PLAIN = re.compile(r"[A-Za-z0-9-]")


def file_name(symbol: str) -> str:
    """A name that is safe on every file system and that `symbol_of_file` turns back: BTC_USDT@USDT."""
    if not symbol:
        raise ConfigError("a symbol must not be empty")
    return "".join(_escaped(c) for c in symbol)


def symbol_of_file(name: str) -> str:
    """The symbol that `file_name` was given."""
    return unquote(name.replace("_", "/").replace("@", ":"))


def unified_symbol(text: str, kind: Kind) -> str:
    """BTCUSDT, BTC-USDT, btc_usdt or BTC/USDT as one symbol of that kind; `ConfigError` when it is none."""
    written = text.strip().upper()
    match = _UNIFIED.match(written)
    if match:
        base, quote, settle = match.groups()
        if settle and kind is Kind.SPOT:
            raise ConfigError(f"{text} is a perpetual, not spot: leave --kind out or say --kind perpetual")
        return _join(base, quote, kind, settle)
    pair = _split(re.sub(r"[-_]", "", written), QUOTES)
    if pair is None:
        raise ConfigError(f"{text!r} is no symbol that can be read: give it as --symbol BTC/USDT")
    return _join(*pair, kind)


def symbol_in_file_name(stem: str, kind: Kind) -> str | None:
    """The symbol that a file's name contains (BTCUSDT-5m-2025-01, BTC_USDT-1h), or None."""
    words = [w for w in re.split(r"[^A-Za-z0-9]+", stem.upper()) if w]
    for base, quote in pairwise(words):  # first, or STETH_USDT would be read as ST/ETH
        if quote in _CASH and base not in _CASH and _split(base, _CASH) is None:
            return _join(base, quote, kind)
    for word in words:
        pair = _split(word, QUOTES)
        if pair is not None:
            return _join(*pair, kind)
    return None


def parts(symbol: str) -> tuple[str, str, Kind]:
    """Base, quote and kind of a unified symbol; `ConfigError` for dated, inverse and other contracts."""
    match = _UNIFIED.match(symbol)
    if match is None:
        raise ConfigError(
            f"{symbol!r} is not a symbol: write BTC/USDT for spot, BTC/USDT:USDT for a perpetual"
        )
    base, quote, settle = match.groups()
    if settle is not None and settle != quote:
        raise ConfigError(f"{symbol} is not a linear perpetual: only spot and BASE/QUOTE:QUOTE are supported")
    return base, quote, Kind.SPOT if settle is None else Kind.PERPETUAL


def _escaped(character: str) -> str:
    if character == "/":
        return "_"
    if character == ":":
        return "@"
    if _PLAIN.match(character):
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode())


def _split(word: str, quotes: tuple[str, ...]) -> tuple[str, str] | None:
    for quote in quotes:
        if word.endswith(quote) and len(word) > len(quote):
            return word[: -len(quote)], quote
    return None


def _join(base: str, quote: str, kind: Kind, settle: str | None = None) -> str:
    return f"{base}/{quote}:{settle or quote}" if kind is Kind.PERPETUAL else f"{base}/{quote}"
