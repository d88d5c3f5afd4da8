"""One pool of money for spot and futures, on an exchange with a wallet for each.

What contracts are settled in waits in the futures wallet, where it is margin. A spot order borrows from there what
it must hold, at the moment in which it is placed; what spot sales and cancelled orders set free goes back. Other
coins stay in the spot wallet.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from tradewind.exchange import Exchange, Order, OrderRequest, Refusal, Refused
from tradewind.exchange.accounts import Account
from tradewind.exchange.events import Event, SpotUpdate
from tradewind.exchange.money import ONE, ZERO, ceil
from tradewind.exchange.spot import fee_rates
from tradewind.gateway.bitget.listings import settle_coins
from tradewind.gateway.bitget.requests import place
from tradewind.market import Side

SMALLEST = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Holding:
    """A coin of the pool. `available` is what contracts could use now, `locked` what spot orders hold."""

    coin: str
    balance: Decimal
    equity: Decimal
    available: Decimal
    locked: Decimal


class Pool:
    """Keeps the settlement coins of all unified accounts where they are margin."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._coins = settle_coins(exchange)
        self._lent: set[tuple[str, str]] = set()  # accounts and coins that a spot order is just using
        exchange.subscribe(self._hear)
        exchange.office.on_unified = self._sweep_all  # before anything else happens to its margin
        for account in exchange.treasury.accounts.values():
            self._sweep_all(account)
        exchange.stream.deliver()

    def _hear(self, event: Event) -> None:
        if isinstance(event, SpotUpdate):
            account = self._exchange.account(event.account)
            if account.unified:
                self._sweep_all(account)

    def _sweep_all(self, account: Account) -> None:
        if account.unified:
            for coin in self._coins:
                self._sweep(account, coin)

    def _sweep(self, account: Account, coin: str) -> None:
        """What is free on spot becomes margin."""
        balance = account.spot.get(coin)
        if balance is None or balance.free < SMALLEST or (account.id, coin) in self._lent:
            return
        self._exchange.control.shift(account.id, coin, balance.free, to_futures=True)

    # --- orders

    def place(self, account_id: str, request: OrderRequest) -> Order:
        """As the exchange's: an accepted order, or one that is accepted and cancelled at once."""
        exchange = self._exchange
        m = exchange.listings[request.symbol]
        try:
            return place(exchange, account_id, request)
        except Refused as refused:
            account = exchange.account(account_id)
            if refused.reason is not Refusal.INSUFFICIENT_BALANCE or request.side is not Side.BUY:
                raise
            needed = self._cost(account, request)
            if not self._can_lend(account, m.quote, needed):
                raise
        with self._borrowed(account, m.quote, needed):
            return place(exchange, account_id, request)

    def amend(self, account_id: str, order: Order, quantity: Decimal | None, price: Decimal | None) -> Order:
        """Another quantity or price for a resting limit order."""
        exchange = self._exchange
        try:
            return exchange.amend(account_id, order.symbol, order.id, quantity=quantity, price=price)
        except Refused as refused:
            if refused.reason is not Refusal.INSUFFICIENT_BALANCE or not order.is_buy:
                raise
            account, coin = exchange.account(account_id), exchange.listings[order.symbol].quote
            left = (order.quantity if quantity is None else quantity) - order.filled
            rate = ONE + order.hold_rate
            needed = ceil((price or order.price) * left * rate) - order.locked
            if not self._can_lend(account, coin, needed):
                raise
        with self._borrowed(account, coin, needed):
            return exchange.amend(account_id, order.symbol, order.id, quantity=quantity, price=price)

    def _cost(self, account: Account, request: OrderRequest) -> Decimal:
        """The most that a spot buy can hold, fees included where they are paid in quote."""
        m = self._exchange.listings[request.symbol]
        rate = max(fee_rates(account, m)) if account.fee_settings.coin == "quote" else ZERO
        worth = request.quote_quantity or (request.price or ZERO) * (request.quantity or ZERO)
        return ceil(worth * (ONE + rate))

    def _can_lend(self, account: Account, coin: str, needed: Decimal) -> bool:
        state = self._exchange.positions.wallet(account.id, coin)
        return account.unified and SMALLEST <= needed <= state.max_withdraw

    @contextmanager
    def _borrowed(self, account: Account, coin: str, amount: Decimal) -> Iterator[None]:
        """That much is on spot meanwhile; what is free of it afterwards goes back."""
        self._lent.add((account.id, coin))
        try:
            self._exchange.control.transfer(account.id, coin, amount, to_futures=False)
            yield
        finally:
            self._lent.discard((account.id, coin))
            self._sweep(account, coin)
            self._exchange.stream.deliver()

    # --- what there is

    def coins(self, account_id: str) -> list[str]:
        """Those that an account holds."""
        account = self._exchange.account(account_id)
        held = {coin for coin, b in account.spot.items() if b.free or b.locked}
        return sorted(held | {coin for coin, amount in account.futures.items() if amount})

    def holding(self, account_id: str, coin: str) -> Holding:
        """What both wallets have of a coin together."""
        account = self._exchange.account(account_id)
        spot = account.spot.get(coin)
        free, locked = (spot.free, spot.locked) if spot is not None else (ZERO, ZERO)
        state = self._exchange.positions.wallet(account_id, coin)
        balance = free + locked + state.wallet
        return Holding(coin, balance, balance + state.unrealised, free + max(ZERO, state.available), locked)

    def spendable(self, account_id: str, coin: str) -> Decimal:
        """What a spot order could hold, or leave for outside: profit that is not realised is only margin."""
        balance = self._exchange.account(account_id).spot.get(coin)
        free = balance.free if balance is not None else ZERO
        return free + self._exchange.positions.wallet(account_id, coin).max_withdraw
