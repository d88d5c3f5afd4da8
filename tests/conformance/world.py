"""The markets of the suite: two coins, spot and perpetual, minute bars, the first days of which are history."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tradewind.market import Instrument, Kind, MaintenanceTier, Market, Timeframe

DAYS, DAYS_BEFORE = 16, 2
MINUTES = DAYS * 24 * 60
START = 1_760_000_040_000 // 86_400_000 * 86_400_000
TIERS = (
    MaintenanceTier(0.0, 0.005),
    MaintenanceTier(50_000.0, 0.01, 250.0),
    MaintenanceTier(500_000.0, 0.025, 7_750.0),
)
COINS = {"BTC": (60_000.0, "0.01", "0.00001"), "ETH": (3_000.0, "0.01", "0.0001")}


def markets() -> list[Market]:
    """A quiet random walk each: two of a thousand an hour, a hundred thousand quote a minute."""
    return [_market(coin, kind, number) for number, coin in enumerate(COINS) for kind in Kind]


def _market(coin: str, kind: Kind, number: int) -> Market:
    level, tick, lot = COINS[coin]
    draw = np.random.default_rng(number)
    close = np.round(level * np.exp(np.cumsum(draw.normal(0.0, 3e-4, MINUTES))), 2)
    opened = np.concatenate(([level], close[:-1]))
    high = np.round(np.maximum(opened, close) * (1 + draw.uniform(0, 2e-4, MINUTES)), 2)
    low = np.round(np.minimum(opened, close) * (1 - draw.uniform(0, 2e-4, MINUTES)), 2)
    volume = np.round(draw.uniform(0.5, 1.5, MINUTES) * 1e6 / level, 4)
    columns = [np.ascontiguousarray(c[:, None]) for c in (opened, high, low, close, volume)]
    perpetual = kind is Kind.PERPETUAL
    time = START + 60_000 * np.arange(MINUTES, dtype=np.int64)
    funding = np.where(time % (8 * 3_600_000) == 0, 1e-4, 0.0)[:, None] if perpetual else None
    instrument = Instrument(
        venue="binance",
        symbol=f"{coin}/USDT:USDT" if perpetual else f"{coin}/USDT",
        base=coin,
        quote="USDT",
        kind=kind,
        tick=Decimal(tick),
        lot=Decimal("0.001") if perpetual else Decimal(lot),
        min_notional=Decimal(5),
        taker_fee=0.0005 if perpetual else 0.001,
        maker_fee=0.0002 if perpetual else 0.001,
        **({"tiers": TIERS} if perpetual else {}),
    )
    return Market(
        (instrument,),
        Timeframe("1m"),
        time,
        *columns,
        tradable=np.ones((MINUTES, 1), dtype=bool),
        fragments=np.array([[0, MINUTES]], dtype=np.int64),
        funding_rate=funding,
    )
