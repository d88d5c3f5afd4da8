"""What a panic may close: what the journal says, with what its orders traded since, less what was closed already."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tradewind.market import Instrument, Kind, OrderId, VenueUnavailable
from tradewind.trading.comparing.comparison import holding_in
from tradewind.trading.panic.estate import Estate
from tradewind.trading.terms.account_venue import AccountReading
from tradewind.trading.terms.order_states import OrderState
from tradewind.trading.terms.order_venue import OrderReport, OrderVenue, ReportStatus

ZERO = Decimal(0)


class Claim:
    """Of perpetuals the position beside the baseline; on spot never more than the run bought.

    `everything`: all that the account holds. `notes` say why something must be left, by symbol.
    """

    def __init__(self, estate: Estate, *, everything: bool = False) -> None:
        self.estate, self.everything = estate, everything
        self.notes: dict[str, str] = {}
        self._known = set(estate.orders)
        self._unclear: dict[OrderId, OrderState] = {s.intent.client_id: s for s in estate.live}
        self._since: dict[OrderId, tuple[str, Decimal]] = {}  # what they traded beyond the journal
        self._closed: dict[str, Decimal] = {}  # base units that our orders closed, signed as what they closed

    def learn(self, estate: Estate) -> bool:
        """Take orders that the journal has by now and had not before; False where there are none."""
        new = {name: state for name, state in estate.orders.items() if name not in self._known}
        self._known |= new.keys()
        self._unclear |= new
        return bool(new)

    def knows(self, client_id: OrderId) -> OrderState | None:
        return self.estate.orders.get(client_id) or self._unclear.get(client_id)

    def doubts(self, symbol: str) -> list[OrderState]:
        """Orders of the run whose end is not known yet."""
        return [state for state in self._unclear.values() if state.intent.symbol == symbol]

    async def follow(self, venue: OrderVenue, instrument: Instrument, *, late: bool) -> int:
        """Ask what its orders traded; how many of them may still reach the venue.

        `late`: whatever was sent before the panic, the venue refuses by now.
        """
        symbol, on_their_way = instrument.symbol, 0
        for state in self.doubts(symbol):
            name, intent = state.intent.client_id, state.intent
            try:
                answer = await venue.query(intent, state.venue_id)
            except VenueUnavailable as error:
                if not late:
                    raise
                if instrument.kind is Kind.SPOT:
                    self.notes[name] = f"{symbol}: nobody knows what order {name} traded: {error}"
                continue
            self.notes.pop(name, None)
            if isinstance(answer, OrderReport):
                traded = max(answer.filled - self._in_journal(name), 0)
                self._since[name] = symbol, instrument.quantity(traded if intent.lots > 0 else -traded)
                if answer.status is not ReportStatus.OPEN:
                    del self._unclear[name]
            elif late or state.venue_id:
                del self._unclear[name]
            else:
                on_their_way += 1
        return on_their_way

    def _in_journal(self, client_id: OrderId) -> int:
        """Lots that the holdings, which were read first, know of."""
        state = self.estate.orders.get(client_id)
        return 0 if state is None else state.filled

    def closed(self, instrument: Instrument, lots: int) -> None:
        """An order of the panic traded so many lots; positive lots bought."""
        symbol = instrument.symbol
        self._closed[symbol] = self._closed.get(symbol, ZERO) - instrument.quantity(lots)

    def owned(self, symbol: str) -> Decimal:
        """What the run holds of it now, signed base units; fees in base since the journal are not taken off."""
        holding = (self.estate.holdings or {}).get(symbol)
        since = sum((q for s, q in self._since.values() if s == symbol), ZERO)
        return (ZERO if holding is None else holding.owned) + since - self._closed.get(symbol, ZERO)

    def lots_left(self, instrument: Instrument, reading: AccountReading) -> int:
        """Signed lots to close; only ever towards zero, and never what is not the run's."""
        symbol, found = instrument.symbol, holding_in(reading, instrument)
        self.notes.pop(symbol, None)
        if self.everything or (self.estate.holdings is None and instrument.kind is Kind.PERPETUAL):
            return self._sellable(instrument, found, reading)
        if self.estate.holdings is None:
            if found:
                self.notes[symbol] = (
                    f"{symbol}: the journal cannot be read ({self.estate.trouble}), so nobody knows how much of "
                    f"{found:f} {instrument.base} the run bought: sell it by hand, or panic with --account"
                )
            return 0
        holding = self.estate.holdings.get(symbol)
        if holding is None:
            return 0
        beside = found - holding.baseline
        if instrument.kind is Kind.PERPETUAL:
            return instrument.whole_lots(beside if beside * found > 0 else ZERO)
        return self._sellable(instrument, max(min(self.owned(symbol), beside), ZERO), reading)

    def _sellable(self, instrument: Instrument, quantity: Decimal, reading: AccountReading) -> int:
        """Whole lots of it that are not locked."""
        if instrument.kind is Kind.PERPETUAL:
            return instrument.whole_lots(quantity)
        balance = reading.balances.get(instrument.base)
        free = ZERO if balance is None else balance.free
        lots = instrument.whole_lots(min(quantity, free))
        if instrument.whole_lots(quantity) > lots:
            told = f"{quantity - free:f} {instrument.base} is locked by orders that are not the run's"
            self.notes[instrument.symbol] = f"{instrument.symbol}: {told}: cancel them by hand"
        return lots

    def price(self, symbol: str, reading: AccountReading) -> Decimal | None:
        """About what it is worth, in quote; None where nothing tells."""
        position = reading.positions.get(symbol)
        if position is not None and position.mark:
            return position.mark
        holding = (self.estate.holdings or {}).get(symbol)
        return None if holding is None else holding.price

    def untraded(self, symbol: str, reading: AccountReading) -> bool:
        """Is nothing of it known to be held? Asked of a symbol that the venue lists no more."""
        position = reading.positions.get(symbol)
        balances: Mapping[str, object] = reading.balances
        coin = symbol.partition("/")[0]
        if self.estate.holdings is not None and not self.everything:
            return not self.owned(symbol) and (position is None or not position.quantity)
        return (position is None or not position.quantity) and coin not in balances
