"""The exchange as a whole: synchronous, deterministic, without sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tradewind.exchange import snapshot
from tradewind.exchange.accounts import Account, Treasury
from tradewind.exchange.admission import Admission
from tradewind.exchange.advance import Advance
from tradewind.exchange.backoffice import BackOffice, Numbers
from tradewind.exchange.changes import Changes
from tradewind.exchange.clock import Times
from tradewind.exchange.conditional import Conditional
from tradewind.exchange.control import Control
from tradewind.exchange.depth import DepthShape
from tradewind.exchange.futures import FuturesSettlement
from tradewind.exchange.incomes import Income, IncomeKind, incomes
from tradewind.exchange.ledger import Ledger
from tradewind.exchange.life import Funding, Liquidations
from tradewind.exchange.listing import Listing, Listings, listing_of
from tradewind.exchange.lists import OrderLists
from tradewind.exchange.margin import Margin
from tradewind.exchange.matching import Matching
from tradewind.exchange.orders import AlgoOrder, Exit, Order, OrderRequest
from tradewind.exchange.positions import Positions
from tradewind.exchange.records import Records
from tradewind.exchange.refusal import Refused
from tradewind.exchange.reporting import Reporting
from tradewind.exchange.spot import SpotSettlement, fee_rates
from tradewind.exchange.stops import Stops
from tradewind.exchange.stream import Stream, Subscriber
from tradewind.exchange.tape import Tape, Watches
from tradewind.files import write_whole
from tradewind.market import Clock, ConfigError, Market, WallClock


@dataclass(frozen=True, slots=True)
class Replaced:
    """Both halves of a cancel-replace. `placed` and `refused_place` are None when it was not attempted."""

    cancelled: Order | None
    refused_cancel: Refused | None
    placed: Order | None
    refused_place: Refused | None


class Exchange:
    """One venue: markets replayed from candles, accounts, matching, margin, ledger.

    Refusals are raised as `Refused` and change nothing. Time stands still between calls of `advance`.
    The same seed, markets and requests give the same ledger, however `advance` is cut up.

    With `ledger_limit`, older rows of the ledger leave memory as `Ledger` says, for the file `ledger_spill`.
    `keep_orders` closed orders stay to be asked for.

    `tape` answers what the public may ask, `prices` what it asks beside the last price, `records` what accounts
    ask of orders and trades, `positions` what they ask and set of their futures, `control` does what only the
    venue can, `lists` has the orders that cancel one another, `ledger` tells the truth.
    """

    def __init__(
        self,
        markets: Sequence[Market],
        *,
        listings: Iterable[Listing] | None = None,
        seed: int = 0,
        start_ms: int | None = None,
        wire: Clock | None = None,
        shape: DepthShape | None = None,
        ledger_limit: int | None = None,
        ledger_spill: Path | None = None,
        keep_orders: int = 50_000,
    ) -> None:
        instruments = [i for market in markets for i in market.instruments]
        if not instruments:
            raise ConfigError("an exchange needs at least one market")
        self.seed = seed
        self.listings = Listings(map(listing_of, instruments) if listings is None else listings)
        self.times = Times(0, wire or WallClock())
        self.stream = Stream()
        self.watches = Watches()
        self.tape = Tape(
            markets, self.listings, self.times, self.stream, self.watches, seed, shape or DepthShape()
        )
        self.prices = self.tape.prices
        self.times.now = self.tape.start_ms if start_ms is None else start_ms
        self.ledger = Ledger(ledger_limit, ledger_spill)
        self.treasury = Treasury(self.ledger, self.times)
        self.records = Records(keep_orders)
        self.margin = Margin(self.listings, self.tape.mark)
        self.numbers = Numbers()
        self._compose()

    def _compose(self) -> None:
        reporting = Reporting(self.ledger, self.stream, self.times, self.margin)
        office = BackOffice(
            self.tape.desks,
            self.listings,
            self.treasury,
            self.records,
            reporting,
            SpotSettlement(self.treasury, self.tape.worth),
            FuturesSettlement(self.treasury, self.margin),
            self.times,
            self.numbers,
        )
        admission = Admission(office)
        self.office = office
        self.matching = Matching(office, admission)
        self.stops = Stops(self.matching)
        self.changes = Changes(self.matching)
        self.conditional = Conditional(self.matching)
        self.lists = OrderLists(self.matching, self.stops, self.changes, self.records.keep)
        office.on_exits = self.conditional.attach
        office.on_leading = self.lists.lead
        office.on_listed = self.lists.closed
        office.on_closed = self.conditional.finish
        office.on_position = self.conditional.sweep
        liquidations = Liquidations(office, admission, self.conditional)
        self.positions = Positions(office, self.conditional)
        self.control = Control(office, self.changes, self.conditional, liquidations, self.tape, self.lists)
        self._advance = Advance(
            self.matching,
            self.stops,
            self.conditional,
            Funding(office),
            liquidations,
            self.tape,
            self.watches,
        )

    # --- time and events

    @property
    def now_ms(self) -> int:
        """Market time reached, UTC ms."""
        return self.times.now

    def advance(self, market_ms: int) -> None:
        """Let market time run to `market_ms`; a time already past changes nothing."""
        try:
            self._advance.to(market_ms)
        finally:
            self.stream.deliver()

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Every event from now on; the returned function ends it."""
        return self.stream.subscribe(subscriber)

    def watch(self, symbol: str, channel: str) -> None:
        """Ask for public events of a market: trade, book, mark, candle:<interval>. Counted, like `unwatch`."""
        if channel == "mark":
            self.tape.premium(symbol)  # refuses spot
        self.listings[symbol]
        if channel == "book" and not self.watches.has(symbol, channel):
            self.tape.watch_book(symbol)
        self.watches.add(symbol, channel)

    def unwatch(self, symbol: str, channel: str) -> None:
        self.watches.remove(symbol, channel)

    def flush_book(self, symbol: str) -> None:
        """Tell what accounts changed in a watched book since the last `advance`."""
        self.tape.flush_book(symbol)
        self.stream.deliver()

    # --- orders

    def place(self, account: str, request: OrderRequest) -> Order:
        """An accepted order, as far as it could trade at once; its fills are in `trades`."""
        try:
            return self._placer(request).place(account, request)
        finally:
            self.stream.deliver()

    def turn_away(self, account: str, request: OrderRequest, reason: str) -> Order:
        """A limit order that a venue takes and cancels at once instead of refusing it; nothing is filled."""
        try:
            return self.matching.turn_away(account, request, reason)
        finally:
            self.stream.deliver()

    def _placer(self, request: OrderRequest) -> Matching | Stops:
        return self.stops if request.type.is_conditional else self.matching

    def check(self, account: str, request: OrderRequest) -> None:
        """`Refused` when `place` would refuse; nothing changes."""
        self._placer(request).check(account, request)

    def cancel(
        self,
        account: str,
        symbol: str,
        order_id: int | None = None,
        client_id: str = "",
        cancel_client_id: str = "",
    ) -> Order:
        """The order, cancelled; `Refused` UNKNOWN_ORDER when it is not open."""
        try:
            return self.changes.cancel(account, symbol, order_id, client_id, cancel_client_id)
        finally:
            self.stream.deliver()

    def cancel_all(self, account: str, symbol: str | None = None) -> list[Order]:
        """All open orders of an account (in one market), cancelled; conditional orders stay."""
        try:
            found = [o for o in self.treasury.account(account).all_open() if symbol in (None, o.symbol)]
            for order in found:
                if order.status.is_open:  # the other of a list may have taken it along
                    self.changes.cancel(account, order.symbol, order.id)
            return found
        finally:
            self.stream.deliver()

    def amend(
        self,
        account: str,
        symbol: str,
        order_id: int | None = None,
        client_id: str = "",
        *,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        new_client_id: str = "",
    ) -> Order:
        """Another quantity or price for a resting limit order, whose id stays.

        It keeps its place in the queue only if the price stays and the quantity shrinks.
        """
        try:
            return self.changes.amend(account, symbol, order_id, client_id, quantity, price, new_client_id)
        finally:
            self.stream.deliver()

    def change_exits(
        self,
        account: str,
        symbol: str,
        order_id: int,
        take_profit: Exit | None = None,
        stop_loss: Exit | None = None,
    ) -> Order:
        """Another take profit or stop loss for an open order, from its next fill on; None leaves the old."""
        try:
            return self.changes.change_exits(account, symbol, order_id, take_profit, stop_loss)
        finally:
            self.stream.deliver()

    def replace(
        self,
        account: str,
        request: OrderRequest,
        *,
        order_id: int | None = None,
        client_id: str = "",
        cancel_client_id: str = "",
        stop_on_failure: bool = True,
    ) -> Replaced:
        """Cancel one order, then place another; with `stop_on_failure` only if the cancel succeeded."""
        try:
            cancelled, refused = None, None
            try:
                cancelled = self.changes.cancel(
                    account, request.symbol, order_id, client_id, cancel_client_id
                )
            except Refused as error:
                refused = error
                if stop_on_failure:
                    return Replaced(None, refused, None, None)
            try:
                return Replaced(cancelled, refused, self._placer(request).place(account, request), None)
            except Refused as error:
                return Replaced(cancelled, refused, None, error)
        finally:
            self.stream.deliver()

    def open_orders(self, account: str, symbol: str | None = None) -> list[Order]:
        """Open orders, spot stops that wait included, by id."""
        return [o for o in self.treasury.account(account).all_open() if symbol in (None, o.symbol)]

    def place_conditional(self, account: str, request: OrderRequest) -> AlgoOrder:
        """A conditional order on its own list; nothing is held for it until its trigger."""
        try:
            return self.conditional.place(account, request)
        finally:
            self.stream.deliver()

    def cancel_conditional(
        self, account: str, algo_id: int | None = None, client_id: str = "", symbol: str | None = None
    ) -> AlgoOrder:
        try:
            return self.conditional.cancel(account, algo_id, client_id, symbol)
        finally:
            self.stream.deliver()

    def amend_conditional(self, account: str, algo_id: int, request: OrderRequest) -> AlgoOrder:
        """Let an open conditional order be what `request` says; `Refused` UNKNOWN_ORDER when it is not open."""
        return self.amend_together(account, [(algo_id, request)])[0]

    def amend_together(self, account: str, changes: Sequence[tuple[int, OrderRequest]]) -> list[AlgoOrder]:
        """As `amend_conditional` for several by id: all of them are changed, or `Refused` and none."""
        try:
            return self.conditional.amend_together(account, changes)
        finally:
            self.stream.deliver()

    def place_together(self, account: str, requests: Sequence[OrderRequest]) -> list[AlgoOrder]:
        """Conditional orders of one market that end each other, and with their position: all of them or none."""
        try:
            return self.conditional.place_together(account, requests)
        finally:
            self.stream.deliver()

    def cancel_all_conditional(self, account: str, symbol: str | None = None) -> list[AlgoOrder]:
        try:
            return self.conditional.cancel_all(account, symbol)
        finally:
            self.stream.deliver()

    def open_conditional(self, account: str, symbol: str | None = None) -> list[AlgoOrder]:
        """Open conditional orders, by id."""
        found = self.treasury.account(account).open_algos.values()
        return [a for a in found if symbol in (None, a.request.symbol)]

    def fee_rates(self, account: str, symbol: str) -> tuple[Decimal, Decimal]:
        """Maker and taker rate of an account in a market, as fractions."""
        return fee_rates(self.treasury.account(account), self.listings[symbol])

    def incomes(
        self,
        account: str,
        *,
        kind: IncomeKind | None = None,
        symbol: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 100,
    ) -> list[Income]:
        """Profit, fees, funding and transfers of the futures wallet: the first from `start_ms`, else the newest."""
        return incomes(
            self.ledger, account, kind=kind, symbol=symbol, start_ms=start_ms, end_ms=end_ms, limit=limit
        )

    # --- snapshots

    def snapshot(self) -> bytes:
        """JSON of the whole state, but for market data and subscriptions."""
        return snapshot.take(self)

    def restore(self, data: bytes) -> None:
        """Make this fresh exchange of the same markets and seed what the other was; `DataError` otherwise."""
        snapshot.put(self, data)

    def save(self, path: Path) -> None:
        """The snapshot as a file, whole or not at all."""
        data = self.snapshot()
        write_whole(path, lambda target: target.write_bytes(data))

    def account(self, account: str) -> Account:
        """An account with its balances and positions; only to be read."""
        return self.treasury.account(account)
