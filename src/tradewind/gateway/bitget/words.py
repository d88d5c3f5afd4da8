"""What the exchange refuses, in Bitget's codes and texts."""

from __future__ import annotations

from decimal import Decimal

from tradewind.exchange import Listing, Refusal, Refused
from tradewind.gateway.bitget.failure import Failure, does_not_exist, known
from tradewind.gateway.bitget.formats import places, text

NO_POSITION = Failure("22002", "No position to close")
NOT_NOW = "The operation cannot be performed"

_ALIKE = {
    Refusal.UNKNOWN_ACCOUNT: Failure("40013", "User status is abnormal"),
    Refusal.DELISTED: known("40309"),
    Refusal.DUPLICATE_CLIENT_ID: known("40786"),
    Refusal.MAX_ALGO_ORDERS: Failure("40889", "The number of plan orders has reached the upper limit"),
    Refusal.MAX_ORDERS: Failure("40889", "The number of orders has reached the upper limit"),
    Refusal.INSUFFICIENT_MARGIN: known("40762"),
    Refusal.POSITION_LIMIT: known("40762"),
    Refusal.POSITION_SIDE: known("40774"),
    Refusal.REDUCE_ONLY: NO_POSITION,
    Refusal.NO_POSITION: NO_POSITION,
    Refusal.LEVERAGE: Failure("40797", "Exceeded the maximum settable leverage"),
    Refusal.NOT_ISOLATED: Failure("40808", "Parameter verification exception margin mode == FIXED"),
    Refusal.NOTHING_TO_AMEND: Failure(
        "40923", "Order size and price have not changed, and the order modification failed."
    ),
    Refusal.OPEN_ORDERS: Failure("40920", "Position or order exists, the position mode cannot be switched"),
    Refusal.OPEN_POSITION: Failure("40920", "Position or order exists, the position mode cannot be switched"),
    Refusal.PRICE_FILTER: Failure("40706", "Wrong order price"),
    Refusal.PERCENT_PRICE: Failure("40706", "Wrong order price"),
    Refusal.TRAILING_RATE: Failure("40020", "Parameter callbackRatio error"),
    Refusal.BAD_QUANTITY: Failure("40020", "Parameter size error"),
    Refusal.WOULD_TAKE: Failure("40401", f"{NOT_NOW}: a post_only order would be matched at once"),
    Refusal.NOT_FILLABLE: Failure("40401", f"{NOT_NOW}: a fok order cannot be filled whole"),
    Refusal.NO_LIQUIDITY: Failure("40401", f"{NOT_NOW}: nobody trades at that price"),
}


def worded(refused: Refused, mix: bool) -> Failure:
    """`mix` is whether futures were asked."""
    match refused.reason:
        case Refusal.UNKNOWN_SYMBOL:
            return does_not_exist("symbol")
        case Refusal.UNKNOWN_ASSET:
            return does_not_exist("coin")
        case Refusal.INSUFFICIENT_BALANCE:
            return known("40762" if mix else "43012")
        case Refusal.UNKNOWN_ORDER:
            return known("40768" if mix else "43001")
        case Refusal.NOT_TRADING | Refusal.CANCEL_ONLY:
            return known("40308") if mix else _MAINTENANCE.anew()
        case Refusal.WOULD_TRIGGER:
            return Failure("43011", f"The parameter does not meet the specification {refused.detail}")
    found = _ALIKE.get(refused.reason)
    return found.anew() if found else Failure("40017", f"Parameter verification failed {refused.detail}")


_MAINTENANCE = Failure(
    "41114",
    "The current trading pair is under maintenance, please refer to the official announcement "
    "for the opening time",
)


def too_little(least: str, quote: str) -> Failure:
    """Of an order that is worth less than `least`."""
    return Failure("45110", f"less than the minimum amount {least} {quote}")


def too_small(mix: bool) -> Failure:
    """Of a quantity that is no whole number of lots, or too few of them."""
    if mix:
        return Failure("45111", "less than the minimum order quantity")
    return Failure("43006", "The order quantity is less than the minimum transaction quantity")


def stop_past(mark: str) -> Failure:
    """Of a stop of a long position that would trigger at once."""
    return Failure("40917", f"Stop price for long positions please < mark price {mark}".rstrip())


def order_worded(refused: Refused, listing: Listing) -> Failure:
    """Why an order of a market was refused: sizes and minimums are told."""
    filters = listing.filters
    match refused.reason:
        case Refusal.NOTIONAL:
            if "at least" in refused.detail:
                return too_little(text(filters.min_notional), listing.quote)
            return Failure("45113", "Maximum order value limit triggered")
        case Refusal.LOT_SIZE | Refusal.MARKET_LOT_SIZE:
            return too_small(not listing.is_spot)
    return worded(refused, not listing.is_spot)


def check_scale(name: str, value: Decimal | None, step: Decimal) -> None:
    """`Failure` 40808 for more decimals than the market has."""
    if value is None:
        return
    scale = places(step)
    if places(value) > scale:
        raise Failure(
            "40808",
            f"Parameter verification exception {name} checkBDScale error value={text(value)} checkScale={scale}",
        )
