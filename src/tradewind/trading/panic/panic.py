"""Closes what a run owns at its venue: without the run, its engine or its model, until nothing is left."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import IntEnum

from tradewind.market import (
    Clock,
    Instrument,
    Kind,
    OrderType,
    Outcome,
    Rejected,
    RejectKind,
    Unknown,
    VenueUnavailable,
)
from tradewind.trading.orders.doubt import GRACE, RECEIVE_WINDOW
from tradewind.trading.panic.claim import Claim
from tradewind.trading.panic.closing import Closing, Who
from tradewind.trading.panic.estate import PREFIX, Estate
from tradewind.trading.panic.panic_record import Notebook, PanicRecord
from tradewind.trading.panic.traded import fills_of
from tradewind.trading.terms.account_venue import AccountReading, AccountVenue
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.terms.order_venue import OrderReport

SECONDS = 120.0
READINGS = 3  # in a row that show nothing left
PAUSE = 1.0  # seconds between readings
TRIES = 5  # to read what was traded, at the end


class ExitCode(IntEnum):
    FLAT = 0
    UNREACHABLE = 3
    NOT_FLAT = 5


class Panic:
    """One press of the button. `run` does all; what it did stands in `record`, on disk before it is sent.

    Orders of the run are known by their prefix; `everything` takes those of others too, and closes what the run
    never bought. On spot nothing else is ever sold than what the run bought. `again` reads the journal once more: a
    run that still works may have written orders since.
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
        again: Callable[[], Estate] | None = None,
    ) -> None:
        self.record, self.reached = record, False
        self._venue, self._clock, self._tell = venue, clock, tell
        self._claim = Claim(estate, everything=everything)
        self._notebook = Notebook(record, clock, tell)
        self._closing = Closing(venue, clock, who, self._claim, self._notebook)
        self._again = again or (lambda: estate)
        self._instruments = dict(estate.instruments)
        self._unlisted: set[str] = set()
        self._late_at = 0  # UTC ms
        self._trouble = {"": "the venue was not asked yet"}  # what had no answer in the last round, by symbol
        self._notes: dict[str, str] = {}  # why something could not be closed, by symbol
        self._dust: dict[str, tuple[int, str]] = {}  # lots, and what is told of them

    async def run(self) -> ExitCode:
        """Until three readings in a row show nothing left, or two minutes are over."""
        began, zeros = self._clock.now_ms(), 0
        until = began + round(SECONDS * 1000)
        self._late_at = began + round((RECEIVE_WINDOW + GRACE) * 1000)
        self.record.step(began, "begin", trouble=self._claim.estate.trouble)
        while True:
            zeros = 0 if await self._round() else zeros + 1
            if zeros >= READINGS and self._claim.learn(self._again()):
                zeros = 0
            if zeros >= READINGS or self._clock.now_ms() >= until:
                return await self._end(zeros >= READINGS)
            await self._clock.sleep(PAUSE)

    async def _end(self, clear: bool) -> ExitCode:
        notes = {**self._notes, **self._claim.notes}
        if trouble := await self._read_fills():
            notes[""] = f"what it traded could not be read: {trouble}"
        troubles = [f"{symbol}: {text}".removeprefix(": ") for symbol, text in self._trouble.items()]
        self.record.residue = [*notes.values(), *troubles]
        self.record.dust = [text for _, text in self._dust.values()]
        if not (clear or self.record.residue):
            self.record.residue = [f"after {SECONDS:.0f} s the venue still showed something of the run"]
        code = ExitCode.FLAT if clear and not notes else ExitCode.NOT_FLAT
        code = code if self.reached else ExitCode.UNREACHABLE
        self.record.end(self._clock.now_ms(), int(code))
        return code

    async def _read_fills(self) -> str:
        """Why it could not be done, empty if it was."""
        trouble = ""
        for _ in range(TRIES if self.reached else 1):
            try:
                self.record.fills = await fills_of(self._venue, self.record, self._claim.estate.last_trade_at)
                return ""
            except VenueUnavailable as error:
                trouble = str(error)
                await self._clock.sleep(PAUSE)
        return trouble

    async def _round(self) -> int:
        """Cancel and close what is there now; how many things were left when it was read.

        What one symbol does not answer holds up no other.
        """
        self._trouble = {}
        left = int(self._claim.estate.holdings is None and not self._late)  # who knows what is on its way
        for symbol in list(self._instruments):
            left += await self._in(symbol, self._settle(symbol))
        try:
            reading = await self._venue.account()
            symbols = await self._symbols(reading)
        except VenueUnavailable as error:
            return left + self._unanswered("", error)
        self.reached = True
        for symbol in symbols:
            cancelled = await self._in(symbol, self._cancel_in(symbol))
            if cancelled and symbol not in self._trouble:  # what they locked is free in the next reading
                left += cancelled
            else:
                left += cancelled + await self._in(symbol, self._close_in(symbol, reading))
        return left

    @property
    def _late(self) -> bool:
        """Must the venue refuse by now what was sent before the panic, should it still arrive?"""
        return self._clock.now_ms() > self._late_at

    async def _in(self, symbol: str, work: Awaitable[int]) -> int:
        try:
            return await work
        except VenueUnavailable as error:
            return self._unanswered(symbol, error)

    def _unanswered(self, symbol: str, error: VenueUnavailable) -> int:
        self._trouble[symbol] = str(error)
        self._tell(f"{symbol}: no answer: {error}".removeprefix(": "))
        return 1

    async def _settle(self, symbol: str) -> int:
        """What became of orders: of ours, and of those that the run sent last. It comes before each reading."""
        instrument = self._instruments[symbol]
        await self._closing.settle(instrument)
        return await self._claim.follow(self._venue, instrument, late=self._late)

    async def _symbols(self, reading: AccountReading) -> list[str]:
        """Of the run, and for the whole account all that it holds."""
        symbols, everything = list(self._claim.estate.symbols), self._claim.everything
        if everything or self._claim.estate.holdings is None:
            symbols += [s for s, position in reading.positions.items() if position.quantity]
        if everything and self._venue.kind is Kind.SPOT:
            quote = symbols[0].partition("/")[2] if symbols else "USDT"
            symbols += [f"{c}/{quote}" for c, b in reading.balances.items() if c != quote and b.total > 0]
        wanted = list(dict.fromkeys(symbols))
        strange = [s for s in wanted if s not in self._instruments and s not in self._unlisted]
        if strange:
            self._instruments = {**await self._venue.instruments(strange), **self._instruments}
            self._unlisted |= {s for s in strange if s not in self._instruments}
        for symbol in self._unlisted:
            self._notes.pop(symbol, None)
            if not self._claim.untraded(symbol, reading):
                self._notes[symbol] = f"{symbol} is not traded at the venue: what is held of it stays"
        return [symbol for symbol in wanted if symbol in self._instruments]

    # -- orders

    async def _cancel_in(self, symbol: str) -> int:
        orders = [r for r in await self._venue.open_orders(symbol) if self._is_ours(r)]
        for report in orders:
            outcome = await self._cancel(report)
            said = outcome.text if isinstance(outcome, Rejected | Unknown) else "done"
            self._notebook.note("cancel", symbol, f"order {report.client_id}: {said}")
            await self._heed(outcome)
        return len(orders)

    async def _cancel(self, report: OrderReport) -> Outcome:
        """As the journal has it; unknown there, first as an ordinary order and then as a conditional one."""
        known = self._claim.knows(report.client_id)
        if known is not None:
            return await self._venue.cancel(known.intent, report.venue_id)
        guess = Intent(self._clock.now_ms(), report.client_id, report.symbol, 1, False, "panic", "")
        outcome = await self._venue.cancel(guess, report.venue_id)
        if isinstance(outcome, Rejected) and outcome.kind is RejectKind.NOT_FOUND:
            outcome = await self._venue.cancel(replace(guess, type=OrderType.STOP), report.venue_id)
        return outcome

    def _is_ours(self, report: OrderReport) -> bool:
        ours = report.client_id.startswith(PREFIX) or self._claim.knows(report.client_id) is not None
        return self._claim.everything or ours

    # -- positions

    async def _close_in(self, symbol: str, reading: AccountReading) -> int:
        """Send one order towards nothing, where something is left."""
        instrument = self._instruments[symbol]
        if self._closing.waits(symbol):
            return 1
        self._notes.pop(symbol, None)
        lots = self._claim.lots_left(instrument, reading)
        too_small, _ = self._dust.get(symbol, (0, ""))
        if abs(lots) <= too_small:
            return 0
        outcome = await self._closing.send(instrument, lots, reading)
        await self._heed(outcome)
        return self._judge(instrument, lots, reading, outcome)

    def _judge(self, instrument: Instrument, lots: int, reading: AccountReading, outcome: Outcome) -> int:
        """What a refusal leaves: dust where it is too little to be traded, else something to tell of."""
        left = f"{instrument.symbol}: {instrument.quantity(lots):f} {instrument.base}"
        if not isinstance(outcome, Rejected):
            return 1
        if outcome.kind is RejectKind.FILTER and self._is_small(instrument, lots, reading):
            told = f"{left} is less than the venue trades: it stays"
            self._dust[instrument.symbol] = abs(lots), told
            return 0
        self._notes[instrument.symbol] = f"{left} could not be closed: {outcome.code} {outcome.text}"
        return 1

    def _is_small(self, instrument: Instrument, lots: int, reading: AccountReading) -> bool:
        price = self._claim.price(instrument.symbol, reading)
        return price is not None and abs(instrument.quantity(lots)) * price < 2 * instrument.min_notional

    # -- what it leaves behind

    async def _heed(self, outcome: Outcome) -> None:
        """Told to wait, it waits, but not long."""
        if isinstance(outcome, Rejected) and outcome.kind is RejectKind.LIMIT:
            asked = getattr(outcome, "retry_after_seconds", None) or 2 * PAUSE
            await self._clock.sleep(min(asked, 10.0))
