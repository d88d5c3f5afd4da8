"""What requests of both versions mean to the exchange."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from tradewind.exchange import (
    Exchange,
    Exit,
    Listing,
    Order,
    OrderRequest,
    OrderType,
    PositionSide,
    Refusal,
    Refused,
    SelfTrade,
    TriggerBy,
)
from tradewind.exchange.events import PositionState
from tradewind.gateway.bitget.failure import Failure, wrong
from tradewind.gateway.bitget.formats import text
from tradewind.gateway.bitget.params import Params
from tradewind.gateway.bitget.routes import Call
from tradewind.gateway.bitget.words import stop_past
from tradewind.market import Side

MARGIN_MODES = {"isolated": True, "crossed": False}
FLAGS = {"yes": True, "no": False, "true": True, "false": False}
Exits = tuple[Exit | None, Exit | None]  # take profit, stop loss
NOT_ENOUGH = Failure("43023", "Insufficient position, can not set profit or stop loss")
ORDER_TYPES = {"limit": True, "market": False}
SELF_TRADES = {
    "none": SelfTrade.NONE,
    "cancel_taker": SelfTrade.EXPIRE_TAKER,
    "cancel_maker": SelfTrade.EXPIRE_MAKER,
    "cancel_both": SelfTrade.EXPIRE_BOTH,
}


def is_limit(params: Params) -> bool:
    """`orderType`, which must be there."""
    name = params.text("orderType").lower()
    if name not in ORDER_TYPES:
        raise wrong("orderType")
    return ORDER_TYPES[name]


def choose_margin_mode(params: Params, default: bool) -> bool:
    """Whether the order is for isolated margin."""
    name = params.maybe("marginMode")
    if name is None:
        return default
    if name.lower() not in MARGIN_MODES:
        raise wrong("marginMode")
    return MARGIN_MODES[name.lower()]


@contextmanager
def margin_mode(exchange: Exchange, account: str, m: Listing, isolated: bool) -> Iterator[None]:
    """The market's margin mode is what the order says; as before when the order fails."""
    before = m.symbol in exchange.account(account).isolated
    if before is isolated:
        yield
        return
    try:
        exchange.positions.set_isolated(account, m.symbol, isolated)
    except Refused:
        raise Failure(
            "45117", "Currently holding positions or orders, the margin mode cannot be adjusted"
        ) from None
    try:
        yield
    except (Refused, Failure):
        exchange.positions.set_isolated(account, m.symbol, before)
        raise


def reduces(params: Params) -> bool:
    value = params.maybe("reduceOnly")
    if value is None:
        return False
    if value.lower() not in FLAGS:
        raise wrong("reduceOnly")
    return FLAGS[value.lower()]


def check_exits(found: Exits, long: bool, reference: Decimal) -> None:
    """A stop loss below a long position's price and a take profit above it; for a short the reverse."""
    profit, loss = found
    if loss is not None:
        check_trigger(loss.price, long, reference, profit=False)
    if profit is not None:
        check_trigger(profit.price, long, reference, profit=True)


def check_trigger(trigger: Decimal, long: bool, reference: Decimal, *, profit: bool) -> None:
    above = long is profit
    if trigger > reference if above else trigger < reference:
        return
    shown = text(reference)
    if profit and long:
        raise Failure("40915", f"Long position take profit price please > mark price {shown}")
    if profit:
        raise Failure("40916", f"Short position take profit price please < mark price {shown}")
    if long:
        raise stop_past(shown)
    raise Failure("45122", f"Short position stop loss price please > mark price {shown}")


def waiting_type(
    call: Call, m: Listing, side: Side, trigger: Decimal, by: TriggerBy, limit: bool
) -> OrderType:
    """A plan triggers from whichever side the price comes: above the price it is a stop for a buyer."""
    tape = call.exchange.tape
    price = tape.mark(m.symbol) if by is TriggerBy.MARK else tape.last(m.symbol)
    if (trigger >= price) == (side is Side.BUY):
        return OrderType.STOP_LIMIT if limit else OrderType.STOP_MARKET
    return OrderType.TAKE_PROFIT_LIMIT if limit else OrderType.TAKE_PROFIT_MARKET


def closing_type(profit: bool, limit: bool, trails: bool) -> OrderType:
    if trails:
        return OrderType.TRAILING_STOP
    if profit:
        return OrderType.TAKE_PROFIT_LIMIT if limit else OrderType.TAKE_PROFIT_MARKET
    return OrderType.STOP_LIMIT if limit else OrderType.STOP_MARKET


_TURNED_AWAY = {Refusal.WOULD_TAKE: "post_only", Refusal.NOT_FILLABLE: "fok"}


def place(exchange: Exchange, account: str, request: OrderRequest) -> Order:
    """An accepted order. One that must not trade now, or not in part, is accepted too, and cancelled at once."""
    try:
        return exchange.place(account, request)
    except Refused as refused:
        reason = _TURNED_AWAY.get(refused.reason)
        if reason is None:
            raise
        return exchange.turn_away(account, request, reason)


def closing_order(state: PositionState) -> OrderRequest:
    """What ends a position at the market."""
    return OrderRequest(
        symbol=state.symbol,
        side=Side.SELL if state.quantity > 0 else Side.BUY,
        type=OrderType.MARKET,
        quantity=abs(state.quantity),
        position_side=state.side,
        reduce_only=state.side is PositionSide.BOTH,
    )
