"""What protocol layers subscribe to. Events of one call arrive in order, after its state is whole."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tradewind.exchange.candles import Candle, FundingRate, MarketTrade, PremiumIndex
from tradewind.exchange.orders import (
    AlgoOrder,
    AlgoStatus,
    ListStatus,
    Order,
    OrderList,
    OrderStatus,
    PositionSide,
    Trade,
)
from tradewind.market import Side


class Execution(StrEnum):
    """Why an order update is sent: Binance's execution type."""

    NEW = "new"
    TRADE = "trade"
    CANCELED = "canceled"
    EXPIRED = "expired"
    AMENDED = "amended"
    TRIGGERED = "triggered"  # a stop entered the book
    TRADE_PREVENTION = "trade_prevention"
    CALCULATED = "calculated"  # liquidation, ADL


class BalanceCause(StrEnum):
    ORDER = "order"
    DEPOSIT = "deposit"
    WITHDRAW = "withdraw"
    ADJUSTMENT = "adjustment"
    TRANSFER = "transfer"
    FUNDING = "funding"
    LIQUIDATION = "liquidation"
    ADL = "adl"
    INSURANCE = "insurance"
    MARGIN = "margin"  # moved to or from an isolated position
    SETTINGS = "settings"  # leverage, margin mode
    WIPE = "wipe"


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """`order` is live; what may have changed since is copied here."""

    account: str
    order: Order
    execution: Execution
    status: OrderStatus
    trade: Trade | None
    client_id: str
    original_client_id: str  # of a cancelled order, when the cancel request had a name of its own
    quantity: Decimal
    price: Decimal
    filled: Decimal
    quote_filled: Decimal
    reason: str
    time_ms: int
    wire_ms: int


@dataclass(frozen=True, slots=True)
class AlgoUpdate:
    account: str
    algo: AlgoOrder
    status: AlgoStatus
    order_id: int
    time_ms: int
    wire_ms: int


@dataclass(frozen=True, slots=True)
class OrderListUpdate:
    """An order list began or is done. `orders` is live."""

    account: str
    orders: OrderList
    status: ListStatus
    time_ms: int
    wire_ms: int


@dataclass(frozen=True, slots=True)
class AssetBalance:
    """`change` is what the event moved of free and locked together; 0 for a mere lock."""

    asset: str
    free: Decimal
    locked: Decimal
    change: Decimal


@dataclass(frozen=True, slots=True)
class SpotUpdate:
    """Spot balances that changed."""

    account: str
    cause: BalanceCause
    balances: tuple[AssetBalance, ...]
    time_ms: int
    wire_ms: int


@dataclass(frozen=True, slots=True)
class WalletBalance:
    """`cross_wallet` is the wallet without the margin of isolated positions."""

    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    change: Decimal  # without realised profit and fee of a trade


@dataclass(frozen=True, slots=True)
class PositionState:
    """A position as queries show it. `quantity` is signed; money in quote."""

    account: str
    symbol: str
    side: PositionSide
    quantity: Decimal
    entry_price: Decimal
    break_even_price: Decimal
    mark_price: Decimal
    unrealised: Decimal
    realised: Decimal  # since the account began
    leverage: int
    isolated: bool
    isolated_wallet: Decimal  # without unrealised profit
    isolated_margin: Decimal  # with it
    notional: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    liquidation_price: Decimal  # 0: none
    updated_ms: int


@dataclass(frozen=True, slots=True)
class PositionChange:
    """A position right after an event; `Positions.state` tells the rest, as it is when asked."""

    symbol: str
    side: PositionSide
    quantity: Decimal  # signed
    entry_price: Decimal
    break_even_price: Decimal
    realised: Decimal  # since the account began
    unrealised: Decimal
    isolated: bool
    isolated_wallet: Decimal


@dataclass(frozen=True, slots=True)
class FuturesUpdate:
    """Futures wallets and positions that changed."""

    account: str
    cause: BalanceCause
    balances: tuple[WalletBalance, ...]
    positions: tuple[PositionChange, ...]
    time_ms: int
    wire_ms: int


@dataclass(frozen=True, slots=True)
class SettingsUpdate:
    """Leverage (ACCOUNT_CONFIG_UPDATE), margin mode or position mode of an account."""

    account: str
    symbol: str
    leverage: int
    isolated: bool
    hedge: bool
    time_ms: int
    wire_ms: int


@dataclass(frozen=True, slots=True)
class MarginCall:
    """Margin is below 1.25 times maintenance. Sent once until it was above 1.5 times.

    Of one isolated position, or of all cross positions of the account, which share their margin.
    """

    account: str
    positions: tuple[PositionState, ...]
    time_ms: int
    wire_ms: int


@dataclass(frozen=True, slots=True)
class Liquidation:
    """A forced order, public without the account (`forceOrder`)."""

    account: str
    symbol: str
    side: Side
    price: Decimal
    average_price: Decimal
    quantity: Decimal
    order_id: int
    adl: bool
    time_ms: int
    wire_ms: int


@dataclass(frozen=True, slots=True)
class TradeTick:
    trade: MarketTrade


@dataclass(frozen=True, slots=True)
class CandleTick:
    """A closed candle exactly once; the forming one at the end of every call in which it traded."""

    candle: Candle


@dataclass(frozen=True, slots=True)
class BookChange:
    """Levels that changed; quantity 0 removes one. `first_id` is always one above the last `last_id`."""

    symbol: str
    first_id: int
    last_id: int
    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]
    time_ms: int
    wire_ms: int


@dataclass(frozen=True, slots=True)
class MarkTick:
    premium: PremiumIndex


@dataclass(frozen=True, slots=True)
class FundingTick:
    """Funding was charged."""

    funding: FundingRate


@dataclass(frozen=True, slots=True)
class ListingChanged:
    symbol: str
    time_ms: int
    wire_ms: int


Event = (
    OrderUpdate
    | AlgoUpdate
    | OrderListUpdate
    | SpotUpdate
    | FuturesUpdate
    | SettingsUpdate
    | MarginCall
    | Liquidation
    | TradeTick
    | CandleTick
    | BookChange
    | MarkTick
    | FundingTick
    | ListingChanged
)
