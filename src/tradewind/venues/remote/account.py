"""What accounts at all venues have in common: an order goes out once, a question is answered or nothing is learnt."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from tradewind.clients.outcomes import Asked
from tradewind.market import (
    Accepted,
    CashFlow,
    Clock,
    ConfigError,
    Instrument,
    Kind,
    OrderType,
    Outcome,
    Rejected,
    RejectKind,
)
from tradewind.trading.acting.settings import Trigger
from tradewind.trading.terms.account_venue import (
    AccountListener,
    AccountReading,
    MarginMode,
    MarginSettings,
    Permissions,
    PositionMode,
)
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.terms.order_venue import NoSuchOrder, OrderReport, Trade
from tradewind.trading.terms.quotes import Quotes
from tradewind.venues.remote.calls import Calls
from tradewind.venues.remote.fees import Fees, TradeRow
from tradewind.venues.remote.lanes import Lane
from tradewind.venues.remote.listing import Listing
from tradewind.venues.remote.stream import AccountStream, Line

SLIPPAGE_CAP = Decimal("0.01")  # of the price, for what a venue cannot take as a market order


@dataclass(frozen=True, slots=True)
class Desk:
    """What every account is made of. `quotes`: where there is none, the venue's ticker is asked."""

    calls: Calls
    listing: Listing
    clock: Clock
    quotes: Quotes | None = None
    slippage_cap: Decimal = SLIPPAGE_CAP
    stop_trigger: Trigger = Trigger.MARK


class RemoteAccount(ABC):
    """`AccountVenue` over ccxt: the methods that begin with an underscore are what a venue's protocol says."""

    kind: Kind
    rests_stops = True
    line: Line  # how the account's stream is opened and read

    def __init__(self, desk: Desk) -> None:
        self.calls, self.listing, self.clock = desk.calls, desk.listing, desk.clock
        self.quotes, self.slippage_cap = desk.quotes, desk.slippage_cap
        self.stop_trigger = desk.stop_trigger
        self.client = desk.calls.client
        self.fees = Fees(self.clock, self._coin_price)

    @property
    def quarantined(self) -> int:
        """How many messages of the stream could not be read."""
        return self._stream.quarantined

    async def send(self, intent: Intent) -> Outcome:
        instrument = self.listing.instrument(intent.symbol)
        if refusal := _off_grid(intent, instrument):
            return refusal
        request = self._place(intent, instrument, lane_of(intent))
        return await self.calls.change(request, Asked.PLACE, intent.client_id)

    async def cancel(self, intent: Intent, venue_id: str) -> Outcome:
        outcome = await self.calls.change(self._withdraw(intent), Asked.CANCEL, None)
        return Accepted(venue_id or outcome.venue_id) if isinstance(outcome, Accepted) else outcome

    async def query(self, intent: Intent, venue_id: str) -> OrderReport | NoSuchOrder:
        found = await self.find(intent.symbol, intent.client_id, stop_first=intent.type is OrderType.STOP)
        return found or NoSuchOrder()

    async def find(self, symbol: str, client_id: str, *, stop_first: bool = False) -> OrderReport | None:
        """The order with that client id, asked for wherever it could rest; None when the venue has none."""
        instrument = self.listing.instrument(symbol)
        places = [self._find_plain, self._find_stop]
        for find in reversed(places) if stop_first else places:
            found = await self.calls.learn(partial(find, instrument, client_id))
            if found is not None:
                return found
        return None

    async def open_orders(self, symbol: str) -> Sequence[OrderReport]:
        instrument = self.listing.instrument(symbol)
        return await self.calls.learn(lambda: self._resting(instrument))

    async def trades(self, symbol: str, since: int) -> Sequence[Trade]:
        instrument = self.listing.instrument(symbol)
        rows = await self.calls.learn(lambda: self._trade_rows(instrument, since))
        kept = sorted((r for r in rows if r.at >= since), key=lambda r: (r.at, len(r.trade_id), r.trade_id))
        return [await self.fees.trade(instrument, row) for row in kept]

    def wait_seconds(self) -> float:
        return self.calls.lanes.stopped_for

    async def holding(self, symbol: str) -> Decimal:
        instrument = self.listing.instrument(symbol)
        return await self.calls.learn(lambda: self._held(instrument))

    async def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        found = await self.calls.learn(lambda: self._read_instruments(symbols))
        for instrument in found.values():
            self.listing.learn(instrument)
        return found

    def most_lots(self, symbol: str) -> int | None:
        return self.listing.most_lots(symbol)

    async def account(self) -> AccountReading:
        return await self.calls.learn(self._reading)

    async def cash_flows(self, since: int) -> Sequence[CashFlow]:
        flows = await self.calls.learn(lambda: self._funding(since))
        return sorted((f for f in flows if f.at >= since), key=lambda f: (f.at, f.id))

    async def permissions(self) -> Permissions:
        return await self.calls.learn(self._permissions)

    async def margin_settings(self, symbol: str) -> MarginSettings:
        instrument = self._perpetual(symbol)
        return await self.calls.learn(lambda: self._margin(instrument))

    async def set_margin(self, symbol: str, leverage: float, margin_mode: MarginMode) -> None:
        instrument = self._perpetual(symbol)
        if leverage < 1 or leverage != int(leverage):
            raise ConfigError(f"leverage is {leverage:g}, {self.client.id} takes whole numbers from 1 on")
        wanted = MarginSettings(float(leverage), margin_mode, PositionMode.ONE_WAY)
        if await self.margin_settings(symbol) == wanted:
            return
        await self._set_margin(instrument, int(leverage), margin_mode)
        found = await self.margin_settings(symbol)
        if found != wanted:
            raise ConfigError(
                f"{symbol} has {_told(found)} after {_told(wanted)} was set: close its positions and orders, "
                f"then set it by hand at {self.client.id}"
            )

    async def venue_time(self) -> int:
        return await self.calls.learn(self._time)

    async def listen(self, listener: AccountListener) -> None:
        await self._stream.run(listener)

    async def close(self) -> None:
        await self.calls.close()

    @cached_property
    def _stream(self) -> AccountStream:
        return AccountStream(self)

    def _perpetual(self, symbol: str) -> Instrument:
        if self.kind is not Kind.PERPETUAL:
            raise _without_margin(symbol)
        return self.listing.instrument(symbol)

    async def _change_setting(self, lane_call: Any, symbol: str, what: str, fine: Sequence[str]) -> None:
        """Set something; codes in `fine` say that it was so before. `ConfigError` when the venue refuses."""
        outcome = await self.calls.change(_as_reply(lane_call), Asked.PLACE, None)
        match outcome:
            case Rejected(code, text) if code not in fine:
                raise ConfigError(
                    f"{self.client.id} does not set {what} of {symbol} ({code} {text}): close its positions and "
                    "cancel its orders, then try again"
                )

    async def _coin_price(self, coin: str, quote: str) -> Decimal:
        return await self.calls.learn(lambda: self._last_price(coin, quote))

    # What a venue's protocol says. Each may raise ccxt's errors and `Unreadable`.

    @abstractmethod
    async def _place(self, intent: Intent, instrument: Instrument, lane: Lane) -> Mapping[str, str]:
        """Place the order once; the reply as {"id":, "clientOrderId":}."""

    @abstractmethod
    async def _withdraw(self, intent: Intent) -> Mapping[str, str]: ...

    @abstractmethod
    async def _find_plain(self, instrument: Instrument, client_id: str) -> OrderReport | None: ...

    async def _find_stop(self, instrument: Instrument, client_id: str) -> OrderReport | None:
        """Where conditional orders are orders like others: nothing more."""
        return None

    @abstractmethod
    async def _resting(self, instrument: Instrument) -> Sequence[OrderReport]: ...

    @abstractmethod
    async def _trade_rows(self, instrument: Instrument, since: int) -> Sequence[TradeRow]: ...

    @abstractmethod
    async def _held(self, instrument: Instrument) -> Decimal: ...

    @abstractmethod
    async def _read_instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]: ...

    @abstractmethod
    async def _reading(self) -> AccountReading: ...

    async def _funding(self, since: int) -> Sequence[CashFlow]:
        return ()

    @abstractmethod
    async def _permissions(self) -> Permissions: ...

    async def _margin(self, instrument: Instrument) -> MarginSettings:
        """What accounts of perpetuals say, and change."""
        raise _without_margin(instrument.symbol)

    async def _set_margin(self, instrument: Instrument, leverage: int, mode: MarginMode) -> None:
        raise _without_margin(instrument.symbol)

    @abstractmethod
    async def _time(self) -> int: ...

    @abstractmethod
    async def _last_price(self, coin: str, quote: str) -> Decimal: ...

    async def owner_of(self, instrument: Instrument, row: TradeRow) -> TradeRow:
        """The row with its client id and reason, where the venue tells them elsewhere."""
        return row


def lane_of(intent: Intent) -> Lane:
    if intent.type is OrderType.STOP:
        return Lane.STOPS
    return Lane.CLOSE if intent.reduce_only else Lane.ENTRIES


def _off_grid(intent: Intent, instrument: Instrument) -> Rejected | None:
    for name in ("price", "trigger"):
        value = getattr(intent, name)
        if value is not None and (value <= 0 or value % instrument.tick):
            text = f"the {name} {value} is not on the grid of {instrument.tick}: it was not sent"
            return Rejected("off_grid", text, RejectKind.FILTER)
    return None


async def _as_reply(request: Any) -> Mapping[str, str]:
    await request
    return {"id": "1"}


def _without_margin(symbol: str) -> ConfigError:
    return ConfigError(f"{symbol} is spot, which has neither leverage nor margin mode")


def _told(settings: MarginSettings) -> str:
    mode = settings.margin_mode.value if settings.margin_mode else "an unknown"
    position = settings.position_mode.value if settings.position_mode else "an unknown"
    return f"leverage {settings.leverage}, {mode} margin, {position} mode"
