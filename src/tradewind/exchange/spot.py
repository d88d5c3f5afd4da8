"""How spot orders hold money and how spot trades are paid."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from tradewind.exchange.accounts import FEES, MARKET, SPOT, Account, Treasury
from tradewind.exchange.ledger import VENUE, Change
from tradewind.exchange.listing import Listing
from tradewind.exchange.money import ONE, ZERO, ceil, floor
from tradewind.exchange.orders import Order
from tradewind.exchange.refusal import Refusal, Refused

Worth = Callable[[str, str], Decimal | None]  # price of a coin in another, if known


def fee_rates(account: Account, listing: Listing) -> tuple[Decimal, Decimal]:
    """Maker and taker rate of an account in a market."""
    return account.fee_rates.get(listing.symbol) or (listing.maker_fee, listing.taker_fee)


class SpotSettlement:
    """Free and locked balances. What is locked is always exactly what the open orders need."""

    def __init__(self, treasury: Treasury, worth: Worth) -> None:
        self._treasury = treasury
        self._worth = worth

    def admit(self, order: Order, account: Account, listing: Listing) -> None:
        """Before the first hold: with fees in quote, buys hold the fee as well."""
        if order.is_buy and account.fee_settings.coin == "quote":
            order.hold_rate = max(fee_rates(account, listing))

    def afford(self, order: Order, account: Account, listing: Listing, cost: Decimal) -> None:
        """`Refused` when an order that rests nowhere cannot be paid: `cost` in quote, before fees."""
        asset, needed = listing.base, order.quantity
        if order.is_buy:
            asset, needed = listing.quote, ceil(cost * (ONE + order.hold_rate))
        self.require(account, asset, needed, order.locked)

    def require(self, account: Account, asset: str, needed: Decimal, more: Decimal = ZERO) -> None:
        """`Refused` unless that much, less `more`, is free."""
        free = account.balance(asset).free + more
        if needed > free:
            raise Refused(
                Refusal.INSUFFICIENT_BALANCE, f"{needed} {asset} are needed, {free} {asset} are free"
            )

    def need(self, order: Order) -> Decimal:
        """What must be locked while the order is open: base for sells, quote for buys."""
        if not order.status.is_open:
            return ZERO
        if not order.is_buy:
            needed = order.remaining
        elif order.quote_quantity:
            needed = ceil((order.quote_quantity - order.quote_filled) * (ONE + order.hold_rate))
        else:
            price = order.price or order.stop_price or order.hold_price
            needed = ceil(price * order.remaining * (ONE + order.hold_rate))
        return max(ZERO, needed - order.covered) if order.covered else needed

    def hold(self, order: Order, account: Account, listing: Listing) -> None:
        """Lock what the order needs, or let go of what it needs no more."""
        asset = listing.quote if order.is_buy else listing.base
        change = self.need(order) - order.locked
        if change:
            self.require(account, asset, change)
            balance = account.balance(asset)
            balance.free -= change
            balance.locked += change
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
    ) -> tuple[Decimal, str]:
        """Pay a fill that `order` already counts; returns the fee and its asset."""
        if order.locked:
            self.hold(order, account, listing)
        name, base, quote = account.id, listing.base, listing.quote
        cost = floor(price * quantity)
        fee, fee_asset = self._fee(account, listing, order.is_buy, quantity, cost, maker)
        if not order.is_buy:
            quantity, cost = -quantity, -cost
        changes: tuple[Change, ...] = (
            (name, SPOT, base, quantity),
            (VENUE, MARKET, base, -quantity),
            (name, SPOT, quote, -cost),
            (VENUE, MARKET, quote, cost),
        )
        if not order.is_buy:  # money comes in before it goes out
            changes = (changes[2], changes[3], changes[0], changes[1])
        if fee:
            changes += ((name, SPOT, fee_asset, -fee), (VENUE, FEES, fee_asset, fee))
        self._treasury.post("trade", name, changes, listing.symbol, trade_id)
        return fee, fee_asset

    def _fee(
        self, account: Account, listing: Listing, buy: bool, quantity: Decimal, cost: Decimal, maker: bool
    ) -> tuple[Decimal, str]:
        rate = fee_rates(account, listing)[not maker]
        coin = account.fee_settings.coin
        if coin == "quote":
            fee = floor(cost * rate)
            if not buy or fee <= account.balance(listing.quote).free - cost:  # else nothing was held for it
                return fee, listing.quote
        elif coin:
            price = self._worth(coin, listing.quote)
            if price:
                fee = floor(cost * rate * (ONE - account.fee_settings.discount) / price)
                spare = account.balance(coin).free
                if coin == (listing.quote if buy else listing.base):
                    spare -= cost if buy else quantity  # what this very trade pays
                if fee <= spare:
                    return fee, coin
        return (floor(quantity * rate), listing.base) if buy else (floor(cost * rate), listing.quote)
