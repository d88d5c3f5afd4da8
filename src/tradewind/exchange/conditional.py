"""Conditional (algo) orders: a list of their own, watched against last or mark price, placing orders when due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from tradewind.exchange.accounts import Account
from tradewind.exchange.desk import Desk
from tradewind.exchange.listing import Listing
from tradewind.exchange.matching import Matching
from tradewind.exchange.money import ZERO, on_grid
from tradewind.exchange.orders import (
    TAKE_PROFITS,
    AlgoOrder,
    AlgoStatus,
    Cause,
    Order,
    OrderRequest,
    OrderType,
    PositionSide,
    TimeInForce,
    TriggerBy,
)
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.exchange.rules import check_hedge, check_request, is_triggered, reverses
from tradewind.market import Side


class Conditional:
    """Stops, take profits and trailing stops that hold nothing until they trigger."""

    def __init__(self, matching: Matching) -> None:
        self._matching = matching
        self._office = matching.office
        self._records = matching.office.records
        self._reporting = matching.office.reporting
        self._times = matching.office.times

    def place(self, account_id: str, request: OrderRequest) -> AlgoOrder:
        """An accepted conditional order; `Refused` before anything has changed."""
        office = self._office
        account = office.treasury.account(account_id)
        listing, desk = office.listings[request.symbol], office.desks[request.symbol]
        desk.sync(self._times.now)
        self._check(account, request, listing, desk)
        return self.put(account, request, desk)

    def place_together(self, account_id: str, requests: Sequence[OrderRequest]) -> list[AlgoOrder]:
        """Conditional orders of one market that end each other, and with their position: all of them or none."""
        office = self._office
        account, symbol = office.treasury.account(account_id), requests[0].symbol
        listing, desk = office.listings[symbol], office.desks[symbol]
        desk.sync(self._times.now)
        for ahead, request in enumerate(requests):
            self._check(account, request, listing, desk, ahead)
        parent = -office.numbers.algo  # orders count upwards: none has that number
        return [self.put(account, request, desk, parent) for request in requests]

    def put(self, account: Account, request: OrderRequest, desk: Desk, parent_id: int = 0) -> AlgoOrder:
        """On the list, whatever the price is now."""
        office = self._office
        number = office.numbers.algo
        office.numbers.algo += 1
        now, wire = self._times.now, self._times.wire_ms()
        algo = AlgoOrder(
            number, account.id, request, request.client_id or f"algo-{number}", now, wire, now, wire
        )
        algo.parent_id = parent_id
        if request.type is OrderType.TRAILING_STOP and request.activation_price is None:
            algo.activated, algo.extreme = True, self._price(request, desk)
        account.open_algos[algo.id] = algo
        desk.algos[algo.id] = algo
        office.wake(desk)
        self._records.add_algo(algo)
        self._reporting.algo(algo)
        return algo

    def cancel(
        self, account_id: str, algo_id: int | None = None, client_id: str = "", symbol: str | None = None
    ) -> AlgoOrder:
        """The conditional order, cancelled; `Refused` UNKNOWN_ORDER when it is not open."""
        account = self._office.treasury.account(account_id)
        for algo in account.open_algos.values():
            named = algo.id == algo_id if algo_id is not None else algo.client_id == client_id
            if named and symbol in (None, algo.request.symbol):
                self.end(algo, AlgoStatus.CANCELED)
                return algo
        raise Refused(Refusal.UNKNOWN_ORDER, "no such conditional order is open")

    def amend_together(self, account_id: str, changes: Sequence[tuple[int, OrderRequest]]) -> list[AlgoOrder]:
        """Let open conditional orders be what their requests say, all of them or none; ids, names and places stay."""
        office = self._office
        account = office.treasury.account(account_id)
        found: list[tuple[AlgoOrder, OrderRequest, Desk]] = []
        for algo_id, request in changes:
            algo = account.open_algos.get(algo_id)
            if algo is None or algo.request.symbol != request.symbol:
                raise Refused(Refusal.UNKNOWN_ORDER, "no such conditional order is open")
            listing, desk = office.listings[request.symbol], office.desks[request.symbol]
            desk.sync(self._times.now)
            self._check(account, request, listing, desk, instead=algo)
            found.append((algo, request, desk))
        for algo, request, desk in found:
            algo.request = request
            if request.type is OrderType.TRAILING_STOP:
                algo.activated = request.activation_price is None
                algo.extreme = self._price(request, desk) if algo.activated else ZERO
            self._reporting.algo(algo)
        return [algo for algo, _, _ in found]

    def cancel_all(self, account_id: str, symbol: str | None = None) -> list[AlgoOrder]:
        account = self._office.treasury.account(account_id)
        found = [a for a in account.open_algos.values() if symbol in (None, a.request.symbol)]
        for algo in found:
            self.end(algo, AlgoStatus.CANCELED)
        return found

    def on_point(self, desk: Desk) -> None:
        """Place the orders of all that are due at the present price, oldest first."""
        for algo in list(desk.algos.values()):
            if algo.id in desk.algos and self._due(algo, self._price(algo.request, desk)):
                self._trigger(algo, desk)

    def attach(self, order: Order, account: Account, listing: Listing, desk: Desk) -> None:
        """What an order brought with it grows with every fill of it."""
        quantity = order.filled
        if listing.is_spot:
            fees = (t.fee for t in order.trades if t.fee_asset == listing.base)
            quantity = on_grid(quantity - sum(fees, ZERO), listing.filters.step)
        quantity -= order.exited
        if quantity <= 0:
            return
        for request in exits_of(order, quantity):
            for algo in account.open_algos.values():
                same_kind = (algo.request.type in TAKE_PROFITS) is (request.type in TAKE_PROFITS)
                if algo.parent_id == order.id and same_kind:  # its price may have been amended since
                    algo.request = replace(algo.request, quantity=quantity)
                    self._reporting.algo(algo)
                    break
            else:
                self.put(account, request, desk, order.id)

    def end(self, algo: AlgoOrder, status: AlgoStatus, reason: str = "") -> None:
        """Off the list for good."""
        algo.status, algo.reason = status, reason
        self._off_list(algo)
        self._records.close_algo(algo)
        self._reporting.algo(algo)

    def sweep(self, desk: Desk) -> None:
        """Orders that close a position, and those that an order brought, end with the position."""
        for algo in list(desk.algos.values()):
            if (algo.request.close_position or algo.parent_id) and not self._closable(algo):
                self.end(algo, AlgoStatus.EXPIRED, "no_position")

    def _check(
        self,
        account: Account,
        request: OrderRequest,
        listing: Listing,
        desk: Desk,
        ahead: int = 0,
        instead: AlgoOrder | None = None,
    ) -> None:
        """`Refused` unless it may wait, after `ahead` others that are not there yet, or instead of one that is."""
        if not request.type.is_conditional:
            raise Refused(Refusal.UNSUPPORTED_TYPE, f"a {request.type} order is not conditional")
        check_request(request, listing, desk.last(self._times.now), sized=False)
        if not listing.is_spot:
            check_hedge(request, account.hedge)
        if not account.can_trade:
            raise Refused(Refusal.NOT_TRADING, "the account may not trade")
        others = [a for a in account.open_algos.values() if a is not instead]
        in_market = [a for a in others if a.request.symbol == request.symbol]
        if len(in_market) + ahead >= listing.filters.max_algo_orders:
            raise Refused(Refusal.MAX_ALGO_ORDERS, "too many conditional orders are open")
        if request.client_id and any(a.client_id == request.client_id for a in others):
            raise Refused(Refusal.DUPLICATE_CLIENT_ID, "an open conditional order has this client id")
        price = self._price(request, desk)
        if request.stop_price is not None and is_triggered(
            request.type, request.side, request.stop_price, price
        ):
            raise Refused(
                Refusal.WOULD_TRIGGER, f"the price is {price}: the stop at {request.stop_price} is past"
            )
        if request.close_position and not _closable(account, request):
            raise Refused(Refusal.NO_POSITION, "there is no position to close")

    def _price(self, request: OrderRequest, desk: Desk) -> Decimal:
        now = self._times.now
        return desk.mark(now) if request.trigger_by is TriggerBy.MARK else desk.last(now)

    def _due(self, algo: AlgoOrder, price: Decimal) -> bool:
        request = algo.request
        if request.type is not OrderType.TRAILING_STOP:
            assert request.stop_price is not None
            return is_triggered(request.type, request.side, request.stop_price, price)
        return _trails(algo, price)

    def _trigger(self, algo: AlgoOrder, desk: Desk) -> None:
        account = self._office.treasury.accounts[algo.account]
        self._off_list(algo)
        algo.triggered_ms = self._times.now
        if algo.parent_id:
            for other in [a for a in account.open_algos.values() if a.parent_id == algo.parent_id]:
                self.end(other, AlgoStatus.EXPIRED, "the other was triggered")
        try:
            request = self._order_request(algo, account)
            order = self._matching.place(algo.account, request, Cause.ALGO, algo.id)
        except Refused as refused:
            self.end(algo, AlgoStatus.REJECTED, refused.reason.value)
            return
        algo.order_id, algo.status = order.id, AlgoStatus.TRIGGERED
        parent = self._records.known(algo.parent_id)
        if parent is not None:
            parent.exited += algo.request.quantity or ZERO
        self._reporting.algo(algo)
        if not order.status.is_open:
            self.finish(order)

    def finish(self, order: Order) -> None:
        """The order that a conditional one placed is done."""
        algo = self._records.find_algo(order.account, order.algo_id)
        if algo.status is AlgoStatus.TRIGGERED:
            algo.status = AlgoStatus.FINISHED
            self._records.close_algo(algo)
            self._reporting.algo(algo)

    def _off_list(self, algo: AlgoOrder) -> None:
        self._office.treasury.accounts[algo.account].open_algos.pop(algo.id, None)
        self._office.desks[algo.request.symbol].algos.pop(algo.id, None)

    def _closable(self, algo: AlgoOrder) -> Decimal:
        return _closable(self._office.treasury.accounts[algo.account], algo.request)

    def _order_request(self, algo: AlgoOrder, account: Account) -> OrderRequest:
        request = algo.request
        quantity = request.quantity
        one_way = request.position_side is PositionSide.BOTH
        if request.close_position:
            quantity = _closable(account, request)
        taken = {o.client_id for o in account.open_in(request.symbol).values()}
        name = algo.client_id if algo.client_id not in taken else f"{algo.client_id}-{algo.id}"
        kind = request.type.once_triggered
        return replace(
            request,
            type=kind,
            quantity=quantity,
            stop_price=None,
            activation_price=None,
            callback_rate=None,
            client_id=name,
            close_position=False,
            reduce_only=request.reduce_only or (request.close_position and one_way),
            time_in_force=request.time_in_force if kind is OrderType.LIMIT else TimeInForce.GTC,
        )


def _closable(account: Account, request: OrderRequest) -> Decimal:
    """How much of its position a request could close; 0 when there is none on that side."""
    position = account.positions.get((request.symbol, request.position_side))
    if position is None:
        return ZERO
    return max(ZERO, -position.quantity if request.side is Side.BUY else position.quantity)


def exits_of(order: Order, quantity: Decimal) -> Iterator[OrderRequest]:
    """The conditional orders that an order brings with it, once that much of it was filled."""
    kinds = (
        (order.take_profit, OrderType.TAKE_PROFIT_MARKET, OrderType.TAKE_PROFIT_LIMIT),
        (order.stop_loss, OrderType.STOP_MARKET, OrderType.STOP_LIMIT),
    )
    for found, at_market, at_limit in kinds:
        if found is not None:
            yield OrderRequest(
                symbol=order.symbol,
                side=Side.SELL if order.is_buy else Side.BUY,
                type=at_market if found.limit is None else at_limit,
                quantity=quantity,
                price=found.limit,
                stop_price=found.price,
                trigger_by=found.trigger_by,
                position_side=order.position_side,
                reduce_only=":" in order.symbol and order.position_side is PositionSide.BOTH,
            )


def _trails(algo: AlgoOrder, price: Decimal) -> bool:
    """Whether a trailing stop is due; it activates, and its extreme follows the price, on the way."""
    request = algo.request
    sells = request.side is Side.SELL
    rate = request.callback_rate or ZERO
    if not algo.activated:
        start = request.activation_price or ZERO
        if price < start if sells else price > start:
            return False
        algo.activated, algo.extreme = True, price
    algo.extreme = max(algo.extreme, price) if sells else min(algo.extreme, price)
    return reverses(sells, price, algo.extreme, rate)
