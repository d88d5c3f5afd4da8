"""Orders as accounts give them and as the exchange keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from tradewind.exchange.money import ZERO
from tradewind.market import Side


class OrderType(StrEnum):
    """Neutral names. Binance's spot STOP_LOSS is STOP_MARKET here, its STOP_LOSS_LIMIT is STOP_LIMIT."""

    MARKET = "market"
    LIMIT = "limit"
    LIMIT_MAKER = "limit_maker"  # post-only; GTX on futures
    STOP_MARKET = "stop_market"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT_MARKET = "take_profit_market"
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    TRAILING_STOP = "trailing_stop"  # conditional orders only

    @property
    def is_conditional(self) -> bool:
        return self in _CONDITIONAL

    @property
    def has_price(self) -> bool:
        return self in _PRICED

    @property
    def once_triggered(self) -> OrderType:
        """What it is in the book once its trigger was reached."""
        return OrderType.LIMIT if self in _PRICED else OrderType.MARKET


_PRICED = {OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT}
_CONDITIONAL = {
    OrderType.STOP_MARKET,
    OrderType.STOP_LIMIT,
    OrderType.TAKE_PROFIT_MARKET,
    OrderType.TAKE_PROFIT_LIMIT,
    OrderType.TRAILING_STOP,
}
TAKE_PROFITS = {OrderType.TAKE_PROFIT_MARKET, OrderType.TAKE_PROFIT_LIMIT}


class TimeInForce(StrEnum):
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTX = "gtx"  # good till crossing: post-only
    GTD = "gtd"  # good till `good_till_ms`


class PositionSide(StrEnum):
    BOTH = "both"  # one-way mode, and spot
    LONG = "long"
    SHORT = "short"


class TriggerBy(StrEnum):
    LAST = "last"
    MARK = "mark"


class SelfTrade(StrEnum):
    """What happens when an account's order would meet its own: which of the two expires."""

    NONE = "none"  # they trade
    EXPIRE_TAKER = "expire_taker"
    EXPIRE_MAKER = "expire_maker"
    EXPIRE_BOTH = "expire_both"


class OrderStatus(StrEnum):
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    EXPIRED_IN_MATCH = "expired_in_match"  # self-trade prevention

    @property
    def is_open(self) -> bool:
        return self is OrderStatus.NEW or self is OrderStatus.PARTIALLY_FILLED


class AlgoStatus(StrEnum):
    NEW = "new"
    TRIGGERED = "triggered"  # its order was placed
    FINISHED = "finished"  # its order is done
    REJECTED = "rejected"  # its order was refused when it triggered
    CANCELED = "canceled"
    EXPIRED = "expired"  # its position went away


class ListStatus(StrEnum):
    EXECUTING = "executing"
    ALL_DONE = "all_done"


class Cause(StrEnum):
    """Where an order came from."""

    CLIENT = "client"
    ALGO = "algo"
    LIQUIDATION = "liquidation"
    ADL = "adl"
    CLOSE = "close"  # a delisting


@dataclass(frozen=True, slots=True)
class Exit:
    """A take profit or stop loss that an order brings with it: at `limit` once `price` is reached, else at market."""

    price: Decimal
    limit: Decimal | None = None
    trigger_by: TriggerBy = TriggerBy.LAST


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What a client asks for. Quantities in base, `quote_quantity` (market orders only) in quote.

    `client_id` must be unique among the account's open orders of the market, and may be used again after.
    `callback_rate` of a trailing stop is a fraction: 0.01 for 1 %. `trailing_delta` makes a spot stop trail, by
    hundredths of a percent. The public book shows no more than `iceberg_quantity` of a spot order at a time.
    """

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    client_id: str = ""
    position_side: PositionSide = PositionSide.BOTH
    reduce_only: bool = False
    close_position: bool = False
    trigger_by: TriggerBy = TriggerBy.LAST
    activation_price: Decimal | None = None
    callback_rate: Decimal | None = None
    self_trade: SelfTrade = SelfTrade.EXPIRE_MAKER
    trailing_delta: int | None = None
    iceberg_quantity: Decimal | None = None
    take_profit: Exit | None = None
    stop_loss: Exit | None = None
    good_till_ms: int = 0  # market time at which a GTD order expires
    price_match: str = ""  # where in the book the client took the price from, in the venue's words


@dataclass(slots=True)
class Trade:
    """A fill of one account's order. Fee in `fee_asset`; both sides of a trade share the id."""

    id: int
    symbol: str
    account: str
    order_id: int
    client_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    realised: Decimal  # futures, quote
    position_side: PositionSide
    time_ms: int
    wire_ms: int


@dataclass(slots=True, eq=False)
class Order:
    """An accepted order. Live: the exchange changes it in place. Times: market ms and wire ms."""

    id: int
    account: str
    client_id: str
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal  # 0 for a market order by quote quantity until it filled
    quote_quantity: Decimal
    price: Decimal
    stop_price: Decimal
    position_side: PositionSide
    reduce_only: bool
    close_position: bool
    trigger_by: TriggerBy
    self_trade: SelfTrade
    created_ms: int
    created_wire_ms: int
    updated_ms: int
    updated_wire_ms: int
    original_type: OrderType
    cause: Cause = Cause.CLIENT
    algo_id: int = 0
    status: OrderStatus = OrderStatus.NEW
    working_ms: int = 0  # when it entered the book; 0 before its trigger
    working: bool = False
    filled: Decimal = ZERO
    quote_filled: Decimal = ZERO
    locked: Decimal = ZERO  # spot: how much of the account's locked balance is held for it
    hold_rate: Decimal = ZERO  # spot: fee that is held on top
    queue_ahead: Decimal = ZERO  # the crowd's quantity that stands before it at its price
    prevented: Decimal = ZERO  # not traded because it would have met the account's own order
    trailing_delta: int = 0  # basis points; 0: it does not trail
    activated: bool = False  # a trailing stop follows the price
    extreme: Decimal = ZERO  # the best price since then
    hold_price: Decimal = ZERO  # what a trailing buy without a price of its own holds for each unit
    iceberg: Decimal = ZERO  # the most that the book shows; 0: all
    list_id: int = 0  # of its order list; 0: none
    covered: Decimal = ZERO  # what it needs and its partner in the list holds
    take_profit: Exit | None = None
    stop_loss: Exit | None = None
    good_till_ms: int = 0
    price_match: str = ""
    exited: Decimal = ZERO  # how much of it the exits that triggered were for
    trades: list[Trade] = field(default_factory=list)

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def shown(self) -> Decimal:
        """What the public book shows of it."""
        return min(self.remaining, self.iceberg) if self.iceberg else self.remaining

    @property
    def average_price(self) -> Decimal:
        return self.quote_filled / self.filled if self.filled else ZERO

    @property
    def is_buy(self) -> bool:
        return self.side is Side.BUY


@dataclass(slots=True, eq=False)
class AlgoOrder:
    """A conditional order on its own list: nothing is held for it until its trigger places an order."""

    id: int
    account: str
    request: OrderRequest
    client_id: str
    created_ms: int
    created_wire_ms: int
    updated_ms: int
    updated_wire_ms: int
    status: AlgoStatus = AlgoStatus.NEW
    order_id: int = 0  # of the order that it placed
    triggered_ms: int = 0
    reason: str = ""  # why it was rejected
    activated: bool = False
    extreme: Decimal = ZERO  # the best price since activation of a trailing stop
    parent_id: int = 0  # of the order that brought it; negative: the first of those that end each other


@dataclass(slots=True, eq=False)
class OrderList:
    """Two spot orders of which one cancels the other. Times: market ms and wire ms."""

    id: int
    account: str
    symbol: str
    client_id: str
    order_ids: tuple[int, int]
    created_ms: int
    created_wire_ms: int
    updated_ms: int
    updated_wire_ms: int
    status: ListStatus = ListStatus.EXECUTING
    leading: int = 0  # the order that traded or triggered first, and goes on alone
