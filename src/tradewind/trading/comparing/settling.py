"""Records by which the books follow a venue that holds something else."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from tradewind.market import CashFlow, CashFlowKind, Fill, FillReason, Inconsistent, Kind
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.comparing.comparison import Side


def adopting_flow(side: Side, at: int) -> CashFlow:
    """Money of the run that went, in quote: an adjustment, neither profit nor loss."""
    return CashFlow(f"adopted-{at}", at, CashFlowKind.ADJUSTMENT, side.found - side.expected)


def adopting_fill(ledger: OrderLedger, side: Side, at: int) -> Fill:
    """A trade at the last known price of ours that brings the position to what the venue holds.

    On spot only what the run owned is taken out, in whole lots. `Inconsistent` where no price is known.
    """
    instrument = ledger.instruments[side.symbol]
    if instrument.kind is Kind.PERPETUAL:
        lots = instrument.whole_lots(side.found - side.expected)
    else:
        missing = (side.owned - side.found) / instrument.lot
        lots = -int(missing.to_integral_value(ROUND_CEILING))
    prices = [fill.price for fill in ledger.fills.values() if fill.symbol == side.symbol]
    if not prices:
        raise Inconsistent(f"{side}: the run never traded it, so there is no price to adopt it at")
    return Fill(
        trade_id=f"adopted-{at}",
        order_id="",
        at=at,
        symbol=side.symbol,
        lots=lots,
        quantity=instrument.quantity(lots),
        price=prices[-1],
        fee=Decimal(0),
        fee_asset=instrument.quote,
        reason=FillReason.CLOSE_OUT,
    )
