"""What contract orders of v2 mean to the exchange."""

from __future__ import annotations

from tradewind.exchange import (
    Exit,
    Listing,
    OrderRequest,
    OrderType,
    PositionSide,
    SelfTrade,
    TimeInForce,
    TriggerBy,
)
from tradewind.gateway.bitget.failure import known, missing, wrong
from tradewind.gateway.bitget.formats import FORCES, SIDES, TRIGGERS
from tradewind.gateway.bitget.params import Params
from tradewind.gateway.bitget.requests import SELF_TRADES, Exits, is_limit, reduces
from tradewind.gateway.bitget.routes import Call
from tradewind.gateway.bitget.words import check_scale
from tradewind.market import Side

TRADE_SIDES = {"open": True, "close": False}


def direction(params: Params, hedge: bool) -> tuple[Side, PositionSide]:
    """What is traded in which position. 40774 when the order is for the other position mode."""
    side = params.choice("side", SIDES)
    name = params.maybe("tradeSide")
    if name is not None and name.lower() not in TRADE_SIDES:
        if name.lower() not in ("buy_single", "sell_single"):
            raise wrong("tradeSide")
        name = None
    if (name is not None) is not hedge:
        raise known("40774")
    if name is None:
        return side, PositionSide.BOTH
    position = PositionSide.LONG if side is Side.BUY else PositionSide.SHORT
    if TRADE_SIDES[name.lower()]:
        return side, position
    return (Side.SELL if side is Side.BUY else Side.BUY), position


def check_coin(params: Params, m: Listing) -> None:
    coin = params.maybe("marginCoin")
    if coin is not None and coin.upper() != m.quote:
        raise wrong("marginCoin")


def order_request(call: Call, params: Params, m: Listing) -> OrderRequest:
    """A new contract order; sizes are in base."""
    hedge = call.exchange.account(call.account).hedge
    check_coin(params, m)
    side, position = direction(params, hedge)
    limit, size = is_limit(params), params.decimal("size")
    price = params.maybe_positive("price") if limit else None
    if limit and price is None:
        raise missing("price")
    check_scale("price", price, m.filters.tick)
    check_scale("size", size, m.filters.step)
    force = params.maybe_choice("force", FORCES) or TimeInForce.GTC
    return OrderRequest(
        symbol=m.symbol,
        side=side,
        type=OrderType.LIMIT if limit else OrderType.MARKET,
        quantity=size,
        price=price,
        time_in_force=force if limit else TimeInForce.GTC,
        client_id=params.client_id(),
        position_side=position,
        reduce_only=reduces(params) and not hedge,
        self_trade=params.maybe_choice("stpMode", SELF_TRADES) or SelfTrade.EXPIRE_MAKER,
    )


def exits(params: Params, m: Listing, names: tuple[str, str]) -> Exits:
    """What comes with an order. `names`: how the parameters of profit and loss begin."""
    return _exit(params, m, names[0]), _exit(params, m, names[1])


def _exit(params: Params, m: Listing, name: str) -> Exit | None:
    preset = name.startswith(("preset", "newPreset"))
    trigger_name = f"{name}Price" if preset else f"{name}TriggerPrice"
    trigger = params.maybe_positive(trigger_name)
    if trigger is None:
        return None
    price = params.maybe_positive(f"{name}ExecutePrice")
    check_scale(trigger_name, trigger, m.filters.tick)
    check_scale(f"{name}ExecutePrice", price, m.filters.tick)
    by = params.maybe_choice(f"{name}TriggerType", TRIGGERS) or TriggerBy.MARK
    return Exit(trigger, price, by)
