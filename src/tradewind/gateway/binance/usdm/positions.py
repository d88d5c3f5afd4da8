"""Positions of Binance USD-M and how they are held: leverage, margin and position mode, isolated margin."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tradewind.exchange import Listing, PositionSide, Refusal, Refused
from tradewind.exchange.events import PositionState
from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.usdm.markets import WEEK_MS, listing_of, maybe_listing, perpetuals, span
from tradewind.gateway.binance.usdm.numbers import money, quantity, trimmed
from tradewind.gateway.binance.usdm.words import POSITION_SIDES

_SUCCESS = {"code": 200, "msg": "success"}


@dataclass(frozen=True, slots=True)
class Held:
    """A position with what orders on its side of the market would add."""

    listing: Listing
    state: PositionState
    bids: Decimal
    asks: Decimal
    order_margin: Decimal


def every(call: Call, one: Listing | None) -> list[Held]:
    """All markets, or one; in hedge mode three rows each, as on the venue."""
    account = call.exchange.account(call.account)
    sides: Iterable[PositionSide] = PositionSide if account.hedge else (PositionSide.BOTH,)
    return [_held(call, listing, side) for listing in ([one] if one else perpetuals(call)) for side in sides]


def shown(call: Call, one: Listing | None) -> list[Held]:
    """Positions, and sides of markets with open orders."""
    return [held for held in every(call, one) if held.state.quantity or held.bids or held.asks]


def _held(call: Call, listing: Listing, side: PositionSide) -> Held:
    exchange, account = call.exchange, call.exchange.account(call.account)
    state = exchange.positions.state(account.id, listing.symbol, side)
    resting = account.resting.get((listing.symbol, side))
    if resting is None or not (resting.bids or resting.asks):
        return Held(listing, state, Decimal(0), Decimal(0), Decimal(0))
    margin = exchange.margin.tied_up(account, listing.symbol, side) - state.initial_margin
    return Held(listing, state, resting.bids, resting.asks, max(Decimal(0), margin))


def _common(held: Held) -> dict[str, Any]:
    state = held.state
    return {
        "symbol": held.listing.id,
        "positionSide": state.side.name,
        "positionAmt": quantity(held.listing, state.quantity),
    }


def _margins(held: Held) -> dict[str, Any]:
    state = held.state
    return {
        "initialMargin": money(state.initial_margin + held.order_margin),
        "maintMargin": money(state.maintenance_margin),
        "positionInitialMargin": money(state.initial_margin),
        "openOrderInitialMargin": money(held.order_margin),
        "bidNotional": money(held.bids),
        "askNotional": money(held.asks),
    }


def account_row_third(call: Call, held: Held) -> dict[str, Any]:
    """A position in /fapi/v3/account."""
    state, margins = held.state, _margins(held)
    return _common(held) | {
        "unrealizedProfit": money(state.unrealised),
        "isolatedMargin": money(state.isolated_margin),
        "notional": money(state.notional),
        "isolatedWallet": money(state.isolated_wallet),
        "initialMargin": margins["initialMargin"],
        "maintMargin": margins["maintMargin"],
        "updateTime": state.updated_ms,
    }


def account_row_second(call: Call, held: Held) -> dict[str, Any]:
    """A position in /fapi/v2/account."""
    state = held.state
    return (
        _common(held)
        | _margins(held)
        | {
            "unrealizedProfit": money(state.unrealised),
            "leverage": str(state.leverage),
            "isolated": state.isolated,
            "entryPrice": trimmed(state.entry_price),
            "breakEvenPrice": trimmed(state.break_even_price),
            "maxNotional": trimmed(held.listing.largest_notional(state.leverage)),
            "notional": money(state.notional),
            "isolatedWallet": money(state.isolated_wallet),
            "updateTime": state.updated_ms,
        }
    )


def _risk(held: Held) -> dict[str, Any]:
    state = held.state
    return _common(held) | {
        "entryPrice": trimmed(state.entry_price),
        "breakEvenPrice": trimmed(state.break_even_price),
        "markPrice": money(state.mark_price),
        "unRealizedProfit": money(state.unrealised),
        "liquidationPrice": trimmed(state.liquidation_price),
        "isolatedMargin": money(state.isolated_margin),
        "notional": money(state.notional),
        "isolatedWallet": money(state.isolated_wallet),
        "updateTime": state.updated_ms,
    }


second = Routes("/fapi/v2")
third = Routes("/fapi/v3")


@third.on("GET", "/positionRisk", weight=5, security=Security.READ)
def position_risk_third(call: Call) -> Any:
    """Positions, and markets with open orders; no leverage."""
    return [
        _risk(held) | _margins(held) | {"marginAsset": held.listing.quote, "adl": 0}
        for held in shown(call, maybe_listing(call))
    ]


@second.on("GET", "/positionRisk", weight=5, security=Security.READ)
def position_risk_second(call: Call) -> Any:
    """All markets, also those without a position."""
    return [
        _risk(held)
        | {
            "leverage": str(held.state.leverage),
            "maxNotionalValue": trimmed(held.listing.largest_notional(held.state.leverage)),
            "marginType": "isolated" if held.state.isolated else "cross",
            "isAutoAddMargin": "false",
            "isolated": held.state.isolated,
            "adlQuantile": 0,
        }
        for held in every(call, maybe_listing(call))
    ]


@dataclass(frozen=True, slots=True)
class MarginMove:
    """Margin that an account moved to (type 1) or from (type 2) an isolated position."""

    symbol: str
    side: PositionSide
    kind: int
    amount: Decimal
    asset: str
    time_ms: int


class Settings:
    """What accounts set, and the margin that they moved: the last thousand moves of each account."""

    def __init__(self) -> None:
        self._moves: dict[str, deque[MarginMove]] = {}

    def routes(self) -> Routes:
        table = Routes("/fapi/v1")
        table.on("GET", "/positionSide/dual", weight=30, security=Security.READ)(position_mode)
        table.on("POST", "/positionSide/dual", security=Security.TRADE)(set_position_mode)
        table.on("POST", "/marginType", security=Security.TRADE)(set_margin_type)
        table.on("POST", "/leverage", security=Security.TRADE)(set_leverage)
        table.on("GET", "/leverageBracket", security=Security.READ)(leverage_bracket)
        table.on("POST", "/positionMargin", security=Security.TRADE)(self.move_margin)
        table.on("GET", "/positionMargin/history", security=Security.READ)(self.margin_history)
        return table

    def move_margin(self, call: Call) -> Any:
        """Put margin into an isolated position (type 1) or take some out (type 2)."""
        listing, params = listing_of(call), call.params
        amount, kind = params.decimal("amount"), params.integer("type")
        if kind not in (1, 2):
            raise Failure(-1130, "Data sent for parameter 'type' is not valid.")
        side = (
            params.maybe_choice("positionSide", POSITION_SIDES, Failure(-4060, "Invalid position side."))
            or PositionSide.BOTH
        )
        if call.exchange.account(call.account).hedge is (side is PositionSide.BOTH):
            raise Refused(Refusal.POSITION_SIDE)
        try:
            call.exchange.positions.move_margin(
                call.account, listing.symbol, amount, add=kind == 1, side=side
            )
        except Refused as refused:
            if refused.reason is Refusal.INSUFFICIENT_MARGIN:
                short = (-4050, "Cross balance insufficient.")
                raise Failure(*(short if kind == 1 else (-4051, "Isolated balance insufficient."))) from None
            raise
        moves = self._moves.setdefault(call.account, deque(maxlen=1000))
        now = call.exchange.now_ms
        moves.append(MarginMove(listing.symbol, side, kind, amount, listing.quote, now))
        return {
            "amount": float(amount),
            "code": 200,
            "msg": "Successfully modify position margin.",
            "type": kind,
        }

    def margin_history(self, call: Call) -> Any:
        """Margin that was moved in a market, oldest first."""
        listing, params = listing_of(call), call.params
        kind = params.maybe_integer("type", 1, 2)
        start, end = span(params, WEEK_MS * 53)
        limit = params.limit(500, 1000)
        found = [
            move
            for move in self._moves.get(call.account, ())
            if move.symbol == listing.symbol
            and kind in (None, move.kind)
            and (start is None or move.time_ms >= start)
            and (end is None or move.time_ms <= end)
        ]
        return [
            {
                "symbol": listing.id,
                "type": move.kind,
                "deltaType": "USER_ADJUST",
                "amount": trimmed(move.amount),
                "asset": move.asset,
                "time": move.time_ms,
                "positionSide": move.side.name,
                "clientTranId": "",
            }
            for move in found[-limit:]
        ]


def position_mode(call: Call) -> Any:
    """Whether longs and shorts are held apart."""
    return {"dualSidePosition": call.exchange.account(call.account).hedge}


def set_position_mode(call: Call) -> Any:
    """Hedge or one-way mode, while nothing is open."""
    call.params.text("dualSidePosition")
    call.exchange.positions.set_hedge(call.account, call.params.flag("dualSidePosition"))
    return _SUCCESS


def set_margin_type(call: Call) -> Any:
    """Isolated or cross margin, while nothing is open in the market."""
    listing, kind = listing_of(call), call.params.text("marginType")
    if kind not in ("ISOLATED", "CROSSED"):
        raise Failure(-1130, "Data sent for parameter 'marginType' is not valid.")
    call.exchange.positions.set_isolated(call.account, listing.symbol, kind == "ISOLATED")
    return _SUCCESS


def set_leverage(call: Call) -> Any:
    """The initial leverage in a market."""
    listing, leverage = listing_of(call), call.params.integer("leverage")
    try:
        most = call.exchange.positions.set_leverage(call.account, listing.symbol, leverage)
    except Refused as refused:
        if refused.reason is Refusal.LEVERAGE:
            raise Failure(-4028, f"Leverage {leverage} is not valid") from None
        raise
    return {"leverage": leverage, "maxNotionalValue": trimmed(most), "symbol": listing.id}


def leverage_bracket(call: Call) -> Any:
    """Tiers of margin and leverage, market by market."""
    one = maybe_listing(call)
    return [
        {
            "symbol": listing.id,
            "notionalCoef": 1.0,
            "brackets": [
                {
                    "bracket": number,
                    "initialLeverage": tier.leverage,
                    "notionalCap": int(tier.cap),
                    "notionalFloor": int(tier.floor),
                    "maintMarginRatio": float(tier.rate),
                    "cum": float(tier.amount),
                }
                for number, tier in enumerate(listing.tiers, 1)
            ],
        }
        for listing in ([one] if one else perpetuals(call))
    ]
