"""What a futures account is worth, what its positions and orders tie up, and where it would be liquidated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from tradewind.exchange.accounts import Account, Position, Resting
from tradewind.exchange.events import PositionChange, PositionState
from tradewind.exchange.listing import Listing, Listings
from tradewind.exchange.money import CENT, ONE, ZERO
from tradewind.exchange.orders import PositionSide

_NOTHING = Resting()
Mark = Callable[[str], Decimal]


@dataclass(frozen=True, slots=True)
class WalletState:
    """One coin of a futures account. `available` is what new cross positions may tie up."""

    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    unrealised: Decimal
    cross_unrealised: Decimal
    margin_balance: Decimal
    position_initial_margin: Decimal
    order_initial_margin: Decimal
    maintenance_margin: Decimal
    cross_maintenance_margin: Decimal
    available: Decimal

    @property
    def initial_margin(self) -> Decimal:
        return self.position_initial_margin + self.order_initial_margin

    @property
    def max_withdraw(self) -> Decimal:
        return max(ZERO, min(self.available, self.cross_wallet))


class Margin:
    """Pure questions about an account at the present mark prices."""

    def __init__(self, listings: Listings, mark: Mark) -> None:
        self._listings = listings
        self.mark = mark

    def open_positions(
        self, account: Account, asset: str, isolated: bool | None = None
    ) -> Iterator[Position]:
        """Positions that are not flat and are settled in that coin."""
        for position in account.positions.values():
            if not position.quantity or self._listings[position.symbol].quote != asset:
                continue
            if isolated is None or (position.symbol in account.isolated) is isolated:
                yield position

    def unrealised(self, position: Position) -> Decimal:
        return position.quantity * self.mark(position.symbol) - position.cost

    def maintenance(self, position: Position) -> Decimal:
        notional = abs(position.quantity) * self.mark(position.symbol)
        tier = self._listings[position.symbol].tier(notional)
        return notional * tier.rate - tier.amount

    def cross_wallet(self, account: Account, asset: str) -> Decimal:
        """The wallet without what sits in isolated positions."""
        wallet = account.futures.get(asset, ZERO)
        if not account.isolated:
            return wallet
        return wallet - sum((p.isolated_wallet for p in self.open_positions(account, asset, True)), ZERO)

    def tied_up(
        self, account: Account, symbol: str, side: PositionSide, bids: Decimal = ZERO, asks: Decimal = ZERO
    ) -> Decimal:
        """Initial margin of position and orders together, were `bids` and `asks` (quote) added to the orders.

        One-way: the larger of what all bids and what all asks would lead to.
        """
        position = account.positions.get((symbol, side))
        held = position.quantity * self.mark(symbol) if position is not None and position.quantity else ZERO
        resting = account.resting.get((symbol, side), _NOTHING)
        bids, asks = bids + resting.bids, asks + resting.asks
        if side is PositionSide.LONG:
            value = held + bids
        elif side is PositionSide.SHORT:
            value = asks - held
        else:
            value = max(abs(held + bids), abs(held - asks))
        return value / account.leverage_of(symbol)

    def position_margin(self, account: Account, position: Position) -> Decimal:
        value = abs(position.quantity) * self.mark(position.symbol)
        return value / account.leverage_of(position.symbol)

    def order_margin(self, account: Account, asset: str) -> Decimal:
        """Initial margin of resting orders beyond that of the positions."""
        total = ZERO
        for (symbol, side), resting in account.resting.items():
            if (resting.bids or resting.asks) and self._listings[symbol].quote == asset:
                total += self.tied_up(account, symbol, side)
                position = account.positions.get((symbol, side))
                if position is not None and position.quantity:
                    total -= self.position_margin(account, position)
        return total

    def available(self, account: Account, asset: str) -> Decimal:
        """What new orders may tie up; may be negative."""
        total = account.futures.get(asset, ZERO) - self.order_margin(account, asset)
        for position in self.open_positions(account, asset):
            if position.symbol in account.isolated:
                total -= position.isolated_wallet
            else:
                total += self.unrealised(position) - self.position_margin(account, position)
        return total

    def wallet_state(self, account: Account, asset: str) -> WalletState:
        positions = list(self.open_positions(account, asset))
        cross = [p for p in positions if p.symbol not in account.isolated]
        wallet = account.futures.get(asset, ZERO)
        unrealised = sum((self.unrealised(p) for p in positions), ZERO)
        return WalletState(
            asset=asset,
            wallet=wallet,
            cross_wallet=self.cross_wallet(account, asset),
            unrealised=unrealised,
            cross_unrealised=sum((self.unrealised(p) for p in cross), ZERO),
            margin_balance=wallet + unrealised,
            position_initial_margin=sum((self.position_margin(account, p) for p in positions), ZERO),
            order_initial_margin=self.order_margin(account, asset),
            maintenance_margin=sum((self.maintenance(p) for p in positions), ZERO),
            cross_maintenance_margin=sum((self.maintenance(p) for p in cross), ZERO),
            available=self.available(account, asset),
        )

    def change(self, account: Account, position: Position) -> PositionChange:
        """What an event tells about a position."""
        return PositionChange(
            position.symbol,
            position.side,
            position.quantity,
            position.entry_price,
            _break_even(position),
            position.realised,
            self.unrealised(position),
            position.symbol in account.isolated,
            position.isolated_wallet,
        )

    def state(self, account: Account, position: Position) -> PositionState:
        """A position with everything that venues tell about it."""
        listing = self._listings[position.symbol]
        isolated = position.symbol in account.isolated
        unrealised = self.unrealised(position)
        mark = self.mark(position.symbol)
        margin = self.position_margin(account, position)
        return PositionState(
            account=account.id,
            symbol=position.symbol,
            side=position.side,
            quantity=position.quantity,
            entry_price=position.entry_price,
            break_even_price=_break_even(position),
            mark_price=mark,
            unrealised=unrealised,
            realised=position.realised,
            leverage=account.leverage_of(position.symbol),
            isolated=isolated,
            isolated_wallet=position.isolated_wallet,
            isolated_margin=position.isolated_wallet + unrealised if isolated else ZERO,
            notional=position.quantity * mark,
            initial_margin=margin,
            maintenance_margin=self.maintenance(position) if position.quantity else ZERO,
            liquidation_price=self.liquidation_price(account, position, listing),
            updated_ms=position.updated_ms,
        )

    def liquidation_price(self, account: Account, position: Position, listing: Listing) -> Decimal:
        """The mark at which this position alone would bring the liquidation; 0 when no price does."""
        quantity = abs(position.quantity)
        if not quantity:
            return ZERO
        buffer = position.isolated_wallet
        if position.symbol not in account.isolated:
            buffer = self.cross_wallet(account, listing.quote)
            for other in self.open_positions(account, listing.quote, False):
                if other is not position:
                    buffer += self.unrealised(other) - self.maintenance(other)
        long = position.quantity > 0
        price = ZERO
        for _ in range(3):  # the tier depends on the price that is sought
            tier = listing.tier(quantity * (price or self.mark(position.symbol)))
            if long:
                price = (abs(position.cost) - buffer - tier.amount) / (quantity * (ONE - tier.rate))
            else:
                price = (abs(position.cost) + buffer + tier.amount) / (quantity * (ONE + tier.rate))
        return max(ZERO, price).quantize(CENT)


def _break_even(position: Position) -> Decimal:
    if not position.quantity:
        return ZERO
    return (position.cost + position.fees) / position.quantity
