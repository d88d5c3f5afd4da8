"""What people call the columns of a candle file."""

from __future__ import annotations

import re

TWELVE = (
    *("open_time", "open", "high", "low", "close", "volume"),
    *("close_time", "quote_volume", "trades", "taker_base", "taker_quote", "ignore"),
)

# For each role its names, the most telling first, as `plain_name` levels them.
KNOWN_NAMES: dict[str, tuple[str, ...]] = {
    "open_time": (
        *(
            "open_time",
            "opentime",
            "timestamp",
            "timestamp_ms",
            "time_ms",
            "unix",
            "unix_timestamp",
            "ts",
            "time",
        ),
        *("t", "datetime", "date_time", "date", "start", "start_time", "starttime", "begin"),
        *("candle_begin_time", "period_start", "index", "index_level_0", "level_0", ""),
    ),
    "close_time": (
        *("close_time", "closetime", "time_close", "timestamp_close"),
        *("end", "end_time", "endtime", "period_end"),
    ),
    "open": ("open", "o", "open_price", "price_open", "openprice"),
    "high": ("high", "h", "max", "high_price", "price_high", "highprice"),
    "low": ("low", "l", "min", "low_price", "price_low", "lowprice"),
    "close": ("close", "c", "close_price", "price_close", "closeprice", "last"),
    "volume": ("volume", "vol", "v", "base_volume", "volume_base", "base_asset_volume", "tick_volume"),
    "quote_volume": (
        *("quote_volume", "quote_asset_volume", "volume_quote", "quote_vol", "quotevolume", "turnover", "qv"),
        *("volume_usdt", "volume_usdc", "volume_usd"),
    ),
    "ticker": ("ticker", "symbol", "tic", "pair", "instrument", "market"),
    "funding_time": ("time", "funding_time", "fundingtime", "calc_time", "timestamp", "datetime", "date"),
    "funding_rate": ("rate", "funding_rate", "fundingrate", "last_funding_rate"),
}
SAYS_OPEN = (
    "open_time",
    "opentime",
    "start",
    "start_time",
    "starttime",
    "begin",
    "candle_begin_time",
    "period_start",
)


def plain_name(name: str) -> str:
    """A column's name in small letters and underscores."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def roles(names: list[str]) -> dict[str, str]:
    """Which column plays which role; where several could, the most telling name wins."""
    present = {plain_name(name): name for name in reversed(names)}
    chosen: dict[str, str] = {}
    for role, known in KNOWN_NAMES.items():
        for name in known:
            if name in present:
                chosen[role] = present[name]
                break
    return chosen
