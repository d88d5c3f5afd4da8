"""Small markets: literal bars that a hand can follow, and random ones that no hand would draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.account import FILL
from tradewind.market import Instrument, Kind, Market, Timeframe
from tradewind.risk import RiskLimits
from tradewind.simulator import Costs, Rules, Simulator, Tape, build_tape

FREE = Rules(
    costs=Costs(half_spread=0.0, slippage=0.0, impact=0.0, participation_cap=None),
    risk=RiskLimits.none(),
    reserve=0.0,
    band=0.0,
)
"""No cost but the instrument's fee, no caps, no stops: one rule at a time is added to it."""

DAY = 86_400_000
HOUR = 3_600_000
Candle = tuple[float, float, float, float]


def spot(symbol: str = "AAA/USDT", **changes: Any) -> Instrument:
    """Free of fee, whole thousandths, no minimum, unless changed."""
    return _instrument(symbol, Kind.SPOT, changes)


def perpetual(symbol: str = "AAA/USDT:USDT", **changes: Any) -> Instrument:
    return _instrument(symbol, Kind.PERPETUAL, changes)


def _instrument(symbol: str, kind: Kind, changes: dict[str, Any]) -> Instrument:
    values: dict[str, Any] = {"lot": Decimal("0.001"), "min_notional": Decimal(0), "taker_fee": 0.0}
    values.update(changes)
    return Instrument("test", symbol, symbol.split("/")[0], "USDT", kind, **values)


def market_of(
    instruments: Sequence[Instrument] | Instrument,
    *candles: Sequence[Candle | float | None],
    volume: float | Sequence[float] = 1e9,
    funding: dict[int, float] | None = None,
    mark: Sequence[Candle] | None = None,
    start: int = 0,
    timeframe: str = "1h",
) -> Market:
    """One list of bars per instrument: (o, h, l, c), one number for a flat bar, None for a missing one."""
    if isinstance(instruments, Instrument):
        instruments = (instruments,)
    rows = len(candles[0])
    prices = np.full((4, rows, len(instruments)), np.nan)
    for a, series in enumerate(candles):
        for t, candle in enumerate(series):
            if candle is not None:
                prices[:, t, a] = candle
    open_, high, low, close = (np.ascontiguousarray(p) for p in prices)
    step = Timeframe(timeframe)
    volumes = np.broadcast_to(np.reshape(np.asarray(volume, float), (-1, 1)), close.shape).copy()
    rates = np.zeros_like(close)
    for t, rate in (funding or {}).items():
        rates[t] = rate
    return Market(
        instruments=tuple(instruments),
        timeframe=step,
        open_time=start + np.arange(rows, dtype=np.int64) * step.ms,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=volumes,
        tradable=np.isfinite(close),
        fragments=np.array([[0, rows]], np.int64),
        funding_rate=rates if funding else None,
        mark=None if mark is None else np.array(mark, float).reshape(rows, 1, 4),
    )


def tape_of(market: Market, rules: Rules = FREE, features: NDArray[np.float64] | None = None) -> Tape:
    """The market laid out, by default without any feature."""
    values = np.zeros((len(market), 0)) if features is None else features
    columns = tuple(f"f{k}" for k in range(values.shape[1]))
    return build_tape(
        market,
        values.astype(np.float32),
        values,
        columns,
        lookback=rules.lookback,
        volume_window=rules.costs.volume_window,
    )


def simulator_of(
    market: Market,
    rules: Rules = FREE,
    *,
    capital: float = 1000.0,
    accounts: int = 1,
    start: int = 0,
    end: int | None = None,
    features: NDArray[np.float64] | None = None,
) -> Simulator:
    """Every account begun at the close of row `start`, with room for a log of all fills."""
    simulator = Simulator(tape_of(market, rules, features), rules, accounts=accounts, capital=capital)
    for n in range(accounts):
        simulator.begin(n, start, len(market) - 1 if end is None else end)
    simulator.log = np.zeros(1 + accounts * len(market) * len(market.instruments) * 4, FILL)
    return simulator


def trade(
    market: Market, *targets: float | Sequence[float], rules: Rules = FREE, capital: float = 1000.0
) -> Simulator:
    """One account after its targets, one of them (a weight each) per bar."""
    simulator = simulator_of(market, rules, capital=capital)
    for weights in targets:
        simulator.step(np.array([weights], float).reshape(1, -1))
    return simulator


def fills_of(simulator: Simulator) -> Any:
    """The records of the log that were written."""
    written = int(simulator.log[0]["row"])
    assert written < len(simulator.log)
    return simulator.log[1 : written + 1]


def with_risk(rules: Rules = FREE, **limits: Any) -> Rules:
    return replace(rules, risk=replace(rules.risk, **limits))


def with_costs(rules: Rules = FREE, **costs: Any) -> Rules:
    return replace(rules, costs=replace(rules.costs, **costs))


def random_market(
    random: np.random.Generator,
    instruments: Sequence[Instrument],
    rows: int,
    *,
    volatility: float = 0.02,
    gap: float = 0.0,
    missing: float = 0.0,
    funding: float = 0.0,
    volume: float = 1e6,
    marked: bool = False,
    timeframe: str = "4h",
) -> Market:
    """Prices that jump between bars by `gap`; bars missing or without volume, marks off the price."""
    shape = (rows, len(instruments))
    noise = random.normal(0.0, volatility, (4, *shape))
    open_, close = np.empty(shape), np.empty(shape)
    last = 10.0 ** random.uniform(-1, 4, len(instruments))
    for t in range(rows):
        open_[t] = last * np.exp(random.normal(0.0, gap, len(instruments)) if gap else 0.0)
        last = close[t] = open_[t] * np.exp(noise[0, t])
    high = np.maximum(open_, close) * np.exp(np.abs(noise[1]))
    low = np.minimum(open_, close) * np.exp(-np.abs(noise[2]))
    tradable = random.random(shape) >= missing
    volumes = random.exponential(volume, shape) * (random.random(shape) > 0.1)
    due = (random.random((rows, 1)) < 0.3) * random.normal(0.0, funding, shape)
    mark = None
    if marked:
        offset = np.exp(random.normal(0.0, volatility / 4, (*shape, 1)))
        mark = np.stack([open_, high, low, close], axis=2) * offset
    for prices in (open_, high, low, close, volumes):
        prices[~tradable] = np.nan
    step = Timeframe(timeframe)
    return Market(
        instruments=tuple(instruments),
        timeframe=step,
        open_time=np.arange(rows, dtype=np.int64) * step.ms,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=volumes,
        tradable=tradable,
        fragments=np.array([[0, rows]], np.int64),
        funding_rate=due if funding else None,
        mark=mark,
    )
