"""What a person may set of the risk that the agent lives with."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tradewind.market.errors import ConfigError

_FRACTIONS = ("stop_loss", "trailing_stop", "daily_loss", "max_drawdown")


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """Limits as fractions (0.05 is 5 %); None switches one off, or picks the default named beside it.

    `max_weight` None: 1 for one instrument, 0.25 for several, times the leverage on perpetuals.
    `max_gross`, `max_net` None: the leverage. `max_order_notional` is in quote currency.
    """

    max_weight: float | None = None
    max_gross: float | None = None
    max_net: float | None = None
    max_order_notional: float | None = None
    stop_loss: float | None = 0.05
    trailing_stop: float | None = None
    cooldown_bars: int = 1
    daily_loss: float | None = 0.10
    max_drawdown: float | None = 0.15
    streak_losses: int | None = None
    streak_bars: int = 12

    def __post_init__(self) -> None:
        for name in _FRACTIONS:
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                hint = f"; did you mean {value / 100:g}?" if 1 <= value < 100 else ""
                raise ConfigError(f"{name} is {value}, expected a fraction between 0 and 1{hint}")
        for name in ("max_weight", "max_gross", "max_net", "max_order_notional"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"{name} is {value}, expected a positive number, or leave it out")
        if self.cooldown_bars < 0 or self.streak_bars < 0:
            raise ConfigError(
                f"cooldown_bars is {self.cooldown_bars}, streak_bars {self.streak_bars}: not below 0"
            )
        if self.streak_losses is not None and self.streak_losses < 1:
            raise ConfigError(f"streak_losses is {self.streak_losses}, expected 1 or more, or leave it out")

    @classmethod
    def none(cls) -> RiskLimits:
        """No caps but the venue's own, no stops, no switches: what baselines live with."""
        return cls(
            max_weight=float("inf"), stop_loss=None, cooldown_bars=0, daily_loss=None, max_drawdown=None
        )

    def as_dict(self) -> dict[str, float | int | None]:
        return {f.name: getattr(self, f.name) for f in fields(self)}
