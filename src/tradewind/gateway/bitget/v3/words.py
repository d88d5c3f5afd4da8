"""What the exchange refuses, in the codes and texts of unified accounts; where they have none, in the shared ones."""

from __future__ import annotations

from tradewind.exchange import Listing, Refusal, Refused
from tradewind.gateway.bitget import words
from tradewind.gateway.bitget.failure import Failure

NO_ORDER = Failure("25204", "Order does not exist")
NAME_TAKEN = Failure("25212", "Duplicate clientOid")
NO_POSITION = Failure("25227", "No position available to close")
_TOO_MUCH = Failure("40762", "The order size is greater than the max open size")

_OWN = {
    Refusal.UNKNOWN_SYMBOL: Failure("25100", "Trading pair does not exist"),
    Refusal.NOT_TRADING: Failure("25102", "Trading pair temporarily closed for maintenance"),
    Refusal.CANCEL_ONLY: Failure("25102", "Trading pair temporarily closed for maintenance"),
    Refusal.DELISTED: Failure("25104", "Contract delisted"),
    Refusal.UNKNOWN_ASSET: Failure("25201", "Currency does not exist"),
    Refusal.INSUFFICIENT_BALANCE: _TOO_MUCH,
    Refusal.INSUFFICIENT_MARGIN: _TOO_MUCH,
    Refusal.POSITION_LIMIT: _TOO_MUCH,
    Refusal.UNKNOWN_ORDER: NO_ORDER,
    Refusal.DUPLICATE_CLIENT_ID: NAME_TAKEN,
    Refusal.LEVERAGE: Failure("25223", "Exceeds Max. leverage"),
    Refusal.REDUCE_ONLY: NO_POSITION,
    Refusal.NO_POSITION: NO_POSITION,
    Refusal.NO_LIQUIDITY: Failure("25209", "Insufficient market liquidity, please try again later"),
    Refusal.NOTHING_TO_AMEND: Failure(
        "25271",
        "The modification price and qty is the same as the original value. Please adjust and try again.",
    ),
}


def worded(refused: Refused, _mix: bool = True) -> Failure:
    """For requests that are about no market."""
    own = _OWN.get(refused.reason)
    return own.anew() if own else words.worded(refused, True)


def order_worded(refused: Refused, m: Listing) -> Failure:
    """Why an order of a market was refused: sizes and minimums are told."""
    own = _OWN.get(refused.reason)
    return own.anew() if own else words.order_worded(refused, m)
