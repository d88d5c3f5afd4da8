"""What a person may set of the guards that stand between decisions and a venue."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.market import ConfigError

_FRACTIONS = (
    "price_band",
    "max_drawdown",
    "max_slippage",
    "max_error_rate",
    "min_liquidation_distance",
    "max_margin_ratio",
    "max_funding_rate",
)
_AMOUNTS = (
    "max_bar_age_seconds",
    "max_data_age_seconds",
    "max_order_notional",
    "max_daily_loss",
    "max_leverage",
    "max_clock_drift_seconds",
)
_COUNTS = (
    "max_orders_per_minute",
    "max_unknown_orders",
    "max_losses_in_a_row",
    "max_masked_bars",
    "window",
)


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """Rates are fractions (0.05 is 5 %), amounts are in quote currency; None switches a guard off.

    These hold at a venue only. The limits that the agent lives with stand in `RiskLimits`.
    """

    max_bar_age_seconds: float | None = 30.0  # from the close of the bar to the order
    max_data_age_seconds: float | None = 60.0  # of the book, of the last trade where there is no book
    max_orders_per_minute: int | None = 60
    price_band: float | None = 0.05  # between book, mark and the price of a limit order
    max_order_notional: float | None = None
    max_daily_loss: float | None = None
    max_drawdown: float | None = (
        0.2  # on live prices, from the highest close; the agent's own looks at closes only
    )
    max_leverage: float | None = 5.0  # gross exposure, with what may still fill, by equity
    max_unknown_orders: int | None = 2
    max_clock_drift_seconds: float | None = 1.0
    max_error_rate: float | None = 0.5  # of the last `window` requests
    max_slippage: float | None = 0.005  # worse than the model, on average of the last `window` orders
    max_losses_in_a_row: int | None = 10
    min_liquidation_distance: float | None = 0.05  # of the mark
    max_margin_ratio: float | None = 0.8  # maintenance margin by margin
    max_funding_rate: float | None = 0.003  # of one payment
    max_masked_bars: int | None = 5  # of the last `window` bars of a symbol
    window: int = 20

    def __post_init__(self) -> None:
        for name in _FRACTIONS:
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                hint = f"; did you mean {value / 100:g}?" if 1 <= value < 100 else ""
                raise ConfigError(f"{name} is {value}, expected a fraction between 0 and 1{hint}")
        for name in _AMOUNTS:
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ConfigError(f"{name} is {value}, expected a positive number, or leave it out")
        for name in _COUNTS:
            value = getattr(self, name)
            if value is not None and value < (name == "window"):
                raise ConfigError(f"{name} is {value}, expected a whole number that is not negative")
