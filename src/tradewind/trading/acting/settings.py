"""What a person may set of how a run trades at a venue. Fractions: 0.05 is 5 %."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from tradewind.market import ConfigError
from tradewind.market.suggestions import refuse_percent
from tradewind.trading.terms.account_venue import MarginMode


class EntryType(StrEnum):
    """How the orders of a decision trade."""

    MARKET = "market"
    POST_ONLY = "post_only"  # a maker's limit, and what is left of it at the end a market order


class Trigger(StrEnum):
    """Which price makes a resting stop of a perpetual an order. Spot knows the last trade only."""

    MARK = "mark"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class ExecutionSettings:
    """How decided orders become orders at the venue. The last two matter to post-only orders alone."""

    order_type: EntryType = EntryType.MARKET
    slippage_cap: float = 0.002  # of the price: of what a venue takes as a limit instead of a market order
    timeout_seconds: float = 20.0  # then what is left trades at the market
    repricings: int = 3  # how often the limit may follow the book until then

    def __post_init__(self) -> None:
        refuse_percent("slippage_cap", self.slippage_cap, most=0.1)
        if not 0 < self.timeout_seconds <= 3600:
            raise ConfigError(
                f"timeout_seconds is {self.timeout_seconds:g}, expected more than 0, at most 3600"
            )
        if not 0 <= self.repricings <= 100:
            raise ConfigError(f"repricings is {self.repricings}, expected 0 to 100")


@dataclass(frozen=True, slots=True)
class StopSettings:
    """Stops at the venue. How far they are from the price is `RiskLimits`' to say."""

    resting: bool = True  # false: the local guard alone, which cannot act while this machine is down
    trigger: Trigger = Trigger.MARK
    trailing_step: float = 0.001  # of the price: a resting trailing stop is moved by no less

    def __post_init__(self) -> None:
        refuse_percent("trailing_step", self.trailing_step, most=0.1)


@dataclass(frozen=True, slots=True)
class MarginSettings:
    """What is set at the venue for perpetuals, and asked back before anything trades."""

    leverage: int | None = None  # None: the least whole number that the rules' leverage needs
    mode: MarginMode = MarginMode.ISOLATED

    def __post_init__(self) -> None:
        if self.leverage is not None and not 1 <= self.leverage <= 125:
            raise ConfigError(f"leverage is {self.leverage}, expected 1 to 125")
        if self.mode is MarginMode.CROSS:
            raise ConfigError(
                "mode is 'cross', which would let one position use what lies beside the run's allocation: "
                "expected isolated"
            )

    def leverage_for(self, rules_leverage: float) -> int:
        """The leverage to set at the venue; `ConfigError` if positions of the rules would not fit under it."""
        needed = math.ceil(rules_leverage)
        if self.leverage is not None and self.leverage < rules_leverage:
            raise ConfigError(
                f"margin.leverage is {self.leverage}, below the rules' leverage of {rules_leverage:g}: the venue "
                f"would refuse their largest positions, expected {needed} or more"
            )
        return self.leverage or needed
