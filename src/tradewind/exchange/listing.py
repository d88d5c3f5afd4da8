"""What is listed: the markets, their filters, fees, tiers and status. All of it can change at run time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from tradewind.exchange.money import LARGEST, ONE, ZERO
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.market import ConfigError, Instrument, Kind

HOUR_MS = 3_600_000


class Status(StrEnum):
    TRADING = "trading"
    HALTED = "halted"  # no orders, no cancels refused, the tape goes on
    CANCEL_ONLY = "cancel_only"
    DELISTED = "delisted"


@dataclass(frozen=True, slots=True)
class Filters:
    """Rules for prices and quantities. A step or multiplier of 0 means that the rule does not apply."""

    tick: Decimal
    step: Decimal
    min_price: Decimal = ZERO
    max_price: Decimal = Decimal(10) ** 9
    min_quantity: Decimal = ZERO
    max_quantity: Decimal = Decimal(10) ** 10
    market_step: Decimal = ZERO
    market_min_quantity: Decimal = ZERO
    market_max_quantity: Decimal = Decimal(10) ** 10
    min_notional: Decimal = ZERO
    max_notional: Decimal = LARGEST
    min_notional_for_market: bool = True
    bid_multiplier_up: Decimal = Decimal(5)
    bid_multiplier_down: Decimal = Decimal("0.2")
    ask_multiplier_up: Decimal = Decimal(5)
    ask_multiplier_down: Decimal = Decimal("0.2")
    max_orders: int = 200
    max_algo_orders: int = 5
    max_iceberg_parts: int = 10
    max_position: Decimal = ZERO  # spot: of base, held and ordered
    min_trailing_delta: int = 10  # basis points
    max_trailing_delta: int = 2_000

    def __post_init__(self) -> None:
        if not (self.tick > 0 and self.step > 0):
            raise ConfigError(f"tick is {self.tick} and step {self.step}: both must be positive")


@dataclass(frozen=True, slots=True)
class Tier:
    """From `floor` (quote) to `cap`: maintenance is notional * rate - amount, leverage at most `leverage`."""

    floor: Decimal
    cap: Decimal
    rate: Decimal
    amount: Decimal
    leverage: int


DEFAULT_TIERS = (
    Tier(ZERO, Decimal(50_000), Decimal("0.004"), ZERO, 125),
    Tier(Decimal(50_000), Decimal(500_000), Decimal("0.005"), Decimal(50), 100),
    Tier(Decimal(500_000), Decimal(10_000_000), Decimal("0.01"), Decimal(2_550), 50),
    Tier(Decimal(10_000_000), LARGEST, Decimal("0.025"), Decimal(152_550), 20),
)


@dataclass(frozen=True, slots=True)
class Listing:
    """One market. `symbol` is unified (BTC/USDT, BTC/USDT:USDT) and unique, `id` is the venue's (BTCUSDT)."""

    symbol: str
    id: str
    base: str
    quote: str
    kind: Kind
    filters: Filters
    maker_fee: Decimal = Decimal("0.001")
    taker_fee: Decimal = Decimal("0.001")
    liquidation_fee: Decimal = Decimal("0.0125")
    tiers: tuple[Tier, ...] = DEFAULT_TIERS
    status: Status = Status.TRADING
    funding_interval_ms: int = 8 * HOUR_MS
    listed_ms: int = 0

    @property
    def is_spot(self) -> bool:
        return self.kind is Kind.SPOT

    @property
    def max_leverage(self) -> int:
        return self.tiers[0].leverage

    def tier(self, notional: Decimal) -> Tier:
        """The tier in which a position of that notional (quote, positive) stands."""
        for tier in self.tiers:
            if notional < tier.cap:
                return tier
        return self.tiers[-1]

    def largest_notional(self, leverage: int) -> Decimal:
        """The most that a position with that leverage may be worth, in quote."""
        return max((t.cap for t in self.tiers if t.leverage >= leverage), default=ZERO)


def listing_of(instrument: Instrument) -> Listing:
    """The listing that an instrument describes; what it does not say takes the defaults above."""
    spot = instrument.kind is Kind.SPOT
    filters = Filters(
        tick=instrument.tick,
        step=instrument.lot,
        min_price=instrument.tick,
        min_quantity=instrument.lot,
        market_min_quantity=instrument.lot,
        min_notional=instrument.min_notional,
        max_algo_orders=5 if spot else 200,
    )
    return Listing(
        symbol=instrument.symbol,
        id=(instrument.base + instrument.quote).upper(),
        base=instrument.base,
        quote=instrument.quote,
        kind=instrument.kind,
        filters=filters,
        maker_fee=Decimal(str(instrument.maker_fee)),
        taker_fee=Decimal(str(instrument.taker_fee)),
        tiers=DEFAULT_TIERS if spot else _tiers_of(instrument),
    )


def _tiers_of(instrument: Instrument) -> tuple[Tier, ...]:
    floors = [Decimal(str(t.notional_floor)) for t in instrument.tiers]
    caps = [*floors[1:], LARGEST]
    rates = [Decimal(str(t.rate)) for t in instrument.tiers]
    return tuple(
        Tier(floor, cap, rate, Decimal(str(t.amount)), max(1, min(125, int(ONE / (2 * rate)))))
        for floor, cap, rate, t in zip(floors, caps, rates, instrument.tiers, strict=True)
    )


class Listings:
    """All markets by symbol, and by kind and id."""

    def __init__(self, listings: Iterable[Listing]) -> None:
        self._by_symbol: dict[str, Listing] = {}
        self._by_id: dict[tuple[Kind, str], str] = {}
        for listing in listings:
            if listing.symbol in self._by_symbol or (listing.kind, listing.id) in self._by_id:
                raise ConfigError(f"{listing.symbol} ({listing.id}) is listed twice")
            self._by_symbol[listing.symbol] = listing
            self._by_id[listing.kind, listing.id] = listing.symbol

    def __iter__(self) -> Iterator[Listing]:
        return iter(self._by_symbol.values())

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._by_symbol

    def __getitem__(self, symbol: str) -> Listing:
        """The listing now; `Refused` UNKNOWN_SYMBOL when there is none."""
        try:
            return self._by_symbol[symbol]
        except KeyError:
            raise Refused(Refusal.UNKNOWN_SYMBOL, f"{symbol} is not listed") from None

    def find(self, kind: Kind, market_id: str) -> Listing:
        """By the venue's id; `Refused` UNKNOWN_SYMBOL when there is none."""
        symbol = self._by_id.get((kind, market_id))
        if symbol is None:
            raise Refused(Refusal.UNKNOWN_SYMBOL, f"{market_id} is not listed as {kind}")
        return self._by_symbol[symbol]

    def change(self, symbol: str, **changes: object) -> Listing:
        """Put new values (status, filters, fees, tiers) in the place of the old; open orders stay."""
        self._by_symbol[symbol] = replace(self[symbol], **changes)  # type: ignore[arg-type]
        return self._by_symbol[symbol]

    def put(self, listing: Listing) -> None:
        """Restore a listing as it was."""
        self[listing.symbol]
        self._by_symbol[listing.symbol] = listing
