"""The words: what a trader would name, as types. Nothing here does I/O or asks a clock."""

from tradewind.market.aligned import Market
from tradewind.market.bar import Bar, Snapshot
from tradewind.market.clock import Clock, ManualClock, WallClock
from tradewind.market.decision import Decision, Reason, Review, TargetWeights
from tradewind.market.errors import (
    AccessRefused,
    ConfigError,
    DataError,
    Inconsistent,
    OrderRejected,
    TradewindError,
    VenueUnavailable,
)
from tradewind.market.instrument import FeeAsset, Instrument, Kind, MaintenanceTier
from tradewind.market.observation import Observation
from tradewind.market.orders import CashFlow, CashFlowKind, Fill, FillReason, Order, OrderId, OrderType, Side
from tradewind.market.outcome import Accepted, Outcome, Rejected, RejectKind, Unknown
from tradewind.market.timeframe import Timeframe
from tradewind.market.venue import CandleSource, Command, CommandKind, Event, Venue

__all__ = [
    "Accepted",
    "AccessRefused",
    "Bar",
    "CandleSource",
    "CashFlow",
    "CashFlowKind",
    "Clock",
    "Command",
    "CommandKind",
    "ConfigError",
    "DataError",
    "Decision",
    "Event",
    "FeeAsset",
    "Fill",
    "FillReason",
    "Inconsistent",
    "Instrument",
    "Kind",
    "MaintenanceTier",
    "ManualClock",
    "Market",
    "Observation",
    "Order",
    "OrderId",
    "OrderRejected",
    "OrderType",
    "Outcome",
    "Reason",
    "RejectKind",
    "Rejected",
    "Review",
    "Side",
    "Snapshot",
    "TargetWeights",
    "Timeframe",
    "TradewindError",
    "Unknown",
    "Venue",
    "VenueUnavailable",
    "WallClock",
]
