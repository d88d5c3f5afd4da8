"""Small markets and policies that provoke every rule, for the promise tests."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from tradewind.market import FeeAsset, Instrument, Kind, MaintenanceTier, Market, Observation, Timeframe

TIERS = (MaintenanceTier(0.0, 0.004), MaintenanceTier(50_000.0, 0.01, 300.0))


def instruments(width: int, kind: Kind, fee_asset: FeeAsset = FeeAsset.QUOTE) -> tuple[Instrument, ...]:
    suffix = ":USDT" if kind is Kind.PERPETUAL else ""
    return tuple(
        Instrument(
            venue="paper",
            symbol=f"C{a}/USDT{suffix}",
            base=f"C{a}",
            quote="USDT",
            kind=kind,
            lot=Decimal("0.001"),
            min_notional=Decimal("5"),
            taker_fee=0.0005 + 0.0001 * a,
            fee_asset=fee_asset,
            tiers=TIERS,
        )
        for a in range(width)
    )


def wild_market(
    bars: int, width: int, kind: Kind, seed: int, *, fee_asset: FeeAsset = FeeAsset.QUOTE, fragments: int = 1
) -> Market:
    """Random walks with gaps at the open, crashes, thin volume, holes, funding and several fragments."""
    rng = np.random.default_rng(seed)
    shocks = rng.standard_t(3, (bars, width)) * 0.004
    shocks[rng.random((bars, width)) < 0.002] -= 0.12
    close = 100 * np.exp(np.cumsum(shocks - shocks.mean(axis=0), axis=0))
    opened = np.vstack([close[:1], close[:-1]]) * np.exp(rng.standard_normal((bars, width)) * 0.002)
    high = np.maximum(opened, close) * (1 + np.abs(rng.standard_normal((bars, width))) * 0.004)
    low = np.minimum(opened, close) * (1 - np.abs(rng.standard_normal((bars, width))) * 0.004)
    volume = np.exp(rng.normal(3.0, 2.0, (bars, width)))
    tradable = rng.random((bars, width)) > 0.01
    if width == 1:
        tradable[:] = True
    for prices in (opened, high, low, close, volume):
        prices[~tradable] = np.nan
    edges = np.linspace(0, bars, fragments + 1).astype(int)
    open_time = np.arange(bars) * 300_000 + 1_700_000_100_000 // 300_000 * 300_000
    for k in range(1, fragments):
        open_time[edges[k] :] += 300_000 * 7
    funding = np.zeros((bars, width))
    funding[::96] = rng.normal(0, 5e-4, funding[::96].shape)
    return Market(
        instruments(width, kind, fee_asset),
        Timeframe("5m"),
        open_time,
        opened,
        high,
        low,
        close,
        volume,
        tradable,
        np.stack([edges[:-1], edges[1:]], axis=1).astype(np.int64),
        funding_rate=funding if kind is Kind.PERPETUAL else None,
    )


def hourly(market: Market) -> Market:
    """The same bars as if each had lasted an hour: enough days for figures of days."""
    hours = (market.open_time - market.open_time[0]) // 300_000 * 3_600_000
    return replace(
        market, timeframe=Timeframe("1h"), open_time=hours + 1_700_006_400_000 // 86_400_000 * 86_400_000
    )


class Moody:
    """A policy that depends on every input: random projections of the vector, at times hold or flat."""

    def __init__(self, width: int, reach: float, seed: int = 0) -> None:
        self.width, self.reach, self.seed = width, reach, seed
        self._weights: NDArray[np.float64] | None = None

    def decide(self, observation: Observation) -> NDArray[np.float64]:
        if self._weights is None:
            rng = np.random.default_rng(self.seed)
            self._weights = rng.normal(0, 1.5, (self.width, len(observation.vector)))
        score = self._weights @ np.nan_to_num(observation.vector.astype(np.float64), nan=0.3)
        wanted = self.reach * np.sin(7 * score)
        wanted[np.sin(31 * score) > -0.9] = np.nan
        wanted[np.abs(np.sin(17 * score)) < 0.03] = 0.0
        return wanted

    def reset(self) -> None:
        self._weights = None
