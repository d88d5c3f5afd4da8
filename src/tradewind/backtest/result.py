"""What a backtest leaves behind: plain arrays, one row per closed bar, and every fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tradewind.market.errors import DataError
from tradewind.market.instrument import Kind
from tradewind.market.timeframe import Timeframe
from tradewind.statistics import round_trips

Floats = NDArray[np.float64]

FILL_ROW = np.dtype(
    [
        ("row", np.int64),  # bar in which it filled
        ("instrument", np.int64),
        ("lots", np.int64),  # signed: buys are positive
        ("price", np.float64),
        ("fee", np.float64),  # quote currency
        ("slippage", np.float64),  # quote currency, against the reference price; a cost is positive
        ("realised", np.float64),  # quote currency: profit of what it closed, net of fees
        ("reason", np.int64),  # market.FillReason
        ("fee_lots", np.int64),  # whole lots that a fee in base took away; what is less stays as dust
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class BacktestResult:
    """One policy over one market: T marks, A instruments. Arrays are read-only.

    Row 0 is the first decision: `equity[0]` is the start capital, before any trade. `funding` is money
    received (negative: paid). `risk_rules` says whether the caps, stops and kill switch of the agent were on.
    """

    name: str
    symbols: tuple[str, ...]
    timeframe: Timeframe
    close_time: NDArray[np.int64]  # [T] UTC ms, exclusive
    equity: Floats  # [T] quote currency, marked at each close
    weights: Floats  # [T, A] held at the mark: signed value / equity
    targets: Floats  # [T, A] what risk approved; NaN is hold
    close: Floats  # [T, A] NaN where the instrument has no bar
    fills: NDArray[np.void]  # [fills] of FILL_ROW, in order of time
    lot_size: Floats  # [A] base units per lot
    kinds: tuple[Kind, ...]
    funding: float = 0.0
    risk_rules: bool = True
    masked: int = 0  # decisions of one instrument that had no bar
    held: int = 0  # targets that said hold
    missing: int = 0  # decisions held because a feature was missing
    cuts: Mapping[str, int] = field(default_factory=dict)  # how often risk cut, by market.Reason name
    halted_at: int | None = None  # close of the bar at which the kill switch fired first, UTC ms
    notes: tuple[str, ...] = ()  # what a reader must know: defaults used, rates assumed

    def __post_init__(self) -> None:
        rows, width = len(self.close_time), len(self.symbols)
        shapes: dict[str, tuple[int, ...]] = {"equity": (rows,), "lot_size": (width,)}
        shapes |= dict.fromkeys(("weights", "targets", "close"), (rows, width))
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise DataError(
                    f"{self.name}: {name} has shape {getattr(self, name).shape}, expected {shape}"
                )
        if rows < 1 or width < 1 or len(self.kinds) != width:
            raise DataError(
                f"{self.name}: {rows} bars, {width} symbols, {len(self.kinds)} kinds: nothing to judge"
            )
        if self.fills.dtype != FILL_ROW:
            raise DataError(f"{self.name}: fills have dtype {self.fills.dtype}, expected FILL_ROW")
        self._check_values(rows, width)
        for name in ("close_time", "equity", "weights", "targets", "close", "fills", "lot_size"):
            getattr(self, name).setflags(write=False)

    def _check_values(self, rows: int, width: int) -> None:
        if not (np.diff(self.close_time) > 0).all():
            raise DataError(f"{self.name}: close times must increase from bar to bar")
        for name in ("equity", "weights", "lot_size"):
            if not np.isfinite(getattr(self, name)).all():
                raise DataError(f"{self.name}: {name} holds a value that is not finite")
        if len(self.fills) == 0:
            return
        row, instrument = self.fills["row"], self.fills["instrument"]
        if row.min() < 0 or row.max() >= rows or instrument.min() < 0 or instrument.max() >= width:
            raise DataError(f"{self.name}: a fill lies outside the {rows} bars or the {width} instruments")
        if not (np.diff(row) >= 0).all():
            raise DataError(f"{self.name}: fills must be in order of time")
        for name in ("price", "fee", "slippage"):
            if not np.isfinite(self.fills[name]).all():
                raise DataError(f"{self.name}: a fill has a {name} that is not finite")

    def __len__(self) -> int:
        return len(self.close_time)

    @property
    def last_price(self) -> Floats:
        """[A] the last known close; of an instrument without any, its last fill price; else NaN."""
        known = np.isfinite(self.close)
        last = len(self.close) - 1 - known[::-1].argmax(axis=0)
        prices = self.close[last, np.arange(len(self.symbols))].copy()
        for a in np.flatnonzero(~known.any(axis=0)):
            own = self.fills["price"][self.fills["instrument"] == a]
            prices[a] = own[-1] if len(own) else np.nan
        return np.asarray(prices, dtype=np.float64)

    @property
    def fill_notional(self) -> Floats:
        """[fills] unsigned, quote currency."""
        notional = np.abs(self.fills["lots"]) * self.lot_size[self.fills["instrument"]] * self.fills["price"]
        return np.asarray(notional, dtype=np.float64)

    @property
    def equity_before(self) -> Floats:
        """[fills] equity at the mark before each fill."""
        return np.asarray(self.equity[np.maximum(self.fills["row"] - 1, 0)])


def trades(result: BacktestResult) -> NDArray[np.void]:
    """Round trips (`statistics.TRIP_ROW`) in order of entry; exit_row is -1 for what is open at the end.

    A trip ends when the lots are gone: those that a fee in base took were never there to sell.
    """
    fills = result.fills.copy()
    fills["lots"] -= fills["fee_lots"]
    return round_trips(fills[fills["lots"] != 0], result.lot_size, result.last_price)
