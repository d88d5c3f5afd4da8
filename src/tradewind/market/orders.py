"""Orders, and the two things that can change the books: fills and cash flows."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum

OrderId = str


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """How an order trades."""

    MARKET = "market"  # at once, at what the book offers
    LIMIT = "limit"  # at `price` or better; rests until it is cancelled
    POST_ONLY = "post_only"  # as a limit, refused where it would trade at once
    STOP = "stop"  # rests at the venue; a market order once the price has come to `trigger`


class FillReason(IntEnum):
    """Why a trade happened."""

    ORDER = 0
    STOP = 1
    TRAILING_STOP = 2
    LIQUIDATION = 3
    CLOSE_OUT = 4


class CashFlowKind(StrEnum):
    FUNDING = "funding"
    DEPOSIT = "deposit"
    ADJUSTMENT = "adjustment"


def derive_order_id(*parts: object, prefix: str = "twnd") -> OrderId:
    """20 characters that depend on nothing but the parts: the same decision gives the same id.

    Within the limits of Binance (36) and Bitget (40): letters and digits only.
    """
    digest = hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=10).digest()
    return prefix + base64.b32encode(digest).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Order:
    """A whole number of lots to trade; positive lots buy. `id` is derived from the decision."""

    id: OrderId
    symbol: str
    lots: int
    reduce_only: bool = False
    decided_at: int = 0  # close time of the bar that decided it, UTC ms
    type: OrderType = OrderType.MARKET
    price: Decimal | None = None  # on the tick grid, where the type has one
    trigger: Decimal | None = None
    reason: FillReason = FillReason.ORDER  # what its fills are told to be

    @property
    def side(self) -> Side:
        return Side.BUY if self.lots > 0 else Side.SELL


@dataclass(frozen=True, slots=True)
class Fill:
    """A trade that happened. With `CashFlow`, all that can change the books."""

    trade_id: str
    order_id: OrderId
    at: int  # UTC ms
    symbol: str
    lots: int  # signed: buys are positive
    quantity: Decimal  # signed, exact: lots x lot size
    price: Decimal
    fee: Decimal  # in `fee_asset`
    fee_asset: str  # quote, base, or a third coin
    reason: FillReason = FillReason.ORDER


@dataclass(frozen=True, slots=True)
class CashFlow:
    """Money that moved without a trade; positive comes in. `amount` is in the quote currency."""

    id: str
    at: int
    kind: CashFlowKind
    amount: Decimal
    symbol: str = ""
