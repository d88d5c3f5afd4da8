"""What a run at a venue brings in order before it trades: margin, and panics from outside."""

from __future__ import annotations

from collections.abc import Callable

from tradewind.cli.live.plan import Plan
from tradewind.market import Fill, Kind
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.panic.panic_record import PanicRecord, mark_joined, panic_files, panic_records
from tradewind.trading.panic.traded import complete
from tradewind.trading.risk.latch import Latch
from tradewind.trading.terms.account_venue import AccountVenue, MarginSettings, PositionMode


async def set_margin(venue: AccountVenue, plan: Plan) -> dict[str, MarginSettings]:
    """One-way mode, margin mode and leverage of every perpetual, set and asked back."""
    if venue.kind is Kind.SPOT:
        return {}
    settings = plan.settings.margin
    leverage = float(settings.leverage_for(plan.named.agent.rules.leverage))
    for symbol in plan.symbols:
        await venue.set_margin(symbol, leverage, settings.mode)
    wanted = MarginSettings(leverage, settings.mode, PositionMode.ONE_WAY)
    return dict.fromkeys(plan.symbols, wanted)


def join_panics(
    plan: Plan, ledger: OrderLedger, manager: OrderManager, latch: Latch, hear: Callable[[Fill], None]
) -> None:
    """What panics did from outside joins the journal, and the run stays halted."""
    for path in panic_files(plan.folder.path):
        records = panic_records(path)
        new = [r for r in records if not (isinstance(r, Fill) and ledger.key(r) in ledger.fills)]
        manager.write(*new)
        for record in new:
            latch.apply(record)
            if isinstance(record, Fill):
                hear(record)
        mark_joined(path)


async def complete_panics(venue: AccountVenue, plan: Plan, ledger: OrderLedger) -> None:
    """One that was ended before it wrote its trades down."""
    for path in panic_files(plan.folder.path):
        await complete(venue, PanicRecord.read(path), ledger.last_trade_at)
