"""A local exchange: markets from candles, accounts, matching, margin and a ledger. No sockets here."""

from tradewind.exchange.accounts import Account, ApiKey, FeeSettings, Permission
from tradewind.exchange.clock import MarketClock
from tradewind.exchange.depth import DepthShape
from tradewind.exchange.incomes import Income, IncomeKind
from tradewind.exchange.interval import Interval
from tradewind.exchange.listing import Filters, Listing, Listings, Status, Tier, listing_of
from tradewind.exchange.orders import (
    AlgoOrder,
    AlgoStatus,
    Exit,
    ListStatus,
    Order,
    OrderList,
    OrderRequest,
    OrderStatus,
    OrderType,
    PositionSide,
    SelfTrade,
    TimeInForce,
    Trade,
    TriggerBy,
)
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.exchange.venue import Exchange, Replaced

__all__ = [
    "Account",
    "AlgoOrder",
    "AlgoStatus",
    "ApiKey",
    "DepthShape",
    "Exchange",
    "Exit",
    "FeeSettings",
    "Filters",
    "Income",
    "IncomeKind",
    "Interval",
    "ListStatus",
    "Listing",
    "Listings",
    "MarketClock",
    "Order",
    "OrderList",
    "OrderRequest",
    "OrderStatus",
    "OrderType",
    "Permission",
    "PositionSide",
    "Refusal",
    "Refused",
    "Replaced",
    "SelfTrade",
    "Status",
    "Tier",
    "TimeInForce",
    "Trade",
    "TriggerBy",
    "listing_of",
]
