"""What an accepted order goes through besides matching: its fills are booked, it ends, it is filed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from tradewind.exchange.accounts import Account, Treasury
from tradewind.exchange.clock import Times
from tradewind.exchange.desk import Desk
from tradewind.exchange.events import Execution
from tradewind.exchange.futures import FuturesSettlement, reduces, reducible
from tradewind.exchange.listing import Listing, Listings
from tradewind.exchange.money import ZERO, floor
from tradewind.exchange.orders import Order, OrderStatus, Trade
from tradewind.exchange.records import Records
from tradewind.exchange.reporting import Reporting
from tradewind.exchange.spot import SpotSettlement


@dataclass(slots=True)
class Numbers:
    """The next ids."""

    order: int = 1
    trade: int = 1
    algo: int = 1
    order_list: int = 1


class BackOffice:
    """Everything that those who match, trigger, change and liquidate orders have in common."""

    def __init__(
        self,
        desks: dict[str, Desk],
        listings: Listings,
        treasury: Treasury,
        records: Records,
        reporting: Reporting,
        spot: SpotSettlement,
        futures: FuturesSettlement,
        times: Times,
        numbers: Numbers,
    ) -> None:
        self.desks = desks
        self.listings = listings
        self.treasury = treasury
        self.records = records
        self.reporting = reporting
        self.spot = spot
        self.futures = futures
        self.times = times
        self.numbers = numbers
        self.awake: dict[int, Desk] = {}  # desks where an account may have a stake, by number
        self.on_closed: Callable[[Order], None] = _nothing  # an order of a conditional one is done
        self.on_position: Callable[[Desk], None] = _nothing  # positions of a market may be gone
        self.on_exits: Callable[[Order, Account, Listing, Desk], None] = (
            _nothing  # a fill of an order with exits
        )
        self.on_leading: Callable[[Order], None] = _nothing  # an order of a list is about to trade
        self.on_listed: Callable[[Order, str], None] = _nothing  # one is done, by the cancel of that name
        self.on_unified: Callable[[Account], None] = _nothing  # a unified account traded on spot

    def wake(self, desk: Desk) -> None:
        """An account has a stake there from now on: the tape matters."""
        self.awake[desk.number] = desk

    def register(self, order: Order, account: Account) -> None:
        """The order exists from now on."""
        self.numbers.order += 1
        account.open_in(order.symbol)[order.id] = order
        self.records.add(order)

    def bound(self, order: Order) -> Decimal | None:
        """How much an order that only reduces could fill now; None for any other."""
        if self.listings[order.symbol].is_spot or not reduces(order):
            return None
        return reducible(order, self.treasury.accounts[order.account])

    def fill(
        self,
        order: Order,
        account: Account,
        listing: Listing,
        desk: Desk,
        price: Decimal,
        quantity: Decimal,
        maker: bool,
        number: int,
        execution: Execution = Execution.TRADE,
        forced_fee: Decimal | None = None,
    ) -> Trade:
        """Book one fill of one order: status, money, position, records, events.

        `forced_fee` is the rate of a liquidation, which goes to the insurance fund.
        """
        if order.list_id:
            self.on_leading(order)
        order.filled += quantity
        quote = price * quantity
        order.quote_filled += quote
        done = order.filled == order.quantity
        order.status = OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED
        realised = ZERO
        if listing.is_spot:
            fee, fee_asset = self.spot.settle(order, account, listing, price, quantity, maker, number)
        else:
            fee, fee_asset, realised = self.futures.settle(
                order, account, listing, price, quantity, maker, number, forced_fee
            )
            self.note_holder(account, listing, desk)
        trade = Trade(
            number,
            order.symbol,
            order.account,
            order.id,
            order.client_id,
            order.side,
            price,
            quantity,
            floor(quote),
            fee,
            fee_asset,
            maker,
            realised,
            order.position_side,
            self.times.now,
            self.times.wire_ms(),
        )
        order.trades.append(trade)
        desk.book.version += 1
        self.records.add_trade(trade)
        self.reporting.fill(trade)
        if done:
            self._file(order, account, desk)
        self.reporting.order(order, execution, trade)
        self.reporting.balances_of(account, listing, order, fee_asset)
        if account.unified and listing.is_spot:
            self.on_unified(account)
        if order.take_profit or order.stop_loss:
            self.on_exits(order, account, listing, desk)
        if done and order.list_id:
            self.on_listed(order, "")
        return trade

    def note_holder(self, account: Account, listing: Listing, desk: Desk) -> None:
        """Remember who has a position in the market."""
        if account.held(listing.symbol):
            desk.holders.add(account.id)
            self.wake(desk)
        else:
            desk.holders.discard(account.id)

    def end(
        self,
        order: Order,
        status: OrderStatus,
        execution: Execution,
        reason: str = "",
        original_client_id: str = "",
        client_id: str = "",
    ) -> None:
        """An open order is cancelled or expires: out of the book, and what it held is free."""
        account, listing = self.treasury.accounts[order.account], self.listings[order.symbol]
        order.status = status
        self._file(order, account, self.desks[order.symbol])
        self.settlement(listing).hold(order, account, listing)
        self.reporting.order(
            order, execution, reason=reason, original_client_id=original_client_id, client_id=client_id
        )
        if listing.is_spot:
            self.reporting.balances_of(account, listing, order)
        if order.list_id:
            self.on_listed(order, client_id)

    def _file(self, order: Order, account: Account, desk: Desk) -> None:
        """The order is final: out of book and lists, into the records."""
        if order.working:
            desk.book.remove(order)
            order.working = False
        desk.stops.pop(order.id, None)
        desk.dated.pop(order.id, None)
        if account.open_in(order.symbol).pop(order.id, None) is not None:
            self.records.close(order)
            if order.algo_id:
                self.on_closed(order)

    def trade_number(self) -> int:
        """The id of the next trade, used up."""
        self.numbers.trade += 1
        return self.numbers.trade - 1

    def settlement(self, listing: Listing) -> SpotSettlement | FuturesSettlement:
        """How orders of that market hold and pay."""
        return self.spot if listing.is_spot else self.futures

    def sweep(self, listing: Listing, desk: Desk, accounts: set[str]) -> None:
        """Reducing orders end when there is nothing left to reduce."""
        for name in sorted(accounts):
            account = self.treasury.accounts[name]
            for order in list(account.open_in(listing.symbol).values()):
                if reduces(order) and not reducible(order, account):
                    self.end(order, OrderStatus.EXPIRED, Execution.EXPIRED, reason="reduce_only")
        if desk.algos:
            self.on_position(desk)


def _nothing(*_: object) -> None:
    """Until somebody is to be told."""
