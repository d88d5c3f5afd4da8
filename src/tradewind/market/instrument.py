"""What can be traded, and the venue's rules for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from tradewind.market.errors import ConfigError


class Kind(StrEnum):
    SPOT = "spot"
    PERPETUAL = "perpetual"


class FeeAsset(StrEnum):
    """What a fee is paid in. `BASE`: taken from what is received, so buys pay in base and sells in quote."""

    QUOTE = "quote"
    BASE = "base"
    OTHER = "other"  # a third coin (BNB, BGB), charged at its quote value


@dataclass(frozen=True, slots=True)
class MaintenanceTier:
    """From `notional_floor` (quote) on, `rate` of the notional minus `amount` must stay as margin.

    `amount` is that of the tier below plus `notional_floor * (rate - rate below)`, so that no margin jumps.
    """

    notional_floor: float
    rate: float
    amount: float = 0.0


DEFAULT_TIERS = (MaintenanceTier(0.0, 0.005),)
_LARGEST_JUMP = 1e-6  # of the notional: amounts are published rounded


@dataclass(frozen=True, slots=True)
class Instrument:
    """One market of a venue. Rounds its own prices and quantities, in Decimal.

    `symbol` is unified as in ccxt (BTC/USDT, BTC/USDT:USDT). Rates are fractions: 0.001 is 0.1 %.
    """

    venue: str
    symbol: str
    base: str
    quote: str
    kind: Kind
    tick: Decimal = Decimal("0.01")
    lot: Decimal = Decimal("0.00001")
    min_notional: Decimal = Decimal("5")
    taker_fee: float = 0.001
    maker_fee: float = 0.001
    fee_asset: FeeAsset = FeeAsset.QUOTE
    closes_below_minimum: bool | None = None
    tiers: tuple[MaintenanceTier, ...] = DEFAULT_TIERS

    def __post_init__(self) -> None:
        if self.closes_below_minimum is None:  # venues exempt reduce-only orders, which spot does not have
            object.__setattr__(self, "closes_below_minimum", self.kind is Kind.PERPETUAL)
        for name in ("tick", "lot"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{self.symbol}: {name} is {getattr(self, name)}, it must be positive")
        if self.min_notional < 0:
            raise ConfigError(f"{self.symbol}: min_notional is {self.min_notional}, it must not be negative")
        for name in ("taker_fee", "maker_fee"):
            if not -0.01 <= getattr(self, name) < 0.1:
                raise ConfigError(
                    f"{self.symbol}: {name} is {getattr(self, name)}, expected a fraction: 0.001 for 0.1 %"
                )
        self._check_tiers()
        if self.kind is Kind.PERPETUAL and self.fee_asset is FeeAsset.BASE:
            raise ConfigError(f"{self.symbol}: a linear perpetual cannot pay fees in its base asset")

    def _check_tiers(self) -> None:
        """From 0 on, in order, and without a jump of the maintenance at a floor: liquidation relies on it."""
        if not self.tiers or self.tiers[0].notional_floor != 0:
            raise ConfigError(f"{self.symbol}: maintenance tiers must begin at notional_floor 0")
        below = MaintenanceTier(-math.inf, 0.0)
        for tier in self.tiers:
            floor, rate = tier.notional_floor, tier.rate
            if not 0 <= rate < 1:
                raise ConfigError(
                    f"{self.symbol}: a maintenance tier's rate is {rate}, expected a fraction: 0.005 for 0.5 %"
                )
            if not below.notional_floor < floor < math.inf:
                raise ConfigError(
                    f"{self.symbol}: a maintenance tier at notional_floor {floor:g} stands after one at "
                    f"{below.notional_floor:g}: put them in order"
                )
            amount = below.amount + floor * (rate - below.rate)
            if not abs(tier.amount - amount) <= _LARGEST_JUMP * floor:
                raise ConfigError(
                    f"{self.symbol}: the maintenance tier at notional_floor {floor:g} has amount {tier.amount:g}, "
                    f"at which the margin jumps: give it amount {amount:g}"
                )
            below = tier

    def quantity(self, lots: int) -> Decimal:
        """The exact base quantity of whole lots; the sign is kept."""
        return lots * self.lot

    def whole_lots(self, quantity: Decimal) -> int:
        """Lots in a quantity, rounded towards zero."""
        return int((quantity / self.lot).to_integral_value(ROUND_DOWN))

    def round_price(self, price: Decimal) -> Decimal:
        """The nearest price on the tick grid."""
        return (price / self.tick).to_integral_value(ROUND_HALF_EVEN) * self.tick
