"""What only the venue, or a person at its control panel, can do: accounts, money, listings, forced trades."""

from __future__ import annotations

from decimal import Decimal

from tradewind.exchange.accounts import (
    DEFAULT_LEVERAGE,
    FUTURES,
    OUTSIDE,
    SPOT,
    Account,
    ApiKey,
    FeeSettings,
    Permission,
    Treasury,
)
from tradewind.exchange.backoffice import BackOffice
from tradewind.exchange.changes import Changes
from tradewind.exchange.conditional import Conditional
from tradewind.exchange.events import BalanceCause, Execution, ListingChanged
from tradewind.exchange.ledger import Change
from tradewind.exchange.life import Forced, Liquidations
from tradewind.exchange.listing import Listing, Status
from tradewind.exchange.lists import OrderLists
from tradewind.exchange.money import ZERO, booked
from tradewind.exchange.orders import AlgoStatus, Cause, Order, OrderStatus, PositionSide
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.exchange.tape import Tape


class Control:
    """Commands. Amounts are rounded down to eight places; `Refused` changes nothing."""

    def __init__(
        self,
        office: BackOffice,
        changes: Changes,
        conditional: Conditional,
        liquidations: Liquidations,
        tape: Tape,
        lists: OrderLists,
    ) -> None:
        self._lists = lists
        self._office = office
        self._changes = changes
        self._conditional = conditional
        self._liquidations = liquidations
        self._tape = tape
        self._treasury: Treasury = office.treasury

    # --- accounts and keys

    def open_account(
        self,
        account_id: str,
        spot: dict[str, Decimal] | None = None,
        futures: dict[str, Decimal] | None = None,
        fee_coin: str = "",
        hedge: bool = False,
        unified: bool = False,
    ) -> Account:
        """A new account with deposits in both wallets. `fee_coin` as in `FeeSettings.coin`.

        `unified` is what Bitget's v3 API serves; its v2 API serves all others.
        """
        account = self._treasury.open(account_id)
        account.fee_settings = FeeSettings(fee_coin)
        account.leverage.update(
            {
                listing.symbol: listing.max_leverage
                for listing in self._office.listings
                if listing.max_leverage < DEFAULT_LEVERAGE
            }
        )
        account.hedge = hedge
        account.unified = unified
        for asset, amount in (spot or {}).items():
            self.deposit(account_id, asset, amount)
        for asset, amount in (futures or {}).items():
            self.deposit(account_id, asset, amount, FUTURES)
        return account

    def add_key(
        self,
        account_id: str,
        key: str,
        secret: str,
        permissions: frozenset[Permission] | None = None,
        passphrase: str = "",
        addresses: tuple[str, ...] = (),
    ) -> ApiKey:
        """Let a key act for an account."""
        kept = ApiKey(key, secret, account_id, passphrase=passphrase, addresses=addresses)
        if permissions is not None:
            kept = ApiKey(key, secret, account_id, permissions, passphrase, addresses)
        return self._treasury.add_key(kept)

    def revoke_key(self, key: str) -> None:
        self._treasury.revoke_key(key)

    # --- money

    def deposit(self, account_id: str, asset: str, amount: Decimal, wallet: str = SPOT) -> None:
        self._outside(account_id, asset, booked("amount", amount), wallet, BalanceCause.DEPOSIT)

    def withdraw(self, account_id: str, asset: str, amount: Decimal, wallet: str = SPOT) -> None:
        """`Refused` INSUFFICIENT_BALANCE when that much is not free. Of a unified account either wallet will do."""
        amount = booked("amount", amount)
        wallet = self._paying(account_id, asset, amount, wallet)
        self._check_free(account_id, asset, amount, wallet)
        self._outside(account_id, asset, -amount, wallet, BalanceCause.WITHDRAW)

    def adjust(self, account_id: str, asset: str, change: Decimal, wallet: str = SPOT) -> None:
        """A balance changes from outside, as when the user trades by hand elsewhere."""
        size = booked("change", abs(change))
        if change < 0:
            wallet = self._paying(account_id, asset, size, wallet)
            self._check_free(account_id, asset, size, wallet)
        self._outside(account_id, asset, size.copy_sign(change), wallet, BalanceCause.ADJUSTMENT)

    def transfer(self, account_id: str, asset: str, amount: Decimal, to_futures: bool) -> None:
        """Between the account's two wallets."""
        self.shift(account_id, asset, amount, to_futures)
        self._office.reporting.stream.deliver()

    def shift(self, account_id: str, asset: str, amount: Decimal, to_futures: bool) -> None:
        """As `transfer`, in the middle of something else: its events wait until that is done."""
        amount = booked("amount", amount)
        source, target = (SPOT, FUTURES) if to_futures else (FUTURES, SPOT)
        self._check_free(account_id, asset, amount, source)
        changes: tuple[Change, ...] = (
            (account_id, source, asset, -amount),
            (account_id, target, asset, amount),
        )
        self._treasury.post("transfer", account_id, changes)
        signed = -amount if to_futures else amount
        self._tell(account_id, asset, SPOT, BalanceCause.TRANSFER, signed)
        self._tell(account_id, asset, FUTURES, BalanceCause.TRANSFER, -signed)

    def wipe(self, account_id: str, spot: dict[str, Decimal] | None = None) -> None:
        """As a testnet reset: orders, positions, balances and history are gone; `spot` is there instead."""
        office, account = self._office, self._treasury.account(account_id)
        for order in account.all_open():
            if order.status.is_open:
                office.end(order, OrderStatus.CANCELED, Execution.CANCELED, "wipe")
        for algo in list(account.open_algos.values()):
            self._conditional.end(algo, AlgoStatus.CANCELED, "wipe")
        for position in list(account.positions.values()):
            if position.quantity:
                self._liquidations.force(account, position, self._at_mark(position.symbol, position.quantity))
        for asset, balance in account.spot.items():
            if balance.free:
                self._outside(account_id, asset, -balance.free, SPOT, BalanceCause.WIPE)
        for asset, amount in list(account.futures.items()):
            if amount:
                self._outside(account_id, asset, -amount, FUTURES, BalanceCause.WIPE)
        account.positions.clear()
        account.resting.clear()
        office.records.forget(account_id)
        self._lists.forget(account_id)
        for asset, amount in (spot or {}).items():
            self.deposit(account_id, asset, amount)
        office.reporting.stream.deliver()

    # --- forced trades

    def adl(
        self,
        account_id: str,
        symbol: str,
        side: PositionSide = PositionSide.BOTH,
        quantity: Decimal | None = None,
    ) -> Order:
        """Deleverage a position, whole or in part, at the mark and without a fee."""
        account = self._treasury.account(account_id)
        order = self._liquidations.adl(account, symbol, side, quantity)
        self._office.reporting.stream.deliver()
        return order

    def liquidate(self, account_id: str, symbol: str, side: PositionSide = PositionSide.BOTH) -> Order:
        """Liquidate a position at once, whatever its margin."""
        account = self._treasury.account(account_id)
        position = account.positions.get((symbol, side))
        if position is None or not position.quantity:
            raise Refused(Refusal.NO_POSITION, f"{account_id} has no {side} position in {symbol}")
        order = self._liquidations.liquidate(account, position)
        self._office.reporting.stream.deliver()
        return order

    def fill(
        self,
        account_id: str,
        symbol: str,
        order_id: int | None = None,
        client_id: str = "",
        quantity: Decimal | None = None,
    ) -> Order:
        """Fill a resting order at its own price, whole or in part, as if the crowd had come to it.

        An order that only reduces fills up to what there is to reduce.
        """
        order = self._changes.find_open(account_id, symbol, order_id, client_id)
        if not order.working:
            raise Refused(Refusal.UNSUPPORTED_TYPE, "only orders that rest in the book can be filled")
        office, account = self._office, self._treasury.accounts[account_id]
        listing, desk = office.listings[symbol], office.desks[symbol]
        wanted = order.remaining if quantity is None else min(order.remaining, quantity)
        bound = office.bound(order)
        wanted = wanted if bound is None else min(wanted, bound)
        step = listing.filters.step
        wanted = wanted // step * step
        if wanted <= 0:
            raise Refused(Refusal.BAD_QUANTITY, f"{quantity} is less than one step, {step}")
        number = office.trade_number()
        office.fill(order, account, listing, desk, order.price, wanted, True, number)
        if not listing.is_spot:
            office.sweep(listing, desk, {account_id})
        office.reporting.stream.deliver()
        return order

    # --- listings

    def change_listing(self, symbol: str, **changes: object) -> Listing:
        """New filters, fees, tiers or status, from the next request on. Open orders stay."""
        listing = self._office.listings.change(symbol, **changes)
        times = self._office.times
        self._office.reporting.stream.emit(ListingChanged(symbol, times.now, times.wire_ms()))
        self._office.reporting.stream.deliver()
        return listing

    def thin_book(self, symbol: str, factor: float) -> None:
        """The crowd's book holds so many times of what it usually does, from now on; not kept in snapshots."""
        desk = self._office.desks[self._office.listings[symbol].symbol]
        desk.sync(self._office.times.now)
        desk.depth.thin(factor)

    def set_next_funding(self, symbol: str, rate: Decimal) -> int:
        """Charge that rate at the next funding time of a perpetual, which is returned; not kept in snapshots."""
        due = self._tape.premium(symbol).next_funding_time
        self._office.desks[symbol].funding.set_rate(due, rate)
        return due

    def halt(self, symbol: str) -> None:
        self.change_listing(symbol, status=Status.HALTED)

    def resume(self, symbol: str) -> None:
        self.change_listing(symbol, status=Status.TRADING)

    def delist(self, symbol: str) -> None:
        """Orders are cancelled, positions closed at the mark without a fee, no request is taken any more."""
        office = self._office
        desk = office.desks[office.listings[symbol].symbol]
        for account in list(self._treasury.accounts.values()):
            for order in list(account.open_in(symbol).values()):
                if order.status.is_open:
                    office.end(order, OrderStatus.CANCELED, Execution.CANCELED, "delisted")
            for position in account.held(symbol):
                self._liquidations.force(account, position, self._at_mark(symbol, position.quantity))
        for algo in list(desk.algos.values()):
            self._conditional.end(algo, AlgoStatus.CANCELED, "delisted")
        self.change_listing(symbol, status=Status.DELISTED)

    def _at_mark(self, symbol: str, quantity: Decimal) -> Forced:
        mark, tick = self._tape.mark(symbol), self._office.listings[symbol].filters.tick
        price = max(tick, (mark / tick).to_integral_value() * tick)
        return Forced(
            price, abs(quantity), ZERO, Execution.CALCULATED, Cause.CLOSE, BalanceCause.ORDER, "delist-"
        )

    def _paying(self, account_id: str, asset: str, amount: Decimal, wallet: str) -> str:
        """The wallet that pays: a unified account has one pool, whichever wallet it lies in."""
        account = self._treasury.account(account_id)
        if wallet == SPOT and account.unified and amount > account.balance(asset).free:
            return FUTURES
        return wallet

    def _check_free(self, account_id: str, asset: str, amount: Decimal, wallet: str) -> None:
        account = self._treasury.account(account_id)
        if wallet == SPOT:
            free = account.balance(asset).free
        else:
            margin = self._office.futures.margin
            free = min(margin.available(account, asset), margin.cross_wallet(account, asset))
        if amount > free:
            raise Refused(Refusal.INSUFFICIENT_BALANCE, f"{free} {asset} can be moved, not {amount}")

    def _outside(
        self, account_id: str, asset: str, change: Decimal, wallet: str, cause: BalanceCause
    ) -> None:
        self._treasury.account(account_id)
        self._treasury.move(cause.value, account_id, wallet, asset, change, OUTSIDE)
        self._tell(account_id, asset, wallet, cause, change)
        self._office.reporting.stream.deliver()

    def _tell(self, account_id: str, asset: str, wallet: str, cause: BalanceCause, change: Decimal) -> None:
        account, reporting = self._treasury.account(account_id), self._office.reporting
        if wallet == SPOT:
            reporting.spot(account, cause, (asset,), change)
        else:
            reporting.futures(account, cause, asset, (), change)
