"""Closes what a run owns at its venue: without the run, its engine or its model, until nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import IntEnum

from tradewind.market import (
    Accepted,
    Clock,
    Fill,
    Instrument,
    Kind,
    OrderType,
    Outcome,
    Rejected,
    RejectKind,
    Unknown,
    VenueUnavailable,
)
from tradewind.trading.comparing.comparison import holding_in
from tradewind.trading.orders.doubt import GRACE, RECEIVE_WINDOW
from tradewind.trading.orders.resolver import LOOK_BACK_MS
from tradewind.trading.panic.estate import PREFIX, Estate
from tradewind.trading.panic.panic_record import PanicRecord
from tradewind.trading.terms.account_venue import AccountReading, AccountVenue
from tradewind.trading.terms.order_states import Intent, client_id
from tradewind.trading.terms.order_venue import OrderReport, ReportStatus
from tradewind.words import counted

SECONDS = 120.0
READINGS = 3  # in a row that show nothing left
PAUSE = 1.0  # seconds between readings
CHUNK = Decimal(50_000)  # quote, the most that one order closes


class ExitCode(IntEnum):
    FLAT = 0
    UNREACHABLE = 3
    NOT_FLAT = 5


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


class Panic:
    """One press of the button. `run` does all; what it did stands in `record`, on disk before it is sent.

    Orders of the run are known by their prefix; `everything` takes those of others too, and closes what the run
    never bought. On spot nothing else is ever sold than what the journal says was bought.
    """

    def __init__(
        self,
        venue: AccountVenue,
        clock: Clock,
        estate: Estate,
        who: Who,
        record: PanicRecord,
        *,
        everything: bool = False,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.record, self.reached = record, False
        self._venue, self._clock, self._estate, self._who = venue, clock, estate, who
        self._everything, self._tell = everything, tell
        self._instruments = dict(estate.instruments)
        self._pending: dict[str, _Pending] = {}
        self._sold: dict[str, Decimal] = {}  # base units that our orders closed, signed as what they closed
        self._sent = 0
        self._trouble = "the venue was not asked yet"
        self._notes: dict[str, str] = {}  # why something is left, by symbol
        self._dust: dict[str, str] = {}

    async def run(self) -> ExitCode:
        """Until three readings in a row show nothing left, or two minutes are over."""
        until, zeros = self._clock.now_ms() + round(SECONDS * 1000), 0
        self.record.step(self._clock.now_ms(), "begin", trouble=self._estate.trouble)
        while zeros < READINGS and self._clock.now_ms() < until:
            try:
                left = await self._round()
                self.reached, self._trouble = True, ""
                zeros = 0 if left else zeros + 1
            except VenueUnavailable as error:
                self._trouble, zeros = str(error), 0
                self._tell(f"no answer: {error}")
            await self._clock.sleep(PAUSE)
        return await self._end(zeros >= READINGS)

    async def _end(self, clear: bool) -> ExitCode:
        try:
            self.record.fills = await fills_of(self._venue, self.record, self._estate.last_trade_at)
        except VenueUnavailable as error:
            self._notes.setdefault("", f"what it traded could not be read: {error}")
        self.record.residue = [*self._notes.values(), *([self._trouble] if self._trouble else [])]
        self.record.dust = list(self._dust.values())
        code = ExitCode.FLAT if clear and not self._notes else ExitCode.NOT_FLAT
        code = code if self.reached else ExitCode.UNREACHABLE
        self.record.end(self._clock.now_ms(), int(code))
        return code

    async def _round(self) -> int:
        """Cancel and close what is there now; how many things were left when it was read."""
        await self._clear_pending()
        reading = await self._venue.account()
        symbols = await self._symbols(reading)
        left = 0
        for symbol in symbols:
            left += await self._cancel_in(symbol)
        if left:  # what they locked is free in the next reading
            return left
        for symbol in symbols:
            left += await self._close_in(symbol, reading)
        return left

    async def _symbols(self, reading: AccountReading) -> list[str]:
        """Of the run, and for the whole account all that it holds."""
        symbols = list(self._estate.symbols)
        if self._everything or self._estate.holdings is None:
            symbols += [s for s, position in reading.positions.items() if position.quantity]
        if self._everything and self._venue.kind is Kind.SPOT:
            quote = symbols[0].partition("/")[2] if symbols else "USDT"
            symbols += [f"{c}/{quote}" for c, b in reading.balances.items() if c != quote and b.total > 0]
        wanted = list(dict.fromkeys(symbols))
        if any(symbol not in self._instruments for symbol in wanted):
            self._instruments = {**await self._venue.instruments(wanted), **self._instruments}
        for symbol in wanted:
            if symbol not in self._instruments:
                self._notes[symbol] = f"{symbol} is not traded at the venue: what is held of it stays"
        return [symbol for symbol in wanted if symbol in self._instruments]

    # -- orders

    async def _cancel_in(self, symbol: str) -> int:
        orders = [r for r in await self._venue.open_orders(symbol) if self._is_ours(r)]
        for report in orders:
            outcome = await self._cancel(report)
            said = outcome.text if isinstance(outcome, Rejected | Unknown) else "done"
            self._note("cancel", symbol, f"order {report.client_id}: {said}")
            await self._heed(outcome)
        return len(orders)

    async def _cancel(self, report: OrderReport) -> Outcome:
        """As the journal has it; unknown there, first as an ordinary order and then as a conditional one."""
        known = self._estate.intents.get(report.client_id)
        if known is not None:
            return await self._venue.cancel(known, report.venue_id)
        guess = Intent(self._clock.now_ms(), report.client_id, report.symbol, 1, False, "panic", "")
        outcome = await self._venue.cancel(guess, report.venue_id)
        if isinstance(outcome, Rejected) and outcome.kind is RejectKind.NOT_FOUND:
            outcome = await self._venue.cancel(replace(guess, type=OrderType.STOP), report.venue_id)
        return outcome

    def _is_ours(self, report: OrderReport) -> bool:
        return (
            self._everything
            or report.client_id.startswith(PREFIX)
            or report.client_id in self._estate.intents
        )

    # -- positions

    async def _close_in(self, symbol: str, reading: AccountReading) -> int:
        """Send one order towards nothing, where something is left."""
        instrument = self._instruments[symbol]
        if symbol in self._pending:
            return 1
        self._notes.pop(symbol, None)
        lots = self._lots_left(instrument, reading)
        if not lots or symbol in self._dust:
            return 0
        outcome = await self._send(symbol, -self._chunk(instrument, lots, reading))
        await self._heed(outcome)
        return self._judge(instrument, lots, reading, outcome)

    def _judge(self, instrument: Instrument, lots: int, reading: AccountReading, outcome: Outcome) -> int:
        """What a refusal leaves: dust where it is too little to be traded, else something to tell of."""
        left = f"{instrument.symbol}: {instrument.quantity(lots):f} {instrument.base}"
        if not isinstance(outcome, Rejected):
            return 1
        if outcome.kind is RejectKind.FILTER and self._is_small(instrument, lots, reading):
            self._dust[instrument.symbol] = f"{left} is less than the venue trades: it stays"
            return 0
        self._notes[instrument.symbol] = f"{left} could not be closed: {outcome.code} {outcome.text}"
        return 1

    def _is_small(self, instrument: Instrument, lots: int, reading: AccountReading) -> bool:
        price = self._price(instrument.symbol, reading)
        return price is not None and abs(instrument.quantity(lots)) * price < 2 * instrument.min_notional

    def _lots_left(self, instrument: Instrument, reading: AccountReading) -> int:
        """Signed lots to close; only ever towards zero, and never what is not the run's."""
        symbol, found = instrument.symbol, holding_in(reading, instrument)
        if self._everything or (self._estate.holdings is None and instrument.kind is Kind.PERPETUAL):
            return self._sellable(instrument, found, reading)
        if self._estate.holdings is None:
            if found:
                self._notes[symbol] = (
                    f"{symbol}: the journal cannot be read ({self._estate.trouble}), so nobody knows how much of "
                    f"{found:f} {instrument.base} the run bought: sell it by hand, or panic with --account"
                )
            return 0
        holding = self._estate.holdings.get(symbol)
        if holding is None:
            return 0
        beside = found - holding.baseline
        if instrument.kind is Kind.PERPETUAL:
            return instrument.whole_lots(beside if beside * found > 0 else Decimal(0))
        owned = holding.owned - self._sold.get(symbol, Decimal(0))
        return self._sellable(instrument, max(min(owned, beside), Decimal(0)), reading)

    def _sellable(self, instrument: Instrument, quantity: Decimal, reading: AccountReading) -> int:
        """Whole lots of it that are not locked."""
        if instrument.kind is Kind.PERPETUAL:
            return instrument.whole_lots(quantity)
        balance = reading.balances.get(instrument.base)
        free = Decimal(0) if balance is None else balance.free
        lots = instrument.whole_lots(min(quantity, free))
        if instrument.whole_lots(quantity) > lots:
            told = f"{quantity - free:f} {instrument.base} is locked by orders that are not the run's"
            self._notes[instrument.symbol] = f"{instrument.symbol}: {told}: cancel them by hand"
        return lots

    def _chunk(self, instrument: Instrument, lots: int, reading: AccountReading) -> int:
        price = self._price(instrument.symbol, reading)
        if price is None:
            return lots
        most = max(instrument.whole_lots(CHUNK / price), 1)
        return max(-most, min(lots, most))

    def _price(self, symbol: str, reading: AccountReading) -> Decimal | None:
        position = reading.positions.get(symbol)
        if position is not None and position.mark:
            return position.mark
        holding = (self._estate.holdings or {}).get(symbol)
        return None if holding is None else holding.price

    async def _send(self, symbol: str, lots: int) -> Outcome:
        self._sent += 1
        at = self._clock.now_ms()
        name = client_id(self._who.mode, self._who.account, symbol, at, leg="panic", attempt=self._sent)
        intent = Intent(at, name, symbol, lots, True, "panic", "")
        self.record.orders[name] = ""
        self.record.step(at, "close", symbol=symbol, lots=lots, client_id=name)
        try:
            outcome = await self._venue.send(intent)
        except VenueUnavailable as error:
            outcome = Unknown(str(error))
        match outcome:
            case Accepted(venue_id):
                self._pending[symbol] = _Pending(intent, at, venue_id)
                self.record.orders[name] = venue_id
                self._note("closing", symbol, f"{counted(lots, 'lot')} as {name}")
            case Unknown(text):
                self._pending[symbol] = _Pending(intent, at)
                self._note("unclear", symbol, text)
            case Rejected(code, text):
                self._note("refused", symbol, f"{counted(lots, 'lot')}: {code} {text}")
        return outcome

    async def _clear_pending(self) -> None:
        """Until the end of an order is known its symbol gets no other."""
        for pending in list(self._pending.values()):
            intent = pending.intent
            answer = await self._venue.query(intent, pending.venue_id)
            expired = self._clock.now_ms() > pending.sent_at + round((RECEIVE_WINDOW + GRACE) * 1000)
            if isinstance(answer, OrderReport):
                self.record.orders[intent.client_id] = answer.venue_id
                if answer.status is not ReportStatus.OPEN:
                    self._closed(intent, answer.filled)
            elif expired:  # never there; or accepted and forgotten by the venue: then nothing is sent twice
                self._closed(intent, abs(intent.lots) if pending.venue_id else 0)

    def _closed(self, intent: Intent, filled: int) -> None:
        symbol = intent.symbol
        del self._pending[symbol]
        quantity = self._instruments[symbol].quantity(filled if intent.lots < 0 else -filled)
        self._sold[symbol] = self._sold.get(symbol, Decimal(0)) + quantity

    # -- what it leaves behind

    def _note(self, what: str, symbol: str, text: str) -> None:
        self.record.step(self._clock.now_ms(), what, symbol=symbol, text=text)
        self._tell(f"{symbol}: {what}: {text}")

    async def _heed(self, outcome: Outcome) -> None:
        """Told to wait, it waits, but not long."""
        if isinstance(outcome, Rejected) and outcome.kind is RejectKind.LIMIT:
            asked = getattr(outcome, "retry_after_seconds", None) or 2 * PAUSE
            await self._clock.sleep(min(asked, 10.0))


async def fills_of(venue: AccountVenue, record: PanicRecord, last_trade_at: int) -> list[Fill]:
    """What the orders of a panic traded, as the venue has it. `last_trade_at`: of what is known, 0 if nothing is."""
    names, ids = set(record.orders), {venue_id for venue_id in record.orders.values() if venue_id}
    since = (last_trade_at or record.at) - LOOK_BACK_MS
    touched = dict.fromkeys(step["symbol"] for step in record.steps if step["what"] == "close")
    return [
        trade.fill
        for symbol in touched
        for trade in await venue.trades(symbol, since)
        if trade.fill.order_id in names or trade.venue_id in ids
    ]


async def complete(venue: AccountVenue, record: PanicRecord, last_trade_at: int) -> None:
    """Fetch what a panic traded that was ended, or could not reach the venue, before it could write that down."""
    if record.orders and (record.code is None or not record.flat):
        record.fills = await fills_of(venue, record, last_trade_at)
        record.save()
