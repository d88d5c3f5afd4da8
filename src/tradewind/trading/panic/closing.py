"""The orders of a panic that close: at most one at a time in a symbol, on disk before it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tradewind.market import (
    Accepted,
    Clock,
    Instrument,
    Outcome,
    Rejected,
    Unknown,
    VenueUnavailable,
)
from tradewind.trading.orders.doubt import GRACE, RECEIVE_WINDOW
from tradewind.trading.orders.resolver import LOOK_BACK_MS
from tradewind.trading.panic.claim import Claim
from tradewind.trading.panic.panic_record import Notebook
from tradewind.trading.terms.account_venue import AccountReading, AccountVenue
from tradewind.trading.terms.order_states import Intent, client_id
from tradewind.trading.terms.order_venue import OrderReport, ReportStatus
from tradewind.words import counted

CHUNK = Decimal(50_000)  # quote, the most that one order closes


@dataclass(frozen=True, slots=True)
class Who:
    """What the client ids of a run are derived from."""

    mode: str
    account: str


@dataclass(frozen=True, slots=True)
class _Pending:
    """A closing order whose end is not known yet."""

    intent: Intent
    sent_at: int
    venue_id: str = ""  # of one that was accepted


class Closing:
    """Sends, and learns what became of it. What traded is taken off the claim."""

    def __init__(self, venue: AccountVenue, clock: Clock, who: Who, claim: Claim, notebook: Notebook) -> None:
        self._venue, self._clock, self._who, self._claim = venue, clock, who, claim
        self._notebook = notebook
        self._pending: dict[str, _Pending] = {}
        self._sent = 0

    def waits(self, symbol: str) -> bool:
        """Until the end of an order is known its symbol gets no other."""
        return symbol in self._pending

    async def send(self, instrument: Instrument, lots: int, reading: AccountReading) -> Outcome:
        """An order towards nothing of what is left, signed, or of a part that is not too large for one order."""
        self._sent += 1
        at, symbol, lots = self._clock.now_ms(), instrument.symbol, -self._chunk(instrument, lots, reading)
        name = client_id(self._who.mode, self._who.account, symbol, at, leg="panic", attempt=self._sent)
        intent = Intent(at, name, symbol, lots, True, "panic", "")
        record = self._notebook.record
        record.orders[name] = ""
        record.step(at, "close", symbol=symbol, lots=lots, client_id=name)
        try:
            outcome = await self._venue.send(intent)
        except VenueUnavailable as error:
            outcome = Unknown(str(error))
        match outcome:
            case Accepted(venue_id):
                self._pending[symbol] = _Pending(intent, at, venue_id)
                record.orders[name] = venue_id
                self._notebook.note("closing", symbol, f"{counted(lots, 'lot')} as {name}")
            case Unknown(text):
                self._pending[symbol] = _Pending(intent, at)
                self._notebook.note("unclear", symbol, text)
            case Rejected(code, text):
                self._notebook.note("refused", symbol, f"{counted(lots, 'lot')}: {code} {text}")
        return outcome

    def _chunk(self, instrument: Instrument, lots: int, reading: AccountReading) -> int:
        price = self._claim.price(instrument.symbol, reading)
        if price is None:
            return lots
        most = max(instrument.whole_lots(CHUNK / price), 1)
        return max(-most, min(lots, most))

    async def settle(self, instrument: Instrument) -> None:
        """Ask what became of the last order of a symbol, if that is not known."""
        pending = self._pending.get(instrument.symbol)
        if pending is None:
            return
        intent = pending.intent
        answer = await self._venue.query(intent, pending.venue_id)
        expired = self._clock.now_ms() > pending.sent_at + round((RECEIVE_WINDOW + GRACE) * 1000)
        if isinstance(answer, OrderReport):
            self._notebook.record.orders[intent.client_id] = answer.venue_id
            if answer.status is not ReportStatus.OPEN:
                self._ended(instrument, intent, answer.filled)
        elif expired:  # never there; or accepted, ended and forgotten by the venue
            self._ended(instrument, intent, await self._traded(pending))

    async def _traded(self, pending: _Pending) -> int:
        """Lots of an order that the venue does not know any more, by its trades."""
        if not pending.venue_id:
            return 0
        trades = await self._venue.trades(pending.intent.symbol, pending.sent_at - LOOK_BACK_MS)
        return sum(abs(t.fill.lots) for t in trades if t.venue_id == pending.venue_id)

    def _ended(self, instrument: Instrument, intent: Intent, filled: int) -> None:
        del self._pending[intent.symbol]
        self._claim.closed(instrument, filled if intent.lots > 0 else -filled)
