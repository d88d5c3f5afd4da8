"""What time does to accounts: the tape fills and triggers, funding is charged, margins give way."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from tradewind.exchange.accounts import FUNDING, FUTURES, INSURANCE, Account, Position
from tradewind.exchange.admission import Admission
from tradewind.exchange.backoffice import BackOffice
from tradewind.exchange.candles import FundingRate
from tradewind.exchange.conditional import Conditional
from tradewind.exchange.desk import Desk
from tradewind.exchange.events import BalanceCause, Execution, FundingTick, Liquidation, MarginCall
from tradewind.exchange.ledger import VENUE, Change
from tradewind.exchange.listing import Listing
from tradewind.exchange.money import ONE, ZERO, floor, on_grid
from tradewind.exchange.orders import (
    Cause,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    PositionSide,
    TimeInForce,
)
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.market import Side

CALL_RATIO = Decimal("1.25")  # a margin call is sent below this times maintenance,
CALM_RATIO = Decimal("1.5")  # and not again before the margin was above this


@dataclass(frozen=True, slots=True)
class Forced:
    """What a position is closed at by the venue."""

    price: Decimal
    quantity: Decimal
    fee_rate: Decimal
    execution: Execution
    cause: Cause
    balance_cause: BalanceCause
    name: str


class Funding:
    """Charges funding to all positions of a market at its times."""

    def __init__(self, office: BackOffice) -> None:
        self._office = office

    def charge(self, desk: Desk, time_ms: int) -> None:
        """`quantity * mark * rate` from longs to the venue, and from the venue to shorts."""
        office = self._office
        rate, mark = desk.funding.rate(time_ms), desk.mark(time_ms)
        for name in sorted(desk.holders):
            account = office.treasury.accounts[name]
            self._charge_account(account, office.listings[desk.symbol], rate * mark)
        office.reporting.stream.emit(FundingTick(FundingRate(desk.symbol, time_ms, rate, mark)))

    def _charge_account(self, account: Account, listing: Listing, per_unit: Decimal) -> None:
        office, quote = self._office, listing.quote
        for position in account.held(listing.symbol):
            key = (position.symbol, position.side)
            due = floor(position.quantity * per_unit)
            if not due:
                continue
            changes: tuple[Change, ...] = (
                (account.id, FUTURES, quote, -due),
                (VENUE, FUNDING, quote, due),
            )
            office.treasury.post("funding", account.id, changes, listing.symbol)
            if listing.symbol in account.isolated and due > 0:
                self._charge_isolated(account, position, listing, due)
            office.futures.cover(account, quote)
            office.reporting.futures(account, BalanceCause.FUNDING, quote, (key,), -due)

    def _charge_isolated(self, account: Account, position: Position, listing: Listing, due: Decimal) -> None:
        """Isolated positions pay from their own margin; what they cannot pay the insurance fund does."""
        owed = due - position.isolated_wallet
        position.isolated_wallet = max(ZERO, -owed)
        if owed > 0:
            self._office.treasury.move(
                "insurance", account.id, FUTURES, listing.quote, owed, INSURANCE, listing.symbol
            )


class Liquidations:
    """Closes positions whose margin does not suffice, and those that the venue is told to close."""

    def __init__(self, office: BackOffice, admission: Admission, conditional: Conditional) -> None:
        self._office = office
        self._admission = admission
        self._conditional = conditional

    def check(self, desk: Desk) -> None:
        """After the mark of a market moved: liquidate whoever is below maintenance there."""
        listing = self._office.listings[desk.symbol]
        for name in sorted(desk.holders):
            account = self._office.treasury.accounts[name]
            if desk.symbol in account.isolated:
                self._check_isolated(account, listing)
            else:
                self._check_cross(account, listing.quote)

    def force(self, account: Account, position: Position, forced: Forced) -> Order:
        """Close (part of) a position at a price by an order of the venue's own."""
        office = self._office
        listing, desk = office.listings[position.symbol], office.desks[position.symbol]
        buy = position.quantity < 0
        request = OrderRequest(
            symbol=position.symbol,
            side=Side.BUY if buy else Side.SELL,
            type=OrderType.LIMIT,
            quantity=forced.quantity,
            price=forced.price,
            time_in_force=TimeInForce.IOC,
            client_id=f"{forced.name}{office.numbers.order}",
            position_side=position.side,
            reduce_only=position.side is PositionSide.BOTH,
        )
        order = self._fill(account, request, forced)
        office.reporting.stream.emit(
            Liquidation(
                account.id,
                listing.symbol,
                request.side,
                forced.price,
                order.average_price,
                order.filled,
                order.id,
                forced.cause is Cause.ADL,
                office.times.now,
                office.times.wire_ms(),
            )
        )
        self._conditional.sweep(desk)
        office.futures.cover(account, listing.quote)
        key = (listing.symbol, position.side)
        office.reporting.futures(account, forced.balance_cause, listing.quote, (key,))
        return order

    def _fill(self, account: Account, request: OrderRequest, forced: Forced) -> Order:
        """An order of the venue's own, filled whole at its price against nobody's book."""
        office = self._office
        listing, desk = office.listings[request.symbol], office.desks[request.symbol]
        order = self._admission.order(account, request, forced.cause)
        office.register(order, account)
        office.reporting.order(order, Execution.NEW)
        office.fill(
            order,
            account,
            listing,
            desk,
            order.price,
            order.quantity,
            False,
            office.trade_number(),
            forced.execution,
            forced.fee_rate,
        )
        office.sweep(listing, desk, {account.id})
        return order

    def liquidate(self, account: Account, position: Position) -> Order:
        """Close a whole position at the mark, and charge the fee as far as its margin pays it."""
        office = self._office
        listing = office.listings[position.symbol]
        price = self._price(position, listing)
        self._cancel_orders(account, None if position.symbol not in account.isolated else position.symbol)
        quantity = abs(position.quantity)
        return self.force(
            account,
            position,
            Forced(
                price,
                quantity,
                self._fee_rate(account, position, listing, price),
                Execution.CALCULATED,
                Cause.LIQUIDATION,
                BalanceCause.LIQUIDATION,
                "autoclose-",
            ),
        )

    def adl(self, account: Account, symbol: str, side: PositionSide, quantity: Decimal | None) -> Order:
        """Take a position, or part of it, at the mark, without a fee."""
        position = account.positions.get((symbol, side))
        if position is None or not position.quantity:
            raise Refused(Refusal.NO_POSITION, f"{account.id} has no {side} position in {symbol}")
        whole, listing = abs(position.quantity), self._office.listings[symbol]
        taken = whole if quantity is None else min(whole, on_grid(quantity, listing.filters.step))
        if taken <= 0:
            raise Refused(Refusal.BAD_QUANTITY, f"quantity is {quantity}, expected at least one lot")
        price = self._price(position, listing)
        forced = Forced(
            price, taken, ZERO, Execution.CALCULATED, Cause.ADL, BalanceCause.ADL, "adl_autoclose-"
        )
        return self.force(account, position, forced)

    def _check_isolated(self, account: Account, listing: Listing) -> None:
        margin = self._office.futures.margin
        for position in account.held(listing.symbol):
            worth = position.isolated_wallet + margin.unrealised(position)
            needed = margin.maintenance(position)
            if worth <= needed:
                self.liquidate(account, position)
            else:
                position.called = self._call(account, [position], worth, needed, position.called)

    def _check_cross(self, account: Account, asset: str) -> None:
        margin = self._office.futures.margin
        while True:
            positions = list(margin.open_positions(account, asset, False))
            if not positions:
                return
            worth = margin.cross_wallet(account, asset) + sum((margin.unrealised(p) for p in positions), ZERO)
            needed = sum((margin.maintenance(p) for p in positions), ZERO)
            if worth > needed:
                account.called = self._call(account, positions, worth, needed, account.called)
                return
            self.liquidate(account, max(positions, key=lambda p: (margin.maintenance(p), p.symbol, p.side)))

    def _call(
        self, account: Account, positions: list[Position], worth: Decimal, needed: Decimal, called: bool
    ) -> bool:
        """Tell whose margin is low, unless that was told already; returns whether it has been told now."""
        near = worth < needed * CALL_RATIO
        if near and not called:
            office = self._office
            states = tuple(office.futures.margin.state(account, p) for p in positions)
            office.reporting.stream.emit(
                MarginCall(account.id, states, office.times.now, office.times.wire_ms())
            )
        return near or (called and worth < needed * CALM_RATIO)

    def _price(self, position: Position, listing: Listing) -> Decimal:
        """The mark, on the tick grid to the disadvantage of the position."""
        mark, tick = self._office.futures.margin.mark(listing.symbol), listing.filters.tick
        rounding = ROUND_UP if position.quantity < 0 else ROUND_DOWN
        return max(tick, (mark / tick).to_integral_value(rounding) * tick)

    def _fee_rate(self, account: Account, position: Position, listing: Listing, price: Decimal) -> Decimal:
        """The listing's rate, or less where the margin does not pay it."""
        margin = self._office.futures.margin
        profit = position.quantity * price - position.cost
        if listing.symbol in account.isolated:
            left = position.isolated_wallet + profit
        else:
            left = margin.cross_wallet(account, listing.quote) + profit
            for other in margin.open_positions(account, listing.quote, False):
                if other is not position:
                    left += margin.unrealised(other)
        value = abs(position.quantity) * price
        return max(ZERO, min(listing.liquidation_fee, left / value * (ONE - Decimal("0.0001"))))

    def _cancel_orders(self, account: Account, symbol: str | None) -> None:
        """Open orders give their margin back before a position is taken."""
        office = self._office
        for order in account.all_open():
            cross = symbol is None and order.symbol not in account.isolated
            if (cross or order.symbol == symbol) and not office.listings[order.symbol].is_spot:
                office.end(order, OrderStatus.CANCELED, Execution.CANCELED, "liquidation")
