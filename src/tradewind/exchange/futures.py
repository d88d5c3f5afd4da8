"""How futures orders tie up margin and how trades change positions and wallets."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from tradewind.exchange.accounts import FEES, FUTURES, INSURANCE, MARKET, Account, Position, Resting, Treasury
from tradewind.exchange.ledger import VENUE, Change
from tradewind.exchange.listing import Listing
from tradewind.exchange.margin import Margin
from tradewind.exchange.money import CENT, ZERO, floor
from tradewind.exchange.orders import Order, PositionSide
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.exchange.spot import fee_rates


def reduces(order: Order) -> bool:
    """Whether an order can only make a position smaller."""
    if order.reduce_only or order.close_position:
        return True
    side = order.position_side
    return (side is PositionSide.LONG and not order.is_buy) or (side is PositionSide.SHORT and order.is_buy)


def reducible(order: Order, account: Account) -> Decimal:
    """How much of its position a reducing order could close now."""
    position = account.positions.get((order.symbol, order.position_side))
    if position is None:
        return ZERO
    return max(ZERO, -position.quantity if order.is_buy else position.quantity)


class FuturesSettlement:
    """Wallets, positions and margin of linear perpetuals. The exchange is every position's counterparty."""

    def __init__(self, treasury: Treasury, margin: Margin) -> None:
        self._treasury = treasury
        self.margin = margin

    def afford(
        self, order: Order, account: Account, listing: Listing, notional: Decimal, quantity: Decimal
    ) -> None:
        """`Refused` when margin, fee and the loss at the mark of a new order exceed what is available.

        `quantity` is how much of it may trade, now or once it rests, and `notional` what that is worth.
        """
        if reduces(order):
            return
        margin, symbol, side = self.margin, order.symbol, order.position_side
        bids, asks = (notional, ZERO) if order.is_buy else (ZERO, notional)
        before = margin.tied_up(account, symbol, side)
        after = margin.tied_up(account, symbol, side, bids, asks)
        if after <= before:
            return
        if after * account.leverage_of(symbol) > listing.largest_notional(account.leverage_of(symbol)):
            raise Refused(Refusal.POSITION_LIMIT, "the position would exceed what this leverage allows")
        at_mark = quantity * margin.mark(symbol)
        loss = max(ZERO, notional - at_mark if order.is_buy else at_mark - notional)
        needed = after - before + loss + notional * fee_rates(account, listing)[1]
        free = margin.available(account, listing.quote)
        if symbol in account.isolated:
            free = min(free, margin.cross_wallet(account, listing.quote))
        if needed > free:
            raise Refused(
                Refusal.INSUFFICIENT_MARGIN,
                f"{floor(needed)} {listing.quote} are needed, {floor(free)} {listing.quote} are available",
            )

    def need(self, order: Order) -> Decimal:
        """Quote value that a resting order counts for in its account's margin."""
        if not order.status.is_open or not order.working or reduces(order):
            return ZERO
        return order.price * order.remaining

    def hold(self, order: Order, account: Account, listing: Listing) -> None:
        """Count the order in the account's margin as it is now."""
        change = self.need(order) - order.locked
        if change:
            key = (order.symbol, order.position_side)
            resting = account.resting.get(key)
            if resting is None:
                resting = account.resting[key] = Resting()
            if order.is_buy:
                resting.bids += change
            else:
                resting.asks += change
            order.locked += change

    def settle(
        self,
        order: Order,
        account: Account,
        listing: Listing,
        price: Decimal,
        quantity: Decimal,
        maker: bool,
        trade_id: int,
        forced_fee: Decimal | None = None,
    ) -> tuple[Decimal, str, Decimal]:
        """Book a fill that `order` already counts; returns fee, its asset and the realised profit.

        `forced_fee` is the rate of a liquidation, which goes to the insurance fund.
        """
        if order.locked:
            self.hold(order, account, listing)
        rate = fee_rates(account, listing)[not maker] if forced_fee is None else forced_fee
        fee = floor(price * quantity * rate)
        signed = quantity if order.is_buy else -quantity
        pot = FEES if forced_fee is None else INSURANCE
        realised = self.change_position(
            account, listing, order.position_side, signed, price, fee, trade_id, pot
        )
        return fee, listing.quote, realised

    def change_position(
        self,
        account: Account,
        listing: Listing,
        side: PositionSide,
        signed: Decimal,
        price: Decimal,
        fee: Decimal,
        trade_id: int,
        fee_pot: str = FEES,
    ) -> Decimal:
        """Trade `signed` at a price; wallet, position and isolated margin follow. Returns the profit."""
        position = account.position(listing.symbol, side)
        held = position.quantity
        closing = min(abs(held), abs(signed)) if held * signed < 0 else ZERO
        realised = _close(position, closing, price) if closing else ZERO
        opened = signed + closing if signed < 0 else signed - closing
        position.realised += realised
        position.fees = ZERO if not position.quantity else position.fees
        position.updated_ms = self._treasury.times.now
        self._pay(account, listing, realised, fee, trade_id, fee_pot)
        if closing:
            position.fees -= floor(position.fees * closing / abs(held))
        if closing and listing.symbol in account.isolated:
            freed = floor(position.isolated_wallet * closing / abs(held))
            self._release(account, listing, position, freed, realised)
        if opened:
            position.quantity += opened
            position.cost += (opened * price).quantize(CENT, ROUND_HALF_EVEN)
            position.fees += floor(fee * abs(opened) / abs(signed))
            if listing.symbol in account.isolated:
                self._commit(account, listing, position, abs(opened) * price)
        if position.isolated_wallet:  # a fee that the wallet cannot pay comes from the position's margin
            position.isolated_wallet -= min(position.isolated_wallet, self._owed(account, listing.quote))
        self.cover(account, listing.quote)
        return realised

    def cover(self, account: Account, asset: str) -> None:
        """The insurance fund pays what a wallet without cross positions owes."""
        owed = self._owed(account, asset)
        if owed > 0:
            self._treasury.move("insurance", account.id, FUTURES, asset, owed, INSURANCE)

    def _owed(self, account: Account, asset: str) -> Decimal:
        """How far a wallet without cross positions is below nothing."""
        if any(True for _ in self.margin.open_positions(account, asset, False)):
            return ZERO
        return max(ZERO, -self.margin.cross_wallet(account, asset))

    def _pay(
        self, account: Account, listing: Listing, realised: Decimal, fee: Decimal, trade_id: int, fee_pot: str
    ) -> None:
        name, quote = account.id, listing.quote
        changes: tuple[Change, ...] = ()
        if realised:
            changes = ((name, FUTURES, quote, realised), (VENUE, MARKET, quote, -realised))
        if fee:
            changes += ((name, FUTURES, quote, -fee), (VENUE, fee_pot, quote, fee))
        if changes:
            self._treasury.post("trade", name, changes, listing.symbol, trade_id)

    def _release(
        self, account: Account, listing: Listing, position: Position, freed: Decimal, realised: Decimal
    ) -> None:
        """Give back the margin of what was closed; a loss beyond it eats the rest, then the insurance fund."""
        position.isolated_wallet += -freed + min(ZERO, freed + realised)
        if position.isolated_wallet < 0:
            owed = -position.isolated_wallet
            position.isolated_wallet = ZERO
            self._treasury.move(
                "insurance", account.id, FUTURES, listing.quote, owed, INSURANCE, listing.symbol
            )

    def _commit(self, account: Account, listing: Listing, position: Position, notional: Decimal) -> None:
        """Move margin from the wallet into the position, as far as there is any."""
        wanted = floor(notional / account.leverage_of(listing.symbol))
        there = max(ZERO, self.margin.cross_wallet(account, listing.quote))
        position.isolated_wallet += min(wanted, there)


def _close(position: Position, closing: Decimal, price: Decimal) -> Decimal:
    """Take `closing` (positive) off a position; returns the profit."""
    whole = closing == abs(position.quantity)
    cost = position.cost if whole else (position.cost * closing / abs(position.quantity)).quantize(CENT)
    signed = closing if position.quantity > 0 else -closing
    position.quantity -= signed
    position.cost -= cost
    return (signed * price).quantize(CENT, ROUND_HALF_EVEN) - cost
