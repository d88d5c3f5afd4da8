"""Candles, trades and tickers as a venue publishes them. Decimals on the grid of the listing; times UTC ms."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Candle:
    """`close_time` is exclusive. `closed` is True once market time has reached it.

    Open, high, low, close and volume are those of the data; quote and taker volume of closed candles are
    estimates from them. Trade ids are half-open like times.
    """

    symbol: str
    interval: str
    open_time: int
    close_time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int
    taker_buy_volume: Decimal
    taker_buy_quote_volume: Decimal
    first_trade_id: int
    next_trade_id: int
    closed: bool


@dataclass(frozen=True, slots=True)
class MarketTrade:
    """A trade of the crowd on the public tape. Ids of one market increase with time."""

    symbol: str
    id: int
    time: int
    price: Decimal
    quantity: Decimal
    buyer_is_maker: bool


@dataclass(frozen=True, slots=True)
class Ticker:
    """The last 24 hours of one market (or since another open time), and its best prices now."""

    symbol: str
    open_time: int
    close_time: int
    open: Decimal
    high: Decimal
    low: Decimal
    last: Decimal
    last_quantity: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int
    first_trade_id: int
    last_trade_id: int
    previous_close: Decimal
    bid: Decimal
    bid_quantity: Decimal
    ask: Decimal
    ask_quantity: Decimal

    @property
    def change(self) -> Decimal:
        return self.last - self.open

    @property
    def weighted_average(self) -> Decimal:
        return self.quote_volume / self.volume if self.volume else self.last


@dataclass(frozen=True, slots=True)
class FundingRate:
    """`rate` is charged at `time`; positive: longs pay shorts."""

    symbol: str
    time: int
    rate: Decimal
    mark: Decimal


@dataclass(frozen=True, slots=True)
class PremiumIndex:
    """What a perpetual's venue says about funding now."""

    symbol: str
    time: int
    mark: Decimal
    index: Decimal
    funding_rate: Decimal  # of the next funding time
    next_funding_time: int
