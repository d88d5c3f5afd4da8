"""A second set of books, kept from events alone and by rules written down again, to compare the exchange with."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal

from tradewind.exchange import Exchange, Order, Trade
from tradewind.exchange.events import (
    BalanceCause,
    Event,
    FundingTick,
    FuturesUpdate,
    OrderUpdate,
    SettingsUpdate,
    SpotUpdate,
)

D = Decimal
CENT = D("1e-8")
NIL = D(0)
OUTSIDE = {
    BalanceCause.DEPOSIT,
    BalanceCause.WITHDRAW,
    BalanceCause.ADJUSTMENT,
    BalanceCause.TRANSFER,
    BalanceCause.WIPE,
}


def down(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_DOWN)


def even(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_EVEN)


@dataclass
class Holding:
    quantity: Decimal = NIL
    cost: Decimal = NIL
    isolated: Decimal = NIL


@dataclass
class Books:
    """One account."""

    spot: dict[str, Decimal] = field(default_factory=dict)
    wallet: dict[str, Decimal] = field(default_factory=dict)
    positions: dict[tuple[str, str], Holding] = field(default_factory=dict)
    isolated: set[str] = field(default_factory=set)
    leverage: dict[str, int] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)

    def add(self, asset: str, amount: Decimal) -> None:
        self.spot[asset] = self.spot.get(asset, NIL) + amount

    def pay(self, asset: str, amount: Decimal) -> None:
        self.wallet[asset] = self.wallet.get(asset, NIL) + amount


class Model:
    """Subscribe `hear` before accounts are opened; `compare` whenever the exchange rests."""

    def __init__(self, world: Exchange) -> None:
        self._world = world
        self._books: dict[str, Books] = {}

    def of(self, account: str) -> Books:
        return self._books.setdefault(account, Books())

    def hear(self, event: Event) -> None:
        match event:
            case OrderUpdate():
                self._hear_order(event)
            case SpotUpdate() if event.cause in OUTSIDE:
                self.of(event.account).add(event.balances[0].asset, event.balances[0].change)
            case FuturesUpdate() if event.cause in OUTSIDE:
                self.of(event.account).pay(event.balances[0].asset, event.balances[0].change)
            case FuturesUpdate() if event.cause is BalanceCause.MARGIN:
                for position in event.positions:
                    held = self.of(event.account).positions[position.symbol, position.side.value]
                    held.isolated = position.isolated_wallet
            case SettingsUpdate() if event.symbol:
                books = self.of(event.account)
                books.leverage[event.symbol] = event.leverage
                (books.isolated.add if event.isolated else books.isolated.discard)(event.symbol)
            case FundingTick():
                self._charge(event)

    def _hear_order(self, event: OrderUpdate) -> None:
        books = self.of(event.account)
        if event.trade is not None:
            listing = self._world.listings[event.order.symbol]
            if listing.is_spot:
                self._spot_trade(books, event.trade)
            else:
                self._futures_trade(books, event.trade)
        if event.status.is_open:
            books.orders[event.order.id] = event.order
        else:
            books.orders.pop(event.order.id, None)

    def _spot_trade(self, books: Books, trade: Trade) -> None:
        base, _, quote = trade.symbol.partition("/")
        sign = 1 if trade.side.value == "buy" else -1
        books.add(base, sign * trade.quantity)
        books.add(quote, -sign * down(trade.price * trade.quantity))
        books.add(trade.fee_asset, -trade.fee)
        listing = self._world.listings[trade.symbol]
        rate = listing.maker_fee if trade.maker else listing.taker_fee
        coin = self._world.account(trade.account).fee_settings.coin
        value = {base: trade.quantity, quote: down(trade.price * trade.quantity)}
        if trade.fee_asset != coin:
            assert trade.fee == down(value[trade.fee_asset] * rate), (
                "the fee is not rate times what is received"
            )
            assert coin == "quote" or trade.fee_asset == (base if sign > 0 else quote)

    def _futures_trade(self, books: Books, trade: Trade) -> None:
        listing = self._world.listings[trade.symbol]
        held = books.positions.setdefault((trade.symbol, trade.position_side.value), Holding())
        signed = trade.quantity if trade.side.value == "buy" else -trade.quantity
        before, was = held.quantity, held.isolated
        closed = min(abs(before), abs(signed)) if before * signed < 0 else NIL
        profit = NIL
        if closed:
            direction = 1 if before > 0 else -1
            share = held.cost if closed == abs(before) else even(held.cost * closed / abs(before))
            profit = even(direction * closed * trade.price) - share
            held.cost -= share
            held.quantity -= direction * closed
        assert abs(profit - trade.realised) <= CENT, "the profit is not what was got less what it cost"
        forced = self._world.records.known(trade.order_id)
        if forced is None or forced.cause.value in ("client", "algo"):
            rate = listing.maker_fee if trade.maker else listing.taker_fee
            assert trade.fee == down(trade.price * trade.quantity * rate)
        else:
            assert trade.fee <= trade.price * trade.quantity * listing.liquidation_fee
        books.pay(listing.quote, profit - trade.fee)
        if trade.symbol in books.isolated and closed:
            freed = was if not held.quantity else down(was * closed / abs(before))
            held.isolated = was - freed + min(NIL, freed + profit)
            self._insure(books, listing.quote, held)
        opened = abs(signed) - closed
        if opened:
            direction = 1 if signed > 0 else -1
            held.quantity += direction * opened
            held.cost += even(direction * opened * trade.price)
            if trade.symbol in books.isolated:
                margin = down(opened * trade.price / books.leverage.get(trade.symbol, 20))
                held.isolated += min(margin, max(NIL, self._cross(books, listing.quote)))
        if held.isolated:
            held.isolated -= min(held.isolated, self._debt(books, listing.quote))
        self._cover(books, listing.quote)

    def _charge(self, tick: FundingTick) -> None:
        symbol, per_unit = tick.funding.symbol, tick.funding.rate * tick.funding.mark
        quote = self._world.listings[symbol].quote
        for books in self._books.values():
            for side in ("both", "long", "short"):
                held = books.positions.get((symbol, side))
                if held is None or not held.quantity:
                    continue
                due = down(held.quantity * per_unit)
                books.pay(quote, -due)
                if symbol in books.isolated and due > 0:
                    held.isolated -= due
                    self._insure(books, quote, held)
                self._cover(books, quote)

    def _insure(self, books: Books, quote: str, held: Holding) -> None:
        """What an isolated position cannot pay, the venue pays."""
        if held.isolated < 0:
            books.pay(quote, -held.isolated)
            held.isolated = NIL

    def _cross(self, books: Books, quote: str) -> Decimal:
        inside = sum((p.isolated for (s, _), p in books.positions.items() if self._in(s, quote)), NIL)
        return books.wallet.get(quote, NIL) - inside

    def _cover(self, books: Books, quote: str) -> None:
        """A wallet without cross positions owes nothing."""
        books.pay(quote, self._debt(books, quote))

    def _debt(self, books: Books, quote: str) -> Decimal:
        for (symbol, _), held in books.positions.items():
            if held.quantity and symbol not in books.isolated and self._in(symbol, quote):
                return NIL
        return max(NIL, -self._cross(books, quote))

    def _in(self, symbol: str, quote: str) -> bool:
        return self._world.listings[symbol].quote == quote

    def compare(self) -> None:
        """Balances, locks, positions and open orders of every account are those of the second books."""
        for name, account in self._world.treasury.accounts.items():
            books = self.of(name)
            locked = self._locked(name, books)
            for asset, balance in account.spot.items():
                assert balance.free + balance.locked == books.spot.get(asset, NIL), f"{name} {asset} differs"
                assert balance.locked == locked.get(asset, NIL), f"{name} locks another amount of {asset}"
            for asset, amount in account.futures.items():
                assert amount == books.wallet.get(asset, NIL), f"{name}: futures {asset} differs"
            for (symbol, side), position in account.positions.items():
                held = books.positions.get((symbol, side.value), Holding())
                assert (position.quantity, position.cost) == (held.quantity, held.cost)
                assert position.isolated_wallet == held.isolated, f"{name} {symbol}: isolated margin differs"
            assert {o.id for o in account.all_open()} == set(books.orders)

    def _locked(self, name: str, books: Books) -> dict[str, Decimal]:
        """What open spot orders must hold; those of one list together no more than the dearer."""
        quote_fees = self._world.account(name).fee_settings.coin == "quote"
        groups: dict[tuple[str, int, int], Decimal] = {}
        for order in books.orders.values():
            listing = self._world.listings[order.symbol]
            if not listing.is_spot:
                continue
            rest = order.quantity - order.filled
            if order.is_buy:
                price = order.price or order.stop_price or order.hold_price
                rate = max(listing.maker_fee, listing.taker_fee) if quote_fees else NIL
                asset, need = listing.quote, (price * rest * (1 + rate)).quantize(CENT, ROUND_UP)
            else:
                asset, need = listing.base, rest
            alone = 0 if order.list_id else order.id
            key = (asset, order.list_id, alone)
            groups[key] = max(groups.get(key, NIL), need)
        found: dict[str, Decimal] = {}
        for (asset, _, _), need in groups.items():
            found[asset] = found.get(asset, NIL) + need
        return found
