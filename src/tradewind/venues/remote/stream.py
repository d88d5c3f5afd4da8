"""The stream of an account: opened by ccxt, read by us, begun anew whenever it breaks.

ccxt's own parsers are left out: they drop trade ids and reasons, and an exception in one ends its receiving loop
without a word, so that the line looks alive and tells nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import ccxt

from tradewind.market import Instrument, VenueUnavailable
from tradewind.trading.terms.account_venue import AccountListener, AccountReading
from tradewind.trading.terms.order_venue import OrderReport
from tradewind.venues.remote.fees import TradeRow
from tradewind.venues.remote.reading import Unreadable
from tradewind.venues.remote.telling import redactor_of

if TYPE_CHECKING:
    from tradewind.venues.remote.account import RemoteAccount

WAITS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds before a new line, after so many that broke early
HELD_SECONDS = 60.0  # a line that stood so long was a good one
OPENING_SECONDS = 15.0  # until the venue must have confirmed a subscription
PING_MS = 15_000  # how often ccxt asks whether the line is alive; two missed answers end it
FUNDING_WAITS = (0.5, 2.0, 10.0, 30.0)  # seconds: a venue books funding some time after it tells of it
_WATCH = "tradewind:line"
_LONGEST = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fresh:
    """A trade as the stream tells it."""

    instrument: Instrument
    row: TradeRow


@dataclass(frozen=True, slots=True)
class AskAgain:
    """The stream told something of an order that only the order itself makes clear."""

    symbol: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Funded:
    """Funding was paid or received at that time; the bookings have ids of their own."""

    at: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The venue will tell nothing more on this line."""

    why: str


Told = OrderReport | Fresh | AskAgain | Funded | Ended | AccountReading


class Line(Protocol):
    """How a venue's account stream is opened and read."""

    @property
    def urls(self) -> Sequence[str]:
        """Of the client's lines, also of those that are only half open."""

    async def open(self) -> None:
        """Log in and subscribe, and return once that is confirmed."""

    def read(self, message: Any) -> Sequence[Told] | None:
        """What a message says; None where it is not about the account. `Unreadable` where it cannot be read."""

    def forget(self) -> None:
        """What was kept for the line that ended must not be used again."""


class AccountStream:
    def __init__(self, account: RemoteAccount) -> None:
        self._account, self._client, self._clock = account, account.client, account.clock
        self._queue: asyncio.Queue[Told] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._tapped = False
        self.quarantined = 0

    def _clean(self, text: str) -> str:
        return redactor_of(self._client).text(text)

    async def run(self, listener: AccountListener) -> None:
        """Tell the listener until cancelled."""
        self._tap()
        failed = 0
        try:
            while True:
                began = self._clock.now_ms()
                why = await self._one_line(listener)
                listener.disconnected(why)
                held = self._clock.now_ms() - began >= HELD_SECONDS * 1000
                failed = 0 if held else failed
                await self._clock.sleep(WAITS[min(failed, len(WAITS) - 1)])
                failed += 1
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _one_line(self, listener: AccountListener) -> str:
        """Until the line breaks: why it did."""
        teller: asyncio.Task[str] | None = None
        try:
            self._queue = asyncio.Queue()
            async with asyncio.timeout(OPENING_SECONDS):
                await self._account.line.open()
                broken = [await self._watched(url) for url in self._account.line.urls]
            listener.connected()
            teller = asyncio.create_task(self._tell(listener))
            await asyncio.wait([teller, *broken], return_when=asyncio.FIRST_COMPLETED)
            if teller.done():
                return teller.result()
            return self._clean(next((_reason(f) for f in broken if f.done()), "the line ended"))
        except TimeoutError:
            return f"no subscription was confirmed within {OPENING_SECONDS:g} s"
        except (ccxt.BaseError, VenueUnavailable, OSError) as error:
            return self._clean(f"{type(error).__name__}: {error}")[:_LONGEST]
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return "the line was closed while it was opened"  # ccxt cancels what waits for it
        finally:
            if teller is not None:
                teller.cancel()
                await asyncio.gather(teller, return_exceptions=True)
            await self._drop()

    async def _watched(self, url: str) -> asyncio.Future[Any]:
        """What is done when the line at that URL ends, once it stands."""
        line = self._client.clients.get(url)
        if line is None:
            raise VenueUnavailable("the line broke while it was opened")
        future: asyncio.Future[Any] = line.future(_WATCH)
        future.add_done_callback(_look)
        await line.connected
        return future

    async def _drop(self) -> None:
        """Close the lines for good: what ccxt keeps of a broken one looks subscribed and is not."""
        for url in self._account.line.urls:
            line = self._client.clients.pop(url, None)
            if line is not None:
                for future in list(line.futures.values()):
                    if not future.done():
                        future.cancel()
                await line.aiohttp_close()
        self._account.line.forget()

    def _tap(self) -> None:
        """Read every message before ccxt does; nothing that is thrown reaches its receiving loop."""
        if self._tapped:
            return
        self._tapped = True
        self._client.streaming = {**(self._client.streaming or {}), **self._pings()}
        rest = self._client.handle_message

        def handle(line: Any, message: Any) -> None:
            try:
                told = self._account.line.read(message)
                if told is None:
                    rest(line, message)
                    return
                for one in told:
                    self._queue.put_nowait(one)
            except Exception as error:  # noqa: BLE001 - whatever it is, the stream must go on
                self._set_aside(message, error)

        self._client.handle_message = handle

    def _pings(self) -> dict[str, int]:
        kept = (self._client.streaming or {}).get("keepAlive", PING_MS)
        return {"keepAlive": min(kept, PING_MS)}

    def _set_aside(self, message: Any, error: Exception) -> None:
        self.quarantined += 1
        log.warning(
            "a message of the account's stream cannot be read (%s: %s): %s",
            type(error).__name__,
            self._clean(str(error)),
            self._clean(repr(message))[:_LONGEST],
        )

    async def _tell(self, listener: AccountListener) -> str:
        account = self._account
        while True:
            told = await self._queue.get()
            match told:
                case OrderReport():
                    listener.order(told)
                case AccountReading():
                    listener.reading(told)
                case Ended(why):
                    return why
                case Fresh(instrument, row):
                    try:
                        row = await account.owner_of(instrument, row)
                        listener.trade(await account.fees.trade(instrument, row))
                    except VenueUnavailable as error:
                        return f"trade {row.trade_id} could not be told whole, it must be asked for: {error}"
                case AskAgain(symbol, client_id):
                    self._spawn(self._ask(listener, symbol, client_id))
                case Funded(at):
                    self._spawn(self._ask_funding(listener, at))

    async def _ask(self, listener: AccountListener, symbol: str, client_id: str) -> None:
        try:
            report = await self._account.find(symbol, client_id)
        except VenueUnavailable as error:
            self._set_aside(f"order {client_id} in {symbol}", error)
            return
        if report is not None:
            listener.order(report)

    async def _ask_funding(self, listener: AccountListener, at: int) -> None:
        for seconds in FUNDING_WAITS:
            await self._clock.sleep(seconds)
            try:
                flows = await self._account.cash_flows(at)
            except VenueUnavailable:
                continue
            for flow in flows:
                listener.cash_flow(flow)
            if flows:
                return
        self._set_aside(f"funding at {at}", Unreadable("the venue told of funding that it does not book"))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _look(future: asyncio.Future[Any]) -> None:
    """asyncio complains about errors that nobody looked at."""
    if not future.cancelled():
        future.exception()


def _reason(future: asyncio.Future[Any]) -> str:
    if future.cancelled():
        return "the line was closed"
    error = future.exception()
    return f"{type(error).__name__}: {error}"[:_LONGEST] if error else "the line ended"
